"""Every error this package raises, in one tree.

    CraterError
    ├── InputError                 what was asked for cannot be understood or allowed
    │   ├── ParameterError         one parameter of a template, or one setting, is wrong
    │   ├── ModelNotFound          a model folder is missing or holds no config.json
    │   ├── PortTaken              a port that was asked for is in use
    │   ├── ConflictError          a job of that name lives with other values
    │   ├── TemplateError          a template file is broken (file, line and field are named)
    │   ├── ConfigError            the configuration file or an environment variable is wrong
    │   └── NotSupported           this backend cannot do that
    ├── DoesNotFit                 memory, disk or the rules of the engine forbid it
    ├── PreflightFailed            the nodes lack what the job needs
    ├── NotFound
    │   ├── JobNotFound
    │   └── TemplateNotFound
    ├── BackendError               the place where jobs run did not do what it was asked
    │   ├── BackendUnavailable     it could not be reached
    │   ├── AuthenticationError    it does not know us: log in again
    │   └── PermissionDenied       it knows us and refuses
    ├── JobFailed                  the job ended without serving
    ├── WaitTimeout                a bounded wait ran out
    ├── EngineInstallError         the managed engine environment could not be made
    ├── NewerSchema                written by a newer jupyter_crater: may be read, not changed
    └── Cancelled                  the caller stopped it

What is wrong stands in the message, what would be right in ``hint``. The edges map classes to exit
codes, HTTP statuses and red cards, each in one place; nothing below the edges prints.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from typing import Any

__all__ = [
    "AuthenticationError",
    "BackendError",
    "BackendUnavailable",
    "Cancelled",
    "ConfigError",
    "ConflictError",
    "CraterError",
    "DoesNotFit",
    "EngineInstallError",
    "InputError",
    "JobFailed",
    "JobNotFound",
    "ModelNotFound",
    "NewerSchema",
    "NotFound",
    "NotSupported",
    "ParameterError",
    "PermissionDenied",
    "PortTaken",
    "PreflightFailed",
    "TemplateError",
    "TemplateNotFound",
    "WaitTimeout",
    "nearest",
]


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word closest to ``word``, or None where nothing is close."""
    matches = get_close_matches(word, list(known), n=1, cutoff=0.55)
    return matches[0] if matches else None


def meant(word: str, known: Iterable[str], otherwise: str | None = None) -> str | None:
    """A hint: the known word closest to ``word``, ``otherwise`` where nothing is close."""
    close = nearest(word, known)
    return f"Did you mean {close!r}?" if close else otherwise


class CraterError(Exception):
    """Base of all errors of this package.

    Attributes:
        message: what is wrong, one sentence.
        hint: what would be right, or None.
    """

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}\n{self.hint}" if self.hint else self.message

    def to_dict(self) -> dict[str, Any]:
        """The error as every edge sends it: ``{"error", "message", "hint", …}``."""
        return {"error": type(self).__name__, "message": self.message, "hint": self.hint}


class InputError(CraterError):
    """What was asked for cannot be understood or allowed."""


class ParameterError(InputError):
    """One parameter of a template, or one setting, is wrong.

    Attributes:
        parameter: its name as the user wrote it.
        value: the refused value, or None where the name itself is wrong.
    """

    def __init__(
        self, parameter: str, message: str, *, value: Any = None, hint: str | None = None
    ) -> None:
        super().__init__(message, hint=hint)
        self.parameter = parameter
        self.value = value

    def to_dict(self) -> dict[str, Any]:
        return super().to_dict() | {"parameter": self.parameter}


class ModelNotFound(InputError):
    """A model folder is missing or holds no config.json."""


class PortTaken(InputError):
    """A port that was asked for is in use."""


class ConflictError(InputError):
    """A job of that name lives with other values.

    Attributes:
        differences: rows of (setting, value of the living job, value asked for).
    """

    def __init__(
        self,
        message: str,
        *,
        differences: Sequence[tuple[str, Any, Any]] = (),
        hint: str | None = None,
    ) -> None:
        super().__init__(message, hint=hint)
        self.differences = list(differences)

    def to_dict(self) -> dict[str, Any]:
        rows = [{"setting": s, "running": a, "asked": b} for s, a, b in self.differences]
        return super().to_dict() | {"differences": rows}


class TemplateError(InputError):
    """A template file is broken; the message names file, line and field."""


class ConfigError(InputError):
    """The configuration file or an environment variable is wrong."""


class NotSupported(InputError):
    """This backend cannot do that; the hint says what can."""


class DoesNotFit(CraterError):
    """Memory, disk or the rules of the engine forbid it.

    Attributes:
        findings: the error findings, as in the ``size`` JSON.
    """

    def __init__(
        self, message: str, *, findings: Sequence[dict[str, Any]] = (), hint: str | None = None
    ) -> None:
        super().__init__(message, hint=hint)
        self.findings = list(findings)

    def to_dict(self) -> dict[str, Any]:
        return super().to_dict() | {"findings": self.findings}


class PreflightFailed(CraterError):
    """The nodes lack what the job needs; nothing but the check was run.

    Attributes:
        checks: all checks, as ``{"node", "check", "state", "found", "advice"}``.
    """

    def __init__(
        self, message: str, *, checks: Sequence[dict[str, Any]], hint: str | None = None
    ) -> None:
        super().__init__(message, hint=hint)
        self.checks = list(checks)

    def to_dict(self) -> dict[str, Any]:
        return super().to_dict() | {"checks": self.checks}


class NotFound(CraterError):
    """Nothing of that name."""


class JobNotFound(NotFound):
    """No such job."""


class TemplateNotFound(NotFound):
    """No such template."""


class BackendError(CraterError):
    """The place where jobs run did not do what it was asked."""


class BackendUnavailable(BackendError):
    """The backend could not be reached."""


class AuthenticationError(BackendError):
    """The backend does not know us: log in again."""


class PermissionDenied(BackendError):
    """The backend knows us and refuses."""


class JobFailed(CraterError):
    """The job ended without serving; ``reason`` is the decisive line.

    Attributes:
        name: the job.
        reason: the machine-readable reason of the status.
    """

    def __init__(self, message: str, *, name: str, reason: str, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.name = name
        self.reason = reason

    def to_dict(self) -> dict[str, Any]:
        return super().to_dict() | {"name": self.name, "reason": self.reason}


class WaitTimeout(CraterError, TimeoutError):
    """A bounded wait ran out; the message says what was waited for."""


class EngineInstallError(CraterError):
    """The managed engine environment could not be made."""


class NewerSchema(CraterError):
    """Written by a newer jupyter_crater: may be read, not changed."""


class Cancelled(CraterError):
    """The caller stopped it."""
