"""What the installation offers: statuses, priorities, types, versions, categories, schemas."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from pm_providers.contract import ChoiceBook, override
from pm_providers.errors import NotFoundError, PermissionDeniedError, ValidationError
from pm_providers.model import PMPriority, PMStatus, PMTaskType, ProjectStatus
from pm_providers.providers.openproject import filters
from pm_providers.providers.openproject.client import Api
from pm_providers.providers.openproject.mapping.choices import (
    PROJECT_STATUS_MEANING,
    PROJECT_STATUSES,
    to_priorities,
    to_status,
    to_types,
)
from pm_providers.providers.openproject.mapping.custom_fields import CustomField, custom_fields_of
from pm_providers.providers.openproject.mapping.hal import identifier
from pm_providers.providers.openproject.mapping.sprints import to_native_id
from pm_providers.toolkit.cache import Cache
from pm_providers.toolkit.choices import candidates_anew, priority_book, status_book, with_map

__all__ = ["Catalog"]

_SHORT_S = 60.0
_IDS_PER_CALL = 100


class Catalog:
    """Caches of what changes seldom. What is not found is looked up anew before it counts as unknown.

    Args:
        api: the connection.
        clock: seconds that only go forward.
    """

    def __init__(self, api: Api, clock: Callable[[], float]) -> None:
        self._api = api
        self._options = api.options
        self._statuses: Cache[None, list[PMStatus]] = Cache(self._load_statuses, clock=clock)
        self._priorities: Cache[None, list[PMPriority]] = Cache(self._load_priorities, clock=clock)
        self._types: Cache[str | None, list[PMTaskType]] = Cache(self._load_types, clock=clock)
        self._versions: Cache[str, dict[str, str]] = Cache(self._load_versions, _SHORT_S, clock)
        self._sprints: Cache[str, dict[str, str]] = Cache(self._load_sprints, _SHORT_S, clock)
        self._categories: Cache[str, dict[str, str]] = Cache(self._load_categories, _SHORT_S, clock)
        self._schemas: Cache[str, Mapping[str, Any]] = Cache(self._load_schema, clock=clock)
        self._forms: Cache[tuple[str, str], Mapping[str, Any]] = Cache(self._load_form, _SHORT_S, clock)
        self._plain: Cache[str, Mapping[str, Any]] = Cache(self._load_plain_schema, clock=clock)
        self._activities: Cache[tuple[str, str], dict[str, str]] = Cache(self._load_activities, clock=clock)

    # statuses, priorities, types

    async def statuses(self, *, fresh: bool = False) -> list[PMStatus]:
        """All statuses, in the vendor's order, with the connection's `status_map` applied."""
        return await self._statuses.get(None, max_age_s=0 if fresh else None)

    async def priorities(self, *, fresh: bool = False) -> list[PMPriority]:
        """All priorities, lowest first."""
        return await self._priorities.get(None, max_age_s=0 if fresh else None)

    async def types(self, project_id: str | None = None, *, fresh: bool = False) -> list[PMTaskType]:
        """Types of a project, or all; the first one is what new tasks get."""
        return await self._types.get(project_id, max_age_s=0 if fresh else None)

    async def status_candidates(self, value: str) -> list[PMStatus]:
        """Statuses that a written value may mean, best first.

        Raises:
            ValidationError: nothing fits; lists what exists.
        """
        return await candidates_anew(lambda fresh: self.statuses(fresh=fresh), status_book, value)

    async def priority_id(self, value: str) -> str:
        """Id of the active priority that a written value means.

        Raises:
            ValidationError: nothing fits; lists what exists.
        """
        found = await candidates_anew(lambda fresh: self.priorities(fresh=fresh), priority_book, value)
        return found[0].id

    async def type_named(self, value: str, project_id: str) -> PMTaskType:
        """Type of a project by id or name.

        Raises:
            ValidationError: not enabled in the project; lists those that are.
        """
        for fresh in (False, True):
            types = await self.types(project_id, fresh=fresh)
            for one in types:
                if one.id == value or one.name.casefold() == value.strip().casefold():
                    return one
        known = ", ".join(one.name for one in types)
        raise ValidationError(fields={"type": f"{value!r:.60} is unknown; the project has: {known}"})

    def project_status(self, code: str) -> str | None:
        """Unified project status of a vendor's code."""
        known = PROJECT_STATUS_MEANING.get(code)
        mapped = self._options.project_status_map
        return override(mapped, code, _title(code), ProjectStatus, option="project_status_map") or known

    def project_statuses(self) -> ChoiceBook[PMStatus]:
        """Project statuses to choose from."""
        meaning = {one.id: self.project_status(one.id) or "" for one in PROJECT_STATUSES}
        return ChoiceBook(PROJECT_STATUSES, meaning, "status")

    # parts of a project: id -> name

    async def versions(self, project_id: str, *, fresh: bool = False) -> dict[str, str]:
        """Versions that tasks of a project can have, its own and shared ones: id -> name."""
        return await self._versions.get(project_id, max_age_s=0 if fresh else None)

    async def sprints(self, project_id: str, *, fresh: bool = False) -> dict[str, str]:
        """Native sprints that tasks of a project can have: id (`sprints/12`) -> name.

        There are none where they are switched off or may not be seen.
        """
        return await self._sprints.get(project_id, max_age_s=0 if fresh else None)

    async def categories(self, project_id: str, *, fresh: bool = False) -> dict[str, str]:
        """Categories of a project: id -> name."""
        return await self._categories.get(project_id, max_age_s=0 if fresh else None)

    # schemas

    async def schema(self, schema_id: str, *, fresh: bool = False) -> Mapping[str, Any]:
        """Schema of a project and type (`"6-1"`), without the values to choose from."""
        return await self._schemas.get(schema_id, max_age_s=0 if fresh else None)

    async def schemas(self, schema_ids: Iterable[str], embedded: Mapping[str, Any]) -> None:
        """Have schemas at hand, with one request for up to a hundred that are missing.

        Args:
            schema_ids: those that are needed.
            embedded: a collection of work packages, which brings its schemas along (recorded 13-…: step 1).
        """
        for one in _embedded_schemas(embedded):
            self._schemas.put(_schema_id(one), one)
        missing = sorted({one for one in schema_ids if self._schemas.age_s(one) is None})
        if len(missing) == 1:
            await self.schema(missing[0])
            return
        for start in range(0, len(missing), _IDS_PER_CALL):
            chunk = missing[start : start + _IDS_PER_CALL]
            condition = filters.filters(filters.equal("id", chunk))
            for one in await self._api.all("work_packages/schemas", {"filters": condition}):
                self._schemas.put(_schema_id(one), one)

    def schema_age_s(self, schema_id: str) -> float | None:
        """Seconds since a schema was loaded."""
        return self._schemas.age_s(schema_id)

    async def task_fields(self, schema_id: str, *, fresh: bool = False) -> tuple[CustomField, ...]:
        """Custom fields of a project and type, for reading."""
        return custom_fields_of(await self.schema(schema_id, fresh=fresh))

    async def form_schema(self, project_id: str, type_id: str, *, fresh: bool = False) -> Mapping[str, Any]:
        """Schema of a project and type with the values to choose from. They stand in forms only."""
        return await self._forms.get((project_id, type_id), max_age_s=0 if fresh else None)

    async def plain_fields(self, kind: str, *, fresh: bool = False) -> tuple[CustomField, ...]:
        """Custom fields of `projects`, `versions` or `users`. Without a right to see them there are none."""
        return custom_fields_of(await self._plain.get(kind, max_age_s=0 if fresh else None))

    async def entity_link(self) -> str:
        """Name of a time entry's link to its work package: `entity` from 17.0, `workPackage` before."""
        return "entity" if "entity" in await self._plain.get("time_entries") else "workPackage"

    async def activities(self, task_id: str, link: str) -> dict[str, str]:
        """Kinds of work that can be logged on a task: href -> name. Only forms tell them."""
        return await self._activities.get((task_id, link))

    # loading

    async def _load_statuses(self, _key: None) -> list[PMStatus]:
        found = [to_status(one) for one in await self._api.all("statuses")]
        return with_map(found, self._options.status_map, "status_map")

    async def _load_priorities(self, _key: None) -> list[PMPriority]:
        found = to_priorities(await self._api.all("priorities"))
        return with_map(found, self._options.priority_map, "priority_map")

    async def _load_types(self, project_id: str | None) -> list[PMTaskType]:
        path = "types" if project_id is None else f"projects/{project_id}/types"
        return to_types(await self._api.all(path))

    async def _load_versions(self, project_id: str) -> dict[str, str]:
        return _names(await self._api.all(f"projects/{project_id}/versions"))

    async def _load_sprints(self, project_id: str) -> dict[str, str]:
        found = self._api.items(f"projects/{project_id}/sprints", {"sortBy": filters.sorting(("id", "asc"))})
        try:
            names = _names([one async for one in found])
        except (NotFoundError, PermissionDeniedError):
            return {}
        return {to_native_id(number): name for number, name in names.items()}

    async def _load_categories(self, project_id: str) -> dict[str, str]:
        return _names(await self._api.all(f"projects/{project_id}/categories"))

    async def _load_schema(self, schema_id: str) -> Mapping[str, Any]:
        return await self._api.get(f"work_packages/schemas/{schema_id}")

    async def _load_form(self, key: tuple[str, str]) -> Mapping[str, Any]:
        body = {"_links": {"type": {"href": f"/api/v3/types/{key[1]}"}}}
        form = await self._api.post(f"projects/{key[0]}/work_packages/form", body, reads=True)
        return _form_schema(form)

    async def _load_plain_schema(self, kind: str) -> Mapping[str, Any]:
        try:
            return await self._api.get(f"{kind}/schema")
        except (NotFoundError, PermissionDeniedError):
            return {}

    async def _load_activities(self, key: tuple[str, str]) -> dict[str, str]:
        body = {"_links": {key[1]: {"href": f"/api/v3/work_packages/{key[0]}"}}}
        schema = _form_schema(await self._api.post("time_entries/form", body, reads=True))
        entry = schema.get("activity")
        embedded = entry.get("_embedded", {}).get("allowedValues") if isinstance(entry, Mapping) else None
        return {one["_links"]["self"]["href"]: str(one.get("name")) for one in embedded or ()}


def _title(code: str) -> str:
    return code.replace("_", " ").capitalize()


def _names(values: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    return {identifier(one, "element"): str(one.get("name") or "") for one in values}


def _form_schema(form: Mapping[str, Any]) -> Mapping[str, Any]:
    embedded = form.get("_embedded")
    schema = embedded.get("schema") if isinstance(embedded, Mapping) else None
    return schema if isinstance(schema, Mapping) else {}


def _embedded_schemas(collection: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    holder = collection.get("_embedded", {}).get("schemas")
    inner = holder.get("_embedded") if isinstance(holder, Mapping) else None
    found = inner.get("elements") if isinstance(inner, Mapping) else None
    return [one for one in found if _schema_id(one)] if isinstance(found, list) else []


def _schema_id(schema: Any) -> str:
    links = schema.get("_links") if isinstance(schema, Mapping) else None
    href = links.get("self", {}).get("href") if isinstance(links, Mapping) else None
    return str(href).rpartition("/")[2] if isinstance(href, str) else ""
