"""Checked settings of a connection: errors name the variable or option and show an example."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from pm_providers.contract import PMProviderConfig, Setting
from pm_providers.errors import ConfigurationError
from pm_providers.transport import TransportPolicy, parse_base_url

__all__ = ["OptionReader", "wrong_address"]

T = TypeVar("T")


def wrong_address(settings: Sequence[Setting], *, provider: str) -> ConfigurationError:
    """The error for a server that has no API at the address: its answer to "who am I" is 404.

    Args:
        settings: the provider's `SETTINGS`, of which the one for `base_url` is named.
        provider: registered name of the provider.
    """
    setting = next(one for one in settings if one.field == "base_url")
    return ConfigurationError(
        f"there is no API at the address in {setting.env}: {setting.help}, for example {setting.example}",
        setting=setting.env,
        example=setting.example,
        provider=provider,
    )


class OptionReader:
    """Reads the values of one configuration. Nothing is sent.

    All methods raise `ConfigurationError` with `setting`, `example` and `provider` filled. No message shows a
    secret or an address.

    Args:
        config: what the host gave.
        settings: the provider's `SETTINGS`. The one for the field `base_url` and the one marked as secret
            give names, help and examples to `base_url` and `secret`.
        provider: registered name of the provider.
    """

    def __init__(self, config: PMProviderConfig, settings: Sequence[Setting], *, provider: str) -> None:
        self._config = config
        self._settings = settings
        self._provider = provider

    # required settings

    def base_url(self, *, suffix: str = "") -> str:
        """Address of the system, without a slash at the end.

        Args:
            suffix: path of the API that people may have copied along (`/api/v3`); it is cut off.

        Raises:
            ConfigurationError: missing, relative, not HTTP, or with user, query or fragment.
        """
        setting = self._setting_of("base_url")
        value = self._config.base_url
        if not value or not value.strip():
            raise self.missing(setting)
        url = parse_base_url(value, setting=setting.env, example=setting.example)
        return url.removesuffix(suffix).rstrip("/")

    def secret(self) -> str:
        """The API key or token, without surrounding blanks.

        Raises:
            ConfigurationError: missing or blank.
        """
        value = (self._config.api_key or self._config.api_token or "").strip()
        if not value:
            raise self.missing(self._secret_setting())
        return value

    def credential(self, make: Callable[[str], T]) -> T:
        """What `make` builds of the secret, usually an `Auth` of the transport.

        Args:
            make: secret -> credential; may raise `ConfigurationError` with a message that does not show it.

        Raises:
            ConfigurationError: the secret is missing, or `make` refuses it.
        """
        secret = self.secret()
        try:
            return make(secret)
        except ConfigurationError as error:
            setting = self._secret_setting()
            raise ConfigurationError(
                f"{setting.env} is malformed: {error.message}; example: {setting.env}={setting.example}",
                setting=setting.env,
                example=setting.example,
                provider=self._provider,
            ) from None

    def missing(self, setting: Setting) -> ConfigurationError:
        """The error for a required setting that is not there."""
        return ConfigurationError(
            f"{setting.env} is not set: {setting.help}, for example {setting.env}={setting.example}",
            setting=setting.env,
            example=setting.example,
            provider=self._provider,
        )

    def bad(self, name: str, why: str, example: str) -> ConfigurationError:
        """The error for a value that cannot be. Names the variable that gives the option, where there is one.

        Args:
            name: option or field of the configuration.
            why: the rest of the sentence that the name begins.
            example: a value of the right form.
        """
        name = next((setting.env for setting in self._settings if setting.field == name), name)
        return ConfigurationError(
            f"{name} {why}, for example {example}", setting=name, example=example, provider=self._provider
        )

    # options of `additional_config`

    def choice(self, name: str, allowed: Sequence[str]) -> str:
        """One of the values; the first when missing."""
        value = self._config.option(name, allowed[0])
        if not isinstance(value, str) or value not in allowed:
            raise self.bad(name, f"must be one of {', '.join(allowed)}, not {value!r:.40}", allowed[0])
        return value

    def text(self, name: str, default: str, *, example: str) -> str:
        """One line of text, without surrounding blanks; `default` when missing."""
        value = self._config.option(name, default)
        if not isinstance(value, str) or not value.isprintable():
            raise self.bad(name, f"must be one line of text, not {value!r:.40}", example)
        return value.strip()

    def flag(self, name: str, *, default: bool) -> bool:
        """True or False; texts such as `yes` are none."""
        value = self._config.option(name, default)
        if not isinstance(value, bool):
            raise self.bad(name, f"must be True or False, not {value!r:.40}", str(default))
        return value

    def number(self, name: str, default: float, *, least: float, most: float) -> float:
        """A number between two bounds, both included."""
        value = self._config.option(name, default)
        if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
            raise self.bad(name, f"must be a number from {least} to {most}, not {value!r:.40}", str(default))
        return value

    def whole(self, name: str, default: int, *, least: int, most: int) -> int:
        """A whole number between two bounds, both included; what is behind the point is cut off."""
        return int(self.number(name, default, least=least, most=most))

    def mapping(self, name: str) -> dict[str, str]:
        """Texts by text, such as vendor's name or id -> unified value; empty when missing."""
        value = self._config.option(name, {})
        if not isinstance(value, Mapping) or not all(
            isinstance(one, str) for pair in value.items() for one in pair
        ):
            example = "{'In review': 'in_progress'}"
            raise self.bad(name, "must map vendor's names or ids to unified values", example)
        return dict(value)

    def policy(self) -> TransportPolicy:
        """Bounds of the transport made of `timeout_s` and `max_wait_s`."""
        attempt, wait = self._config.timeout_s, self._config.max_wait_s
        if attempt <= 0 or wait < 0:
            raise self.bad("timeout_s", "and max_wait_s must be positive", "30")
        return TransportPolicy(
            connect_timeout_s=min(10.0, attempt),
            read_timeout_s=attempt,
            write_timeout_s=attempt,
            pool_timeout_s=attempt + wait,
            attempt_timeout_s=attempt,
            total_timeout_s=attempt + wait,
            max_wait_s=wait,
        )

    # helpers

    def _setting_of(self, field: str) -> Setting:
        return next(setting for setting in self._settings if setting.field == field)

    def _secret_setting(self) -> Setting:
        return next(setting for setting in self._settings if setting.secret)
