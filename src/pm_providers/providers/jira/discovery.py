"""Statuses, priorities, issue types, transitions and fields of the site."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from pm_providers.errors import NotFoundError
from pm_providers.model import PMField, PMPriority, PMStatus, PMTaskType, PMTransition
from pm_providers.providers.jira.connection import is_issue
from pm_providers.providers.jira.mapping.choices import to_types
from pm_providers.providers.jira.mapping.custom_fields import SPRINT, FieldInfo, Option
from pm_providers.providers.jira.mapping.field_descriptions import unique_names
from pm_providers.providers.jira.transitions import TransitionWalker
from pm_providers.toolkit.documents import identifier, optional_text
from pm_providers.toolkit.sharing import is_brief
from pm_providers.transport import bounded_map

__all__ = ["Discovery"]

_NAMES = """
    aggregateprogress aggregatetimeestimate aggregatetimeoriginalestimate aggregatetimespent attachment
    comment created creator issuekey issuelinks issuerestriction lastViewed progress resolutiondate
    statusCategory statuscategorychangedate subtasks thumbnail timeestimate timeoriginalestimate timespent
    updated votes watches worklog workratio
"""
_READ_ONLY = frozenset(_NAMES.split())
"""The system's own fields that no write of an issue sets."""


class Discovery(TransitionWalker):
    """What the site offers to choose from, asked anew."""

    async def _list_statuses(self, project_id: str | None) -> list[PMStatus]:
        """Statuses of a project's workflows, or all: team-managed projects have their own of equal names."""
        await self._api.identify()
        project = None if project_id is None else await self._project_id(project_id)
        return list(await self._catalog.statuses(project, fresh=True))

    async def _list_priorities(self) -> list[PMPriority]:
        return list(await self._catalog.priorities(fresh=True))

    async def _list_types(self, project_id: str | None) -> list[PMTaskType]:
        await self._api.identify()
        project = None if project_id is None else await self._project_id(project_id)
        return to_types(await self._catalog.types(project, fresh=True))

    async def _list_transitions(self, task_id: str) -> list[PMTransition]:
        """Transitions that these credentials may do now; none where they may not change the status.

        Fields with a default are not required of anybody.
        """
        if not is_issue(task_id):
            raise NotFoundError(f"there is no task {task_id!r:.80}")
        await self._api.identify()
        return [self._transition(one) for one in await self._transitions(task_id)]

    def _transition(self, found: Mapping[str, Any]) -> PMTransition:
        target = found.get("to")
        screen = self._catalog.screen(found.get("fields")).values()
        return PMTransition(
            id=identifier(found, "transition"),
            name=optional_text(found, "name") or "",
            to_status=self._catalog.status_of(target if isinstance(target, Mapping) else {}),
            required_fields=tuple(one.name for one in screen if one.required),
        )

    async def _list_fields(self, project_id: str | None) -> list[PMField]:
        """The system's own fields, then custom ones by unique names.

        Values to choose from, and what is required, stand on the screens on which issues of a project's
        types are created: they are told for a project only.
        """
        await self._api.identify()
        if project_id is None:
            return _described(await self._catalog.fields(fresh=True), {})
        project = identifier(await self._project_document(project_id), "project")
        known = [one for one in await self._catalog.fields(fresh=True) if one.scope in (None, project)]
        return _described(known, {} if is_brief() else await self._screens(project))

    async def _screens(self, project: str) -> dict[str, FieldInfo]:
        """Fields of all screens on which issues are created, merged."""
        types = await self._catalog.types(project, fresh=True)

        async def screen(kind: str) -> dict[str, FieldInfo]:
            return await self._catalog.create_fields(project, kind, fresh=True)

        found: dict[str, list[FieldInfo]] = {}
        for result in await bounded_map(screen, [one.id for one in types], self._options.concurrency):
            if isinstance(result, Exception):
                raise result
            for one in result.values():
                found.setdefault(one.id, []).append(one)
        return {one: _merged(fields) for one, fields in found.items()}


def _merged(fields: list[FieldInfo]) -> FieldInfo:
    """A field of several screens: required where all require it, with the options of any."""
    options: dict[str, Option] = {}
    for one in fields:
        options.update({option.id: option for option in one.options})
    return replace(fields[0], required=all(one.required for one in fields), options=tuple(options.values()))


def _described(fields: Iterable[FieldInfo], screens: Mapping[str, FieldInfo]) -> list[PMField]:
    known = list(fields)
    system = [one for one in known if not one.custom]
    custom = unique_names(one for one in known if one.custom)
    return [_field(one, screens.get(one.id)) for one in (*system, *custom)]


def _field(info: FieldInfo, told: FieldInfo | None) -> PMField:
    options = told.options if told else info.options
    writable = info.is_writable or info.is_modelled
    return PMField(
        id=info.id,
        name=info.name,
        type="sprint" if info.custom == SPRINT else info.kind or "text",
        is_custom=bool(info.custom),
        is_required=bool(told and told.required),
        is_multiple=info.multiple,
        is_writable=writable and info.id not in _READ_ONLY,
        allowed_values=tuple(dict.fromkeys(one.name for one in options)),
    )
