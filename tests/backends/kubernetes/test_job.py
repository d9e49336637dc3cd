"""A job from submit to delete, over HTTP."""

from __future__ import annotations

import base64
import copy
import threading
import time
from datetime import datetime, timedelta, timezone

import pytest

from jupyter_crater import Kubernetes, api as crater_api
from jupyter_crater.backends.kubernetes import ending, record
from jupyter_crater.backends.kubernetes.backend import KubernetesBackend
from jupyter_crater.clients.watch import look
from jupyter_crater.errors import (
    BackendError,
    BackendUnavailable,
    ConflictError,
    InputError,
    JobNotFound,
    NotSupported,
    PermissionDenied,
)

from ...waiting import until
from .playing import Play, api, as_a_new_process, backend, play
from .scripted import Answer, status

__all__ = ["api", "backend", "play"]
KIND = Kubernetes(carrier="kubernetes")


def submit(backend, spec, name="r1"):
    return backend.submit(spec, name, asked=spec, changes=[])


def secret(api, name):
    data = api.get("v1/secrets", name)["data"]
    return {key: base64.b64decode(value).decode() for key, value in data.items()}


def streams():
    return [t for t in threading.enumerate() if t.name.startswith("log of")]


def everything(api):
    return sorted(key for key in api.objects if key[0] != "v1/pods")


def test_all_objects_are_made_and_go_with_the_workload(api, backend, distributed):
    made = submit(backend, distributed)
    assert (made.attached, made.attempt) == (False, 1)
    assert everything(api) == [
        ("batch.volcano.sh/v1alpha1/jobs", "r1"),
        ("networking.k8s.io/v1/networkpolicies", "r1"),
        ("v1/secrets", "r1"),
        ("v1/services", "r1-api"),
    ]
    uid = api.get("batch.volcano.sh/v1alpha1/jobs", "r1")["metadata"]["uid"]
    for plural, name in everything(api)[1:]:
        owners = api.get(plural, name)["metadata"]["ownerReferences"]
        assert [o["uid"] for o in owners] == [uid]
    dry = [a for a in api.asked if a[0] == "POST" and a[2].get("dryRun")]
    assert len(dry) == 4
    assert {a[2]["fieldValidation"] for a in dry} == {"Strict"}
    assert backend.names() == ["r1"]
    assert backend.spec("r1") == distributed


def test_what_was_just_made_is_there_though_its_watch_is_late(
    api, backend, distributed, monkeypatch
):
    def late(plural, query):
        yield 30

    monkeypatch.setattr(api, "_watch", late)
    mirrors = backend.cluster._mirrors()
    until(lambda: backend.names() == [] and all(m._thread for m in mirrors), what="they watch")
    submit(backend, distributed)
    assert backend.spec("r1") == distributed


def test_a_free_addresses_key_goes_from_the_environment_into_the_secret(api, backend, monkeypatch):
    monkeypatch.setenv("JUPYTER_CRATER_CONNECT_KEY", "sk-theirs")
    prepared = crater_api.prepare(
        "open-webui", backend=KIND, connect="http://models.example.com/v1", parameters={}
    )
    submit(backend, prepared.spec, "page")
    first = secret(api, "page")
    assert first["connect-key"] == "sk-theirs"
    for plural, name in everything(api):
        if "secrets" not in plural:
            assert "sk-theirs" not in str(api.get(plural, name))

    monkeypatch.delenv("JUPYTER_CRATER_CONNECT_KEY")
    Play(api, "page").state("Aborted")
    until(lambda: backend.status("page").ended, what="its end")
    submit(backend, prepared.spec, "page")
    assert secret(api, "page") == first, "key and account outlive a new attempt"
    Play(api, "page").state("Aborted")
    until(lambda: backend.status("page").ended, what="its end")
    other = crater_api.prepare("open-webui", backend=KIND, connect="http://other/v1").spec
    submit(backend, other, "page")
    assert "connect-key" not in secret(api, "page"), "it is that address's alone"


def test_a_client_says_what_its_engine_lacks_and_has_an_account(api, backend, play, distributed):
    submit(backend, distributed)
    prepared = crater_api.prepare("open-webui", backend=KIND, connect="r1")
    submit(backend, prepared.spec, "page")
    page = Play(api, "page")
    page.pods()
    page.run(ip="10.0.0.9")
    page.ready("main-0")
    job = crater_api.Job(backend, "page")
    until(lambda: job.status().phase == "serving", what="the page to be up")
    told = until(lambda: (s := job.status()).reason and s, what="its reason")
    assert told.reason == "engine-not-serving"
    assert "'r1'" in told.message
    play.serve()
    until(lambda: job.status().reason is None, what="the engine to serve")
    play.state("Failed")
    until(lambda: job.status().reason == "engine-ended", what="the engine's end")

    password = secret(api, "page")["new-password"]
    assert (job.account.email, job.account.password) == ("crater@localhost", password)
    assert password not in repr(job.account)
    assert crater_api.Job(backend, "r1").account is None


def test_a_job_of_another_namespace_is_found_again_or_refused(api, backend, distributed):
    elsewhere = KubernetesBackend(namespace="other")
    submit(elsewhere, distributed)
    there = crater_api.Job(elsewhere, "r1")
    with pytest.raises(NotSupported, match="other"):
        crater_api.prepare("open-webui", backend=KIND, connect=there)
    spec = crater_api.prepare("open-webui", backend="local", connect=there).spec
    assert spec.connect.arguments == {"context": "lab", "namespace": "other"}
    api.asked.clear()
    assert look(spec.connect).code == "engine-not-serving"
    asked = [a[1] for a in api.asked if "/namespaces/" in a[1]]
    assert {path.split("/namespaces/")[1].split("/")[0] for path in asked} == {"other"}


def test_a_living_client_is_not_attached_to_for_another_engine(api, backend, distributed):
    submit(backend, distributed)
    one = crater_api.prepare("open-webui", backend=KIND, connect="r1").spec
    submit(backend, one, "page")
    assert submit(backend, one, "page").attached
    other = crater_api.prepare("open-webui", backend=KIND, connect="http://host/v1").spec
    with pytest.raises(ConflictError, match="connect: r1 on kubernetes → http://host/v1"):
        submit(backend, other, "page")


def test_the_same_again_attaches_and_other_values_do_not(api, backend, distributed):
    submit(backend, distributed)
    assert submit(backend, distributed).attached
    given = distributed.provenance.model_copy(update={"values": {"gpus_per_node": 2}})
    other = distributed.model_copy(update={"provenance": given})
    with pytest.raises(ConflictError, match="gpus_per_node") as caught:
        submit(backend, other)
    assert caught.value.differences[0][0] == "gpus_per_node"


def test_rights_are_asked_first_and_all_told(api, backend, distributed):
    api.denied = {("create", "secrets"), ("create", "networkpolicies")}
    with pytest.raises(PermissionDenied) as caught:
        submit(backend, distributed)
    assert "create secrets" in caught.value.message
    assert "create networkpolicies.networking.k8s.io" in caught.value.message
    assert everything(api) == []
    assert not [a for a in api.asked if a[0] == "POST" and "accessreviews" not in a[1]]


def test_a_dry_run_that_fails_leaves_nothing(api, backend, distributed):
    def fault(method, path, query):
        if method == "POST" and path.endswith("/jobs") and query.get("dryRun"):
            text = (
                'admission webhook "validatejob.volcano.sh" denied the request: queue gpu is closed'
            )
            return status(400, "BadRequest", text)
        return None

    api.fault = fault
    with pytest.raises(InputError, match="queue gpu is closed"):
        submit(backend, distributed)
    assert everything(api) == []


def test_a_webhook_that_cannot_be_tried_dry_is_asked_at_the_creation(api, backend, distributed):
    def fault(method, path, query):
        if method == "POST" and path.endswith("/jobs") and query.get("dryRun"):
            return status(400, "BadRequest", 'admission webhook "x" does not support dry run')
        return None

    api.fault = fault
    submit(backend, distributed)
    assert backend.names() == ["r1"]


def test_a_later_object_that_fails_takes_the_earlier_ones_back(api, backend, distributed):
    def fault(method, path, query):
        if method == "POST" and path.endswith("/jobs") and not query.get("dryRun"):
            return status(403, "Forbidden", "pods is forbidden: no")
        return None

    api.fault = fault
    with pytest.raises(PermissionDenied):
        submit(backend, distributed)
    assert everything(api) == []


def test_what_may_not_be_read_is_taken_back_as_well(api, backend, distributed):
    def fault(method, path, query):
        if method == "POST" and path.endswith("/jobs") and not query.get("dryRun"):
            return status(403, "Forbidden", "pods is forbidden: no")
        return None

    api.fault = fault
    api.denied = {("get", "secrets")}
    with pytest.raises(PermissionDenied) as caught:
        submit(backend, distributed)
    assert "left over" not in (caught.value.hint or "")
    assert everything(api) == []


def test_an_answer_that_is_lost_is_no_second_job(api, backend, distributed):
    lost = []

    def fault(method, path, query):
        if method == "POST" and path.endswith("/jobs") and not query and not lost:
            lost.append(
                api._verb(
                    "POST", "batch.volcano.sh/v1alpha1/jobs", "team", None, {}, api.request.body
                )
            )
            return Answer(cut=True)
        return None

    api.fault = fault
    assert not submit(backend, distributed).attached
    assert lost
    assert backend.names() == ["r1"]


def test_somebody_elses_object_of_that_name_is_left_alone(api, backend, distributed):
    api.put("v1/secrets", {"metadata": {"name": "r1", "labels": {}}, "data": {}})
    with pytest.raises(ConflictError, match="A Secret 'r1'"):
        submit(backend, distributed)
    assert everything(api) == [("v1/secrets", "r1")]


def test_what_a_broken_submit_left_is_cleared(api, backend, distributed):
    left = {"metadata": {"name": "r1", "labels": {record.JOB: "r1"}}, "data": {}}
    api.put("v1/secrets", left)
    submit(backend, distributed)
    assert api.get("v1/secrets", "r1")["data"] != {}


def test_the_best_carrier_is_found(api, distributed):
    assert KubernetesBackend().manifest(distributed, "r1")[-1]["kind"] == "Job"
    assert KubernetesBackend()._carrier() == "volcano"
    api.groups = ("batch",)
    as_a_new_process()
    with pytest.raises(NotSupported, match="no kuberay"):
        submit(KubernetesBackend(carrier="kuberay"), distributed)
    assert KubernetesBackend()._carrier() == "kubernetes"


def test_from_queue_to_serving(api, backend, play, distributed):
    submit(backend, distributed)

    def phase():
        return backend.status("r1").phase

    assert phase() == "queued"
    play.pods()
    play.unschedulable("0/2 nodes are available: 2 Insufficient nvidia.com/gpu.")
    until(lambda: "too few free GPUs" in backend.status("r1").message, what="the reason")
    play.run()
    play.state("Running")
    until(lambda: phase() == "starting-ray", what="running")
    api.say("r1-head-0", "jupyter-crater: waiting for nodes: 1 of 2 nodes, 4 of 8 GPUs")
    until(lambda: phase() == "waiting-for-workers", what="the head's log")
    assert backend.status("r1").message == "waiting for nodes: 1 of 2 nodes, 4 of 8 GPUs"
    api.say("r1-head-0", "INFO 11-24 12:00:00 x.py:1] Starting to load model deepseek")
    until(lambda: phase() == "loading-weights", what="loading")
    play.ready()
    found = until(
        lambda: backend.status("r1").phase == "serving" and backend.status("r1"), what="it"
    )
    assert found.head_ip == "10.0.0.7"
    assert found.changed is not None
    assert found.lease == pytest.approx(time.time() + 8 * 3600, abs=60)
    assert [e.phase for e in found.timeline] == [
        *(
            "queued",
            "scheduled",
            "starting-ray",
            "waiting-for-workers",
            "loading-weights",
            "serving",
        )
    ]
    until(lambda: not streams(), what="the stream is closed once it serves")
    api.logs.clear()
    again = KubernetesBackend(carrier="volcano").status("r1").timeline
    assert "loading-weights" in [e.phase for e in again], "a later reader has it from the cache"


def test_the_key(api, backend, play, distributed):
    submit(backend, distributed)
    play.serve()
    until(lambda: backend.status("r1").phase == "serving", what="serving")
    key = base64.b64decode(api.get("v1/secrets", "r1")["data"]["api-key"]).decode()
    assert backend.reach("r1").key == key
    assert backend.reach("r1").url is None, "from outside only a forward gets there"


def test_no_right_to_read_secrets(api, backend, play, distributed):
    api.denied = {("get", "secrets")}
    submit(backend, distributed)
    play.serve()
    file = backend.cluster.job_folder("r1") / "keys.json"
    assert file.stat().st_mode & 0o777 == 0o600
    until(lambda: backend.status("r1").phase == "serving", what="serving")
    key = base64.b64decode(api.get("v1/secrets", "r1")["data"]["api-key"]).decode()
    assert backend.reach("r1").key == key
    file.unlink()
    with pytest.raises(PermissionDenied, match="not kept on this machine"):
        backend.reach("r1")


def test_logs(api, backend, play, distributed):
    submit(backend, distributed)
    play.serve()
    api.say("r1-head-0", "one")
    api.say("r1-worker-0", "two")
    until(lambda: backend.status("r1").phase == "serving", what="serving")
    assert [o.message for o in backend.log("r1")] == ["one", "two"]
    assert [o.message for o in backend.log("r1", task="worker-0")] == ["two"]


def test_a_container_that_was_restarted(api, backend, play, distributed):
    """Not by us, who never restart one; a policy of the cluster may."""
    submit(backend, distributed)
    play.serve()
    api.say("r1-head-0", "before", kind="previous")
    api.say("r1-head-0", "after")
    found = copy.deepcopy(api.get("v1/pods", "r1-head-0"))
    found["status"]["containerStatuses"][0]["restartCount"] = 2
    api.put("v1/pods", found)
    until(lambda: backend.status("r1").tasks[0].restarts == 2, what="the count")
    assert [o.message for o in backend.log("r1", previous=True)] == ["before"]
    assert [o.message for o in backend.log("r1")] == ["after"]


def test_a_followed_log_survives_a_cut_and_ends_with_the_job(api, backend, play, distributed):
    submit(backend, distributed)
    play.serve()
    api.say("r1-head-0", "one")
    found = []
    for line in backend.log("r1", task="head", follow=True):
        found.append(line.message)
        if line.message == "one":
            time.sleep(0.01)
            api.say("r1-head-0", "<cut>")
            api.say("r1-head-0", "two")
        if line.message == "two":
            play.die("head-0")
            play.state("Terminated")
    assert found == ["one", "two"]


def test_a_followed_log_goes_on_where_a_server_ended_it_in_peace(api, backend, play, distributed):
    """And on a node whose clock is told with an offset."""
    submit(backend, distributed)
    play.serve()
    told = api.logs["r1-head-0", "now"]

    def say(text):
        zone = timezone(timedelta(hours=9))
        told.append((datetime.now(zone).isoformat(), text))

    say("one")
    found = []
    for line in backend.log("r1", task="head", follow=True):
        found.append(line.message)
        if line.message == "one":
            say("<end>")
            time.sleep(0.2)
            say("two")
        if line.message == "two":
            say("<cut>")
            say("three")
        if line.message == "three":
            play.die("head-0")
            play.state("Terminated")
    assert found == ["one", "two", "three"]


def test_a_new_job_knows_nothing_of_one_that_others_deleted(api, backend, play, distributed):
    submit(backend, distributed)
    play.serve()
    until(lambda: backend.status("r1").head_ip == "10.0.0.7", what="the head")
    until(lambda: backend.cluster._heads, what="what is remembered of it")
    with api.changed:
        api._delete(play.plural, "r1", play.workload)
    until(lambda: backend.names() == [], what="its end")
    submit(backend, distributed)
    play.pods()
    play.run(ip="10.0.0.8")
    until(lambda: backend.status("r1").head_ip == "10.0.0.8", what="the new head")
    assert "head-moved" not in [o.reason for o in backend.observations("r1")]
    assert len(backend.cluster._records) == 1


def test_a_deletion_returns_when_the_pods_are_gone(api, backend, play, distributed):
    api.linger = 1.0
    submit(backend, distributed)
    play.serve()
    backend.delete("r1")
    assert api.objects == {}


def test_stop_keeps_what_the_logs_said(api, backend, play, distributed):
    submit(backend, distributed)
    play.serve()
    api.say("r1-head-0", "the last words")

    def controller(method, path, query):
        if method == "POST" and path.endswith("/commands"):
            for pod in play.each():
                api.drop("v1/pods", f"r1-{pod}")
            play.state("Aborted")
        return

    api.fault = controller
    backend.stop("r1")
    assert backend.status("r1").phase == "stopped"
    assert [o.message for o in backend.log("r1")] == ["the last words"]
    api.logs.clear()
    before = secret(api, "r1")
    assert submit(backend, distributed).attempt == 2
    assert secret(api, "r1")["api-key"] == before["api-key"], "its clients hold it"
    assert [o.message for o in backend.log("r1", previous=True)] == ["the last words"]


def test_stop_without_the_right_changes_nothing(api, backend, play, distributed):
    submit(backend, distributed)
    play.serve()
    api.denied = {("create", "commands")}
    with pytest.raises(PermissionDenied) as caught:
        backend.stop("r1")
    assert "delete r1" in caught.value.hint
    until(lambda: backend.status("r1").phase == "serving", what="serving")


def test_delete_leaves_nothing(api, backend, play, distributed):
    submit(backend, distributed)
    play.serve()
    backend.status("r1")
    backend.delete("r1")
    assert api.objects == {}
    assert not backend.cluster.job_folder("r1").exists()
    with pytest.raises(JobNotFound):
        backend.status("r1")


def test_a_finalizer_that_holds_is_named(api, backend, play, distributed):
    submit(backend, distributed)
    workload = play.workload
    workload["metadata"]["finalizers"] = ["example.com/backup"]
    api.put(play.plural, workload)
    with pytest.raises(BackendError, match=r"example\.com/backup"):
        ending.delete(backend.cluster, "r1", bound=1)


def test_a_pod_that_does_not_go_is_named(api, backend, play, distributed):
    submit(backend, distributed)
    play.serve()
    stuck = api.get("v1/pods", "r1-worker-0")
    stuck["metadata"]["finalizers"] = ["node/holds"]
    api.put("v1/pods", stuck)
    with pytest.raises(BackendError, match="r1-worker-0 on node-worker-0, held by the finalizer"):
        ending.delete(backend.cluster, "r1", bound=1.5)


def test_extend_writes_where_the_script_reads(api, backend, play, distributed):
    submit(backend, distributed)
    with pytest.raises(NotSupported, match="no pod yet"):
        backend.extend("r1", 3600)
    play.serve()
    before = until(lambda: backend.status("r1").lease, what="the lease")
    end = backend.extend("r1", 3600)
    assert end == pytest.approx(before + 3600, abs=2)
    head = api.get("v1/pods", "r1-head-0")["metadata"]["annotations"]
    assert float(head[record.LEASE_UNTIL]) == end
    until(lambda: backend.status("r1").lease == end, what="the new lease")


def test_two_jobs_share_one_watch(api, backend, distributed):
    for number in range(5):
        submit(backend, distributed, f"r{number}")
    api.asked.clear()
    for _ in range(20):
        for name in backend.names():
            backend.status(name)
        time.sleep(0.02)
    watches = [(a[1], a[2].get("labelSelector")) for a in api.asked if "watch" in a[2]]
    assert len(watches) == len(set(watches))


def test_the_api_is_away_for_a_while(api, backend, play, distributed, monkeypatch):
    from jupyter_crater.backends.kubernetes import client

    monkeypatch.setattr(client, "RETRY_S", 0.5)
    submit(backend, distributed)
    play.serve()
    until(lambda: backend.status("r1").phase == "serving", what="serving")
    backend.status("r1")
    api.down = True
    found = until(
        lambda: backend.status("r1").phase == "unreachable" and backend.status("r1"),
        seconds=10,
        what="it is told",
    )
    assert found.reason == "api-unreachable"
    api.down = False
    until(lambda: backend.status("r1").phase == "serving", seconds=10, what="the return")
    api.down = True
    as_a_new_process()
    with pytest.raises(BackendUnavailable):
        KubernetesBackend().status("r1")
