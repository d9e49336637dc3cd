"""From here to the job: directly inside the cluster, else through a rule of the platform."""

from __future__ import annotations

import socket
from typing import Any

import httpx

from ...errors import BackendUnavailable, InputError, NotSupported
from .client import Client
from .observe import Seen

CONNECT_S = 2.0


def dns_name(seen: Seen) -> str:
    """The head's name, which any pod resolves and which outlives a restart, unlike its address."""
    namespace = seen.row.get("namespace") or "crater-workspace"
    if seen.head:
        namespace = seen.head["namespace"]
    pod = "master-0" if len(seen.spec.tasks) > 1 else "default0-0"
    return f"{seen.jobname}-{pod}.{seen.jobname}.{namespace}"


def connect(seen: Seen, port: int) -> socket.socket:
    """A TCP connection to a port of the head's pod.

    Raises:
        BackendUnavailable: with what is in the way, as far as it can be told.
    """
    head = seen.head
    if head is None or not head["ip"]:
        raise BackendUnavailable(f"The job has no running head yet (it is {seen.row['status']}).")
    try:
        return socket.create_connection((head["ip"], port), timeout=CONNECT_S)
    except OSError as error:
        raise why(seen, port, error) from error


def why(seen: Seen, port: int, error: OSError) -> BackendUnavailable:
    """Refused is a process that isn't there yet; silence is a network that lets nothing through."""
    where = f"{seen.head['ip'] if seen.head else '?'}:{port}"
    if isinstance(error, ConnectionRefusedError):
        return BackendUnavailable(f"Nothing listens on {where} yet.", hint="Wait for `serving`.")
    return BackendUnavailable(
        f"{where} can't be reached from here ({error}).",
        hint="Outside the cluster that is normal: use the external access. Inside it, the "
        f"NetworkPolicy {seen.jobname!r} that Volcano makes lets in pods of the same job only, "
        "where the cluster's network enforces policies: ask an administrator.",
    )


def answers(seen: Seen) -> bool | None:
    """What vLLM itself says of its health; None where it can't be asked from here."""
    service = seen.spec.service
    if service is None or seen.head is None or not seen.head["ip"] or seen.over:
        return None
    url = f"http://{seen.head['ip']}:{service.port}/health"
    try:
        # trust_env off: an address of a pod is nothing for a proxy.
        with httpx.Client(timeout=CONNECT_S, trust_env=False) as http:
            return http.get(url).status_code == 200
    except httpx.HTTPError:
        return None


def rules(client: Client, seen: Seen) -> dict[int, str]:
    """External addresses of the head's pod by port."""
    head = seen.head
    if head is None:
        return {}
    data = client.get(f"/namespaces/{head['namespace']}/pods/{head['name']}/ingresses") or {}
    return {row["port"]: row["prefix"].rstrip("/") for row in data.get("ingresses") or []}


def ensure_rule(client: Client, seen: Seen, port: int, name: str) -> str:
    """The external address of a port, made where there is none: it leads to the head's pod only.

    Raises:
        NotSupported: an engine without a key, which everybody on the network could use.
        BackendUnavailable: the pod doesn't run yet.
    """
    service = seen.spec.service
    if service and service.port == port and (seen.record.get("open") or service.key is None):
        raise NotSupported(
            "This engine asks for no key, so it gets no address outside the cluster.",
            hint="Launch it with a storage that can be written, then it has a key.",
        )
    known = rules(client, seen)
    if port in known:
        return known[port]
    head = seen.head
    if head is None or head["phase"] != "Running":
        raise BackendUnavailable("External access needs a running pod; the job has none yet.")
    declared = {f.port for f in seen.spec.forwards} | ({service.port} if service else set())
    if port not in declared:
        raise InputError(f"The job declares no port {port}.", hint=f"It has {sorted(declared)}.")
    # Made on the pod, not on the job: its Service selects this one pod (facts, 6.4).
    path = f"/namespaces/{head['namespace']}/pods/{head['name']}/ingresses"
    body: dict[str, Any] = {"name": name, "port": port}
    return str(client.post(path, body)["ingressPath"]).rstrip("/")
