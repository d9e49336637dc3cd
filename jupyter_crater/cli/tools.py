"""``notebooks`` and ``demo``."""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import time
from importlib.metadata import version
from pathlib import Path

from .. import api, display
from ..errors import InputError, JobNotFound
from ..handle import Job
from .launch import announce
from .output import Output, WaitProgress

QUESTION = "What is gravity?"
DEMO = "deepseek-r1-distributed"


def tutorials() -> Path:
    """The tutorial notebooks: in the wheel beside the code, in a checkout beside the package."""
    package = Path(__file__).resolve().parents[1]
    for folder in (package / "notebooks", package.parent / "notebooks"):
        if folder.is_dir():
            return folder
    raise InputError("This installation brings no tutorials.")


def notebooks(options: argparse.Namespace, out: Output) -> None:
    target = Path(options.folder)
    copied, kept = _copy(target)
    text = "\n".join([*(f"{target / n}" for n in copied), *(f"{n} is there, kept" for n in kept)])
    out.result({"schema": 1, "folder": str(target), "copied": copied, "kept": kept}, text)


def _copy(target: Path) -> tuple[list[str], list[str]]:
    """The tutorials into a folder: names of those copied, and of those that were there."""
    source = tutorials()
    names = sorted(path.name for path in source.glob("*.ipynb"))
    kept = [name for name in names if (target / name).exists()]  # somebody's work
    copied = [name for name in names if name not in kept]
    target.mkdir(parents=True, exist_ok=True)
    for name in copied:
        shutil.copyfile(source / name, target / name)
    return copied, kept


def completion(options: argparse.Namespace, out: Output) -> None:
    import argcomplete

    script = argcomplete.shellcode(["jupyter-crater"], shell=options.shell)
    out.result({"schema": 1, "shell": options.shell, "script": script}, script.rstrip())


def demo(options: argparse.Namespace, out: Output) -> int:
    """The main job on this machine: launch or attach, wait, ask, show."""
    started = time.monotonic()
    prepared = api.prepare(DEMO, backend="local")
    announce(prepared, out)
    try:
        was = api.job(prepared.name, "local").phase
    except JobNotFound:
        was = None
    if was == "serving":
        out.note(f"{prepared.name} is serving already: attached.")
    job = prepared.submit()
    options.on_cancel = f"The job goes on; `jupyter crater delete {job.name}` ends it."
    job.wait(progress=WaitProgress(out))
    out.end_line()
    answer = job.ask(QUESTION, max_tokens=80, temperature=0)
    status = job.status()
    placed = [o.message for o in job.observations() if o.reason == "rank-placed"]
    seconds = time.monotonic() - started
    data = {
        "schema": 1,
        "question": QUESTION,
        "answer": answer,
        "url": status.url,
        "stages": placed,
        "seconds": round(seconds, 1),
        "status": status.to_json(),
    }
    out.result(data, _report(job, answer, placed, seconds))
    if not options.no_lab and not out.json and sys.stdin.isatty() and sys.stdout.isatty():
        return _lab(out)
    return 0


def _report(job: Job, answer: str, placed: list[str], seconds: float) -> str:
    status = job.status()
    nodes = [t for t in status.tasks if t.phase == "running" and t.node]
    lines = [
        "",
        f"Rehearsal: {display.rehearsal_title(status)}",
        *(f"  {r.setting}: {r.asked} → {r.used} ({r.because})" for r in status.rehearsal),
        "",
        f"Head IP        {status.head_ip}",
        f"Forwarded URL  {status.url or 'none'}   (OpenAI API below /v1; its key: jupyter crater key {job.name})",
        f"Ray nodes      {len(nodes)} alive",
        *(f"  {t.task}-{t.index}  {t.node}" for t in nodes),
        *(f"  {line}" for line in placed),
        "",
        f"> {QUESTION}",
        answer,
        "",
        f"From start to answer: {seconds:.1f} s. The job goes on:",
        f"  jupyter crater ask {job.name} '…'     ask it something",
        f"  jupyter crater delete {job.name}       end it and remove it",
        f"  jupyter lab {tutorials() / '01-the-main-job.ipynb'}",
    ]
    return "\n".join(lines)


def _lab(out: Output) -> int:
    """JupyterLab on the first tutorial, in a copy: the checkout stays as it is."""
    try:
        version("jupyterlab")
    except ImportError:
        out.note("JupyterLab is not installed here: pip install 'jupyter_crater[lab]'.")
        return 0
    target = Path("crater-tutorials")
    _copy(target)
    sys.stdout.flush()
    command = [sys.executable, "-m", "jupyterlab", str(target / "01-the-main-job.ipynb")]
    return subprocess.run(command, check=False).returncode
