"""Collecting what a request wants to change on an issue: `fields` sets, `update` has operations."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from pm_providers.sandbox.jira import rights
from pm_providers.sandbox.jira.durations import parse_duration
from pm_providers.sandbox.jira.errors import ApiError, bad_request
from pm_providers.sandbox.jira.hierarchy import check_parent
from pm_providers.sandbox.jira.issue_actions import check_action
from pm_providers.sandbox.jira.issue_values import FieldError, parse_value
from pm_providers.sandbox.jira.records import Field, Issue, Project
from pm_providers.sandbox.jira.web import Session

__all__ = ["ATTRIBUTES", "OFF_SCREEN", "Draft"]

OFF_SCREEN = "Field '{0}' cannot be set. It is not on the appropriate screen, or unknown."
# field id: attribute of the issue
ATTRIBUTES = {
    "summary": "summary",
    "description": "description",
    "environment": "environment",
    "priority": "priority_id",
    "resolution": "resolution_id",
    "labels": "labels",
    "components": "component_ids",
    "fixVersions": "fix_version_ids",
    "versions": "version_ids",
    "duedate": "due",
    "assignee": "assignee",
    "reporter": "reporter",
}
_LISTS = frozenset({"options", "users", "groups", "versions", "components", "labels"})
_ACTIONS = frozenset({"comment", "worklog", "issuelinks"})


@dataclass(slots=True)
class Draft:
    """The wanted changes of one issue, and what is wrong with them.

    Attributes:
        issue: None while it is being created.
        screen: fields that may be set; None for all that can be.
        dropped: fields that are accepted and not stored.
        changes: attribute of the issue to its new value.
        custom: custom field to its new value (None: empty).
        actions: (field id, operation, value) of comments, worklogs and links to make afterwards.
    """

    session: Session
    project: Project
    type_id: int
    issue: Issue | None = None
    screen: frozenset[str] | None = None
    dropped: frozenset[str] = frozenset()
    changes: dict[str, Any] = field(default_factory=dict)
    custom: dict[str, Any] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)
    actions: list[tuple[str, str, Any]] = field(default_factory=list)

    def read(self, fields: Any, update: Any) -> None:
        """Take the `fields` and `update` of a request.

        Raises:
            ApiError: 400 when they are no objects, or name the same field.
        """
        fields, update = fields or {}, update or {}
        if not isinstance(fields, dict) or not isinstance(update, dict):
            raise bad_request("Invalid request payload. Refer to the REST API documentation and try again.")
        both = sorted(fields.keys() & update.keys())
        if both:
            raise ApiError(
                400, fields={both[0]: f"Field '{both[0]}' cannot appear in both 'fields' and 'update'"}
            )
        for name, value in fields.items():
            self._guarded(name, lambda name=name, value=value: self._set(name, value))  # type: ignore[misc]
        for name, operations in update.items():
            self._guarded(name, lambda name=name, ops=operations: self._operate(name, ops))  # type: ignore[misc]

    def check(self) -> None:
        """Raise 400 for what was wrong."""
        if self.errors:
            raise ApiError(400, fields=self.errors)

    def current(self, name: str) -> Any:
        """The value of a field as it would be stored: the new one, or the one there was."""
        attribute = ATTRIBUTES.get(name)
        if attribute is not None:
            return self.changes.get(attribute, getattr(self.issue, attribute, None))
        return self.custom.get(name, self.issue.custom.get(name) if self.issue is not None else None)

    def has_value(self, name: str) -> bool:
        """Whether a field would have a value."""
        if name == "comment":
            return any(action == name for action, _, _ in self.actions)
        if name in {"issuetype", "project"}:
            return True
        if name == "parent":
            return self.changes.get("parent_id", getattr(self.issue, "parent_id", None)) is not None
        if name == "timetracking":
            return self.changes.get("original_s", getattr(self.issue, "original_s", None)) is not None
        return self.current(name) not in (None, (), "")

    def _guarded(self, name: str, write: Callable[[], None]) -> None:
        try:
            write()
        except FieldError as error:
            self.errors[name] = str(error)
        except ApiError as error:
            if not (error.fields or error.messages):
                raise
            self.errors |= error.fields or {name: error.messages[0]}

    def _field(self, name: str) -> Field:
        """The definition of a field that may be written.

        Raises:
            FieldError: there is none, it is read only, or it is not on the screen.
        """
        found = self.session.state.fields.get(name)
        if found is None or (found.project_id is not None and found.project_id != self.project.id):
            raise FieldError(OFF_SCREEN.format(name))
        if self.screen is not None and name not in self.screen:
            raise FieldError(OFF_SCREEN.format(name))
        if found.kind in {"readonly", "rank", "project"} and name not in _ACTIONS:
            raise FieldError(OFF_SCREEN.format(name))
        needed = {
            "reporter": "MODIFY_REPORTER",
            "assignee": "ASSIGN_ISSUES",
            "duedate": "SCHEDULE_ISSUES",
        }.get(name)
        if needed and not rights.may_use(self.session, needed, self.project):
            raise FieldError(OFF_SCREEN.format(name))
        return found

    def _set(self, name: str, value: Any) -> None:
        definition = self._field(name)
        if name in _ACTIONS:
            raise FieldError(OFF_SCREEN.format(name))
        if definition.kind == "timetracking":
            self._set_time(value)
        elif definition.kind in {"parent", "epic-link"}:
            self._set_parent(value if definition.kind == "parent" or value is None else {"key": value})
        elif definition.kind == "issuetype":
            self._set_type(value)
        elif definition.kind == "sprint":
            self._set_sprint(parse_value(self.session, definition, value, self.project))
        else:
            self._store(definition, parse_value(self.session, definition, value, self.project))

    def _store(self, definition: Field, value: Any) -> None:
        name = definition.id
        if name == "summary" and value is None:
            raise FieldError("You must specify a summary of the issue.")
        if name in self.dropped:
            return
        if name in ATTRIBUTES:
            self.changes[ATTRIBUTES[name]] = value
        else:
            self.custom[name] = value

    def _set_time(self, value: Any) -> None:
        if not self.session.state.settings["time_tracking"]:
            raise FieldError(OFF_SCREEN.format("timetracking"))
        if not isinstance(value, dict):
            raise FieldError("expected Object")
        seconds: dict[str, int | None] = {}
        for name, attribute in (("originalEstimate", "original_s"), ("remainingEstimate", "remaining_s")):
            if name in value:
                seconds[attribute] = self._duration(name, value[name])
        if "timetracking" in self.dropped:
            return
        if "original_s" in seconds and "remaining_s" not in seconds:
            seconds["remaining_s"] = seconds["original_s"]
        elif "remaining_s" in seconds and "original_s" not in seconds and self.issue is not None:
            # The half that an edit leaves out is rewritten (JRACLOUD-67539).
            seconds["original_s"] = seconds["remaining_s"]
        self.changes |= seconds

    def _duration(self, name: str, text: Any) -> int | None:
        if text in (None, ""):
            return None
        found = parse_duration(text, self.session.state.settings)
        if found is None:
            word = "original" if name.startswith("original") else "remaining"
            raise FieldError(f"The {word} estimate specified is not valid.")
        return found

    def _set_parent(self, value: Any) -> None:
        if isinstance(value, dict) and value.get("none") is True:
            value = None
        parent = None
        if value is not None:
            name = value.get("id", value.get("key")) if isinstance(value, dict) else None
            if not isinstance(name, str | int) or isinstance(name, bool):
                raise FieldError("Could not find valid 'id' or 'key' in parent object.")
            try:
                parent = rights.need_issue(self.session, name)
            except ApiError:
                raise FieldError("Could not find issue by id or key.") from None
        problem = check_parent(self.session.state, self.project, self.type_id, parent, self.issue)
        if problem:
            raise FieldError(problem)
        self.changes["parent_id"] = parent.id if parent is not None else None

    def _set_type(self, value: Any) -> None:
        """Another type of the same level and workflow; on create the type is known already."""
        if self.issue is None:
            return
        row = find_type(self.session, self.project, value)
        state = self.session.state
        if row is None:
            raise FieldError("Specify a valid issue type")
        same_level = state.types[self.type_id].level == state.types[row].level
        same_workflow = state.workflow(self.project, row).id == state.workflow(self.project, self.type_id).id
        if not (same_level and same_workflow):
            raise FieldError("The issue type selected is invalid.")
        self.changes["type_id"] = row

    def _set_sprint(self, sprint_id: int | None) -> None:
        if self.session.state.types[self.type_id].level < 0:
            raise FieldError("Issue can't be assigned to a sprint: sub-tasks follow their parent.")
        before = self.issue.sprint_ids if self.issue is not None else ()
        rows = self.session.state.sprints
        closed = tuple(key for key in before if key in rows and rows[key].state == "closed")
        self.changes["sprint_ids"] = closed if sprint_id is None else (*closed, sprint_id)

    def _operate(self, name: str, operations: Any) -> None:
        definition = self._field(name)
        if not isinstance(operations, list):
            raise bad_request("Invalid request payload. Refer to the REST API documentation and try again.")
        for operation in operations:
            if not isinstance(operation, dict) or len(operation) != 1:
                raise FieldError("Only one operation is allowed in each object.")
            verb, value = next(iter(operation.items()))
            if name in _ACTIONS:
                self._act(name, verb, value)
            elif verb == "set" or (verb == "edit" and definition.kind == "timetracking"):
                self._set(name, value)
            elif verb in {"add", "remove"} and definition.kind in _LISTS:
                self._amend(definition, verb, value)
            else:
                raise FieldError(f"Field '{name}' does not support operation '{verb}'.")

    def _act(self, name: str, verb: str, value: Any) -> None:
        if verb != "add" and not (name == "comment" and verb in {"edit", "remove"}):
            raise FieldError(f"Field '{name}' does not support operation '{verb}'.")
        if not isinstance(value, dict):
            raise FieldError("expected Object")
        check_action(self.session, self.project, name, verb, value)
        self.actions.append((name, verb, value))

    def _amend(self, definition: Field, verb: str, value: Any) -> None:
        part = parse_value(self.session, definition, [value], self.project) or ()
        now = tuple(self.current(definition.id) or ())
        if verb == "add":
            amended = (*now, *(entry for entry in part if entry not in now))
        else:
            amended = tuple(entry for entry in now if entry not in part)
        if definition.kind == "labels":
            amended = tuple(sorted(amended))
        self._store(definition, amended if not definition.number else amended or None)


def find_type(session: Session, project: Project, value: Any) -> int | None:
    """Id of the project's issue type that an object with `id` or `name` means, or None."""
    if not isinstance(value, dict):
        return None
    for row in session.state.project_types(project):
        if "id" in value and str(row.id) == str(value["id"]):
            return int(row.id)
        if "id" not in value and row.name.lower() == str(value.get("name", "")).lower():
            return int(row.id)
    return None
