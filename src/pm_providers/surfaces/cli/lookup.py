"""Names for the ids that stand in records, for tables; the id stands where a name cannot be had."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from pm_providers.contract import BasePMProvider
from pm_providers.errors import PMError
from pm_providers.model import Record
from pm_providers.surfaces.cli.tables import Names

__all__ = ["find_names"]

_MOST = 1000
_USERS = ("assignee_id", "assignee_ids", "owner_id", "user_id", "author_id")


async def find_names(provider: BasePMProvider, records: Sequence[Record]) -> Names:
    """Names of the users, sprints, labels and projects that records name: one list of each kind at most."""
    projects = _ids(records, ("project_id",))
    only = next(iter(projects)) if len(projects) == 1 else None
    return Names(
        users=await _named(provider, "users", None, _ids(records, _USERS)),
        sprints=await _named(provider, "sprints", only, _ids(records, ("sprint_id",))),
        labels=await _named(provider, "labels", only, _ids(records, ("label_ids",))),
        projects=await _named(provider, "projects", None, projects),
    )


def _ids(records: Iterable[Record], names: Iterable[str]) -> set[str]:
    found: set[str] = set()
    for record in records:
        for name in names:
            value = getattr(record, name, None)
            found.update(value if isinstance(value, list) else [value] if value else [])
    return found


async def _named(
    provider: BasePMProvider, plural: str, project_id: str | None, wanted: set[str]
) -> Mapping[str, str]:
    operation = f"list_{plural}"
    if not wanted or not provider.capabilities.supports(operation):
        return {}
    arguments = () if plural == "projects" else (project_id,)
    try:
        found = await getattr(provider, operation)(*arguments, limit=_MOST)
    except PMError:
        return {}
    return {one.id: one.name for one in found if one.id in wanted and one.name}
