"""Encryption of stored credentials: Fernet, with rotation.

Keys come from `PM_ENCRYPTION_KEY` (one or several, separated by commas: the first encrypts, all decrypt).
Without it a key file is made in the user's data folder, readable by its owner only. Whoever has the key and
the database has the credentials; without the key they are lost.
"""

from __future__ import annotations

import json
import logging
import os
import re
import secrets
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from pm_providers.database.session import data_dir, setting
from pm_providers.errors import ConfigurationError

__all__ = ["Vault", "is_secret_name", "key_file", "new_key", "open_vault"]

SETTING = "PM_ENCRYPTION_KEY"
_SEAL = "fernet:"
_SEAL_NUMBER = "fernet-number:"
_SECRET_NAME = re.compile(
    r"token|secret|passw|pwd|key|credential|auth|bearer|cookie|dsn|database_url", re.IGNORECASE
)
_logger = logging.getLogger(__name__)


def new_key() -> str:
    """A fresh random key, of the form that `PM_ENCRYPTION_KEY` takes."""
    return Fernet.generate_key().decode("ascii")


def is_secret_name(name: str) -> bool:
    """Whether an entry of `additional_config` looks like a secret by its name, and is stored encrypted."""
    return _SECRET_NAME.search(name) is not None


class Vault:
    """Seals and opens texts. Never shows a key.

    Args:
        keys: Fernet keys; the first one seals.
        source: where they come from, for errors: a variable or a file.

    Raises:
        ConfigurationError: no key, or one that is malformed.
    """

    def __init__(self, keys: Iterable[str], source: str = SETTING) -> None:
        self.source = source
        try:
            found = [Fernet(key.strip()) for key in keys if key.strip()]
        except ValueError:
            found = []
        if not found:
            # The malformed key itself stays out of the message and of the cause.
            raise ConfigurationError(
                f"{source} holds no key of 32 bytes in URL-safe base64; make one with "
                "`python -c 'from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())'`",
                setting=SETTING,
                example="a key that Fernet.generate_key() made",
            ) from None
        self._keys = MultiFernet(found)

    def __repr__(self) -> str:
        return f"Vault({self.source!r})"

    def seal(self, text: str) -> str:
        """Encrypt. What is sealed already is sealed anew with the first key."""
        return _SEAL + self._keys.encrypt(self.open(text).encode()).decode("ascii")

    def open(self, text: str) -> str:
        """Decrypt. Text that was never sealed, such as a row written by hand, is returned as it is.

        Raises:
            ConfigurationError: sealed with a key that is not among ours.
        """
        if not text.startswith(_SEAL):
            return text
        try:
            return self._keys.decrypt(text[len(_SEAL) :].encode()).decode()
        except (InvalidToken, UnicodeError):
            hint = "" if self.source == SETTING else f"; set {SETTING}"
            raise ConfigurationError(
                f"a stored credential was encrypted with a key that {self.source} does not hold{hint}",
                setting=SETTING,
                example="the old key after the new one, separated by a comma",
            ) from None

    def seal_config(self, config: Mapping[str, Any]) -> dict[str, Any]:
        """A copy of a JSON object with texts and numbers under secret-looking names sealed, at any depth."""
        return {name: _walk(value, self._seal_one, is_secret_name(name)) for name, value in config.items()}

    def open_config(self, config: Mapping[str, Any]) -> dict[str, Any]:
        """The copy undone."""
        return {name: _walk(value, self._open_one, is_secret_name(name)) for name, value in config.items()}

    def _seal_one(self, value: Any) -> Any:
        if isinstance(value, str):
            opened = self._open_one(value)
            return self.seal(opened) if isinstance(opened, str) else self._seal_one(opened)
        if isinstance(value, bool) or not isinstance(value, int | float):
            return value
        return _SEAL_NUMBER + self.seal(json.dumps(value))

    def _open_one(self, value: Any) -> Any:
        if isinstance(value, str) and value.startswith(_SEAL_NUMBER):
            return json.loads(self.open(value.removeprefix(_SEAL_NUMBER)))
        return self.open(value) if isinstance(value, str) else value


def _walk(value: Any, change: Any, secret: bool) -> Any:
    if isinstance(value, Mapping):
        return {name: _walk(one, change, secret or is_secret_name(name)) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_walk(one, change, secret) for one in value]
    return change(value) if secret else value


def open_vault(keys: str | None = None, *, folder: Path | None = None) -> Vault:
    """The vault of this installation.

    Args:
        keys: keys separated by commas; `PM_ENCRYPTION_KEY` of the environment or `.env` when missing,
            else the key file, which is made on first use.
        folder: where the key file is; the user's data folder when missing.

    Raises:
        ConfigurationError: a key is malformed.
    """
    given = keys or setting(SETTING)
    if given:
        return Vault(given.split(","))
    try:
        path = key_file(folder)
        text = path.read_text(encoding="ascii", errors="replace")
    except OSError as error:
        raise ConfigurationError(
            f"the key file of stored credentials cannot be made or read: {error.strerror}; set {SETTING}",
            setting=SETTING,
            example="a key that Fernet.generate_key() made",
        ) from error
    return Vault(text.split(","), str(path))


def key_file(folder: Path | None = None) -> Path:
    """Path of the key file; made with a new key, mode 0600, when there is none.

    Two processes that make it at once end up with the same one: it appears whole, by a link.
    """
    folder = folder or data_dir()
    path = folder / "encryption.key"
    if path.exists():
        return path
    draft = folder / f".encryption-{secrets.token_hex(8)}"
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(new_key())
        os.link(draft, path)
        _logger.info("made a key for stored credentials: %s", path)
    except FileExistsError:
        _logger.debug("another process made the key first: %s", path)
    finally:
        draft.unlink()
    return path
