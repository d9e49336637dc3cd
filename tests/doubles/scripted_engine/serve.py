"""Stands in for `vllm serve` with the scripted OpenAI server, so that a chat is what a test says.

The rest of the job is as with tests/doubles/stand_in, whose node and Ray scripts stand beside this
one (tests/browser/conftest.py puts them together). CRATER_SCRIPT_DELAY and CRATER_SCRIPT_RATE set
seconds to the first token and tokens per second. With CRATER_SCRIPT_UNTIL (a file) it loads until that
is there, with a line of log each 50 ms.
"""

import argparse
import os
import sys
import threading
import time
from itertools import count
from pathlib import Path

sys.path.insert(0, os.environ["CRATER_TEST_ROOT"])

from tests.doubles.openai_server import OpenAIServer


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("verb", choices=["serve"])
    parser.add_argument("model")
    parser.add_argument("--host", required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--served-model-name", nargs="+", default=["scripted"])
    options, _ = parser.parse_known_args()
    assert options.host == "127.0.0.1"
    say("non-default args: {'model': 'scripted'}")
    say("Starting to load model scripted...")
    hostile = os.environ.get("CRATER_SCRIPT_LOG")
    for number in range(int(os.environ.get("CRATER_SCRIPT_LINES", "0"))):
        say(f"line {number} {hostile or ''}")
    if until := os.environ.get("CRATER_SCRIPT_UNTIL"):
        for number in count():
            if Path(until).exists():
                break
            say(f"still loading {number}")
            time.sleep(0.05)
    if failure := os.environ.get("CRATER_SCRIPT_FAIL"):
        say(failure)
        sys.exit(1)
    server = OpenAIServer(
        key=os.environ["VLLM_API_KEY"],
        model=options.served_model_name[0],
        port=options.port,
        delay=float(os.environ.get("CRATER_SCRIPT_DELAY", "0.05")),
        rate=float(os.environ.get("CRATER_SCRIPT_RATE", "50")),
        tokens=int(os.environ.get("CRATER_SCRIPT_TOKENS", "40")),
    )
    with server:
        say("Application startup complete.")
        threading.Event().wait()


def say(text: str) -> None:
    print(f"(APIServer pid={os.getpid()}) INFO 11-23 22:51:03 [x.py:1] {text}", flush=True)


if __name__ == "__main__":
    main()
