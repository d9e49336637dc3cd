"""The seed's document, step by step, through the platform's own templates."""

from __future__ import annotations

import pytest


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
