"""``Job.open()``: the job's view with its chat, wherever the user is."""

from __future__ import annotations

import html
import webbrowser
from typing import Any
from urllib.parse import quote, urlencode

from .. import config, files
from ..display import MIME
from ..errors import NotSupported
from ..handle import Job

PAGE = '<!doctype html><meta http-equiv="refresh" content="0; url={}"><title>JupyterLab</title>'


def show(job: Job) -> None:
    """Below the cell in a notebook; elsewhere in the JupyterLab of this user that runs here.

    Raises:
        NotSupported: none runs that knows the job.
    """
    if _in_notebook():
        from IPython.display import display

        bundle: dict[str, Any] = job._repr_mimebundle_()
        if MIME in bundle:
            bundle[MIME] |= {"tab": "chat"}
        display(bundle, raw=True)  # type: ignore[no-untyped-call]
        return
    address = lab_page(job)
    # By a file, as `jupyter lab` does it: every user of the machine sees a browser's arguments.
    page = config.state() / "open.html"
    files.write(page, PAGE.format(html.escape(address)))
    webbrowser.open(page.as_uri())


def _in_notebook() -> bool:
    from IPython import get_ipython

    return hasattr(get_ipython(), "kernel")


def lab_page(job: Job) -> str:
    """Where a running JupyterLab shows the job; who has the address is signed in.

    Raises:
        NotSupported: none runs that knows the job.
    """
    import httpx

    for url, token in _servers():
        try:
            found = httpx.get(
                f"{url}crater/jobs/{quote(job.name, safe='')}",
                params={"backend": job.backend},
                headers={"Authorization": f"token {token}"} if token else {},
                timeout=10,
                trust_env=False,  # it runs here: a proxy of the environment is not to have the token
            )
        except httpx.HTTPError:
            continue
        if found.status_code == httpx.codes.OK:
            query = {"crater-job": job.name, "crater-backend": job.backend}
            return f"{url}lab?{urlencode(query | ({'token': token} if token else {}))}"
    raise NotSupported(
        f"No JupyterLab runs here that could show {job.name!r}.",
        hint=f"`jupyter lab` starts one; `jupyter crater chat {job.name}` chats in the terminal.",
    )


def _servers() -> list[tuple[str, str]]:
    """Address and token of each Jupyter server of this user on this machine."""
    try:
        from jupyter_server.serverapp import list_running_servers
    except ModuleNotFoundError:
        return []
    return [(each["url"], each["token"]) for each in list_running_servers()]
