"""The seed's document, step by step, through the platform's own templates."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from jupyter_crater import api
from jupyter_crater.errors import DoesNotFit, ParameterError


@pytest.fixture
def made(backend):
    jobs = []
    yield jobs
    for jobname in jobs:
        backend.client.call("DELETE", f"/vcjobs/{jobname}")


def test_the_documents_walk(backend, made):
    # "Job templates" → "DeepSeek R1 distributed inference": the form comes filled in.
    form = backend.template("DeepSeek R1 distributed inference")
    assert form.type == "pytorch"
    assert form.data["jobName"] == "DeepSeek-R1-Distill-Qwen-32B"
    master, worker = form.tasks["master"], form.tasks["worker"]
    assert master["resource"]["gpu"] == {"count": 4, "model": "nvidia.com/v100"}
    assert "--pipeline-parallel-size 2" in master["command"]
    assert worker["resource"]["network"] == master["resource"]["network"]
    # Submit; the job has a head and a worker, and the head an internal IP.
    deepseek = backend.submit_form(form)
    made.append(deepseek)
    pods = backend.pods(deepseek)
    assert [p["name"] for p in pods] == [f"{deepseek}-master-0", f"{deepseek}-worker-0"]
    ip = backend.head_ip(deepseek)
    assert ip and ip == pods[0]["ip"]
    # "Open WebUI client": its first environment variable is the head's address.
    chat = backend.template("Open WebUI client").filled(first_env=ip)
    assert chat.data["envs"][0] == {"name": "CRATER_MODEL_IP", "value": ip}
    webui = backend.submit_form(chat)
    made.append(webui)
    # "External access": the forward of the template is there to be clicked.
    assert backend.forwards(webui)[8080].startswith("https://")
    assert backend.forwards(deepseek) == {}


def test_the_request_is_the_pages(backend, world, made):
    made.append(backend.submit_form(backend.template("DeepSeek R1 distributed inference")))
    body = world.jobs[made[0]].body
    assert [t["name"] for t in body["tasks"]] == ["master", "worker"]
    assert body["tasks"][0]["resource"] == {
        "cpu": "16", "memory": "32Gi", "nvidia.com/v100": "4", "rdma/rdma_v100": "1",
    }  # fmt: skip
    assert body["volumeMounts"][0]["datasetID"] == 42
    assert body["forwards"] == []
    assert body["alertEnabled"] is False  # the template says true, the e-mail isn't verified
    assert body["selectors"][0]["values"] == ["gpu-16"]
    assert "shell" not in body["tasks"][0]


def prepared(backend, which, connect=None, **values):
    place = SimpleNamespace(make=lambda: backend)
    return api.prepare(backend.imported(which), backend=place, connect=connect, parameters=values)


def test_a_foreign_template_is_sized_and_waits_for_its_workers(backend, world):
    ready = prepared(backend, "DeepSeek R1 distributed inference")
    spec = ready.spec
    assert (spec.engine.tensor_parallel, spec.engine.pipeline_parallel) == (4, 2)
    assert [t.name for t in spec.tasks] == ["head", "worker"]
    assert spec.service.port == 8000 and ready.plan is not None
    backend.submit(spec, ready.name, asked=ready.asked, changes=[])
    (job,) = world.jobs.values()
    assert job.kind == "pytorch" and len(job.body["volumeMounts"]) == 2
    assert "waiting for nodes" in job.body["tasks"][0]["command"]  # ours, in place of the form's


def test_a_foreign_template_that_does_not_fit_is_refused(backend, world):
    row = world.templates[2]
    row["template"] = row["template"].replace("--dtype=half", "--dtype=bfloat16")
    with pytest.raises(DoesNotFit):
        prepared(backend, 2)
    assert world.jobs == {}


def test_a_foreign_client_runs_as_it_is_written(backend, world):
    ready = prepared(backend, "Open WebUI client", env={"CRATER_MODEL_IP": "head.job"})
    assert ready.name == "openwebui" and ready.spec.engine is None
    backend.submit(ready.spec, ready.name, asked=ready.asked, changes=[])
    (job,) = world.jobs.values()
    envs = {row["name"]: row["value"] for row in job.body["envs"]}
    assert envs["CRATER_MODEL_IP"] == "head.job" and envs["CRATER_MODEL_PORT"] == "8000"
    assert "bash start.sh" in job.body["command"]
    assert backend.address("openwebui").startswith("https://")
    with pytest.raises(ParameterError, match="no parameter"):
        prepared(backend, "Open WebUI client", port=1)


def test_both_templates_chained_by_name(backend, world):
    """The tutorial's hand-work done: host, port and key of the engine reach the chat page."""
    engine = prepared(backend, "DeepSeek R1 distributed inference")
    backend.submit(engine.spec, engine.name, asked=engine.asked, changes=[])
    chat = prepared(backend, "Open WebUI client", connect=engine.name)
    backend.submit(chat.spec, chat.name, asked=chat.asked, changes=[])
    head, page = world.jobs.values()
    envs = {row["name"]: row["value"] for row in page.body["envs"]}
    host = f"{head.jobname}-master-0.{head.jobname}.crater-workspace"
    assert (envs["CRATER_MODEL_IP"], envs["CRATER_MODEL_PORT"]) == (host, "8000")
    assert "OPENAI_API_KEY=$(cat /jupyter-crater/client-key)" in page.body["command"]
