"""Writing tasks. The server answers with what it stored; where it does not tell the whole, it is read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pm_providers.contract import Fields
from pm_providers.errors import NotFoundError, ValidationError
from pm_providers.model import PMTask
from pm_providers.providers.asana.mapping.custom_fields import to_field_info, unique_names
from pm_providers.providers.asana.mapping.dates import task_dates
from pm_providers.providers.asana.mapping.projects import SprintPlace
from pm_providers.providers.asana.mapping.tasks import from_task, memberships_of
from pm_providers.providers.asana.mapping.values import gid, listed
from pm_providers.providers.asana.task_plan import TaskPlan
from pm_providers.providers.asana.task_values import Placement, TaskValues, is_plain
from pm_providers.toolkit.writes import refuse_clearing

__all__ = ["TaskWriter"]

_FIXED = ("status", "type", "project_id")
_SIMPLE = frozenset({"title", "assignee_id"})
_ONLY_IN_PROJECTS = ("priority", "estimated_hours", "story_points", "custom_fields")


class TaskWriter(TaskValues):
    """Tasks, written."""

    async def _create_task(self, fields: Fields) -> PMTask:
        """One request, and one more for a custom type. Never repeated when the answer gets lost."""
        body, later = await self._draft(fields)
        document = await self._api.post("tasks", body, self._task_fields)
        if later:
            plan = TaskPlan(gid(document, "task"), body=later)
            document = await plan.carry_out(self._api, self._task_fields) or document
        return await self._task(document)

    async def _draft(self, fields: Fields) -> tuple[dict[str, Any], dict[str, Any]]:
        """Body of the creation, and keys that can only be written afterwards ([spec] TaskCreateRequest)."""
        project, parent = fields["project_id"], fields.get("parent_task_id")
        placement = await self._placement(fields, project) if fields.get("status") else None
        joins = parent is None or await self._joins(fields, parent, project, placement)
        values = await self._custom(fields, project)
        custom = {one: value for one, value in values.items() if value is not None}
        kind, type_id = await self._type(fields, project)
        body = from_task({**fields, "type": kind}) | task_dates(fields, {})
        later: dict[str, Any] = _custom_type(type_id) if type_id else {}
        if placement is not None:
            custom |= placement.custom or {}
            body["completed"] = placement.completed
            if placement.option is not None:
                later["custom_type_status_option"] = placement.option
        body |= {"custom_fields": custom or None, "tags": fields.get("label_ids"), "parent": parent}
        sprint = await self._sprint_project(fields)
        body["projects"] = [*([project] if joins else []), *([sprint] if sprint else [])]
        if joins and placement is not None and placement.section is not None:
            body["memberships"] = [{"project": project, "section": placement.section}]
        return {name: value for name, value in body.items() if value not in (None, [])}, later

    async def _joins(self, fields: Fields, parent: str, project: str, placement: Placement | None) -> bool:
        """Whether a subtask must be in its project itself, to hold what only a project can.

        Raises:
            ValidationError: there is no such task above.
        """
        home = await self._catalog.home(parent)
        if home is None:
            await self._check_parent(parent)
        held = any(_says_something(fields.get(one)) for one in _ONLY_IN_PROJECTS)
        placed = placement is not None and not is_plain(fields["status"])
        return home != project or held or placed

    async def _check_parent(self, parent: str) -> None:
        if await self._find_task(parent, ("name",)) is None:
            raise ValidationError(fields={"parent_task_id": f"there is no task {parent!r:.80}"})

    async def _update_task(self, task_id: str, fields: Fields, expected_version: str | None) -> PMTask:
        """One request for title and assignee; else what stands there is read first.

        Several calls are one batch, two where the task changes its project, and it is read again then.
        """
        refuse_clearing(fields, _FIXED)
        one = await self._task_id(task_id)
        async with self._locks.hold(one):
            if fields.keys() <= _SIMPLE:
                document = await self._api.put(f"tasks/{one}", from_task(fields), self._task_fields)
                return await self._task(document)
            base = await self._task_document(one)
            plan = await self._plan(base, fields)
            told = await plan.carry_out(self._api, self._task_fields) if plan.steps() else base
            if plan.moves:
                self._catalog.forget_homes()
            return await self._task(told or await self._task_document(one))

    async def _delete_task(self, task_id: str) -> bool:
        """Into the trash, with its subtasks; there it cannot be read any more."""
        try:
            one = await self._task_id(task_id)
        except NotFoundError:
            return False
        async with self._locks.hold(one):
            return await self._api.delete(f"tasks/{one}")

    # what a change consists of

    async def _plan(self, base: Mapping[str, Any], fields: Fields) -> TaskPlan:
        before = await self._task(base)
        plan = TaskPlan(before.id)
        project = fields.get("project_id") or before.project_id
        html = base.get("html_notes")
        kind, type_id = await self._type(fields, project)
        plan.body = from_task({**fields, "type": kind}, base_html=html if isinstance(html, str) else None)
        plan.body |= task_dates(fields, base)
        if type_id:
            plan.body |= _custom_type(type_id)
        carried = unique_names(map(to_field_info, listed(base, "custom_fields")))
        # What is not there needs no clearing: a subtask would join its project for nothing.
        known = {one.id for one in carried}
        asked = await self._custom(fields, project, carried)
        plan.custom = {one: value for one, value in asked.items() if value is not None or one in known}
        placement = await self._new_placement(fields, before, base, project)
        if placement is not None:
            _plan_placement(plan, placement, base)
        elif plan.retyped and base.get("completed") is True:
            plan.body["completed"] = True  # a new approval is pending, and so open again
        if "parent_task_id" in fields and fields["parent_task_id"] != before.parent_task_id:
            await self._plan_parent(plan, fields["parent_task_id"])
        self._plan_project(plan, base, before, fields, placement)
        if "sprint_id" in fields and self._options.has_sprint_projects:
            await self._plan_sprint(plan, base, fields)
        _plan_labels(plan, before, fields)
        return plan

    async def _new_placement(
        self, fields: Fields, before: PMTask, base: Mapping[str, Any], project: str | None
    ) -> Placement | None:
        if not fields.get("status"):
            return None
        moved = project != before.project_id
        if not moved and self._holds("status", fields["status"], before):
            return None
        return await self._placement(fields, project, None if moved else _section(base, project))

    async def _plan_parent(self, plan: TaskPlan, parent: str | None) -> None:
        """Put the task below another one, or on its own.

        Raises:
            ValidationError: the parent is the task itself, or does not exist.
        """
        if parent == plan.task:
            raise ValidationError(fields={"parent_task_id": "is the task itself"})
        if parent is not None:
            await self._check_parent(parent)
        plan.place("setParent", {"parent": parent})

    @staticmethod
    def _plan_project(
        plan: TaskPlan,
        base: Mapping[str, Any],
        before: PMTask,
        fields: Fields,
        placement: Placement | None,
    ) -> None:
        """Into the section or project where it must be, and out of the project that it leaves."""
        project = fields.get("project_id") or before.project_id
        known = [one for one, _ in memberships_of(base)]
        if project is None:
            return
        section = placement.section if placement is not None else None
        if project in known:
            section = None if section == _section(base, project) else section
            needed = section is not None
        else:
            below = fields.get("parent_task_id", before.parent_task_id) is not None
            stays = below and project == before.project_id
            placed = section is not None and not is_plain(fields["status"])
            needed = not stays or placed or bool(plan.custom)
        if needed:
            there = {} if section is None else {"section": section}
            plan.place("addProject", {"project": project, **there})
        if project != before.project_id and before.project_id in known:
            plan.other("removeProject", {"project": before.project_id})
            plan.leaves = True

    # sprints that are projects

    async def _sprint_project(self, fields: Fields) -> str | None:
        """The project of the sprint asked for, in the mode that has such.

        Raises:
            ValidationError: there is no such sprint.
        """
        value = fields.get("sprint_id")
        if value is None or not self._options.has_sprint_projects:
            return None
        for fresh in (False, True):
            if value in (await self._catalog.projects(fresh=fresh)).sprints:
                return str(value)
        raise ValidationError(fields={"sprint_id": f"there is no sprint {value!r:.80}"})

    async def _plan_sprint(self, plan: TaskPlan, base: Mapping[str, Any], fields: Fields) -> None:
        """Into the sprint, and out of others that are open; closed ones stay, as what was."""
        target = await self._sprint_project(fields)
        sprints: Mapping[str, SprintPlace] = (await self._catalog.projects()).sprints
        known: Sequence[str] = [one for one, _ in memberships_of(base)]
        for one in known:
            if one in sprints and one != target and (target is None or not sprints[one].is_closed):
                plan.other("removeProject", {"project": one})
        if target is not None and target not in known:
            plan.place("addProject", {"project": target})


def _says_something(value: Any) -> bool:
    """Whether there is a value to store, or a custom field that has one."""
    if isinstance(value, Mapping):
        return any(one not in (None, "", []) for one in value.values())
    return value is not None


def _custom_type(one: str) -> dict[str, Any]:
    """Keys that give a task a custom type: only those of that subtype have one ([spec] TaskUpdateRequest)."""
    return {"resource_subtype": "custom", "custom_type": one}


def _section(base: Mapping[str, Any], project: str | None) -> str | None:
    """The section of a project where a task stands."""
    for one, found in memberships_of(base):
        if one == project and found is not None:
            return gid(found, "section")
    return None


def _plan_placement(plan: TaskPlan, placement: Placement, base: Mapping[str, Any]) -> None:
    plan.custom |= placement.custom or {}
    if placement.option is not None:
        plan.body["custom_type_status_option"] = placement.option
    if plan.retyped or placement.completed is not (base.get("completed") is True):
        plan.body["completed"] = placement.completed


def _plan_labels(plan: TaskPlan, before: PMTask, fields: Fields) -> None:
    if "label_ids" not in fields:
        return
    wanted = list(fields["label_ids"] or ())
    for one in wanted:
        if one not in before.label_ids:
            plan.other("addTag", {"tag": one})
    for one in before.label_ids:
        if one not in wanted:
            plan.other("removeTag", {"tag": one})
