"""One side of a sync: its provider, what it can hold, and its values in both directions."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import date
from typing import Any, TypeVar

from pm_providers.contract import BasePMProvider, ChangePage
from pm_providers.errors import (
    NotFoundError,
    PermissionDeniedError,
    UnsupportedError,
)
from pm_providers.model import Entity, PMField, PMLabel, PMTask
from pm_providers.store.sync_links import Observed
from pm_providers.sync.facts import Choice, Person, SideFacts
from pm_providers.sync.plan import Step
from pm_providers.sync.provenance import address_of
from pm_providers.sync.translate import NEW_LABEL
from pm_providers.sync.values import CUSTOM, snapshot_of
from pm_providers.toolkit.sharing import Look, shared

__all__ = ["Side"]

T = TypeVar("T")

_MODEL_FIELD = {
    "parent": "parent_task_id",
    "assignees": "assignee_ids",
    "sprint": "sprint_id",
    "labels": "label_ids",
}
_HIDDEN = (PermissionDeniedError, UnsupportedError, NotFoundError)


class Side:
    """One side.

    Args:
        name: `left` or `right`.
        provider: connected.
        project_id: id or key of the project there.

    Attributes:
        project_id: id of the project, once it was looked at.
    """

    def __init__(self, name: str, provider: BasePMProvider, project_id: str) -> None:
        self.name = name
        self.provider = provider
        self.project_id = project_id
        self._facts: SideFacts | None = None
        self._look = Look()
        self._is_sure = False
        self._has_custom = False

    def __repr__(self) -> str:
        return f"Side({self.name!r}, {self.provider.name!r}, {self.project_id!r})"

    @property
    def title(self) -> str:
        """Name of the system, for people."""
        return self.provider.title

    @property
    def address(self) -> str:
        """What references to items of this side begin with."""
        return address_of(self.provider.name, self.provider.config.base_url)

    # reading

    @staticmethod
    def observed(task: PMTask) -> Observed:
        """A task as it is stored with its link."""
        at = None if task.updated_at is None else task.updated_at.isoformat()
        return Observed(task.id, snapshot_of(task), at)

    async def facts(self, *, fresh: bool = False, custom: bool = True) -> SideFacts:
        """What this side can hold; asked once, and only when there is something to decide.

        Args:
            fresh: ask anew.
            custom: with custom fields. Some systems need many requests to tell them.
        """
        await self.sure()
        if fresh:
            self._look, self._has_custom = Look(), False
        with shared(self._look, reads=True):
            if self._facts is None or fresh:
                self._facts = await self._asked()
            if custom and not self._has_custom:
                names, texts = await self._custom()
                self._facts = replace(self._facts, custom=names, texts=texts)
                self._has_custom = True
        return self._facts

    async def changes(self, cursor: str | None) -> ChangePage:
        """The next page of what changed. What it asks of the system's lists is not asked again for the facts.

        Raises:
            PMError: see `BasePMProvider.changes`.
        """
        try:
            with shared(self._look):
                page = await self.provider.changes(self.project_id, cursor)
        except NotFoundError:
            self._is_sure = False
            await self.sure()
            raise
        self._is_sure = self._is_sure or any(one.project_id == self.project_id for one in page.upserts)
        return page

    async def sure(self) -> None:
        """Know that the project is there, and its id: what was read of it tells, or else it is asked for.

        Raises:
            NotFoundError: it does not exist any more, or may not be seen.
        """
        if self._is_sure:
            return
        found = await self.provider.get_project(self.project_id)
        if found is None:
            raise NotFoundError(
                f"there is no project {self.project_id!r:.80} any more, or it may not be seen",
                provider=self.provider.name,
            )
        self.project_id, self._is_sure = found.id, True

    async def _asked(self) -> SideFacts:
        provider, project = self.provider, self.project_id
        capabilities = provider.capabilities
        statuses = await self._offered("list_statuses", lambda: provider.list_statuses(project))
        priorities = await self._offered("list_priorities", provider.list_priorities)
        types = await self._offered("list_types", lambda: provider.list_types(project))
        users = await self._offered("list_users", lambda: provider.list_users(project))
        labels = await self._offered("list_labels", lambda: provider.list_labels(project))
        return SideFacts(
            side=self.name,
            title=f"{self.title} ({self.name})",
            project_id=project,
            cannot=self._cannot(),
            statuses=tuple(Choice(one.id, one.name, one.status, one.is_default) for one in statuses),
            priorities=tuple(
                Choice(one.id, one.name, one.priority, one.is_default) for one in priorities if one.is_active
            ),
            types=tuple(one.name for one in types),
            any_type=capabilities.limits.any_type,
            people={
                one.id: Person(one.id, one.name, one.email or "", one.username or "")
                for one in users
                if one.is_active
            },
            labels={one.id: one.name for one in labels},
            creates_labels=capabilities.supports("create_label") or not capabilities.supports("list_labels"),
            any_label=capabilities.limits.any_label,
            custom_fields=capabilities.limits.custom_fields,
            address=self.address,
            most_assignees=self._most_assignees(),
            most_labels=capabilities.limits.labels,
            lengths={
                name.removeprefix("task."): most
                for name, most in capabilities.limits.lengths.items()
                if name.startswith("task.")
            },
            has_order=capabilities.field(Entity.TASK, "updated_at").is_supported,
            precision_s=capabilities.changes.precision_s,
        )

    async def _custom(self) -> tuple[frozenset[str], frozenset[str]]:
        """Names of custom fields, and of those that hold a line of text; none where any name can be."""
        capabilities = self.provider.capabilities
        maps = capabilities.field(Entity.TASK, "custom_fields").is_writable
        if not maps or capabilities.limits.custom_fields == "free":
            return frozenset(), frozenset()
        fields = await self._offered("list_fields", lambda: self.provider.list_fields(self.project_id))
        custom = [one for one in fields if one.is_custom and one.is_writable and one.entity is Entity.TASK]
        texts = [one for one in custom if _is_line(one)]
        return frozenset(one.name for one in custom), frozenset(one.name for one in texts)

    async def _offered(self, operation: str, ask: Callable[[], Any]) -> list[Any]:
        if not self.provider.capabilities.supports(operation):
            return []
        try:
            found: list[Any] = await ask()
        except _HIDDEN:
            return []
        return found

    def _most_assignees(self) -> int | None:
        if not self.provider.capabilities.field(Entity.TASK, "assignee_ids").is_writable:
            return 1
        return self.provider.capabilities.limits.assignees

    def _cannot(self) -> dict[str, str]:
        """Field -> why it cannot be written."""
        table = self.provider.capabilities.fields[Entity.TASK]
        found = {}
        for name, capability in table.items():
            ours = next((key for key, theirs in _MODEL_FIELD.items() if theirs == name), name)
            if not capability.is_writable:
                found[ours] = capability.note or "it cannot be written"
        if table["assignee_id"].is_writable:
            found.pop("assignees", None)
        return found

    # writing

    async def updates(self, steps: Iterable[Step]) -> dict[str, Any]:
        """Fields as the provider takes them; labels that are missing were made before (`missing_labels`)."""
        found: dict[str, Any] = {}
        custom: dict[str, Any] = {}
        for step in steps:
            if step.field.startswith(CUSTOM):
                custom[step.field[len(CUSTOM) :]] = step.new
            else:
                name, value = await self._field(step)
                found[name] = value
        if custom:
            found["custom_fields"] = custom
        return found

    async def _field(self, step: Step) -> tuple[str, Any]:
        name = _MODEL_FIELD.get(step.field, step.field)
        value = step.new
        if step.field in {"status", "priority"}:
            return name, None if value is None else value["name"] or value["is"]
        if step.field == "labels":
            return name, [await self._label(one) for one in value or ()]
        if step.field == "assignees" and self._most_assignees() == 1:
            return "assignee_id", value[0] if value else None
        if step.field in {"start_date", "due_date"} and value is not None:
            return name, date.fromisoformat(value)
        return name, value

    async def _label(self, wanted: str) -> str:
        if not wanted.startswith(NEW_LABEL):
            return wanted
        name = wanted[len(NEW_LABEL) :].strip()
        # Where labels cannot be made they are texts that exist once they are worn.
        return _known(await self.facts(custom=False), name) or name

    async def missing_labels(self, steps: Iterable[Step]) -> list[str]:
        """Names of labels that values name, that are not there yet and can be made; each once."""
        if not self.provider.capabilities.supports("create_label"):
            return []
        wanted = [
            str(one)[len(NEW_LABEL) :]
            for step in steps
            if step.field == "labels"
            for one in step.new or ()
            if str(one).startswith(NEW_LABEL)
        ]
        names = {one.strip().casefold(): one for one in reversed(wanted)}.values()  # the first of each name
        return [one for one in names if _known(await self.facts(custom=False), one) is None]

    async def has_label(self, name: str) -> str | None:
        """Id of the label of a name, asked anew."""
        return _known(await self.facts(fresh=True, custom=False), name)

    async def make_label(self, name: str) -> PMLabel:
        """Make a label, known from then on.

        Raises:
            PMError: it was not made, or nobody knows.
        """
        facts = await self.facts(custom=False)
        own = self.provider.capabilities.field(Entity.LABEL, "project_id").is_writable
        made = await self.provider.create_label(
            PMLabel(name=name, project_id=self.project_id if own else None)
        )
        self._facts = replace(facts, labels={**facts.labels, made.id: made.name})
        return made

    async def task(self, steps: Iterable[Step]) -> PMTask:
        """A new task."""
        values = {
            name: value for name, value in (await self.updates(steps)).items() if value not in (None, [], "")
        }
        return PMTask(**{"project_id": self.project_id, **values})

    async def task_gone(self, task_id: str) -> tuple[str | None, PMTask | None]:
        """Why a task is not in its project (`deleted`, `moved`, `archived`, `hidden`), and the task."""
        await self.sure()
        try:
            found = await self.provider.get_task(task_id)
        except PermissionDeniedError:
            return "hidden", None
        if found is None:
            return "deleted", None
        if found.project_id is not None and found.project_id != self.project_id:
            return "moved", found
        return ("archived" if found.is_archived else None), found


def _known(facts: SideFacts, name: str) -> str | None:
    """Id of the label of a name."""
    folded = name.strip().casefold()
    return next((one for one, label in facts.labels.items() if label.strip().casefold() == folded), None)


def _is_line(one: PMField) -> bool:
    """Whether a field holds a line of any text."""
    return one.type == "text" and not one.allowed_values and not one.is_multiple
