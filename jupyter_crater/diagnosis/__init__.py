"""Why a job failed, and what now: rules over what was observed.

``diagnose`` reads observations, ``from_log`` makes them of a log file, ``report`` is what a user
may hand on. All are pure. A rule is a declarative object (``RULES``); ``docs/diagnosis`` has a page
for each, made from them.
"""

from __future__ import annotations

from .match import diagnose
from .model import Diagnosis, Evidence, Fix, Rule, Sign
from .redact import redact
from .report import report
from .rules import RULES
from .text import from_log

__all__ = [
    "RULES",
    "Diagnosis",
    "Evidence",
    "Fix",
    "Rule",
    "Sign",
    "diagnose",
    "from_log",
    "redact",
    "report",
]
