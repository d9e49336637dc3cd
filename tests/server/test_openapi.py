"""The description of the routes is held against the routes, and against what a server answers."""

import json
from pathlib import Path

import httpx
import jsonschema
import openapi_spec_validator
import pytest

from jupyter_crater import calls
from jupyter_crater.server.openapi import OPERATIONS, document
from jupyter_crater.server.routes import ROUTES

from .serving import TOKEN, launch, scripted_engine, serving

ROOT = Path(__file__).parents[2]
WRITTEN = ROOT / "docs" / "openapi.json"


def test_the_written_one_is_the_routes():
    said = "`make docs` writes docs/openapi.json and the page's types anew"
    assert json.loads(WRITTEN.read_text()) == document(), said


def test_it_is_openapi():
    openapi_spec_validator.validate(document())


def test_every_call_has_a_route_and_every_route_an_operation():
    routed = [method for verbs in ROUTES.values() for method in verbs.values()]
    assert sorted(routed) == sorted(OPERATIONS) == sorted({**calls.CALLS, **calls.STREAMS})


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    root = tmp_path_factory.mktemp("described")
    with serving(root, **scripted_engine(root)) as (url, env):
        launch(env, "j1", "deepseek-r1-distributed")
        headers = {"Authorization": f"token {TOKEN}"}
        with httpx.Client(base_url=f"{url}crater/", headers=headers, timeout=60) as client:
            yield client


BODIES = {
    "size": {"model": "Qwen/Qwen2.5-7B-Instruct", "gpu": "V100-32GB", "gpus_per_node": 4},
    "template.check": {"values": {"gpu": "V100-32GB"}},
    "template.parse": {"command": "vllm serve /models/m --max-num-seqs 7"},
    "launch": {"id": "deepseek-r1-distributed", "name": "j1"},
    "job.log": {"seconds": 1, "after": {}},
    "chat.send": {"turns": [], "text": "What is gravity?"},
    "job.extend": {"seconds": 60},
}
LATER = ("job.stop", "job.diagnose", "job.relaunch", "job.delete")
"""They change the job: after all that look at it."""


def ask(client, described, method):
    """What the operation answers: its status, and its items or its one document."""
    path, verb = next((p, v) for p, vs in ROUTES.items() for v, m in vs.items() if m == method)
    path = path.replace("NAME", "j1").replace("ID", "deepseek-r1-distributed")
    body = {}
    if "requestBody" in described:
        body["json"] = BODIES.get(method, {})
        check(described["requestBody"]["content"]["application/json"]["schema"], body["json"])
    with client.stream(verb, path, **body) as answer:
        kind = answer.headers.get("content-type", "")
        if kind != "application/x-ndjson":
            text = answer.read()
            return answer.status_code, kind, [json.loads(text)] if text else []
        return answer.status_code, kind, [json.loads(line) for line in answer.iter_lines()]


def check(schema, value):
    """Raises where the value isn't what the schema says; one that is closed refuses more fields."""
    shown = schema | {"components": document()["components"]}
    jsonschema.Draft202012Validator(shown).validate(value)


def test_what_is_answered_is_what_is_described(client):
    paths = document()["paths"].values()
    described = {each["operationId"]: each for verbs in paths for each in verbs.values()}
    for method in [*(m for m in OPERATIONS if m not in LATER), *LATER]:
        status, kind, items = ask(client, described[method], method)
        said = described[method]["responses"]
        if method == "job.extend":  # a local job has no lease
            assert status == 400, (method, items)
            said = {"400": said["default"]}
        assert str(status) in said, (method, status, items)
        if status == 204:
            continue
        assert items, method
        for item in items:
            check(said[str(status)]["content"][kind.partition(";")[0]]["schema"], item)
