"""Every error that pm-providers raises.

::

    PMError
    ├── ConfigurationError        a setting is missing or malformed; names it and an example
    ├── AuthenticationError       the system does not know who we are (401)
    ├── PermissionDeniedError     it knows, and says no (403)
    ├── NotFoundError             the object does not exist, or may not be seen (404)
    ├── ValidationError           a value is not allowed; `fields` says which and why (400, 422)
    ├── ConflictError             somebody else changed the object first (409, 412)
    ├── RateLimitedError          the quota is used up; `retry_after_s` says for how long (429)
    ├── UnsupportedError          this provider cannot do this, with the reason
    ├── TransportError            no answer: timeouts, refused or dropped connections
    └── ProviderError             5xx and every answer that breaks the vendor's own contract

Catching `PMError` catches all of them. No message contains a secret, a header or a response body.
"""

from __future__ import annotations

from collections.abc import Mapping

__all__ = [
    "AuthenticationError",
    "ConfigurationError",
    "ConflictError",
    "NotFoundError",
    "PMError",
    "PermissionDeniedError",
    "ProviderError",
    "RateLimitedError",
    "TransportError",
    "UnsupportedError",
    "ValidationError",
]


class PMError(Exception):
    """Root of all errors.

    Attributes:
        message: one readable line, without the prefix that `str()` adds.
        provider: registered name of the provider (`"openproject"`), or `None` outside of one.
        operation: public method that failed (`"update_task"`), or `None`.
        retryable: whether the same call may succeed later without any change.
        request_id: the vendor's id of the failed request, for its support; `None` where it has none.
        status: HTTP status of the answer; `None` where there was no answer.
        maybe_applied: True when a write may have taken effect although it failed (the connection
            broke after the request was sent). Look before repeating such a write.
    """

    retryable = False

    def __init__(
        self,
        message: str = "",
        *,
        provider: str | None = None,
        operation: str | None = None,
        request_id: str | None = None,
        status: int | None = None,
        retryable: bool | None = None,
        maybe_applied: bool = False,
    ) -> None:
        self.message = message or (type(self).__doc__ or type(self).__name__).splitlines()[0]
        self.provider = provider
        self.operation = operation
        self.request_id = request_id
        self.status = status
        if retryable is not None:
            self.retryable = retryable
        self.maybe_applied = maybe_applied
        super().__init__(self.message)

    def __str__(self) -> str:
        where = " ".join(part for part in (self.provider, self.operation) if part)
        text = f"{where}: {self.message}" if where else self.message
        return f"{text} (request {self.request_id})" if self.request_id else text


class ConfigurationError(PMError):
    """A setting is missing or malformed.

    Attributes:
        setting: name of the environment variable or option, when one is to blame.
        example: a value of the right form.
    """

    def __init__(
        self,
        message: str = "",
        *,
        setting: str | None = None,
        example: str | None = None,
        provider: str | None = None,
    ) -> None:
        super().__init__(message, provider=provider)
        self.setting = setting
        self.example = example


class AuthenticationError(PMError):
    """The credentials were not accepted."""


class PermissionDeniedError(PMError):
    """The credentials are known, but do not allow this."""


class NotFoundError(PMError):
    """The object does not exist, or these credentials may not see it."""


class ValidationError(PMError):
    """A value is not allowed.

    Attributes:
        fields: field name -> what is wrong with it and what is allowed. Field names are those of
            the models; a vendor's complaint about something else stands under the vendor's own name.
    """

    def __init__(
        self,
        message: str = "",
        *,
        fields: Mapping[str, str] | None = None,
        provider: str | None = None,
        operation: str | None = None,
        request_id: str | None = None,
        status: int | None = None,
    ) -> None:
        self.fields: dict[str, str] = dict(fields or {})
        if not message and self.fields:
            message = "; ".join(f"{name}: {why}" for name, why in self.fields.items())
        super().__init__(
            message, provider=provider, operation=operation, request_id=request_id, status=status
        )


class ConflictError(PMError):
    """The object was changed by somebody else since it was read.

    Attributes:
        fields: names of the fields that both sides changed, where they are known.
        current_version: the version that the system holds now, where it is known.
    """

    def __init__(
        self,
        message: str = "",
        *,
        fields: tuple[str, ...] = (),
        current_version: str | None = None,
        provider: str | None = None,
        operation: str | None = None,
        request_id: str | None = None,
        status: int | None = None,
    ) -> None:
        super().__init__(
            message, provider=provider, operation=operation, request_id=request_id, status=status
        )
        self.fields = fields
        self.current_version = current_version


class RateLimitedError(PMError):
    """The vendor's quota is used up.

    Attributes:
        retry_after_s: seconds until the vendor takes requests again; `None` when it did not say.
    """

    retryable = True

    def __init__(
        self,
        message: str = "",
        *,
        retry_after_s: float | None = None,
        provider: str | None = None,
        operation: str | None = None,
        request_id: str | None = None,
        status: int | None = None,
    ) -> None:
        super().__init__(
            message, provider=provider, operation=operation, request_id=request_id, status=status
        )
        self.retry_after_s = retry_after_s


class UnsupportedError(PMError):
    """The provider cannot do this.

    Attributes:
        reason: why not, in the words of the provider's capabilities.
    """

    def __init__(
        self,
        message: str = "",
        *,
        reason: str = "",
        provider: str | None = None,
        operation: str | None = None,
    ) -> None:
        super().__init__(message or reason, provider=provider, operation=operation)
        self.reason = reason or message


class TransportError(PMError):
    """No usable answer arrived: a timeout, or a refused or dropped connection."""

    retryable = True


class ProviderError(PMError):
    """The system failed (5xx), or its answer breaks its own contract."""


FATAL = (AuthenticationError, ConfigurationError, RateLimitedError, TransportError)
"""Errors of one call after which every further call of the same system would fail as well."""
