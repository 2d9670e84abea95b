"""What stands around tasks: comments, labels, relations, attachments, time entries."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from dataclasses import replace
from typing import Any, cast

from pm_providers.contract.queries import ListQuery
from pm_providers.contract.tasks import TaskOperations
from pm_providers.contract.validation import Fields
from pm_providers.contract.values import check_id, check_optional_id
from pm_providers.errors import ValidationError
from pm_providers.model import (
    INVERSE_RELATIONS,
    Entity,
    PMAttachment,
    PMComment,
    PMLabel,
    PMRelation,
    PMTimeEntry,
    RelationType,
)

__all__ = ["CollaborationOperations"]


def _part_query(
    task_id: str | None, limit: int | None, window: int, *, project_id: str | None = None
) -> ListQuery:
    return ListQuery(
        task_id=check_optional_id(task_id, "task_id"),
        project_id=check_optional_id(project_id, "project_id"),
        limit=limit,
        window=window,
    )


def _content(content: object, most: int | None) -> bytes:
    if not isinstance(content, bytes | bytearray | memoryview):
        raise ValidationError(fields={"content": f"must be bytes, not {type(content).__name__}"})
    data = bytes(content)
    if most is not None and len(data) > most:
        raise ValidationError(fields={"content": f"has {len(data)} bytes; at most {most} are allowed"})
    return data


class CollaborationOperations(TaskOperations):
    """Comments, labels, relations, attachments, time entries.

    `task_id=` (labels: `project_id=`) of updates and deletes is needed only with vendors whose ids are unique
    within their parent; the others ignore it.
    """

    # comments

    def iter_comments(
        self, task_id: str, *, limit: int | None = None, window: int = 1
    ) -> AsyncGenerator[PMComment, None]:
        """Comments of a task, one page in memory. See `list_comments`."""
        return self._stream(
            "list_comments", lambda: self._iter_comments(_part_query(task_id, limit, window)), limit
        )

    async def list_comments(self, task_id: str, *, limit: int | None = None) -> list[PMComment]:
        """All comments of a task, oldest first.

        Raises:
            NotFoundError: no such task.
        """
        return [one async for one in self.iter_comments(task_id, limit=limit, window=self._window)]

    async def create_comment(self, comment: PMComment) -> PMComment:
        """Comment on `comment.task_id` as the current user; returns it as the system answered."""
        return await self._create(Entity.COMMENT, comment, self._create_comment)

    async def update_comment(
        self, comment_id: str, updates: Mapping[str, Any], *, task_id: str | None = None
    ) -> PMComment:
        """Change a comment's text.

        Args:
            comment_id: id.
            updates: field -> value.
            task_id: the task it stands on; some systems find comments only through it.

        Raises:
            NotFoundError: no such comment.
            ValidationError: the system needs `task_id`, or a value is not allowed.
        """
        return cast(
            "PMComment",
            await self._update(
                Entity.COMMENT,
                comment_id,
                updates,
                lambda one, fields: self._update_comment(one, fields, task_id),
            ),
        )

    async def delete_comment(self, comment_id: str, *, task_id: str | None = None) -> bool:
        """Delete a comment; `False` when it did not exist."""
        return await self._delete(Entity.COMMENT, comment_id, lambda one: self._delete_comment(one, task_id))

    # labels

    def iter_labels(
        self, project_id: str | None = None, *, limit: int | None = None, window: int = 1
    ) -> AsyncGenerator[PMLabel, None]:
        """Labels, one page in memory. See `list_labels`."""
        return self._stream(
            "list_labels",
            lambda: self._iter_labels(_part_query(None, limit, window, project_id=project_id)),
            limit,
        )

    async def list_labels(self, project_id: str | None = None, *, limit: int | None = None) -> list[PMLabel]:
        """Labels that tasks of a project can have; all that the caller may see without `project_id`."""
        return [one async for one in self.iter_labels(project_id, limit=limit, window=self._window)]

    async def create_label(self, label: PMLabel) -> PMLabel:
        """Create a label; returns it as the system answered.

        Raises:
            ValidationError: the name is taken.
        """
        return await self._create(Entity.LABEL, label, self._create_label)

    async def update_label(
        self, label_id: str, updates: Mapping[str, Any], *, project_id: str | None = None
    ) -> PMLabel:
        """Rename or recolour a label.

        Raises:
            NotFoundError: no such label.
        """
        return cast(
            "PMLabel",
            await self._update(
                Entity.LABEL,
                label_id,
                updates,
                lambda one, fields: self._update_label(one, fields, project_id),
            ),
        )

    async def delete_label(self, label_id: str, *, project_id: str | None = None) -> bool:
        """Delete a label; its tasks lose it. `False` when it did not exist."""
        return await self._delete(Entity.LABEL, label_id, lambda one: self._delete_label(one, project_id))

    # relations

    def iter_relations(
        self, task_id: str, *, limit: int | None = None, window: int = 1
    ) -> AsyncGenerator[PMRelation, None]:
        """Relations of a task, one page in memory. See `list_relations`."""
        return self._stream(
            "list_relations", lambda: self._iter_relations(_part_query(task_id, limit, window)), limit
        )

    async def list_relations(self, task_id: str, *, limit: int | None = None) -> list[PMRelation]:
        """Relations that the task is either end of, with their unified type.

        Raises:
            NotFoundError: no such task.
        """
        return [one async for one in self.iter_relations(task_id, limit=limit, window=self._window)]

    async def create_relation(self, relation: PMRelation) -> PMRelation:
        """Relate two tasks. An inverse type (`blocked_by`) is stored with both ends swapped.

        Raises:
            ValidationError: a task does not exist, is related to itself, or the relation closes a circle; a
                type that the system does not have (`limits.relation_types`).
            ConflictError: the two tasks are so related already.
        """
        if isinstance(relation, PMRelation):
            self._check_relation_type("create_relation", relation.type)
        if isinstance(relation, PMRelation) and relation.type in INVERSE_RELATIONS:
            relation = replace(
                relation,
                type=INVERSE_RELATIONS[relation.type].value,
                from_task_id=relation.to_task_id,
                to_task_id=relation.from_task_id,
            )
        return await self._create(Entity.RELATION, relation, self._create_relation)

    async def update_relation(
        self, relation_id: str, updates: Mapping[str, Any], *, task_id: str | None = None
    ) -> PMRelation:
        """Change type, lag or description; the ends are fixed.

        Raises:
            NotFoundError: no such relation.
            ValidationError: an inverse type: the ends cannot be swapped; a type that the system has not.
        """
        if isinstance(updates, Mapping):
            self._check_relation_type("update_relation", updates.get("type"))
        if isinstance(updates, Mapping) and updates.get("type") in INVERSE_RELATIONS:
            raise ValidationError(
                fields={"type": "the ends of a relation are fixed; delete it and create the inverse"},
                provider=self.name,
                operation="update_relation",
            )
        return cast(
            "PMRelation",
            await self._update(
                Entity.RELATION,
                relation_id,
                updates,
                lambda one, fields: self._update_relation(one, fields, task_id),
            ),
        )

    def _check_relation_type(self, operation: str, value: object) -> None:
        """Refuse a unified type that the system does not have; what is no type at all is refused later."""
        with self._operation(operation):
            self.capabilities.require(operation, self.name)
            kind = INVERSE_RELATIONS.get(value, value) if isinstance(value, str) else None
            known = self.capabilities.limits.relation_types
            if kind in set(RelationType) and kind not in known:
                has = ", ".join(known) or "none"
                raise ValidationError(fields={"type": f"{value!r} is unknown to the system; it has: {has}"})

    async def delete_relation(self, relation_id: str, *, task_id: str | None = None) -> bool:
        """Delete a relation; `False` when it did not exist."""
        return await self._delete(
            Entity.RELATION, relation_id, lambda one: self._delete_relation(one, task_id)
        )

    # attachments

    def iter_attachments(
        self, task_id: str, *, limit: int | None = None, window: int = 1
    ) -> AsyncGenerator[PMAttachment, None]:
        """Attachments of a task, one page in memory. See `list_attachments`."""
        return self._stream(
            "list_attachments", lambda: self._iter_attachments(_part_query(task_id, limit, window)), limit
        )

    async def list_attachments(self, task_id: str, *, limit: int | None = None) -> list[PMAttachment]:
        """Attachments of a task, oldest first, without their content.

        Raises:
            NotFoundError: no such task.
        """
        return [one async for one in self.iter_attachments(task_id, limit=limit, window=self._window)]

    async def create_attachment(self, attachment: PMAttachment, content: bytes) -> PMAttachment:
        """Upload a file to `attachment.task_id`; returns it as the system answered.

        Raises:
            ValidationError: too large (`limits.attachment_bytes`) or of a kind that is not allowed.
        """
        with self._operation("create_attachment"):
            self.capabilities.require("create_attachment", self.name)
            data = _content(content, self.capabilities.limits.attachment_bytes)
        return await self._create(
            Entity.ATTACHMENT, attachment, lambda fields: self._create_attachment(fields, data)
        )

    async def update_attachment(
        self, attachment_id: str, updates: Mapping[str, Any], *, task_id: str | None = None
    ) -> PMAttachment:
        """Rename or describe an attachment.

        Args:
            attachment_id: id.
            updates: field -> value.
            task_id: the task it stands on; some systems find attachments only through it.

        Raises:
            NotFoundError: no such attachment.
            ValidationError: the system needs `task_id`, or a value is not allowed.
        """
        return cast(
            "PMAttachment",
            await self._update(
                Entity.ATTACHMENT,
                attachment_id,
                updates,
                lambda one, fields: self._update_attachment(one, fields, task_id),
            ),
        )

    async def delete_attachment(self, attachment_id: str, *, task_id: str | None = None) -> bool:
        """Delete an attachment; `False` when it did not exist."""
        return await self._delete(
            Entity.ATTACHMENT, attachment_id, lambda one: self._delete_attachment(one, task_id)
        )

    async def download_attachment(self, attachment_id: str, *, task_id: str | None = None) -> bytes:
        """Content of an attachment.

        Raises:
            NotFoundError: no such attachment.
        """
        found = await self._call(
            "download_attachment",
            lambda: self._download_attachment(check_id(attachment_id, "attachment_id"), task_id),
        )
        return cast("bytes", found)

    # time entries

    def iter_time_entries(
        self,
        task_id: str | None = None,
        *,
        project_id: str | None = None,
        limit: int | None = None,
        window: int = 1,
    ) -> AsyncGenerator[PMTimeEntry, None]:
        """Time entries, one page in memory. See `list_time_entries`."""
        return self._stream(
            "list_time_entries",
            lambda: self._iter_time_entries(_part_query(task_id, limit, window, project_id=project_id)),
            limit,
        )

    async def list_time_entries(
        self, task_id: str | None = None, *, project_id: str | None = None, limit: int | None = None
    ) -> list[PMTimeEntry]:
        """Time entries of a task, of a project, or all that the caller may see; oldest day first.

        Raises:
            NotFoundError: no such task or project.
        """
        stream = self.iter_time_entries(task_id, project_id=project_id, limit=limit, window=self._window)
        return [one async for one in stream]

    async def create_time_entry(self, entry: PMTimeEntry) -> PMTimeEntry:
        """Log work; returns the entry as the system answered.

        Raises:
            ValidationError: no hours, no day, or an unknown task, user or activity.
        """
        return await self._create(Entity.TIME_ENTRY, entry, self._create_time_entry)

    async def update_time_entry(
        self, entry_id: str, updates: Mapping[str, Any], *, task_id: str | None = None
    ) -> PMTimeEntry:
        """Change the fields given; `None` clears.

        Raises:
            NotFoundError: no such entry.
        """
        return cast(
            "PMTimeEntry",
            await self._update(
                Entity.TIME_ENTRY,
                entry_id,
                updates,
                lambda one, fields: self._update_time_entry(one, fields, task_id),
            ),
        )

    async def delete_time_entry(self, entry_id: str, *, task_id: str | None = None) -> bool:
        """Delete a time entry; `False` when it did not exist."""
        return await self._delete(
            Entity.TIME_ENTRY, entry_id, lambda one: self._delete_time_entry(one, task_id)
        )

    # hooks

    def _iter_comments(self, query: ListQuery) -> AsyncIterator[PMComment]:
        raise self._refuse("list_comments")

    async def _create_comment(self, fields: Fields) -> PMComment:
        raise self._refuse("create_comment")

    async def _update_comment(self, comment_id: str, fields: Fields, task_id: str | None) -> PMComment:
        raise self._refuse("update_comment")

    async def _delete_comment(self, comment_id: str, task_id: str | None) -> bool:
        raise self._refuse("delete_comment")

    def _iter_labels(self, query: ListQuery) -> AsyncIterator[PMLabel]:
        raise self._refuse("list_labels")

    async def _create_label(self, fields: Fields) -> PMLabel:
        raise self._refuse("create_label")

    async def _update_label(self, label_id: str, fields: Fields, project_id: str | None) -> PMLabel:
        raise self._refuse("update_label")

    async def _delete_label(self, label_id: str, project_id: str | None) -> bool:
        raise self._refuse("delete_label")

    def _iter_relations(self, query: ListQuery) -> AsyncIterator[PMRelation]:
        raise self._refuse("list_relations")

    async def _create_relation(self, fields: Fields) -> PMRelation:
        raise self._refuse("create_relation")

    async def _update_relation(self, relation_id: str, fields: Fields, task_id: str | None) -> PMRelation:
        raise self._refuse("update_relation")

    async def _delete_relation(self, relation_id: str, task_id: str | None) -> bool:
        raise self._refuse("delete_relation")

    def _iter_attachments(self, query: ListQuery) -> AsyncIterator[PMAttachment]:
        raise self._refuse("list_attachments")

    async def _create_attachment(self, fields: Fields, content: bytes) -> PMAttachment:
        raise self._refuse("create_attachment")

    async def _update_attachment(
        self, attachment_id: str, fields: Fields, task_id: str | None
    ) -> PMAttachment:
        raise self._refuse("update_attachment")

    async def _delete_attachment(self, attachment_id: str, task_id: str | None) -> bool:
        raise self._refuse("delete_attachment")

    def _iter_time_entries(self, query: ListQuery) -> AsyncIterator[PMTimeEntry]:
        raise self._refuse("list_time_entries")

    async def _create_time_entry(self, fields: Fields) -> PMTimeEntry:
        raise self._refuse("create_time_entry")

    async def _update_time_entry(self, entry_id: str, fields: Fields, task_id: str | None) -> PMTimeEntry:
        raise self._refuse("update_time_entry")

    async def _delete_time_entry(self, entry_id: str, task_id: str | None) -> bool:
        raise self._refuse("delete_time_entry")

    async def _download_attachment(self, attachment_id: str, task_id: str | None) -> bytes:
        raise self._refuse("download_attachment")
