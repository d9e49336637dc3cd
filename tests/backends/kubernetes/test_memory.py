"""The API double keeps the rules of the real servers: each test names where its rule stands.

Paths are of kubernetes/kubernetes (its staging/src/k8s.io/ left out), where no other project is named.
"""

from __future__ import annotations

import copy
import json
import re
import socket
import struct
import sys
import threading

import httpx
import pytest
import websocket

from jupyter_crater.backends import kubernetes as k8s

from ...waiting import until
from .memory import MERGE, Memory, now
from .scripted import status
from .test_admission import put

JOBS = "/apis/batch.volcano.sh/v1alpha1/namespaces/team/jobs"
PLAIN = "/apis/batch/v1/namespaces/team/jobs"
PODS = "/api/v1/namespaces/team/pods"
SECRETS = "/api/v1/namespaces/team/secrets"
STRICT = {"fieldValidation": "Strict"}


@pytest.fixture
def api():
    made = Memory()
    yield made
    made.close()


@pytest.fixture
def http(api):
    with httpx.Client(base_url=api.url, headers={"authorization": "Bearer t"}, timeout=20) as made:
        yield made


@pytest.fixture
def volcano(distributed):
    return k8s.manifests(distributed, "r1", carrier="volcano")[-1]


def secret(name="s", **meta):
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name} | meta}


def pod(name="p", **labels):
    spec = {"containers": [{"name": "c", "image": "x"}]}
    meta = {"name": name, "labels": labels}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": spec} | {
        "status": {"phase": "Running"}
    }


def said(answer, code, reason, words=""):
    body = answer.json()
    assert (answer.status_code, body["kind"], body["reason"]) == (code, "Status", reason), body
    assert words in body["message"]


def patch(http, path, body):
    return http.patch(path, content=json.dumps(body), headers={"content-type": MERGE})


def watched(api, http, count, path=PODS, **query):
    """So many events of a watch, which is opened before ``count[1]`` happens."""
    number, act = count
    found = []
    with http.stream("GET", path, params={"watch": "1"} | query) as stream:
        threading.Timer(0.1, act).start()
        for line in stream.iter_lines():
            found.append(json.loads(line))
            if len(found) == number:
                break
    return found


def test_every_rule_names_its_source():
    for name, test in vars(sys.modules[__name__]).items():
        if name.startswith("test_") and test is not test_every_rule_names_its_source:
            assert re.search(r"\S+/\S+|RFC \d+", test.__doc__ or ""), name


# -- creating --------------------------------------------------------------------------------------


def test_the_server_fills_in_who_and_when(http):
    """apiserver/pkg/registry/rest/meta.go, FillObjectMetaSystemFields."""
    made = http.post(SECRETS, json=secret(uid="mine", creationTimestamp="2000-01-01T00:00:00Z"))
    meta = made.json()["metadata"]
    assert made.status_code == 201
    assert meta["uid"] != "mine"
    assert not meta["creationTimestamp"].startswith("2000")
    assert meta["namespace"] == "team"


def test_a_name_is_taken_once(http):
    """apiserver/pkg/registry/generic/registry/store.go, Create."""
    assert http.post(SECRETS, json=secret()).status_code == 201
    said(http.post(SECRETS, json=secret()), 409, "AlreadyExists")


def test_a_name_is_made_from_its_beginning(http):
    """apiserver/pkg/storage/names/generate.go."""
    body = {"apiVersion": "v1", "kind": "Secret", "metadata": {"generateName": "x-"}}
    assert re.fullmatch(r"x-\w{5}", http.post(SECRETS, json=body).json()["metadata"]["name"])


def test_namespaces_must_be_there_and_agree(http):
    """apiserver/pkg/admission/plugin/namespace/lifecycle/admission.go; pkg/registry/rest/meta.go."""
    path = SECRETS.replace("team", "nowhere")
    said(http.post(path, json=secret()), 404, "NotFound", 'namespaces "nowhere"')
    said(http.post(SECRETS, json=secret(namespace="default")), 400, "BadRequest", "does not match")


def test_namespaces_are_kept_apart(api, http):
    """apiserver/pkg/registry/generic/registry/store.go, NamespaceKeyFunc."""
    http.post(SECRETS, json=secret())
    other = SECRETS.replace("team", "other")
    said(http.get(f"{other}/s"), 404, "NotFound")
    assert http.get(other).json()["items"] == []
    assert len(http.get("/api/v1/secrets").json()["items"]) == 1


def test_an_unknown_field_is_an_error_for_who_asks(http, volcano):
    """apiserver/pkg/endpoints/handlers/create.go, fieldValidation."""
    odd = secret() | {"stringDat": {}}
    said(http.post(SECRETS, json=odd, params=STRICT), 400, "BadRequest", "strict decoding error")
    put("spec/minAvailabel", 1)(volcano)
    said(http.post(JOBS, json=volcano, params=STRICT), 400, "BadRequest", "minAvailabel")
    assert http.post(JOBS, json=volcano).status_code == 201


def test_a_wrong_type_is_an_error_for_all(http, volcano, distributed):
    """volcano-sh/volcano config/crd (the definition is in tests/data); api/openapi-spec/swagger.json."""
    put("spec/tasks/0/replicas", "two")(volcano)
    said(http.post(JOBS, json=volcano), 422, "Invalid", "replicas")
    plain = k8s.manifests(distributed, "r1", carrier="kubernetes")[-1]
    put("spec/template/spec/containers", "none")(plain)
    said(http.post(PLAIN, json=plain), 422, "Invalid", "containers")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (put("metadata/name", "Upper"), "metadata.name"),
        (put("metadata/labels", {"a": "b c"}), "metadata.labels"),
        (put("metadata/annotations", {"a": "x" * 300_000}), "metadata.annotations: Too long"),
    ],
)
def test_names_labels_and_annotations_have_a_form(http, change, words):
    """apimachinery/pkg/api/validation/objectmeta.go."""
    document = secret()
    change(document)
    said(http.post(SECRETS, json=document), 422, "Invalid", words)


def test_a_services_name_is_a_dns_label(http):
    """pkg/apis/core/validation/names.go, ValidateServiceName."""
    body = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "1a"}, "spec": {}}
    said(http.post(SECRETS.replace("secrets", "services"), json=body), 422, "Invalid")
    assert http.post(SECRETS, json=secret("1a")).status_code == 201


def test_dry_run_makes_nothing(http):
    """apimachinery/pkg/apis/meta/v1/validation/validation.go, ValidateDryRun."""
    assert http.post(SECRETS, json=secret(), params={"dryRun": "All"}).status_code == 201
    said(http.get(f"{SECRETS}/s"), 404, "NotFound")
    said(http.post(SECRETS, json=secret(), params={"dryRun": "Some"}), 422, "Invalid")


def test_a_status_is_not_created(http, volcano):
    """apiextensions-apiserver/pkg/registry/customresource/strategy.go, PrepareForCreate."""
    made = http.post(JOBS, json=volcano | {"status": {"state": {"phase": "Running"}}})
    assert "status" not in made.json()


def test_strings_of_a_secret_are_coded(http):
    """pkg/apis/core/v1/conversion.go, Convert_v1_Secret_To_core_Secret."""
    made = http.post(SECRETS, json=secret() | {"stringData": {"k": "v"}}).json()
    assert (made["data"], "stringData" in made) == ({"k": "dg=="}, False)


# -- Volcano's webhooks ----------------------------------------------------------------------------


def test_volcano_fills_in(http, volcano):
    """volcano-sh/volcano pkg/webhooks/admission/jobs/mutate/mutate_job.go."""
    for field in ("queue", "schedulerName", "maxRetry", "minAvailable"):
        volcano["spec"].pop(field, None)
    spec = http.post(JOBS, json=volcano).json()["spec"]
    found = [spec[k] for k in ("queue", "schedulerName", "maxRetry", "minAvailable")]
    assert found == ["default", "volcano", 3, 2]


TASK = "spec/tasks/0"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (put("spec/tasks/1/name", "head"), "duplicated task name head"),
        (put("metadata/name", "r" * 60), "create pod with name"),
        (put("spec/minAvailable", 3), "should not be greater than total replicas"),
        (put(f"{TASK}/minAvailable", 2), "greater than 'replicas'"),
        (put("spec/plugins/deepspeed", []), "unable to find job plugin: deepspeed"),
        (put("spec/queue", "nowhere"), "unable to find job queue"),
        (put("spec/queue", "root"), "root queue"),
        (put("spec/policies/0/events", ["OutOfSync"]), "invalid policy event OutOfSync"),
        (put("spec/policies/0/action", "EatJob"), "invalid policy action EatJob"),
        (put("spec/policies/0/exitCode", 3), "simultaneously"),
        (
            lambda d: (
                put(f"{TASK}/dependsOn", {"name": ["worker"]})(d),
                put("spec/tasks/1/dependsOn", {"name": ["head"]})(d),
            ),
            "directed acyclic graph",
        ),
    ],
)
def test_volcano_refuses(api, http, volcano, change, words):
    """volcano-sh/volcano pkg/webhooks/admission/jobs/validate/admit_job.go and util.go."""
    assert http.post(JOBS, json=volcano, params={"dryRun": "All"}).status_code == 201
    change(volcano)
    answer = http.post(JOBS, json=volcano, params={"dryRun": "All"})
    said(answer, 403, "Forbidden", words)
    told = answer.json()["message"]
    assert 'admission webhook "validatejob.volcano.sh" denied the request: ' in told


@pytest.mark.parametrize(
    "change",
    [
        put("spec/tasks", []),
        put(f"{TASK}/name", "head_node"),
        put("spec/policies/0/events", ["PodExploded"]),
    ],
)
def test_volcanos_definition_refuses_first(http, volcano, change):
    """volcano-sh/volcano config/crd, whose rules are asked before any validating webhook."""
    change(volcano)
    said(http.post(JOBS, json=volcano), 422, "Invalid")


@pytest.mark.parametrize(
    ("queues", "words"),
    [
        ({"gpu": {"status": {"state": "Closed"}}}, "state `Open`"),
        ({"child": {"spec": {"parent": "gpu"}, "status": {"state": "Open"}}}, "leaf queue"),
    ],
)
def test_volcano_looks_at_the_queue(api, http, volcano, queues, words):
    """volcano-sh/volcano pkg/webhooks/admission/jobs/validate/admit_job.go, validateJobCreate."""
    volcano["spec"]["queue"] = "gpu"
    assert http.post(JOBS, json=volcano, params={"dryRun": "All"}).status_code == 201
    api.queues |= queues
    said(http.post(JOBS, json=volcano), 403, "Forbidden", words)


def test_volcano_lets_little_be_changed(http, volcano):
    """volcano-sh/volcano pkg/webhooks/admission/jobs/validate/admit_job.go, validateJobUpdate."""
    http.post(JOBS, json=volcano)
    said(patch(http, f"{JOBS}/r1", {"spec": {"queue": "gpu"}}), 403, "Forbidden", "may not change")
    assert patch(http, f"{JOBS}/r1", {"spec": {"minAvailable": 1}}).status_code == 200
    assert patch(http, f"{JOBS}/r1", {"metadata": {"annotations": {"a": "b"}}}).status_code == 200


# -- reading ---------------------------------------------------------------------------------------


def test_pages_are_of_one_moment(api, http):
    """apiserver/pkg/storage/etcd3/store.go (continue) and errors.go (continueExpired)."""
    for name in "abc":
        api.put("v1/pods", pod(name))
    first = http.get(PODS, params={"limit": 2}).json()
    assert first["metadata"]["remainingItemCount"] == 1
    api.put("v1/pods", pod("d"))
    token = {"limit": 2, "continue": first["metadata"]["continue"]}
    rest = http.get(PODS, params=token).json()
    assert [d["metadata"]["name"] for d in rest["items"]] == ["c"]
    assert rest["metadata"]["resourceVersion"] == first["metadata"]["resourceVersion"]
    api.compact()
    said(http.get(PODS, params=token), 410, "Expired", "continue parameter is too old")


def test_items_of_a_list_say_no_kind(api, http, volcano):
    """kubernetes/client-go issues/541: typed lists leave it out, those of CRDs have it."""
    api.put("v1/pods", pod())
    found = http.get(PODS).json()
    assert (found["kind"], found["apiVersion"]) == ("PodList", "v1")
    assert "kind" not in found["items"][0]
    http.post(JOBS, json=volcano)
    assert http.get(JOBS).json()["items"][0]["kind"] == "Job"


def test_selectors(api, http):
    """apimachinery/pkg/labels/selector.go; pkg/apis/core/v1/conversion.go (fields of a pod)."""
    api.put("v1/pods", pod("a", x="1"))
    api.put("v1/pods", pod("b", x="2") | {"status": {"phase": "Failed"}})

    def names(**query):
        return [d["metadata"]["name"] for d in http.get(PODS, params=query).json()["items"]]

    assert names(labelSelector="x=1") == ["a"]
    assert names(labelSelector="x") == ["a", "b"]
    assert names(labelSelector="y") == []
    assert names(fieldSelector="status.phase!=Failed,status.phase!=Succeeded") == ["a"]


def test_a_watch_goes_on_from_its_version(api, http):
    """apiserver/pkg/storage/cacher/watch_cache.go, getAllEventsSinceLocked."""
    api.put("v1/pods", pod("old"))
    version = http.get(PODS).json()["metadata"]["resourceVersion"]
    api.put("v1/pods", pod("missed"))
    events = watched(api, http, (2, lambda: api.drop("v1/pods", "old")), resourceVersion=version)
    assert [(e["type"], e["object"]["metadata"]["name"]) for e in events] == [
        ("ADDED", "missed"),
        ("DELETED", "old"),
    ]
    versions = [int(e["object"]["metadata"]["resourceVersion"]) for e in events]
    assert int(version) < versions[0] < versions[1]


def test_a_version_that_was_forgotten_is_gone(api, http):
    """apiserver/pkg/storage/cacher/watch_cache.go ("too old resource version"), told in the stream."""
    version = http.get(PODS).json()["metadata"]["resourceVersion"]
    api.put("v1/pods", pod())
    api.compact()
    (event,) = watched(api, http, (1, lambda: None), resourceVersion=version)
    assert (event["type"], event["object"]["code"]) == ("ERROR", 410)


def test_bookmarks_are_for_who_asks(api, http):
    """apiserver/pkg/storage/cacher/cache_watcher.go, nextBookmarkTime; apiserver API concepts."""
    api.bookmark_s = 0.1
    version = http.get(PODS).json()["metadata"]["resourceVersion"]
    asked = {"resourceVersion": version, "allowWatchBookmarks": "true"}
    (event,) = watched(api, http, (1, lambda: None), **asked)
    assert event["type"] == "BOOKMARK"
    assert list(event["object"]["metadata"]) == ["resourceVersion"]
    (event,) = watched(api, http, (1, lambda: api.put("v1/pods", pod())), resourceVersion=version)
    assert event["type"] == "ADDED"


def test_a_watch_ends_when_it_was_asked_to(api, http):
    """apiserver/pkg/endpoints/handlers/get.go, timeoutSeconds."""
    api.bookmark_s = 0.1
    with http.stream("GET", PODS, params={"watch": "1", "timeoutSeconds": "1"}) as stream:
        assert list(stream.iter_lines()) == []


def test_what_leaves_a_selector_is_deleted_for_its_watch(api, http):
    """apiserver/pkg/storage/cacher/cache_watcher.go, convertToWatchEvent."""
    version = http.get(PODS).json()["metadata"]["resourceVersion"]

    def act():
        for label in ("no", "yes", "yes", "no"):
            api.put("v1/pods", pod("a", x=label))

    events = watched(api, http, (3, act), resourceVersion=version, labelSelector="x=yes")
    assert [e["type"] for e in events] == ["ADDED", "MODIFIED", "DELETED"]


# -- changing and deleting -------------------------------------------------------------------------


def test_a_change_of_an_old_version_conflicts(api, http):
    """apiserver/pkg/registry/generic/registry/store.go, Update (OptimisticLockErrorMsg)."""
    version = http.post(SECRETS, json=secret()).json()["metadata"].get("resourceVersion")
    assert version
    body = {"metadata": {"resourceVersion": version, "labels": {"a": "1"}}}
    assert patch(http, f"{SECRETS}/s", body).status_code == 200
    said(patch(http, f"{SECRETS}/s", body), 409, "Conflict", "has been modified")


def test_null_takes_away(http):
    """RFC 7386, by apiserver/pkg/endpoints/handlers/patch.go."""
    http.post(SECRETS, json=secret(labels={"a": "1", "b": "2"}))
    found = patch(http, f"{SECRETS}/s", {"metadata": {"labels": {"a": None}}}).json()
    assert found["metadata"]["labels"] == {"b": "2"}


def test_a_patch_says_of_what_kind_it_is(http):
    """apiserver/pkg/endpoints/handlers/patch.go (UnsupportedMediaType)."""
    http.post(SECRETS, json=secret())
    said(http.patch(f"{SECRETS}/s", json={}), 415, "UnsupportedMediaType")


def test_what_a_job_and_a_pod_may_not_change(api, http, distributed):
    """pkg/apis/batch/validation/validation.go; pkg/apis/core/validation/validation.go."""
    plain = k8s.manifests(distributed, "r1", carrier="kubernetes")[-1]
    assert http.post(PLAIN, json=plain).status_code == 201
    said(patch(http, f"{PLAIN}/r1", {"spec": {"completions": 9}}), 422, "Invalid", "immutable")
    assert patch(http, f"{PLAIN}/r1", {"spec": {"suspend": True}}).status_code == 200
    api.put("v1/pods", pod())
    said(patch(http, f"{PODS}/p", {"spec": {"nodeName": "b"}}), 422, "Invalid", "immutable")


def test_a_deletion_may_be_meant_for_one_uid(http):
    """apiserver/pkg/storage/interfaces.go, Preconditions.Check."""
    uid = http.post(SECRETS, json=secret()).json()["metadata"]["uid"]
    body = {"preconditions": {"uid": "other"}}
    said(http.request("DELETE", f"{SECRETS}/s", json=body), 409, "Conflict", "Precondition")
    body = {"preconditions": {"uid": uid}}
    assert http.request("DELETE", f"{SECRETS}/s", json=body).status_code == 200
    said(http.delete(f"{SECRETS}/s"), 404, "NotFound")


def owned(api, *, block=False, finalizers=()):
    owner = api.put("v1/secrets", secret("owner"))
    reference = {"kind": "Secret", "name": "owner", "uid": owner["metadata"]["uid"]}
    child = pod("child")
    child["metadata"]["ownerReferences"] = [reference | {"blockOwnerDeletion": block}]
    child["metadata"]["finalizers"] = list(finalizers)
    api.put("v1/pods", child)


def test_what_is_owned_goes_with_its_owner(api, http):
    """pkg/controller/garbagecollector/garbagecollector.go, attemptToDeleteItem."""
    owned(api)
    http.delete(f"{SECRETS}/owner")
    assert api.objects == {}


def test_orphans_stay(api, http):
    """apiserver/pkg/registry/generic/registry/store.go, deletionFinalizersForGarbageCollection."""
    owned(api)
    http.request("DELETE", f"{SECRETS}/owner", json={"propagationPolicy": "Orphan"})
    assert api.names("v1/pods") == ["child"]
    assert api.names("v1/secrets") == []


def test_a_foreground_deletion_waits_for_what_blocks_it(api, http):
    """pkg/controller/garbagecollector/garbagecollector.go, processDeletingDependentsItem."""
    owned(api, block=True, finalizers=["node/holds"])
    http.request("DELETE", f"{SECRETS}/owner", json={"propagationPolicy": "Foreground"})
    meta = http.get(f"{SECRETS}/owner").json()["metadata"]
    assert meta["finalizers"] == ["foregroundDeletion"]
    assert "deletionTimestamp" in http.get(f"{PODS}/child").json()["metadata"]
    patch(http, f"{PODS}/child", {"metadata": {"finalizers": None}})
    assert api.objects == {}


def test_finalizers_hold(api, http):
    """apiserver/pkg/registry/generic/registry/store.go, Delete and deleteWithoutFinalizers."""
    http.post(SECRETS, json=secret(finalizers=["a/b"]))
    http.delete(f"{SECRETS}/s")
    assert "deletionTimestamp" in http.get(f"{SECRETS}/s").json()["metadata"]
    patch(http, f"{SECRETS}/s", {"metadata": {"finalizers": None}})
    said(http.get(f"{SECRETS}/s"), 404, "NotFound")


def test_a_pod_takes_its_time_to_end(api, http):
    """pkg/registry/core/pod/strategy.go, CheckGracefulDelete."""
    api.linger = 0.3
    api.put("v1/pods", pod())
    http.delete(f"{PODS}/p")
    assert "deletionTimestamp" in http.get(f"{PODS}/p").json()["metadata"]
    until(lambda: api.names("v1/pods") == [], what="its end")


# -- who may ---------------------------------------------------------------------------------------


def test_rights_are_asked_as_they_are_kept(api, http):
    """pkg/registry/authorization/selfsubjectaccessreview/rest.go."""
    api.denied = {("get", "pods/log"), ("watch", "pods")}

    def may(verb, **what):
        body = {"spec": {"resourceAttributes": {"verb": verb, "resource": "pods"} | what}}
        path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
        return http.post(path, json=body).json()["status"]["allowed"]

    assert [may("get"), may("get", subresource="log"), may("list"), may("watch")] == [
        *(True, False, True, False),
    ]
    api.put("v1/pods", pod())
    said(http.get(f"{PODS}/p/log"), 403, "Forbidden", 'cannot get resource "pods/log"')
    assert http.get(PODS).status_code == 200
    said(http.get(PODS, params={"watch": "1"}), 403, "Forbidden", 'cannot watch resource "pods"')


def test_a_token_that_nobody_knows(api, http):
    """apiserver/pkg/endpoints/filters/authentication.go."""
    api.tokens = {"new"}
    said(http.get(PODS), 401, "Unauthorized")
    api.tokens = {"new", "t"}
    assert http.get(PODS).status_code == 200


def test_groups_that_are_not_installed(api, http):
    """kube-aggregator/pkg/apiserver/handler_apis.go; apiserver/pkg/server/routes (404)."""
    assert {"name": "ray.io"} in http.get("/apis").json()["groups"]
    api.groups = ("batch",)
    assert http.get("/apis").json()["groups"] == [{"name": "batch"}]
    said(http.get("/apis/ray.io/v1/namespaces/team/rayjobs"), 404, "NotFound")


def test_faults_come_first_and_cuts_are_cuts(api, http):
    """apiserver/pkg/server/filters/priority-and-fairness.go (429 with Retry-After)."""
    assert http.get(PODS).status_code == 200
    api.fault = lambda *_: status(429, "TooManyRequests", "later", headers={"Retry-After": "1"})
    answer = http.get(PODS)
    said(answer, 429, "TooManyRequests")
    assert answer.headers["retry-after"] == "1"
    api.down = True
    with pytest.raises(httpx.TransportError):
        http.get(PODS)


# -- logs ------------------------------------------------------------------------------------------


def test_logs_of_what_is_not_there(api, http):
    """pkg/registry/core/pod/strategy.go, LogLocation; pkg/kubelet/kubelet_pods.go."""
    said(http.get(f"{PODS}/p/log"), 404, "NotFound")
    api.put("v1/pods", pod())
    said(http.get(f"{PODS}/p/log"), 400, "BadRequest", "waiting to start")
    said(http.get(f"{PODS}/p/log", params={"container": "x"}), 400, "BadRequest", "not valid for")
    previous = {"previous": "true"}
    said(http.get(f"{PODS}/p/log", params=previous), 400, "BadRequest", "previous terminated")


def test_lines_with_and_without_stamps(api, http):
    """pkg/kubelet/kuberuntime/logs/logs.go (timeFormatOut); pkg/apis/core/validation (PodLogOptions)."""
    api.put("v1/pods", pod())
    stamp = "2026-11-25T21:00:00.123456789+09:00"
    api.logs["p", "now"] = [(stamp, "one"), ("2026-11-25T21:00:05.5+09:00", "two")]
    assert http.get(f"{PODS}/p/log").text == "one\ntwo\n"
    found = http.get(f"{PODS}/p/log", params={"timestamps": "true", "limitBytes": 39}).text
    assert found == f"{stamp} one"
    since = {"sinceTime": "2026-11-25T12:00:01Z"}
    assert http.get(f"{PODS}/p/log", params=since).text == "two\n"
    said(http.get(f"{PODS}/p/log", params={"sinceTime": "today"}), 400, "BadRequest")


def test_a_followed_log_ends_with_its_container(api, http):
    """pkg/kubelet/kuberuntime/logs/logs.go, ReadLogs."""
    api.put("v1/pods", pod())
    api.logs["p", "now"] = [(now(), "one")]

    def end():
        api.say("p", "two")
        api.put("v1/pods", pod() | {"status": {"phase": "Failed"}})

    with http.stream("GET", f"{PODS}/p/log", params={"follow": "true"}) as stream:
        threading.Timer(0.2, end).start()
        assert list(stream.iter_lines()) == ["one", "two"]


# -- port-forward ----------------------------------------------------------------------------------


@pytest.fixture
def listener(api):
    with socket.create_server(("127.0.0.1", 0)) as made:
        api.targets["p"] = made.getsockname()
        yield made


def dial(api, **options):
    url = f"ws{api.url.removeprefix('http')}{PODS}/p/portforward?ports=8000"
    options = {"subprotocols": ["v4.channel.k8s.io"], "timeout": 10} | options
    return websocket.create_connection(url, **options)


def test_each_channel_begins_with_the_port(api, listener):
    """kubelet/pkg/cri/streaming/portforward/websocket.go, runWebSocketPortForward."""
    far = dial(api)
    for channel in (0, 1):
        assert far.recv() == bytes([channel]) + struct.pack("<H", 8000)
    peer, _ = listener.accept()
    far.send_binary(b"\x00hello")
    assert peer.recv(9) == b"hello"
    peer.sendall(b"back")
    assert far.recv() == b"\x00back"
    peer.close()
    far.close()


def test_a_closed_port_is_told_on_the_channel_of_errors(api, listener):
    """kubelet/pkg/cri/streaming/portforward/websocket.go, portForward."""
    listener.close()
    far = dial(api)
    found = [far.recv() for _ in range(3)]
    assert found[2].startswith(b"\x01error forwarding port 8000")
    far.close()


def test_a_forward_needs_its_protocol(api, listener):
    """kubelet/pkg/cri/streaming/portforward/websocket.go (protocols) by golang.org/x/net/websocket."""
    with pytest.raises(websocket.WebSocketBadStatusException):
        dial(api, subprotocols=["chat"])


@pytest.mark.parametrize("verb", ["get", "create"])
def test_a_forward_needs_two_rights(api, listener, verb):
    """pkg/registry/core/pod/rest/authorize.go (AuthorizePodWebsocketUpgradeCreatePermission, 1.35)."""
    api.denied = {(verb, "pods/portforward")}
    with pytest.raises(websocket.WebSocketBadStatusException) as caught:
        dial(api)
    assert caught.value.status_code == 403


def test_a_frame_without_a_mask_ends_the_connection(api, listener):
    """RFC 6455, 5.1."""
    far = dial(api)
    for _ in range(2):
        far.recv()
    far.sock.sendall(b"\x82\x02\x00x")
    code, data = far.recv_data(control_frame=True)
    assert (code, data) == (websocket.ABNF.OPCODE_CLOSE, struct.pack(">H", 1002))
    far.shutdown()


def test_the_same_document_is_read_alike(http, volcano):
    """apiserver/pkg/endpoints/handlers/get.go: what is got is what was made, with what was filled in."""
    made = http.post(JOBS, json=copy.deepcopy(volcano)).json()
    got = http.get(f"{JOBS}/r1").json()
    assert got["spec"] == made["spec"]
    assert got["metadata"]["uid"] == made["metadata"]["uid"]
