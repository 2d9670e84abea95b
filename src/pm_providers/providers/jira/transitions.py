"""Statuses are reached by transitions: finding the way, and walking it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx2

from pm_providers.contract import PMProviderConfig
from pm_providers.errors import (
    NotFoundError,
    PermissionDeniedError,
    PMError,
    UnsupportedError,
    ValidationError,
)
from pm_providers.model import PMStatus
from pm_providers.providers.jira.answers import objects
from pm_providers.providers.jira.mapping.custom_fields import FieldInfo
from pm_providers.providers.jira.mapping.values import as_minutes, fields_of, ref_id
from pm_providers.providers.jira.task_reading import TaskReader
from pm_providers.providers.jira.workflow import Workflow, edges_of, next_guess, target_of
from pm_providers.toolkit.documents import identifier, optional_text
from pm_providers.transport import Timing, bounded_map

__all__ = ["NOTES", "TransitionWalker", "Walk"]

COMMENT, WORKLOG = "comment", "worklog"
NOTES = frozenset({COMMENT, WORKLOG})
"""What a transition can take along, and no field of the issue shows."""

_MAX_HOPS = 20
_SAMPLE = 100
_MODELLED = {"assignee": "assignee_id", "duedate": "due_date", "priority": "priority", "summary": "title"}


@dataclass(slots=True)
class Walk:
    """The way of one issue to a status.

    Attributes:
        task_id: issue id.
        workflow: what is known of its workflow; grows on the way.
        project: project id.
        type_id: issue type id.
        here: where it stands.
        targets: statuses that will do, best first.
        asked: what the caller asked for, for messages.
        given: values by field name that transitions may ask for.
        values: fields of the issue, which are on screens already.
        sent: given values that transitions took, in the form in which they are read back.
        notes: comment and logged work by field name, which only transitions take and no field shows later.
        noted: names of those that transitions took.
        visited: ids of the statuses that it stood in.
    """

    task_id: str
    workflow: Workflow
    project: str
    type_id: str
    here: PMStatus
    targets: Sequence[PMStatus]
    asked: str
    given: Mapping[str, Any] = field(default_factory=dict)
    values: Mapping[str, Any] = field(default_factory=dict)
    sent: dict[str, Any] = field(default_factory=dict)
    notes: Mapping[str, Any] = field(default_factory=dict)
    noted: set[str] = field(default_factory=set)
    visited: set[str] = field(default_factory=set)

    @property
    def is_done(self) -> bool:
        """Whether it stands where it should."""
        return any(one.id == self.here.id for one in self.targets)


class TransitionWalker(TaskReader):
    """Tasks and their statuses."""

    def __init__(
        self,
        config: PMProviderConfig,
        *,
        transport: httpx2.AsyncBaseTransport | None = None,
        timing: Timing | None = None,
    ) -> None:
        super().__init__(config, transport=transport, timing=timing)
        self._workflows: dict[tuple[str, str], Workflow] = {}

    async def _transitions(self, task_id: str) -> list[dict[str, Any]]:
        """Transitions that these credentials may do now, with the fields of their screens.

        Raises:
            NotFoundError: no such task.
        """
        params = {"expand": "transitions.fields"}
        return objects(await self._api.get(f"issue/{task_id}/transitions", params), "transitions")

    async def _walk_to(
        self,
        document: Mapping[str, Any],
        value: str,
        given: Mapping[str, Any] | None = None,
        notes: Mapping[str, Any] | None = None,
    ) -> Walk:
        """A way for an issue; nothing is done yet.

        Raises:
            ValidationError: the project has no such status; lists those that it has.
        """
        values = fields_of(document)
        project, kind = ref_id(values, "project") or "", ref_id(values, "issuetype") or ""
        return Walk(
            task_id=identifier(document, "issue"),
            workflow=self._workflows.setdefault((project, kind), Workflow()),
            project=project,
            type_id=kind,
            here=self._catalog.status_of(values.get("status") or {}),
            targets=await self._catalog.status_candidates(value, project),
            asked=value,
            given=dict(given or {}),
            notes=dict(notes or {}),
            values=values,
        )

    async def _next_hop(self, walk: Walk) -> tuple[dict[str, Any], dict[str, Any]]:
        """The transition to do next, and the body that does it.

        Raises:
            ValidationError: no known way leads there, or a transition requires a field that is not given.
        """
        walk.visited.add(walk.here.id)
        offered = await self._transitions(walk.task_id)
        targets = [target_of(one) for one in offered]
        walk.workflow.learn(walk.here.id, [one for one in targets if one])
        wanted = await self._direction(walk, offered)
        fitting = [one for one in offered if target_of(one) == wanted]
        bodies = [(one, *self._body(walk, one)) for one in fitting]
        for one, body, missing in bodies:
            if not missing:
                return one, body
        raise ValidationError(fields=bodies[0][2])

    async def _direction(self, walk: Walk, offered: Sequence[Mapping[str, Any]]) -> str:
        """Id of the status to go to next.

        Raises:
            ValidationError: there is no way that is known, or can be guessed.
        """
        there = {target_of(one) for one in offered}
        for status in walk.targets:
            if status.id in there:
                return status.id
        ids = [one.id for one in walk.targets]
        closed = [one.id for one in await self._catalog.statuses(walk.project) if one.is_closed]
        path = walk.workflow.path(walk.here.id, ids, closed)
        if not path and not walk.workflow.surveyed:
            await self._survey(walk)
            path = walk.workflow.path(walk.here.id, ids, closed)
        if path and path[1] in there and path[1] not in walk.visited:
            return path[1]
        statuses = [self._catalog.status_of(one["to"]) for one in offered if isinstance(one.get("to"), dict)]
        guess = next_guess(walk.here, walk.targets[0], statuses, walk.visited)
        if guess is not None:
            return guess.id
        raise self._no_way(walk, statuses)

    @staticmethod
    def _no_way(walk: Walk, statuses: Sequence[PMStatus]) -> ValidationError:
        names = ", ".join(dict.fromkeys(one.name for one in statuses))
        leads = f"it leads to: {names}" if names else "these credentials may not change the status"
        why = f"no known way of transitions leads to {walk.asked!r:.60} from {walk.here.name!r:.60}; {leads}"
        return ValidationError(fields={"status": why})

    async def _go(self, walk: Walk, first: tuple[dict[str, Any], dict[str, Any]] | None = None) -> None:
        """Walk to the end.

        Args:
            walk: the way.
            first: the first transition, where it was looked up already.

        Raises:
            ValidationError: stuck on the way; says where, and what is missing.
        """
        for _ in range(_MAX_HOPS):
            if walk.is_done:
                return
            try:
                transition, body = first or await self._next_hop(walk)
                await self._do(walk, transition, body)
            except PMError as error:
                raise _stuck(error, walk) from error
            first = None
        raise _stuck(self._no_way(walk, ()), walk)

    async def _do(self, walk: Walk, transition: Mapping[str, Any], body: Mapping[str, Any]) -> None:
        await self._api.post(f"issue/{walk.task_id}/transitions", body)
        self._recent.wrote([walk.task_id])
        target = transition.get("to")
        walk.here = self._catalog.status_of(target if isinstance(target, dict) else {})

    # screens of transitions

    def _body(self, walk: Walk, transition: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
        """Body that does a transition, and what is missing for it: field of ours -> why."""
        fields: dict[str, Any] = {}
        update: dict[str, Any] = {}
        missing: dict[str, str] = {}
        for one in self._catalog.screen(transition.get("fields")).values():
            value = walk.given.get(one.name)
            if one.id in NOTES and one.name in walk.notes:
                update[one.id] = [{"add": self._note(one, walk.notes[one.name])}]
                walk.noted.add(one.name)
            elif value is not None:
                walk.sent[one.name] = one.checked(value)
                fields[one.id] = one.write(walk.sent[one.name], self._text.write)
            elif one.required and not walk.values.get(one.id):
                missing[_our_name(one)] = _requirement(one, transition)
        parts = {"fields": fields, "update": update}
        body = {"transition": {"id": str(transition.get("id"))}}
        return body | {name: part for name, part in parts.items() if part}, missing

    def _note(self, one: FieldInfo, value: Any) -> dict[str, Any]:
        """A comment in Markdown, or hours of work.

        Raises:
            ValidationError: neither.
        """
        if one.id == COMMENT and isinstance(value, str):
            return {"body": self._text.write(value)}
        if one.id == WORKLOG and isinstance(value, int | float) and not isinstance(value, bool) and value > 0:
            return {"timeSpent": as_minutes(value)}
        wanted = "a text" if one.id == COMMENT else "a number of hours"
        raise ValidationError(fields={f"custom_fields.{one.name}": f"must be {wanted}"})

    # what the workflow is like

    async def _survey(self, walk: Walk) -> None:
        """Learn the workflow: administrators are told it, others see what issues in its statuses may do."""
        walk.workflow.surveyed = True
        if not self._cloud or not await self._told_workflow(walk):
            await self._sampled_workflow(walk)

    async def _told_workflow(self, walk: Walk) -> bool:
        try:
            name = await self._workflow_name(walk)
            if name is None:
                return False
            params = {"queryString": name, "expand": "values.transitions"}
            answer = await self._api.get("workflows/search", params)
            found = [one for one in objects(answer, "values") if one.get("name") == name]
            statuses = objects(answer, "statuses") if found else []
        except (PermissionDeniedError, NotFoundError, UnsupportedError, ValidationError):
            return False
        edges = [edge for one in found for edge in edges_of(one, statuses)]
        for source, target in edges:
            walk.workflow.add(source, target)
        return bool(edges)

    async def _workflow_name(self, walk: Walk) -> str | None:
        """Name of the workflow of a project and issue type; team-managed projects are not told about."""
        found = objects(await self._api.get("workflowscheme/project", {"projectId": walk.project}), "values")
        for one in found:
            scheme = one.get("workflowScheme")
            if isinstance(scheme, Mapping):
                by_type = scheme.get("issueTypeMappings")
                name = by_type.get(walk.type_id) if isinstance(by_type, Mapping) else None
                return name if isinstance(name, str) else optional_text(scheme, "defaultWorkflow")
        return None

    async def _sampled_workflow(self, walk: Walk) -> None:
        """Ask one issue in each status for its transitions."""
        query = f'project = "{walk.project}" AND issuetype = "{walk.type_id}" ORDER BY updated DESC'
        samples: dict[str, str] = {}
        for one in await self._issues.first(query, ("status",), _SAMPLE):
            status = ref_id(fields_of(one), "status")
            if status and status not in walk.workflow.edges:
                samples.setdefault(status, identifier(one, "issue"))

        async def ask(pair: tuple[str, str]) -> None:
            targets = [target_of(one) for one in await self._transitions(pair[1])]
            walk.workflow.learn(pair[0], [one for one in targets if one])

        for answer in await bounded_map(ask, samples.items(), self._options.concurrency):
            if isinstance(answer, Exception) and not isinstance(answer, NotFoundError):
                raise answer


def _our_name(one: FieldInfo) -> str:
    return _MODELLED.get(one.id, f"custom_fields.{one.name}")


def _requirement(one: FieldInfo, transition: Mapping[str, Any]) -> str:
    name = optional_text(transition, "name") or str(transition.get("id"))
    text = f"is required by the transition {name!r:.60}"
    return f"{text}; one of: {one.choices}" if one.options else text


def _stuck(error: PMError, walk: Walk) -> PMError:
    """An error on the way: what was walked so far stays."""
    if len(walk.visited) > 1 and isinstance(error, ValidationError):
        why = f"the issue stands in {walk.here.name!r:.60} now"
        error.fields.setdefault("status", why)
        error.message = f"{error.message}; {why}"
    return error
