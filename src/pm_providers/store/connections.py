"""Stored connections (`pm_provider_connections`): how to reach other systems, credentials encrypted.

Every function takes the database as `db`: all that `database_for` takes, a host's session included.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection as SqlConnection
from sqlalchemy import delete, insert, or_, select, update

from pm_providers.contract import PMProviderConfig, check_text
from pm_providers.database import database_for
from pm_providers.database.crypto import Vault, open_vault
from pm_providers.database.ids import new_id
from pm_providers.database.schema import connections, mappings
from pm_providers.errors import ConflictError, NotFoundError, ValidationError
from pm_providers.store.records import Connection, json_problem

__all__ = [
    "add_connection",
    "config_for",
    "get_connection",
    "list_connections",
    "remove_connection",
    "rotate_keys",
    "update_connection",
]

_SECRETS = ("api_key", "api_token")
_TEXTS = ("base_url", "username", "organization_id", "project_key", "workspace_id")
_WRITABLE = ("name", "provider_type", *_TEXTS, *_SECRETS, "additional_config")
_LENGTHS = {"name": 200, "provider_type": 100}
_USER_INFO = re.compile(r"^[^/?#]*//[^/?#]*@")


async def add_connection(
    db: Any, name: str, provider_type: str, *, vault: Vault | None = None, **values: Any
) -> Connection:
    """Store a connection.

    Args:
        db: the database.
        name: what people call it; unique.
        provider_type: registered name of the provider.
        vault: keys; those of this installation when missing.
        values: `base_url`, `api_key`, `api_token`, `username`, `organization_id`, `project_key`,
            `workspace_id`, `additional_config`.

    Raises:
        ValidationError: an unknown name, a wrong type, or a blank name.
        ConflictError: there is a connection of this name.
    """
    given = _checked({"name": name, "provider_type": provider_type, **values}, vault)
    now = datetime.now(UTC)
    row = {"additional_config": {}, **given, "id": new_id(), "created_at": now, "updated_at": now}

    def work(conn: SqlConnection) -> Connection:
        _require_free_name(conn, name, None)
        conn.execute(insert(connections).values(**row))
        return _stored(conn, row["id"])

    return await database_for(db).write(work)


async def get_connection(db: Any, name_or_id: str) -> Connection | None:
    """A connection by name or id; `None` when there is none."""
    return await database_for(db).read(lambda conn: _found(conn, name_or_id))


async def list_connections(db: Any, *, provider_type: str | None = None) -> list[Connection]:
    """All connections, by name; of one provider when asked."""
    statement = select(connections).order_by(connections.c.name)
    if provider_type is not None:
        statement = statement.where(connections.c.provider_type == provider_type)
    return await database_for(db).read(
        lambda conn: [Connection(**row) for row in conn.execute(statement).mappings()]
    )


async def update_connection(
    db: Any, name_or_id: str, updates: Mapping[str, Any], *, vault: Vault | None = None
) -> Connection:
    """Change the fields given; `None` clears, an absent one is untouched.

    Raises:
        NotFoundError: no such connection.
        ValidationError: as in `add_connection`.
        ConflictError: the new name is taken, or projects of another kind of system are mapped to it.
    """
    given = _checked(updates, vault)

    def work(conn: SqlConnection) -> Connection:
        found = _required(conn, name_or_id)
        if "name" in given:
            _require_free_name(conn, given["name"], found.id)
        if given.get("provider_type", found.provider_type) != found.provider_type and _mapped_to(
            conn, found.id
        ):
            raise ConflictError(
                f"projects of {found.provider_type} are mapped to connection {found.name!r}: it cannot "
                f"lead to {given['provider_type']}; store that one by another name"
            )
        changed = {**given, "updated_at": datetime.now(UTC)}
        conn.execute(update(connections).where(connections.c.id == found.id).values(**changed))
        return _stored(conn, found.id)

    return await database_for(db).write(work)


async def remove_connection(db: Any, name_or_id: str, *, with_mappings: bool = False) -> bool:
    """Remove a connection; `False` when there was none.

    Raises:
        ConflictError: projects are mapped to it, and `with_mappings` does not say to remove those too.
    """

    def work(conn: SqlConnection) -> bool:
        found = _found(conn, name_or_id)
        if found is None:
            return False
        mine = _mapped_to(conn, found.id)
        if with_mappings:
            conn.execute(delete(mappings).where(mappings.c.id.in_(mine)))
        elif mine:
            raise ConflictError(
                f"projects are mapped to connection {found.name!r}: remove the mappings first"
            )
        conn.execute(delete(connections).where(connections.c.id == found.id))
        return True

    return await database_for(db).write(work)


def config_for(connection: Connection, *, vault: Vault | None = None) -> PMProviderConfig:
    """Configuration to build a provider from, with the credentials opened.

    Raises:
        ConfigurationError: they were encrypted with a key that is not among ours.
    """
    vault = vault or open_vault()
    return PMProviderConfig(
        provider_type=connection.provider_type,
        base_url=connection.base_url,
        api_key=_opened(vault, connection.api_key),
        api_token=_opened(vault, connection.api_token),
        username=connection.username,
        organization_id=connection.organization_id,
        project_key=connection.project_key,
        workspace_id=connection.workspace_id,
        additional_config=vault.open_config(connection.additional_config),
    )


def _opened(vault: Vault, sealed: str | None) -> str | None:
    return None if sealed is None else vault.open(sealed)


async def rotate_keys(db: Any, *, vault: Vault | None = None) -> int:
    """Encrypt all stored credentials anew with the first key; the number of connections.

    Run it with the new key first and the old one after it, then drop the old one.

    Raises:
        ConfigurationError: a credential was encrypted with a key that is not among ours; nothing is changed.
    """
    vault = vault or open_vault()

    def work(conn: SqlConnection) -> int:
        rows = conn.execute(select(connections).with_for_update()).mappings().all()
        for row in rows:
            sealed: dict[str, Any] = {name: row[name] and vault.seal(row[name]) for name in _SECRETS}
            sealed["additional_config"] = vault.seal_config(row["additional_config"])
            conn.execute(update(connections).where(connections.c.id == row["id"]).values(**sealed))
        return len(rows)

    return await database_for(db).write(work)


def _checked(values: Mapping[str, Any], vault: Vault | None) -> dict[str, Any]:
    problems = {name: why for name, value in values.items() if (why := _problem(name, value))}
    if problems:
        raise ValidationError(fields=problems)
    found = dict(values)
    if found.get("additional_config", {}) is None:
        found["additional_config"] = {}
    if not any(found.get(name) for name in (*_SECRETS, "additional_config")):
        return found
    vault = vault or open_vault()
    for name in _SECRETS:
        if found.get(name) is not None:
            found[name] = vault.seal(found[name])
    if found.get("additional_config"):
        found["additional_config"] = vault.seal_config(found["additional_config"])
    return found


def _problem(name: str, value: Any) -> str | None:
    """What is wrong with a field; never shows the value."""
    if name not in _WRITABLE:
        return f"is no field of a connection; fields are {', '.join(_WRITABLE)}"
    if name == "additional_config":
        return None if value is None else json_problem(value)
    if name in _LENGTHS and (not isinstance(value, str) or not value.strip() or len(value) > _LENGTHS[name]):
        return f"must be a string of 1 to {_LENGTHS[name]} characters"
    if value is None:
        return None
    if not isinstance(value, str):
        return f"must be a string, not {type(value).__name__}"
    if name == "base_url" and _USER_INFO.match(value):
        return "must not hold a user or password, which stand encrypted in fields of their own"
    try:
        check_text(value)
    except ValueError as error:
        return str(error)
    return None


def _found(conn: SqlConnection, name_or_id: str) -> Connection | None:
    either = or_(connections.c.name == name_or_id, connections.c.id == name_or_id)
    rows = conn.execute(select(connections).where(either)).mappings().all()
    # A name may look like the id of another connection: the name goes first.
    rows = sorted(rows, key=lambda row: row["name"] != name_or_id)
    return Connection(**rows[0]) if rows else None


def _mapped_to(conn: SqlConnection, connection_id: str) -> list[str]:
    """Ids of the mappings that use a connection, on either side."""
    columns = (mappings.c.id, mappings.c.provider_connection_id, mappings.c.sync_config)
    return [
        row.id
        for row in conn.execute(select(*columns))
        if connection_id in {row.provider_connection_id, row.sync_config.get("left_connection")}
    ]


def _required(conn: SqlConnection, name_or_id: str) -> Connection:
    found = _found(conn, name_or_id)
    if found is None:
        raise NotFoundError(f"no connection {name_or_id[:60]!r}")
    return found


def _stored(conn: SqlConnection, identifier: str) -> Connection:
    row = conn.execute(select(connections).where(connections.c.id == identifier)).mappings().one()
    return Connection(**row)


def _require_free_name(conn: SqlConnection, name: str, own_id: str | None) -> None:
    holder = conn.scalar(select(connections.c.id).where(connections.c.name == name))
    if holder not in {None, own_id}:
        raise ConflictError(f"there is a connection {name[:60]!r} already")
