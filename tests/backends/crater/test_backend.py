"""Jobs of ours on Crater: created once, observed, reached, ended; and what goes wrong on the way."""

from __future__ import annotations

import http.server
import json
import subprocess
import threading
import time

import httpx
import pytest

from jupyter_crater import forwards, preflight, templating
from jupyter_crater.backends.crater import access, create, credentials, templates
from jupyter_crater.backends.crater.backend import CraterBackend
from jupyter_crater.backends.crater.client import CreationUnknown
from jupyter_crater.backends.crater.observe import Poller
from jupyter_crater.clients import watch
from jupyter_crater.errors import (
    AuthenticationError,
    BackendError,
    BackendUnavailable,
    ConflictError,
    DoesNotFit,
    InputError,
    JobNotFound,
    NotSupported,
    PreflightFailed,
    WaitTimeout,
)
from jupyter_crater.handle import Job
from jupyter_crater.spec import Connect, Forward, JobSpec, Provenance, Resources, Task
from tests.doubles.crater_server.app import Answer

NAME = "deepseek-r1-distributed"
STARTING = [
    "INFO 11-24 08:00:00 [api_server.py:1034] vLLM API server version 0.8.5.post1",
    "INFO 11-24 08:00:10 [gpu_model_runner.py:1] Starting to load model /models/x...",
    "INFO 11-24 08:01:00 [loader.py:1] Loading weights took 31.50 seconds",
]
READY = "INFO:     Application startup complete."


def rendered(**values) -> JobSpec:
    spec = templating.template(NAME).render(values)
    return spec.model_copy(update={"lease_seconds": 8 * 3600})


def launch(backend, spec=None, name=NAME):
    spec = spec or rendered()
    spec, changes = backend.prepare(spec, name, given=frozenset())
    return backend.submit(spec, name, asked=spec, changes=changes)


@pytest.fixture
def webui() -> JobSpec:
    image = "ghcr.io/open-webui/open-webui:0.6.5"
    return JobSpec(
        kind="client",
        title="Open WebUI",
        tasks=(Task(name="main", image=image, command=("bash", "start.sh"),
                    resources=Resources(cpu=2, memory_gib=4)),),
        forwards=(Forward(name="web-ui", task="main", port=8080),),
        connect=Connect(job=NAME),
        provenance=Provenance(template="open-webui", version="1"),
    )  # fmt: skip


@pytest.fixture
def engine():
    """Something that answers /health where the pods are said to be."""

    class Health(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *args):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Health)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_address[1]
    server.shutdown()
    server.server_close()


def only(world):
    (job,) = world.jobs.values()
    return job


# -- submitting ----------------------------------------------------------------------------------


def test_the_life_of_a_job(backend):
    """On any server: launched, attached to, observed, stopped, purged."""
    name = f"crater-test-{int(time.time())}"
    made = launch(backend, name=name)
    assert (made.attached, made.attempt) == (False, 1)
    try:
        assert launch(backend, name=name).attached
        assert name in backend.names()
        status = backend.status(name)
        assert status.phase in ("queued", "scheduled", "pulling", "starting-ray", "serving")
        assert status.backend == "crater" and status.created
        assert backend.spec(name) == rendered()
        backend.stop(name)
        assert backend.status(name).phase == "stopped"
        assert backend.spec(name).provenance.template == NAME  # the record is still there
    finally:
        backend.delete(name)
    with pytest.raises(JobNotFound):
        backend.status(name)


def test_what_is_created(backend, world):
    launch(backend)
    body = only(world).body
    master, worker = body["tasks"]
    assert (master["name"], worker["name"]) == ("master", "worker")
    assert master["resource"] == {"cpu": "16", "memory": "32Gi", "nvidia.com/v100": "4"}
    assert master["image"]["imageLink"] == "registry.example.com/crater/vllm-openai:v0.8.5.post1"
    assert body["forwards"] == [] and body["alertEnabled"] is False
    data, storage = body["volumeMounts"]
    assert data["datasetID"] == 42
    assert data["mountPath"] == "/models/DeepSeek-R1-Distill-Qwen-32B"
    assert storage["subPath"].startswith("user/.jupyter-crater/")
    for task in (master, worker):
        script = task["command"]
        assert subprocess.run(["sh", "-n", "-c", script], check=False).returncode == 0
        unset = script.index("unset RANK WORLD_SIZE MASTER_PORT")
        assert unset < script.index("ray start")
    assert '"${MASTER_ADDR#*.}"-worker-0' in master["command"]


def test_the_head_names_its_nodes_as_the_pods_are_called(backend, world):
    """The part of the script that tells the pods' names, run by a real shell."""
    launch(backend, rendered(nodes=3, pipeline_parallel=3))
    script = only(world).body["tasks"][0]["command"]
    (line,) = [w for w in script.splitlines() if w.startswith("python3 - ") and "<<'END'" in w]
    arguments = line.removeprefix("python3 - ").split(" <<")[0]
    env = {"MASTER_ADDR": "pyt-a-1-master-0.pyt-a-1", "PATH": "/usr/bin:/bin"}
    told = subprocess.run(
        ["sh", "-c", f"echo {arguments}"], env=env, capture_output=True, text=True, check=True
    ).stdout.split()
    assert told[-2:] == ["pyt-a-1-worker-0", "pyt-a-1-worker-1"]
    assert told[1] == "12"


def test_no_secret_leaves_the_storage(backend, world):
    launch(backend)
    secrets = [v.decode() for v in world.files.values() if v]
    assert len(secrets) == 2
    shown = json.dumps([only(world).body, backend.manifest(rendered(), NAME)])
    assert not any(secret in shown for secret in secrets)
    # … and the key is read back from there:
    assert backend._key(backend._seen(NAME)) in secrets


def test_a_script_without_its_key_ends(backend, world, tmp_path):
    launch(backend)
    script = only(world).body["tasks"][0]["command"]
    done = subprocess.run(["sh", "-c", script], capture_output=True, text=True, timeout=10)
    assert done.returncode == 1
    assert "/jupyter-crater/api-key can't be read" in done.stderr


def test_without_a_storage_the_engine_is_open_and_says_so(backend, world):
    world.storage = False
    launch(backend)
    assert "VLLM_API_KEY" not in json.dumps(only(world).body)
    (found,) = [o for o in backend.observations(NAME) if o.reason == "open-engine"]
    assert "asks for no key" in found.message
    with pytest.raises(NotSupported, match="no address outside"):
        backend.expose(NAME)


def test_other_values_are_a_conflict(backend, world):
    launch(backend)
    with pytest.raises(ConflictError, match="max_num_seqs"):
        launch(backend, rendered(max_num_seqs=16))
    backend.stop(NAME)
    assert launch(backend, rendered(max_num_seqs=16)).attempt == 2
    assert backend.status(NAME).attempt == 2


@pytest.mark.parametrize(
    ("setting", "error", "text"),
    [
        ({"node_gpus": {"nvidia.com/v100": 2}}, DoesNotFit, "job admission failed"),
        ({"quota": {"nvidia.com/v100": 4}}, DoesNotFit, "exceed user queue quota"),
        ({"limits": {"nvidia.com/v100": 4}}, DoesNotFit, "nvidia.com/v100: 8 asked"),
        ({"billing_empty": True}, DoesNotFit, "billing precheck blocked"),
        ({"images": []}, InputError, "no image"),
        ({"datasets": []}, InputError, "no data set or model"),
    ],
)
def test_refusals_create_nothing_and_leave_nothing(backend, world, setting, error, text):
    for key, value in setting.items():
        setattr(world, key, value)
    with pytest.raises(error, match=text):
        launch(backend)
    assert world.jobs == {} and world.files == {}


def test_an_unknown_gpu_lists_those_there_are(backend, world):
    with pytest.raises(InputError, match=r"(?s)H100.*NVIDIA V100 32GB"):
        launch(backend, rendered(gpu="H100-80GB", image="vllm-openai:v0.8.5.post1"))


def test_a_creation_that_timed_out_after_it_succeeded_is_found(backend, world):
    world.record_lag = 0.5
    world.faults = [("POST", "vcjobs/pytorch", "drop")]
    backend._pause = lambda s: setattr(world, "now_offset", world.now_offset + s)
    assert not launch(backend).attached
    assert len(world.jobs) == 1
    assert sum(p == "/api/v1/vcjobs/pytorch" for _, p in world.requests) == 1
    assert launch(backend).attached


def test_a_creation_that_never_arrived_is_not_sent_again(backend, world):
    gone = Answer(504, b"<html>", {"content-type": "text/html"})
    world.faults = [("POST", "vcjobs/pytorch", gone)]
    with pytest.raises(BackendUnavailable):
        launch(backend)
    assert world.jobs == {}


def test_a_lost_request_is_told(backend, world, monkeypatch):
    def lost(path, body):
        raise CreationUnknown("no answer")

    made = backend._plan(rendered(), NAME)
    monkeypatch.setattr(backend.client, "post", lost)
    with pytest.raises(CreationUnknown, match=r"(?s)was not there.*Launch again"):
        create.create(backend.client, made, pause=lambda _s: None)


# -- observing -----------------------------------------------------------------------------------


def test_prequeued_is_queued_and_says_why(backend, world):
    world.prequeue = True
    launch(backend)
    status = backend.status(NAME)
    assert status.phase == "queued" and "prequeue" in status.message
    backend.stop(NAME)
    assert backend.status(NAME).phase == "stopped"


def test_phases_come_from_the_logs(backend, world):
    world.start_after = 100
    world.logs["master"] = list(STARTING)
    launch(backend)
    assert backend.status(NAME).phase == "queued"
    world.now_offset = 101
    status = backend.status(NAME)
    assert status.phase == "warming-up"
    assert [(t.task, t.phase) for t in status.tasks] == [("head", "running"), ("worker", "running")]
    assert status.head_ip == only(world).pods[0].ip
    assert status.tasks[0].node == "gpu-16"
    only(world).pods[0].log.append(READY)
    assert backend.status(NAME).phase == "serving"


def test_an_engine_whose_start_has_scrolled_away_serves_still(backend, world):
    world.logs["master"] = ['INFO: 10.0.0.1:1 - "POST /v1/chat/completions HTTP/1.1" 200 OK'] * 9
    launch(backend)
    assert backend.status(NAME).phase == "serving"


def test_readiness_is_the_engines_own_answer(backend, world, engine):
    world.pod_ip = "127.0.0.1"
    launch(backend, rendered(port=engine))
    assert backend.status(NAME).phase == "serving"  # no log line said so
    reach = backend.reach(NAME)
    assert reach.url == f"http://127.0.0.1:{engine}" and reach.key
    backend.connect(NAME).close()


def test_an_image_that_cannot_be_pulled(backend, world):
    world.start_after = 60
    launch(backend)
    pod = only(world).pods[0]
    pod.waiting, pod.node = "ImagePullBackOff", "gpu-16"
    status = backend.status(NAME)
    assert status.phase == "pulling" and "Back-off pulling image" in status.message


def test_a_restarted_jobs_new_address_is_noticed(backend, world):
    launch(backend)
    before = backend.status(NAME).head_ip
    world.restart(only(world))
    (moved,) = [o for o in backend.observations(NAME) if o.reason == "head-moved"]
    assert moved.data == {"old": before, "new": backend.status(NAME).head_ip}


@pytest.mark.parametrize(
    ("status", "phase", "reason"),
    [
        ("Failed", "failed", "failed"),
        ("Terminated", "failed", "terminated"),
        ("Completed", "stopped", None),
        ("Freed", "stopped", "released"),
        ("Cancelled", "stopped", None),
    ],
)
def test_ends(backend, world, status, phase, reason):
    launch(backend)
    world.end(only(world), status)
    seen = backend.status(NAME)
    assert (seen.phase, seen.reason) == (phase, reason)


def test_reaping_is_announced_and_a_lock_holds_it_off(backend, world):
    launch(backend)
    (told,) = [o for o in backend.observations(NAME) if o.reason == "reaping"]
    assert 95 * 3600 < told.data["seconds_left"] <= 96 * 3600
    only(world).permanent = True
    assert [o.reason for o in backend.observations(NAME) if o.reason in ("locked", "reaping")] == [
        "locked"
    ]
    with pytest.raises(NotSupported, match=r"(?s)lock"):
        backend.extend(NAME, 3600)


def test_an_expired_token_in_mid_watch(backend, world):
    launch(backend)
    backend.status(NAME)
    world.now_offset = 3700
    assert backend.status(NAME).phase == "starting-ray"
    world.now_offset = 9 * 86400
    with pytest.raises(AuthenticationError, match="log in again"):
        backend.status(NAME)


def test_logs_plain_and_followed(backend, world):
    world.logs = {"master": STARTING, "worker": ["joined"]}
    launch(backend)
    assert [o.message for o in backend.log(NAME, task="worker")] == ["joined"]
    assert {o.message for o in backend.log(NAME)} == {*STARTING, "joined"}
    stop, got = threading.Event(), []
    for line in backend.log(NAME, follow=True, stop=stop):
        got.append(line.message)
        if len(got) == 4:
            only(world).pods[0].log.append(READY)  # the double's stream ends; it is taken up again
        if len(got) == 5:
            world.end(only(world), "Deleted")
    assert sorted(got) == sorted([*STARTING, "joined", READY])


def test_a_preflight_is_read_while_its_pods_are_there_and_leaves_nothing(backend, world):
    spec = rendered()
    said = [
        'crater-check {"node": "head", "check": "gpu", "state": "ok", "found": "4", "advice": ""}',
        'crater-check {"done": true, "ok": true}',
    ]
    world.logs = {"master": said}
    (check,) = preflight.run(backend, spec, NAME, gpus=True, timeout=20, progress=lambda s: None)
    assert (check.node, check.check, check.found) == ("head", "gpu", "4")
    assert [j.status for j in world.jobs.values()] == []
    broken = {
        "node": "all",
        "check": "all-reduce",
        "state": "error",
        "found": "Connection timed out",
    }
    world.logs = {"master": ["crater-check " + json.dumps(broken | {"advice": "Look"}), said[1]]}
    with pytest.raises(PreflightFailed, match="all: all-reduce: Connection timed out"):
        preflight.run(backend, spec, NAME, gpus=True, timeout=20, progress=lambda s: None)
    assert backend.names() == []


def test_a_preflight_that_waits_too_long_in_the_queue_is_taken_back(backend, world):
    world.start_after = 1e6
    with pytest.raises(WaitTimeout, match=r"within 1 s; it was queued"):
        preflight.run(backend, rendered(), NAME, gpus=True, timeout=1, progress=lambda s: None)
    assert backend.names() == []


def test_following_can_be_stopped(backend, world):
    launch(backend)
    stop = threading.Event()
    threading.Timer(0.5, stop.set).start()
    assert list(backend.log(NAME, follow=True, stop=stop)) == []


def test_a_long_username_reads_its_log_all_the_same(backend, world):
    world.logs["worker"] = ["joined"]
    launch(backend)
    refused = {"code": 40301, "data": None, "msg": "user not allowed"}
    world.faults = [
        ("GET", "worker/log/stream", Answer(500, httpx.Response(200, json=refused).content))
    ]
    stop = threading.Event()
    for line in backend.log(NAME, task="worker", follow=True, stop=stop):
        assert line.message == "joined"
        stop.set()


def test_the_poller_is_polite():
    poller = Poller(interval=30)
    asked = []
    assert {poller.ask("x", lambda: asked.append(1)) for _ in range(50)} == {None}
    assert len(asked) == 1
    poller.forget()
    poller.ask("x", lambda: asked.append(1))
    assert len(asked) == 2


def test_one_status_asks_little(backend, world):
    launch(backend)
    backend.status(NAME)
    world.requests.clear()
    backend.status(NAME)
    assert len(world.requests) <= 7  # list, pods, containers and log of two pods, rules


def test_an_older_servers_plain_lists(backend, world):
    world.legacy_lists = True
    launch(backend)
    assert backend.names() == [NAME]


def test_jobs_of_others_pages_are_left_alone(backend, world):
    jobname = backend.submit_form(backend.template("Open WebUI client"))
    assert backend.names() == []
    assert jobname in world.jobs


def test_an_account_of_ones_own_leaves_the_session_as_it_is(url, client, world):
    stored = credentials.load(url).account
    other = CraterBackend(url=url, account="default", client=client, poller=Poller(0.0))
    assert stored == "lab-a"
    launch(other)
    assert only(world).account == "default"
    assert credentials.load(url).account == stored


# -- access and ending ---------------------------------------------------------------------------


def test_external_access_leads_to_the_head_only(backend, world):
    launch(backend)
    url = backend.expose(NAME)
    (pod,) = world.behind(url.split("/")[2])
    assert pod == only(world).pods[0].name
    assert backend.address(NAME) == url == backend.expose(NAME)  # made once
    assert backend.status(NAME).url == url
    reach = backend.reach(NAME)  # no way to the pod's address from here
    assert reach.url == url and reach.key


def test_opening_a_job_out_of_reach_makes_its_address(backend, world):
    launch(backend)
    assert backend.address(NAME, make=True) is None, "it does not serve yet"
    only(world).pods[0].log.append(READY)
    assert Job(backend, NAME).status(metrics=True).metrics is None
    assert backend.address(NAME) is None, "looking makes none"
    assert Job(backend, NAME).url == backend.address(NAME)
    assert backend.address(NAME).startswith("https://")


def test_an_engine_is_exposed_only_once_it_serves(backend, world):
    launch(backend)
    with pytest.raises(BackendUnavailable, match="does not serve yet"):
        backend.reach(NAME)
    assert world.rules == []
    only(world).pods[0].log.append(READY)
    assert world.behind(backend.reach(NAME).url.split("/")[2]) == [only(world).pods[0].name]


def test_the_network_that_lets_nothing_through(backend, world):
    launch(backend)
    with pytest.raises(BackendUnavailable, match="Nothing listens"):
        backend.connect(NAME)
    error = access.why(backend._seen(NAME), 8000, TimeoutError("timed out"))
    assert f"NetworkPolicy '{only(world).jobname}'" in str(error)


def test_open_webui_gets_the_heads_name_and_key(backend, world, webui):
    launch(backend)
    launch(backend, webui, "open-webui")
    engine, chat = world.jobs.values()
    assert chat.kind == "custom" and chat.body["shell"] == "sh"
    assert chat.body["envs"] == [
        {
            "name": "OPENAI_API_BASE_URL",
            "value": f"http://{engine.jobname}-master-0.{engine.jobname}.crater-workspace:8000/v1",
        }
    ]
    assert chat.body["forwards"] == [{"name": "webui", "port": 8080}]
    key = backend._key(backend._seen(NAME))
    assert [v.decode() for k, v in world.files.items() if k.endswith("client-key")] == [key]
    assert key not in json.dumps(chat.body)
    assert backend.status("open-webui").phase == "serving"
    assert backend.address("open-webui").startswith("https://")


def test_a_page_elsewhere_has_its_engine_offered_an_address(backend, world):
    launch(backend)
    assert watch.its_word(backend, NAME).code == "engine-not-serving"
    only(world).pods[0].log.append(READY)
    url, key = forwards.reach(backend, NAME)
    assert url.startswith("https://")
    assert key == backend._key(backend._seen(NAME))


def test_a_free_addresses_key_goes_into_the_storage_alone(backend, world, webui, monkeypatch):
    monkeypatch.setenv("JUPYTER_CRATER_CONNECT_KEY", "sk-theirs")
    free = webui.model_copy(update={"connect": Connect(url="https://models.example//v1/")})
    launch(backend, free, "chat")
    (chat,) = world.jobs.values()
    address = {"name": "OPENAI_API_BASE_URL", "value": "https://models.example/v1"}
    assert chat.body["envs"] == [address]
    assert [v for k, v in world.files.items() if k.endswith("client-key")] == [b"sk-theirs"]
    assert "sk-theirs" not in json.dumps(chat.body)
    other = free.model_copy(update={"connect": Connect(url="https://elsewhere.example")})
    with pytest.raises(ConflictError, match=r"connect: https://models.*→ https://elsewhere"):
        launch(backend, other, "chat")


def test_a_client_without_its_engine(backend, world, webui):
    with pytest.raises(JobNotFound):
        launch(backend, webui, "open-webui")
    assert world.jobs == {}


def test_delete_leaves_nothing(backend, world):
    launch(backend)
    backend.stop(NAME)
    launch(backend)
    backend.delete(NAME)
    assert world.jobs == {} and world.files == {}


def test_other_peoples_templates_are_not_changed(backend, world):
    form = backend.template(3)
    with pytest.raises(BackendError, match="bob's"):
        templates.publish(backend.client, form)
    with pytest.raises(BackendError, match="bob's"):
        templates.delete(backend.client, 3)
    assert world.templates[3]["name"] == "Open WebUI client"


def test_the_templates_open_webui_has_an_account_of_its_own(backend, world):
    launch(backend)
    there = {"image": "registry.example.com/crater/open-webui", "tag": "0.6.5"}
    wanted = templating.template("open-webui").render(there)
    connect = wanted.connect.model_copy(update={"job": NAME})
    launch(backend, wanted.model_copy(update={"connect": connect}), "chat")
    _, job = world.jobs.values()
    assert job.body["envs"][0]["name"] == "OPENAI_API_BASE_URL", "as in the seed"
    command = job.body["command"]
    for variable in ("OPENAI_API_KEY", "WEBUI_ADMIN_PASSWORD", "WEBUI_SECRET_KEY"):
        assert f"{variable}=$(cat /jupyter-crater/" in command
    assert "\nbash start.sh" in command
    passwords = [v.decode() for k, v in world.files.items() if k.endswith("new-password")]
    assert len(passwords) == 1
    assert len(passwords[0]) > 30
    assert passwords[0] not in str(job.body)
    account = Job(backend, "chat").account
    assert (account.email, account.password) == ("crater@localhost", passwords[0])
