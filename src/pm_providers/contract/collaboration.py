"""What stands around tasks: comments, labels, relations."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from dataclasses import replace
from typing import Any, cast

from pm_providers.contract.checklists import ChecklistOperations
from pm_providers.contract.queries import ListQuery, part_query
from pm_providers.contract.validation import Fields
from pm_providers.errors import ValidationError
from pm_providers.model import (
    INVERSE_RELATIONS,
    Entity,
    PMComment,
    PMLabel,
    PMRelation,
    RelationType,
)

__all__ = ["CollaborationOperations"]


class CollaborationOperations(ChecklistOperations):
    """Comments, labels, relations.

    `task_id=` (labels: `project_id=`) of updates and deletes is needed only with vendors whose ids are unique
    within their parent; the others ignore it.
    """

    # comments

    def iter_comments(
        self, task_id: str, *, limit: int | None = None, window: int = 1
    ) -> AsyncGenerator[PMComment, None]:
        """Comments of a task, one page in memory. See `list_comments`."""
        return self._stream(
            "list_comments", lambda: self._iter_comments(part_query(task_id, limit, window)), limit
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
            lambda: self._iter_labels(part_query(None, limit, window, project_id=project_id)),
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
            "list_relations", lambda: self._iter_relations(part_query(task_id, limit, window)), limit
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
