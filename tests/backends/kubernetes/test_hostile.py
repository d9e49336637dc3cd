"""Values are values: none changes a manifest's structure, a shell's words or a YAML reader's mind."""

from __future__ import annotations

import random
import subprocess

import pytest
import yaml

from jupyter_crater.backends import kubernetes as k8s
from jupyter_crater.errors import InputError
from jupyter_crater.spec import JobSpec

from .kubelet import expand

PIECES = [
    *["'", '"', "`", "\\", "$", "$$", "$(", ")", "${", "}", "$(POD_IP)", "$$(POD_IP)", "${HOME}"],
    *[
        "$(touch /tmp/pwned)",
        "`id`",
        "; exit 7",
        "&& false",
        "| cat",
        "> /dev/null",
        "\nEND\n",
        "#",
    ],
    *["\n", "\r\n", "\t", " ", "  \n ", "*", "~", "!", "&", "--host", "--", "-", "=", "%s", "\\n"],
    *[
        "---\n",
        "- a\n",
        "a: b",
        "{{x}}",
        "!!python/object",
        "&a",
        "*a",
        "yes",
        "null",
        "0o7",
        "1e3",
    ],
    *[
        "1_000",
        "0x1f",
        "2026-11-24",
        "~",
        "\u2028",
        "\u00a0",
        "\x85",
        "\x1b[31m",
        "é",
        "日本",
        "🥳",
    ],
    *["\ufeff", "\x7f", "\x01", "<script>", "%00", "../../etc", "a" * 300, ""],
]
MARK = "MARK-of-the-value"


def value(source: random.Random) -> str:
    text = "".join(source.choice(PIECES) for _ in range(source.randint(1, 6)))
    # A word "--host…" is that flag, whose value pods replace (test_scripts says so).
    return "x" + text if text.startswith("--host") else text


def with_value(spec: JobSpec, text: str) -> JobSpec:
    """A spec with the value wherever a user's text goes."""
    assert spec.engine
    head, *others = spec.tasks
    head = head.model_copy(
        update={"command": ("vllm", "serve", text, "--x", text), "env": {"A": text}}
    )
    return spec.model_copy(
        update={
            "tasks": (head, *(t.model_copy(update={"env": {"A": text}}) for t in others)),
            "title": text,
            "provenance": spec.provenance.model_copy(update={"values": {"model": text}}),
        }
    )


def shape(node):
    """A document with its texts left out, but for keys."""
    if isinstance(node, dict):
        return {key: shape(item) for key, item in node.items()}
    if isinstance(node, list):
        return [shape(item) for item in node]
    return type(node).__name__


def script(workload) -> str:
    if workload["kind"] == "RayJob":
        return workload["spec"]["entrypoint"]
    tasks = workload["spec"].get("tasks")
    template = tasks[0]["template"] if tasks else workload["spec"]["template"]
    command = template["spec"]["containers"][0]["command"]
    assert command[:2] == ["/bin/sh", "-c"] and len(command) == 3
    return expand(command[2], {"POD_IP": "10.0.0.1", "A": "not-this"})


def test_ten_thousand_values_change_nothing_but_themselves(distributed):
    source = random.Random(8)
    carriers = ("volcano", "kuberay", "kubernetes")
    shapes, around = {}, {}
    for carrier in carriers:
        documents = k8s.manifests(with_value(distributed, MARK), "r1", carrier=carrier)
        shapes[carrier] = shape(documents)
        before, _, rest = script(documents[-1]).partition(f"vllm serve {MARK} --x {MARK}")
        around[carrier] = before, rest.removeprefix(" --host 0.0.0.0")
    lines, values = [], [value(source) for _ in range(10_000)]
    for index, text in enumerate(values):
        carrier = carriers[index % 3]
        documents = k8s.manifests(with_value(distributed, text), "r1", carrier=carrier)
        workload = documents[-1]
        assert shape(documents) == shapes[carrier]
        before, after = around[carrier]
        found = script(workload)
        assert found.startswith(before) and found.endswith(after)
        lines.append(found[len(before) : len(found) - len(after)])
        template = next(iter(_templates(workload)))
        variable = next(e for e in template["spec"]["containers"][0]["env"] if e["name"] == "A")
        assert expand(variable["value"], {"POD_IP": "10.0.0.1"}) == text
    shell = "vllm() { printf '%s\\0' \"$@\"; }\n" + "\n".join(lines)
    run = subprocess.run(["/bin/sh"], input=shell.encode(), capture_output=True, timeout=120)
    assert run.returncode == 0 and run.stderr == b""
    expected = [w for text in values for w in ("serve", text, "--x", text, "--host", "0.0.0.0")]
    assert run.stdout.decode().split("\0")[:-1] == expected


def _templates(workload):
    spec = workload["spec"]
    if workload["kind"] == "RayJob":
        yield spec["rayClusterSpec"]["headGroupSpec"]["template"]
    else:
        yield spec["tasks"][0]["template"] if "tasks" in spec else spec["template"]


def test_yaml_keeps_every_text_a_text():
    source = random.Random(9)
    texts = [value(source) for _ in range(10_000)] + PIECES
    text = k8s.to_yaml([{"texts": texts}])
    assert yaml.safe_load(text) == {"texts": texts}
    # Other readers resolve more plain words than PyYAML does: only letters begin an unquoted one.
    for line in text.splitlines():
        if line.startswith("- ") and line[2] not in '"|':
            assert line[2].isalpha() or line[2] == "/"
            assert line[2:].lower() not in {"yes", "no", "on", "off", "y", "n", "null", "nan"}


@pytest.mark.parametrize("bad", ["a\0b", "\ud800"])
@pytest.mark.parametrize("carrier", ["volcano", "kuberay", "kubernetes"])
def test_what_no_process_can_be_given_is_refused(distributed, carrier, bad):
    with pytest.raises(InputError, match=r"NUL|Unicode"):
        k8s.manifests(with_value(distributed, bad), "r1", carrier=carrier)


@pytest.mark.parametrize("name", ["A B", "1A", "A=B", "", "A\nB", "$(A)"])
def test_a_variable_has_a_variables_name(distributed, name):
    tasks = tuple(t.model_copy(update={"env": {name: "x"}}) for t in distributed.tasks)
    with pytest.raises(InputError, match="can't name an environment variable"):
        k8s.manifests(distributed.model_copy(update={"tasks": tasks}), "r1", carrier="volcano")
