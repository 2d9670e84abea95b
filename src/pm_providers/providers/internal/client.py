"""SQL that all entities share: ids, stamps, locks, single rows, pages. Rows in, rows out."""

from __future__ import annotations

import hashlib
import json
import re
import time
import weakref
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Connection,
    Select,
    String,
    Table,
    any_,
    delete,
    func,
    insert,
    literal,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY

from pm_providers.contract import Fields
from pm_providers.database.ids import new_id
from pm_providers.database.schema import counters, projects, users
from pm_providers.database.transactions import has_uncommitted_work
from pm_providers.errors import ConfigurationError, ConflictError, NotFoundError, ValidationError
from pm_providers.providers.internal.mapping import fold

__all__ = [
    "Caller",
    "OpenChanges",
    "Row",
    "Stamp",
    "all_rows",
    "among",
    "author_id",
    "bulk_insert",
    "claim",
    "current_user",
    "delete_row",
    "driver_rows",
    "get_row",
    "insert_row",
    "known_ids",
    "lock_hierarchy",
    "one_row",
    "open_changes",
    "project_id_of",
    "require_project",
    "require_version",
    "stamp",
    "update_row",
]

Row = Mapping[str, Any]

_MARKS = {"qmark": "?", "format": "%s", "pyformat": "%s"}
_ID = re.compile("[0-9a-f]{32}")

_FIRST_CHANGE = "pm_providers.first_change"
_LAST_CHANGE = "pm_providers.last_change"
PROJECTS = "projects"
RELATIONS = "relations"


@dataclass(frozen=True, slots=True)
class Stamp:
    """When an operation happens.

    Attributes:
        now: the instant, for `created_at` and `updated_at`.
        tx: transaction, as `changes()` orders it; 0 on SQLite.
        no: number within the transaction, or of all changes on SQLite.
    """

    now: datetime
    tx: int
    no: int

    @property
    def change(self) -> dict[str, Any]:
        """Columns of a task that this operation changes."""
        return {"updated_at": self.now, "change_tx": self.tx, "change_no": self.no}


@dataclass(frozen=True, slots=True)
class OpenChanges:
    """Changes of an open transaction, which only its own connection sees.

    Attributes:
        token: names the transaction.
        tx: number of the transaction; 0 on SQLite.
        no: first number of its changes; 0 on PostgreSQL, where the transaction says enough.
    """

    token: str
    tx: int
    no: int


@dataclass(frozen=True, slots=True)
class Caller:
    """Who writes.

    Attributes:
        username: login name; the user is made when missing.
        user_id: id instead; must exist.
    """

    username: str
    user_id: str | None = None


def stamp(conn: Connection) -> Stamp:
    """The next change number. See `database.schema` for how they order."""
    now = datetime.now(UTC)
    if conn.dialect.name == "postgresql":
        tx = conn.execute(text("SELECT CAST(CAST(pg_current_xact_id() AS text) AS bigint)")).scalar_one()
        return Stamp(now, tx, time.time_ns())
    mine = counters.c.name == "changes"
    number = conn.execute(select(counters.c.value).where(mine)).scalar_one() + 1
    # A SAVEPOINT that a host rolled back took the counter along; its numbers may have been read.
    number = max(number, conn.info.get(_LAST_CHANGE, 0) + 1)
    conn.info[_LAST_CHANGE] = number
    conn.execute(update(counters).where(mine).values(value=number))
    transaction = conn.get_transaction()
    known = conn.info.get(_FIRST_CHANGE)
    if transaction is not None and (known is None or known[0]() is not transaction):
        conn.info[_FIRST_CHANGE] = (weakref.ref(transaction), number, new_id())
    return Stamp(now, 0, number)


def open_changes(conn: Connection) -> OpenChanges | None:
    """Where the changes begin that the connection's own transaction made and has not committed."""
    if not has_uncommitted_work(conn):
        return None
    if conn.dialect.name == "postgresql":
        own = text("SELECT CAST(CAST(pg_current_xact_id_if_assigned() AS text) AS bigint)")
        tx = conn.execute(own).scalar_one()
        return None if tx is None else OpenChanges(str(tx), tx, 0)
    of, number, token = conn.info.get(_FIRST_CHANGE) or (lambda: None, 0, "")
    return OpenChanges(token, 0, number) if of() is conn.get_transaction() else None


def lock_hierarchy(conn: Connection, *names: str) -> None:
    """Let nobody else build a circle meanwhile: until the transaction ends, hierarchies change one by one.

    Locked in one order by everybody, so that nobody waits in a ring. On SQLite writers take turns anyway.

    Args:
        conn: connection.
        names: hierarchies: ids of projects for their tasks, `PROJECTS`, `RELATIONS`.
    """
    if conn.dialect.name == "postgresql":
        for name in sorted(set(names)):
            conn.execute(select(func.pg_advisory_xact_lock(_lock_key("hierarchy", name))))


def _lock_key(kind: str, name: str) -> int:
    """Number of an advisory lock."""
    return int.from_bytes(
        hashlib.blake2b(f"{kind}:{name}".encode(), digest_size=8).digest(), "big", signed=True
    )


def among(conn: Connection, column: ColumnElement[str], ids: Collection[str]) -> ColumnElement[bool]:
    """Whether a column holds one of many ids. One parameter, however many they are."""
    if conn.dialect.name == "postgresql":
        return column == any_(literal(list(ids), ARRAY(String)))
    return column.in_(select(func.json_each(json.dumps(list(ids))).table_valued("value").c.value))


def bulk_insert(
    conn: Connection, table: Table, columns: Sequence[str], rows: Sequence[Sequence[Any]]
) -> None:
    """Insert many rows by the driver's own bulk call.

    Building the parameters of each row by SQLAlchemy takes longer than inserting them.

    Args:
        conn: connection.
        table: table.
        columns: columns of a row, in its order.
        rows: values as the driver takes them; on SQLite dates and instants as text.
    """
    mark = _MARKS.get(conn.dialect.paramstyle)
    if mark is None:
        conn.execute(insert(table), [dict(zip(columns, row, strict=True)) for row in rows])
        return
    marks = ", ".join([mark] * len(columns))
    statement = f"INSERT INTO {table.name} ({', '.join(columns)}) VALUES ({marks})"  # noqa: S608 - our own names
    conn.exec_driver_sql(statement, [tuple(row) for row in rows])


def held(statement: Select[Any], *, whole: bool = False) -> Select[Any]:
    """Keep the rows from being deleted (`whole`: from being changed) until the transaction ends.

    SQLite ignores it: its writers take turns.
    """
    return statement.with_for_update(read=True, key_share=not whole)


def known_ids(conn: Connection, table: Table, ids: Iterable[str]) -> set[str]:
    """Those of the ids that exist; they stay until the transaction ends."""
    wanted = set(ids)
    if not wanted:
        return set()
    return set(conn.scalars(held(select(table.c.id).where(among(conn, table.c.id, wanted)))))


def get_row(conn: Connection, table: Table, identifier: str, *, lock: bool = False) -> Row | None:
    """One row by id; locked against other writers when asked."""
    statement = select(table).where(table.c.id == identifier)
    if lock:
        statement = statement.with_for_update(key_share=True)
    return one_row(conn, statement)


def one_row(conn: Connection, statement: Select[Any]) -> Row | None:
    """The row of a statement that finds at most one."""
    found = conn.execute(statement).mappings().one_or_none()
    return None if found is None else dict(found)


def all_rows(conn: Connection, statement: Select[Any]) -> list[Row]:
    """The rows of a statement."""
    return [dict(row) for row in conn.execute(statement).mappings()]


def driver_rows(conn: Connection, statement: Select[Any] | CompoundSelect[Any]) -> Sequence[Sequence[Any]]:
    """Rows as the driver returns them, for lists: no row objects, no conversions.

    Dates and instants are text on SQLite, objects on PostgreSQL.
    """
    result = conn.execute(statement)
    rows = result.cursor.fetchall() if result.cursor is not None else ()
    result.close()
    return rows


def insert_row(conn: Connection, table: Table, values: Row) -> None:
    """One new row."""
    conn.execute(insert(table).values(**values))


def update_row(conn: Connection, table: Table, row: Row, values: Row, now: datetime) -> bool:
    """Change what differs; `updated_at` and `version` move only when something does.

    Raises:
        ConflictError: somebody else was faster.
    """
    changed = {name: value for name, value in values.items() if row[name] != value}
    if not changed:
        return False
    if "updated_at" in table.c:
        changed.setdefault("updated_at", now)
    condition = table.c.id == row["id"]
    if "version" in table.c:
        changed["version"] = row["version"] + 1
        condition &= table.c.version == row["version"]
    if conn.execute(update(table).where(condition).values(**changed)).rowcount != 1:
        raise ConflictError("somebody else changed it at the same moment")
    return True


def delete_row(conn: Connection, table: Table, identifier: str) -> bool:
    """Delete by id; whether it existed."""
    return conn.execute(delete(table).where(table.c.id == identifier)).rowcount == 1


def require_version(row: Row, expected: str | None) -> None:
    """Refuse a change made on an older version.

    Raises:
        ConflictError: `expected` is not the current version.
    """
    current = str(row["version"])
    if expected is not None and expected != current:
        raise ConflictError(
            f"version {expected[:40]} is stale; the current one is {current}", current_version=current
        )


def is_id(value: str) -> bool:
    """Whether a text has the form of our ids, and so cannot be a key."""
    return _ID.fullmatch(value) is not None


def project_id_of(conn: Connection, id_or_key: str) -> str | None:
    """Id of a project by id or key (keys without regard to case); `None` when there is none."""
    found = conn.scalar(select(projects.c.id).where(projects.c.id == id_or_key))
    if found is None and not is_id(id_or_key):
        found = conn.scalar(select(projects.c.id).where(projects.c.key_folded == fold(id_or_key)))
    return found


def require_project(conn: Connection, id_or_key: str) -> str:
    """Id of a project by id or key.

    Raises:
        NotFoundError: there is none.
    """
    found = project_id_of(conn, id_or_key)
    if found is None:
        raise NotFoundError(f"no project {id_or_key[:60]!r}")
    return found


def require_known(conn: Connection, table: Table, fields: Fields, name: str, what: str) -> None:
    """Refuse a reference to what does not exist.

    Raises:
        ValidationError: naming field and value.
    """
    value = fields.get(name)
    if value is not None and not known_ids(conn, table, [value]):
        raise dangling(name, what, value)


def dangling(name: str, what: str, value: str) -> ValidationError:
    """The error of a reference to what does not exist."""
    return ValidationError(fields={name: f"there is no {what} {value[:60]!r}"})


def author_id(conn: Connection, caller: Caller) -> str | None:
    """Id of the user who writes; missing while another open transaction is making that user.

    Waiting for it could take as long as a host keeps its transaction open. Errors as in `current_user`.
    """
    row = current_user(conn, caller, create=False)
    if row is None and claim(conn, "user", fold(caller.username)):
        row = current_user(conn, caller)
    return None if row is None else str(row["id"])


def current_user(conn: Connection, caller: Caller, *, create: bool = True) -> Row | None:
    """Row of the user who writes; made on demand when known by login name only.

    Raises:
        ConfigurationError: `user_id` is configured, but there is no such user.
    """
    if caller.user_id is not None:
        row = get_row(conn, users, caller.user_id)
        if row is None:
            raise ConfigurationError(f"there is no user {caller.user_id[:60]!r}", setting="user_id")
        return row
    by_name = select(users).where(users.c.username_folded == fold(caller.username))
    row = one_row(conn, by_name)
    if row is None and create:
        if conn.dialect.name == "postgresql":  # whoever is making the user goes first
            conn.execute(select(func.pg_advisory_xact_lock(_lock_key("user", fold(caller.username)))))
        _make_user(conn, caller.username)
        row = one_row(conn, by_name)
    return row


def claim(conn: Connection, kind: str, name: str) -> bool:
    """Whether this transaction, and no other open one, may make something that exists once. Never waits.

    SQLite has one writer, who may.
    """
    if conn.dialect.name != "postgresql":
        return True
    return bool(conn.scalar(select(func.pg_try_advisory_xact_lock(_lock_key(kind, name)))))


def _make_user(conn: Connection, username: str) -> None:
    now = datetime.now(UTC)
    values = {
        "id": new_id(), "name": username, "username": username, "username_folded": fold(username),
        "created_at": now, "updated_at": now,
    }  # fmt: skip
    conn.execute(_insert_ignoring(conn)(users).values(**values).on_conflict_do_nothing())


def _insert_ignoring(conn: Connection) -> Callable[[Table], Any]:
    """The dialect's INSERT that leaves a row alone which another writer made first."""
    from sqlalchemy.dialects import postgresql, sqlite

    return postgresql.insert if conn.dialect.name == "postgresql" else sqlite.insert
