"""The words of the command line. Only argparse is imported here: `--help` must be quick."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

EXIT_CODES = (
    "exit codes: 0 done, 1 failed, 2 bad input, 3 does not fit or not legal, 4 no such job or "
    "template, 5 backend not reachable, 130 cancelled"
)
BACKENDS = ("local", "kubernetes", "crater")
SETTINGS = {
    "tensor_parallel": int,
    "pipeline_parallel": int,
    "dtype": str,
    "quantization": str,
    "kv_cache_dtype": str,
    "kv_cache_memory_bytes": int,
    "max_model_len": int,
    "max_num_seqs": int,
    "max_num_batched_tokens": int,
    "gpu_memory_utilization": float,
}
"""Of ``size``: each is an option of the same name."""


class _Parser(argparse.ArgumentParser):
    """argparse's own errors exit with 2, as the contracts want bad input."""

    def __init__(self, **options: Any) -> None:
        options.setdefault("formatter_class", argparse.RawDescriptionHelpFormatter)
        super().__init__(allow_abbrev=False, **options)


def build() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="jupyter crater",
        description="Size, launch, watch and chat with a large language model on a GPU cluster, "
        "or rehearse the whole job on this machine.",
        epilog="example:\n  jupyter crater launch deepseek-r1-distributed --wait\n"
        "  jupyter crater ask deepseek-r1-distributed 'What is gravity?'\n\n" + EXIT_CODES,
    )
    parser.add_argument("--version", action="version", version=_version())
    parser.set_defaults(run=None)
    verbs = parser.add_subparsers(title="verbs", metavar="VERB")
    _templates(verbs)
    _launch(verbs)
    _jobs(verbs)
    _service(verbs)
    _ending(verbs)
    _session(verbs)
    _tools(verbs)
    return parser


def _version() -> str:
    from .. import __version__

    return f"jupyter-crater {__version__}"


def verb(verbs: Any, name: str, run: str, help: str, example: str) -> argparse.ArgumentParser:  # noqa: A002
    """A verb with what all have: ``--json`` and an example."""
    examples = "\n".join(f"  jupyter crater {line}" for line in example.splitlines())
    parser: argparse.ArgumentParser = verbs.add_parser(
        name,
        help=help,
        description=help[0].upper() + help[1:] + ".",
        epilog=f"example:\n{examples}",
    )
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout")
    parser.set_defaults(run=run)
    return parser


def _backend(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("where")
    group.add_argument("--backend", choices=BACKENDS, help="default: the configuration, else local")
    group.add_argument("--context", help="kubernetes: context of the kubeconfig")
    group.add_argument("--namespace", help="kubernetes: namespace")
    group.add_argument("--carrier", choices=("volcano", "kuberay", "kubernetes"))
    group.add_argument("--queue", help="kubernetes: queue")
    group.add_argument("--url", help="crater: address of the platform")
    group.add_argument("--account", help="crater: account")


def _job(verbs: Any, name: str, run: str, help: str, rest: str = "") -> argparse.ArgumentParser:  # noqa: A002
    """A verb for one job; ``rest`` follows the job's name in the example."""
    parser = verb(verbs, name, run, help, f"{name} deepseek-r1-distributed {rest}".rstrip())
    _complete(parser.add_argument("name", metavar="NAME", help="name of the job"), _job_names)
    _backend(parser)
    return parser


def _complete(action: argparse.Action, completer: Callable[..., list[str]]) -> None:
    """What argcomplete offers for an argument; it looks the attribute up itself."""
    action.completer = completer  # type: ignore[attr-defined]


def _job_names(**_: Any) -> list[str]:
    from .. import api

    return [job.name for job in api.jobs("local")]


def _template_ids(**_: Any) -> list[str]:
    from .. import api

    return [template.id for template in api.templates()]


def _settings(parsed_args: argparse.Namespace, **_: Any) -> list[str]:
    from .. import api

    return [f"{name}=" for name in api.template(parsed_args.template).parameters]


def _templates(verbs: Any) -> None:
    listing = verb(
        verbs,
        "templates",
        "templates:templates",
        "list the templates",
        "templates\ntemplates --backend crater",
    )
    _backend(listing)
    show = verb(
        verbs,
        "show",
        "templates:show",
        "show a template and its parameters",
        "show deepseek-r1-distributed",
    )
    _complete(show.add_argument("template", metavar="TEMPLATE"), _template_ids)
    show.add_argument("--language", default="en", choices=("en", "ja", "zh-CN"))
    size = verb(
        verbs,
        "size",
        "sizing:size",
        "tell how a model fits on GPUs",
        "size --model DeepSeek-R1-Distill-Qwen-32B --gpu V100-32GB --nodes 2 --gpus-per-node 4",
    )
    size.add_argument("--model", metavar="ID|FOLDER|config.json")
    size.add_argument("--gpu", metavar="NAME")
    size.add_argument("--gpu-memory", type=float, metavar="GIB", help="GiB, as torch sees it")
    size.add_argument("--compute-capability", metavar="X.Y")
    size.add_argument("--nodes", type=int, default=1)
    size.add_argument("--gpus-per-node", type=int, default=1)
    for setting, kind in SETTINGS.items():
        size.add_argument(f"--{setting.replace('_', '-')}", type=kind)
    size.add_argument("--enforce-eager", action="store_true", default=None)
    size.add_argument("--engine", choices=("vllm", "sglang"))
    size.add_argument("--engine-version")
    size.add_argument("--command", metavar="START COMMAND", help="the settings of a start command")


def _launch(verbs: Any) -> None:
    launch = verb(
        verbs,
        "launch",
        "launch:launch",
        "launch a job from a template, or attach to the living one",
        "launch deepseek-r1-distributed --wait\n"
        "launch deepseek-r1-distributed --set max_num_seqs=8 --name mine\n"
        "launch vllm-single --dry-run -o json",
    )
    _complete(launch.add_argument("template", metavar="TEMPLATE"), _template_ids)
    _values(launch)
    launch.add_argument("--name", help="DNS-1123; default: the template's id")
    launch.add_argument("--new", action="store_true", help="a second job beside a living one")
    launch.add_argument("--connect", metavar="JOB", help="for clients: the job they talk to")
    launch.add_argument("--lease", metavar="DURATION", help="90, 45s, 30m, 8h or 2d")
    launch.add_argument("--wait", action="store_true", help="return when it serves")
    launch.add_argument("--force", action="store_true", help="in spite of error findings")
    launch.add_argument("--preflight", action="store_true", help="check the nodes first")
    launch.add_argument(
        "--raw-command", action="store_true", help="allow a template's own shell command"
    )
    launch.add_argument("--dry-run", action="store_true", help="create nothing; print it")
    launch.add_argument("-o", "--output", choices=("yaml", "json"), default="yaml")
    _backend(launch)
    export = verb(
        verbs,
        "export",
        "launch:export",
        "write what a job or a template would create",
        "export --template deepseek-r1-distributed -o volcano",
    )
    export.add_argument("name", metavar="NAME", nargs="?", help="name of the job")
    export.add_argument("--template", metavar="ID")
    _values(export)
    export.add_argument(
        "-o", "--output", choices=("volcano", "kuberay", "kubernetes", "crater", "local")
    )
    _backend(export)


def _values(parser: argparse.ArgumentParser) -> None:
    action = parser.add_argument(
        "--set",
        dest="values",
        metavar="KEY=VALUE",
        action="append",
        default=[],
        help="a parameter of the template; again for another",
    )
    _complete(action, _settings)


def _jobs(verbs: Any) -> None:
    _backend(verb(verbs, "list", "jobs:list_jobs", "list all jobs", "list\nlist --json"))
    _job(verbs, "status", "jobs:status", "show the state of a job")
    logs = _job(verbs, "logs", "jobs:logs", "show the logs of a job", "-f")
    logs.add_argument("--task", help="head, worker, worker-0, engine …")
    logs.add_argument("-f", "--follow", action="store_true", help="until the job ends")
    logs.add_argument("--previous", action="store_true", help="of the attempt before")
    _job(verbs, "events", "jobs:events", "show what happened")

    diagnose = verb(
        verbs,
        "diagnose",
        "jobs:diagnose",
        "tell why a job failed and what to do",
        "diagnose deepseek-r1-distributed\ndiagnose --log head.log worker.log",
    )
    _complete(
        diagnose.add_argument("name", metavar="NAME", nargs="?", help="name of the job"), _job_names
    )
    diagnose.add_argument("--log", metavar="FILE", nargs="+", help="log files instead of a job")
    diagnose.add_argument("--report", action="store_true", help="a redacted report to hand on")
    _backend(diagnose)


def _service(verbs: Any) -> None:
    _job(verbs, "url", "service:url", "print the forwarded address")
    _job(
        verbs,
        "open",
        "service:open_job",
        "open it with its chat in JupyterLab; a client's page, signed in",
    )
    _job(verbs, "key", "service:key", "print the API key")
    ask = _job(verbs, "ask", "service:ask", "ask the model one question", "'What is gravity?'")
    ask.add_argument("text", metavar="TEXT")
    ask.add_argument("--max-tokens", type=int)
    ask.add_argument("--temperature", type=float)
    ask.add_argument("--seed", type=int)
    ask.add_argument("--system", metavar="TEXT", help="system prompt")


def _ending(verbs: Any) -> None:
    _job(verbs, "stop", "jobs:stop", "end the processes of a job; logs stay")
    _job(verbs, "delete", "jobs:delete", "end a job and remove everything of it")
    extend = _job(verbs, "extend", "jobs:extend", "move the end of the lease", "2h")
    extend.add_argument("duration", metavar="DURATION", help="90, 45s, 30m, 8h or 2d")


def _session(verbs: Any) -> None:
    login = verb(
        verbs,
        "login",
        "session:login",
        "log in to a Crater platform",
        "login --url https://crater.example.org\nlogin --username alice --password-stdin",
    )
    login.add_argument("--username", metavar="NAME", help="default: asked for")
    login.add_argument("--method", choices=("normal", "ldap"))
    login.add_argument("--password-stdin", action="store_true", help="read it from stdin")
    logout = verb(verbs, "logout", "session:logout", "forget the session at a platform", "logout")
    whoami = verb(verbs, "whoami", "session:whoami", "tell who is logged in", "whoami --json")
    switch = verb(
        verbs, "switch", "session:switch", "act as another account of yours", "switch lab-a"
    )
    switch.add_argument("account", metavar="ACCOUNT")
    for parser in (login, logout, whoami, switch):
        parser.add_argument("--url", help="address of the platform; default: the configuration's")


def _tools(verbs: Any) -> None:
    engine = verb(
        verbs,
        "engine",
        "engine:engine",
        "the managed environments: Ray and vLLM, and Open WebUI",
        "engine install\nengine status --json\nengine install open-webui",
    )
    engine.add_argument("action", choices=("install", "status", "remove"))
    engine.add_argument(
        "environment",
        nargs="?",
        choices=("engine", "open-webui"),
        default="engine",
        help="which one (default: engine, that is Ray, vLLM and the embedded model)",
    )
    notebooks = verb(
        verbs, "notebooks", "tools:notebooks", "copy the tutorials here", "notebooks tutorials"
    )
    notebooks.add_argument("folder", metavar="DIR", nargs="?", default="crater-tutorials")
    verb(
        verbs,
        "demo",
        "tools:demo",
        "the main job on this machine, from nothing to an answer",
        "demo",
    ).add_argument("--no-lab", action="store_true", help="don't open JupyterLab at the end")
    verb(
        verbs,
        "doctor",
        "doctor:doctor",
        "check this machine and say what to do",
        "doctor\ndoctor --json",
    )
    completion = verb(
        verbs,
        "completion",
        "tools:completion",
        "print the completion of a shell for `jupyter-crater`",
        'completion bash >> ~/.bashrc\ncompletion zsh > "${fpath[1]}/_jupyter-crater"\n'
        "completion fish > ~/.config/fish/completions/jupyter-crater.fish",
    )
    completion.add_argument("shell", choices=("bash", "zsh", "fish"))
