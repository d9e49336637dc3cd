"""From here to the head's port: websockets through the API server, and the forward before them."""

from __future__ import annotations

import contextlib
import copy
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from jupyter_crater import api as crater, forwards
from jupyter_crater.backends.kubernetes import reach
from jupyter_crater.errors import BackendUnavailable, InputError, PermissionDenied

from ...waiting import until
from .playing import api, backend, play

__all__ = ["api", "backend", "play"]


@pytest.fixture
def engine():
    """A port that sends back what it gets."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=128)
    stop = threading.Event()

    def echo(peer):
        with peer:
            while data := peer.recv(65536):
                peer.sendall(data)

    def serve():
        while not stop.is_set():
            try:
                peer, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=echo, args=(peer,), daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    yield listener.getsockname()
    stop.set()
    listener.shutdown(socket.SHUT_RDWR)  # closing alone wakes nobody who accepts
    listener.close()


@pytest.fixture
def serving(api, backend, play, distributed, engine):
    backend.submit(distributed, "r1", asked=distributed, changes=[])
    play.serve()
    api.targets["r1-head-0"] = engine
    until(lambda: backend.status("r1").phase == "serving", what="serving")
    return backend


def talk(sock, text: bytes) -> bytes:
    sock.settimeout(10)
    sock.sendall(text)
    found = b""
    while len(found) < len(text):
        data = sock.recv(65536)
        if not data:
            break
        found += data
    return found


def test_bytes_go_both_ways(serving):
    with serving.connect("r1") as sock:
        assert talk(sock, b"hello") == b"hello"
        large = bytes(range(256)) * 4096  # frames of every size
        assert talk(sock, large) == large


def test_64_connections_at_once(serving):
    gate = threading.Barrier(64, timeout=30)

    def one(number):
        with serving.connect("r1") as sock:
            gate.wait()
            text = f"stream {number} ".encode() * 50
            return talk(sock, text) == text

    with ThreadPoolExecutor(64) as pool:
        assert all(pool.map(one, range(64)))
    until(
        lambda: not [t for t in threading.enumerate() if t.name.startswith("forward to")],
        what="every connection's threads end with it",
    )


def test_a_port_that_nothing_listens_on(api, serving):
    closed = socket.create_server(("127.0.0.1", 0))
    api.targets["r1-head-0"] = closed.getsockname()
    closed.close()
    with serving.connect("r1") as sock:
        sock.settimeout(10)
        assert sock.recv(10) == b"", "the refusal comes after the channel is open: it ends"


def test_other_ports_and_other_states(api, serving, play):
    with pytest.raises(InputError, match="declares no port 1"):
        serving.connect("r1", 1)
    api.denied = {("get", "pods/portforward")}
    with pytest.raises(PermissionDenied):
        serving.connect("r1")


@pytest.mark.timeout(60)
def test_a_starting_job_says_so_without_patience(api, backend, play, distributed, monkeypatch):
    monkeypatch.setattr(reach, "BACKOFF_S", 3600.0)
    backend.submit(distributed, "r1", asked=distributed, changes=[])
    with pytest.raises(BackendUnavailable, match="no head yet"):
        backend.connect("r1")


def test_a_head_that_moved_is_found_again(api, serving, play, engine):
    serving.status("r1")
    time.sleep(0.1)
    serving.status("r1")
    api.targets.clear()
    api.drop("v1/pods", "r1-head-0")

    def back():
        time.sleep(1)
        play.pods()
        play.run(ip="10.0.0.8")
        play.ready()
        api.targets["r1-head-0"] = engine

    threading.Thread(target=back, daemon=True).start()
    until(lambda: serving.status("r1").head_ip == "10.0.0.8", seconds=10, what="the new head")
    with serving.connect("r1") as sock:
        assert talk(sock, b"again") == b"again"
    assert "head-moved" in [o.reason for o in serving.observations("r1")]


def test_a_server_that_restarts_is_waited_for(api, serving):
    api.down = True
    threading.Timer(1.5, lambda: setattr(api, "down", False)).start()
    with serving.connect("r1") as sock:
        assert talk(sock, b"back") == b"back"


@pytest.mark.timeout(60)
def test_patience_with_a_server_is_bounded(api, serving, monkeypatch):
    monkeypatch.setattr(reach, "BACKOFF_S", 1.0)
    api.fault = lambda method, path, query: None
    api.upgrade = lambda handler: handler.connection.close()
    with pytest.raises(BackendUnavailable, match="opens no way"):
        serving.connect("r1")


def test_a_connection_that_is_cut_ends(api, serving):
    with serving.connect("r1") as sock:
        assert talk(sock, b"x") == b"x"
        api.cut_forwards()
        sock.settimeout(5)
        assert sock.recv(10) == b""
    with serving.connect("r1") as sock:
        assert talk(sock, b"y") == b"y"


def test_a_connection_that_is_cut_mid_stream_ends_and_the_next_one_works(api, serving):
    listener = socket.create_server(("127.0.0.1", 0))
    api.targets["r1-head-0"], echo = listener.getsockname(), api.targets["r1-head-0"]
    with serving.connect("r1") as sock, listener:
        peer, _ = listener.accept()

        def stream():
            with peer, contextlib.suppress(OSError):
                while True:
                    peer.sendall(b"token " * 1000)

        threading.Thread(target=stream, daemon=True).start()
        sock.settimeout(10)
        assert sock.recv(100_000)
        api.cut_forwards()
        with contextlib.suppress(ConnectionResetError):
            while sock.recv(100_000):
                pass
    api.targets["r1-head-0"] = echo
    with serving.connect("r1") as sock:
        assert talk(sock, b"next") == b"next"


def test_a_head_of_another_name_is_found_though_the_watch_is_silent(api, serving, play, engine):
    """KubeRay gives a new head a new name; a watch that fell silent tells of it too late."""
    until(lambda: (serving.status("r1"), serving.cluster.pods._thread)[1], what="the watch is open")
    api.bookmark_s = 30
    found = copy.deepcopy(api.get("v1/pods", "r1-head-0"))
    found["metadata"] = {**found["metadata"], "name": "r1-head-zz", "uid": "zz"}
    with api.changed:  # no watch is told
        api.objects.pop(("v1/pods", "r1-head-0"))
        api.objects["v1/pods", "r1-head-zz"] = found
    api.targets = {"r1-head-zz": engine}
    with serving.connect("r1") as sock:
        assert talk(sock, b"found") == b"found"


def test_the_forward_process(api, serving, play):
    """A process of its own, which finds the cluster by kubeconfig as any other does."""
    job = crater.Job(serving, "r1")
    url = job.url
    host, port = url.removeprefix("http://").split(":")
    assert host == "127.0.0.1"
    assert forwards.url(serving, "r1") == url
    with socket.create_connection((host, int(port)), timeout=20) as sock:
        assert talk(sock, b"through") == b"through"
        api.cut_forwards()
    with socket.create_connection((host, int(port)), timeout=20) as sock:
        assert talk(sock, b"again") == b"again"
    assert job.status().url == url
    serving.delete("r1")
    until(lambda: forwards.url(serving, "r1") is None, what="the forward ends with its job")


def test_two_clusters_do_not_share_a_forward(api, serving, tmp_path):
    other = type(serving)(namespace="other")
    assert forwards.record_path(serving, "r1") != forwards.record_path(other, "r1")
    assert other.arguments == {"context": "lab", "namespace": "other"}


def test_an_ingress_is_the_address(api, serving, distributed):
    host = {"host": "r1.example.org", "http": {"paths": []}}
    labels = api.get("v1/services", "r1-api")["metadata"]["labels"]
    ingress = {
        "metadata": {"name": "r1", "labels": labels},
        "spec": {"rules": [host], "tls": [{"hosts": ["r1.example.org"]}]},
    }
    api.put("networking.k8s.io/v1/ingresses", ingress)
    until(lambda: serving.address("r1") == "https://r1.example.org", what="the ingress")
    assert serving.reach("r1").url == "https://r1.example.org"
    assert serving.status("r1").url == "https://r1.example.org"


def test_inside_the_cluster_the_way_is_direct(api, serving, play, engine, monkeypatch):
    serving.cluster.access.inside = True
    monkeypatch.setattr(reach, "port_of", lambda *_: engine[1])
    play.run("head-0", ip="127.0.0.1")
    play.ready()
    until(lambda: serving.status("r1").head_ip == "127.0.0.1", what="the address")
    with serving.connect("r1") as sock:
        assert talk(sock, b"direct") == b"direct"
    assert not [a for a in api.asked if "portforward" in a[1]]


def test_a_closed_way_inside_falls_back(api, serving, monkeypatch):
    serving.cluster.access.inside = True

    def closed(*_, **__):
        raise TimeoutError("a network policy")

    real = socket.create_connection
    monkeypatch.setattr(
        reach.socket,
        "create_connection",
        lambda a, **k: closed() if a[0] == "10.0.0.7" else real(a, **k),
    )
    with serving.connect("r1") as sock:
        assert talk(sock, b"forwarded") == b"forwarded"


def test_the_servers_answer_is_no_websocket(api, serving):
    api.upgrade = lambda handler: handler.send_error(500, "broken")
    with pytest.raises(BackendUnavailable):
        reach._once(serving.cluster, serving.cluster.seen("r1"), 8000)
