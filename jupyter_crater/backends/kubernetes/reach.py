"""From here to a job's service: directly inside the cluster, by ingress, else by port-forward."""

from __future__ import annotations

import socket
import time

from ...errors import BackendUnavailable, CraterError, InputError, NotFound, NotSupported
from ...spec import JobSpec
from .cluster import Cluster
from .observe import Seen
from .portforward import open_port

CONNECT_S = 2.0
AGAIN_S = 30.0
"""How long a way that was closed is not tried again."""
BACKOFF_S = 8.0
"""How long a connection waits for a head that is being replaced, or a server that restarts."""

_closed: dict[tuple[str, int], float] = {}


def port_of(spec: JobSpec, name: str, port: int | None) -> int:
    """A declared port of the job; None: its service's, else its first forward's.

    Raises:
        NotSupported: it declares none.
        InputError: it declares others.
    """
    declared = [spec.service.port] if spec.service else []
    declared += [f.port for f in spec.forwards]
    if not declared:
        raise NotSupported(f"{name!r} declares no port.")
    if port is not None and port not in declared:
        raise InputError(f"{name!r} declares no port {port}.", hint=f"It has {declared}.")
    return port or declared[0]


def direct(cluster: Cluster, seen: Seen, port: int) -> socket.socket | None:
    """A connection to the head's pod itself, where this process is inside the cluster."""
    head = seen.head
    if not cluster.access.inside or head is None or not head.ip:
        return None
    where = (head.ip, port)
    if time.monotonic() - _closed.get(where, -1e9) < AGAIN_S:
        return None
    try:
        return socket.create_connection(where, timeout=CONNECT_S)
    except ConnectionRefusedError:
        return None  # the way is open, the engine isn't there yet
    except OSError:
        _closed[where] = time.monotonic()  # a network policy lets nothing through
        return None


def inside_url(cluster: Cluster, seen: Seen) -> str | None:
    """The address inside the cluster, as far as this process may use it."""
    head, service = seen.head, seen.spec.service
    if not cluster.access.inside or head is None or not head.ip or service is None:
        return None
    return f"http://{head.ip}:{service.port}"


def ingress_url(cluster: Cluster, name: str) -> str | None:
    """The address that the job's ingress gives it, None without one."""
    for ingress in cluster.ingresses.read(name):
        spec = ingress.get("spec") or {}
        secure = {host for tls in spec.get("tls") or [] for host in tls.get("hosts") or []}
        for rule in spec.get("rules") or []:
            if host := rule.get("host"):
                return f"{'https' if host in secure else 'http'}://{host}"
    return None


def connect(cluster: Cluster, name: str, port: int | None) -> socket.socket:
    """A TCP connection to a port of the head as it is now, tried again while it is being replaced.

    Raises:
        BackendUnavailable: it doesn't answer; with what is in the way.
    """
    deadline = time.monotonic() + BACKOFF_S
    pause = 0.2
    while True:
        seen = cluster.seen(name)
        number = port_of(seen.spec, name, port)
        try:
            return _once(cluster, seen, number)
        except (BackendUnavailable, NotFound) as error:
            if not _passing(seen) or time.monotonic() + pause > deadline:
                if isinstance(error, NotFound):
                    raise BackendUnavailable(f"The head of {name!r} is gone.") from error
                raise
            if isinstance(error, NotFound):
                cluster.pods.read(name, fresh=True)  # a watch that fell silent tells of no new head
        time.sleep(pause)
        pause = min(2.0, pause * 2)


def _passing(seen: Seen) -> bool:
    """Whether a moment's patience may help: it served, so this is a restart or a server's trouble.

    Of a job that is starting whoever asks is told so at once.
    """
    head = seen.head
    served = any(
        o.reason in ("serving", "head-moved", "unreachable") for o in seen.fine + seen.notes
    )
    return not seen.over and (served or (head is not None and (head.was_ready or head.ready)))


def _once(cluster: Cluster, seen: Seen, port: int) -> socket.socket:
    head = seen.head
    if seen.over:
        raise BackendUnavailable(f"{seen.name!r} has ended.")
    if head is None or head.phase != "running":
        state = "no head yet" if head is None else f"a head that is {head.phase}"
        raise BackendUnavailable(f"{seen.name!r} has {state}.", hint="`job.wait()` waits for it.")
    found = direct(cluster, seen, port)
    return found or open_port(cluster.access, cluster.namespace, head.name, port)


def test(cluster: Cluster, seen: Seen) -> str | None:
    """What is in the way to a running head, None where nothing is: for ``doctor``."""
    try:
        _once(cluster, seen, port_of(seen.spec, seen.name, None)).close()
    except CraterError as error:
        return error.message
    return None
