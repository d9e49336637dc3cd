"""``%%chat [JOB]`` and ``%crater …``: for notebooks that are to keep what was said.

%load_ext jupyter_crater

%%chat deepseek-r1-distributed --temperature 0
What is gravity?
"""

from __future__ import annotations

import argparse
import asyncio
import re
import shlex
import sys
import threading
from contextlib import aclosing
from importlib import import_module
from typing import Any

from . import api, calls
from .chat import Settings, Turn
from .errors import CraterError, InputError
from .handle import Job

REDRAW_S = 0.15


class _Parser(argparse.ArgumentParser):
    """Errors as exceptions: a notebook is not to exit."""

    def error(self, message: str) -> Any:
        raise InputError(f"%%chat: {message}.", hint=self.format_usage().strip())


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="%%chat", add_help=False, description="Ask a job's model.")
    parser.add_argument("job", nargs="?", help="its name; default: the only one that serves")
    parser.add_argument("--backend")
    parser.add_argument("--new", action="store_true", help="begin a new conversation")
    parser.add_argument("--system", default="")
    parser.add_argument("--temperature", type=float)
    parser.add_argument("--top-p", type=float, dest="top_p")
    parser.add_argument("--max-tokens", type=int, dest="max_tokens")
    parser.add_argument("--seed", type=int)
    return parser


class Chats:
    """The conversations of this kernel's ``%%chat`` cells, one a job."""

    def __init__(self, shell: Any) -> None:
        self._shell = shell
        self._turns: dict[tuple[str, str], list[Turn]] = {}

    def chat(self, line: str, cell: str) -> None:
        """The cell magic. Interrupting the cell stops the answer and keeps what had come."""
        try:
            options = vars(_parser().parse_args(shlex.split(line)))
            self._chat(options, cell)
        except (CraterError, ValueError) as error:
            sys.stderr.write(f"{error}\n")

    def _chat(self, options: dict[str, Any], cell: str) -> None:
        ipython: Any = import_module("IPython.display")  # its functions have no types

        if not cell.strip():
            raise InputError(
                "The cell is empty.", hint="The question stands below the %%chat line."
            )
        job = self._job(options.pop("job"), options.pop("backend"))
        place = (job.backend, job.name)
        before = [] if options.pop("new") else self._turns.get(place, [])
        turns = [*before, Turn(role="user", text=cell.strip())]
        answer = Turn(role="assistant")
        handle = ipython.display(ipython.Markdown("…"), display_id=True)
        work = _Answering(job, turns, Settings.from_json(options), answer)
        try:
            while not work.wait(REDRAW_S):
                handle.update(ipython.Markdown(as_markdown(answer) or "…"))
        except KeyboardInterrupt:
            work.cancel()
        handle.update(ipython.Markdown(as_markdown(answer)))
        if answer.error:
            raise CraterError(answer.error.message, hint=answer.error.hint)
        self._turns[place] = [*turns, answer]

    def _job(self, name: str | None, backend: str | None) -> Job:
        """By name, by the variable of that name, or the only one that serves."""
        variable = self._shell.user_ns.get(name) if name else None
        if isinstance(variable, Job):
            return variable
        if name:
            return api.job(name, backend)
        serving = [job for job in api.jobs(backend) if job.phase == "serving"]
        if len(serving) != 1:
            names = ", ".join(job.name for job in serving) or "none"
            raise InputError(f"Name the job: %%chat JOB. Serving now: {names}.")
        return serving[0]

    def crater(self, line: str) -> None:
        """The line magic: the command line with this kernel's Python; its exit ends nothing here."""
        self._shell.system(
            shlex.join([sys.executable, "-m", "jupyter_crater.cli", *shlex.split(line)])
        )


class _Answering:
    """An answer in a thread with a loop of its own: the kernel's is in use while a cell runs."""

    def __init__(self, job: Job, turns: list[Turn], settings: Settings, answer: Turn) -> None:
        self._done = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._task = self._loop.create_task(self._ask(job, turns, settings, answer))
        threading.Thread(target=self._run, name="crater-magic", daemon=True).start()

    def wait(self, seconds: float) -> bool:
        return self._done.wait(seconds)

    def cancel(self) -> None:
        self._loop.call_soon_threadsafe(self._task.cancel)
        self._done.wait(5)

    def _run(self) -> None:
        try:
            self._loop.run_until_complete(asyncio.wait([self._task]))
        finally:
            self._loop.close()
            self._done.set()

    async def _ask(self, job: Job, turns: list[Turn], settings: Settings, answer: Turn) -> None:
        from .chat import Engine
        from .chat.turns import Failure

        try:
            async with job.async_client(max_retries=0) as client:
                engine = Engine(client, job.model)
                async with aclosing(engine.answer(turns, settings, partial=answer)) as deltas:
                    async for _ in deltas:
                        pass
        except CraterError as error:
            answer.error = Failure.model_validate(calls.error_json(error))


def as_markdown(turn: Turn) -> str:
    """The answer as markdown that a notebook may keep: thinking folded, nothing of it active."""
    parts = []
    if turn.thinking.strip():
        seconds = f" for {turn.thinking_seconds:.1f} s" if turn.thinking_seconds else ""
        quoted = inert(turn.thinking.strip())
        title = f"Thought{seconds}"
        parts.append(f"<details><summary>{title}</summary>\n\n{quoted}\n\n</details>\n")
    parts.append(inert(turn.text.strip()))
    return "\n".join(parts)


_FENCE = re.compile(r"^(`{3,}(?=[^`\n]*$)|~{3,})", re.MULTILINE)
_CODE = re.compile(r"(?<![`\\])`(?!`)[^`\n]+`(?!`)")
_SCHEME = re.compile(r"(javascript|vbscript|data):", re.IGNORECASE)


def inert(text: str) -> str:
    """Markdown with no HTML, no image and no script link in it; code stays as it is.

    A viewer of notebooks may clean HTML or not, and fetches images in any case.
    """
    out = []
    fence = ""
    for line in text.split("\n"):
        mark = _FENCE.match(line)
        if fence:
            out.append(line)
            if line.startswith(fence) and not line.strip(fence[0] + " \t"):
                fence = ""
        elif mark:
            fence = mark[1]
            out.append(line)
        else:
            out.append(_inert_line(line))
    # Left open, what follows in the cell's output would be code too.
    return "\n".join([*out, fence] if fence else out)


def _inert_line(line: str) -> str:
    # Formulas may swallow a backtick, so that what looks like code isn't.
    codes = [] if "$" in line or "\\(" in line else list(_CODE.finditer(line))
    out, position = [], 0
    for code in codes:
        out += [_escape(line[position : code.start()]), code[0]]
        position = code.end()
    return "".join([*out, _escape(line[position:])])


def _escape(text: str) -> str:
    text = text.replace("<", "&lt;").replace("![", "\\!\\[")
    return _SCHEME.sub(r"\1 :", text)


def load_ipython_extension(shell: Any) -> None:
    """``%load_ext jupyter_crater``."""
    chats = Chats(shell)
    shell.register_magic_function(chats.chat, magic_kind="cell", magic_name="chat")
    shell.register_magic_function(chats.crater, magic_kind="line", magic_name="crater")
