"""Engines: settings ⇄ start command, the meaning of log lines, the managed environment."""

from .command import Parsed, command_text, parse_command, start_command
from .lines import Meaning, decisive, plain, read_line

__all__ = [
    "Meaning",
    "Parsed",
    "command_text",
    "decisive",
    "parse_command",
    "plain",
    "read_line",
    "start_command",
]
