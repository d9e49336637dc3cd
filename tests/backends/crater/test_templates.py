"""Templates of the platform: nothing lost, older forms migrated, names found here, only one's own."""

from __future__ import annotations

import json

import pytest

from jupyter_crater.backends.crater import templates
from jupyter_crater.backends.crater.request import Names, adapted, request_of
from jupyter_crater.backends.crater.templates import Form, parse
from jupyter_crater.errors import InputError, PermissionDenied, TemplateError, TemplateNotFound
from tests.doubles.crater_server import seed

HERE = Names(
    {"DeepSeek-R1-Distill-Qwen-32B": 7},
    ("harbor.example.org/ai/vllm-openai:v0.8.5.post1", "harbor.example.org/ai/open-webui:0.6.5"),
    ("gpu.example.org/v100", "rdma/rdma_v100"),
)


def text_of(number):
    return seed().templates[number]["template"]


@pytest.fixture
def own(client):
    made = []
    yield made
    for number in made:
        templates.delete(client, number)


@pytest.mark.parametrize("number", [2, 3])
def test_round_trip_without_loss(number):
    content = json.loads(text_of(number))
    content["migrations"] = {"20240528": {"to": "20260707"}}
    content["data"]["unknown"] = {"kept": [1, None]}
    once = parse(json.dumps(content))
    again = parse(once.to_json())
    assert again.content == once.content
    assert once.content["migrations"] == content["migrations"]
    assert once.data["unknown"] == {"kept": [1, None]}
    changed = {"nodeSelector", "task", "ps", "worker", "scheduleType", "forwards"}
    kept = {k: v for k, v in content["data"].items() if k not in changed}
    assert kept == {k: once.data[k] for k in kept}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ({"enable": True, "nodeName": "gpu-16"}, {"enable": True, "mode": "include", "nodes": ["gpu-16"]}),
        (
            {"enable": True, "excludedNodes": ["a", "b"]},
            {"enable": True, "mode": "exclude", "nodes": ["a", "b"]},
        ),
        ({"enable": True}, {"enable": False, "mode": "include", "nodes": []}),
        ({"enable": False, "mode": "exclude", "nodes": ["a"]}, None),
    ],
)  # fmt: skip
def test_node_selectors_are_migrated(old, new):
    content = json.loads(text_of(3))
    content["data"]["nodeSelector"] = old
    form = parse(json.dumps(content))
    assert form.data["nodeSelector"] == (new or old)
    assert form.content["version"] == "20260707"


@pytest.mark.parametrize("kind", sorted(templates.MIGRATED))
def test_every_type_is_read(kind):
    data = json.loads(text_of(2 if kind in ("pytorch", "tensorflow") else 3))["data"]
    for version in (*templates.MIGRATED[kind], templates.VERSION):
        form = parse(json.dumps({"version": version, "type": kind, "data": data}))
        assert (form.type, form.content["version"]) == (kind, templates.VERSION)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "no Crater template"),
        ("[]", "no Crater template"),
        ('{"type":"custom","version":"20260707"}', "no Crater template"),
        ('{"type":"pytroch","version":"20260707","data":{}}', "Did you mean 'pytorch'"),
        ('{"type":"custom","version":"20270101","data":{}}', "Update jupyter_crater"),
        ('{"type":"custom","version":"20260707","data":{}}', "lacks 'task'"),
        ('{"type":"custom","version":"20260707","data":{"task":{"image":"x","resource":{}}}}', "jobName"),
    ],
)  # fmt: skip
def test_broken_templates_say_what_is_wrong(text, words):
    with pytest.raises(TemplateError) as caught:
        parse(text, name="x")
    assert words in str(caught.value)


def test_homes_and_missing_parts_are_filled_in():
    content = json.loads(text_of(3))
    content["data"]["task"]["workingDir"] = "/home/${CRATER_USERNAME}/x"
    form = parse(json.dumps(content), username="alice")
    task = form.tasks["training"]
    assert task["workingDir"] == "/home/alice/x"
    assert task["image"] == {
        "imageLink": "registry.example.com/crater/open-webui:0.6.5", "archs": ["linux/amd64"],
    }  # fmt: skip
    assert task["resource"]["network"] == {"enabled": False}


def test_another_installations_form_becomes_this_ones():
    form = adapted(parse(text_of(2)), HERE)
    assert form.data["volumeMounts"][0]["datasetID"] == 7
    master = form.tasks["master"]
    assert master["image"]["imageLink"] == HERE.images[0]
    assert master["resource"]["gpu"]["model"] == "gpu.example.org/v100"
    _, body = request_of(form)
    assert body["tasks"][1]["resource"]["gpu.example.org/v100"] == "4"


@pytest.mark.parametrize(
    ("part", "words"),
    [("datasets", "data set or model"), ("images", "image"), ("resources", "resource")],
)
def test_what_has_no_counterpart_is_named(part, words):
    empty = {"datasets": {}, "images": (), "resources": ()}[part]
    here = Names(**(vars(HERE) | {part: empty}))
    with pytest.raises(InputError, match=f"no {words}"):
        adapted(parse(text_of(2)), here)


def test_the_pages_rules():
    form = parse(text_of(2))
    form.data["worker"]["resource"]["network"] = {"enabled": False}
    with pytest.raises(InputError, match="RDMA"):
        request_of(form)
    with pytest.raises(InputError, match="1 to 40"):
        request_of(parse(text_of(3)).filled(name="x" * 41))
    content = json.loads(text_of(3)) | {"type": "jupyter"}
    with pytest.raises(InputError, match="own page"):
        request_of(parse(json.dumps(content)))


def test_filling_keeps_the_original():
    form = parse(text_of(3))
    new = form.filled(first_env="pod.job", env={"CRATER_MODEL_PORT": "9000", "X": "1"})
    assert form.data["envs"][0]["value"] == "10.244.32.144"
    assert {r["name"]: r["value"] for r in new.data["envs"]} == {
        "CRATER_MODEL_IP": "pod.job", "CRATER_MODEL_PORT": "9000", "X": "1",
    }  # fmt: skip
    with pytest.raises(InputError, match="no environment variable"):
        parse(text_of(2)).filled(first_env="x")


def test_publish_update_and_delete(client, own):
    listed = {form.name for form in templates.listed(client)}
    form = parse(text_of(3), name="crater-test")
    made = templates.publish(client, Form(form.name, form.content, None, "text", "# Doc"))
    own.append(made.id)
    assert made.content == form.content and "crater-test" not in listed
    assert made.owner == client.session().username
    cleared = templates.publish(client, Form("crater-test", made.content, made.id, "", "# Doc 2"))
    assert cleared.describe.strip() == "" and cleared.document == "# Doc 2"


def test_publishing_puts_the_placeholder_back(client, world):
    form = parse(text_of(3), name="mine")
    form.tasks["training"]["workingDir"] = "/home/alice/x"
    made = templates.publish(client, form)
    assert "/home/${CRATER_USERNAME}/x" in world.templates[made.id]["template"]


def test_only_ones_own_are_changed(client, world):
    with pytest.raises(PermissionDenied, match="bob's"):
        templates.publish(client, templates.fetch(client, 3))
    with pytest.raises(PermissionDenied, match="bob's"):
        templates.delete(client, 3)
    assert world.templates[3]["userInfo"]["username"] == "bob"


def test_a_deleted_template_and_a_misspelt_one(client, world):
    del world.templates[3]
    with pytest.raises(TemplateNotFound, match="any more"):
        templates.fetch(client, 3)
    with pytest.raises(TemplateNotFound, match=r"(?s)DeepSeek R1 distributed inference"):
        templates.fetch(client, "DeepSeek R1 distributed")


def test_a_broken_template_among_others_is_passed_over(client, world):
    world.templates[2]["template"] = "{"
    assert [form.id for form in templates.listed(client)] == [3]
