"""Credentials: how they travel, and nothing of them anywhere else."""

from __future__ import annotations

import abc
import base64
import hashlib
import re
import secrets as random_source
from collections.abc import Mapping
from typing import Final
from urllib.parse import quote

from pm_providers.errors import ConfigurationError
from pm_providers.transport.redact import MASK

__all__ = ["Auth", "BasicAuth", "BearerAuth", "HeaderAuth", "fingerprint"]

_PROCESS_KEY: Final = random_source.token_bytes(32)
_HEADER_NAME: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")


def fingerprint(*parts: str, key: bytes | None = None) -> str:
    """Name for a credential that tells nothing about it: 32 hexadecimal digits.

    Args:
        parts: user name, secret and whatever else tells two credentials apart.
        key: secret of the installation, up to 64 bytes, for names that several processes agree on;
            without one the name is valid in this process only.
    """
    digest = hashlib.blake2b(key=key or _PROCESS_KEY, digest_size=16)
    for part in parts:
        data = part.encode("utf-8", "surrogatepass")
        digest.update(len(data).to_bytes(8, "big") + data)
    return digest.hexdigest()


class Auth(abc.ABC):
    """A credential that travels in request headers, never in a URL."""

    @abc.abstractmethod
    def headers(self) -> Mapping[str, str]:
        """Headers that authenticate one request."""

    @abc.abstractmethod
    def secrets(self) -> tuple[str, ...]:
        """Every form in which the secret could show up in a text."""

    def fingerprint(self, *, key: bytes | None = None) -> str:
        """Stable name of the credential, see `fingerprint`."""
        headers = self.headers()
        parts = [part for name in sorted(headers) for part in (name, headers[name])]
        return fingerprint(*parts, key=key)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({MASK})"


class BasicAuth(Auth):
    """User name and secret, base64 in the `Authorization` header (RFC 7617, UTF-8).

    Raises:
        ConfigurationError: the user name holds a colon, or either part is empty or unprintable.
    """

    def __init__(self, user: str, secret: str) -> None:
        if ":" in user:
            raise ConfigurationError("a user name for basic authentication cannot hold ':'")
        self.user = _printable(user, "user name")
        self._secret = _printable(secret, "password or API key")

    def headers(self) -> Mapping[str, str]:
        """The `Authorization` header."""
        return {"Authorization": f"Basic {self._pair()}"}

    def secrets(self) -> tuple[str, ...]:
        """The secret, its form in a URL, and the encoded pair."""
        return _forms(self._secret, self._pair())

    def _pair(self) -> str:
        return base64.b64encode(f"{self.user}:{self._secret}".encode()).decode("ascii")

    def __repr__(self) -> str:
        return f"BasicAuth(user={self.user!r}, secret={MASK!r})"


class BearerAuth(Auth):
    """A token in the `Authorization: Bearer` header.

    Raises:
        ConfigurationError: the token is empty or holds characters that no header can carry.
    """

    def __init__(self, token: str) -> None:
        self._token = _ascii(token, "token")

    def headers(self) -> Mapping[str, str]:
        """The `Authorization` header."""
        return {"Authorization": f"Bearer {self._token}"}

    def secrets(self) -> tuple[str, ...]:
        """The token and its form in a URL."""
        return _forms(self._token)


class HeaderAuth(Auth):
    """A secret as the whole value of one header, for vendors with a form of their own.

    Args:
        name: header name.
        value: header value.
        secret_parts: the secret pieces within `value`, where it is more than one secret.

    Raises:
        ConfigurationError: the name or the value cannot stand in a header.
    """

    def __init__(self, name: str, value: str, *, secret_parts: tuple[str, ...] = ()) -> None:
        if not _HEADER_NAME.fullmatch(name):
            raise ConfigurationError("the name of the authentication header is malformed")
        self.name = name
        self._value = _ascii(value, "authentication header")
        self._parts = secret_parts

    def headers(self) -> Mapping[str, str]:
        """The header."""
        return {self.name: self._value}

    def secrets(self) -> tuple[str, ...]:
        """The value, its secret pieces, and their forms in a URL."""
        return _forms(self._value, *self._parts)

    def __repr__(self) -> str:
        return f"HeaderAuth(name={self.name!r}, value={MASK!r})"


def _forms(*secrets: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(form for text in secrets for form in (text, quote(text, safe=""))))


def _printable(value: str, what: str) -> str:
    if not value or not value.isprintable():
        raise ConfigurationError(f"the {what} is empty or holds unprintable characters")
    return value


def _ascii(value: str, what: str) -> str:
    _printable(value, what)
    if not value.isascii() or value != value.strip():
        raise ConfigurationError(f"the {what} holds characters that no HTTP header can carry")
    return value
