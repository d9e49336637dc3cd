"""The laws one by one: shapes, allocator, KV layout, runners."""

import pytest

from jupyter_crater.catalog import gpus, models
from jupyter_crater.catalog.models import Quantization
from jupyter_crater.sizing import memory, resolve
from jupyter_crater.sizing.kv import layout
from jupyter_crater.sizing.weights import allocated, rank_bytes, stage_layers

GIB, MIB = 2**30, 2**20


@pytest.mark.parametrize(
    ("layers", "stages", "counts"),
    [
        (61, 2, (31, 30)),
        (30, 4, (7, 8, 8, 7)),
        (64, 3, (21, 22, 21)),
        (64, 2, (32, 32)),
        (5, 5, (1,) * 5),
    ],
)
def test_stages_as_vllm_cuts_them(layers, stages, counts):
    assert stage_layers(layers, stages) == counts
    assert sum(counts) == layers


def test_before_0_8_the_last_stage_got_the_whole_remainder():
    assert stage_layers(61, 2, (0, 7, 3)) == (30, 31)
    assert stage_layers(61, 4, (0, 6, 6)) == (15, 15, 15, 16)


def test_some_models_hold_embedding_and_head_on_every_stage():
    moe = models.find("Qwen3-30B-A3B")
    middle = rank_bytes(moe, pipeline_parallel=4, stage=1)
    first, last = (rank_bytes(moe, pipeline_parallel=4, stage=s) for s in (0, 3))
    assert first == middle
    assert last - middle < MIB  # the final norm
    r1 = models.find("DeepSeek-R1")
    ours = {"tensor_parallel": 8, "pipeline_parallel": 4, "quantization": r1.quantization}
    head = r1.vocab // 8 * r1.hidden * 2
    old, new = (rank_bytes(r1, stage=1, version=v, **ours) for v in ((0, 6, 6), (0, 8)))
    absorbed = 15 * 512 * 16 * 256 * 2  # the latent cache's copies, which 0.6.6 has not
    assert old - new == pytest.approx(head - absorbed, abs=4 * MIB)


def test_before_0_7_1_deepseek_kept_keys_and_values_of_every_head():
    r1 = models.find("DeepSeek-R1")
    setups = [
        resolve(r1, gpus.find("H200"), gpus_per_node=8, tensor_parallel=8, version=v)
        for v in ("0.6.6", "0.8.5")
    ]
    old, new = (layout(s).block_bytes[0] for s in setups)
    assert old == 16 * 61 * 2 * 16 * 256 * 2
    assert new == 16 * 61 * 576 * 2


@pytest.mark.parametrize(
    ("size", "plain", "whole"),
    [
        (1, 512, 512),
        (3 * MIB, 3 * MIB, 3 * MIB),
        (259 * MIB, 260 * MIB, 260 * MIB),  # a tail of 1 MiB stays
        (
            24.5 * MIB,
            24.5 * MIB,
            26 * MIB,
        ),  # a tail of 1.5 MiB is split off, unless splits are limited
        (12.25 * MIB, 12.25 * MIB, 12.25 * MIB),
    ],
)
def test_the_allocator_rounds(size, plain, whole):
    assert allocated(size) == plain
    assert allocated(size, whole=True) == whole


def test_tied_embeddings_are_held_twice_with_a_pipeline():
    tied = models.find("Qwen2.5-1.5B-Instruct")
    one = rank_bytes(tied)
    first, last = (rank_bytes(tied, pipeline_parallel=2, stage=i) for i in (0, 1))
    embedding = tied.vocab * tied.hidden * 2
    assert first + last - one == pytest.approx(embedding, rel=0.1)


def test_kv_heads_are_replicated_beyond_their_number():
    model = models.find("Qwen2.5-1.5B-Instruct")  # 2 KV heads
    a, b = (
        layout(resolve(model, gpus.find("H100-80GB"), tensor_parallel=tp, version="0.26.0"))
        for tp in (2, 4)
    )
    assert a.block_bytes == b.block_bytes


def test_mla_cache_is_one_latent_on_every_rank():
    model = models.find("DeepSeek-V2-Lite-Chat")
    one, two = (
        layout(resolve(model, gpus.find("H100-80GB"), tensor_parallel=tp, version="0.19.0"))
        for tp in (1, 2)
    )
    assert one.block_bytes == two.block_bytes == (16 * 576 * 2 * 27,)


def test_hybrid_groups_as_vllm_makes_them():
    gemma = models.find("gemma-3-27b-it")  # 62 layers: 10 full, 52 sliding
    setup = resolve(
        gemma,
        gpus.find("H100-80GB"),
        version="0.19.0",
        max_model_len=8192,
        max_num_batched_tokens=8192,
    )
    cut = layout(setup)
    assert (cut.full_groups, cut.sliding_groups) == (1, 6)
    assert cut.request_blocks(8192) == 512 + 6 * 513
    assert round(cut.concurrency(15997, 8192), 2) == 4.46
    assert cut.tokens(15997, 8192) == 36560
    flat = layout(setup.with_(extra=("--disable-hybrid-kv-cache-manager",)))
    assert (flat.full_groups, flat.sliding_groups) == (1, 0)


def test_tokens_mean_concurrency_times_length_since_0_20():
    gemma = models.find("gemma-3-27b-it")
    old, new = (
        layout(resolve(gemma, gpus.find("H100-80GB"), version=v, max_model_len=32768))
        for v in ("0.19.0", "0.26.0")
    )
    assert old.tokens(16753, 32768) == 16753 // 7 * 16
    assert new.tokens(16753, 32768) == 63966  # as the log says; two batches are in flight


def test_defaults_follow_memory_and_card():
    model = models.find("Qwen3-8B")

    def defaults(gpu, version):
        s = resolve(model, gpus.find(gpu), version=version)
        return s.max_num_batched_tokens, s.max_num_seqs, s.gpu_memory_utilization

    assert defaults("H100-80GB", "0.19.0") == (8192, 1024, 0.90)
    assert defaults("A100-80GB", "0.19.0") == (2048, 256, 0.90)
    assert defaults("A100-80GB", "0.8.5") == (8192, 1024, 0.90)
    assert defaults("L4", "0.26.0") == (2048, 256, 0.92)
    assert defaults("B200", "0.26.0") == (8192, 1024, 0.92)
    assert defaults("B200", "0.33.0") == (16384, 1024, 0.92)


def test_the_sampler_belongs_to_runner_v1():
    model, gpu = models.find("Qwen3-8B"), gpus.find("H100-80GB")

    def peak(version, seqs, tokens=8192):
        s = resolve(model, gpu, version=version, max_num_seqs=seqs, max_num_batched_tokens=tokens)
        return memory.activation(s, 0).value

    assert peak("0.19.0", 1024) - peak("0.19.0", 512) == pytest.approx(512 * 151936 * 14.43)
    assert peak("0.26.0", 1024) == peak("0.26.0", 128)
    assert peak("0.26.0", 128) > 3 * peak("0.26.0", 128, 2048)


def test_which_releases_charge_cuda_graphs():
    model, gpu = models.find("Qwen3-8B"), gpus.find("H100-80GB")

    def charged(version, **settings):
        return memory.stages(resolve(model, gpu, version=version, **settings))[0].graphs_charged

    assert [charged(v) for v in ("0.19.0", "0.21.0", "0.26.0", "0.29.0")] == [
        False,
        True,
        False,
        True,
    ]
    eager = memory.stages(resolve(model, gpu, version="0.21.0", enforce_eager=True))[0]
    assert eager.graphs.value == 0


def test_kv_cache_memory_bytes_skips_the_profile():
    s = resolve(
        models.find("Qwen3-8B"),
        gpus.find("H100-80GB"),
        version="0.26.0",
        kv_cache_memory_bytes=5 * GIB,
    )
    assert memory.stages(s)[0].available.value == 5 * GIB


def test_quantised_weights_keep_embeddings_in_16_bits():
    model = models.find("Qwen2.5-32B-Instruct")
    whole, fp8, four = (
        rank_bytes(model, quantization=q)
        for q in (None, Quantization("fp8", 8), Quantization("gptq", 4, 128))
    )
    embeddings = 2 * model.vocab * model.hidden * 2
    assert fp8 - embeddings == pytest.approx((whole - embeddings) / 2, rel=0.01)
    assert four - embeddings == pytest.approx((whole - embeddings) * (0.5 + 2 / 128) / 2, rel=0.01)


def test_float32_doubles_weights_and_cache():
    model, gpu = models.find("Llama-3.1-8B-Instruct"), gpus.find("H100-80GB")
    half, full = (resolve(model, gpu, version="0.19.0", dtype=d) for d in ("half", "float32"))
    assert layout(full).block_bytes[0] == 2 * layout(half).block_bytes[0]
    assert memory.stages(full)[0].weights.value == pytest.approx(
        2 * memory.stages(half)[0].weights.value, rel=1e-3
    )


def test_a_kv_cache_beyond_the_card_does_not_fit():
    settings = {"version": "0.26.0", "max_model_len": 4096}
    model, gpu = models.find("Qwen3-8B"), gpus.find("L4")
    some, all_ = (
        memory.stages(resolve(model, gpu, kv_cache_memory_bytes=n * GIB, **settings))[0]
        for n in (2, 22)
    )
    assert some.available.value == 2 * GIB
    assert all_.available.value < 0
