"""Routes of the double, free of any HTTP library: (method, path, query, headers, body) → Answer."""

from __future__ import annotations

import base64
import json
import re
import threading
from collections.abc import Iterable
from dataclasses import dataclass, field

from . import tokens
from .world import ENDED, METADATA_ONLY, Job, Pod, World, quantity, stamp

PREFIX = {"training": "sg", "pytorch": "pyt", "tensorflow": "tf"}
KIND = {"training": "custom", "pytorch": "pytorch", "tensorflow": "tensorflow"}
STATUSES = {
    *ENDED, *METADATA_ONLY, "Prequeue", "Pending", "Running", "Restarting", "Completing",
    "Aborting", "Terminating",
}  # fmt: skip


class Refused(Exception):
    """An answer that is a failure: HTTP status, code, text."""

    def __init__(self, status: int, code: int, text: str) -> None:
        super().__init__(text)
        self.status, self.code, self.text = status, code, text


def old(text: str, code: int = 99999, status: int = 500) -> Refused:
    return Refused(status, code, text)


@dataclass
class Answer:
    status: int
    body: bytes | Iterable[bytes]
    headers: dict = field(default_factory=lambda: {"content-type": "application/json"})


def envelope(data, status=200, code=0, msg="") -> Answer:
    return Answer(status, json.dumps({"code": code, "data": data, "msg": msg}).encode())


class App:
    """One server."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._lock = threading.RLock()

    def __call__(self, method: str, path: str, query: dict, headers: dict, body: bytes) -> Answer:
        """``query`` maps names to lists of values; ``headers`` has lower-case names."""
        with self._lock:
            self.world.requests.append((method, path))
            before, after = self._fault(method, path)
            if before is not None:
                return before
            self.world.settle()
            try:
                answer = self._route(method, path, query, headers, body)
            except Refused as refused:
                answer = envelope(None, refused.status, refused.code, refused.text)
            if after == "drop":  # done, and the answer never comes
                raise ConnectionResetError("the answer was lost")
            return answer

    def _fault(self, method: str, path: str) -> tuple[Answer | None, str | None]:
        """One-shot faults: (method, part of the path, Answer | "drop")."""
        for fault in self.world.faults:
            if fault[0] == method and fault[1] in path:
                self.world.faults.remove(fault)
                if isinstance(fault[2], Answer):
                    return fault[2], None
                return None, fault[2]
        return None, None

    # -- who asks ------------------------------------------------------------------------------

    def _tokens(self, user, account: str) -> dict:
        world = self.world
        claims = {"ui": user.id, "un": user.name, "qi": world.accounts[account], "qn": account}
        claims |= {"rq": 2, "rp": user.role, "am": 3, "pa": 2}
        now = world.now()
        return {
            "accessToken": tokens.sign(claims | {"exp": now + world.access_ttl}, world.secret),
            "refreshToken": tokens.sign(claims | {"exp": now + world.refresh_ttl}, world.secret),
        }

    def _login_data(self, user, account: str) -> dict:
        return self._tokens(user, account) | self._context(user, account)

    def _context(self, user, account: str) -> dict:
        return {
            "context": {
                "queue": account, "roleQueue": 2, "rolePlatform": user.role, "accessQueue": 2,
                "accessPublic": 2, "space": f"u-{user.id}",
            },
            "user": {"id": user.id, "name": user.name, "nickname": user.name.title()},
        }  # fmt: skip

    def _claims(self, method: str, path: str, query: dict, headers: dict) -> dict:
        if headers.get("upgrade") == "websocket":
            token = (query.get("token") or [""])[0]
        else:
            kind, _, token = headers.get("authorization", "").partition(" ")
            if kind != "Bearer" or not token:
                raise Refused(401, 40102, "Invalid token")
        try:
            claims = tokens.read(token, self.world.secret, self.world.now())
        except ValueError as error:
            raise Refused(401, 40101, str(error)) from None
        user = self.world.users[claims["un"]]
        if method != "GET" and claims["rp"] != user.role:
            raise Refused(401, 40102, "Platform token not match")
        if method != "GET" and claims["qn"] not in user.accounts and "auth/switch" not in path:
            raise Refused(401, 40102, "UserQueue not found")
        return claims

    # -- routes --------------------------------------------------------------------------------

    def _route(self, method, path, query, headers, body) -> Answer:
        if path == "/healthz":
            return Answer(200, b'{"message":"ok"}')
        if path.startswith("/api/auth/"):
            return self._auth(path.removeprefix("/api/auth/"), headers, body)
        if not path.startswith(("/api/v1/", "/api/ss/")):
            return self._unknown()
        claims = self._claims(method, path, query, headers)
        if path.startswith("/api/ss/"):
            return self._storage(method, path.removeprefix("/api/ss/"), claims, body)
        path = path.removeprefix("/api/v1")
        for verb, pattern, handler in ROUTES:
            found = re.fullmatch(pattern, path)
            if verb == method and found:
                try:
                    data = json.loads(body) if body else {}
                except ValueError:
                    raise Refused(400, 40001, "invalid character in body") from None
                self.query = query
                result = getattr(self, handler)(claims, data, *found.groups())
                return result if isinstance(result, Answer) else envelope(result)
        return self._unknown()

    def _unknown(self) -> Answer:
        return Answer(404, b"404 page not found", {"content-type": "text/plain"})

    def _auth(self, what: str, headers: dict, body: bytes) -> Answer:
        world = self.world
        data = json.loads(body) if body else {}
        if what == "mode":
            return envelope(
                {
                    "enableLdap": world.ldap,
                    "enableNormalLogin": world.normal_login,
                    "enableNormalRegister": False,
                }
            )
        if what == "login":
            if not data.get("username") or not data.get("password"):
                raise Refused(400, 40001, "Username or password not provided")
            if data["auth"] == "token":
                raise Refused(403, 40114, "Token login is no longer supported")
            if data["auth"] == "normal" and not world.normal_login:
                raise Refused(403, 40301, "Normal login is disabled")
            if data["auth"] == "ldap" and not world.ldap:
                raise Refused(403, 40001, "LDAP is disabled")
            user = world.users.get(data["username"])
            right = user and user.password == data["password"]
            if not right or user.ldap != (data["auth"] == "ldap"):
                raise Refused(401, 40111, "Invalid credentials")
            if not user.active:
                raise Refused(401, 99999, "User is not active")
            return envelope(self._login_data(user, user.accounts[-1]))
        if what == "refresh":
            try:
                claims = tokens.read(data["refreshToken"], world.secret, world.now())
            except ValueError:
                raise Refused(401, 99999, "User not found") from None
            now = world.now()  # roles are copied from the old token, not read again
            return envelope(
                {
                    "accessToken": tokens.sign(
                        claims | {"exp": now + world.access_ttl}, world.secret
                    ),
                    "refreshToken": tokens.sign(
                        claims | {"exp": now + world.refresh_ttl, "n": now}, world.secret
                    ),
                }
            )
        if what == "check":
            kind, _, token = headers.get("authorization", "").partition(" ")
            if kind != "Bearer":
                return envelope(None)
            try:
                claims = tokens.read(token, world.secret, world.now())
            except ValueError as error:
                raise Refused(401, 40101, str(error)) from None
            version = {"appVersion": "v1.1.1", "commitSHA": "b2f19348"}
            user = world.users[claims["un"]]
            return envelope(self._context(user, claims["qn"]) | {"version": version})
        return self._unknown()

    def _storage(self, method: str, path: str, claims: dict, body: bytes) -> Answer:
        world = self.world
        if not world.storage:
            raise old("storage is not available", 50005)
        key = f"{claims['un']}:{path.removeprefix('download/')}"
        if not path.removeprefix("download/").startswith("user"):
            raise old("permission denied", 40301)
        if method == "MKCOL":
            return Answer(201, b"", {})
        if method == "PUT":
            world.files[key] = body
            return Answer(201, b"", {})
        if method == "DELETE":
            world.files = {
                k: v for k, v in world.files.items() if k != key and not k.startswith(f"{key}/")
            }
            return Answer(204, b"", {})
        if method == "GET" and key in world.files:
            return Answer(200, world.files[key], {"content-type": "application/octet-stream"})
        return Answer(404, b"Not Found", {"content-type": "text/plain"})

    def switch(self, claims, data):
        user = self.world.users[claims["un"]]
        if data.get("queue") not in user.accounts:
            raise old("Queue not found")
        return self._login_data(user, data["queue"])

    def accounts(self, claims, data):
        user = self.world.users[claims["un"]]
        return [{"name": n, "nickname": n.title(), "role": 2} for n in user.accounts] or None

    # -- templates: nobody's ownership is checked ------------------------------------------------

    def templates(self, claims, data):
        return list(self.world.templates.values()) or None

    def template(self, claims, data, number):
        if not number.isdigit() or number == "0":
            raise Refused(400, 40001, "invalid id")
        if int(number) not in self.world.templates:
            raise old("Failed to get job template")
        return self.world.templates[int(number)]

    def template_create(self, claims, data):
        self._need(data, "name", "template")
        number = max(self.world.templates, default=0) + 1
        self.world.templates[number] = {
            "id": number, "name": data["name"], "describe": data.get("describe", ""),
            "document": data.get("document", ""), "template": data["template"],
            "createdAt": "2026-11-24T08:00:00.1+08:00",
            "userInfo": {"username": claims["un"], "nickname": claims["un"].title()},
        }  # fmt: skip
        return {"id": number}

    def template_update(self, claims, data, number):
        self._need(data, "id", "name", "template")
        row = self.world.templates.get(data["id"])  # the body's id; the path's is ignored
        if row is not None:
            given = {k: data.get(k) for k in ("name", "describe", "document", "template")}
            row.update({k: v for k, v in given.items() if v})  # zero values are skipped
        return "Update job template success"

    def template_delete(self, claims, data, number):
        if self.world.templates.pop(int(number), None) is None:
            raise old("No job template found to delete")
        return "Delete job template success"

    def _need(self, data: dict, *fields: str) -> None:
        for name in fields:
            if not data.get(name):
                title = name[0].upper() + name[1:]
                raise Refused(
                    400, 40001,
                    f"Key: 'Req.{title}' Error:Field validation for '{title}' failed on the "
                    "'required' tag",
                )  # fmt: skip

    # -- creating --------------------------------------------------------------------------------

    def create(self, claims, data, kind):
        world = self.world
        if kind == "training":
            self._need(data, "name", "resource", "image", "workingDir")
            tasks = [dict(data, name="default0", replicas=1)]
        else:
            self._need(data, "name", "tasks")
            for task in data["tasks"]:
                self._need(task, "name", "replicas", "resource", "image", "workingDir")
            tasks = data["tasks"]
            if data.get("scheduleType") == 0:
                raise Refused(400, 40001, "backfill is not supported")
        if world.billing_empty:
            raise old("billing precheck blocked: no points left", 40002)
        mine = [j for j in world.jobs.values() if j.user == claims["un"]]
        if sum(j.status in ("Running", "Pending") for j in mine) >= 100:
            raise old("[作业数量超过限制]")
        if data.get("alertEnabled") and not world.users[claims["un"]].mail_verified:
            raise old("Email not verified", 40302)
        for mount in data.get("volumeMounts") or []:
            self._mount(mount)
        if refusal := world.placeable(tasks):
            raise old(refusal)
        total: dict = {}
        for task in tasks:
            for name, amount in task["resource"].items():
                total[name] = total.get(name, 0) + quantity(amount) * task["replicas"]
        for name, most in world.quota.items():
            if claims["qi"] != 1 and total.get(name, 0) > most:
                raise old(f"requested resources exceed user queue quota: {name}")
        jobname = world.name_for(PREFIX[kind], claims["un"])
        now = world.now()
        job = Job(jobname, data, KIND[kind], claims["un"], claims["qn"], now, visible=now)
        world.jobs[jobname] = job
        meta = {"name": jobname, "namespace": "crater-workspace"}
        if world.prequeue:
            job.status = "Prequeue"  # inserted at once; nothing in the cluster
            return {"metadata": meta, "spec": {}, "status": {"state": {}}}
        job.visible = now + world.record_lag
        world.make_pods(job, tasks)
        base = {k: v for k, v in job.pods[0].labels.items() if k.startswith("crater")}
        for forward in data.get("forwards") or []:
            world.add_rule(forward["name"], forward["port"], base, jobname)
        meta |= {"uid": job.pods[0].uid, "creationTimestamp": stamp(now)}
        return {"metadata": meta, "spec": {}, "status": {"state": {"lastTransitionTime": None}}}

    def _mount(self, mount: dict) -> None:
        path = mount["mountPath"]
        if not path.startswith("/") or path == "/" or ".." in path or "//" in path:
            raise old(f"invalid mount path format: {path}")
        if mount["type"] == 1 and not mount["subPath"].startswith(("user", "account", "public")):
            raise old(f"invalid mount path format: {mount['subPath']}")
        known = [row["id"] for row in self.world.datasets]
        if mount["type"] == 2 and mount.get("datasetID") not in known:
            raise old("record not found")

    # -- observing -------------------------------------------------------------------------------

    def _job(self, claims: dict, name: str) -> Job:
        job = self.world.jobs.get(name)
        mine = job and (job.user, job.account) == (claims["un"], claims["qn"])
        if not job or self.world.now() < job.visible or not (mine or claims["rp"] == 3):
            raise old("record not found")
        return job

    def _item(self, job: Job) -> dict:
        return {
            "name": job.body["name"], "jobName": job.jobname, "owner": job.user.title(),
            "userInfo": {"username": job.user, "nickname": job.user.title()},
            "jobType": job.kind, "scheduleType": 1, "queue": job.account.title(),
            "status": job.status, "createdAt": stamp(job.created),
            "startedAt": stamp(job.started), "completedAt": stamp(job.completed),
            "nodes": [p.node for p in job.pods if p.node] or None, "resources": {},
            "locked": job.locked, "permanentLocked": job.permanent, "lockedTimestamp": None,
            "billedPointsTotal": 0,
        }  # fmt: skip

    def jobs(self, claims, data):
        query = self.query
        for status in query.get("status", []):
            if status not in STATUSES:
                raise Refused(400, 40004, f'unsupported status "{status}"')
        rows = [
            job for job in reversed(self.world.jobs.values())
            if (job.user, job.account) == (claims["un"], claims["qn"])
            and self.world.now() >= job.visible
            and job.status in (query.get("status") or [job.status])
            and (query.get("search") or [""])[0] in job.body["name"] + job.jobname
        ]  # fmt: skip
        items = [self._item(job) for job in rows]
        if self.world.legacy_lists:
            return items or None
        page, size = (
            int((query.get("page") or ["1"])[0]),
            int((query.get("page_size") or ["10"])[0]),
        )
        if not (page >= 1 and 1 <= size <= 200):
            raise Refused(400, 40004, "page_size must be between 1 and 200")
        part = items[(page - 1) * size : page * size]
        return {"items": part or None, "total": len(items), "page": page, "page_size": size}

    def detail(self, claims, data, name):
        job = self._job(claims, name)
        item = {k: v for k, v in self._item(job).items() if k not in ("nodes", "locked")}
        extra = {"namespace": "crater-workspace", "username": job.user, "nickname": job.user}
        return item | extra | {"events": None, "terminatedStates": None}

    def pods(self, claims, data, name):
        return [
            {
                "name": p.name, "namespace": "crater-workspace", "nodename": p.node, "ip": p.ip,
                "port": p.ports, "resource": p.resource, "phase": p.phase,
            }
            for p in sorted(self._job(claims, name).pods, key=lambda p: p.uid)
        ]  # fmt: skip

    def events(self, claims, data, name):
        self._job(claims, name)
        return

    def job_template(self, claims, data, name):
        return self._job(claims, name).body.get("template", "")

    def job_delete(self, claims, data, name):
        job = self._job(claims, name)
        if job.status in (*ENDED, *METADATA_ONLY):
            del self.world.jobs[name]
        else:
            self.world.end(job, "Deleted")
        self.world.rules = [r for r in self.world.rules if r.owner != name]

    # -- pods: no ownership check ----------------------------------------------------------------

    def _pod(self, name: str) -> Pod | None:
        pods = [p for j in self.world.jobs.values() for p in j.pods]
        return next((p for p in pods if p.name == name), None)

    def containers(self, claims, data, pod):
        found = self._pod(pod)
        if found is None:
            raise old(f'pods "{pod}" not found')
        state = {"running": {}} if found.phase == "Running" else {
            "waiting": {"reason": found.waiting or "ContainerCreating",
                        "message": f"Back-off pulling image {found.image}" if found.waiting else ""}
        }  # fmt: skip
        row = {"name": found.container, "image": found.image, "state": state}
        return {"containers": [row | {"restartCount": found.restarts, "isInitContainer": False}]}

    def log(self, claims, data, pod, container):
        found = self._pod(pod)
        if found is None or found.phase != "Running" or container != found.container:
            raise old(f'failed to get log: container "{container}" in pod "{pod}" is waiting')
        lines = self._lines(found)
        return base64.b64encode("".join(lines).encode()).decode()

    def _lines(self, pod: Pod) -> list[str]:
        lines = [f"{line}\n" for line in pod.log]
        if (self.query.get("timestamps") or [""])[0] == "true":
            lines = [f"{stamp(self.world.now())} {line}" for line in lines]
        tail = (self.query.get("tailLines") or [""])[0]
        return lines[-int(tail) :] if tail else lines

    def log_stream(self, claims, data, pod, container):
        if claims["rp"] != 3 and claims["un"] not in pod:
            raise old("user not allowed", 40301)
        found = self._pod(pod)
        if found is None or found.phase != "Running":
            return Answer(200, [b"ERROR: container is waiting\n"], dict(STREAM))
        chunks = [base64.b64encode(line.encode()) + b"\n" for line in self._lines(found)]
        return Answer(200, chunks, dict(STREAM))

    # -- external access -------------------------------------------------------------------------

    def ingresses(self, claims, data, pod):
        found = self._pod(pod)
        if found is None:
            return {"ingresses": []}
        rows = []
        for rule in self.world.rules:
            wanted = {"crater.raids.io/base-url", "crater.raids.io/task-user"}
            if found.labels["crater.raids.io/task-type"] in ("pytorch", "tensorflow"):
                # Services made with the job have no such labels, so they are never listed here.
                wanted |= {"volcano.sh/task-index", "volcano.sh/task-spec"}
            if all(rule.selector.get(k) == found.labels[k] for k in wanted):
                url = f"https://{rule.host}/"
                rows.append({"name": rule.name, "port": rule.port, "prefix": url})
        return {"ingresses": rows or None}

    def ingress_create(self, claims, data, pod):
        self._need(data, "name", "port")
        found = self._pod(pod)
        if found is None:
            raise old(f'pods "{pod}" not found')
        rule = self.world.add_rule(data["name"], data["port"], dict(found.labels), found.uid)
        return {"ingressPath": f"https://{rule.host}/"}

    def ingress_delete(self, claims, data, pod):
        self._need(data, "name", "port")  # a JSON body on DELETE; matched by port only
        found = self._pod(pod)
        if found is not None:
            self.world.rules = [
                r for r in self.world.rules
                if r.port != data["port"] or not (r.selector.items() <= found.labels.items())
            ]  # fmt: skip
        return "Delete ingress success"

    def terminal(self, claims, data, pod, container):
        return Answer(101, b"", {})

    # -- the form --------------------------------------------------------------------------------

    def resources(self, claims, data):
        rows = [
            {"ID": 1, "name": "nvidia.com/v100", "label": "NVIDIA V100 32GB", "type": "gpu"},
            {"ID": 2, "name": "rdma/rdma_v100", "label": "InfiniBand (V100 4×32)", "type": "rdma"},
        ]
        only = (self.query.get("withVendorDomain") or [""])[0] == "true"
        return [r for r in rows if r["type"] == "gpu"] if only else rows

    def networks(self, claims, data, number):
        rows = [{"ID": 2, "name": "rdma/rdma_v100", "label": "InfiniBand (V100 4×32)"}]
        return rows if number == "1" else []

    def quota(self, claims, data):
        return {"cpu": None, "memory": None, "gpus": None}

    def limit_check(self, claims, data):
        limits = self.world.limits
        if limits is None:
            return {"enabled": False, "exceeded": False, "details": None}
        rows = [
            {"resource": k, "used": "0", "limit": str(limits[k]), "exceeded": quantity(v) > limits[k]}
            for k, v in data["requestedResources"].items() if k in limits
        ]  # fmt: skip
        return {"enabled": True, "exceeded": any(r["exceeded"] for r in rows), "details": rows}

    def email(self, claims, data):
        return {"verified": self.world.users[claims["un"]].mail_verified}

    def images(self, claims, data):
        return {"images": self.world.images or None}

    def datasets(self, claims, data):
        return self.world.datasets or None

    def dataset(self, claims, data, number):
        return [row for row in self.world.datasets if row["id"] == int(number)]


STREAM = {"content-type": "application/octet-stream"}
_POD = r"/namespaces/[\w-]+/pods/([\w.-]+)"
_CONTAINER = _POD + r"/containers/([\w-]+)"
ROUTES = [
    ("POST", "/auth/switch", "switch"),
    ("GET", "/accounts", "accounts"),
    ("GET", "/jobtemplate/list", "templates"),
    ("POST", "/jobtemplate/create", "template_create"),
    ("PUT", r"/jobtemplate/update/(\w+)", "template_update"),
    ("DELETE", r"/jobtemplate/delete/(\w+)", "template_delete"),
    ("GET", r"/jobtemplate/(\w+)", "template"),
    ("POST", "/vcjobs/(training|pytorch|tensorflow)", "create"),
    ("GET", "/vcjobs", "jobs"),
    ("GET", r"/vcjobs/([\w.-]+)/detail", "detail"),
    ("GET", r"/vcjobs/([\w.-]+)/pods", "pods"),
    ("GET", r"/vcjobs/([\w.-]+)/event", "events"),
    ("GET", r"/vcjobs/([\w.-]+)/template", "job_template"),
    ("DELETE", r"/vcjobs/([\w.-]+)", "job_delete"),
    ("GET", _POD + "/containers", "containers"),
    ("GET", _CONTAINER + "/log", "log"),
    ("GET", _CONTAINER + "/log/stream", "log_stream"),
    ("GET", "/websocket" + _CONTAINER + "/terminal", "terminal"),
    ("GET", _POD + "/ingresses", "ingresses"),
    ("POST", _POD + "/ingresses", "ingress_create"),
    ("DELETE", _POD + "/ingresses", "ingress_delete"),
    ("GET", "/resources", "resources"),
    ("GET", r"/resources/(\d+)/networks", "networks"),
    ("GET", "/context/quota", "quota"),
    ("POST", "/context/resource-limit-check", "limit_check"),
    ("GET", "/users/email/verified", "email"),
    ("GET", "/images/available", "images"),
    ("GET", "/dataset/mydataset", "datasets"),
    ("GET", r"/dataset/detail/(\d+)", "dataset"),
]
