"""The double enforces the real server's rules: every item of the checklist of its facts (8.1)."""

from __future__ import annotations

import base64
import json
import re

import httpx
import pytest

from tests.doubles.crater_server import App, InProcess, World, seed

IMAGE = {"imageLink": "registry.example.com/crater/open-webui:0.6.5", "archs": []}
RESOURCE = {"cpu": "2", "memory": "4Gi"}


class Session:
    """Raw requests, as somebody."""

    def __init__(self, world: World, name: str = "alice", password: str = "wonderland") -> None:
        self.world = world
        self.http = httpx.Client(
            transport=InProcess(App(world)), base_url="https://crater.example.com"
        )
        way = "ldap" if world.users[name].ldap else "normal"
        body = {"auth": way, "username": name, "password": password}
        self.tokens = self.http.post("/api/auth/login", json=body).json()["data"]
        self.access = self.tokens["accessToken"]

    def raw(self, method: str, path: str, body=None, **options) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.access}"}
        return self.http.request(method, f"/api/v1{path}", json=body, headers=headers, **options)

    def ok(self, method: str, path: str, body=None, **options):
        answer = self.raw(method, path, body, **options)
        assert (answer.status_code, answer.json()["code"]) == (200, 0), answer.text
        return answer.json()["data"]

    def bad(self, method: str, path: str, body=None, **options):
        answer = self.raw(method, path, body, **options)
        return answer.status_code, answer.json()["code"], answer.json()["msg"]

    def custom(self, **more) -> str:
        body = {"name": "openwebui", "image": IMAGE, "resource": RESOURCE, "workingDir": "/app"}
        made = self.ok("POST", "/vcjobs/training", body | more)
        return made["metadata"]["name"]

    def distributed(self, **more) -> str:
        task = {"replicas": 1, "resource": RESOURCE, "image": IMAGE, "workingDir": "/"}
        tasks = [task | {"name": "master"}, task | {"name": "worker"}]
        made = self.ok("POST", "/vcjobs/pytorch", {"name": "deepseek", "tasks": tasks} | more)
        return made["metadata"]["name"]

    def pods(self, job: str) -> list[dict]:
        return sorted(self.ok("GET", f"/vcjobs/{job}/pods"), key=lambda p: p["name"])


@pytest.fixture
def alice(world):
    return Session(world)


NAMESPACE = "/namespaces/crater-workspace/pods"


def test_envelope_and_null_lists(alice, world):
    assert alice.raw("GET", "/accounts").json() | {"data": 0} == {"code": 0, "data": 0, "msg": ""}
    world.templates.clear()
    world.images.clear()
    assert alice.ok("GET", "/jobtemplate/list") is None
    assert alice.ok("GET", "/images/available") == {"images": None}
    assert alice.raw("GET", "/nothing").text == "404 page not found"


def test_two_generations_of_errors(alice):
    assert alice.bad("GET", "/vcjobs/pyt-no/detail") == (500, 99999, "record not found")
    assert alice.bad("GET", "/vcjobs", params={"status": "Runing"}) == (
        400, 40004, 'unsupported status "Runing"',
    )  # fmt: skip
    status, code, text = alice.bad("POST", "/vcjobs/training", {"name": "x"})
    assert (status, code) == (400, 40001) and "'required' tag" in text


def test_tokens_expire_and_are_told_apart(alice, world):
    world.now_offset = 3601
    status, code, text = alice.bad("GET", "/vcjobs")
    assert (status, code) == (401, 40101) and text.endswith("token is expired")
    answer = alice.http.get("/api/v1/vcjobs")
    assert (answer.status_code, answer.json()["code"]) == (401, 40102)
    lower = alice.http.get("/api/v1/vcjobs", headers={"Authorization": f"bearer {alice.access}"})
    assert lower.json()["code"] == 40102
    alice.access = alice.tokens["refreshToken"]  # the same secret: it works as an access token
    assert alice.raw("GET", "/vcjobs").status_code == 200


def test_refresh_rotates_and_ends(alice, world):
    body = {"refreshToken": alice.tokens["refreshToken"]}
    new = alice.http.post("/api/auth/refresh", json=body).json()["data"]
    assert new["refreshToken"] != alice.tokens["refreshToken"]
    world.now_offset = 8 * 86400
    refused = alice.http.post("/api/auth/refresh", json=body)
    assert (refused.status_code, refused.json()["msg"]) == (401, "User not found")


def test_a_changed_role_stops_all_but_get(alice, world):
    world.users["alice"].role = 3
    assert alice.raw("GET", "/vcjobs").status_code == 200
    assert alice.bad("POST", "/vcjobs/training", {}) == (401, 40102, "Platform token not match")


def test_login_refusals(world):
    http = httpx.Client(transport=InProcess(App(world)), base_url="https://c.example.com")

    def login(auth, name, password):
        body = {"auth": auth, "username": name, "password": password}
        answer = http.post("/api/auth/login", json=body)
        return answer.status_code, answer.json()["code"]

    assert login("normal", "alice", "no") == (401, 40111)
    assert login("ldap", "bob", "builder") == (200, 0)
    assert login("normal", "alice", "") == (400, 40001)
    world.ldap = world.normal_login = False
    assert login("ldap", "bob", "builder") == (403, 40001)
    assert login("normal", "alice", "wonderland") == (403, 40301)
    assert login("token", "alice", "x") == (403, 40114)


def test_the_record_of_a_job_comes_later(alice, world):
    world.record_lag = 2
    job = alice.custom()
    assert alice.bad("GET", f"/vcjobs/{job}/detail")[2] == "record not found"
    world.now_offset = 3
    assert alice.ok("GET", f"/vcjobs/{job}/detail")["jobName"] == job


def test_names_are_generated(alice, world):
    assert re.fullmatch(r"sg-alice-\d{6}-[0-9a-f]{5}", alice.custom())
    assert re.fullmatch(r"pyt-alice-\d{6}-[0-9a-f]{5}", alice.distributed())
    assert alice.custom() != alice.custom()  # creation is not idempotent
    assert len(world.name_for("pyt", "a" * 60)) == 45


def test_pods_get_their_address_when_they_run(alice, world):
    world.start_after = 5
    job = alice.distributed()
    assert {(p["phase"], p["ip"]) for p in alice.pods(job)} == {("Pending", "")}
    world.now_offset = 6
    names = [p["name"] for p in alice.pods(job)]
    assert names == [f"{job}-master-0", f"{job}-worker-0"]
    assert all(p["phase"] == "Running" and p["ip"] for p in alice.pods(job))
    assert alice.pods(alice.custom())[0]["name"].endswith("-default0-0")


def test_prequeued_jobs_have_no_pods(alice, world):
    world.prequeue = True
    job = alice.custom()
    assert alice.ok("GET", f"/vcjobs/{job}/detail")["status"] == "Prequeue"
    assert alice.ok("GET", f"/vcjobs/{job}/pods") == []


def test_admission_quota_billing_and_the_job_limit(alice, world):
    def refused(**more):
        body = {"name": "x", "image": IMAGE, "resource": RESOURCE, "workingDir": "/"}
        return alice.bad("POST", "/vcjobs/training", body | more)

    huge = {"cpu": "2", "memory": "4Gi", "nvidia.com/v100": "8"}
    assert refused(resource=huge)[2].startswith("job admission failed: cannot place replica 1/1")
    world.quota = {"cpu": 1}
    assert refused()[2].startswith("requested resources exceed user queue quota")
    world.billing_empty = True
    assert refused()[:2] == (500, 40002)
    assert world.jobs == {}
    world.billing_empty, world.quota = False, {}
    for _ in range(100):
        alice.custom()
    assert refused()[2] == "[作业数量超过限制]"


def test_mounts_are_resolved(alice):
    body = {"name": "x", "image": IMAGE, "resource": RESOURCE, "workingDir": "/"}
    for mount, text in [
        ({"type": 2, "datasetID": 41, "mountPath": "/m"}, "record not found"),
        ({"type": 1, "subPath": "user/x", "mountPath": "/"}, "invalid mount path format: /"),
        ({"type": 1, "subPath": "etc", "mountPath": "/m"}, "invalid mount path format: etc"),
    ]:
        assert alice.bad("POST", "/vcjobs/training", body | {"volumeMounts": [mount]})[2] == text


def test_logs_are_base64_and_streams_ask_for_the_username(alice, world):
    world.logs["custom"] = ["one", "zwei ü"]
    job = alice.custom()
    (pod,) = alice.pods(job)
    path = f"{NAMESPACE}/{pod['name']}/containers/custom/log"
    assert base64.b64decode(alice.ok("GET", path)).decode() == "one\nzwei ü\n"
    tail = alice.ok("GET", path, params={"tailLines": 1})
    assert base64.b64decode(tail).decode() == "zwei ü\n"
    stream = alice.raw("GET", f"{path}/stream")
    assert stream.headers["content-type"] == "application/octet-stream"
    lines = [base64.b64decode(line).decode() for line in stream.text.splitlines()]
    assert lines == ["one\n", "zwei ü\n"]
    bob = Session(world, "bob", "builder")
    assert bob.bad("GET", f"{path}/stream")[:2] == (500, 40301)
    assert bob.raw("GET", path).status_code == 200  # the plain call checks no ownership


def test_a_waiting_container_has_no_log(alice, world):
    world.start_after = 60
    pod = alice.pods(alice.custom())[0]["name"]
    refused = alice.bad("GET", f"{NAMESPACE}/{pod}/containers/custom/log")
    assert refused[:2] == (500, 99999) and refused[2].startswith("failed to get log")
    assert alice.raw(
        "GET", f"{NAMESPACE}/{pod}/containers/custom/log/stream"
    ).text.startswith("ERROR: ")  # fmt: skip


def test_ingresses_of_a_pod(alice):
    pod = alice.pods(alice.custom(forwards=[{"name": "ui", "port": 8080}]))[0]["name"]
    (rule,) = alice.ok("GET", f"{NAMESPACE}/{pod}/ingresses")["ingresses"]
    assert re.fullmatch(r"https://[0-9a-f]{5}\.crater\.example\.com/", rule["prefix"])
    body = {"name": "ui", "port": 8080}
    alice.ok("DELETE", f"{NAMESPACE}/{pod}/ingresses", body)
    assert alice.ok("GET", f"{NAMESPACE}/{pod}/ingresses") == {"ingresses": None}
    assert alice.bad("DELETE", f"{NAMESPACE}/{pod}/ingresses")[:2] == (400, 40001)
    assert alice.ok("GET", f"{NAMESPACE}/nobody/ingresses") == {"ingresses": []}


def test_forwards_of_a_distributed_job_go_astray(alice, world):
    job = alice.distributed(forwards=[{"name": "api", "port": 8000}])
    head = f"{job}-master-0"
    assert alice.ok("GET", f"{NAMESPACE}/{head}/ingresses")["ingresses"] is None
    assert len(world.behind(world.rules[0].host)) == 2  # half of all requests meet the worker
    made = alice.ok("POST", f"{NAMESPACE}/{head}/ingresses", {"name": "api", "port": 8000})
    host = made["ingressPath"].split("/")[2]
    assert world.behind(host) == [head]
    assert len(alice.ok("GET", f"{NAMESPACE}/{head}/ingresses")["ingresses"]) == 1
    world.restart(world.jobs[job])  # a rule of a pod goes with the pod
    assert alice.ok("GET", f"{NAMESPACE}/{head}/ingresses")["ingresses"] is None


def test_deleting_twice_is_stop_then_purge(alice):
    job = alice.custom()
    alice.ok("DELETE", f"/vcjobs/{job}")
    assert alice.ok("GET", f"/vcjobs/{job}/detail")["status"] == "Deleted"
    alice.ok("DELETE", f"/vcjobs/{job}")
    assert alice.bad("GET", f"/vcjobs/{job}/detail")[2] == "record not found"


def test_templates_follow_the_body_and_belong_to_nobody(alice, world):
    new = {"name": "mine", "describe": "old", "document": "# Text", "template": "{}"}
    number = alice.ok("POST", "/jobtemplate/create", new)["id"]
    bob = Session(world, "bob", "builder")
    body = {"id": number, "name": "his", "describe": "", "document": "", "template": "{}"}
    bob.ok("PUT", "/jobtemplate/update/999", body)
    row = alice.ok("GET", f"/jobtemplate/{number}")
    assert (row["name"], row["describe"], row["document"]) == ("his", "old", "# Text")
    bob.ok("DELETE", f"/jobtemplate/delete/{number}")
    assert alice.bad("GET", f"/jobtemplate/{number}")[2] == "Failed to get job template"
    gone = "No job template found to delete"
    assert alice.bad("DELETE", f"/jobtemplate/delete/{number}")[2] == gone
    assert alice.bad("GET", "/jobtemplate/0")[:2] == (400, 40001)


def test_lists_in_pages_or_as_of_old(alice, world):
    for _ in range(3):
        alice.custom()
    page = alice.ok("GET", "/vcjobs", params={"page": 2, "page_size": 2})
    assert (len(page["items"]), page["total"], page["page_size"]) == (1, 3, 2)
    assert alice.bad("GET", "/vcjobs", params={"page_size": 201})[:2] == (400, 40004)
    world.legacy_lists = True
    assert len(alice.ok("GET", "/vcjobs")) == 3


def test_an_alert_needs_a_verified_mail(alice, world):
    body = {"name": "x", "image": IMAGE, "resource": RESOURCE, "workingDir": "/"}
    body |= {"alertEnabled": True}
    refused = alice.bad("POST", "/vcjobs/training", body)
    assert refused == (500, 40302, "Email not verified")
    world.users["alice"].mail_verified = True
    alice.ok("POST", "/vcjobs/training", body)


def test_oddities_of_shape(alice):
    assert alice.ok("GET", "/images/available")["images"][0]["archs"] is None
    assert [row["id"] for row in alice.ok("GET", "/dataset/detail/42")] == [42]


def test_websockets_take_the_token_from_the_query(alice):
    path = f"/api/v1/websocket{NAMESPACE}/x/containers/custom/terminal"
    upgrade = {"Upgrade": "websocket"}
    token = {"token": alice.tokens["refreshToken"]}
    assert alice.http.get(path, headers=upgrade, params=token).status_code == 101
    refused = alice.http.get(path, headers=upgrade | {"Authorization": f"Bearer {alice.access}"})
    assert refused.json()["code"] == 40101


def test_jobs_are_those_of_the_current_account(alice, world):
    alice.custom()
    switched = alice.ok("POST", "/auth/switch", {"queue": "default"})
    alice.access = switched["accessToken"]
    assert alice.ok("GET", "/vcjobs")["items"] is None
    refused = alice.bad("POST", "/auth/switch", {"queue": "lab-b"})
    assert refused == (500, 99999, "Queue not found")


def test_templates_of_the_seed_parse():
    for row in seed().templates.values():
        assert json.loads(row["template"])["version"] in ("20240528", "20250317")
