"""What stands beside the workload: secret, services, network policy, ingress."""

from __future__ import annotations

import secrets
import shlex
from collections.abc import Mapping
from typing import Any

from ...errors import InputError, NotSupported
from ...spec import CONNECT_KEY, NEW_SECRET, JobSpec
from . import pod, record
from .options import Options, Peer
from .workload import DASHBOARD, has_token, head_labels, ray_version


def secret_keys(spec: JobSpec, options: Options, kind: str) -> list[str]:
    """The keys that the job's secret must hold, sorted; ``kind`` is the workload's."""
    keys = {key for task in spec.tasks for key in task.secret_env.values()}
    if spec.service and spec.service.key:
        keys.add(spec.service.key)
    # For a RayJob the operator makes the token, in a secret of its own.
    if spec.ray and kind != "RayJob" and has_token(ray_version(spec, options)):
        keys.add(pod.RAY_TOKEN)
    return sorted(keys)


def how_to_make(name: str, keys: list[str]) -> str:
    """The line that makes the secret which an exported manifest leaves out."""
    values = " ".join(f"--from-literal={shlex.quote(key)}=$(openssl rand -hex 32)" for key in keys)
    return f"kubectl create secret generic {name} {values}"


def new_secret(
    spec: JobSpec, options: Options, given: Mapping[str, str] | None = None, *, kind: str = "Job"
) -> dict[str, str]:
    """Values for the job's secret: those given, and fresh ones for the API key and Ray's token.

    Raises:
        InputError: a key that only the user can know is not given.
    """
    given = given or {}
    ours = {spec.service.key if spec.service else None, pod.RAY_TOKEN}
    keys = secret_keys(spec, options, kind)
    asked = (key for key in keys if key not in ours and not key.startswith(NEW_SECRET))
    if missing := [key for key in asked if key not in given]:
        raise InputError(
            f"The job needs secret values that were not given: {', '.join(missing)}.",
            hint="Give them by environment or configuration; they go into the job's Secret only.",
        )
    found = {key: given.get(key) or secrets.token_hex(32) for key in keys}
    if spec.connect and spec.connect.url and given.get(CONNECT_KEY):
        found[CONNECT_KEY] = given[CONNECT_KEY]  # of an address: open without it
    return found


def documents(
    spec: JobSpec,
    name: str,
    options: Options,
    workload: dict[str, Any],
    secret: Mapping[str, str] | None,
) -> list[dict[str, Any]]:
    """All but the workload, in the order of creation."""
    found = []
    if secret:
        found.append(_document("v1", "Secret", name, stringData=dict(secret), type="Opaque"))
    head = head_labels(workload, name, spec)
    if workload["apiVersion"] == "batch/v1":
        # Workers resolve NAME-0.NAME before the head is ready.
        body = {
            "clusterIP": "None",
            "publishNotReadyAddresses": True,
            "selector": {record.JOB: name},
        }
        found.append(_document("v1", "Service", name, spec=body))
    if ports := _open_ports(spec):
        body = {
            "type": "ClusterIP",
            "selector": head,
            "ports": [{"name": n, "port": p, "targetPort": p} for p, n in ports.items()],
        }
        found.append(_document("v1", "Service", f"{name}-api", spec=body))
    policy = _policy(spec, name, options, workload["kind"] == "RayJob")
    found.append(_document("networking.k8s.io/v1", "NetworkPolicy", name, spec=policy))
    if options.ingress:
        body = _ingress(spec, name, options)
        ingress = _document("networking.k8s.io/v1", "Ingress", name, spec=body)
        if options.ingress.annotations:
            ingress["metadata"]["annotations"] = dict(options.ingress.annotations)
        found.append(ingress)
    for document in found:
        document["metadata"]["labels"] = record.labels(spec, name, options)
    return found


def _document(version: str, kind: str, name: str, **body: Any) -> dict[str, Any]:
    return {"apiVersion": version, "kind": kind, "metadata": {"name": name}, **body}


def _open_ports(spec: JobSpec) -> dict[int, str]:
    """Port → name of what people and clients open: the API first, then the main task's forwards."""
    found: dict[int, str] = {}
    main = spec.service.task if spec.service else spec.main.name
    if spec.service:
        found[spec.service.port] = "api"
    for forward in spec.forwards:
        if forward.task == main:
            found.setdefault(forward.port, f"port-{forward.port}")
    return found


def _peer(peer: Peer) -> dict[str, Any]:
    found: dict[str, Any] = {
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": peer.namespace}}
    }
    if peer.labels:
        found["podSelector"] = {"matchLabels": dict(peer.labels)}
    return found


def _policy(spec: JobSpec, name: str, options: Options, kuberay: bool) -> dict[str, Any]:
    own = {"podSelector": {"matchLabels": {record.JOB: name}}}
    rules: list[dict[str, Any]] = [{"from": [own]}]
    if spec.service:
        clients = {"podSelector": {"matchLabels": {record.CLIENT_OF: name}}}
        rules.append({"from": [clients], "ports": [_port(spec.service.port)]})
    people = [_peer(options.notebook)] if options.notebook else []
    if options.ingress:
        people.append(_peer(Peer(namespace=options.ingress.namespace)))
    if people and (ports := _open_ports(spec)):
        rules.append({"from": people, "ports": [_port(port) for port in ports]})
    if kuberay:
        # The operator submits the job and asks for its state over the head's dashboard.
        operator = {
            "namespaceSelector": {},
            "podSelector": {"matchLabels": {"app.kubernetes.io/name": "kuberay-operator"}},
        }
        rules.append({"from": [operator], "ports": [_port(DASHBOARD)]})
    return {
        "podSelector": {"matchLabels": {record.JOB: name}},
        "policyTypes": ["Ingress"],
        "ingress": rules,
    }


def _port(port: int) -> dict[str, Any]:
    return {"protocol": "TCP", "port": port}


def _ingress(spec: JobSpec, name: str, options: Options) -> dict[str, Any]:
    assert options.ingress is not None
    ports = _open_ports(spec)
    if not ports:
        raise NotSupported("This job opens no port that an ingress could lead to.")
    backend = {"service": {"name": f"{name}-api", "port": {"number": next(iter(ports))}}}
    path = {"path": "/", "pathType": "Prefix", "backend": backend}
    body: dict[str, Any] = {"rules": [{"host": options.ingress.host, "http": {"paths": [path]}}]}
    if options.ingress.class_name:
        body["ingressClassName"] = options.ingress.class_name
    if options.ingress.tls_secret:
        body["tls"] = [{"hosts": [options.ingress.host], "secretName": options.ingress.tls_secret}]
    return body
