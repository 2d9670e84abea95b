"""What stands around copied tasks: relations, comments, checklists, time entries, attachments."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

from pm_providers.contract import BasePMProvider
from pm_providers.errors import PMError, UnsupportedError
from pm_providers.model import (
    Entity,
    PMAttachment,
    PMChecklist,
    PMChecklistItem,
    PMComment,
    PMRelation,
    PMTimeEntry,
)
from pm_providers.service.copy_report import CopyFailure, CopyProgress
from pm_providers.service.copy_users import UserMatcher
from pm_providers.service.copy_writing import FATAL, Writer
from pm_providers.transport import bounded_map

__all__ = ["copy_parts"]

_AS_TEXT = "kept as text: the target records the account that copies"


async def copy_parts(
    source: BasePMProvider, writer: Writer, users: UserMatcher, progress: CopyProgress
) -> None:
    """Copy the parts of all tasks that the report knows.

    Raises:
        PMError: one of the systems cannot be reached any more.
    """
    parts = _Parts(source, writer, users, progress)
    await parts.each_task(Entity.RELATION, parts.relations)
    await parts.each_task(Entity.COMMENT, parts.comments)
    await parts.each_task(Entity.CHECKLIST, parts.checklists)
    await parts.time_entries()
    await parts.each_task(Entity.ATTACHMENT, parts.attachments)


class _Parts:
    def __init__(
        self, source: BasePMProvider, writer: Writer, users: UserMatcher, progress: CopyProgress
    ) -> None:
        self.source = source
        self.target = writer.target
        self.writer = writer
        self.report = writer.report
        self.users = users
        self.progress = progress
        self._seen: set[str] = set()
        self._fatal: PMError | None = None

    def _can_copy(self, entity: Entity) -> bool:
        if not self.source.capabilities.supports(f"list_{entity.plural}"):
            return False
        created = self.target.capabilities.operation(f"create_{entity.value}")
        if not created.is_supported:
            self.report.leave_out_all(entity, created.note)
        return created.is_supported

    async def each_task(self, entity: Entity, work: Callable[[str], Awaitable[None]]) -> None:
        """Run `work` on the source id of every copied task, a few at a time, up to the first fatal error."""
        if not self._can_copy(entity):
            return
        tasks = list(self.report.ids[Entity.TASK])
        finished = 0

        async def one(task_id: str) -> None:
            nonlocal finished
            if self._fatal is not None:
                return
            try:
                await work(task_id)
            except FATAL as error:
                self._fatal = error
            except PMError as error:
                self.report.failed.append(CopyFailure(entity, f"of task {task_id}", error))
            finished += 1
            self.progress(entity.plural, finished, len(tasks))

        flight = min(self.source.capabilities.limits.concurrency, self.target.capabilities.limits.concurrency)
        for result in await bounded_map(one, tasks, max(1, flight)):
            if isinstance(result, Exception):
                raise result
        if self._fatal is not None:
            raise self._fatal

    async def relations(self, task_id: str) -> None:
        tasks = self.report.ids[Entity.TASK]
        async for relation in self.source.iter_relations(task_id):
            if relation.id in self._seen:
                continue
            self._seen.add(relation.id)
            self.report.read[Entity.RELATION] += 1
            if relation.from_task_id not in tasks or relation.to_task_id not in tasks:
                self.report.leave_out(
                    Entity.RELATION, None, "the other task is not part of the copy", relation.id
                )
                continue
            if relation.type not in self.target.capabilities.limits.relation_types:
                reason = f"the target has no relations of type {relation.type}"
                self.report.leave_out(Entity.RELATION, None, reason, relation.id)
                continue
            await self._create(Entity.RELATION, relation, self.target.create_relation)

    async def comments(self, task_id: str) -> None:
        hides = self.target.capabilities.field(Entity.COMMENT, "is_internal").is_writable
        async for comment in self.source.iter_comments(task_id):
            self.report.read[Entity.COMMENT] += 1
            if comment.is_internal and not hides:
                reason = "it is internal, and the target would show it to everybody"
                self.report.leave_out(Entity.COMMENT, None, reason, comment.id)
            elif not comment.body.strip():
                self.report.leave_out(Entity.COMMENT, None, "it has no text", comment.id)
            else:
                await self._comment(comment)

    async def _comment(self, comment: PMComment) -> None:
        await self.users.settle([comment.author_id])
        author = self.report.ids[Entity.USER].get(comment.author_id or "")
        given: dict[str, Any] = {"body": comment.body}
        kept: tuple[str, ...] = ("author_name",)
        if author and author == self.users.me:
            kept = ("author_name", "author_id")
        elif comment.author_id or comment.author_name:
            name = comment.author_name or self.users.name(comment.author_id)
            given["body"] = f"*{_inline(name)}{_on(comment.created_at)}:*\n\n{comment.body}"
            kept = ("author_name", "author_id", "created_at")
            self.report.alter(Entity.COMMENT, "author_id", _AS_TEXT, comment.id)
        given["body"] = self.writer.narrower.shortened(Entity.COMMENT, "body", given["body"], comment)
        await self._create(Entity.COMMENT, comment, self.target.create_comment, given=given, kept=kept)

    async def checklists(self, task_id: str) -> None:
        """Checklists in their order, each with its items in theirs: their places need not be written."""
        async for checklist in self.source.iter_checklists(task_id):
            self.report.read[Entity.CHECKLIST] += 1
            self.report.read.update([Entity.CHECKLIST_ITEM] * len(checklist.items))
            await self.users.settle([item.assignee_id for item in checklist.items])
            made = await self._create(
                Entity.CHECKLIST,
                checklist,
                self.target.create_checklist,
                given={"items": self._items(checklist)},
                kept=("position",),
            )
            if made is not None:
                self.report.created.update([Entity.CHECKLIST_ITEM] * len(made.items))

    def _items(self, checklist: PMChecklist) -> list[PMChecklistItem]:
        found: dict[str, PMChecklistItem] = {}
        for item in checklist.items:
            if not item.title.strip():
                self.report.leave_out(Entity.CHECKLIST_ITEM, None, "it has no text", item.id)
                continue
            kept = ["checklist_id", "position"]
            if item.parent_id and item.parent_id not in found:
                kept.append("parent_id")
                reason = "the item above is not part of the copy"
                self.report.leave_out(Entity.CHECKLIST_ITEM, "parent_id", reason, item.id)
            values = self.writer.narrower.values(Entity.CHECKLIST_ITEM, item, kept=kept)
            found[item.id] = PMChecklistItem(item.id, **values)
        return list(found.values())

    async def time_entries(self) -> None:
        """Time entries of the project, read as one list."""
        if not self._can_copy(Entity.TIME_ENTRY):
            return
        tasks = self.report.ids[Entity.TASK]
        async for entry in self.source.iter_time_entries(project_id=self.report.project_id, window=2):
            self.report.read[Entity.TIME_ENTRY] += 1
            self.progress(Entity.TIME_ENTRY.plural, self.report.read[Entity.TIME_ENTRY], None)
            if entry.task_id not in tasks:
                self.report.leave_out(Entity.TIME_ENTRY, None, "it stands on no task of the copy", entry.id)
            else:
                await self._time_entry(entry)

    async def _time_entry(self, entry: PMTimeEntry) -> None:
        await self.users.settle([entry.user_id])
        writable = self.target.capabilities.field(Entity.TIME_ENTRY, "user_id").is_writable
        person = self.report.ids[Entity.USER].get(entry.user_id or "")
        if not entry.user_id or person == self.users.me or (person and writable):
            kept = () if writable else ("user_id",)
            others = entry.user_id and person != self.users.me
            call = self._refusable(entry) if others else self.target.create_time_entry
            await self._create(Entity.TIME_ENTRY, entry, call, kept=kept)
            return
        await self._create(
            Entity.TIME_ENTRY,
            entry,
            self.target.create_time_entry,
            given=self._named(entry),
            kept=("user_id",),
        )

    def _named(self, entry: PMTimeEntry) -> dict[str, Any]:
        """The comment with the name of the user, for whom the target logs no time.

        Without a user the target would record the hours as the copying account's own.
        """
        self.report.alter(Entity.TIME_ENTRY, "user_id", _AS_TEXT, entry.id)
        if not self.target.capabilities.field(Entity.TIME_ENTRY, "comment").is_writable:
            return {}
        text = f"[{self.users.name(entry.user_id)}] {entry.comment or ''}".strip()
        return {"comment": self.writer.narrower.shortened(Entity.TIME_ENTRY, "comment", text, entry)}

    def _refusable(self, entry: PMTimeEntry) -> Callable[[PMTimeEntry], Awaitable[PMTimeEntry]]:
        """Creates the entry; its text names the user once the target has refused to log time for him."""
        named: dict[str, Any] | None = None

        async def create(draft: PMTimeEntry) -> PMTimeEntry:
            nonlocal named
            if draft.user_id is None:
                named = self._named(entry) if named is None else named
                draft = replace(draft, **named)
            return await self.target.create_time_entry(draft)

        return create

    async def attachments(self, task_id: str) -> None:
        most = self.target.capabilities.limits.attachment_bytes
        async for attachment in self.source.iter_attachments(task_id):
            self.report.read[Entity.ATTACHMENT] += 1
            if most is not None and (attachment.size_bytes or 0) > most:
                reason = f"larger than the {most} bytes that the target takes"
                self.report.leave_out(Entity.ATTACHMENT, None, reason, attachment.id)
            elif not self.source.capabilities.supports("download_attachment"):
                reason = self.source.capabilities.operation("download_attachment").note
                self.report.leave_out(Entity.ATTACHMENT, None, reason, attachment.id)
            else:
                await self._attachment(attachment, task_id)

    async def _attachment(self, attachment: PMAttachment, task_id: str) -> None:
        try:
            content = await self.source.download_attachment(attachment.id, task_id=task_id)
        except FATAL:
            raise
        except UnsupportedError as error:  # a link, for example: no file that could be copied
            reason = error.reason or error.message
            self.report.leave_out(Entity.ATTACHMENT, None, reason, attachment.id)
            return
        except PMError as error:
            self.report.failed.append(CopyFailure(Entity.ATTACHMENT, attachment.id, error))
            return
        await self._create(
            Entity.ATTACHMENT, attachment, lambda record: self.target.create_attachment(record, content)
        )

    async def _create(
        self,
        entity: Entity,
        record: PMRelation | PMComment | PMChecklist | PMTimeEntry | PMAttachment,
        call: Callable[[Any], Awaitable[Any]],
        *,
        given: dict[str, Any] | None = None,
        kept: tuple[str, ...] = (),
    ) -> Any:
        values = self.writer.narrower.values(entity, record, given=given, kept=kept)
        return await self.writer.create(entity, record.id, values, call)


def _inline(text: str) -> str:
    """A name as one line of Markdown text."""
    return "".join(f"\\{char}" if char in r"\`*_[]<>" else char for char in " ".join(text.split()))


def _on(moment: datetime | None) -> str:
    return f" on {moment:%Y-%m-%d %H:%M} UTC" if moment else ""
