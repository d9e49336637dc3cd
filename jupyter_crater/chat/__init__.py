"""A conversation with one OpenAI-compatible engine, over the openai client.

Pure of Jupyter: widgets, magics, the server's routes and the CLI drive the same
:meth:`Engine.answer`.
"""

from .engine import Engine
from .history import fit
from .streaming import Delta, answer
from .turns import Settings, Turn

__all__ = ["Delta", "Engine", "Settings", "Turn", "answer", "fit"]
