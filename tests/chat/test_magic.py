import pytest
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output

from jupyter_crater import magic
from jupyter_crater.chat import Turn
from tests.doubles.openai_server import OpenAIServer


class FakeJob(magic.Job):
    """A job whose engine is the scripted server."""

    def __init__(self, server: OpenAIServer) -> None:
        self.name, self._server = "fake", server

    backend = "local"
    model = "scripted"

    def reach(self, *, make=True):
        return self._server.url, self._server.key


@pytest.fixture
def shell():
    shell = InteractiveShell.instance()
    magic.load_ipython_extension(shell)
    yield shell
    InteractiveShell.clear_instance()


def run(shell, line, cell):
    with capture_output() as out:
        shell.run_cell_magic("chat", line, cell)
    return [o.data["text/markdown"] for o in out.outputs], out.stderr


def test_a_conversation_in_cells(shell, server):
    shell.user_ns["job"] = FakeJob(server)
    shown, _ = run(shell, "job --temperature 0", "script: think")
    assert shown[-1].endswith("\nFour.")
    assert "<summary>Thought" in shown[-1]
    run(shell, "job", "and now?")
    sent = server.requests[-1]["messages"]
    assert [m["content"] for m in sent] == ["script: think", "Four.", "and now?"]
    run(shell, "job --new", "hello")
    assert len(server.requests[-1]["messages"]) == 1
    assert server.requests[0]["temperature"] == 0


def test_what_goes_wrong_is_said(shell, server):
    shell.user_ns["job"] = FakeJob(server)
    assert "temperature" in run(shell, "job --temperature hot", "x")[1]
    assert "empty" in run(shell, "job", "  ")[1]
    assert "500" in run(shell, "job", "script: broken")[1]


def test_hostile_markdown_is_inert():
    text = (
        "<img src=http://evil.invalid/x> ![a](http://evil.invalid/y) [b](javascript:1)\n"
        "\\` <img src=z> ` and $`$ <img src=w> `\n"
        "``` a`b\n<img src=v>\n"
    )
    shown = magic.inert(text)
    assert "<" not in shown
    assert "![" not in shown
    assert "javascript:" not in shown


def test_code_stays_code():
    text = "Use `a<b`:\n```c\n#include <x.h>\n```\nand ~~~"
    assert magic.inert(text) == text
    assert magic.inert("```\nopen") == "```\nopen\n```"
    assert magic.as_markdown(Turn(role="assistant", text="a < b")) == "a &lt; b"
