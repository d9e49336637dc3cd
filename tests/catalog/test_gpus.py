import pytest

from jupyter_crater.catalog import gpus
from jupyter_crater.errors import InputError, ParameterError


@pytest.mark.parametrize(
    ("spelling", "name"),
    [
        # the contract's
        *[(n, n) for n in ("V100-32GB", "V100-16GB", "A100-40GB", "A100-80GB", "H100-80GB")],
        *[(n, n) for n in ("H200", "L40S", "L4", "T4", "A10", "RTX 4090")],
        # nvidia-smi
        ("Tesla V100-SXM2-32GB", "V100-32GB"),
        ("NVIDIA H100 80GB HBM3", "H100-80GB"),
        ("NVIDIA A100 80GB PCIe", "A100-PCIE-80GB"),
        ("NVIDIA GeForce RTX 4090", "RTX 4090"),
        ("NVIDIA A10", "A10"),
        ("NVIDIA A10G", "A10G"),
        ("NVIDIA H100 NVL", "H100-NVL-94GB"),
        ("NVIDIA GH200 480GB", "GH200"),
        ("NVIDIA RTX PRO 6000 Blackwell Server Edition", "RTX PRO 6000"),
        # Kubernetes (GPU feature discovery) labels
        ("Tesla-V100-SXM2-16GB", "V100-16GB"),
        ("NVIDIA-A100-SXM4-40GB", "A100-40GB"),
        ("NVIDIA-GeForce-RTX-4090-SHARED", "RTX 4090"),
        ("NVIDIA-L40S", "L40S"),
        # Crater: resource names and labels
        ("nvidia.com/v100", "V100-32GB"),
        ("nvidia.com/l40s", "L40S"),
        ("NVIDIA V100 32GB", "V100-32GB"),
        # people
        ("rtx4090", "RTX 4090"),
        ("4090", "RTX 4090"),
        ("h100 pcie", "H100-PCIE-80GB"),
        ("v100 16g", "V100-16GB"),
        ("H20-141GB", "H20-141GB"),
        ("A6000", "RTX A6000"),
    ],
)
def test_every_spelling_finds_its_card(spelling, name):
    assert gpus.find(spelling).name == name


def test_every_card_is_found_by_each_of_its_own_names():
    for card in gpus.all():
        for spelling in (
            card.name,
            card.smi_name,
            card.smi_name.replace(" ", "-"),
            card.name.lower(),
        ):
            assert gpus.find(spelling).name == card.name, spelling


def test_a_name_of_several_cards_says_which_was_taken():
    assert "V100-16GB" in gpus.find("V100").note
    assert gpus.find("V100-32GB").note is None
    assert gpus.find("v100", memory_gib=15.8).name == "V100-16GB"


def test_memory_is_what_torch_sees_not_the_vendors_gigabytes():
    assert gpus.find("H100-80GB").memory_gib == 79.179
    assert gpus.find("V100-32GB").compute_capability == (7, 0)


def test_memory_and_capability_override_the_catalog():
    card = gpus.find("A10", memory_gib=20.5, compute_capability="9.0")
    assert (card.memory_gib, card.compute_capability, card.memory_source) == (20.5, (9, 0), "given")
    unknown = gpus.find("H900X", memory_gib=300, compute_capability=10.0)
    assert (unknown.name, unknown.bandwidth_gbs) == ("H900X", None)


def test_a_mig_slice_has_a_slice_of_everything():
    card = gpus.find("NVIDIA-A100-SXM4-80GB-MIG-1g.10gb")
    assert card.memory_gib == 9.75
    assert card.bandwidth_gbs == pytest.approx(2039 / 8)
    assert card.fp16_tflops == pytest.approx(312 / 7)


@pytest.mark.parametrize("name", ["V100-64GB", "H1000", "nvidia.com/gpu", "L5", "", "A100-100GB"])
def test_an_unknown_card_is_an_error_that_names_the_field(name):
    with pytest.raises(ParameterError) as caught:
        gpus.find(name)
    assert caught.value.parameter == "gpu"


def test_the_nearest_card_is_named():
    with pytest.raises(InputError, match="Nearest: 'H100-80GB'"):
        gpus.find("H100-90GB")


@pytest.mark.parametrize("bad", [0.1, 5000])
def test_memory_that_no_gpu_has(bad):
    with pytest.raises(ParameterError, match="no GPU's memory"):
        gpus.find("A10", memory_gib=bad)


@pytest.mark.parametrize(
    ("written", "read"), [("7.0", (7, 0)), (8.9, (8, 9)), ("sm_90", (9, 0)), ("12.0", (12, 0))]
)
def test_compute_capability_in_every_writing(written, read):
    assert gpus.capability(written) == read


def test_a_compute_capability_that_is_none():
    with pytest.raises(ParameterError, match="not a compute capability"):
        gpus.capability("Volta")
