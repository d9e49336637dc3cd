"""Observing jobs, politely."""

from __future__ import annotations


class Poller:
    """Replaced in the next step."""

    def __init__(self, interval: float = 2.0) -> None:
        self.interval = interval
