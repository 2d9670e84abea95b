"""What the workspace and its projects offer to choose from, asked once and kept for a while."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pm_providers.contract import override
from pm_providers.errors import (
    NotFoundError,
    PermissionDeniedError,
    UnsupportedError,
    ValidationError,
)
from pm_providers.model import (
    PMPriority,
    PMStatus,
    PMTaskType,
    Priority,
    guess_priority,
    guess_task_status,
)
from pm_providers.providers.asana.client import Api
from pm_providers.providers.asana.config import COMPLETED_SOURCE, CUSTOM_TYPE_SOURCE
from pm_providers.providers.asana.mapping.choices import (
    COMPLETED,
    INCOMPLETE,
    WRITABLE_TYPES,
    field_statuses,
    section_statuses,
    to_priorities,
    type_statuses,
    with_completed,
)
from pm_providers.providers.asana.mapping.custom_fields import (
    FIELD_FIELDS,
    FieldInfo,
    find_field,
    to_field_info,
    unique_names,
)
from pm_providers.providers.asana.mapping.projects import (
    PROJECT_FIELDS,
    SprintPlace,
    names_of,
    sprint_place,
)
from pm_providers.providers.asana.mapping.tasks import Conventions
from pm_providers.providers.asana.mapping.values import gid, listed
from pm_providers.toolkit.cache import Cache
from pm_providers.toolkit.documents import Document

__all__ = ["Catalog", "Projects"]

_SHORT_S = 60.0
_ALL = "all"
_NOT_OFFERED = (UnsupportedError, PermissionDeniedError, NotFoundError)
_SETTING_FIELDS = tuple(f"custom_field.{one}" for one in FIELD_FIELDS)
_TYPE_FIELDS = ("name", "status_options.name", "status_options.completion_state", "status_options.enabled")


@dataclass(frozen=True, slots=True)
class Projects:
    """All projects of the workspace that these credentials see, archived ones too.

    Attributes:
        documents: by gid, in the vendor's order.
        sprints: those that are sprints, by gid.
    """

    documents: Mapping[str, Document]
    sprints: Mapping[str, SprintPlace]

    def name(self, one: str | None) -> str | None:
        """Name of a project; `None` where it is not known."""
        found = self.documents.get(one or "")
        name = found.get("name") if found is not None else None
        return name if isinstance(name, str) else None


class Catalog:
    """Lists of one workspace.

    Args:
        api: the connection.
        clock: seconds that only go forward.
    """

    def __init__(self, api: Api, clock: Callable[[], float]) -> None:
        self._api = api
        self._options = api.options
        self._sections: Cache[str, list[PMStatus]] = Cache(self._load_sections, _SHORT_S, clock)
        self._fields: Cache[str, list[FieldInfo]] = Cache(self._load_fields, _SHORT_S, clock)
        self._workspace_fields: Cache[str, list[FieldInfo]] = Cache(self._load_workspace_fields, clock=clock)
        self._types: Cache[str, list[dict[str, Any]]] = Cache(self._load_types, clock=clock)
        self._clock = clock
        self.forget_homes()
        self.forget_projects()
        self._priorities: dict[str, str] = {}
        self.conventions = _conventions(api)

    # statuses

    async def sections(self, project: str, *, fresh: bool = False) -> list[PMStatus]:
        """Sections of a project as statuses, in its order; every project has one at least.

        Raises:
            NotFoundError: no such project.
        """
        return await self._sections.get(project, max_age_s=0 if fresh else None)

    async def statuses(self, project: str, *, fresh: bool = False) -> list[PMStatus]:
        """Statuses of a project, where the connection finds them, with `status_map` applied.

        The last one is that of finished tasks which stand in no place for those.

        Raises:
            NotFoundError: no such project.
        """
        options = self._options
        if options.has_sections:
            return with_completed(await self.sections(project, fresh=fresh))
        if options.status_source == COMPLETED_SOURCE:
            return [INCOMPLETE, COMPLETED]
        if options.status_source == CUSTOM_TYPE_SOURCE:
            found = [one for kind in await self.custom_types(project) for one in _status_options(kind)]
            return with_completed(type_statuses(found, options.status_map))
        field = await self.convention("status", project, fresh=fresh)
        return with_completed([] if field is None else field_statuses(field, options.status_map))

    async def status_table(self, seen: Mapping[str, Mapping[str, Document]]) -> dict[str, PMStatus]:
        """Statuses by gid for reading tasks.

        Sections are asked for only where a name says nothing, so that its place must.

        Args:
            seen: project gid -> section gid -> section, of tasks that are read.
        """
        table: dict[str, PMStatus] = {}
        for project, sections in seen.items():
            if self._options.has_sections and all(_says_all(one) for one in sections.values()):
                found = section_statuses(
                    list(sections.values()), self._options.status_map, self._options.done_section
                )
            else:
                found = await self._with_places(project, sections)
            table |= {one.id: one for one in found}
        return table

    async def _with_places(self, project: str, sections: Mapping[str, Document]) -> list[PMStatus]:
        try:
            found = await self.statuses(project)
            if not {one.id for one in found} >= sections.keys():
                found = await self.statuses(project, fresh=True)
        except (NotFoundError, PermissionDeniedError):
            # Another project of the task, which may not be seen: the names say what they can.
            found = section_statuses(
                list(sections.values()), self._options.status_map, self._options.done_section
            )
        return found

    async def _load_sections(self, project: str) -> list[PMStatus]:
        found = await self._api.all(f"projects/{project}/sections", ("name",))
        return section_statuses(found, self._options.status_map, self._options.done_section)

    # custom fields

    async def fields(self, project: str, *, fresh: bool = False) -> list[FieldInfo]:
        """Custom fields that tasks of a project can have, by unique names.

        Raises:
            NotFoundError: no such project.
        """
        return await self._fields.get(project, max_age_s=0 if fresh else None)

    async def workspace_fields(self, *, fresh: bool = False) -> list[FieldInfo]:
        """Custom fields of the whole workspace; none where these credentials or the plan have no list."""
        return await self._workspace_fields.get(_ALL, max_age_s=0 if fresh else None)

    async def field(self, one: str) -> FieldInfo | None:
        """A custom field by gid, under its own name; `None` where it may not be seen."""
        found = await self._api.find(f"custom_fields/{one}", FIELD_FIELDS)
        return None if found is None else to_field_info(found)

    async def convention(self, role: str, project: str, *, fresh: bool = False) -> FieldInfo | None:
        """The custom field of a project that holds a field of tasks.

        Args:
            role: `priority`, `estimate`, `points`, `status` or `sprint`.
            project: gid.
            fresh: ask anew.
        """
        name = getattr(self.conventions, role)
        kinds = ("number",) if role in {"estimate", "points"} else ("enum",)
        return find_field(await self.fields(project, fresh=fresh), name, kinds) if name else None

    def is_modelled(self, field: FieldInfo) -> bool:
        """Whether a custom field stands for a field of tasks, or for its key."""
        role = self.conventions.role(field.id, field.name, field.subtype)
        return bool(role) or field.representation == "custom_id"

    async def _load_fields(self, project: str) -> list[FieldInfo]:
        found = await self._api.all(f"projects/{project}/custom_field_settings", _SETTING_FIELDS)
        described = (one.get("custom_field") for one in found)
        return unique_names(to_field_info(one) for one in described if isinstance(one, Mapping))

    async def _load_workspace_fields(self, _key: str) -> list[FieldInfo]:
        path = f"workspaces/{self._options.workspace}/custom_fields"
        try:
            return [to_field_info(one) for one in await self._api.all(path, FIELD_FIELDS)]
        except _NOT_OFFERED:
            return []

    # priorities

    async def priorities(self, project: str | None = None, *, fresh: bool = False) -> list[PMPriority]:
        """Priorities of a project, or of all its fields in the workspace, lowest first."""
        if project is not None:
            field = await self.convention("priority", project, fresh=fresh)
            found = [] if field is None else [field]
        else:
            name = self.conventions.priority
            known = await self.workspace_fields(fresh=fresh)
            found = [one for one in known if find_field([one], name, ("enum",)) is not None]
        return to_priorities(found, self._options.priority_map)

    def priority_meaning(self, one: str, name: str) -> str | None:
        """Unified value of a priority option; `None` while nothing is known of it. Asks nothing."""
        told = override(self._options.priority_map, one, name, list(Priority), option="priority_map")
        guess = guess_priority(name)
        return told or (guess.value if guess else None) or self._priorities.get(one)

    async def learn_priorities(self, project: str) -> None:
        """Find out what the options of a project's priority field mean, whose names say nothing."""
        try:
            field = await self.convention("priority", project)
        except (NotFoundError, PermissionDeniedError):
            field = None
        for one in to_priorities([field] if field else [], self._options.priority_map):
            self._priorities[one.id] = one.priority

    # types

    async def custom_types(self, project: str) -> list[dict[str, Any]]:
        """Custom types of a project; none where the plan has none."""
        return await self._types.get(project)

    async def types(self, project: str | None) -> list[PMTaskType]:
        """Types of tasks: those that all projects have, and the custom ones of a project."""
        custom = [] if project is None else await self.custom_types(project)
        return [
            *WRITABLE_TYPES,
            *(PMTaskType(gid(one, "type"), str(one.get("name") or "")) for one in custom),
        ]

    async def type_named(self, value: str, project: str | None) -> PMTaskType:
        """A type by id or name.

        Raises:
            ValidationError: there is none; lists those that there are.
        """
        folded = value.strip().casefold()
        for one in WRITABLE_TYPES:  # nothing is asked for these
            if folded in {one.id, one.name.casefold()}:
                return one
        found = await self.types(project)
        for one in found:
            if folded in {one.id, one.name.casefold()}:
                return one
        known = ", ".join(one.name for one in found)
        raise ValidationError(fields={"type": f"{value!r:.60} is unknown; the project has: {known}"})

    async def _load_types(self, project: str) -> list[dict[str, Any]]:
        try:
            return await self._api.all("custom_types", _TYPE_FIELDS, {"project": project})
        except _NOT_OFFERED:
            return []

    # projects

    async def projects(self, *, fresh: bool = False) -> Projects:
        """All projects, and which of them are sprints."""
        return await self._projects.get(_ALL, max_age_s=0 if fresh else None)

    async def sprints(self, seen: Iterable[str], project: str | None = None) -> Mapping[str, SprintPlace]:
        """Projects that are sprints, for reading tasks.

        Nothing is asked where no task is in another project than the one that is listed.

        Args:
            seen: projects of the tasks.
            project: the one that is listed.
        """
        if not self._options.has_sprint_projects:
            return {}
        others = set(seen) - {project}
        if not others:
            return {}
        found = await self.projects()
        unknown = others - found.documents.keys() - self._strangers
        if unknown and self._age_of_projects() > 1.0:
            found = await self.projects(fresh=True)
            # In no list: asked for once, not for each page of tasks.
            self._strangers |= unknown - found.documents.keys()
        return found.sprints

    def _age_of_projects(self) -> float:
        return self._projects.age_s(_ALL) or 0.0

    async def _load_projects(self, _key: str) -> Projects:
        found = await self._api.all("projects", PROJECT_FIELDS, {"workspace": self._options.workspace})
        documents = {gid(one, "project"): one for one in found}
        if not self._options.has_sprint_projects:
            return Projects(documents, {})
        names, portfolio = names_of(found), await self._portfolio()
        places = (sprint_place(one, names, portfolio) for one in found)
        return Projects(documents, {one.id: one for one in places if one is not None})

    async def _portfolio(self) -> frozenset[str]:
        if not self._options.sprint_portfolio:
            return frozenset()
        path = f"portfolios/{self._options.sprint_portfolio}/items"
        return frozenset(gid(one, "project") for one in await self._api.all(path, ("name",)))

    # where subtasks belong

    async def home(self, task: str) -> str | None:
        """Gid of the project that a task's subtasks belong to: its own, or that of the tasks above it.

        Costs a request for each level, once a minute.
        """
        return await self._homes.get(task)

    def forget_projects(self) -> None:
        """Projects were made, changed or deleted."""
        self._projects: Cache[str, Projects] = Cache(self._load_projects, _SHORT_S, self._clock)
        self._strangers: set[str] = set()

    def forget_homes(self) -> None:
        """Something came to stand somewhere else."""
        self._homes: Cache[str, str | None] = Cache(self._load_home, _SHORT_S, self._clock)

    def knows_home(self, task: str, project: str | None) -> None:
        """Keep what a list told."""
        self._homes.put(task, project)

    async def _load_home(self, task: str) -> str | None:
        found = await self._api.find(f"tasks/{task}", ("parent", "memberships.project"))
        if found is None:
            return None
        projects = [
            gid(one["project"], "project")
            for one in listed(found, "memberships")
            if isinstance(one.get("project"), Mapping)
        ]
        sprints = await self.sprints(projects)
        own = next((one for one in projects if one not in sprints), None)
        parent = found.get("parent")
        if own is not None or not isinstance(parent, Mapping):
            return own
        return await self.home(gid(parent, "task"))


def _conventions(api: Api) -> Conventions:
    options = api.options
    return Conventions(
        priority=options.priority_field.casefold(),
        estimate=options.estimate_field.casefold(),
        points=options.points_field.casefold(),
        status=options.status_field.strip().casefold(),
        sprint=options.sprint_field.casefold() if options.sprint_mode == "custom_field" else "",
    )


def _says_all(section: Document) -> bool:
    return guess_task_status(str(section.get("name") or "")) is not None


def _status_options(kind: Document) -> Sequence[Document]:
    return [one for one in listed(kind, "status_options") if one.get("enabled") is not False]
