"""What the installation offers to choose from, asked once and kept for a while."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pm_providers.errors import NotFoundError, PermissionDeniedError, ValidationError
from pm_providers.model import PMPriority, PMStatus, PMTaskType
from pm_providers.providers.redmine.client import Api
from pm_providers.providers.redmine.mapping.choices import to_priorities, to_status, to_types
from pm_providers.providers.redmine.mapping.custom_fields import CustomField, carried, to_custom_field
from pm_providers.providers.redmine.mapping.values import ref_id
from pm_providers.toolkit.cache import Cache
from pm_providers.toolkit.choices import candidates_anew, priority_book, status_book, with_map
from pm_providers.toolkit.documents import identifier, optional_text

__all__ = ["Catalog", "Place"]

_SHORT_S = 30.0
_NEW_FIELD_S = 30.0
_INCLUDE = "trackers,issue_categories,time_entry_activities"


@dataclass(frozen=True, slots=True)
class Place:
    """What a project offers to its issues.

    Attributes:
        id: project id.
        types: its trackers; the first one is what new issues get.
        categories: id -> name.
        activities: id -> name; empty where the server does not tell (before 3.4).
    """

    id: str
    types: tuple[PMTaskType, ...]
    categories: Mapping[str, str]
    activities: Mapping[str, str]


class Catalog:
    """Lists of one installation, as these credentials see them.

    Args:
        api: the connection.
        clock: seconds that only go forward.
    """

    def __init__(self, api: Api, clock: Callable[[], float]) -> None:
        self._api = api
        self._options = api.options
        self._statuses: Cache[None, list[PMStatus]] = Cache(self._load_statuses, clock=clock)
        self._priorities: Cache[None, list[PMPriority]] = Cache(self._load_priorities, clock=clock)
        self._types: Cache[None, list[PMTaskType]] = Cache(self._load_types, clock=clock)
        self._activities: Cache[None, list[dict[str, Any]]] = Cache(self._load_activities, clock=clock)
        self._roles: Cache[None, dict[str, str]] = Cache(self._load_roles, clock=clock)
        self._fields: Cache[None, dict[str, tuple[CustomField, ...]]] = Cache(self._load_fields, clock=clock)
        self._places: Cache[str, Place] = Cache(self._load_place, _SHORT_S, clock)
        self._task_fields: Cache[tuple[str, str], tuple[CustomField, ...]] = Cache(
            self._load_task_fields, _SHORT_S, clock
        )

    # statuses, priorities, trackers

    async def statuses(self, *, fresh: bool = False) -> list[PMStatus]:
        """All statuses, in the vendor's order, with the connection's `status_map` applied."""
        return await self._statuses.get(None, max_age_s=0 if fresh else None)

    async def priorities(self, *, fresh: bool = False) -> list[PMPriority]:
        """All priorities, lowest first."""
        return await self._priorities.get(None, max_age_s=0 if fresh else None)

    async def types(self, *, fresh: bool = False) -> list[PMTaskType]:
        """All trackers."""
        return await self._types.get(None, max_age_s=0 if fresh else None)

    async def status_candidates(self, value: str) -> list[PMStatus]:
        """Statuses that a written value may mean, best first.

        Raises:
            ValidationError: nothing fits; lists what exists.
        """
        return await candidates_anew(lambda fresh: self.statuses(fresh=fresh), status_book, value)

    async def priority(self, value: str) -> PMPriority:
        """The priority in use that a written value means.

        Raises:
            ValidationError: nothing fits; lists what exists.
        """
        found = await candidates_anew(lambda fresh: self.priorities(fresh=fresh), priority_book, value)
        return found[0]

    async def activities(self, *, fresh: bool = False) -> list[dict[str, Any]]:
        """Kinds of work that can be logged, of all projects, as the vendor lists them."""
        return await self._activities.get(None, max_age_s=0 if fresh else None)

    async def roles(self, *, fresh: bool = False) -> dict[str, str]:
        """Roles that members can have: id -> name."""
        return await self._roles.get(None, max_age_s=0 if fresh else None)

    # projects

    async def place(self, project_id: str, *, fresh: bool = False) -> Place:
        """What a project offers to its issues.

        Raises:
            NotFoundError: there is no such project, or it is archived or may not be seen.
        """
        return await self._places.get(project_id, max_age_s=0 if fresh else None)

    async def type_named(self, value: str, project_id: str) -> PMTaskType:
        """Tracker of a project by id or name.

        Raises:
            ValidationError: not enabled in the project; lists those that are. The server would take the
                first one without a word (recorded, note 3).
        """
        for fresh in (False, True):
            types = (await self.place(project_id, fresh=fresh)).types
            for one in types:
                if one.id == value or one.name.casefold() == value.strip().casefold():
                    return one
        known = ", ".join(one.name for one in types)
        raise ValidationError(fields={"type": f"{value!r:.60} is unknown; the project has: {known}"})

    # custom fields

    async def fields(self, kind: str, *, fresh: bool = False) -> tuple[CustomField, ...]:
        """Custom fields of `issue`, `project`, `version`, `time_entry` or `user`, if administrator."""
        return (await self._fields.get(None, max_age_s=0 if fresh else None)).get(kind, ())

    async def task_fields(
        self, project_id: str, type_id: str, *, fresh: bool = False
    ) -> tuple[CustomField, ...]:
        """Custom fields that issues of a project and tracker can have.

        A project tells only those that are not for all projects, so an issue is asked, which carries all of
        its own. Where there is none yet, administrators get any field of the tracker; others those that the
        project tells, and those of an issue of the tracker elsewhere, of which some may not be there.
        """
        return await self._task_fields.get((project_id, type_id), max_age_s=0 if fresh else None)

    async def fields_for(self, kind: str, documents: Iterable[Mapping[str, Any]]) -> dict[str, CustomField]:
        """Descriptions by id for reading documents; asked anew when one carries a field that is newer."""
        known = {one.id: one for one in await self.fields(kind)}
        used = {identifier(one, "custom field") for document in documents for one in carried(document)}
        age = self._fields.age_s(None) or 0.0
        if not used <= set(known) and age > _NEW_FIELD_S and await self._api.is_admin():
            known = {one.id: one for one in await self.fields(kind, fresh=True)}
        return known

    # loading

    async def _load_statuses(self, _key: None) -> list[PMStatus]:
        trackers = await self._api.all("trackers", "trackers")
        defaults = {one for one in (ref_id(tracker, "default_status") for tracker in trackers) if one}
        found = [to_status(one, defaults) for one in await self._api.all("issue_statuses", "issue_statuses")]
        return with_map(found, self._options.status_map, "status_map")

    async def _load_priorities(self, _key: None) -> list[PMPriority]:
        found = to_priorities(await self._api.all("enumerations/issue_priorities", "issue_priorities"))
        return with_map(found, self._options.priority_map, "priority_map")

    async def _load_types(self, _key: None) -> list[PMTaskType]:
        return to_types(await self._api.all("trackers", "trackers"))

    async def _load_activities(self, _key: None) -> list[dict[str, Any]]:
        return await self._api.all("enumerations/time_entry_activities", "time_entry_activities")

    async def _load_roles(self, _key: None) -> dict[str, str]:
        return _names(await self._api.all("roles", "roles"))

    async def _load_fields(self, _key: None) -> dict[str, tuple[CustomField, ...]]:
        if not await self._api.is_admin():
            return {}
        try:
            found = await self._api.all("custom_fields", "custom_fields")
        except (NotFoundError, PermissionDeniedError):
            return {}
        result: dict[str, tuple[CustomField, ...]] = {}
        for one in found:
            kind = optional_text(one, "customized_type") or ""
            result[kind] = (*result.get(kind, ()), to_custom_field(one))
        return result

    async def _load_task_fields(self, key: tuple[str, str]) -> tuple[CustomField, ...]:
        known = {one.id: one for one in await self.fields("issue", fresh=True)}
        project, tracker = key
        found = await self._sample_fields(tracker, {"project_id": project})
        if found is not None:
            return tuple(known.get(one, field) for one, field in found.items())
        if known:
            return tuple(one for one in known.values() if tracker in one.trackers)
        path, params = f"projects/{project}", {"include": "issue_custom_fields"}
        own = _objects(await self._api.one(path, "project", params), "issue_custom_fields")
        told = {field.id: field for field in map(to_custom_field, own)}
        return tuple({**told, **(await self._sample_fields(tracker, {}) or {})}.values())

    async def _sample_fields(
        self, tracker: str, place: Mapping[str, str | int]
    ) -> dict[str, CustomField] | None:
        """Fields by id that an issue of a tracker carries; `None` where there is no issue."""
        params = {**place, "tracker_id": tracker, "status_id": "*", "limit": 1}
        for issue in await self._api.all("issues", "issues", params):
            return {one.id: one for one in map(to_custom_field, carried(issue))}
        return None

    async def _load_place(self, project_id: str) -> Place:
        try:
            found = await self._api.one(f"projects/{project_id}", "project", {"include": _INCLUDE})
        except PermissionDeniedError as error:
            raise NotFoundError(f"project {project_id} is archived, or may not be seen") from error
        return Place(
            id=identifier(found, "project"),
            types=tuple(to_types(_objects(found, "trackers"))),
            categories=_names(_objects(found, "issue_categories")),
            activities=_names(_objects(found, "time_entry_activities")),
        )


def _objects(value: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    found = value.get(name)
    return [one for one in found if isinstance(one, Mapping)] if isinstance(found, list) else []


def _names(values: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    return {identifier(one, "element"): optional_text(one, "name") or "" for one in values}
