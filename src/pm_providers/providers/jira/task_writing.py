"""Writing tasks: screens are looked at first, so that what is not on them is told by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from pm_providers.contract import Fields
from pm_providers.errors import NotFoundError, PMError, UnsupportedError, ValidationError
from pm_providers.model import PMTask, WriteWarning
from pm_providers.providers.jira.bulk import BulkOperations
from pm_providers.providers.jira.client import AGILE
from pm_providers.providers.jira.drafting import Draft, Drafting, named
from pm_providers.providers.jira.mapping.choices import SUBTASK, IssueType, to_issue_type
from pm_providers.providers.jira.mapping.custom_fields import FieldInfo
from pm_providers.providers.jira.mapping.tasks import SpecialFields, from_task
from pm_providers.providers.jira.mapping.values import fields_of, ref_id
from pm_providers.providers.jira.transitions import Walk
from pm_providers.toolkit.documents import identifier
from pm_providers.toolkit.writes import refuse_clearing, with_losses, with_reasons

__all__ = ["TaskWriter", "took"]

_FIXED = ("status", "priority", "type", "project_id")
_LOST_IN_MOVES = ("sprint_id", "parent_task_id", "type", "status", "assignee_id", "custom_fields")


class TaskWriter(Drafting):
    """Tasks, written."""

    async def _create_task(self, fields: Fields) -> PMTask:
        draft = await self._draft(fields)
        async with named(draft.names):
            made = await self._api.created("issue", draft.body)
        one = identifier(made, "issue")
        self._recent.wrote([one])
        try:
            return await self._finished(one, draft)
        except PMError as error:
            # The issue is there: the caller must not create it again.
            error.maybe_applied = True
            raise

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
            if fields.get("project_id") not in (None, before.project_id):
                await self._move(one, base, fields)
                base = await self._stored(one)
            walk = await self._change(one, base, fields)
            task = await self._explained(await self._task(await self._stored(one)), fields, walk)
            return with_losses(task, before, fields, _LOST_IN_MOVES)

    async def _issue_id_or_fail(self, task_id: str) -> str:
        await self._api.identify()
        return await self._issue_id(task_id)

    async def _change(self, one: str, base: Mapping[str, Any], fields: Fields) -> Walk | None:
        """Fields by one call, the sprint by another, the status by transitions; checked before any of it."""
        notes = await self._notes(fields)
        body, later = await self._edit(one, base, fields)
        walk = first = None
        if fields.get("status"):
            walk = await self._walk_to(base, fields["status"], later, notes)
            first = None if walk.is_done else await self._next_hop(walk)
        if body:
            async with named(await self._wire_names(ref_id(fields_of(base), "project") or "")):
                await self._api.put(f"issue/{one}", body)
            self._recent.wrote([one])
        if "sprint_id" in fields:
            await self._change_sprint(one, base, fields["sprint_id"])
        if walk is not None:
            await self._go(walk, first)
            took(fields, walk)
        return walk

    async def _edit(
        self, one: str, base: Mapping[str, Any], fields: Fields
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
        )
        later: dict[str, Any] = {}
        if fields.get("custom_fields"):
            known = await self._named_fields(fields["custom_fields"], project, screen)
            custom, later = self._custom_wire(
                fields, known, screen, walks=bool(fields.get("status")), base=values
            )
            body |= custom
        update = await self._edit_place(base, fields, body, special)
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

    async def _edit_place(
        self, base: Mapping[str, Any], fields: Fields, body: dict[str, Any], special: SpecialFields
    ) -> dict[str, Any]:
        """Type and parent: put into the body; what needs an operation instead is returned."""
        values = fields_of(base)
        project = ref_id(values, "project") or ""
        kind = to_issue_type(values.get("issuetype") or {})
        if fields.get("type"):
            asked = await self._catalog.type_named(fields["type"], project)
            fields["type"] = asked.name
            if asked.level != kind.level:
                why = f"{kind.name!r:.60} and {asked.name!r:.60} stand on different levels of the hierarchy"
                raise ValidationError(fields={"type": why})
            if asked.id != kind.id:
                body["issuetype"] = {"id": asked.id}
                kind = asked
        if "parent_task_id" not in fields:
            return {}
        if fields["parent_task_id"]:
            parent = await self._parent(fields["parent_task_id"])
            self._check_level(kind, parent, await self._catalog.types(project))
            self._put_parent(body, kind, parent, special)
            return {}
        return self._without_parent(values, kind, body, special)

    def _without_parent(
        self, values: Mapping[str, Any], kind: IssueType, body: dict[str, Any], special: SpecialFields
    ) -> dict[str, Any]:
        if kind.level == SUBTASK:
            raise ValidationError(fields={"parent_task_id": "sub-tasks cannot be without one"})
        if not self._cloud:
            if special.epic_link and values.get(special.epic_link):
                body[special.epic_link] = None
            return {}
        return {"parent": [{"set": {"none": True}}]} if values.get("parent") else {}

    # sprints, moves, deletes

    async def _change_sprint(self, one: str, base: Mapping[str, Any], sprint: str | None) -> None:
        if (await self._task(base)).sprint_id == sprint:
            return
        if to_issue_type(fields_of(base).get("issuetype") or {}).level == SUBTASK:
            raise ValidationError(fields={"sprint_id": "sub-tasks are in the sprint of their parent"})
        await self._into_sprint([one], sprint)

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

    async def _move(self, one: str, base: Mapping[str, Any], fields: Fields) -> None:
        """To another project, as the type of the same name there.

        Raises:
            UnsupportedError: Data Center has no such call.
            ValidationError: the project has no such type.
        """
        if not self._cloud:
            reason = "Data Center has no call that moves an issue to another project"
            raise UnsupportedError(f"project_id: {reason}", reason=reason)
        project = fields["project_id"]
        kind = to_issue_type(fields_of(base).get("issuetype") or {})
        try:
            target = await self._catalog.type_named(fields.get("type") or kind.name, project)
        except NotFoundError:
            raise ValidationError(fields={"project_id": f"there is no project {project!r:.80}"}) from None
        report = await self._bulk().move([one], project, target.id, fields.get("parent_task_id"))
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
        self._recent.deleted([one, *_ids(children)])
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


def _ids(children: Any) -> list[str]:
    found = children if isinstance(children, list) else []
    return [str(one["id"]) for one in found if isinstance(one, Mapping) and one.get("id") is not None]
