"""The far side of labextension/src/widgets/comm.ts."""

from __future__ import annotations

import asyncio
import json
from concurrent.futures import Future
from contextlib import aclosing
from pathlib import Path
from typing import Any, ClassVar

import anywidget
import traitlets

from .. import calls
from ..errors import InputError, NotSupported
from .loop import start

STATIC = Path(__file__).with_name("static")
LANGUAGES = ("ja", "zh-CN")
"""Those with a dictionary beside the bundles."""
PAUSE_S = 0.016
"""Deltas of this long go in one message: Jupyter drops messages above 1,000 a second."""
ACK_S = 0.25
"""A page that has heard nothing is told after so long that it was heard; most answers are quicker."""


class View(anywidget.AnyWidget):
    """A view whose requests are answered by :mod:`jupyter_crater.calls`.

    Requests and answers are custom messages; what must outlive the page is synced state. Nothing
    here runs on the kernel's loop.
    """

    _bundle: ClassVar[str]
    name = traitlets.Unicode().tag(sync=True)

    def __init_subclass__(cls, **kwargs: Any) -> None:
        bundle = cls.__dict__.get("_bundle")
        if bundle:
            cls._esm = STATIC / f"{bundle}.js"
            cls._css = STATIC / f"{bundle}.css"
        super().__init_subclass__(**kwargs)

    def __init__(self, **kwargs: Any) -> None:
        if not (STATIC / f"{self._bundle}.js").exists():
            raise NotSupported(
                "The views of this checkout are not built.",
                hint="`pip install .` builds them, `make labextension` does so in place.",
            )
        super().__init__(**kwargs)
        self._running: dict[str, Future[None]] = {}
        self.on_msg(self._receive)
        # ipykernel 7.4 takes messages off the browser's subshell and gives them to the shell that
        # last sent on this comm: behind the running cell. Stay on the subshell.
        # (Private name; tests/browser/test_busy_kernel.py keeps it honest.)
        if hasattr(self.comm, "_reply_subshell_for"):
            self.comm._reply_subshell_for = lambda _, default: default  # noqa: SLF001

    def close(self) -> None:
        for work in list(getattr(self, "_running", {}).values()):
            work.cancel()
        super().close()

    def _receive(self, _: Any, message: dict[str, Any], __: Any) -> None:
        if "cancel" in message:
            work = self._running.get(str(message["cancel"]))
            if work:
                work.cancel()
            return
        request = message.get("request")
        if not isinstance(request, str):
            return
        work = start(self._answer(request, message))
        self._running[request] = work
        work.add_done_callback(lambda _: self._running.pop(request, None))

    async def _answer(self, request: str, message: dict[str, Any]) -> None:
        method, params = str(message.get("method")), dict(message.get("params") or {})
        ack = asyncio.get_running_loop().call_later(
            ACK_S, self.send, {"request": request, "ack": True}
        )
        try:
            if method in calls.STREAMS:
                await self._stream(request, method, params)
                result = None
            else:
                result = await self.call(method, params)
        except asyncio.CancelledError:
            raise
        except Exception as error:  # noqa: BLE001 - the view is told
            self.send({"request": request, "error": calls.error_json(error)})
        else:
            self.send({"request": request, "result": result})
        finally:
            ack.cancel()

    async def call(self, method: str, params: dict[str, Any]) -> Any:
        """Answer one request; subclasses add what only they know."""
        if method == "ping":
            return None
        if method == "asset.maths":
            return await asyncio.to_thread((STATIC / "maths.js").read_text, "utf-8")
        if method == "asset.words":
            if params.get("language") not in LANGUAGES:
                raise InputError(f"No such language: {params.get('language')!r}.")
            file = STATIC / f"words-{params['language']}.json"
            return json.loads(await asyncio.to_thread(file.read_text, "utf-8"))
        return await calls.call(method, params)

    async def _stream(self, request: str, method: str, params: dict[str, Any]) -> None:
        async with aclosing(calls.stream(method, params)) as items:
            async for item in items:
                self.send({"request": request, "items": [item]})
