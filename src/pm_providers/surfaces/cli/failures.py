"""Errors as exit codes, as one readable line, and as JSON."""

from __future__ import annotations

from enum import IntEnum
from typing import Any

from pm_providers.errors import (
    AuthenticationError,
    ConfigurationError,
    ConflictError,
    NotFoundError,
    PermissionDeniedError,
    PMError,
    ProviderError,
    RateLimitedError,
    TransportError,
    UnsupportedError,
    ValidationError,
)

__all__ = ["ExitCode", "OutputClosedError", "UsageError", "describe", "exit_code", "leaf", "one_line"]


class ExitCode(IntEnum):
    """Exit codes that scripts can rely on."""

    OK = 0
    UNEXPECTED = 1
    USAGE = 2
    CONFIGURATION = 3
    PERMISSION = 4
    NOT_FOUND = 5
    VALIDATION = 6
    CONFLICT = 7
    RATE_LIMITED = 8
    UNSUPPORTED = 9
    PROVIDER = 10
    INTERRUPTED = 130


_CODES: tuple[tuple[type[BaseException], ExitCode], ...] = (
    (ConfigurationError, ExitCode.CONFIGURATION),
    (AuthenticationError, ExitCode.PERMISSION),
    (PermissionDeniedError, ExitCode.PERMISSION),
    (NotFoundError, ExitCode.NOT_FOUND),
    (ValidationError, ExitCode.VALIDATION),
    (ConflictError, ExitCode.CONFLICT),
    (RateLimitedError, ExitCode.RATE_LIMITED),
    (UnsupportedError, ExitCode.UNSUPPORTED),
    (TransportError, ExitCode.PROVIDER),
    (ProviderError, ExitCode.PROVIDER),
    (KeyboardInterrupt, ExitCode.INTERRUPTED),
)


_UNREACHED = (AuthenticationError, NotFoundError, ProviderError, TransportError)


class UsageError(Exception):
    """The command line itself makes no sense; nothing was done."""


class OutputClosedError(Exception):
    """Whoever read our output has gone (`| head`)."""


def leaf(error: BaseException) -> BaseException:
    """The first error of a group of errors, else the error itself."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


def exit_code(error: BaseException) -> ExitCode:
    """Exit code of an error."""
    if isinstance(error, UsageError) or hasattr(error, "format_message"):
        return ExitCode.USAGE
    return next((code for kind, code in _CODES if isinstance(error, kind)), ExitCode.UNEXPECTED)


def one_line(error: BaseException) -> str:
    """What went wrong, for people, with what they can do about it."""
    if isinstance(error, KeyboardInterrupt):
        return "interrupted"
    if hasattr(error, "format_message"):
        return str(error.format_message())
    if isinstance(error, UsageError):
        return str(error)
    if not isinstance(error, PMError):
        return f"unexpected {type(error).__name__}: {error}; --debug shows the traceback"
    return f"{error}{_advice(error)}"


def _advice(error: PMError) -> str:
    if error.maybe_applied:
        return "; the change may have been made all the same, look before repeating it"
    if isinstance(error, RateLimitedError) and error.retry_after_s is not None:
        return f"; try again in {error.retry_after_s:.0f} s"
    if isinstance(error, ConfigurationError) and error.example and error.example not in error.message:
        name = f"{error.setting}=" if error.setting else ""
        return f"; for example {name}{error.example}"
    if error.operation == "connect" and isinstance(error, _UNREACHED):
        return "; `pm-providers config show` shows the settings in force"
    return ""


def describe(error: BaseException) -> dict[str, Any]:
    """The error as JSON: always the same keys, null where one does not apply."""
    known = error if isinstance(error, PMError) else PMError(one_line(error))
    return {
        "type": type(error).__name__ if isinstance(error, PMError) else _type_name(error),
        "message": known.message,
        "exit_code": int(exit_code(error)),
        "provider": known.provider,
        "operation": known.operation,
        "retryable": known.retryable,
        "maybe_applied": known.maybe_applied,
        "status": known.status,
        "request_id": known.request_id,
        "fields": _fields(known),
        "setting": getattr(known, "setting", None),
        "example": getattr(known, "example", None),
        "retry_after_s": getattr(known, "retry_after_s", None),
        "current_version": getattr(known, "current_version", None),
    }


def _fields(error: PMError) -> dict[str, str] | None:
    """What is wrong with which field; a conflict only knows the names."""
    if isinstance(error, ValidationError):
        return error.fields
    if isinstance(error, ConflictError):
        return dict.fromkeys(error.fields, "changed meanwhile")
    return None


def _type_name(error: BaseException) -> str:
    if isinstance(error, KeyboardInterrupt):
        return "Interrupted"
    return "UsageError" if exit_code(error) is ExitCode.USAGE else type(error).__name__
