# ruff: noqa: INP001 - Python looks for this name at the top, so it is in no package
"""Found through PYTHONPATH by every Python of the engine; acts in Ray's worker processes only."""

import sys

if any(argument.endswith("/default_worker.py") for argument in sys.orig_argv):
    try:
        import crater_inside.preload  # noqa: F401
    except Exception:  # noqa: BLE001 - the worker then imports what it can, later, and says what it can't
        sys.excepthook(*sys.exc_info())
