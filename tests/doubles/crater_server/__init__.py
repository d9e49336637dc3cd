"""A double of the Crater server that enforces the real one's rules (facts: crater-api.md 8.1)."""

from .app import App
from .transport import InProcess
from .world import World, seed

__all__ = ["App", "InProcess", "World", "seed"]
