"""What tasks refer to: looked up for many tasks at once, and checked one by one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Table, select

from pm_providers.contract import Fields
from pm_providers.database.schema import labels, projects, sprints, tasks, users
from pm_providers.providers.internal.client import among, held, known_ids

__all__ = ["References", "gather"]


_REFERRING = frozenset({"assignee_id", "assignee_ids", "parent_task_id", "sprint_id", "label_ids"})


@dataclass(frozen=True, slots=True)
class References:
    """Records that a set of tasks refers to, as far as they exist. They stay until the transaction ends.

    Attributes:
        projects: project ids.
        users: user ids.
        parents: task id -> its project.
        sprints: sprint id -> its project.
        labels: label id -> its project, `None` for the whole system.
    """

    projects: set[str]
    users: set[str]
    parents: dict[str, str]
    sprints: dict[str, str]
    labels: dict[str, str | None]

    def problems(self, fields: Fields, project_id: str) -> dict[str, str]:
        """Field -> what is wrong with the references of one task in its project."""
        if project_id in self.projects and _REFERRING.isdisjoint(fields):
            return {}
        found: dict[str, str] = {}
        if project_id not in self.projects:
            found["project_id"] = f"there is no project {project_id[:60]!r}"
        for name in ("assignee_id", "assignee_ids"):
            self._missing(found, name, "user", _listed(fields.get(name)), self.users)
        for name, what, known in (
            ("parent_task_id", "task", self.parents),
            ("sprint_id", "sprint", self.sprints),
            ("label_ids", "label", self.labels),
        ):
            wanted = _listed(fields.get(name))
            self._missing(found, name, what, wanted, known)
            foreign = [one for one in wanted if known.get(one) not in {None, project_id}]
            if foreign and name not in found:
                found[name] = f"{what} {foreign[0][:60]!r} belongs to another project"
        return found

    @staticmethod
    def _missing(found: dict[str, str], name: str, what: str, wanted: Sequence[str], known: Any) -> None:
        missing = [one for one in wanted if one not in known]
        if missing:
            found[name] = f"there is no {what} {missing[0][:60]!r}"


def _listed(value: Any) -> Sequence[str]:
    if value is None:
        return ()
    return (value,) if isinstance(value, str) else value


def gather(conn: Connection, drafts: Iterable[Fields]) -> References:
    """Look up all that some tasks refer to."""
    wanted: dict[str, set[str]] = {
        "project": set(),
        "user": set(),
        "parent": set(),
        "sprint": set(),
        "label": set(),
    }
    for fields in drafts:
        wanted["project"].add(fields["project_id"])
        if not _REFERRING.isdisjoint(fields):
            for name, kind in _KINDS:
                if fields.get(name):
                    wanted[kind].update(_listed(fields[name]))
    return References(
        projects=known_ids(conn, projects, wanted["project"]),
        users=known_ids(conn, users, wanted["user"]),
        parents=_owned(conn, tasks, wanted["parent"], whole=True),
        sprints=_owned(conn, sprints, wanted["sprint"]),
        labels=_owned(conn, labels, wanted["label"]),
    )


_KINDS = (
    ("assignee_id", "user"),
    ("assignee_ids", "user"),
    ("parent_task_id", "parent"),
    ("sprint_id", "sprint"),
    ("label_ids", "label"),
)


def _owned(conn: Connection, table: Table, ids: set[str], *, whole: bool = False) -> dict[str, Any]:
    """Id -> project of the records that exist. `whole` keeps their project from changing meanwhile."""
    if not ids:
        return {}
    wanted = select(table.c.id, table.c.project_id).where(among(conn, table.c.id, ids))
    return {row[0]: row[1] for row in conn.execute(held(wanted, whole=whole))}
