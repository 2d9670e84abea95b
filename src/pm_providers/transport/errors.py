"""From HTTP to `pm_providers.errors`: the only place that knows both.

Texts are built here from our own words, the status, the method and the path without its query, and
at most a short, cleaned piece of the vendor's message. The cause stays chained.
"""

from __future__ import annotations

import dataclasses
import http
import socket
import ssl
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from typing import Final, NamedTuple

import httpx2

from pm_providers.errors import (
    AuthenticationError,
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

__all__ = [
    "EXCEPTION_RULES",
    "AttemptFailedError",
    "Rule",
    "VendorFault",
    "Where",
    "clean_text",
    "from_exception",
    "from_status",
    "kind_for_status",
]

MAX_MESSAGE: Final = 300
_MAX_FIELDS: Final = 50
_SCANNED: Final = 20_000
_RETRYABLE: Final = frozenset({429, 502, 503, 504})

_KINDS: Final[Mapping[int, type[PMError]]] = {
    400: ValidationError,
    401: AuthenticationError,
    403: PermissionDeniedError,
    404: NotFoundError,
    409: ConflictError,
    410: NotFoundError,
    412: ConflictError,
    413: ValidationError,
    415: ValidationError,
    422: ValidationError,
    429: RateLimitedError,
}


@dataclasses.dataclass(frozen=True, slots=True)
class VendorFault:
    """What a vendor's error answer says, as its `error_parser` reads it.

    Attributes:
        message: the vendor's words; cleaned and cut to 300 characters before use.
        fields: field name -> complaint, for `ValidationError`; the names also for `ConflictError`.
        code: the vendor's identifier of the fault, shown behind the message.
        kind: error class where the status alone misleads; a `RateLimitedError` counts as "not
            executed", whatever its status.
    """

    message: str = ""
    fields: Mapping[str, str] = dataclasses.field(default_factory=dict)
    code: str | None = None
    kind: type[PMError] | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Where:
    """What was being done, for error texts and attributes.

    Attributes:
        provider: registered provider name.
        operation: public method.
        method: HTTP method.
        path: path of the URL, without query; secrets in it are masked already.
        clean: masks secrets in a text.
    """

    provider: str
    operation: str
    method: str
    path: str
    clean: Callable[[str], str] = dataclasses.field(default=str, repr=False)
    reads: bool = False

    @property
    def writes(self) -> bool:
        """Whether the request can change something on the server."""
        return not self.reads and self.method not in {"GET", "HEAD", "OPTIONS"}

    def vendor_text(self, text: str, limit: int = MAX_MESSAGE) -> str:
        """The vendor's words, fit to be shown: masked first, so that no cut halves a secret."""
        return clean_text(self.clean(text[:_SCANNED]), limit)

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


class AttemptFailedError(Exception):
    """One attempt failed; the retry rules decide what becomes of it. Never leaves the transport.

    Attributes:
        error: what the caller gets if there is no further attempt.
        executed: whether the server may have carried out the request.
        transient: whether the same request may work later.
        wait_s: how long the vendor asked to wait, or `None`.
    """

    def __init__(
        self, error: PMError, *, executed: bool, transient: bool, wait_s: float | None = None
    ) -> None:
        super().__init__(error.message)
        self.error = error
        self.executed = executed
        self.transient = transient
        self.wait_s = wait_s


class Rule(NamedTuple):
    """How one exception class of the HTTP library is reported.

    Attributes:
        text: what happened, in our words.
        executed: whether the server may have carried out the request.
        transient: whether it may work later.
        kind: error class.
    """

    text: str
    executed: bool = True
    transient: bool = True
    kind: type[PMError] = TransportError


_UNTRUSTED: Final = Rule("the TLS certificate of the server is not trusted", executed=False, transient=False)
_LOCAL: Final = Rule("the HTTP library was misused", transient=False, kind=ProviderError)

EXCEPTION_RULES: Final[Mapping[type[Exception], Rule]] = {
    httpx2.ConnectTimeout: Rule("connecting took too long", executed=False),
    httpx2.PoolTimeout: Rule("no connection became free in time", executed=False),
    httpx2.ConnectError: Rule("the connection could not be made", executed=False),
    httpx2.ProxyError: Rule("the proxy refused the connection", executed=False),
    httpx2.UnsupportedProtocol: Rule(
        "the address is not http(s)", executed=False, transient=False, kind=ProviderError
    ),
    httpx2.InvalidURL: Rule("the address is malformed", executed=False, transient=False, kind=ProviderError),
    httpx2.ReadTimeout: Rule("the answer took too long"),
    httpx2.WriteTimeout: Rule("sending the request took too long"),
    httpx2.TimeoutException: Rule("the request took too long"),
    httpx2.ReadError: Rule("the connection broke while the answer was read"),
    httpx2.WriteError: Rule("the connection broke while the request was sent"),
    httpx2.CloseError: Rule("the connection could not be closed"),
    httpx2.NetworkError: Rule("the connection broke"),
    httpx2.RemoteProtocolError: Rule("the server broke off or broke the HTTP protocol"),
    httpx2.LocalProtocolError: Rule(
        "the request cannot be sent as HTTP", transient=False, kind=ProviderError
    ),
    httpx2.ProtocolError: Rule("the HTTP protocol was broken"),
    httpx2.DecodingError: Rule("the compressed answer is damaged", transient=False, kind=ProviderError),
    httpx2.SSEError: Rule("the event stream is damaged", kind=ProviderError),
    httpx2.TooManyRedirects: Rule("too many redirects", transient=False, kind=ProviderError),
    httpx2.TransportError: Rule("the connection failed"),
    httpx2.RequestError: Rule("the request failed"),
    httpx2.HTTPStatusError: _LOCAL,
    httpx2.HTTPError: Rule("the request failed"),
    httpx2.CookieConflict: _LOCAL,
    httpx2.StreamError: _LOCAL,
    httpx2.StreamConsumed: _LOCAL,
    httpx2.StreamClosed: _LOCAL,
    httpx2.ResponseNotRead: _LOCAL,
    httpx2.RequestNotRead: _LOCAL,
    TimeoutError: Rule("there was no complete answer in time"),
    OSError: Rule("the connection failed"),
}
"""Exception class -> rule; the nearest base class wins. A test fails if the library grows one."""


_REASONS: Final[Mapping[type[BaseException], str]] = {
    socket.gaierror: "there is no host of that name",
    ConnectionRefusedError: "nothing accepts connections at that address",
}


def from_exception(exc: Exception, where: Where) -> AttemptFailedError:
    """Translate a failure of the HTTP library, a socket or a timeout; chains `exc` as the cause."""
    rule = next(EXCEPTION_RULES[cls] for cls in type(exc).__mro__ if cls in EXCEPTION_RULES)
    if any(isinstance(cause, ssl.SSLCertVerificationError) for cause in _causes(exc)):
        rule = _UNTRUSTED
    error = rule.kind(
        where.clean(f"{where}: {rule.text} ({_reason(exc)})"),
        provider=where.provider,
        operation=where.operation,
        retryable=rule.transient,
        maybe_applied=rule.executed and where.writes,
    )
    error.__cause__ = exc
    return AttemptFailedError(error, executed=rule.executed, transient=rule.transient)


def _reason(exc: Exception) -> str:
    """Why, where the system says it in a way that helps; else the class of the error."""
    for cause in _causes(exc):
        for kind, text in _REASONS.items():
            if isinstance(cause, kind):
                return text
    return type(exc).__name__


def _causes(exc: BaseException | None) -> Iterator[BaseException]:
    while exc is not None:
        yield exc
        exc = exc.__cause__ or exc.__context__


def kind_for_status(status: int) -> type[PMError]:
    """Error class for an HTTP status that was not expected."""
    return _KINDS.get(status, ProviderError)


def from_status(
    status: int,
    where: Where,
    *,
    fault: VendorFault | None = None,
    request_id: str | None = None,
    retry_after_s: float | None = None,
) -> AttemptFailedError:
    """Translate an answer that is not a success.

    Args:
        status: HTTP status.
        where: what was being done.
        fault: what the vendor's error parser found in the answer.
        request_id: the vendor's id of the request.
        retry_after_s: how long the vendor asked to wait.
    """
    fault = fault or VendorFault()
    kind = fault.kind or kind_for_status(status)
    limited = issubclass(kind, RateLimitedError)
    refused = limited or (status == http.HTTPStatus.SERVICE_UNAVAILABLE and retry_after_s is not None)
    executed = not refused and issubclass(kind, ProviderError)
    transient = limited or (issubclass(kind, ProviderError) and status in _RETRYABLE)
    error = _build(kind, _status_text(status, where, fault), status, where, fault, retry_after_s)
    error.request_id = request_id
    error.retryable = transient
    error.maybe_applied = executed and where.writes
    return AttemptFailedError(error, executed=executed, transient=transient, wait_s=retry_after_s)


def _status_text(status: int, where: Where, fault: VendorFault) -> str:
    message = where.vendor_text(fault.message)
    code = f", {where.vendor_text(fault.code, 80)}" if fault.code else ""
    if message:
        return f"{message} (HTTP {status}{code})"
    try:
        phrase = f" {http.HTTPStatus(status).phrase}"
    except ValueError:
        phrase = ""
    return f"{where} was answered with HTTP {status}{phrase}{code}"


def _build(
    kind: type[PMError],
    text: str,
    status: int,
    where: Where,
    fault: VendorFault,
    retry_after_s: float | None,
) -> PMError:
    fields = {
        where.vendor_text(name, 100): where.vendor_text(why)
        for name, why in list(fault.fields.items())[:_MAX_FIELDS]
    }
    error = _with_details(kind, text, fields, retry_after_s)
    error.provider, error.operation, error.status = where.provider, where.operation, status
    return error


def _with_details(
    kind: type[PMError], text: str, fields: Mapping[str, str], retry_after_s: float | None
) -> PMError:
    if issubclass(kind, ValidationError):
        return kind(text, fields=fields)
    if issubclass(kind, ConflictError):
        return kind(text, fields=tuple(fields))
    if issubclass(kind, RateLimitedError):
        return kind(text, retry_after_s=retry_after_s)
    if issubclass(kind, UnsupportedError):
        return kind(text, reason=text)
    return kind(text)


def clean_text(text: str, limit: int = MAX_MESSAGE) -> str:
    """One line of at most `limit` characters without control or invisible format characters."""
    head = text[: limit * 4]
    kept = "".join(ch if unicodedata.category(ch) not in _HIDDEN else " " for ch in head)
    line = " ".join(kept.split())
    return line if len(line) <= limit else f"{line[: limit - 1]}…"


_HIDDEN: Final = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
