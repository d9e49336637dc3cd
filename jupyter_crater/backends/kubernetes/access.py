"""Which cluster, which namespace, and as whom: from the kubeconfig, else from the pod's own account.

The ``kubernetes`` package reads the configuration and renews the login (exec plugins, OIDC, rotated
service account tokens). The requests themselves go through httpx: the package's models drop fields
that they don't know (and know no Volcano or KubeRay), and its watch can't be told to notice silence.
"""

from __future__ import annotations

import hashlib
import os
import ssl
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ...errors import AuthenticationError, ConfigError, meant

ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")


@dataclass
class Access:
    """A way to one API server.

    Attributes:
        server: base address, e.g. "https://10.0.0.1:6443".
        namespace: of the context, of the pod, or "default".
        context: name in the kubeconfig; None inside a cluster.
        inside: whether this process runs in a pod of that cluster, as far as can be told.
    """

    server: str
    namespace: str
    context: str | None
    inside: bool
    _loaded: Any = None
    _tls: tuple[Any, ssl.SSLContext] | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def headers(self) -> dict[str, str]:
        """What proves who asks. The package renews a token that it knows to be expired.

        Raises:
            AuthenticationError: the login plugin failed.
        """
        with self._lock:
            try:
                settings = self._loaded.auth_settings().values()
            except Exception as error:  # plugins raise anything
                raise _no_login(error) from error
        found = {s["key"]: s["value"] for s in settings if s["in"] == "header" and s["value"]}
        return {str(k): str(v) for k, v in found.items()}

    def renew(self) -> None:
        """Log in anew (the server did not take the token): read everything again.

        Raises:
            AuthenticationError: the login plugin failed.
        """
        with self._lock:
            try:
                loaded, _, _ = _load(self.context)
            except ConfigError as error:
                raise AuthenticationError(error.message, hint=error.hint) from error
            if loaded.host.rstrip("/") != self.server:  # which must not be sent another's token
                raise AuthenticationError(
                    f"The login leads to {loaded.host} now, and no more to {self.server}.",
                    hint="Name the context that is meant.",
                )
            self._loaded = loaded
        if self._tls is not None:
            self.tls()

    @property
    def tls_name(self) -> str | None:
        return getattr(self._loaded, "tls_server_name", None)

    @property
    def proxy(self) -> str | None:
        """The proxy on the way to this server, by kubeconfig or environment."""
        from urllib.request import proxy_bypass

        found = self._loaded.proxy
        return found if found and not proxy_bypass(urlsplit(self.server).hostname or "") else None

    @property
    def certified(self) -> bool:
        """Whether a client certificate proves who asks."""
        return bool(self._loaded.cert_file)

    def tls(self) -> ssl.SSLContext:
        """As kubectl would check the server and show itself; one, whose certificate a login renews.

        Raises:
            ConfigError: a certificate that can't be read.
        """
        loaded = self._loaded
        known = self._tls
        if known is not None and known[0] is loaded:
            return known[1]
        try:
            context = known[1] if known else _trust(loaded)
            if loaded.cert_file:
                context.load_cert_chain(loaded.cert_file, loaded.key_file or None)
        except (OSError, ssl.SSLError) as error:
            raise ConfigError(f"A certificate for {self.server} can't be read: {error}.") from error
        self._tls = (loaded, context)
        return context

    def scope(self, namespace: str) -> str:
        """16 hex digits that stand for this namespace of this server."""
        return hashlib.sha256(f"{self.server} {namespace}".encode()).hexdigest()[:16]


def _trust(loaded: Any) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=loaded.ssl_ca_cert or None)
    # Many clusters' own authorities lack extensions that OpenSSL asks for in strict mode; kubectl
    # doesn't ask.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    if not loaded.verify_ssl:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def open_access(context: str | None = None) -> Access:
    """The kubeconfig's context (None: its current one), else the service account of this pod.

    Raises:
        ConfigError: there is neither, no such context, or the file can't be read.
        AuthenticationError: the login plugin failed.
    """
    loaded, namespace, name = _load(context)
    own = os.environ.get("KUBERNETES_SERVICE_HOST", "").lower()
    inside = name is None or urlsplit(loaded.host).hostname == own
    return Access(loaded.host.rstrip("/"), namespace, name, inside, loaded)


def kubeconfig() -> str | None:
    """The files that KUBECONFIG names (parted as in PATH), else the usual one; None: none is there."""
    named = os.environ.get("KUBECONFIG") or str(Path.home() / ".kube" / "config")
    there = [path for path in named.split(os.pathsep) if path and Path(path).is_file()]
    return os.pathsep.join(there) or None


def _load(context: str | None) -> tuple[Any, str, str | None]:
    from kubernetes import config
    from kubernetes.client import Configuration

    loaded = Configuration()
    paths = kubeconfig()
    if paths is None:
        if context is not None or not (ACCOUNT / "token").is_file():
            raise ConfigError(
                "There is no Kubernetes cluster to talk to: no kubeconfig, and this is no pod with "
                "a service account."
                if context is None
                else f"There is no kubeconfig that could hold the context {context!r}.",
                hint="Set KUBECONFIG, or write ~/.kube/config. (For --dry-run and export a "
                "--carrier is enough.)",
            )
        try:
            config.load_incluster_config(client_configuration=loaded)  # type: ignore[no-untyped-call]  # untyped library
        except config.ConfigException as error:
            raise ConfigError(f"The pod's service account can't be used: {error}") from error
        return loaded, (ACCOUNT / "namespace").read_text().strip() or "default", None
    tree = _merged(paths)
    known = {c["name"]: c.get("context") or {} for c in tree.get("contexts") or []}
    chosen = context or tree.get("current-context")
    if chosen not in known:
        raise ConfigError(
            f"The kubeconfig {paths} has no context {chosen!r}."
            if chosen
            else f"The kubeconfig {paths} has no current context.",
            hint=meant(str(chosen), known, f"There are: {', '.join(known)}."),
        )
    try:
        config.load_kube_config(  # type: ignore[no-untyped-call]  # untyped library
            config_file=paths, context=chosen, client_configuration=loaded, persist_config=False
        )
    except config.ConfigException as error:
        raise ConfigError(f"{paths}: {error}") from error
    except Exception as error:  # OIDC and cloud plugins raise their own
        raise _no_login(error) from error
    users = {u["name"]: u.get("user") or {} for u in tree.get("users") or []}
    plugin = (users.get(known[chosen].get("user")) or {}).get("exec")
    if plugin and not loaded.api_key and not loaded.cert_file:
        # The package logs a plugin's failure and goes on as nobody.
        raise _no_login(f"{plugin.get('command')} gave no token and no certificate")
    return loaded, known[chosen].get("namespace") or "default", chosen


def _merged(paths: str) -> dict[str, Any]:
    import yaml
    from kubernetes.config.kube_config import KubeConfigMerger

    try:
        merged = KubeConfigMerger(paths).config  # type: ignore[no-untyped-call]  # untyped library
        found = dict(merged.value) if merged is not None else {}
        lists = {k: [n.value for n in found.get(k) or []] for k in ("contexts", "users")}
        return found | lists
    except Exception as error:
        if isinstance(error, yaml.YAMLError | OSError | TypeError | AttributeError):
            raise ConfigError(f"The kubeconfig {paths} can't be read: {error}") from error
        raise ConfigError(f"{paths}: {error}") from error


def _no_login(error: object) -> AuthenticationError:
    return AuthenticationError(
        f"The login to the cluster did not work: {error}",
        hint="Try `kubectl get pods`: it uses the same login.",
    )
