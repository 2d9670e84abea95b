"""Statuses, priorities, trackers, transitions and fields of the system."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pm_providers.errors import UnsupportedError
from pm_providers.model import PMField, PMPriority, PMStatus, PMTaskType, PMTransition
from pm_providers.providers.redmine.catalog import Place
from pm_providers.providers.redmine.connection import ALL_STATUSES, Connection
from pm_providers.providers.redmine.mapping.choices import to_status
from pm_providers.providers.redmine.mapping.custom_fields import carried
from pm_providers.providers.redmine.mapping.fields import to_custom_fields, to_system_fields
from pm_providers.providers.redmine.mapping.values import ref_id
from pm_providers.toolkit.documents import Document, identifier, objects

__all__ = ["Discovery"]

_ALL_PROJECTS: Mapping[str, str | int] = {"status": "1|5", "include": "issue_custom_fields"}
_SINCE = "the system tells from version 5.0 on which statuses an issue may get next"


class Discovery(Connection):
    """What the system offers to choose from."""

    async def _list_statuses(self, project_id: str | None) -> list[PMStatus]:
        """Statuses are the same for all projects; workflows decide by tracker and role which are reached."""
        if project_id is not None:
            await self._project_document(project_id)
        return list(await self._catalog.statuses(fresh=True))

    async def _list_priorities(self) -> list[PMPriority]:
        return list(await self._catalog.priorities(fresh=True))

    async def _list_types(self, project_id: str | None) -> list[PMTaskType]:
        if project_id is None:
            return list(await self._catalog.types(fresh=True))
        return list((await self._catalog.place(await self._project_id(project_id), fresh=True)).types)

    async def _list_transitions(self, task_id: str) -> list[PMTransition]:
        """The statuses that the issue allows next, for these credentials; its own may be among them."""
        issue = await self._task_document(task_id, "allowed_statuses")
        if "allowed_statuses" not in issue:
            raise UnsupportedError(f"not supported: {_SINCE}", reason=_SINCE)
        known = {one.id: one for one in await self._catalog.statuses()}
        current = ref_id(issue, "status")
        allowed = [to_status(one) for one in objects(issue, "allowed_statuses")]
        meant = [known.get(one.id, one) for one in allowed if one.id != current]
        return [PMTransition(one.id, one.name, one) for one in meant]

    async def _list_fields(self, project_id: str | None) -> list[PMField]:
        """The system's own fields, then custom ones by name.

        Only administrators are told the formats of custom fields; others get their names, as fields of text.
        """
        trackers = await self._api.all("trackers", "trackers")
        options = {
            "status_id": [one.name for one in await self._catalog.statuses(fresh=True)],
            "priority_id": [one.name for one in await self._catalog.priorities(fresh=True) if one.is_active],
        }
        if project_id is not None:
            place = await self._catalog.place(await self._project_id(project_id), fresh=True)
            offered = {one.id for one in place.types}
            trackers = [one for one in trackers if identifier(one, "tracker") in offered]
            options["category_id"] = list(place.categories.values())
            custom = await self._custom_of(place)
        else:
            custom = await self._custom_everywhere(trackers)
        options["tracker_id"] = [str(one.get("name")) for one in trackers]
        raw = self._options.keep_raw
        return [*to_system_fields(trackers, options), *to_custom_fields(custom, keep_raw=raw)]

    async def _custom_of(self, place: Place) -> list[Document]:
        """Custom fields of the issues of a project: described, or only named."""
        described = {identifier(one, "custom field"): one for one in await self._described()}
        found: dict[str, Document] = {}
        for kind in place.types:
            for one in await self._catalog.task_fields(place.id, kind.id, fresh=True):
                found[one.id] = described.get(one.id, {"id": one.id, "name": one.name})
        return list(found.values())

    async def _custom_everywhere(self, trackers: Iterable[Document]) -> list[Document]:
        """Custom fields of all issues.

        Who is no administrator learns of those that not all projects have from the projects, and of the
        others from one issue of each tracker.
        """
        if await self._api.is_admin():
            return list(await self._described())
        found: dict[str, Document] = {}
        async for project in self._api.items("projects", "projects", _ALL_PROJECTS):
            found.update({identifier(one, "field"): one for one in objects(project, "issue_custom_fields")})
        for tracker in trackers:
            params = {**ALL_STATUSES, "tracker_id": identifier(tracker, "tracker"), "limit": 1}
            for issue in await self._api.all("issues", "issues", params):
                found.update({identifier(one, "field"): one for one in carried(issue)})
        return [{"id": one, "name": value.get("name")} for one, value in found.items()]

    async def _described(self) -> list[dict[str, Any]]:
        """Descriptions of the custom fields of issues; none unless administrator."""
        if not await self._api.is_admin():
            return []
        found = await self._api.all("custom_fields", "custom_fields")
        return [one for one in found if one.get("customized_type") == "issue"]
