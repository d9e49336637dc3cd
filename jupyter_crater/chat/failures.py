"""Errors of the openai client in our words."""

from __future__ import annotations

from ..errors import AuthenticationError, BackendError, BackendUnavailable, CraterError, InputError


def is_too_long(error: Exception) -> bool:
    """Whether the engine refused because prompt and answer exceed its context."""
    return getattr(error, "status_code", None) == 400 and "maximum context length" in str(error)


def explain(error: Exception, *, began: bool = False) -> CraterError:
    """The error that is shown: what is wrong and what would be right.

    ``began``: part of the answer had come.
    """
    import openai

    if isinstance(error, CraterError):
        return error
    if isinstance(error, openai.APITimeoutError):
        return BackendUnavailable(
            "The engine did not answer in time.", hint="Look at the job's phase and log."
        )
    module = type(error).__module__.split(".")[0]
    if began and (
        isinstance(error, openai.APIConnectionError) or module.startswith(("httpx", "httpcore"))
    ):
        return BackendUnavailable(
            "The connection to the engine broke.", hint="Look at the job's phase, then try again."
        )
    if isinstance(error, openai.APIConnectionError):
        return BackendUnavailable(
            "The engine can't be reached.",
            hint="It may be restarting or stopped: look at the job's phase, then try again.",
        )
    if isinstance(error, openai.AuthenticationError):
        return AuthenticationError(
            "The engine refused the key.",
            hint="The job may have been started anew: take its handle again.",
        )
    if isinstance(error, openai.APIStatusError):
        said = _said(error)
        if error.status_code in (400, 413, 422):
            return InputError(f"The engine refused the request: {said}")
        return BackendError(f"The engine answered {error.status_code}: {said}")
    if isinstance(error, openai.APIError):
        # An error sent inside the stream: vLLM does that when its engine dies.
        return BackendError(f"The engine broke off: {error.message[:500]}")
    return BackendError(f"The answer broke off: {type(error).__name__}: {str(error)[:500]}")


def _said(error: object) -> str:
    body = getattr(error, "body", None)
    if isinstance(body, dict):
        inner = body.get("error", body)
        if isinstance(inner, dict) and isinstance(inner.get("message"), str):
            return str(inner["message"])[:500]
    return str(getattr(error, "message", error))[:500]
