"""Objects in memory behind the API's verbs: enough of a server to play a job from submit to delete.

It keeps names, uids, resource versions, label selectors, pages, watches with bookmarks, dry runs,
owner references, finalizers, logs and port-forwards; rights are a list of what is denied. What a
real server checks of the objects themselves (schemas, admission) is not here.
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
import sys
import threading
import time
import uuid
from datetime import UTC, datetime

from .scripted import Answer, Scripted, status

_PATH = re.compile(
    r"^/(?:api|apis)/(?P<group>v1|[^/]+/[^/]+)(?:/namespaces/(?P<ns>[^/]+))?"
    r"/(?P<plural>[a-z]+)(?:/(?P<name>[^/]+))?(?:/(?P<sub>[a-z]+))?$"
)
GROUPS = ("batch", "batch.volcano.sh", "ray.io", "scheduling.volcano.sh", "bus.volcano.sh")


def now(offset: float = 0.0) -> str:
    return datetime.fromtimestamp(time.time() + offset, UTC).isoformat().replace("+00:00", "Z")


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
            self._store(kind, key, document)
            return document

    def drop(self, plural, name):
        with self.changed:
            document = self.objects.get((plural, name))
            if document is not None:
                self._store("DELETED", (plural, name), document)

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

    # -- the server ------------------------------------------------------------------------------

    def _store(self, kind, key, document):
        self.version += 1
        document["metadata"]["resourceVersion"] = str(self.version)
        if kind == "DELETED":
            self.objects.pop(key, None)
        else:
            self.objects[key] = document
        self.history.append((self.version, key[0], kind, copy.deepcopy(document)))
        self.changed.notify_all()

    def _answer(self, method, path, query):
        if self.down:
            return Answer(cut=True)
        if (found := self.fault(method, path, query)) is not None:
            return found
        body = self.asked[-1][4]
        if path == "/apis":
            return Answer({"kind": "APIGroupList", "groups": [{"name": g} for g in self.groups]})
        match = _PATH.match(path)
        if match is None:
            return status(404, "NotFound", f"the server could not find {path}")
        plural = f"{match['group']}/{match['plural']}"
        name, sub = match["name"], match["sub"]
        group = match["group"].rpartition("/")[0]
        if match["plural"] == "selfsubjectaccessreviews":
            return Answer({"status": {"allowed": self._may(body["spec"]["resourceAttributes"])}})
        if group and group not in (*self.groups, "networking.k8s.io"):
            return status(404, "NotFound", "the server could not find the requested resource")
        verb = {"POST": "create", "PATCH": "patch", "DELETE": "delete"}.get(method)
        verb = verb or ("get" if name else "watch" if "watch" in query else "list")
        what = match["plural"] + (f"/{sub}" if sub else "")
        if (verb, what) in self.denied or (verb == "watch" and ("list", what) in self.denied):
            text = f'{what} is forbidden: User "ana" cannot {verb} resource "{what}"'
            return status(403, "Forbidden", text)
        if sub == "log":
            return self._log(name, query)
        return self._verb(method, plural, name, query, body)

    def _may(self, what):
        name = what["resource"] + (f"/{what['subresource']}" if "subresource" in what else "")
        return (what["verb"], name) not in self.denied

    def _verb(self, method, plural, name, query, body):
        with self.changed:
            if method == "GET" and name is None:
                if "watch" in query:
                    return Answer(stream=self._watch(plural, query))
                return self._list(plural, query)
            if method == "POST":
                return self._create(plural, query, body)
            there = self.objects.get((plural, name))
            if there is None:
                return status(404, "NotFound", f'{plural} "{name}" not found')
            if method == "GET":
                return Answer(copy.deepcopy(there))
            if method == "PATCH":
                self._store("MODIFIED", (plural, name), merged(copy.deepcopy(there), body))
                return Answer(copy.deepcopy(self.objects[plural, name]))
            return self._delete(plural, name, there)

    def _create(self, plural, query, body):
        document = copy.deepcopy(body)
        meta = document["metadata"]
        if "name" not in meta:
            meta["name"] = meta["generateName"] + uuid.uuid4().hex[:5]
        if (plural, meta["name"]) in self.objects:
            return status(409, "AlreadyExists", f'{plural} "{meta["name"]}" already exists')
        if "dryRun" in query:
            return Answer(document)
        if "stringData" in document:
            coded = {
                k: base64.b64encode(v.encode()).decode()
                for k, v in document.pop("stringData").items()
            }
            document["data"] = coded
        meta |= {"uid": str(uuid.uuid4()), "creationTimestamp": now()}
        self._store("ADDED", (plural, meta["name"]), document)
        return Answer(copy.deepcopy(document), 201)

    def _delete(self, plural, name, there):
        if there["metadata"].get("finalizers"):
            there["metadata"].setdefault("deletionTimestamp", now())
            self._store("MODIFIED", (plural, name), there)
            return Answer(copy.deepcopy(there))
        self._store("DELETED", (plural, name), there)
        uid = there["metadata"]["uid"]
        for (kind, title), document in list(self.objects.items()):
            owners = document["metadata"].get("ownerReferences") or []
            if any(o["uid"] == uid for o in owners):
                self._delete(kind, title, document)
        return Answer({"kind": "Status", "status": "Success"})

    def _chosen(self, plural, query):
        wanted = query.get("labelSelector", "")
        found = []
        for (kind, _), document in sorted(self.objects.items()):
            labels = document["metadata"].get("labels") or {}
            key, equals, value = wanted.partition("=")
            fits = not wanted or (labels.get(key) == value if equals else key in labels)
            if kind == plural and fits:
                found.append(copy.deepcopy(document))
        return found

    def _list(self, plural, query):
        found = self._chosen(plural, query)
        start, size = int(query.get("continue") or 0), int(query.get("limit") or 10**9)
        meta = {"resourceVersion": str(self.version)}
        if start + size < len(found):
            meta["continue"] = str(start + size)
        return Answer({"kind": "List", "metadata": meta, "items": found[start : start + size]})

    def _watch(self, plural, query):
        last, key = int(query["resourceVersion"]), query.get("labelSelector", "").partition("=")
        dropped = self.dropped
        if last < self.oldest:
            gone = {"kind": "Status", "code": 410, "reason": "Expired", "message": "too old"}
            yield {"type": "ERROR", "object": gone}
            return
        ends = time.monotonic() + self.watch_s
        while time.monotonic() < ends and not self.down and dropped == self.dropped:
            with self.changed:
                fresh = [h for h in self.history if h[0] > last and h[1] == plural]
                if not fresh:
                    self.changed.wait(self.bookmark_s)
                    fresh = [h for h in self.history if h[0] > last and h[1] == plural]
                version = self.version
                if last < self.oldest:  # what came meanwhile was forgotten: no bookmark may skip it
                    return
            for number, _, kind, document in fresh:
                last = number
                labels = document["metadata"].get("labels") or {}
                if not key[0] or (labels.get(key[0]) == key[2] if key[1] else key[0] in labels):
                    yield {"type": kind, "object": document}
            if not fresh:
                last = max(last, version)
                mark = {"metadata": {"resourceVersion": str(last)}}
                yield {"type": "BOOKMARK", "object": mark}

    def _log(self, pod, query):
        kind = "previous" if "previous" in query else "now"
        lines = self.logs.get((pod, kind))
        if lines is None:
            return status(400, "BadRequest", f'container in pod "{pod}" is waiting to start')
        if "follow" not in query:
            since = query.get("sinceTime", "")
            return Answer(stream=[f"{s} {t}\n" for s, t in lines if s[:19] >= since[:19]])
        return Answer(stream=self._follow(pod, lines, query.get("sinceTime", "")))

    def _follow(self, pod, lines, since):
        told = 0
        while not self.down:
            for stamp, text in lines[told:]:
                told += 1
                if text == "<cut>":
                    lines.remove((stamp, text))
                    raise OSError("cut")
                if stamp[:19] >= since[:19]:
                    yield f"{stamp} {text}\n"
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
        if (("get", "pods/portforward") in self.denied) or target is None:
            code, words = (403, "forbidden") if target else (404, f'pods "{pod}" not found')
            body = json.dumps({"kind": "Status", "code": code, "message": words}).encode()
            handler.send_response(code)
            handler.send_header("Content-Length", str(len(body)))
            handler.end_headers()
            handler.wfile.write(body)
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


if __name__ == "__main__":
    print(Memory().url, flush=True)
    sys.stdin.read()
