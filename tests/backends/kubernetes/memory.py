"""Objects in memory behind the API's verbs, by the rules of a real API server: a cluster to play with.

It keeps namespaces, names, uids, resource versions, selectors, pages, watches with bookmarks, dry
runs, owner references, finalizers, logs and port-forwards; it refuses what schemas, CRDs, Volcano's
webhooks (``refusals``) and rights refuse: those are a list of what is denied. Each rule has a test in
``test_memory``, which names where it comes from. No controllers, scheduler or kubelets: ``playing``.
"""

from __future__ import annotations

import base64
import contextlib
import copy
import hashlib
import json
import re
import socket
import struct
import threading
import time
import uuid
from datetime import UTC, datetime

from . import refusals
from .scripted import Answer, Scripted, status

_PATH = re.compile(
    r"^/(?:api|apis)/(?P<group>v1|[^/]+/[^/]+)(?:/namespaces/(?P<ns>[^/]+))?"
    r"/(?P<plural>[a-z]+)(?:/(?P<name>[^/]+))?(?:/(?P<sub>[a-z]+))?$"
)
GROUPS = ("batch", "batch.volcano.sh", "ray.io", "scheduling.volcano.sh", "bus.volcano.sh")
EVERYWHERE = ("v1/nodes",)
"""What is in no namespace."""
OWN_DEFINITION = (".sh", ".io")
"""Groups of CRDs: their objects say their kind in lists, too."""


KIND = {
    "pods": "Pod",
    "secrets": "Secret",
    "services": "Service",
    "events": "Event",
    "nodes": "Node",
    "resourcequotas": "ResourceQuota",
    "networkpolicies": "NetworkPolicy",
    "ingresses": "Ingress",
    "jobs": "Job",
    "rayjobs": "RayJob",
    "podgroups": "PodGroup",
    "commands": "Command",
}
MERGE = "application/merge-patch+json"
FOREGROUND = "foregroundDeletion"


def now(offset: float = 0.0) -> str:
    return datetime.fromtimestamp(time.time() + offset, UTC).isoformat().replace("+00:00", "Z")


def _moment(stamp):
    moment = datetime.fromisoformat(stamp)
    if moment.tzinfo is None:
        raise ValueError(stamp)
    return moment.timestamp()


def _fits(query, document):
    """By the label selector, and by the fields that pods can be chosen by."""
    labels = document["metadata"].get("labels") or {}
    for part in filter(None, query.get("labelSelector", "").split(",")):
        key, equals, value = part.partition("=")
        if not (labels.get(key) == value if equals else key in labels):
            return False
    for part in filter(None, query.get("fieldSelector", "").split(",")):
        field, differs, value = re.fullmatch(r"([a-zA-Z.]+)(!?)=(.*)", part).groups()
        one, two = field.split(".")
        if ((document.get(one) or {}).get(two, "") == value) == bool(differs):
            return False
    return True


def _forbidden(verb, what, name, group, space):
    """apiserver/pkg/endpoints/handlers/responsewriters/errors.go."""
    resource = f"{what}.{group}" if group else what
    about = f'{resource} "{name}"' if name else resource
    text = f'User "ana" cannot {verb} resource "{what}" in API group "{group}" in the namespace "{space}"'
    return status(403, "Forbidden", f"{about} is forbidden: {text}")


def merged(old, patch):
    if not isinstance(patch, dict):
        return patch
    found = dict(old) if isinstance(old, dict) else {}
    for key, value in patch.items():
        if value is None:
            found.pop(key, None)
        else:
            found[key] = merged(found.get(key), value)
    return found


class Memory(Scripted):
    """``objects``: (group/plural, name) → document. ``fault(method, path, query)`` may answer first."""

    def __init__(self):
        super().__init__()
        self.objects = {}
        self.version = 100
        self.oldest = 0
        self.history = []
        self.changed = threading.Condition()
        self.denied = set()
        self.groups = GROUPS
        self.logs = {}
        self.bookmark_s = 0.3
        self.watch_s = 3600.0
        self.fault = lambda *_: None
        self.targets = {}
        self.forwards = []
        self.namespaces = {"team", "default", "other"}
        self.tokens = None
        """Those that are taken; None: any."""
        self.linger = 0.0
        """Seconds that a pod takes to end after it was deleted."""
        self.pages = {}
        self.queues = {
            name: {"spec": {"parent": parent}, "status": {"state": "Open"}}
            for name, parent in (("root", ""), ("default", "root"), ("gpu", "root"))
        }
        self.answer = self._answer
        self.down = False
        self.dropped = 0

    # -- what tests do ---------------------------------------------------------------------------

    def put(self, plural, document):
        """Create or replace, as a controller or kubelet does."""
        with self.changed:
            document = copy.deepcopy(document)
            key = (plural, document["metadata"]["name"])
            kind = "MODIFIED" if key in self.objects else "ADDED"
            document["metadata"].setdefault("uid", str(uuid.uuid4()))
            document["metadata"].setdefault("creationTimestamp", now())
            if plural not in EVERYWHERE:
                document["metadata"].setdefault("namespace", "team")
            self._store(kind, key, document)
            return document

    def drop(self, plural, name):
        with self.changed:
            document = self.objects.get((plural, name))
            if document is not None:
                self._remove(plural, name, document)

    def get(self, plural, name):
        return self.objects.get((plural, name))

    def names(self, plural):
        return sorted(n for p, n in self.objects if p == plural)

    def close(self):
        """Away for good, with every connection."""
        self.down = True
        self.cut_forwards()
        self.server.shutdown()
        self.server.server_close()

    def compact(self):
        """Forget the past, as etcd does every five minutes."""
        with self.changed:
            self.oldest = self.version
            self.history.clear()
            self.pages.clear()

    # -- the server ------------------------------------------------------------------------------

    def _store(self, kind, key, document):
        self.version += 1
        document["metadata"]["resourceVersion"] = str(self.version)
        before = self.objects.pop(key, None)
        if kind != "DELETED":
            self.objects[key] = document
        self.history.append((self.version, key[0], kind, copy.deepcopy(document), before))
        self.changed.notify_all()

    def _answer(self, method, path, query):
        if self.down:
            return Answer(cut=True)
        if (found := self.fault(method, path, query)) is not None:
            return found
        body = self.request.body
        token = self.request.headers.get("authorization", "").removeprefix("Bearer ")
        if self.tokens is not None and token not in self.tokens:
            return status(401, "Unauthorized", "Unauthorized")
        if path == "/apis":
            return Answer({"kind": "APIGroupList", "groups": [{"name": g} for g in self.groups]})
        match = _PATH.match(path)
        if match is None:
            return status(404, "NotFound", f"the server could not find {path}")
        plural = f"{match['group']}/{match['plural']}"
        name, sub, space = match["name"], match["sub"], match["ns"]
        group = match["group"].rpartition("/")[0]
        if match["plural"] == "selfsubjectaccessreviews":
            return Answer({"status": {"allowed": self._may(body["spec"]["resourceAttributes"])}})
        if group and group not in (*self.groups, "networking.k8s.io"):
            return status(404, "NotFound", "the server could not find the requested resource")
        verb = {"POST": "create", "PATCH": "patch", "DELETE": "delete"}.get(method)
        verb = verb or ("get" if name else "watch" if "watch" in query else "list")
        what = match["plural"] + (f"/{sub}" if sub else "")
        if (verb, what) in self.denied:
            return _forbidden(verb, what, name, group, space)
        if sub == "log":
            return self._log(name, query)
        if method == "PATCH" and self.request.headers["content-type"] != MERGE:
            return status(
                415, "UnsupportedMediaType", "the body of the request was in an unknown format"
            )
        return self._verb(method, plural, space, name, query, body)

    def _may(self, what):
        name = what["resource"] + (f"/{what['subresource']}" if "subresource" in what else "")
        return (what["verb"], name) not in self.denied

    def _verb(self, method, plural, space, name, query, body):
        with self.changed:
            if method == "GET" and name is None:
                if "watch" in query:
                    return Answer(stream=self._watch(plural, space, query))
                return self._list(plural, space, query)
            if method == "POST":
                return self._create(plural, space, query, body)
            there = self.objects.get((plural, name))
            if there is None or space not in (None, there["metadata"].get("namespace")):
                return status(404, "NotFound", f'{plural} "{name}" not found')
            if method == "GET":
                return Answer(copy.deepcopy(there))
            if method == "PATCH":
                return self._patch(plural, name, there, body)
            wanted = (body or {}).get("preconditions", {}).get("uid")
            if wanted and wanted != there["metadata"]["uid"]:
                return status(409, "Conflict", "Precondition failed: UID in precondition")
            self._delete(plural, name, there, (body or {}).get("propagationPolicy", "Background"))
            return Answer(copy.deepcopy(there))

    def _create(self, plural, space, query, body):
        document = copy.deepcopy(body)
        meta = document["metadata"]
        if space not in self.namespaces:
            return status(404, "NotFound", f'namespaces "{space}" not found')
        if meta.setdefault("namespace", space) != space:
            text = "the namespace of the provided object does not match the namespace sent on the request"
            return status(400, "BadRequest", text)
        if "name" not in meta:
            meta["name"] = meta["generateName"] + uuid.uuid4().hex[:5]
        document.pop("status", None)
        if (refused := refusals.created(plural, document, query, self.queues)) is not None:
            return refused
        if (plural, meta["name"]) in self.objects:
            return status(409, "AlreadyExists", f'{plural} "{meta["name"]}" already exists')
        if "stringData" in document:
            coded = {
                k: base64.b64encode(v.encode()).decode()
                for k, v in document.pop("stringData").items()
            }
            document["data"] = coded
        meta |= {"uid": str(uuid.uuid4()), "creationTimestamp": now()}
        if "dryRun" not in query:
            self._store("ADDED", (plural, meta["name"]), document)
        return Answer(copy.deepcopy(document), 201)

    def _patch(self, plural, name, there, body):
        asked = (body.get("metadata") or {}).get("resourceVersion")
        if asked not in (None, there["metadata"]["resourceVersion"]):
            text = (
                f'Operation cannot be fulfilled on {plural} "{name}": the object has been modified'
            )
            return status(409, "Conflict", text)
        after = merged(copy.deepcopy(there), body)
        if (refused := refusals.changed(plural, there, after)) is not None:
            return refused
        meta = after["metadata"]
        self._store("MODIFIED", (plural, name), after)
        if meta.get("deletionTimestamp") and not meta.get("finalizers"):
            self._remove(plural, name, after)
        return Answer(copy.deepcopy(after))

    def _delete(self, plural, name, there, policy="Background"):
        meta = there["metadata"]
        if policy == "Foreground":
            meta["finalizers"] = sorted({*meta.get("finalizers", []), FOREGROUND})
        elif policy == "Orphan":
            self._orphan(meta["uid"])
        if plural == "v1/pods" and self.linger and "deletionTimestamp" not in meta:
            threading.Timer(self.linger, self.drop, (plural, name)).start()
            meta["deletionTimestamp"] = now()
            self._store("MODIFIED", (plural, name), there)
            return
        if meta.get("finalizers") or (plural == "v1/pods" and self.linger):
            meta.setdefault("deletionTimestamp", now())
            self._store("MODIFIED", (plural, name), there)
            if FOREGROUND in meta.get("finalizers", []):
                self._collect(meta["uid"])
                self._unblock(meta["uid"])
            return
        self._remove(plural, name, there)

    def _remove(self, plural, name, there):
        """Gone; then what it owned, and whoever waited for it."""
        if (plural, name) not in self.objects:
            return
        self._store("DELETED", (plural, name), there)
        self._collect(there["metadata"]["uid"])
        for owner in there["metadata"].get("ownerReferences") or []:
            self._unblock(owner["uid"])

    def _owned(self, uid):
        for (plural, name), document in list(self.objects.items()):
            for owner in document["metadata"].get("ownerReferences") or []:
                if owner["uid"] == uid:
                    yield plural, name, document, owner

    def _collect(self, uid):
        for plural, name, document, _ in self._owned(uid):
            if "deletionTimestamp" not in document["metadata"]:
                self._delete(plural, name, document)

    def _orphan(self, uid):
        for plural, name, document, owner in self._owned(uid):
            document["metadata"]["ownerReferences"].remove(owner)
            self._store("MODIFIED", (plural, name), document)

    def _unblock(self, uid):
        """A foreground deletion ends when nothing is left that blocks it."""
        for (plural, name), document in list(self.objects.items()):
            meta = document["metadata"]
            if meta["uid"] == uid and FOREGROUND in meta.get("finalizers", []):
                if any(owner.get("blockOwnerDeletion") for *_, owner in self._owned(uid)):
                    return
                meta["finalizers"].remove(FOREGROUND)
                self._store("MODIFIED", (plural, name), document)
                if not meta["finalizers"]:
                    self._remove(plural, name, document)

    def _chosen(self, plural, space, query):
        return [
            copy.deepcopy(document)
            for (kind, _), document in sorted(self.objects.items())
            if kind == plural
            and space in (None, document["metadata"].get("namespace"))
            and _fits(query, document)
        ]

    def _list(self, plural, space, query):
        kind = KIND.get(plural.rpartition("/")[2], "")
        version, left = self.version, None
        if token := query.get("continue"):
            if token not in self.pages:
                return status(410, "Expired", "The provided continue parameter is too old")
            version, left = self.pages[token]
        found = self._chosen(plural, space, query) if left is None else left
        if not plural.partition("/")[0].endswith(OWN_DEFINITION):
            found = [{k: v for k, v in d.items() if k not in ("kind", "apiVersion")} for d in found]
        size = int(query.get("limit") or 10**9)
        meta = {"resourceVersion": str(version)}
        if rest := found[size:]:
            meta |= {"continue": uuid.uuid4().hex, "remainingItemCount": len(rest)}
            self.pages[meta["continue"]] = (version, rest)
        about = {"kind": f"{kind}List", "apiVersion": plural.rpartition("/")[0]}
        return Answer(about | {"metadata": meta, "items": found[:size]})

    def _watch(self, plural, space, query):
        with self.changed:
            last = int(query.get("resourceVersion") or 0)
            known = self._chosen(plural, space, query) if not last else []
            last = last or self.version
        yield from ({"type": "ADDED", "object": document} for document in known)
        dropped = self.dropped
        if last < self.oldest:
            gone = {"kind": "Status", "code": 410, "reason": "Expired", "message": "too old"}
            yield {"type": "ERROR", "object": gone}
            return
        ends = time.monotonic() + min(self.watch_s, float(query.get("timeoutSeconds") or 1e9))
        while time.monotonic() < ends and not self.down and dropped == self.dropped:
            with self.changed:
                fresh = [h for h in self.history if h[0] > last and h[1] == plural]
                if not fresh:
                    self.changed.wait(self.bookmark_s)
                    fresh = [h for h in self.history if h[0] > last and h[1] == plural]
                version = self.version
                if last < self.oldest:  # what came meanwhile was forgotten: no bookmark may skip it
                    return
            for number, _, kind, document, before in fresh:
                last = number
                if space not in (None, document["metadata"].get("namespace")):
                    continue
                was = before is not None and _fits(query, before)
                fits = kind != "DELETED" and _fits(query, document)
                if was or fits:
                    word = "MODIFIED" if was and fits else "ADDED" if fits else "DELETED"
                    yield {"type": word, "object": document}
            if not fresh:
                last = max(last, version)
                if query.get("allowWatchBookmarks") == "true":
                    mark = {"metadata": {"resourceVersion": str(last)}}
                    yield {"type": "BOOKMARK", "object": mark}

    def _log(self, pod, query):
        there = self.objects.get(("v1/pods", pod))
        if there is None:
            return status(404, "NotFound", f'pods "{pod}" not found')
        names = [c["name"] for c in (there.get("spec") or {}).get("containers") or []]
        if (container := query.get("container", names[0])) not in names:
            text = f"container {container} is not valid for pod {pod}"
            return status(400, "BadRequest", text)
        try:
            since = _moment(query["sinceTime"]) if "sinceTime" in query else 0.0
        except ValueError:
            return status(
                400, "BadRequest", f"sinceTime: {query['sinceTime']!r} is no RFC 3339 time"
            )
        lines = self.logs.get((pod, "previous" if query.get("previous") == "true" else "now"))
        if lines is None and "previous" in query:
            text = f'previous terminated container "{container}" in pod "{pod}" not found'
            return status(400, "BadRequest", text)
        if lines is None:
            text = f'container "{container}" in pod "{pod}" is waiting to start'
            return status(400, "BadRequest", text)
        stamped = query.get("timestamps") == "true"

        def shown(stamp, text):
            return f"{stamp} {text}\n" if stamped else f"{text}\n"

        if query.get("follow") == "true":
            return Answer(stream=self._follow(pod, lines, since, shown))
        text = "".join(shown(s, t) for s, t in lines if int(_moment(s)) >= since)
        return Answer(stream=[text.encode()[: int(query.get("limitBytes") or 10**9)].decode()])

    def _follow(self, pod, lines, since, shown):
        told = 0
        while not self.down:
            for stamp, text in lines[told:]:
                told += 1
                if text in ("<cut>", "<end>"):
                    lines.remove((stamp, text))
                    if text == "<end>":  # as a server that restarts in peace
                        return
                    raise OSError("cut")
                if int(_moment(stamp)) >= since:
                    yield shown(stamp, text)
            document = self.get("v1/pods", pod)
            if document is None or document["status"]["phase"] not in ("Running", "Pending"):
                return
            yield 0.05

    def say(self, pod, text, kind="now"):
        self.logs.setdefault((pod, kind), []).append((now(), text))

    # -- port-forward ----------------------------------------------------------------------------

    def upgrade(self, handler):
        """A websocket to ``targets[pod]``: an address, or words that refuse."""
        parts = handler.path.split("?")[0].split("/")
        pod, port = parts[-2], int(handler.path.rpartition("ports=")[2])
        target = self.targets.get(pod)
        if self.down:
            handler.connection.close()
            return
        refused = self.denied & {("get", "pods/portforward"), ("create", "pods/portforward")}
        if refused or target is None:
            code, words = (403, "forbidden") if target else (404, f'pods "{pod}" not found')
            body = json.dumps({"kind": "Status", "code": code, "message": words}).encode()
            handler.send_response(code)
            handler.send_header("Content-Length", str(len(body)))
            handler.end_headers()
            handler.wfile.write(body)
            return
        if "v4.channel.k8s.io" not in handler.headers.get("Sec-WebSocket-Protocol", ""):
            handler.send_error(
                403, "no protocol that is known"
            )  # as golang.org/x/net/websocket does
            return
        key = handler.headers["Sec-WebSocket-Key"] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
        handler.send_response(101)
        handler.send_header("Upgrade", "websocket")
        handler.send_header("Connection", "Upgrade")
        accept = base64.b64encode(hashlib.sha1(key.encode()).digest()).decode()
        handler.send_header("Sec-WebSocket-Accept", accept)
        handler.send_header("Sec-WebSocket-Protocol", "v4.channel.k8s.io")
        handler.end_headers()
        handler.wfile.flush()
        self._bridge(handler, target, port)

    def _bridge(self, handler, target, port):
        sock, rfile = handler.connection, handler.rfile
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for channel in (0, 1):
            _send(sock, bytes([channel]) + struct.pack("<H", port))
        try:
            far = socket.create_connection(target, timeout=5)
        except OSError as error:
            _send(sock, b"\x01" + f"error forwarding port {port}: {error}".encode())
            return
        far.settimeout(None)
        self.forwards.append((sock, far))

        def back():
            with contextlib.suppress(OSError):
                while data := far.recv(65536):
                    _send(sock, b"\x00" + data)
                _send(sock, struct.pack(">H", 1000), 0x8)

        threading.Thread(target=back, daemon=True).start()
        with contextlib.suppress(OSError, struct.error, ValueError):
            while True:
                first, second = rfile.read(2)
                if not second & 0x80:  # RFC 6455, 5.1: a client masks, or the connection ends
                    _send(sock, struct.pack(">H", 1002), 0x8)
                    break
                size = second & 0x7F
                if size > 125:
                    form = ">H" if size == 126 else ">Q"
                    (size,) = struct.unpack(form, rfile.read(struct.calcsize(form)))
                mask, data = rfile.read(4), rfile.read(size)
                key = int.from_bytes((mask * (size // 4 + 1))[:size], "big")
                data = (int.from_bytes(data, "big") ^ key).to_bytes(size, "big")
                if first & 0xF == 0x8:
                    break
                far.sendall(data[1:])
        with contextlib.suppress(OSError):
            far.shutdown(socket.SHUT_RDWR)  # closing alone wakes nobody who reads
        far.close()

    def cut_forwards(self):
        for sock, far in self.forwards:
            for each in (sock, far):
                with contextlib.suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)
        self.forwards.clear()


def _send(sock, payload, code=0x2):
    size = len(payload)
    if size < 126:
        head = struct.pack(">BB", 0x80 | code, size)
    elif size < 65536:
        head = struct.pack(">BBH", 0x80 | code, 126, size)
    else:
        head = struct.pack(">BBQ", 0x80 | code, 127, size)
    sock.sendall(head + payload)


__all__ = ["Memory", "merged", "now"]
