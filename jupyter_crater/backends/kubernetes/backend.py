"""The backend as far as it needs no cluster: what would be created, for --dry-run and export."""

from __future__ import annotations

import getpass
import os
from typing import Any, NoReturn

from ... import config
from ...errors import InputError, NotSupported
from ...spec import JobSpec, Observation
from . import manifests
from .options import Carrier, Options


class KubernetesBackend:
    """Jobs as objects of a cluster."""

    name = "kubernetes"

    def __init__(
        self,
        *,
        context: str | None = None,
        namespace: str | None = None,
        carrier: Carrier | None = None,
        queue: str | None = None,
    ) -> None:
        given = {"context": context, "namespace": namespace, "carrier": carrier, "queue": queue}
        self.arguments: dict[str, Any] = {k: v for k, v in given.items() if v is not None}
        known = config.load().kubernetes
        self.namespace = namespace or known.namespace
        self.carrier = carrier or known.carrier
        self.options = Options(
            owner=os.environ.get("JUPYTERHUB_USER") or getpass.getuser(),
            queue=queue or known.queue,
            allow_host_path=known.allow_host_path,
        )

    def prepare(
        self, spec: JobSpec, name: str, *, given: frozenset[str]
    ) -> tuple[JobSpec, list[Observation]]:
        """The spec as it is: a cluster runs what was asked, or refuses it.

        Raises:
            InputError: what the cluster would refuse.
        """
        self.manifest(spec, name)
        return spec, []

    def manifest(self, spec: JobSpec, name: str) -> list[dict[str, Any]]:
        """The documents that submit would create, without the secret's values.

        Raises:
            InputError: no carrier is named, or the cluster would refuse them.
        """
        if self.carrier is None:
            raise InputError(
                "Which carrier runs the job is not known without asking the cluster.",
                hint="Name it: --carrier volcano, kuberay or kubernetes.",
            )
        carrier: Any = self.carrier  # from the configuration: manifests() knows which there are
        return manifests(
            spec, name, carrier=carrier, namespace=self.namespace, options=self.options
        )

    def names(self) -> list[str]:
        """Nothing is asked of a cluster yet, so nothing is taken."""
        return []

    def __getattr__(self, name: str) -> NoReturn:
        if name.startswith("_"):
            raise AttributeError(name)
        raise NotSupported(
            "Jobs are not submitted to a cluster from here yet.",
            hint="`jupyter crater export --template ID -o CARRIER | kubectl apply -f -` does it.",
        )
