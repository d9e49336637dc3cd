"""``jupyter crater VERB``: every verb with ``--json`` and the exit codes of the contracts.

Exit codes: 0 done · 1 failed · 2 bad input · 3 does not fit or not legal · 4 no such job or
template · 5 backend not reachable · 130 cancelled.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from .output import Output
from .parser import build


def exit_code(error: BaseException) -> int:
    """The one place where errors become exit codes."""
    from .. import errors

    if isinstance(error, (KeyboardInterrupt, errors.Cancelled)):
        return 130
    table: tuple[tuple[type[BaseException], int], ...] = (
        (errors.InputError, 2),
        (errors.DoesNotFit, 3),
        (errors.PreflightFailed, 3),
        (errors.NotFound, 4),
        (errors.BackendError, 5),
    )
    return next((code for kind, code in table if isinstance(error, kind)), 1)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb; returns the exit code."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    parser = build()
    if "_ARGCOMPLETE" in os.environ:  # a shell asks what could come next
        import argcomplete

        argcomplete.autocomplete(parser)
    options = parser.parse_args(words)
    out = Output(json=getattr(options, "json", False))
    if options.run is None:
        parser.print_help()
        return 2
    from importlib import import_module

    from ..errors import CraterError

    module, _, function = options.run.partition(":")
    try:
        return int(getattr(import_module(f".{module}", __name__), function)(options, out) or 0)
    except CraterError as error:
        out.error(error)
        return exit_code(error)
    except KeyboardInterrupt as error:
        out.note(getattr(options, "on_cancel", "Cancelled."))
        return exit_code(error)
    except BrokenPipeError:
        # `… | head`: the reader has what it wanted. Python must not flush to it at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def entry() -> None:
    sys.exit(main())
