"""What the site offers to choose from, asked once and kept for a while."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from pm_providers.contract import override
from pm_providers.errors import NotFoundError, PermissionDeniedError, UnsupportedError, ValidationError
from pm_providers.model import PMPriority, PMStatus, Priority, TaskStatus, guess_priority
from pm_providers.providers.jira.answers import objects
from pm_providers.providers.jira.client import AGILE, Api
from pm_providers.providers.jira.mapping.choices import IssueType, to_issue_type, to_priorities, to_status
from pm_providers.providers.jira.mapping.custom_fields import (
    EPIC_LINK,
    EPIC_NAME,
    SPRINT,
    FieldInfo,
    story_point_rank,
)
from pm_providers.providers.jira.mapping.field_descriptions import to_field, unique_names
from pm_providers.providers.jira.mapping.tasks import SpecialFields
from pm_providers.toolkit.cache import Cache
from pm_providers.toolkit.choices import candidates_anew, priority_book, status_book, with_map
from pm_providers.toolkit.documents import identifier

__all__ = ["Catalog"]

_SHORT_S = 60.0
_RESOLUTION = FieldInfo("resolution", "Resolution", "choice")
"""Every site has it, and workflows ask for it; not all list it."""

_BOARDS = f"{AGILE}/board"


class Catalog:
    """Lists of one site, as these credentials see them.

    Args:
        api: the connection.
        clock: seconds that only go forward.
    """

    def __init__(self, api: Api, clock: Callable[[], float]) -> None:
        self._api = api
        self._options = api.options
        self._fields: Cache[None, list[FieldInfo]] = Cache(self._load_fields, clock=clock)
        self._statuses: Cache[str | None, list[PMStatus]] = Cache(self._load_statuses, _SHORT_S, clock)
        self._priorities: Cache[None, list[PMPriority]] = Cache(self._load_priorities, clock=clock)
        self._types: Cache[str | None, list[IssueType]] = Cache(self._load_types, _SHORT_S, clock)
        self._create: Cache[tuple[str, str], dict[str, FieldInfo]] = Cache(self._load_create, _SHORT_S, clock)
        self._estimation: Cache[str, str | None] = Cache(self._load_estimation, clock=clock)
        self._links: Cache[None, list[dict[str, Any]]] = Cache(self._load_links, clock=clock)
        self._known: dict[tuple[str, str, str], PMStatus] = {}
        self._special: dict[str | None, tuple[list[FieldInfo], SpecialFields]] = {}

    @property
    def person(self) -> str:
        """How users are written: by account id on Cloud, by login on Data Center."""
        return "accountId" if self._api.site.is_cloud else "name"

    # fields

    async def fields(self, *, fresh: bool = False) -> list[FieldInfo]:
        """All fields of the site, the system's own first; without options."""
        return await self._fields.get(None, max_age_s=0 if fresh else None)

    async def special(self, project: str | None = None) -> SpecialFields:
        """Ids of the custom fields that tasks have a field for.

        Args:
            project: id of a project, whose own fields count as well.
        """
        fields = await self.fields()
        found = self._special.get(project)
        if found is None or found[0] is not fields:
            found = self._special[project] = (fields, self._special_of(fields, project))
        return found[1]

    def _special_of(self, fields: Iterable[FieldInfo], project: str | None) -> SpecialFields:
        known = [one for one in fields if project is None or one.scope in (None, project)]
        points = [one for one in known if story_point_rank(one) is not None]
        return SpecialFields(
            sprint=_first(known, lambda one: one.custom == SPRINT),
            points=tuple(one.id for one in sorted(points, key=lambda one: story_point_rank(one) or 0)),
            start=_first(known, lambda one: one.is_start_date),
            epic_link=None if self._api.site.is_cloud else _first(known, lambda one: one.custom == EPIC_LINK),
            epic_name=None if self._api.site.is_cloud else _first(known, lambda one: one.custom == EPIC_NAME),
        )

    async def points_field(self, project: str, candidates: Sequence[str]) -> str | None:
        """Which of several fields holds the story points: boards do not look at the others.

        Args:
            project: id of a project.
            candidates: fields that an issue has, likeliest first.
        """
        if len(candidates) > 1:
            told = await self._estimation.get(project)
            return told if told in candidates else candidates[0]
        return next(iter(candidates), None)

    async def custom(self, project: str | None = None) -> list[FieldInfo]:
        """Fields that stand in `custom_fields`, by unique names.

        Args:
            project: as in `special`.
        """
        known = await self.fields()
        return unique_names(
            one for one in known if not one.is_modelled and (project is None or one.scope in (None, project))
        )

    async def field_named(self, name: str) -> FieldInfo | None:
        """A field by id or name, the system's own included; asked anew when it is not known."""
        for fresh in (False, True):
            for one in await self.fields(fresh=fresh):
                if name in (one.id, one.name):
                    return one
        return None

    async def create_fields(self, project: str, type_id: str, *, fresh: bool = False) -> dict[str, FieldInfo]:
        """Field id -> field of the screen on which issues of a type are created, with options.

        Empty where the server does not tell (Data Center before 8.4).
        """
        return await self._create.get((project, type_id), max_age_s=0 if fresh else None)

    async def edit_fields(self, task_id: str) -> dict[str, FieldInfo]:
        """Field id -> field that an issue lets these credentials change now, with options."""
        found = (await self._api.get(f"issue/{task_id}/editmeta")).get("fields")
        return self.screen(found)

    def screen(self, found: Any) -> dict[str, FieldInfo]:
        """Fields of an edit or transition screen, by id."""
        if not isinstance(found, Mapping):
            return {}
        return {
            str(one): to_field(value, str(one), person=self.person)
            for one, value in found.items()
            if isinstance(value, Mapping)
        }

    # statuses

    async def statuses(self, project: str | None = None, *, fresh: bool = False) -> list[PMStatus]:
        """Statuses of a project's issue types, or all that may be seen, with `status_map` applied."""
        return await self._statuses.get(project, max_age_s=0 if fresh else None)

    async def status_candidates(self, value: str, project: str | None = None) -> list[PMStatus]:
        """Statuses that a written value may mean, best first.

        Raises:
            ValidationError: nothing fits; lists what exists.
        """
        return await candidates_anew(lambda fresh: self.statuses(project, fresh=fresh), status_book, value)

    def status_of(self, value: Mapping[str, Any]) -> PMStatus:
        """The status that a document holds, with `status_map` applied. Asks nothing."""
        category = value.get("statusCategory")
        kind = category.get("key") if isinstance(category, Mapping) else None
        known = (str(value.get("id")), str(value.get("name")), str(kind))
        found = self._known.get(known)
        if found is None:
            found = with_map([to_status(value)], self._options.status_map, "status_map")[0]
            found = replace(found, is_closed=TaskStatus(found.status).is_closed)
            self._known[known] = found
        return found

    # priorities, types, link types

    async def priorities(self, *, fresh: bool = False) -> list[PMPriority]:
        """All priorities, lowest first."""
        return await self._priorities.get(None, max_age_s=0 if fresh else None)

    async def priority(self, value: str, offered: Iterable[str] | None = None) -> PMPriority:
        """The priority that a written value means.

        Args:
            value: unified value, name or id.
            offered: ids of those that the project offers; all when missing.

        Raises:
            ValidationError: nothing fits; lists what exists.
        """
        ids = None if offered is None else set(offered)
        try:
            return self._priority(value, await self.priorities(), ids)
        except ValidationError:
            return self._priority(value, await self.priorities(fresh=True), ids)

    @staticmethod
    def _priority(value: str, known: Sequence[PMPriority], ids: set[str] | None) -> PMPriority:
        return priority_book([one for one in known if ids is None or one.id in ids]).candidates(value)[0]

    def priority_meaning(
        self, known: Mapping[str, PMPriority], one: str | None, name: str | None
    ) -> str | None:
        """Unified value of a priority by id; by name where it is not listed any more."""
        if one is None:
            return None
        if one in known:
            return known[one].priority
        guess = guess_priority(name or "")
        return override(
            self._options.priority_map, one, name or "", list(Priority), option="priority_map"
        ) or (guess.value if guess else None)

    async def types(self, project: str | None = None, *, fresh: bool = False) -> list[IssueType]:
        """Issue types of a project, or all, in the vendor's order.

        Raises:
            NotFoundError: no such project.
        """
        return await self._types.get(project, max_age_s=0 if fresh else None)

    async def type_named(self, value: str, project: str) -> IssueType:
        """Issue type of a project by id or name.

        Raises:
            ValidationError: the project does not have it; lists those that it has.
        """
        for fresh in (False, True):
            types = await self.types(project, fresh=fresh)
            for one in types:
                if one.id == value or one.name.casefold() == value.strip().casefold():
                    return one
        known = ", ".join(one.name for one in types)
        raise ValidationError(fields={"type": f"{value!r:.60} is unknown; the project has: {known}"})

    async def link_types(self, *, fresh: bool = False) -> list[dict[str, Any]]:
        """Link types as they came: `id`, `name`, `inward`, `outward`; none where linking is off."""
        return await self._links.get(None, max_age_s=0 if fresh else None)

    # loading

    async def _load_fields(self, _key: None) -> list[FieldInfo]:
        await self._api.identify()
        found = [to_field(one, person=self.person) for one in await self._api.listed("field")]
        if not any(one.id == _RESOLUTION.id for one in found):
            found.append(_RESOLUTION)
        return sorted(found, key=lambda one: bool(one.custom))

    async def _load_statuses(self, project: str | None) -> list[PMStatus]:
        if project is None:
            documents = await self._api.listed("status")
        else:
            types = await self._api.listed(f"project/{project}/statuses")
            documents = [one for kind in types for one in objects(kind.get("statuses"), "statuses")]
        found = {identifier(one, "status"): self.status_of(one) for one in documents}
        return list(found.values())

    async def _load_priorities(self, _key: None) -> list[PMPriority]:
        await self._api.identify()
        if self._api.site.is_cloud:
            try:
                documents = [one async for one in self._api.items("priority/search")]
            except (NotFoundError, PermissionDeniedError, UnsupportedError):
                documents = await self._api.listed("priority")
        else:
            documents = await self._api.listed("priority")
        return with_map(to_priorities(documents), self._options.priority_map, "priority_map")

    async def _load_types(self, project: str | None) -> list[IssueType]:
        await self._api.identify()
        if project is None:
            found = await self._api.listed("issuetype")
        elif self._api.site.is_cloud:
            found = await self._api.listed("issuetype/project", {"projectId": project})
        else:
            found = objects(await self._api.get(f"project/{project}"), "issueTypes")
        return [to_issue_type(one) for one in found]

    async def _load_create(self, key: tuple[str, str]) -> dict[str, FieldInfo]:
        project, type_id = key
        path = f"issue/createmeta/{project}/issuetypes/{type_id}"
        try:
            found = [
                to_field(one, person=self.person)
                async for one in self._api.items(path, "fields", page_size=200)
            ]
        except NotFoundError:
            return {}
        return {one.id: one for one in found}

    async def _load_estimation(self, project: str) -> str | None:
        """Field that the project's first board with an estimation counts."""
        try:
            boards = [one async for one in self._api.items(_BOARDS, params={"projectKeyOrId": project})]
            for one in boards:
                path = f"{_BOARDS}/{identifier(one, 'board')}/configuration"
                found = (await self._api.get(path)).get("estimation")
                field = found.get("field") if isinstance(found, Mapping) else None
                if isinstance(field, Mapping) and isinstance(field.get("fieldId"), str):
                    return str(field["fieldId"])
        except (NotFoundError, PermissionDeniedError, ValidationError):
            pass  # no boards here, or none that may be seen
        return None

    async def _load_links(self, _key: None) -> list[dict[str, Any]]:
        try:
            return objects(await self._api.get("issueLinkType"), "issueLinkTypes")
        except NotFoundError:
            return []


def _first(fields: Iterable[FieldInfo], fits: Callable[[FieldInfo], bool]) -> str | None:
    return next((one.id for one in fields if fits(one)), None)
