"""The engine's key: in the job's Secret; a copy of the user's own where Secrets can't be read."""

from __future__ import annotations

import base64
from collections.abc import Mapping

from ... import files
from ...errors import BackendError, NotFound, PermissionDenied
from . import kinds
from .cluster import Cluster

FILE = "keys.json"


def keep(cluster: Cluster, name: str, uid: str, values: Mapping[str, str]) -> None:
    """Write the copy: 0600, in the user's state folder."""
    folder = cluster.job_folder(name)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    files.write(folder / FILE, {"schema": 1, "uid": uid, "values": dict(values)})


def read(cluster: Cluster, name: str, key: str, uid: str | None) -> str:
    """One value of the job's Secret.

    Raises:
        BackendError: it is nowhere; the hint says how to make it.
        PermissionDenied: Secrets can't be read here, and this user launched the job elsewhere.
    """
    try:
        secret = cluster.client.get(kinds.SECRETS.path(cluster.namespace, name))
    except PermissionDenied:
        kept = files.read(cluster.job_folder(name) / FILE) or {}
        if kept.get("uid") == uid and key in kept.get("values", {}):
            return str(kept["values"][key])
        raise PermissionDenied(
            f"You may not read Secrets in {cluster.namespace!r}, and the key of {name!r} was not "
            "kept on this machine.",
            hint="It was kept where the job was launched (the user's state folder).",
        ) from None
    except NotFound:
        raise BackendError(
            f"The Secret {name!r} with the engine's key is not there.",
            hint=f"kubectl create secret generic {name} --from-literal={key}=$(openssl rand -hex 32)",
        ) from None
    data = secret.get("data") or {}
    if key not in data:
        raise BackendError(f"The Secret {name!r} has no {key!r}.")
    return base64.b64decode(data[key]).decode()
