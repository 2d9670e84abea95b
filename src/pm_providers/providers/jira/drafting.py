"""New issues: their type and place in the hierarchy, and the screens that they are created on."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import httpx2

from pm_providers.contract import Fields, PMProviderConfig
from pm_providers.errors import ConflictError, NotFoundError, ValidationError
from pm_providers.providers.jira.client import AGILE
from pm_providers.providers.jira.mapping.choices import (
    EPIC,
    STANDARD,
    SUBTASK,
    IssueType,
    default_type,
    to_issue_type,
)
from pm_providers.providers.jira.mapping.custom_fields import FieldInfo, write_fields
from pm_providers.providers.jira.mapping.tasks import SpecialFields, from_task
from pm_providers.providers.jira.mapping.values import fields_of
from pm_providers.providers.jira.transitions import NOTES, TransitionWalker
from pm_providers.toolkit.cache import Cache
from pm_providers.toolkit.custom_fields import checked_custom
from pm_providers.toolkit.documents import identifier, is_number
from pm_providers.transport import Timing

__all__ = ["Draft", "Drafting", "level_of", "named"]

_OWN = {
    "summary": "title",
    "description": "description",
    "assignee": "assignee_id",
    "priority": "priority",
    "labels": "label_ids",
    "duedate": "due_date",
    "timetracking": "estimated_hours",
    "parent": "parent_task_id",
}
_SHORT_S = 30.0
_ALWAYS = frozenset({"project", "issuetype", "summary", "parent"})
_FILLED_BY_SERVER = frozenset({"project", "issuetype", "reporter"})


@dataclass(slots=True)
class Draft:
    """A checked new issue.

    Attributes:
        fields: what was asked for, as it is compared with what is stored.
        body: of the creating call.
        names: id of a field on the wire -> field of ours, for the vendor's complaints.
        sprint: sprint to put it into afterwards, where the field is not on the screen.
        later: values by name that only transitions may take.
        notes: comment and logged work for a transition, by field name.
    """

    fields: Fields
    body: dict[str, Any]
    names: dict[str, str]
    sprint: str | None = None
    later: dict[str, Any] = field(default_factory=dict)
    notes: dict[str, Any] = field(default_factory=dict)


class Drafting(TransitionWalker):
    """New tasks, checked before they are sent, and what changes share with them."""

    def __init__(
        self,
        config: PMProviderConfig,
        *,
        transport: httpx2.AsyncBaseTransport | None = None,
        timing: Timing | None = None,
    ) -> None:
        super().__init__(config, transport=transport, timing=timing)
        self._sprints_known: Cache[str, None] = Cache(
            self._check_sprint, _SHORT_S, clock=self._timing.monotonic
        )

    async def _check_sprint(self, one: str) -> None:
        """A sprint that is gone or closed would be found out only when the task is made already."""
        found = await self._api.find(f"{AGILE}/sprint/{one}")
        if found is None:
            raise ValidationError(fields={"sprint_id": f"there is no sprint {one!r:.80}"})
        if found.get("state") == "closed":
            raise ValidationError(fields={"sprint_id": f"sprint {one} is closed"})

    async def _draft(self, fields: Fields) -> Draft:
        """The creating call of checked fields.

        Raises:
            ValidationError: a value that the system does not have, a field that is not on the screen, or one
                that the screen requires. Nothing was sent.
        """
        project = fields["project_id"]
        kind, parent = await self._kind(fields, project)
        screen = await self._catalog.create_fields(project, kind.id)
        special = await self._catalog.special(project)
        shown = [one for one in special.points if not screen or one in screen]
        points = await self._catalog.points_field(project, shown)
        wire = {**fields, "project_id": project, "type": kind.id}
        if fields.get("priority"):
            wire["priority"] = (await self._offered_priority(fields["priority"], screen)).id
        body = from_task(
            wire, special=special, person=self._catalog.person, text=self._text.write, points=points
        )
        if fields.get("status"):
            await self._catalog.status_candidates(fields["status"], project)
        notes = await self._notes(fields)
        custom, later = await self._new_custom(fields, project, screen)
        body |= custom
        self._put_parent(body, kind, parent, special)
        if special.epic_name and kind.level == EPIC and special.epic_name not in body:
            body[special.epic_name] = fields["title"]
        names = await self._wire_names(project)
        sprint = self._put_sprint(body, fields, special, screen)
        if sprint is not None:
            await self._sprints_known.get(sprint)
        self._check_screen(fields, body, screen, names, kind, points)
        return Draft(fields, {"fields": body}, names, sprint, later, notes)

    async def _kind(self, fields: Fields, project: str) -> tuple[IssueType, dict[str, Any] | None]:
        """Issue type of a new task, and the issue above it.

        Raises:
            ValidationError: the type does not stand right below the parent's in the hierarchy.
        """
        try:
            types = await self._catalog.types(project)
        except NotFoundError:
            raise ValidationError(fields={"project_id": f"there is no project {project!r:.80}"}) from None
        parent = await self._parent(fields.get("parent_task_id"))
        level = STANDARD if parent is None else level_of(parent) - 1
        if fields.get("type"):
            kind = await self._catalog.type_named(fields["type"], project)
            self._check_level(kind, parent, types)
            fields["type"] = kind.name
            return kind, parent
        found = default_type(types, level)
        if found is None:
            raise ValidationError(
                fields={"parent_task_id": "the project has no issue type below that task's"}
            )
        return found, parent

    async def _parent(self, one: str | None) -> dict[str, Any] | None:
        if not one:
            return None
        found = await self._find_issue(one, ("issuetype", "project"))
        if found is None:
            raise ValidationError(fields={"parent_task_id": f"there is no task {one!r:.80}"})
        return found

    @staticmethod
    def _check_level(kind: IssueType, parent: Mapping[str, Any] | None, types: Sequence[IssueType]) -> None:
        if parent is None:
            if kind.level == SUBTASK:
                raise ValidationError(fields={"parent_task_id": f"tasks of type {kind.name!r:.60} need one"})
            return
        level = level_of(parent) - 1
        if kind.level != level:
            below = ", ".join(one.name for one in types if one.level == level) or "nothing"
            why = f"a task of type {kind.name!r:.60} cannot stand below it; there go: {below}"
            raise ValidationError(fields={"parent_task_id": why})

    def _put_parent(
        self,
        body: dict[str, Any],
        kind: IssueType,
        parent: Mapping[str, Any] | None,
        special: SpecialFields,
    ) -> None:
        """The issue above. On Data Center, only sub-tasks have a parent; others name their epic's key."""
        if parent is None:
            return
        if self._cloud or kind.level == SUBTASK:
            body["parent"] = {"id": identifier(parent, "issue")}
        elif special.epic_link:
            body[special.epic_link] = parent.get("key")
        else:
            raise ValidationError(fields={"parent_task_id": "the site has no epics"})

    @staticmethod
    def _put_sprint(
        body: dict[str, Any], fields: Fields, special: SpecialFields, screen: Mapping[str, FieldInfo]
    ) -> str | None:
        """The sprint on the screen, or what is left to do afterwards."""
        sprint: str | None = fields.get("sprint_id")
        if sprint and special.sprint and special.sprint in screen and is_number(sprint):
            body[special.sprint] = int(sprint)
            return None
        return sprint or None

    async def _offered_priority(self, value: str, screen: Mapping[str, FieldInfo]) -> Any:
        offered = screen["priority"].options if "priority" in screen else ()
        return await self._catalog.priority(value, [one.id for one in offered] or None)

    def _check_screen(
        self,
        fields: Fields,
        body: Mapping[str, Any],
        screen: Mapping[str, FieldInfo],
        names: Mapping[str, str],
        kind: IssueType,
        points: str | None,
    ) -> None:
        """Refuse what is not on the screen, and what it requires and is not given.

        Raises:
            ValidationError: names both, with the values to choose from.
        """
        problems = {
            names.get(one, one): f"is not on the screen on which {kind.name!r:.60} issues are created here"
            for one in body
            if screen and one not in screen and one not in _ALWAYS
        }
        if fields.get("story_points") is not None and points is None:
            problems["story_points"] = (
                f"is not on the screen on which {kind.name!r:.60} issues are created here"
            )
        for one in screen.values():
            if one.required and one.id not in body and one.id not in _FILLED_BY_SERVER:
                choices = f"; one of: {one.choices}" if one.options else ""
                problems[names.get(one.id, one.id)] = (
                    f"is required to create {kind.name!r:.60} issues here{choices}"
                )
        if problems:
            raise ValidationError(fields=problems)

    # custom fields

    async def _new_custom(
        self, fields: Fields, project: str, screen: Mapping[str, FieldInfo]
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """Custom fields of a new issue on the wire, and those left to a transition."""
        asked = fields.get("custom_fields")
        if not asked:
            return {}, {}
        known = await self._named_fields(asked, project, screen)
        return self._custom_wire(fields, known, screen, walks=bool(fields.get("status")))

    async def _notes(self, fields: Fields) -> dict[str, Any]:
        """Comment and logged work for the transitions of this write, taken out of its custom fields."""
        asked = fields.get("custom_fields")
        if not asked or not fields.get("status"):
            return {}
        names = {one.name for one in await self._catalog.fields() if one.id in NOTES} | {
            "Comment",
            "Log Work",
        }
        fields["custom_fields"] = {name: value for name, value in asked.items() if name not in names}
        return {name: value for name, value in asked.items() if name in names}

    async def _named_fields(
        self, asked: Mapping[str, Any], project: str, screen: Mapping[str, FieldInfo]
    ) -> list[FieldInfo]:
        """Fields of a project by the names that are read, with the options of a screen."""
        known = await self._catalog.custom(project)
        if not set(asked) <= {one.name for one in known}:
            await self._catalog.fields(fresh=True)
            known = await self._catalog.custom(project)
        return [replace(screen[one.id], name=one.name) if one.id in screen else one for one in known]

    def _custom_wire(
        self,
        fields: Fields,
        known: Sequence[FieldInfo],
        screen: Mapping[str, FieldInfo],
        *,
        walks: bool,
        base: Mapping[str, Any] | None = None,
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """Wire form of `custom_fields`, which are checked in place, and those that only transitions take."""
        described = checked_custom(fields, known)
        later = {
            one.name: fields["custom_fields"][one.name]
            for one in described
            if walks and screen and one.id not in screen
        }
        now = {name: value for name, value in fields["custom_fields"].items() if name not in later}

        def text(identifier: str, markdown: str | None) -> Any:
            return self._text.write(markdown, (base or {}).get(identifier))

        return write_fields(now, described, text), later

    async def _wire_names(self, project: str) -> dict[str, str]:
        """Field on the wire -> field of ours."""
        special = await self._catalog.special(project)
        found = {one.id: f"custom_fields.{one.name}" for one in await self._catalog.custom(project)}
        found |= dict.fromkeys(special.points, "story_points")
        for one, name in ((special.start, "start_date"), (special.sprint, "sprint_id")):
            if one:
                found[one] = name
        if special.epic_link:
            found[special.epic_link] = "parent_task_id"
        return {**found, **_OWN}


def level_of(document: Mapping[str, Any]) -> int:
    """Place of an issue in the hierarchy."""
    return to_issue_type(fields_of(document).get("issuetype") or {}).level


@asynccontextmanager
async def named(names: Mapping[str, str]) -> AsyncIterator[None]:
    """Put our names in the place of the vendor's in what it complains about."""
    try:
        yield
    except ValidationError as error:
        error.fields = {names.get(name, name): why for name, why in error.fields.items()}
        raise
    except ConflictError as error:
        error.fields = tuple(names.get(name, name) for name in error.fields)
        raise
