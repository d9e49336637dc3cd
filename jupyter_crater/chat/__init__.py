"""A conversation with one OpenAI-compatible engine, over the openai client.

Pure of Jupyter: widgets, magics, the server's routes and the CLI drive the same
:func:`~jupyter_crater.chat.streaming.answer`.
"""

from .history import fit
from .streaming import Delta, answer
from .turns import Settings, Turn

__all__ = ["Delta", "Settings", "Turn", "answer", "fit"]
