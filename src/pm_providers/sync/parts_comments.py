# ruff: noqa: ARG002 - kinds of parts take the same arguments
"""Comments, and attachments as comments that link to them."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any, ClassVar

from pm_providers.model import Entity, PMAttachment, PMComment
from pm_providers.sync.parts_model import Item, Kind, Scope, Values, filled, words
from pm_providers.sync.parts_records import WHY
from pm_providers.sync.parts_texts import (
    attachment_name,
    attachment_note,
    is_lasting,
    split_header,
    written_by,
)
from pm_providers.sync.people import Directory
from pm_providers.sync.policy import other
from pm_providers.sync.side import Side

__all__ = ["Attachments", "Comments", "People"]

_NOTE = "comment/"
"""Before the id of a comment that stands for an attachment."""


class People:
    """Who is who, asked only when somebody's words are carried."""

    async def me(self, side: Side) -> str | None:
        """Id of the connection's own account; `None` where it cannot be asked."""
        raise TypeError(f"nobody knows who {side!r} is")

    async def directory(self) -> Directory:
        """Pairs of users."""
        raise TypeError("there is no directory")

    def side(self, name: str) -> Side:
        """A side by name."""
        raise TypeError(f"there is no side {name!r}")

    async def name_of(self, side: Side, user_id: str | None) -> str:
        """Display name; `""` where it is not known."""
        raise TypeError(f"nobody knows {user_id!r} on {side!r}")


async def _comments(people: People, side: Side, scope: Scope) -> list[tuple[PMComment, bool]]:
    """Comments of a task, oldest first, and whether the connection's own account wrote each."""
    key = ("comments", side.name)
    if key not in scope.cache:
        found = await side.provider.list_comments(scope.ids[side.name])
        scope.cache[key] = [(one, await _is_ours(people, side, one)) for one in found]
    known: list[tuple[PMComment, bool]] = scope.cache[key]
    return known


async def _is_ours(people: People, side: Side, one: PMComment) -> bool:
    if not split_header(one.body)[0] and attachment_name(one.body) is None:
        return False  # nothing depends on it
    me = await people.me(side)
    return one.author_id is None or me is None or one.author_id == me


class Comments(Kind):
    """Comments. Authorship is kept as text where the account that writes is another user's."""

    entity: ClassVar = Entity.COMMENT.value
    part: ClassVar = "comments"
    plural: ClassVar = "comments"
    fields: ClassVar = ("body",)

    def __init__(self, people: People) -> None:
        self._people = people

    def reads(self, side: Side) -> bool:
        """Whether a side can tell of comments."""
        return side.provider.capabilities.supports("list_comments")

    def barred(self, target: Side) -> str:
        """Why comments cannot be made on a side."""
        return target.provider.capabilities.operation("create_comment").note if not _makes(target) else ""

    def cannot(self, target: Side) -> Mapping[str, str]:
        """Field -> why a side cannot be written there."""
        found = target.provider.capabilities.operation("update_comment")
        return {} if found.is_supported else {"body": found.note}

    def held(self, item: Item, target: Side, scope: Scope) -> str:
        """Why a comment is not carried."""
        capabilities = target.provider.capabilities
        hides = capabilities.field(Entity.COMMENT, "is_internal").is_writable
        if item.record.is_internal and not hides:
            return f"it is hidden from outsiders, and {target.title} cannot hide comments"
        most = capabilities.limits.lengths.get("comment.body")
        if most is not None and len(item.values.get("body", "")) + 400 > most:
            return f"longer than the {most} characters that {target.title} takes"
        return ""

    async def read(self, side: Side, scope: Scope) -> list[Item]:
        """Comments, without those that stand for attachments."""
        found = await _comments(self._people, side, scope)
        return [
            _comment(one, is_ours) for one, is_ours in found if not (is_ours and attachment_name(one.body))
        ]

    def key(self, values: Values) -> Hashable | None:
        """Equal texts are the same comment."""
        return words(values["body"]) if values.get("body") else None

    async def create(self, side: Side, scope: Scope, source: Item) -> Item:
        """Comment on the task there."""
        body = source.values.get("body", "")
        head = source.made_by or await self._head(side, source)
        hidden: dict[str, Any] = {"is_internal": True} if source.record.is_internal else {}
        text = f"{head}\n\n{body}" if head else body
        made = await side.provider.create_comment(
            PMComment(task_id=scope.ids[side.name], body=text, **hidden)
        )
        return _comment(made, bool(head))

    async def _head(self, target: Side, source: Item) -> str:
        record: PMComment = source.record
        directory = await self._people.directory()
        across = other(target.name)
        partner = directory.partner(across, record.author_id) if record.author_id else None
        if partner is not None and partner == await self._people.me(target):
            return ""
        origin = self._people.side(across)
        name = record.author_name or await self._people.name_of(origin, record.author_id)
        return written_by(name or "Somebody", record.created_at, origin.title)

    async def update(self, side: Side, scope: Scope, item: Item, values: Values) -> Item:
        """Change the text below who wrote it."""
        body = values.get("body") or ""
        text = f"{item.made_by}\n\n{body}" if item.made_by else body
        made = await side.provider.update_comment(item.id, {"body": text}, task_id=scope.ids[side.name])
        return _comment(made, bool(item.made_by))

    async def kept(self, side: Side, scope: Scope, item: Item) -> Values:
        """Who wrote it, as text, where that is not the account that would write it again."""
        record: PMComment = item.record
        head = item.made_by
        if not head and record.author_id not in {None, await self._people.me(side)}:
            name = record.author_name or await self._people.name_of(side, record.author_id)
            head = written_by(name or "Somebody", record.created_at, side.title)
        return filled({"made_by": head, "is_internal": record.is_internal or None})

    async def remake(self, side: Side, scope: Scope, values: Values, again: Values) -> Item:
        """Write it again, below who wrote it."""
        head, body = again.get("made_by") or "", values.get("body") or ""
        hidden: dict[str, Any] = {"is_internal": True} if again.get("is_internal") else {}
        text = f"{head}\n\n{body}" if head else body
        made = await side.provider.create_comment(
            PMComment(task_id=scope.ids[side.name], body=text, **hidden)
        )
        return _comment(made, bool(head))

    async def hindrance(self, side: Side, scope: Scope, again: Values) -> str:
        """What was hidden is not shown to all."""
        hides = side.provider.capabilities.field(Entity.COMMENT, "is_internal").is_writable
        return f"{side.title} cannot hide comments" if again.get("is_internal") and not hides else ""

    async def delete(self, side: Side, scope: Scope, item: Item) -> None:
        """Delete a comment."""
        await side.provider.delete_comment(item.id, task_id=scope.ids[side.name])


def _comment(one: PMComment, is_ours: bool) -> Item:
    head, body = split_header(one.body) if is_ours else ("", one.body)
    return Item(one.id, filled({"body": body}), one.updated_at or one.created_at, made_by=head, record=one)


def _makes(side: Side) -> bool:
    return side.provider.capabilities.supports("create_comment")


class Attachments(Kind):
    """Attachments: the file stays where it is, a comment across links to it. No bytes are copied."""

    entity: ClassVar = Entity.ATTACHMENT.value
    part: ClassVar = "attachments"
    plural: ClassVar = "attachments"
    fields: ClassVar = ("name",)

    def __init__(self, people: People) -> None:
        self._people = people

    def reads(self, side: Side) -> bool:
        """Whether a side can tell of attachments, or of comments that stand for them."""
        supports = side.provider.capabilities.supports
        return supports("list_attachments") or supports("list_comments")

    def barred(self, target: Side) -> str:
        """Why a side cannot hold a link."""
        return target.provider.capabilities.operation("create_comment").note if not _makes(target) else ""

    async def read(self, side: Side, scope: Scope) -> list[Item]:
        """Files, and comments that stand for files of the other side."""
        supports, task = side.provider.capabilities.supports, scope.ids[side.name]
        found = []
        if supports("list_attachments"):
            found = [_file(one) for one in await side.provider.list_attachments(task)]
        if not supports("list_comments"):
            return found
        for one, is_ours in await _comments(self._people, side, scope):
            name = attachment_name(one.body) if is_ours else None
            if name is not None:
                found.append(Item(f"{_NOTE}{one.id}", {"name": name}, one.updated_at, record=one))
        return found

    def key(self, values: Values) -> Hashable | None:
        """Equal names are the same file."""
        return words(values["name"]).casefold() if values.get("name") else None

    async def create(self, side: Side, scope: Scope, source: Item) -> Item:
        """Say in a comment where the file is."""
        origin = self._people.side(other(side.name))
        text = await self._text(origin, scope, source)
        made = await side.provider.create_comment(PMComment(task_id=scope.ids[side.name], body=text))
        name = attachment_name(made.body) or source.values["name"]
        return Item(f"{_NOTE}{made.id}", {"name": name}, made.updated_at, record=made)

    @staticmethod
    async def _text(origin: Side, scope: Scope, source: Item) -> str:
        record: Any = source.record
        if not isinstance(record, PMAttachment):
            return str(record.body)
        url = record.url if is_lasting(record.url) else None
        if url is None:
            task = await origin.provider.get_task(scope.ids[origin.name])
            url = task.url if task is not None and is_lasting(task.url) else None
        return attachment_note(record.file_name, record.size_bytes, origin.title, url)

    async def update(self, side: Side, scope: Scope, item: Item, values: Values) -> Item:
        """Rename a file; a comment that stands for one is written anew."""
        task = scope.ids[side.name]
        if not item.id.startswith(_NOTE):
            renamed = await side.provider.update_attachment(
                item.id, {"file_name": values["name"]}, task_id=task
            )
            return _file(renamed)
        origin = self._people.side(other(side.name))
        source = scope.cache.get(("source", self.entity, item.id))
        if source is not None:
            text = await self._text(origin, scope, source)
        else:
            text = attachment_note(str(values["name"]), None, origin.title, None)
        note = item.id.removeprefix(_NOTE)
        made = await side.provider.update_comment(note, {"body": text}, task_id=task)
        return Item(
            item.id, {"name": attachment_name(made.body) or values["name"]}, made.updated_at, record=made
        )

    async def kept(self, side: Side, scope: Scope, item: Item) -> Values:
        """The whole comment, with the address of the file. Files themselves are not kept."""
        if item.id.startswith(_NOTE):
            return {"text": item.record.body}
        return {WHY: "it was a file, and the history keeps no files"}

    async def remake(self, side: Side, scope: Scope, values: Values, again: Values) -> Item:
        """Say again where the file is."""
        origin = self._people.side(other(side.name))
        text = again.get("text") or attachment_note(str(values["name"]), None, origin.title, None)
        made = await side.provider.create_comment(PMComment(task_id=scope.ids[side.name], body=text))
        name = attachment_name(made.body) or values["name"]
        return Item(f"{_NOTE}{made.id}", {"name": name}, made.updated_at, record=made)

    async def delete(self, side: Side, scope: Scope, item: Item) -> None:
        """Delete what stands for a file that is gone. Files themselves are never deleted."""
        if item.id.startswith(_NOTE):
            await side.provider.delete_comment(item.id.removeprefix(_NOTE), task_id=scope.ids[side.name])


def _file(one: PMAttachment) -> Item:
    return Item(one.id, filled({"name": one.file_name}), one.created_at, record=one)
