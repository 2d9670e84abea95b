"""Connections and mappings as people set them up: settings by name, both ends looked at before."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pm_providers.contract import (
    BasePMProvider,
    HealthReport,
    PMProviderConfig,
    Setting,
    config_from_settings,
)
from pm_providers.database.crypto import Vault
from pm_providers.errors import ConflictError, NotFoundError, UnsupportedError, ValidationError
from pm_providers.model import PMProject
from pm_providers.registry import (
    build_pm_provider,
    config_from_environment,
    environment,
    provider_class,
    provider_names,
)
from pm_providers.store import (
    add_connection,
    add_mapping,
    config_for,
    configure_mapping,
    get_connection,
    list_mappings,
    update_connection,
)
from pm_providers.store.mappings import LEFT_CONNECTION
from pm_providers.store.records import Connection, SyncMapping
from pm_providers.store.sync_views import find_mapping
from pm_providers.sync.policy import Policy

__all__ = [
    "MappingRequest",
    "SideAnswer",
    "ask_connection",
    "connect_providers",
    "keep_connection",
    "keep_mapping",
    "open_connection",
    "projects_of",
    "reconfigure",
    "settings_of",
]

_STORED = ("base_url", "api_key", "api_token", "username", "organization_id", "project_key", "workspace_id")
_INTERNAL = "internal"
Learn = Callable[[Iterable[str]], None]


@dataclass(frozen=True, slots=True)
class SideAnswer:
    """What a connection answered.

    Attributes:
        connection: as it is stored.
        health: who we are there, or the error.
    """

    connection: Connection
    health: HealthReport


@dataclass(frozen=True, slots=True)
class MappingRequest:
    """A mapping that people want.

    Attributes:
        connection: name or id of the connection on the right.
        external: id or key of the project there.
        project: id or key of the project on the left; a new one of the same name when missing.
        left: name or id of the connection on the left; the internal database when missing.
        config: options of the sync.
        paused: it does not run yet.
    """

    connection: str
    external: str
    project: str | None = None
    left: str | None = None
    config: Mapping[str, Any] | None = None
    paused: bool = False


# connections


def connect_providers() -> list[str]:
    """Names of the systems that a connection can lead to."""
    return provider_names()


def settings_of(provider_type: str) -> tuple[Setting, ...]:
    """What a connection of this kind needs.

    Raises:
        ConfigurationError: no such provider.
    """
    return tuple(provider_class(provider_type).SETTINGS)


async def keep_connection(
    db: Any,
    name: str,
    provider_type: str,
    given: Mapping[str, str],
    *,
    replace: bool = False,
    vault: Vault | None = None,
) -> Connection:
    """Store a connection.

    Args:
        db: the database.
        name: what people call it.
        provider_type: registered name of the provider.
        given: values of settings by their variables; those that are missing come from the environment.
        replace: change the connection of this name where there is one.
        vault: keys; those of this installation when missing.

    Raises:
        ConfigurationError: a required setting is missing (named, with an example), or unknown provider.
        ValidationError: a setting that this kind does not have, or a value that is malformed.
        ConflictError: there is a connection of this name.
    """
    settings = settings_of(provider_type)
    known = {one.env for one in settings}
    unknown = {
        one: f"is no setting of {provider_type}; there are: {', '.join(sorted(known))}" for one in given
    }
    unknown = {one: why for one, why in unknown.items() if one not in known}
    if unknown:
        raise ValidationError(fields=unknown)
    config = config_from_settings(
        provider_class(provider_type).name, settings, {**_surroundings(provider_type), **given}
    )
    values = _values(config)
    if replace and await get_connection(db, name) is not None:
        return await update_connection(
            db, name, {"provider_type": config.provider_type, **values}, vault=vault
        )
    return await add_connection(db, name, config.provider_type, vault=vault, **values)


def _surroundings(provider_type: str) -> dict[str, str]:
    """The environment; another internal database is never the one that the sync itself is in."""
    found = environment()
    if provider_type.strip().casefold() == _INTERNAL:
        found.pop("PM_DATABASE_URL", None)
    return found


def _values(config: PMProviderConfig) -> dict[str, Any]:
    return {name: getattr(config, name) for name in _STORED} | {
        "additional_config": dict(config.additional_config)
    }


async def open_connection(
    db: Any, name_or_id: str | None, *, vault: Vault | None = None, learn: Learn = lambda _: None
) -> BasePMProvider:
    """A provider of a stored connection, not connected yet; of the internal database when `None`.

    Raises:
        NotFoundError: no such connection.
        ConfigurationError: it cannot be used.
    """
    if name_or_id is None:
        return build_pm_provider(db_session=db, config=config_from_environment(_INTERNAL))
    found = await get_connection(db, name_or_id)
    if found is None:
        raise NotFoundError(f"no connection {name_or_id!r:.80}; `pm-providers connections list` lists them")
    config = config_for(found, vault=vault)
    learn(config.secrets())
    return build_pm_provider(config=config)


async def ask_connection(
    db: Any, name_or_id: str, *, vault: Vault | None = None, learn: Learn = lambda _: None
) -> SideAnswer:
    """Ask a connected system who we are; its error stands in the answer.

    Raises:
        NotFoundError: no such connection.
        ConfigurationError: it cannot be used.
    """
    provider = await open_connection(db, name_or_id, vault=vault, learn=learn)
    try:
        health = await provider.check_health()
    finally:
        await provider.aclose()
    connection = await get_connection(db, name_or_id)
    if connection is None:
        raise NotFoundError(f"no connection {name_or_id!r:.80}")
    return SideAnswer(connection, health)


async def projects_of(
    db: Any, name_or_id: str | None, *, vault: Vault | None = None, learn: Learn = lambda _: None
) -> list[PMProject]:
    """Projects of a connection; of the internal database when `None`.

    Raises:
        PMError: it cannot be read.
    """
    provider = await open_connection(db, name_or_id, vault=vault, learn=learn)
    try:
        return await provider.list_projects()
    finally:
        await provider.aclose()


# mappings


async def keep_mapping(
    db: Any, request: MappingRequest, *, vault: Vault | None = None, learn: Learn = lambda _: None
) -> SyncMapping:
    """Store a mapping. Both projects are looked at first, and the options checked; nothing is synced yet.

    Raises:
        NotFoundError: a connection or project does not exist, or may not be seen.
        ValidationError: an option is malformed.
        ConflictError: the project on the right is mapped already, or both sides are the same project.
        PMError: a side cannot be read.
    """
    _keep_sides(request.config or {})
    Policy.of(request.config or {})
    config = {**(request.config or {}), **({LEFT_CONNECTION: request.left} if request.left else {})}
    right = await open_connection(db, request.connection, vault=vault, learn=learn)
    try:
        external = await _project(right, request.external)
    finally:
        await right.aclose()
    connection = await get_connection(db, request.connection)
    if connection is None:
        raise NotFoundError(f"no connection {request.connection!r:.80}")
    if any(
        (one.provider_connection_id, one.external_project_id) == (connection.id, external.id)
        for one in await list_mappings(db)
    ):
        raise ConflictError(f"project {external.name!r:.80} of {connection.name} is mapped already")
    left = await open_connection(db, request.left, vault=vault, learn=learn)
    try:
        project = await _left_project(left, request, external)
    finally:
        await left.aclose()
    same_system = request.left is not None and left.config == right.config
    if same_system and project.id == external.id:
        raise ConflictError("both sides are the same project")
    return await add_mapping(
        db, project.id, connection.id, external.id, sync_config=config, sync_enabled=not request.paused
    )


async def _left_project(provider: BasePMProvider, request: MappingRequest, external: PMProject) -> PMProject:
    if request.project is not None:
        return await _project(provider, request.project)
    if not provider.capabilities.supports("create_project"):
        raise UnsupportedError(f"{provider.title} makes no projects: name one that exists")
    return await provider.create_project(PMProject(name=external.name, description=external.description))


async def _project(provider: BasePMProvider, reference: str) -> PMProject:
    found = await provider.get_project(reference)
    if found is None:
        raise NotFoundError(
            f"there is no project {reference!r:.80}, or it may not be seen", provider=provider.name
        )
    return found


def _keep_sides(options: Mapping[str, Any]) -> None:
    """Which system is on the left is no option: what both sides agreed on is about the two that were mapped.

    Raises:
        ValidationError: the options name it.
    """
    if LEFT_CONNECTION in options:
        raise ValidationError(
            fields={LEFT_CONNECTION: "is no option: `mappings add --left` says it, and a mapping keeps it"}
        )


async def reconfigure(
    db: Any, reference: str | None, options: Mapping[str, Any], pairs: Mapping[str, Mapping[str, str]]
) -> SyncMapping:
    """Change options of a mapping.

    Args:
        db: the database.
        reference: the mapping, as `find_mapping` takes it.
        options: option -> value; `None` goes back to the default.
        pairs: `statuses`, `users` and so on -> left -> right, added to those that there are; `""` on the
            right takes a pair out.

    Raises:
        NotFoundError: no such mapping.
        ValidationError: an option is unknown or malformed.
    """
    mapping = await find_mapping(db, reference)
    _keep_sides(options)
    config = {**mapping.sync_config, **options}
    config = {name: value for name, value in config.items() if value is not None}
    if pairs:
        table = {kind: dict(found) for kind, found in config.get("pairs", {}).items()}
        for kind, found in pairs.items():
            merged = {**table.get(kind, {}), **found}
            table[kind] = {ours: theirs for ours, theirs in merged.items() if theirs}
        config["pairs"] = {kind: found for kind, found in table.items() if found}
        config = {name: value for name, value in config.items() if name != "pairs" or value}
    Policy.of(config)
    return await configure_mapping(db, mapping.id, config)
