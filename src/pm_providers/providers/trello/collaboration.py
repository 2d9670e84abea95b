"""Comments and labels. Relations there are none: cards know no other cards but by addresses attached."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any

from pm_providers.contract import Fields, ListQuery
from pm_providers.errors import NotFoundError, ValidationError
from pm_providers.model import PMComment, PMLabel, Record
from pm_providers.providers.trello.connection import Connection
from pm_providers.providers.trello.mapping.labels import label_kind
from pm_providers.providers.trello.mapping.parts import (
    COMMENT_TYPES,
    LABEL_COLORS,
    from_label,
    is_comment,
    to_comment,
    to_label,
)
from pm_providers.providers.trello.mapping.values import is_id, is_object
from pm_providers.toolkit.documents import broken, identifier, optional_text
from pm_providers.transport import bounded_map

__all__ = ["Comments", "Labels"]

_PAGE = 1000  # [doc] nested-resources; 50 by default
_MOST_PAGES = 1000
_LABEL_FIELDS = "id,idBoard,name,color"
_AUTHOR: Mapping[str, str] = {"memberCreator": "true", "memberCreator_fields": "fullName,username"}


class Comments(Connection):
    """Comments, which are actions. Their texts are Markdown; only their authors may change them."""

    async def _iter_comments(self, query: ListQuery) -> AsyncIterator[PMComment]:
        """Oldest first. The vendor tells the newest first, so all are read before the first is told.

        Without a filter moves of the card would come along, and comments that were copied with it be left
        out ([doc] nested-resources).

        Raises:
            NotFoundError: no such task.
        """
        task = query.task_id or ""
        if not is_object(task):
            raise NotFoundError(f"there is no task {task!r:.80}")
        for one in reversed(await self._comment_actions(task)):
            yield to_comment(one, keep_raw=self._options.keep_raw)

    async def _comment_actions(self, task: str) -> list[dict[str, Any]]:
        params: dict[str, str | int] = {
            **_AUTHOR, "filter": ",".join(COMMENT_TYPES), "limit": _PAGE, "member": "false",
        }  # fmt: skip
        found: dict[str, dict[str, Any]] = {}
        for _ in range(_MOST_PAGES):
            page = await self._api.all(f"cards/{task}/actions", params)
            found |= {identifier(one, "comment"): one for one in page}
            if len(page) < _PAGE:
                return [found[one] for one in sorted(found, reverse=True)]
            params["before"] = min(identifier(one, "comment") for one in page)
        raise broken("the list of comments never ends")

    async def _create_comment(self, fields: Fields) -> PMComment:
        """Not repeated when its answer got lost.

        Raises:
            ValidationError: no such task.
        """
        task = fields["task_id"]
        try:
            made = await self._api.post(f"cards/{task}/actions/comments", {"text": fields["body"]})
        except NotFoundError as error:
            raise ValidationError(fields={"task_id": f"there is no task {task!r:.80}"}) from error
        return to_comment(made, keep_raw=self._options.keep_raw)

    async def _update_comment(self, comment_id: str, fields: Fields, task_id: str | None) -> PMComment:
        """Only one's own.

        Raises:
            NotFoundError: no such comment.
            PermissionDeniedError: somebody else's.
        """
        if not is_id(comment_id):
            raise NotFoundError(f"there is no comment {comment_id!r:.80}")
        try:
            changed = await self._api.put(f"actions/{comment_id}", {"text": fields["body"]})
        except ValidationError as error:
            await self._check_comment(comment_id, error)
            raise
        if not isinstance(changed.get("memberCreator"), Mapping):
            changed = await self._api.get(f"actions/{comment_id}", _AUTHOR)
        return to_comment(changed, keep_raw=self._options.keep_raw)

    async def _check_comment(self, comment_id: str, error: ValidationError) -> None:
        """Actions of other kinds can be neither changed nor deleted: they are no comments.

        Raises:
            NotFoundError: it is none.
        """
        found = await self._api.find(f"actions/{comment_id}", {"fields": "type"})
        if found is None or not is_comment(found):
            raise NotFoundError(f"there is no comment {comment_id!r:.80}") from error

    async def _delete_comment(self, comment_id: str, task_id: str | None) -> bool:
        """One's own, or any as an administrator of the board."""
        if not is_id(comment_id):
            return False
        try:
            return await self._api.delete(f"actions/{comment_id}")
        except ValidationError as error:
            try:
                await self._check_comment(comment_id, error)
            except NotFoundError:
                return False
            raise


class Labels(Connection):
    """Labels of boards, but those that stand for sprints and priorities."""

    async def _iter_labels(self, query: ListQuery) -> AsyncIterator[PMLabel]:
        """Oldest first, boards by age.

        Raises:
            NotFoundError: no such project.
        """
        for label in await self._plain_labels(query.project_id):
            yield to_label(label, keep_raw=self._options.keep_raw)

    async def _plain_labels(self, project: str | None) -> list[Mapping[str, Any]]:
        if project is not None:
            if not is_object(project):
                raise NotFoundError(f"there is no project {project!r:.80}")
            found = await self._labels_of(project)
        else:
            found = await self._all_labels()
        return [one for one in found if label_kind(one, self._rules).is_plain]

    async def _labels_of(self, board: str) -> list[Mapping[str, Any]]:
        """All labels of a board."""
        found = (await self._catalog.place(board, fresh=True)).labels
        return sorted(found, key=lambda one: identifier(one, "label"))

    async def _all_labels(self) -> list[Mapping[str, Any]]:
        boards = [identifier(one, "board") for one in await self._catalog.boards()]
        found: list[Mapping[str, Any]] = []
        for part in await bounded_map(self._labels_of, boards, self._options.concurrency):
            if isinstance(part, NotFoundError):
                continue  # gone since the boards were listed
            if isinstance(part, Exception):
                raise part
            found += part
        return found

    async def _create_label(self, fields: Fields) -> PMLabel:
        """The labels of the board are read first: the vendor takes a name twice. Not repeated.

        Raises:
            ValidationError: no project, a name that is taken, or one that stands for a sprint or priority.
        """
        board = fields.get("project_id")
        if not board:
            raise ValidationError(fields={"project_id": "is needed: labels belong to a board"})
        body = {"color": None, **from_label(fields)}
        self._check_plain_name(body["name"])
        async with self._locks.hold(("label", board)):
            try:
                await self._check_free_name(body["name"], board)
            except NotFoundError as error:
                raise ValidationError(fields={"project_id": f"there is no project {board!r:.80}"}) from error
            made = await self._api.post("labels", {**body, "idBoard": board})
        return to_label(made, keep_raw=self._options.keep_raw)

    async def _update_label(self, label_id: str, fields: Fields, project_id: str | None) -> PMLabel:
        """Its name must be free, and stay that of a label.

        Raises:
            NotFoundError: no such label, or one that stands for a sprint or priority.
            ValidationError: a name that is taken, or one that stands for a sprint or priority.
        """
        body = from_label(fields)
        if "name" in body:
            self._check_plain_name(body["name"])
        found = await self._find_label(label_id)
        if found is None:
            raise NotFoundError(f"there is no label {label_id!r:.80}")
        board = optional_text(found, "idBoard") or ""
        async with self._locks.hold(("label", board)):
            if "name" in body:
                await self._check_free_name(body["name"], board, own=label_id.lower())
            changed = await self._api.put(f"labels/{label_id}", body)
        return to_label(changed, keep_raw=self._options.keep_raw)

    async def _delete_label(self, label_id: str, project_id: str | None) -> bool:
        """A label that stands for a sprint or a priority is none, and stays."""
        found = await self._find_label(label_id)
        if found is None:
            return False
        gone = await self._api.delete(f"labels/{label_id}")
        self._catalog.drop(optional_text(found, "idBoard") or "")
        return gone

    async def _find_label(self, label_id: str) -> dict[str, Any] | None:
        """A label that is nothing else."""
        if not is_id(label_id):
            return None
        found = await self._api.find(f"labels/{label_id}", {"fields": _LABEL_FIELDS})
        return found if found is not None and label_kind(found, self._rules).is_plain else None

    def _check_plain_name(self, name: str) -> None:
        """Refuse what the conventions read as something else.

        Raises:
            ValidationError: a label of this name would be a sprint or a priority.
        """
        kind = label_kind({"id": "new", "name": name}, self._rules)
        if not kind.is_plain:
            what = "a sprint: use create_sprint" if kind.sprint is not None else "a priority"
            raise ValidationError(fields={"name": f"a label {name!r:.80} stands for {what}"})

    async def _check_free_name(self, name: str, board: str, own: str | None = None) -> None:
        """Refuse a name that another label of the board has: nobody could tell the two apart.

        Raises:
            NotFoundError: no such board.
            ValidationError: it is taken.
        """
        for one in await self._labels_of(board):
            label = to_label(one)
            if label.name.casefold() == name.casefold() and label.id != own:
                raise ValidationError(fields={"name": f"{name!r:.60} is taken by label {label.id}"})

    def _holds(self, name: str, asked: Any, result: Record) -> bool:
        """Colours are taken by the vendor's names as well; blanks around names are dropped."""
        if isinstance(result, PMLabel) and isinstance(asked, str):
            if name == "color":
                folded = asked.strip().casefold()
                return LABEL_COLORS.get(folded, folded) == result.color
            if name == "name":
                return asked.strip() == result.name
        return super()._holds(name, asked, result)
