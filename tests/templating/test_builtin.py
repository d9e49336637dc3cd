"""The built-in templates: what they ask for, and that their texts are whole."""

import re

from jupyter_crater import templating
from jupyter_crater.spec import JobSpec

SEED = """
ray start --head --port=6667 --disable-usage-stats;
NCCL_DEBUG=TRACE python3 -m vllm.entrypoints.openai.api_server
--model=/models/DeepSeek-R1-Distill-Qwen-32B
--max-model-len 32768
--tensor-parallel-size 4
--pipeline-parallel-size 2
--gpu-memory-utilization 0.90
--max-num-seqs 128
--trust-remote-code
--disable-custom-all-reduce
--port 8000
--dtype=half;
"""


def flags(command: str) -> dict[str, str]:
    found = re.findall(r"--([a-z-]+)(?:[= ]([^-\s;][^\s;]*))?", command.split("api_server")[1])
    return {name: value or "true" for name, value in found}


def test_the_flagship_has_every_flag_of_the_seed_with_its_value() -> None:
    spec = templating.template("deepseek-r1-distributed").render({})
    assert spec.engine is not None
    assert spec.ray is not None
    words = {
        "tensor-parallel-size": "tensor_parallel",
        "pipeline-parallel-size": "pipeline_parallel",
    }
    for flag, value in flags(SEED).items():
        name = words.get(flag, flag.replace("-", "_"))
        assert name in templating.template("deepseek-r1-distributed").parameters
        assert (
            str(getattr(spec.engine, name)).lower()
            == str(type(getattr(spec.engine, name))(value) if value != "true" else True).lower()
        ), flag
    assert len(flags(SEED)) == 10
    assert spec.ray.port == 6667
    assert spec.main.env["NCCL_DEBUG"] == "WARN"
    assert spec.main.env["RAY_USAGE_STATS_ENABLED"] == "0"


def test_the_flagship_is_a_head_and_a_worker_over_ray() -> None:
    spec = templating.template("deepseek-r1-distributed").render({"nodes": 3})
    assert [(t.name, t.replicas, t.resources.gpus) for t in spec.tasks] == [
        ("head", 1, 4),
        ("worker", 2, 4),
    ]
    assert spec.main.command == ()
    assert spec.service is not None
    assert spec.service.served_model_name == "DeepSeek-R1-Distill-Qwen-32B"
    assert spec.provenance.values == {"nodes": 3}
    assert JobSpec.from_json(spec.to_json()) == spec
    alone = templating.template("deepseek-r1-distributed").render({"nodes": 1})
    assert [t.name for t in alone.tasks] == ["head"]
