"""Values into a body, and the body laid out as tasks."""

from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from jupyter_crater import templating
from jupyter_crater.errors import ParameterError
from jupyter_crater.templating.body import model_name, references, substitute

# The seed's second template as it will come: a page that talks to a job of ours.
CLIENT = """\
id: web-ui
version: 1
kind: client
title: Web UI
description: A page for a model
parameters:
  image:
    {type: string, title: Image, default: "ghcr.io/open-webui/open-webui:v0.6.43"}
  port: {type: integer, title: Port, default: 8080, minimum: 1, maximum: 65535}
  sign_in: {type: string, title: Sign in, enum: ["True", "False"], default: "True"}
job:
  image: ${image}
  env: {PORT: "${port}", WEBUI_AUTH: "${sign_in}", ENABLE_PERSISTENT_CONFIG: "False"}
  secret_env: {WEBUI_SECRET_KEY: web-ui-secret}
  connect: {env: OPENAI_API_BASE_URL, key_env: OPENAI_API_KEY}
  resources: {cpu: 2, memory_gib: 4}
  volumes: [{name: data, kind: empty-dir, mount_path: /app/backend/data, read_only: false}]
  forwards: [{name: ui, port: "${port}"}]
"""


@pytest.fixture
def client(tmp_path: Path) -> templating.Template:
    (tmp_path / "web-ui.yaml").write_text(CLIENT)
    return templating.template("web-ui", [tmp_path])


def test_a_client_that_connects(client: templating.Template) -> None:
    spec = client.render({"port": 9000})
    assert spec.kind == "client"
    assert spec.connect is not None
    assert (spec.connect.env, spec.connect.key_env) == ("OPENAI_API_BASE_URL", "OPENAI_API_KEY")
    assert spec.connect.job is None, "launch(connect=…) fills it"
    (task,) = spec.tasks
    assert task.env == {"PORT": "9000", "WEBUI_AUTH": "True", "ENABLE_PERSISTENT_CONFIG": "False"}
    assert task.secret_env == {"WEBUI_SECRET_KEY": "web-ui-secret"}
    assert task.volumes[0].mount_path == "/app/backend/data"
    assert [(f.name, f.task, f.port) for f in spec.forwards] == [("ui", "main", 9000)]
    assert spec.engine is None
    assert spec.service is None


def test_alone_a_value_keeps_its_type_and_null_leaves_its_field_out() -> None:
    body = {"a": "${n}", "b": "n=${n}, t=${t}", "c": "${none}", "d": ["${none}", "${list}"]}
    values = {"n": 3, "t": True, "none": None, "list": ["x"]}
    assert substitute(body, values) == {"a": 3, "b": "n=3, t=true", "d": [["x"]]}


def test_a_dollar_is_escaped_by_a_dollar() -> None:
    assert substitute("$${HOME} $HOME ${n}", {"n": 1}) == "${HOME} $HOME 1"
    assert list(references("$${HOME} $HOME")) == []


@given(st.text())
def test_a_value_is_never_read_again(value: str) -> None:
    """What a user gives can't refer to other parameters."""
    assert substitute("<${a}>", {"a": value, "b": "secret"}) == f"<{value}>"
    assert substitute("${a}", {"a": value, "b": "secret"}) == value


@pytest.mark.parametrize(
    ("model", "name"),
    [
        ("/models/DeepSeek-R1-Distill-Qwen-32B", "DeepSeek-R1-Distill-Qwen-32B"),
        ("/models/x/", "x"),
        ("./x", "x"),
        ("~/models/x", "x"),
        ("Qwen/Qwen2.5-7B-Instruct", "Qwen/Qwen2.5-7B-Instruct"),
        ("/", "/"),
    ],
)
def test_the_served_name_of_a_model(model: str, name: str) -> None:
    assert model_name(model) == name


def test_a_value_that_only_the_spec_refuses_names_its_parameter(tmp_path: Path) -> None:
    loose = CLIENT.replace(", minimum: 1, maximum: 65535", "")
    (tmp_path / "loose.yaml").write_text(loose.replace("id: web-ui", "id: loose"))
    with pytest.raises(ParameterError, match="port: Input should be") as caught:
        templating.template("loose", [tmp_path]).render({"port": 70000})
    assert caught.value.parameter == "port"
    assert caught.value.value == 70000


def test_two_ports_of_one_number_are_one(client: templating.Template) -> None:
    spec = templating.template("vllm-single").render({"port": 9000})
    assert [(p.name, p.port) for p in spec.main.ports] == [("api", 9000)]
    assert [(p.name, p.port) for p in client.render({}).main.ports] == [("ui", 8080)]


@given(st.text(alphabet="$ {}ab", max_size=8))
def test_only_what_the_author_wrote_is_unescaped(value: str) -> None:
    assert substitute("x ${a} $${b}", {"a": value}) == f"x {value} ${{b}}"
