"""From a name and the environment to a provider: found by entry point, loaded when asked for."""

from __future__ import annotations

import difflib
import os
from collections.abc import Mapping
from importlib.metadata import EntryPoint, entry_points
from typing import Any, cast

from dotenv import dotenv_values, find_dotenv

from pm_providers.contract import BasePMProvider, PMProviderConfig, config_from_settings
from pm_providers.errors import ConfigurationError

__all__ = [
    "ENTRY_POINT_GROUP",
    "build_pm_provider",
    "config_from_environment",
    "environment",
    "provider_class",
    "provider_names",
]

ENTRY_POINT_GROUP = "pm_providers.providers"
"""Entry point group: name -> class that derives from `BasePMProvider`."""

_DEFAULT = "internal"


def environment() -> dict[str, str]:
    """Variables of the process over those of the nearest `.env` file, upwards from the working directory.

    Raises:
        ConfigurationError: the file cannot be read, or is no text.
    """
    path = find_dotenv(usecwd=True)
    try:
        from_file = {key: value for key, value in dotenv_values(path).items() if value} if path else {}
    except (OSError, UnicodeDecodeError) as error:
        reason = "is no UTF-8 text" if isinstance(error, UnicodeDecodeError) else error.strerror
        raise ConfigurationError(f"{path} cannot be read: {reason}", setting=".env") from None
    return {**from_file, **os.environ}


_found: dict[str, EntryPoint] = {}
"""Entry points that this process knows: to look through all that is installed takes milliseconds."""


def _entry_points() -> dict[str, EntryPoint]:
    """What is installed now: something may have been added since the last look."""
    points = {point.name.casefold(): point for point in entry_points(group=ENTRY_POINT_GROUP)}
    _found.update(points)
    return points


def _entry_point(name: str) -> EntryPoint:
    if name in _found:
        return _found[name]
    points = _entry_points()
    if name in points:
        return points[name]
    nearest = difflib.get_close_matches(name, points, n=1, cutoff=0.5)
    hint = f" Did you mean {nearest[0]!r}?" if nearest else ""
    raise ConfigurationError(
        f"unknown provider {name[:60]!r}.{hint} Known: {', '.join(sorted(points))}",
        setting="PM_PROVIDER",
        example=nearest[0] if nearest else _DEFAULT,
    )


def provider_names() -> list[str]:
    """Registered names, sorted; those of installed third parties included."""
    return sorted(_entry_points())


def provider_class(name: str) -> type[BasePMProvider]:
    """The class registered under a name; case and surrounding blanks do not matter.

    Raises:
        ConfigurationError: no such provider (lists the known ones and the nearest), or it cannot be loaded.
    """
    point = _entry_point(name.strip().casefold())
    try:
        found = point.load()
    except (ImportError, AttributeError) as error:
        raise ConfigurationError(
            f"provider {point.name!r} cannot be loaded: {error}", provider=point.name
        ) from error
    if not _is_provider(found, point.name):
        raise ConfigurationError(
            f"provider {point.name!r} cannot be loaded: {point.value} is no BasePMProvider of that name",
            provider=point.name,
        )
    return cast("type[BasePMProvider]", found)


def _is_provider(found: object, name: str) -> bool:
    return (
        isinstance(found, type) and issubclass(found, BasePMProvider) and getattr(found, "name", "") == name
    )


def config_from_environment(
    name: str | None = None, variables: Mapping[str, str] | None = None
) -> PMProviderConfig:
    """Configuration of a provider from the environment and `.env`.

    Args:
        name: registered name; `PM_PROVIDER` when missing, `internal` when that is not set either.
        variables: environment to read instead.

    Raises:
        ConfigurationError: unknown provider, or a required setting is missing (named, with an example).
    """
    variables = environment() if variables is None else variables
    chosen = name or variables.get("PM_PROVIDER", "").strip() or _DEFAULT
    found = provider_class(chosen)
    return config_from_settings(found.name, found.SETTINGS, variables)


def build_pm_provider(
    db_session: Any = None, *, provider: str | None = None, config: PMProviderConfig | None = None
) -> BasePMProvider:
    """Build the provider that the arguments or the environment name.

    No request is made; `async with` (or the first call) connects.

    Args:
        db_session: for providers in a database: a SQLAlchemy `Session`, `AsyncSession`, sessionmaker or
            engine, sync or async. Nothing is committed on a session that is given. Other providers ignore it.
        provider: registered name; else that of `config`, else `PM_PROVIDER`, else `internal`.
        config: connection; read from the environment and `.env` when missing.

    Raises:
        ConfigurationError: unknown provider, or a setting is missing or malformed.
    """
    if config is None:
        config = config_from_environment(provider)
    elif provider is not None and provider_class(provider).name != config.provider_type:
        raise ConfigurationError(
            f"provider={provider!r} does not fit a configuration of {config.provider_type!r}"
        )
    return provider_class(config.provider_type).from_config(config, db_session=db_session)
