"""Copying a project from one provider to another, through nothing but the interface."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any, TypeVar, cast

from pm_providers.contract import BasePMProvider, ChoiceBook
from pm_providers.errors import ConflictError, NotFoundError, PMError, ValidationError
from pm_providers.model import Entity, PMLabel, PMProject, PMSprint, PMTask, Record, SprintStatus
from pm_providers.service.copy_members import copy_members
from pm_providers.service.copy_narrowing import Narrower, without_rejected
from pm_providers.service.copy_parts import copy_parts
from pm_providers.service.copy_report import CopyFailure, CopyProgress, CopyReport
from pm_providers.service.copy_users import UserMatcher
from pm_providers.service.copy_writing import FATAL, Writer

__all__ = ["copy_project"]

R = TypeVar("R", bound=Record)

_CHUNK = 500
_ROUNDS = 8
_WATCHED = (
    "title", "status", "priority", "start_date", "due_date", "estimated_hours", "remaining_hours", "progress",
    "parent_task_id", "sprint_id", "assignee_id",
)  # fmt: skip


async def copy_project(
    source: BasePMProvider,
    target: BasePMProvider,
    project_id: str,
    *,
    into: str | None = None,
    create_users: bool = False,
    on_progress: CopyProgress | None = None,
    report: CopyReport | None = None,
) -> CopyReport:
    """Copy a project: members, sprints, labels, tasks, and the parts of tasks.

    Parts are relations, comments, checklists with their items, time entries and attachments.

    What the target cannot hold is left out and noted in the report, field by field; a value that the target
    rejects is left out with the target's reason. Users are matched by e-mail, then by user name, and become
    members with the roles of the same name, where both systems have members; groups do not. Comments and time
    entries of others than the copying account name their author in the text. A task keeps its place in
    the hierarchy. Comments that are internal are copied only where they stay internal. Sprints are closed
    last, because some systems take no task into a closed one.

    Who watches a task is not copied.

    Nothing is repeated or undone: a second copy makes a second project. With `into`, sprints and labels of
    the same name are used instead of doubled; tasks are always created.

    Args:
        source: connected provider to read.
        target: connected provider to write; may be the same object.
        project_id: id or key in the source.
        into: id or key of an existing project of the target; a new one is made when missing.
        create_users: create users that the target does not have, where it can.
        on_progress: called as the copy goes on.
        report: filled instead of a new one, so that what was done can be read after an error.

    Raises:
        NotFoundError: no such project in the source, or `into` does not exist.
        ValidationError: `into` is the project itself.
        PMError: the project could not be created, or one of the systems cannot be reached any more.
            Failures of single records do not stop the copy; they stand in `report.failed`.
    """
    copy = _Copy(source, target, report or CopyReport(), on_progress or (lambda *_: None))
    return await copy.run(project_id, into, create_users=create_users)


class _Copy:
    """One run.

    Memory: ids and dates of what was copied, one chunk of tasks, and tasks that come before their parent.
    """

    def __init__(
        self, source: BasePMProvider, target: BasePMProvider, report: CopyReport, progress: CopyProgress
    ) -> None:
        self.source = source
        self.target = target
        self.report = report
        self.progress = progress
        self.narrower = Narrower(target.capabilities, report)
        self.writer = Writer(target, self.narrower)
        self._written: dict[str, tuple[Any, ...]] = {}
        self._closing: dict[str, str] = {}

    async def run(self, project_id: str, into: str | None, *, create_users: bool) -> CopyReport:
        self.report.source, self.report.target = self.source.name, self.target.name
        project = await self.source.get_project(project_id)
        if project is None:
            raise NotFoundError(
                f"no project {project_id!r}", provider=self.source.name, operation="copy_project"
            )
        self.report.project_id = project.id
        self.report.read[Entity.PROJECT] = 1
        self.users = UserMatcher(self.source, self.target, self.narrower, create=create_users)
        await self.users.load(project.id)
        await self._project(project, into)
        await copy_members(self.source, self.writer, self.users, self.progress)
        await self._load_choices()
        await self._sprints(project.id)
        await self._labels(project.id)
        await self._tasks(project.id)
        await self._close_sprints()
        await copy_parts(self.source, self.writer, self.users, self.progress)
        if self.source.capabilities.supports("list_watchers"):
            self.report.leave_out_all(Entity.TASK, "who watches a task is not copied", "watchers")
        await self._compare()
        return self.report

    # the project

    async def _project(self, project: PMProject, into: str | None) -> None:
        if into is None:
            made = await self._new_project(project)
        else:
            made = await self._existing_project(project, into)
        self.report.ids[Entity.PROJECT][project.id] = made.id
        self.report.target_project_id = made.id

    async def _existing_project(self, project: PMProject, into: str) -> PMProject:
        found = await self.target.get_project(into)
        if found is None:
            raise NotFoundError(f"no project {into!r}", provider=self.target.name, operation="copy_project")
        if self.source is self.target and found.id == project.id:
            raise ValidationError(
                fields={"into": "is the project that is copied"},
                provider=self.target.name,
                operation="copy_project",
            )
        self.report.matched[Entity.PROJECT] = 1
        self.report.leave_out_all(Entity.PROJECT, "the project existed; its own fields were not touched")
        return found

    async def _new_project(self, project: PMProject) -> PMProject:
        await self.users.settle([project.owner_id])
        values = self.narrower.values(Entity.PROJECT, project)
        key = values.get("key")
        if key and await self.target.get_project(key) is not None:
            self.report.alter(Entity.PROJECT, "key", f"{key!r} is taken in the target", project.id)
            del values["key"]
        made = await self.writer.write(Entity.PROJECT, project.id, values, self.target.create_project)
        return cast("PMProject", made)

    async def _load_choices(self) -> None:
        """The target's statuses and priorities: the vendor's own names survive where both have them."""
        if self.target.capabilities.supports("list_statuses"):
            statuses = tuple(await self.target.list_statuses(self.report.target_project_id))
            self.narrower.books["status"] = ChoiceBook(
                statuses, {one.id: one.status for one in statuses}, "status"
            )
        if self.target.capabilities.supports("list_priorities"):
            ranks = tuple(one for one in await self.target.list_priorities() if one.is_active)
            self.narrower.books["priority"] = ChoiceBook(
                ranks, {one.id: one.priority for one in ranks}, "priority"
            )

    # sprints and labels

    async def _sprints(self, project_id: str) -> None:
        known = await self._by_name(Entity.SPRINT)
        async for sprint in self._stream("list_sprints", lambda: self.source.iter_sprints(project_id)):
            await self._container(sprint, known, self._sprint_values)

    def _sprint_values(self, sprint: PMSprint) -> dict[str, Any]:
        return self.narrower.values(Entity.SPRINT, sprint)

    async def _labels(self, project_id: str) -> None:
        known = await self._by_name(Entity.LABEL)
        target_project = self.report.target_project_id

        def values(label: PMLabel) -> dict[str, Any]:
            given = {"project_id": target_project}
            if not self.target.capabilities.field(Entity.LABEL, "project_id").is_writable:
                given = {}
            return self.narrower.values(Entity.LABEL, label, given=given, kept=("project_id",))

        async for label in self._stream("list_labels", lambda: self.source.iter_labels(project_id)):
            await self._container(label, known, values)

    async def _by_name(self, entity: Entity) -> dict[str, str]:
        """Folded name -> id of what the target's project has already, without names that stand twice."""
        operation = f"list_{entity.plural}"
        if not self.target.capabilities.supports(operation):
            return {}
        found: defaultdict[str, list[str]] = defaultdict(list)
        for one in await getattr(self.target, operation)(self.report.target_project_id):
            found[one.name.strip().casefold()].append(one.id)
        return {name: ids[0] for name, ids in found.items() if len(ids) == 1}

    async def _container(
        self, record: Any, known: Mapping[str, str], values: Callable[[Any], dict[str, Any]]
    ) -> None:
        """A sprint or label: the target's own of that name, else a new one."""
        entity = Entity.SPRINT if isinstance(record, PMSprint) else Entity.LABEL
        self.report.read[entity] += 1
        self.progress(entity.plural, self.report.read[entity], None)
        existing = known.get(record.name.strip().casefold())
        if existing is not None:
            self.report.ids[entity][record.id] = existing
            self.report.matched[entity] += 1
            return
        operation = f"create_{entity.value}"
        if not self.target.capabilities.supports(operation):
            self.report.leave_out(entity, None, self.target.capabilities.operation(operation).note, record.id)
            return
        found = values(record)
        closed = entity is Entity.SPRINT and found.get("status") == SprintStatus.CLOSED
        if closed:
            found["status"] = SprintStatus.ACTIVE.value
        made = await self.writer.create(entity, record.id, found, getattr(self.target, operation))
        if made is not None:
            self.report.ids[entity][record.id] = made.id
            if closed:
                self._closing[record.id] = made.id

    async def _close_sprints(self) -> None:
        for source_id, sprint_id in self._closing.items():
            try:
                closed = await self.target.update_sprint(sprint_id, {"status": SprintStatus.CLOSED.value})
                self.writer.note_warnings(Entity.SPRINT, source_id, closed)
            except FATAL:
                raise
            except PMError as error:
                self.report.failed.append(CopyFailure(Entity.SPRINT, source_id, error))

    # tasks

    async def _tasks(self, project_id: str) -> None:
        """Chunks of tasks whose parent is there; the others wait for theirs."""
        ready: list[PMTask] = []
        waiting: defaultdict[str, list[PMTask]] = defaultdict(list)
        async for task in self.source.iter_tasks(project_id, window=2):
            self.report.read[Entity.TASK] += 1
            task.raw_data = None
            if task.parent_task_id and task.parent_task_id not in self.report.ids[Entity.TASK]:
                waiting[task.parent_task_id].append(task)
                continue
            ready.append(task)
            if len(ready) >= _CHUNK:
                await self._generation(ready, waiting)
                ready = []
        await self._generation(ready, waiting)
        # What waits now has a parent in another project, one that could not be copied, or stands in a circle.
        while waiting:
            first = self._next_root(waiting)
            await self._generation(waiting.pop(first), waiting)

    @staticmethod
    def _next_root(waiting: Mapping[str, list[PMTask]]) -> str:
        """A missing parent that does not wait itself; any one where all stand in circles."""
        inside = {task.id for tasks in waiting.values() for task in tasks}
        return next((parent for parent in waiting if parent not in inside), next(iter(waiting)))

    async def _generation(self, tasks: list[PMTask], waiting: dict[str, list[PMTask]]) -> None:
        """Create tasks, then those that waited for them, and so on down."""
        while tasks:
            for start in range(0, len(tasks), _CHUNK):
                await self._chunk(tasks[start : start + _CHUNK])
            made = self.report.ids[Entity.TASK]
            tasks = [child for task in tasks if task.id in made for child in waiting.pop(task.id, ())]

    async def _chunk(self, tasks: list[PMTask]) -> None:
        for task in tasks:
            await self.users.settle([task.assignee_id, *task.assignee_ids])
        pending = [(task.id, self.narrower.values(Entity.TASK, task)) for task in tasks]
        for _ in range(_ROUNDS):
            if not pending:
                break
            pending = await self._batch(pending)
        for source_id, _values in pending:
            error = ValidationError("the target kept rejecting fields", provider=self.target.name)
            self.report.failed.append(CopyFailure(Entity.TASK, source_id, error))
        self.progress(Entity.TASK.plural, self.report.created[Entity.TASK], None)

    async def _batch(self, pending: list[tuple[str, dict[str, Any]]]) -> list[tuple[str, dict[str, Any]]]:
        """Create; returns those to try again without the fields that the target rejected."""
        result = await self.target.create_tasks([PMTask(**values) for _, values in pending])
        again: list[tuple[str, dict[str, Any]]] = []
        fatal: PMError | None = None
        for (source_id, values), outcome in zip(pending, result, strict=True):
            if outcome.item is not None:
                self._created(source_id, outcome.item)
                continue
            error = outcome.error or ConflictError("the target did not say what became of it")
            fatal = fatal or (error if isinstance(error, FATAL) else None)
            less = without_rejected(Entity.TASK, values, error)
            if less is None:
                self.report.failed.append(CopyFailure(Entity.TASK, source_id, error))
                continue
            self.writer.note_rejected(Entity.TASK, source_id, less[1])
            again.append((source_id, less[0]))
        if fatal is not None:
            raise fatal
        return again

    def _created(self, source_id: str, made: PMTask) -> None:
        self.report.ids[Entity.TASK][source_id] = made.id
        self.report.created[Entity.TASK] += 1
        self.writer.note_warnings(Entity.TASK, source_id, made)
        self._written[made.id] = tuple(getattr(made, name) for name in _WATCHED)

    async def _compare(self) -> None:
        """Read the tasks once more: what the target changed after their creation is noted.

        Relations move dates and parents sum up their children in some systems.
        """
        sources = {target: source for source, target in self.report.ids[Entity.TASK].items()}
        async for task in self.target.iter_tasks(self.report.target_project_id, window=2):
            before = self._written.pop(task.id, None)
            if before is None:
                continue
            for name, value in zip(_WATCHED, before, strict=True):
                if getattr(task, name) != value:
                    reason = "the target changed it after the task was created"
                    self.report.alter(Entity.TASK, name, reason, sources[task.id])
        for lost in self._written:
            error = NotFoundError("created, but the target does not list it", provider=self.target.name)
            self.report.failed.append(CopyFailure(Entity.TASK, sources[lost], error))

    async def _stream(self, operation: str, records: Callable[[], AsyncIterator[R]]) -> AsyncIterator[R]:
        """Records of the source; none where it does not have that kind."""
        if self.source.capabilities.supports(operation):
            async for record in records():
                yield record
