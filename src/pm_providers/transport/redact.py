"""Secrets stay out of texts and logs.

Two nets. `redact` removes known secrets from one text. `install` puts a filter on our own logger
and on those of the HTTP library, which at INFO prints whole URLs and at DEBUG response headers.
"""

from __future__ import annotations

import contextvars
import logging
import re
import threading
import weakref
from collections.abc import Iterable
from typing import Final, Protocol

__all__ = ["MASK", "LogRedactor", "SecretHolder", "install", "protect", "redact"]

MASK: Final = "***"
_SHORTEST_SECRET: Final = 4
_LOGGERS: Final = (
    "pm_providers.transport",
    "httpx2",
    "httpcore2",
    "httpcore2.connection",
    "httpcore2.http11",
    "httpcore2.http2",
    "httpcore2.proxy",
    "httpcore2.socks",
)
_URL_QUERY: Final = re.compile(r"(https?://[^\s?\"'<>]*)\?[^\s\"'<>]*")
_URL_USER: Final = re.compile(r"(https?://)[^\s/@\"'<>]*@")
_HEADER_LIST: Final = re.compile(r"\[\(b['\"].*\)\]", re.DOTALL)

_holders: weakref.WeakSet[SecretHolder] = weakref.WeakSet()
_lock: Final = threading.Lock()

in_call: Final[contextvars.ContextVar[bool]] = contextvars.ContextVar("in_call", default=False)
"""True while one of our requests is under way; the host's own use of the library stays as it is."""


class SecretHolder(Protocol):
    """Whatever knows secrets; held weakly, so that they leave memory with their owner."""

    def secrets(self) -> Iterable[str]:
        """Texts that must never be shown."""
        ...


def redact(text: str, secrets: Iterable[str]) -> str:
    """Replace every occurrence of a secret by `MASK`.

    Secrets of fewer than four characters are left alone: masking them would destroy any text
    without hiding anything.
    """
    for secret in sorted(secrets, key=len, reverse=True):
        if len(secret) >= _SHORTEST_SECRET:
            text = text.replace(secret, MASK)
    return text


def protect(holder: SecretHolder) -> None:
    """Mask the secrets of `holder` in all log records from now on, as long as it lives."""
    with _lock:
        _holders.add(holder)
    install()


def install() -> None:
    """Put the redaction filter on the loggers concerned; calling it again changes nothing."""
    for name in _LOGGERS:
        logger = logging.getLogger(name)
        if not any(isinstance(item, LogRedactor) for item in logger.filters):
            logger.addFilter(LogRedactor())


def _known_secrets() -> set[str]:
    with _lock:
        return {secret for holder in _holders for secret in holder.secrets()}


class LogRedactor(logging.Filter):
    """Logging filter that masks secrets and, for our own calls, URL queries and header lists."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Rewrite `record` in place; never drops one."""
        text = record.getMessage()
        if in_call.get():
            text = _HEADER_LIST.sub("[headers]", text)
            text = _URL_USER.sub(r"\1", _URL_QUERY.sub(r"\1", text))
        record.msg = redact(text, _known_secrets())
        record.args = None
        return True
