"""Open WebUI: its settings, and signing in to it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ..addresses import by_proxy, past_proxy
from ..backends.base import Account
from ..errors import BackendUnavailable
from ..spec import Connect
from .watch import Target

KEPT = (
    *("PATH", "HOME", "USER", "LOGNAME", "LANG", "LANGUAGE", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR"),
    *("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "no_proxy", "NO_PROXY"),
    *("LD_LIBRARY_PATH", "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE"),
)
"""What it takes from whoever launches it. Its settings are those of its template: it reads hundreds
of variables (OPENAI_API_KEYS, say, goes before the job's key), and others' secrets are none of its."""


def settings(base: Mapping[str, str], data: Path, port: int) -> dict[str, str]:
    """The environment of a local Open WebUI but for its template's: offline, held to loopback.

    Args:
        base: the launching process's environment.
        data: folder of accounts, chats and uploads.
        port: where it listens; its page's origin, the only one that may speak to it.
    """
    env = {k: base[k] for k in KEPT if k in base}
    env |= past_proxy(env)
    return env | {
        "PYTHONUNBUFFERED": "1",
        "OMP_NUM_THREADS": "1",  # it computes nothing itself: the cores are the engine's
        "DATA_DIR": str(data),
        "CORS_ALLOW_ORIGIN": f"http://127.0.0.1:{port};http://localhost:{port}",
        "OFFLINE_MODE": "True",
        "HF_HUB_OFFLINE": "1",
        "TRANSFORMERS_OFFLINE": "1",
        "USER_AGENT": "jupyter-crater",
    }


def account_settings(account: Account) -> dict[str, str]:
    """The one account, made at its first start; nobody else can sign up."""
    return {
        "WEBUI_ADMIN_EMAIL": account.email,
        "WEBUI_ADMIN_PASSWORD": account.password,
        "WEBUI_SECRET_KEY": account.secret,
    }


def target_settings(env: Mapping[str, str], connect: Connect, target: Target) -> dict[str, str]:
    """Where its models are, and that no proxy of its ``env`` is asked for a job's plain address."""
    host = urlsplit(target.url).hostname
    past = host and not by_proxy(target.url, given=connect.url is not None)
    return (past_proxy(env, host) if past and host else {}) | {
        connect.env: target.url,
        connect.key_env: target.key or "none",
        # Embeddings are asked of the engine, so that no model is downloaded for them.
        "RAG_OPENAI_API_BASE_URL": target.url,
    }


def command(program: Path, port: int) -> list[str]:
    return [str(program), "serve", "--host", "127.0.0.1", "--port", str(port)]


def sign_in(url: str, account: Account) -> str:
    """A session's token. The first sign-in puts the release notes away that would cover the page.

    Raises:
        BackendUnavailable: it doesn't answer, or not to this account.
    """
    import httpx

    body: dict[str, Any] = {"email": account.email, "password": account.password}
    try:
        with httpx.Client(base_url=f"{url}/api/v1", timeout=30, trust_env=False) as client:
            answer = client.post("/auths/signin", json=body).raise_for_status()
            token = str(answer.json()["token"])
            client.headers["Authorization"] = f"Bearer {token}"
            known = client.get("/users/user/settings").raise_for_status().json()
            if not (known or {}).get("ui"):  # else they are the user's
                first = {"ui": {"showChangelog": False}}
                client.post("/users/user/settings/update", json=first).raise_for_status()
            return token
    except (httpx.HTTPError, ValueError, KeyError, AttributeError) as error:
        raise BackendUnavailable(
            f"Open WebUI at {url} did not take the job's account: {error}.",
            hint="Its log says more: `job.logs()`.",
        ) from error


def hub_prefix() -> str | None:
    """Set where this runs behind a JupyterHub."""
    return os.environ.get("JUPYTERHUB_SERVICE_PREFIX") or None
