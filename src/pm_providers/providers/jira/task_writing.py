"""Writing tasks: screens are looked at first, so that what is not on them is told by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pm_providers.contract import Fields
from pm_providers.errors import NotFoundError, UnsupportedError, ValidationError
from pm_providers.model import PMTask, WriteWarning
from pm_providers.providers.jira.bulk import BulkOperations
from pm_providers.providers.jira.client import AGILE
from pm_providers.providers.jira.drafting import Draft, Drafting, level_of, named
from pm_providers.providers.jira.mapping.choices import (
    STANDARD,
    SUBTASK,
    IssueType,
    default_type,
    to_issue_type,
)
from pm_providers.providers.jira.mapping.custom_fields import FieldInfo
from pm_providers.providers.jira.mapping.tasks import SpecialFields, from_task
from pm_providers.providers.jira.mapping.values import fields_of, ref_id
from pm_providers.providers.jira.transitions import Walk
from pm_providers.toolkit.documents import identifier
from pm_providers.toolkit.writes import own_words, refuse_clearing, with_reasons

__all__ = ["TaskWriter", "ids_of", "took"]

_FIXED = ("status", "priority", "type", "project_id")
_MOVED = ("type", "status", "status_name", "sprint_id", "parent_task_id", "assignee_id", "story_points")


@dataclass(frozen=True, slots=True)
class _Place:
    """Where an issue shall stand.

    Attributes:
        project: project id.
        kind: its type.
        parent: the issue above that is asked for.
        moves: it takes a move there: another project, or another level of the hierarchy.
    """

    project: str
    kind: IssueType
    parent: Mapping[str, Any] | None
    moves: bool = False


class TaskWriter(Drafting):
    """Tasks, written."""

    async def _create_task(self, fields: Fields) -> PMTask:
        draft = await self._draft(fields)
        async with named(draft.names):
            made = await self._api.created("issue", draft.body)
        one = identifier(made, "issue")
        self._recent.wrote([one])
        return await self._finished(one, draft)

    async def _finished(self, one: str, draft: Draft) -> PMTask:
        """What the creating call cannot do: sprint and status; then the issue as it is stored."""
        if draft.sprint is not None:
            await self._into_sprint([one], draft.sprint)
        document = await self._stored(one)
        if draft.fields.get("status"):
            walk = await self._walk_to(document, draft.fields["status"], draft.later, draft.notes)
            if not walk.is_done:
                await self._go(walk)
                took(draft.fields, walk)
                document = await self._stored(one)
            return await self._explained(await self._task(document), draft.fields, walk)
        return await self._explained(await self._task(document), draft.fields)

    async def _stored(self, one: str) -> dict[str, Any]:
        """The issue from the primary store, which knows all writes."""
        return await self._issues.sure(one, await self._issue_fields())

    # a change

    async def _update_task(self, task_id: str, fields: Fields, expected_version: str | None) -> PMTask:
        refuse_clearing(fields, _FIXED)
        base = await self._stored(await self._issue_id_or_fail(task_id))
        one = identifier(base, "issue")
        async with self._locks.hold(one):
            before = await self._task(base)
            place = await self._place(base, fields)
            if place.moves:
                await self._move(one, place)
                base = await self._stored(one)
            walk, own = await self._change(one, base, fields, place)
            stored = await self._stored(one)
            stored = {**stored, "fields": {**fields_of(stored), **own}}
            task = await self._explained(await self._task(stored), fields, walk)
            return _with_changes(task, before, fields) if place.moves else task

    async def _issue_id_or_fail(self, task_id: str) -> str:
        await self._api.identify()
        return await self._issue_id(task_id)

    async def _change(
        self, one: str, base: Mapping[str, Any], fields: Fields, place: _Place
    ) -> tuple[Walk | None, dict[str, Any]]:
        """Fields by one call, the sprint by another, the status by transitions; checked before any of it.

        Returns:
            How it got its status, and what the answer of the call tells of the fields that it wrote, where no
            other call follows.
        """
        sprint = await self._new_sprint(base, fields)
        notes = await self._notes(fields)
        body, later = await self._edit(one, base, fields, place)
        walk = first = None
        if fields.get("status"):
            walk = await self._walk_to(base, fields["status"], later, notes)
            # What this write sets before is no longer missing when the transition asks for it.
            walk.values = {**walk.values, **body.get("fields", {})}
            first = None if walk.is_done else await self._next_hop(walk)
        own: dict[str, Any] = {}
        if body:
            async with named(await self._wire_names(ref_id(fields_of(base), "project") or "")):
                answer = await self._api.put(
                    f"issue/{one}", body, params={"returnIssue": "true"} if self._cloud else None
                )
            self._recent.wrote([one])
            told = answer.get("fields") if isinstance(answer, Mapping) else None
            own = own_words(told, body.get("fields", {}))
        if sprint:
            await self._into_sprint([one], fields["sprint_id"])
        if walk is not None:
            await self._go(walk, first)
            took(fields, walk)
        return walk, {} if sprint or walk is not None else own

    async def _edit(
        self, one: str, base: Mapping[str, Any], fields: Fields, place: _Place
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """Body of the editing call, and custom fields that are left to a transition."""
        values = fields_of(base)
        project = ref_id(values, "project") or ""
        special = await self._catalog.special(project)
        needs_screen = bool({"custom_fields", "story_points", "priority"} & set(fields))
        screen = await self._catalog.edit_fields(one) if needs_screen else {}
        wire = {name: value for name, value in fields.items() if name not in {"project_id", "type"}}
        points = await self._points_field(project, special, screen, values)
        if "story_points" in fields and points is None:
            raise ValidationError(fields={"story_points": "this issue has no field for them"})
        if fields.get("priority"):
            wire["priority"] = (await self._offered_priority(fields["priority"], screen)).id
        body = from_task(
            wire,
            special=special,
            person=self._catalog.person,
            text=lambda markdown: self._text.write(markdown, values.get("description")),
            points=points,
            base=values,
        )
        later: dict[str, Any] = {}
        if fields.get("custom_fields"):
            known = await self._named_fields(fields["custom_fields"], project, screen)
            custom, later = self._custom_wire(
                fields, known, screen, walks=bool(fields.get("status")), base=values
            )
            body |= custom
        update = self._edit_place(base, fields, body, special, place)
        found = {"fields": body, "update": update}
        return {name: value for name, value in found.items() if value}, later

    async def _points_field(
        self,
        project: str,
        special: SpecialFields,
        screen: Mapping[str, FieldInfo],
        values: Mapping[str, Any],
    ) -> str | None:
        """Field that holds the points of an issue: one that has a value, else one that it has."""
        filled = [one for one in special.points if values.get(one) is not None]
        shown = [one for one in special.points if one in screen]
        return await self._catalog.points_field(project, filled or shown)

    def _edit_place(
        self,
        base: Mapping[str, Any],
        fields: Fields,
        body: dict[str, Any],
        special: SpecialFields,
        place: _Place,
    ) -> dict[str, Any]:
        """Type and parent: put into the body; what needs an operation instead is returned."""
        values = fields_of(base)
        if place.kind.id != ref_id(values, "issuetype"):
            body["issuetype"] = {"id": place.kind.id}
        if "parent_task_id" not in fields or ref_id(values, "parent") == fields["parent_task_id"]:
            return {}
        if place.parent is not None:
            self._put_parent(body, place.kind, place.parent, special)
            return {}
        if not self._cloud:
            if special.epic_link and values.get(special.epic_link):
                body[special.epic_link] = None
            return {}
        return {"parent": [{"set": {"none": True}}]} if values.get("parent") else {}

    # where it stands

    async def _place(self, base: Mapping[str, Any], fields: Fields) -> _Place:
        """Project, type and parent that an issue shall have.

        A task that gets a task as its parent becomes a sub-task, and back, unless a type is asked for: the
        hierarchy knows no other way.

        Raises:
            ValidationError: type and parent do not go together, or one of them does not exist here.
            UnsupportedError: it takes a move, which Data Center has no call for.
        """
        values = fields_of(base)
        now = to_issue_type(values.get("issuetype") or {})
        project = fields.get("project_id") or ref_id(values, "project") or ""
        moved = project != ref_id(values, "project")
        parent = await self._parent(fields.get("parent_task_id"))
        if not moved and parent is None and not {"type", "parent_task_id"} & set(fields):
            return _Place(project, now, None)
        kind = await self._placed_kind(fields, now, parent, project, moved=moved)
        if parent is not None:
            self._check_level(kind, parent, await self._catalog.types(project))
        keeps = "parent_task_id" not in fields and now.level == SUBTASK and not moved
        if kind.level == SUBTASK and parent is None and not keeps:
            raise ValidationError(fields={"parent_task_id": f"tasks of type {kind.name!r:.60} need one"})
        if (moved or kind.level != now.level) and not self._cloud:
            reason = "Data Center has no call that moves an issue to another project or level"
            name = "project_id" if moved else "type" if "type" in fields else "parent_task_id"
            raise UnsupportedError(f"{name}: {reason}", reason=reason)
        return _Place(project, kind, parent, moves=moved or kind.level != now.level)

    async def _placed_kind(
        self,
        fields: Fields,
        now: IssueType,
        parent: Mapping[str, Any] | None,
        project: str,
        *,
        moved: bool,
    ) -> IssueType:
        try:
            types = await self._catalog.types(project)
            if fields.get("type"):
                kind = await self._catalog.type_named(fields["type"], project)
                fields["type"] = kind.name
                return kind
            level = now.level
            if parent is not None:
                level = level_of(parent) - 1
            elif now.level == SUBTASK and ("parent_task_id" in fields or moved):
                level = STANDARD
            if level == now.level:
                return now if not moved else await self._catalog.type_named(now.name, project)
        except NotFoundError:
            raise ValidationError(fields={"project_id": f"there is no project {project!r:.80}"}) from None
        kind_there = default_type(types, level)
        if kind_there is None:
            raise ValidationError(
                fields={"parent_task_id": "the project has no issue type below that task's"}
            )
        return kind_there

    # sprints, moves, deletes

    async def _new_sprint(self, base: Mapping[str, Any], fields: Fields) -> bool:
        """Whether the sprint is to be changed.

        Raises:
            ValidationError: it cannot be. Nothing was sent.
        """
        if "sprint_id" not in fields or (await self._task(base)).sprint_id == fields["sprint_id"]:
            return False
        if to_issue_type(fields_of(base).get("issuetype") or {}).level == SUBTASK:
            raise ValidationError(fields={"sprint_id": "sub-tasks are in the sprint of their parent"})
        if fields["sprint_id"] is not None:
            await self._sprints_known.get(fields["sprint_id"])
        return True

    async def _into_sprint(self, ids: Sequence[str], sprint: str | None) -> None:
        """Up to 50 issues into a sprint, or to the backlog; screens do not matter here.

        Raises:
            ValidationError: no such sprint, or it is closed.
        """
        path = f"{AGILE}/backlog/issue" if sprint is None else f"{AGILE}/sprint/{sprint}/issue"
        try:
            await self._api.post(path, {"issues": list(ids)})
        except NotFoundError:
            raise ValidationError(fields={"sprint_id": f"there is no sprint {sprint!r:.80}"}) from None
        except ValidationError as error:
            raise ValidationError(
                error.message, fields={"sprint_id": error.message}, status=error.status
            ) from error
        self._recent.wrote(ids)

    async def _move(self, one: str, place: _Place) -> None:
        """To another project or level of the hierarchy, with its sub-tasks."""
        parent = None
        if place.parent is not None and place.kind.level == SUBTASK:
            parent = identifier(place.parent, "issue")
        report = await self._bulk().move([one], place.project, place.kind.id, parent)
        self._recent.wrote([one])
        error = report.error(one)
        if error is not None:
            raise error

    def _bulk(self) -> BulkOperations:
        return BulkOperations(self._api, self._timing, self._options.policy.total_timeout_s)

    async def _delete_task(self, task_id: str) -> bool:
        """Its sub-tasks go with it."""
        found = await self._find_issue_first(task_id)
        if found is None:
            return False
        one = identifier(found, "issue")
        children = fields_of(found).get("subtasks")
        gone = await self._api.delete(f"issue/{one}", {"deleteSubtasks": "true"})
        self._recent.deleted([one, *ids_of(children)])
        return gone

    async def _find_issue_first(self, task_id: str) -> dict[str, Any] | None:
        await self._api.identify()
        return await self._find_issue(task_id, ("subtasks",))

    # comparison of what was asked with what was stored

    async def _explained(self, task: PMTask, fields: Fields, walk: Walk | None = None) -> PMTask:
        """The task with reasons for what is not as asked: screens drop fields without a word."""
        missed = [name for name in fields if not self._holds(name, fields[name], task)]
        task = with_reasons(task, fields, {name: _reason(name) for name in missed})
        lost = (
            {} if walk is None else {name: walk.notes[name] for name in walk.notes if name not in walk.noted}
        )
        if not lost:
            return task
        warning = WriteWarning("custom_fields", lost, None, "no transition on the way takes it")
        return replace(task, warnings=(*task.warnings, warning))


def _with_changes(task: PMTask, before: PMTask, fields: Fields) -> PMTask:
    """The task with warnings for what a move changed besides."""
    known = {one.field for one in task.warnings} | set(fields)
    if "status" in fields:
        known.add("status_name")
    found = [
        WriteWarning(name, getattr(before, name), getattr(task, name), "the move changes it")
        for name in (*_MOVED, "custom_fields")
        if name not in known and getattr(before, name) != getattr(task, name)
    ]
    return replace(task, warnings=(*task.warnings, *found)) if found else task


def took(fields: Fields, walk: Walk) -> None:
    """Values that transitions took, in the form in which they are compared."""
    if walk.sent:
        fields["custom_fields"] = {**fields["custom_fields"], **walk.sent}


def _reason(name: str) -> str:
    if name in {"estimated_hours", "remaining_hours"}:
        return "the system keeps whole minutes, and may compute one estimate from the other"
    if name == "sprint_id":
        return "the board, or the parent, decides about the sprint"
    if name == "description":
        return "the text was stored in another form"
    return "the system took the write and dropped this: the screen, the workflow or a right forbids it"


def ids_of(children: Any) -> list[str]:
    """Ids of sub-tasks, as an issue tells them."""
    found = children if isinstance(children, list) else []
    return [str(one["id"]) for one in found if isinstance(one, Mapping) and one.get("id") is not None]
