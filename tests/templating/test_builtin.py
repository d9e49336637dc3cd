"""The built-in templates: what they ask for, and that their texts are whole."""

import inspect
import json
import math
import re

import jsonschema
import pytest

from jupyter_crater import api, templating
from jupyter_crater.catalog import gpus
from jupyter_crater.errors import ParameterError, TemplateNotFound
from jupyter_crater.handle import Job
from jupyter_crater.spec import EngineSettings, JobSpec
from jupyter_crater.templating import discovery

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
FLAGSHIP = "deepseek-r1-distributed"
ALL = discovery.builtin_ids()
# What a template can't be tried without, and what goes together.
NEEDED = {"custom": {"command": "python3 serve.py"}}
TOGETHER = {
    "served_model_name": {"port": 9000},
    "model_mount_path": {"model_volume": "models"},
    "model_sub_path": {"model_volume": "models"},
    "mount_path": {"volume": "data"},
    "read_only": {"volume": "data"},
}


def test_the_flagship_has_every_flag_of_the_seed_with_its_value() -> None:
    template = templating.template(FLAGSHIP)
    spec = template.render({})
    assert spec.engine is not None
    assert spec.ray is not None
    words = {
        "tensor-parallel-size": "tensor_parallel",
        "pipeline-parallel-size": "pipeline_parallel",
    }
    flags = re.findall(r"--([a-z-]+)(?:[= ]([^-\s;][^\s;]*))?", SEED.split("api_server")[1])
    assert len(flags) == 10
    for flag, text in flags:
        name = words.get(flag, flag.replace("-", "_"))
        value = template.coerce({name: text or "true"})[name]
        assert template.defaults[name] == value, flag
        assert getattr(spec.engine, name) == value, flag
    assert template.defaults["ray_port"] == spec.ray.port == 6667
    assert spec.main.env["RAY_USAGE_STATS_ENABLED"] == "0"


def test_the_seeds_trace_is_a_warning_here_and_the_help_says_so() -> None:
    template = templating.template(FLAGSHIP)
    assert template.render({}).main.env["NCCL_DEBUG"] == "WARN"
    assert template.render({"nccl_debug": "TRACE"}).main.env["NCCL_DEBUG"] == "TRACE"
    for language in templating.LANGUAGES:
        help_text = template.text("parameters.nccl_debug.help", language)
        assert "TRACE" in help_text
        assert "WARN" in help_text


def test_the_flagship_is_a_head_and_workers_over_ray() -> None:
    spec = templating.template(FLAGSHIP).render({"nodes": 3})
    assert [(t.name, t.replicas, t.resources.gpus) for t in spec.tasks] == [
        ("head", 1, 4),
        ("worker", 2, 4),
    ]
    assert spec.tasks[0].env == spec.tasks[1].env
    assert spec.main.command == ()
    assert [(p.name, p.port) for p in spec.main.ports] == [("api", 8000), ("ray", 6667)]
    assert spec.service is not None
    assert spec.service.served_model_name == "DeepSeek-R1-Distill-Qwen-32B"
    assert spec.service.key == "api-key"
    assert spec.engine is not None
    assert spec.engine.distributed_executor_backend == "ray"
    assert spec.engine.reasoning_parser == "deepseek_r1"
    assert spec.provenance.values == {"nodes": 3}
    alone = templating.template(FLAGSHIP).render({"nodes": 1})
    assert [t.name for t in alone.tasks] == ["head"]


def test_image_and_version_are_of_the_engine_entry_of_the_gpu() -> None:
    template = templating.template(FLAGSHIP)
    old = template.render({})
    assert old.engine is not None
    assert old.engine.version == "0.8.5.post1"
    assert {t.image for t in old.tasks} == {"vllm/vllm-openai:v0.8.5.post1"}
    pinned = template.render({"engine_version": "0.8.4"})
    assert pinned.main.image == "vllm/vllm-openai:v0.8.4"
    own = template.render({"image": "mine:1", "gpu": "a card of next year"})
    assert own.main.image == "mine:1"
    assert own.engine is not None
    assert own.engine.version is None
    new = templating.template("vllm-single").render({"gpu": "H100-80GB", "dtype": "auto"})
    assert new.engine is not None
    assert new.engine.version != "0.8.5.post1"
    with pytest.raises(ParameterError) as caught:
        template.render({"gpu": "V100-23GB"})
    assert caught.value.parameter == "gpu"


def test_one_node_runs_without_ray() -> None:
    spec = templating.template("vllm-single").render({"gpus_per_node": 2, "tensor_parallel": 2})
    assert spec.ray is None
    assert [(t.name, t.replicas, t.resources.gpus) for t in spec.tasks] == [("main", 1, 2)]
    assert spec.engine is not None
    assert spec.engine.distributed_executor_backend is None
    assert spec.engine.reasoning_parser is None
    assert spec.engine.trust_remote_code is False


def test_a_custom_command_is_kept_as_text() -> None:
    text = 'for i in 1 2; do echo "$HOME ${i}"; done'
    spec = templating.template("custom").render({"command": text, "port": 8000})
    assert spec.kind == "custom"
    assert spec.raw_command == text
    assert spec.engine is None
    assert spec.service is None
    assert [(f.name, f.port) for f in spec.forwards] == [("web", 8000)]
    serving = templating.template("custom").render(
        {"command": text, "port": 8000, "served_model_name": "m"}
    )
    assert serving.service is not None
    assert serving.service.port == 8000
    with pytest.raises(ParameterError, match="needs its port"):
        templating.template("custom").render({"command": text, "served_model_name": "m"})


@pytest.mark.parametrize("template_id", ALL)
def test_every_text_is_there_in_three_languages(template_id: str) -> None:
    template = templating.template(template_id)
    keys = ["title", "description", *(f"groups.{g}" for g in template.definition.groups)]
    keys += [f"parameters.{n}.{what}" for n in template.parameters for what in ("title", "help")]
    for key in keys:
        texts = [template.text(key, language) for language in ("en", "ja", "zh-CN")]
        assert all(texts), key
        if key.endswith(("help", "description")):
            assert len(set(texts)) == 3, f"{key} isn't translated"
            assert re.search(r"[ぁ-んァ-ン]", texts[1]), f"{key} has no kana"
            assert not re.search(r"[ぁ-んァ-ン]", texts[2]), f"{key} in Chinese has kana"


def test_the_titles_of_the_seed() -> None:
    titles = [
        templating.template(FLAGSHIP).text("title", x) for x in ("en", "ja_JP", "zh_CN", "fr")
    ]
    assert titles == [
        "DeepSeek R1 distributed inference",
        "DeepSeek R1 分散推論",
        "DeepSeek R1 分布式推理",
        "DeepSeek R1 distributed inference",
    ]


@pytest.mark.parametrize("template_id", ALL)
def test_every_parameter_changes_what_runs(template_id: str) -> None:
    """A knob that turns nothing would be a lie in the form."""
    template = templating.template(template_id)
    needed = NEEDED.get(template_id, {})
    for name, parameter in template.parameters.items():
        if parameter.enum is not None and len(parameter.enum) == 1:
            continue
        around = needed | {
            k: v for k, v in TOGETHER.get(name, {}).items() if k in template.parameters
        }
        before = template.render(around).model_dump(exclude={"provenance"})
        after = template.render(around | {name: other(name, template)})
        assert after.model_dump(exclude={"provenance"}) != before, name
        assert JobSpec.from_json(after.to_json()) == after


def other(name: str, template: templating.Template) -> object:
    parameter = template.parameters[name]
    if parameter.examples and parameter.examples[0] != parameter.default:
        return parameter.examples[0]
    if parameter.enum:
        return next(v for v in parameter.enum if v != parameter.default)
    by_name = {"gpu": "A100-80GB", "mount_path": "/other", "model_mount_path": "/other"}
    match parameter.type:
        case "boolean":
            return not parameter.default
        case "integer":
            return (parameter.default or 0) + 1
        case "number":
            return (parameter.default or 1) / 2
        case _:
            return by_name.get(name, "other")


def test_parameters_are_called_as_the_settings_that_size_reads() -> None:
    own_words = {"version", "engine", "extra", "host"}
    for template_id in (FLAGSHIP, "vllm-single"):
        template = templating.template(template_id)
        engine = template.definition.job["engine"]
        for field in set(EngineSettings.model_fields) - own_words:
            if field in engine:
                assert engine[field] == f"${{{field}}}"
                assert field in template.parameters
    assert set(EngineSettings.model_fields) - own_words <= set(
        templating.template(FLAGSHIP).parameters
    ), "a setting that a finding may want to change has no parameter"
    sizing = {"gpu", "nodes", "gpus_per_node", "engine_version"}
    assert sizing <= set(templating.template(FLAGSHIP).parameters)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("nodes", 0),
        ("gpus_per_node", -1),
        ("tensor_parallel", 0),
        ("port", 65536),
        ("ray_port", 0),
        ("gpu_memory_utilization", 1.01),
        ("gpu_memory_utilization", 0),
        ("gpu_memory_utilization", math.nan),
        ("max_model_len", 0.5),
        ("max_num_seqs", True),
        ("dtype", "hlaf"),
        ("nccl_debug", "trace"),
        ("trust_remote_code", "yes"),
        ("model", ""),
        ("model", None),
        ("model_volume", "../etc"),
        ("model_mount_path", "/"),
        ("env", {"A B": "1"}),
        ("env", {"VLLM_API_KEY": "secret"}),
        ("extra_args", ["--seed", 0]),
        ("extra_args", "--x 'open"),
        ("rdma", {"rdma": 1}),
        ("shm_gib", 0),
    ],
)
def test_what_cannot_be_is_refused_by_the_schema(name: str, value: object) -> None:
    with pytest.raises(ParameterError) as caught:
        templating.template(FLAGSHIP).render({name: value})
    assert name in str(caught.value)


def test_an_unknown_parameter_is_told_with_the_nearest() -> None:
    with pytest.raises(ParameterError, match="Did you mean 'tensor_parallel'"):
        templating.template(FLAGSHIP).render({"tensor_paralel": 4})
    problems = templating.template(FLAGSHIP).problems({"prot": 1, "port": 0, "nodes": 0})
    assert [p.parameter for p in problems] == ["prot", "nodes", "port"]


def test_an_unknown_template_is_told_with_the_nearest() -> None:
    with pytest.raises(TemplateNotFound, match="Did you mean 'deepseek-r1-distributed'"):
        templating.template("deepseek-r1")


def test_words_of_the_api_are_reserved() -> None:
    """Parameters are keywords of launch(), so its own words can't be parameters."""
    for function in (api.launch, Job.wait, Job.logs):
        taken = {
            parameter.name
            for parameter in inspect.signature(function).parameters.values()
            if parameter.kind is not inspect.Parameter.VAR_KEYWORD
        }
        assert taken <= templating.RESERVED, function


@pytest.mark.parametrize("template_id", ALL)
def test_the_schema_is_one_and_accepts_the_defaults(template_id: str) -> None:
    template = templating.template(template_id)
    for language in templating.LANGUAGES:
        schema = template.schema(language)
        jsonschema.Draft202012Validator.check_schema(schema)
        json.dumps(schema)
        values = template.defaults | NEEDED.get(template_id, {})
        jsonschema.Draft202012Validator(schema).validate(values)
        groups = [group["id"] for group in schema["ui"]["groups"]]
        assert {p["ui"]["group"] for p in schema["properties"].values()} == set(groups)
        order = [p["ui"]["order"] for p in schema["properties"].values()]
        assert order == sorted(order)


def test_the_default_gpu_is_one_of_the_catalog() -> None:
    for template_id in (FLAGSHIP, "vllm-single"):
        default = templating.template(template_id).defaults["gpu"]
        assert gpus.find(default).name == default
