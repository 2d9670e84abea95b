"""Values of a task that depend on its project: status, priority, type, numbers and custom fields."""

from __future__ import annotations

from collections.abc import Awaitable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from pm_providers.contract import ChoiceBook, Fields
from pm_providers.errors import NotFoundError, ValidationError
from pm_providers.model import PMStatus, TaskStatus
from pm_providers.providers.asana.config import CUSTOM_TYPE_SOURCE, SPRINT_FIELD_MODE
from pm_providers.providers.asana.mapping.choices import (
    COMPLETED,
    INCOMPLETE,
    TYPES,
    book_order,
    to_priorities,
)
from pm_providers.providers.asana.mapping.custom_fields import FieldInfo, write_values
from pm_providers.providers.asana.mapping.tasks import number_value
from pm_providers.providers.asana.task_reading import TaskReader
from pm_providers.toolkit.choices import candidates_anew, priority_book
from pm_providers.toolkit.custom_fields import checked_custom, fits

__all__ = ["Placement", "TaskValues", "is_plain"]

T = TypeVar("T")

_NUMBERS = {"estimated_hours": "estimate", "story_points": "points"}


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a written status leads.

    Attributes:
        completed: whether the task is finished then.
        section: gid of the section to stand in; `None` leaves it where it is.
        custom: custom field values by gid.
        option: gid of the status option of its custom type.
    """

    completed: bool
    section: str | None = None
    custom: Mapping[str, Any] | None = None
    option: str | None = None


def is_plain(status: str) -> bool:
    """Whether `completed` alone can hold a status."""
    return status in {TaskStatus.TODO, TaskStatus.COMPLETED}


class TaskValues(TaskReader):
    """Checked fields to the vendor's values."""

    # status

    async def _placement(self, fields: Fields, project: str | None, current: str | None = None) -> Placement:
        """Where a status leads; its id becomes its name in the fields.

        Args:
            fields: `status` is a unified value, a name or an id.
            project: where the task is.
            current: gid of its section, which is as good as any other of the same meaning.

        Raises:
            ValidationError: the project has no such status; lists those that it has.
        """
        value = fields["status"]
        if project is None:
            if not is_plain(value):
                why = f"{value!r:.60} needs a project: without one, a task is todo or completed"
                raise ValidationError(fields={"status": why})
            return Placement(completed=value == TaskStatus.COMPLETED)
        found = await _in_project(
            candidates_anew(lambda fresh: self._catalog.statuses(project, fresh=fresh), _status_book, value),
            project,
        )
        chosen = found[0]
        if value in set(TaskStatus):
            # "completed" is the name of what has no section, too: one of the project's own is better.
            meant = [one for one in book_order(found) if one.status == value]
            chosen = next((one for one in meant if one.id == current), next(iter(meant), chosen))
        if chosen.id == value:
            fields["status"] = chosen.name
        return await self._leading_to(chosen, project)

    async def _leading_to(self, chosen: PMStatus, project: str) -> Placement:
        options, completed = self._options, chosen.is_closed
        if chosen.id in {COMPLETED.id, INCOMPLETE.id}:
            return Placement(completed)
        if options.has_sections:
            return Placement(completed, section=chosen.id)
        if options.status_source == CUSTOM_TYPE_SOURCE:
            return Placement(completed, option=chosen.id)
        field = await self._catalog.convention("status", project)
        return Placement(completed, custom={field.id: chosen.id} if field else None)

    # type

    async def _type(self, fields: Fields, project: str | None) -> tuple[str | None, str | None]:
        """Subtype to write, and custom type; its name stands in the fields then.

        Raises:
            ValidationError: there is no such type, or a milestone is to have a start.
        """
        if not fields.get("type"):
            return None, None
        chosen = await self._catalog.type_named(fields["type"], project)
        fields["type"] = chosen.name
        if chosen.is_milestone and fields.get("start_date") is not None:
            raise ValidationError(fields={"start_date": "a milestone has no start"})
        return (chosen.id, None) if chosen.id in TYPES else (None, chosen.id)

    # custom fields, and what stands in them

    async def _custom(
        self, fields: Fields, project: str | None, others: Sequence[FieldInfo] = ()
    ) -> dict[str, Any]:
        """Values by gid of custom fields, and of the fields of ours that they hold.

        Args:
            fields: checked fields.
            project: where the task is.
            others: custom fields that it carries.

        Raises:
            ValidationError: the project does not have the field, or it cannot hold the value.
        """
        asked = fields.get("custom_fields")
        roles = [one for one in ("priority", *_NUMBERS) if one in fields]
        if self._options.sprint_mode == SPRINT_FIELD_MODE and "sprint_id" in fields:
            roles.append("sprint_id")
        values: dict[str, Any] = {}
        for one in roles:
            values |= await self._role(one, fields, project)
        if asked:
            known = await self._writable(project, others, asked)
            if not fits(known, asked):
                known = await self._writable(project, others, asked, fresh=True)
            described = checked_custom(fields, known)
            values |= write_values(fields["custom_fields"], described)
        return values

    async def _writable(
        self,
        project: str | None,
        others: Sequence[FieldInfo],
        asked: Collection[str],
        *,
        fresh: bool = False,
    ) -> list[FieldInfo]:
        """Custom fields of a task: those of its project, and those that it carries from others."""
        own = (
            [] if project is None else await _in_project(self._catalog.fields(project, fresh=fresh), project)
        )
        ids = {one.id for one in own}
        carried = [one for one in others if one.id not in ids]
        carried = [await self._described(one) if one.name in asked else one for one in carried]
        return [one for one in (*own, *carried) if not self._catalog.is_modelled(one)]

    async def _described(self, carried: FieldInfo) -> FieldInfo:
        """A field of another project of the task, with what its values do not tell: options, and locks."""
        found = await self._catalog.field(carried.id)
        return carried if found is None else replace(found, name=carried.name)

    async def _role(self, name: str, fields: Fields, project: str | None) -> dict[str, Any]:
        """The value of a field of ours that a custom field holds.

        Raises:
            ValidationError: the project does not have that field, and something is to be stored in it.
        """
        role = {"sprint_id": "sprint", **_NUMBERS}.get(name, name)
        value = fields[name]
        field = await self._role_field(role, project, value if role == "sprint" else None)
        if field is None:
            if value is None:
                return {}
            wanted = getattr(self._options, f"{role}_field")
            why = f"the project has no custom field {wanted!r}: add it to the project"
            raise ValidationError(fields={name: why})
        if value is None:
            return {field.id: None}
        if role in {"estimate", "points"}:
            return {field.id: number_value(role, value, duration=field.is_duration)}
        return {field.id: _sprint_option(field, value) if role == "sprint" else self._priority(field, fields)}

    async def _role_field(self, role: str, project: str | None, option: str | None) -> FieldInfo | None:
        """The custom field, read anew where it is not known, or not with that option."""
        found: FieldInfo | None = None
        for fresh in (False, True) if project is not None else ():
            found = await _in_project(self._catalog.convention(role, str(project), fresh=fresh), str(project))
            if found is not None and (option is None or any(one.id == option for one in found.options)):
                break
        return found

    def _priority(self, field: FieldInfo, fields: Fields) -> str:
        book = priority_book(to_priorities([field], self._options.priority_map))
        chosen = book.candidates(fields["priority"])[0]
        if chosen.id == fields["priority"]:
            fields["priority"] = chosen.name
        return chosen.id


async def _in_project(asked: Awaitable[T], project: str) -> T:
    try:
        return await asked
    except NotFoundError as error:
        why = f"there is no project {project!r:.80}"
        raise ValidationError(fields={"project_id": why}) from error


def _status_book(statuses: Sequence[PMStatus]) -> ChoiceBook[PMStatus]:
    return ChoiceBook(tuple(book_order(statuses)), {one.id: one.status for one in statuses}, "status")


def _sprint_option(field: FieldInfo, value: str) -> str:
    if all(one.id != value for one in field.options):
        raise ValidationError(fields={"sprint_id": f"there is no sprint {value!r:.80}"})
    return value
