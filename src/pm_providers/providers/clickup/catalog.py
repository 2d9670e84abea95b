"""What the Workspace consists of and offers to choose from, asked once and kept for a while."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from pm_providers.errors import NotFoundError, PermissionDeniedError, ValidationError
from pm_providers.model import PMPriority, PMStatus, PMTaskType
from pm_providers.providers.clickup.client import Api
from pm_providers.providers.clickup.errors import OffError
from pm_providers.providers.clickup.mapping.choices import (
    merged_statuses,
    priorities,
    priority_named,
    to_types,
    type_named,
)
from pm_providers.providers.clickup.mapping.custom_fields import CustomField, to_custom_field
from pm_providers.providers.clickup.mapping.sprints import SprintRule
from pm_providers.toolkit.cache import Cache
from pm_providers.toolkit.choices import candidates_anew, status_book
from pm_providers.toolkit.documents import broken, identifier, is_number, objects, part

__all__ = ["Catalog", "Structure"]

_SHORT_S = 30.0
_LONG_S = 300.0
_LISTED = "lists"


@dataclass(frozen=True, slots=True)
class Structure:
    """Folders and lists of a space.

    Attributes:
        folders: those that people see, in their order.
        lists: lists in no folder (the vendor keeps each in a hidden one).
    """

    folders: tuple[dict[str, Any], ...]
    lists: tuple[dict[str, Any], ...]

    def lists_of(self, folder: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Lists within a folder, as the folder carries them."""
        return objects(folder, _LISTED) if isinstance(folder.get(_LISTED), list) else []

    def all_lists(self) -> list[tuple[dict[str, Any], Mapping[str, Any]]]:
        """Every list with its folder; those in none have a hidden one."""
        hidden: Mapping[str, Any] = {"name": "hidden", "hidden": True}
        found = [(one, hidden) for one in self.lists]
        return found + [(one, folder) for folder in self.folders for one in self.lists_of(folder)]


class Catalog:
    """Lists of one Workspace, as this credential sees them.

    Args:
        api: the connection.
        clock: seconds that only go forward.

    Attributes:
        rule: which lists are sprints.
        priorities: the fixed four.
        loads: how often types of tasks or folders of a space were asked for.
    """

    def __init__(self, api: Api, clock: Callable[[], float]) -> None:
        self.loads = 0
        self._nameless: set[str] = set()
        self._api = api
        self._options = api.options
        options = api.options
        self.rule = SprintRule(
            options.project_level, options.sprint_word, frozenset(options.sprint_folder_ids)
        )
        self.priorities: list[PMPriority] = priorities(options.priority_map)
        self._members: Cache[None, dict[str, dict[str, Any]]] = Cache(self._load_members, clock=clock)
        self._types: Cache[None, list[PMTaskType]] = Cache(self._load_types, _LONG_S, clock)
        self._spaces: Cache[str, dict[str, Any]] = Cache(self._load_space, _SHORT_S, clock)
        self._structures: Cache[tuple[str, bool], Structure] = Cache(self._load_structure, _SHORT_S, clock)
        self._folders: Cache[str, Structure] = Cache(self._load_folders, _SHORT_S, clock)
        self._lists: Cache[str, dict[str, Any]] = Cache(self._load_list, _SHORT_S, clock)
        self._fields: Cache[str, tuple[CustomField, ...]] = Cache(self._load_fields, _SHORT_S, clock)
        self._tags: Cache[str, list[dict[str, Any]]] = Cache(self._load_tags, _SHORT_S, clock)

    # people

    async def members(self, *, fresh: bool = False) -> dict[str, dict[str, Any]]:
        """Members of the Workspace by id: the only list of people that all plans have ([doc])."""
        return await self._members.get(None, max_age_s=0 if fresh else None)

    async def member(self, value: str, *, fresh: bool = False) -> dict[str, Any] | None:
        """A member by id or address; asked anew when not known, or always. `None` where there is none."""
        for anew in (True,) if fresh else (False, True):
            found = await self.members(fresh=anew)
            if value in found:
                return found[value]
            folded = value.strip().casefold()
            for one in found.values() if "@" in value else ():
                if str(one.get("email") or "").casefold() == folded:
                    return one
        return None

    # places

    async def space(self, space_id: str, *, fresh: bool = False) -> dict[str, Any]:
        """A space.

        Raises:
            NotFoundError: there is none, or it may not be seen.
        """
        return await self._spaces.get(space_id, max_age_s=0 if fresh else None)

    async def structure(self, space_id: str, *, archived: bool = False, fresh: bool = False) -> Structure:
        """Folders and lists of a space: the archived ones, or the others.

        Raises:
            NotFoundError: there is no such space.
        """
        return await self._structures.get((space_id, archived), max_age_s=0 if fresh else None)

    async def task_list(self, list_id: str, *, fresh: bool = False) -> dict[str, Any]:
        """A list with its statuses.

        Raises:
            NotFoundError: there is none, or it may not be seen.
        """
        return await self._lists.get(list_id, max_age_s=0 if fresh else None)

    def forget_space(self, space_id: str) -> None:
        """Drop what is known of the folders and lists of a space, after one was written."""
        for archived in (False, True):
            self._structures.forget((space_id, archived))
        self._folders.forget(space_id)
        self._spaces.forget(space_id)

    def forget_list(self, list_id: str) -> None:
        """Drop what is known of a list, after it was written."""
        self._lists.forget(list_id)

    def forget_tags(self, space_id: str) -> None:
        """Drop what is known of the tags of a space, after one was written."""
        self._tags.forget(space_id)

    async def folders(self, space_id: str, *, since_s: float = 0.0) -> Structure:
        """Folders of a space with their lists, those that are not archived: one request.

        Args:
            space_id: the space.
            since_s: what was known so many seconds ago will do.
        """
        return await self._folders.get(space_id, max_age_s=_SHORT_S + since_s)

    def has_folders(self, space_id: str) -> bool:
        """Whether `folders` takes no request now."""
        return _is_young(self._folders.age_s(space_id))

    async def loose_lists(self, space_id: str) -> list[dict[str, Any]]:
        """Lists of a space in no folder, those that are not archived, asked anew."""
        path = f"space/{_number(space_id, 'space')}/list"
        return await self._api.all(path, "lists", {"archived": False})

    def has_list(self, list_id: str) -> bool:
        """Whether `task_list` takes no request now."""
        return _is_young(self._lists.age_s(list_id))

    async def sprint_ids(self, space_id: str, *, since_s: float = 0.0) -> set[str]:
        """Lists of a space that are sprints and not archived: all of them lie in folders, see there."""
        structure = await self.folders(space_id, since_s=since_s)
        return {
            identifier(one, "list") for one, folder in structure.all_lists() if self.rule.is_list(one, folder)
        }

    # choices

    async def statuses_of(self, list_id: str, *, fresh: bool = False) -> list[PMStatus]:
        """Statuses of a list, in its order: those of the space are templates only ([obs] clickup-cli#4)."""
        found = await self.task_list(list_id, fresh=fresh)
        return merged_statuses([_statuses(found)], self._options.status_map)

    async def status_candidates(self, list_id: str, value: str) -> list[PMStatus]:
        """Statuses of a list that a written value may mean, best first.

        Raises:
            ValidationError: nothing fits; lists what the list has.
        """
        return await candidates_anew(lambda fresh: self.statuses_of(list_id, fresh=fresh), status_book, value)

    def priority(self, value: str) -> PMPriority:
        """The priority that a written value means.

        Raises:
            ValidationError: nothing fits; lists what exists.
        """
        return priority_named(value, self.priorities)

    async def types(self, *, fresh: bool = False) -> list[PMTaskType]:
        """Types of tasks."""
        return await self._types.get(None, max_age_s=0 if fresh else None)

    async def type_names(self, used: Collection[str], *, since_s: float = 0.0) -> dict[str, str]:
        """Names of the types of tasks by id, asked anew for one that is not known.

        One that stays unknown (types may be hidden from guests) is asked for once: not again for each task.

        Args:
            used: ids that are needed.
            since_s: what was known so many seconds ago will do.
        """
        known = await self._types.get(None, max_age_s=_LONG_S + since_s)
        names = {one.id: one.name for one in known}
        if not self._nameless.issuperset(one for one in used if one not in names):
            names = {one.id: one.name for one in await self.types(fresh=True)}
            self._nameless.update(one for one in used if one not in names)
        return names

    async def type_named(self, value: str) -> PMTaskType:
        """Type by id or name.

        Raises:
            ValidationError: there is none; lists those that there are.
        """
        for fresh in (False, True):
            known = await self.types(fresh=fresh)
            found = type_named(value, known)
            if found is not None:
                return found
        has = ", ".join(one.name for one in known)
        raise ValidationError(fields={"type": f"{value!r:.60} is unknown; the Workspace has: {has}"})

    async def fields(self, list_id: str, *, fresh: bool = False) -> tuple[CustomField, ...]:
        """Custom fields of the tasks of a list, inherited ones included."""
        return await self._fields.get(list_id, max_age_s=0 if fresh else None)

    async def tags(self, space_id: str, *, fresh: bool = False) -> list[dict[str, Any]]:
        """Tags of a space."""
        return await self._tags.get(space_id, max_age_s=0 if fresh else None)

    # loading

    async def _load_members(self, _key: None) -> dict[str, dict[str, Any]]:
        for team in await self._api.all("team", "teams"):
            if str(team.get("id")) == self._options.team_id:
                people = [part(one, "user") for one in objects(team, "members")]
                return {identifier(one, "user"): one for one in people}
        raise NotFoundError(
            f"the credential does not reach Workspace {self._options.team_id} (CLICKUP_TEAM_ID)"
        )

    async def _load_types(self, _key: None) -> list[PMTaskType]:
        self.loads += 1
        try:
            return to_types(await self._api.all(f"{self._api.team}/custom_item", "custom_items"))
        except (NotFoundError, PermissionDeniedError, OffError):
            return to_types(())

    async def _load_space(self, space_id: str) -> dict[str, Any]:
        return await self._api.get(f"space/{_number(space_id, 'space')}")

    async def _load_structure(self, key: tuple[str, bool]) -> Structure:
        space_id, archived = key
        path, params = f"space/{_number(space_id, 'space')}", {"archived": archived}
        folders, lists = await asyncio.gather(
            self._api.all(f"{path}/folder", "folders", params), self._api.all(f"{path}/list", "lists", params)
        )
        return Structure(tuple(one for one in folders if one.get("hidden") is not True), tuple(lists))

    async def _load_folders(self, space_id: str) -> Structure:
        self.loads += 1
        path = f"space/{_number(space_id, 'space')}/folder"
        return Structure(tuple(await self._api.all(path, "folders", {"archived": False})), ())

    async def _load_list(self, list_id: str) -> dict[str, Any]:
        return await self._api.get(f"list/{_number(list_id, 'list')}")

    async def _load_fields(self, list_id: str) -> tuple[CustomField, ...]:
        found = await self._api.all(f"list/{_number(list_id, 'list')}/field", "fields")
        return tuple(to_custom_field(one) for one in found)

    async def _load_tags(self, space_id: str) -> list[dict[str, Any]]:
        return await self._api.all(f"space/{_number(space_id, 'space')}/tag", "tags")


def _is_young(age_s: float | None) -> bool:
    return age_s is not None and age_s < _SHORT_S


def _number(value: str, kind: str) -> str:
    """An id of a place; others are not sent, as they would be other addresses.

    Raises:
        NotFoundError: no such id can exist.
    """
    if not is_number(value):
        raise NotFoundError(f"there is no {kind} {value!r:.80}")
    return value


def _statuses(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    found = document.get("statuses")
    if found is None:
        return []
    if not isinstance(found, list):
        raise broken("statuses that are no list")
    return [one for one in found if isinstance(one, dict)]
