"""Comments, relations and attachments."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any

from pm_providers.contract import Fields, ListQuery
from pm_providers.errors import (
    ConflictError,
    NotFoundError,
    PermissionDeniedError,
    PMError,
    ProviderError,
    ValidationError,
)
from pm_providers.model import PMAttachment, PMComment, PMRelation, RelationType
from pm_providers.providers.redmine.connection import Connection
from pm_providers.providers.redmine.mapping.parts import (
    note_text,
    relation_body,
    to_attachment,
    to_comment,
    to_relation,
)
from pm_providers.providers.redmine.mapping.values import ref_id
from pm_providers.providers.redmine.time_entries import TimeEntries
from pm_providers.toolkit.documents import identifier, is_number, objects, part
from pm_providers.transport import MIB

__all__ = ["Attachments", "Comments", "Relations", "TimeEntries"]

_MAX_DOWNLOAD = 1024 * MIB
_ATTEMPTS = 3
_HIDE = "set_notes_private"
_NEEDS_TASK = "is needed: the system tells {} with their issue only, and they do not name it"


class IssueParts(Connection):
    """What is added to an issue by writing the issue."""

    async def _add_to_issue(self, task: str, addition: Mapping[str, Any]) -> PMError | None:
        """Write notes or uploads; each is added as often as it is sent, so a lost answer is not repeated.

        When somebody else writes the issue in the same moment, nothing is stored: only then it is sent again.

        Returns:
            The error after which it is not known whether the addition was stored; `None` after 204, which
            does not say so either (recorded, note 2).
        """
        for left in reversed(range(_ATTEMPTS)):
            try:
                await self._api.put(f"issues/{task}", {"issue": dict(addition)}, safe=False)
            except ConflictError:
                if not left:
                    raise
            except PMError as error:
                if not error.maybe_applied:
                    raise
                return error
            else:
                break
        return None

    async def _issue_written(self, task: str, include: str) -> dict[str, Any]:
        """An issue that is about to be added to.

        Raises:
            ValidationError: there is none; names the field.
        """
        try:
            return await self._task_document(task, include)
        except NotFoundError as error:
            raise ValidationError(fields={"task_id": error.message}) from None


class Comments(IssueParts):
    """Journal entries that hold notes."""

    async def _iter_comments(self, query: ListQuery) -> AsyncIterator[PMComment]:
        """All journal entries come with their issue: there are no pages."""
        task = query.task_id or ""
        await self._texts()
        for one in _notes(await self._task_document(task, "journals")):
            yield self._comment(one, task)

    async def _create_comment(self, fields: Fields) -> PMComment:
        """Notes are a change of the issue, whose answer is empty: the new entry is looked for.

        Raises:
            PermissionDeniedError: these credentials may not comment, or not hide a comment.
        """
        task, sent = fields["task_id"], await self._notes_of(fields)
        async with self._locks.hold(task):
            before = await self._issue_written(task, "journals")
            addition: dict[str, Any] = {"notes": sent}
            if fields.get("is_internal"):
                await self._check_hiding(before)
                addition["private_notes"] = True
            lost = await self._add_to_issue(task, addition)
            found = await self._new_note(task, sent, {identifier(one, "journal") for one in _notes(before)})
        if found is None:
            raise lost or PermissionDeniedError(
                f"nothing was stored: these credentials may not comment on task {task}"
            )
        return self._comment(found, task)

    async def _notes_of(self, fields: Fields) -> str:
        """The text to store.

        Raises:
            ValidationError: nothing but blanks (`&nbsp;` is one): a journal entry would be deleted for it.
        """
        found = (await self._texts()).write(fields["body"]) or ""
        if not found.strip():
            raise ValidationError(fields={"body": "holds only blanks, which the system does not store"})
        return found

    async def _new_note(self, task: str, sent: str, before: set[str]) -> dict[str, Any] | None:
        """The newest entry of our own that was not there before, with this text if there is one."""
        mine = str((await self._api.identify()).get("id"))
        found = _notes(await self._task_document(task, "journals"))
        new = [one for one in found if ref_id(one, "user") == mine and str(one.get("id")) not in before]
        same = [one for one in new if _plain(note_text(one)) == _plain(sent)]
        return next(reversed(same or new), None)

    async def _check_hiding(self, task: Mapping[str, Any]) -> None:
        """Without the right, private notes are stored for all to see, with status 204.

        Raises:
            PermissionDeniedError: no role of ours in the project has the right. Nothing is sent.
        """
        if await self._api.is_admin():
            return
        me = await self._api.one("users/current", "user", {"include": "memberships"})
        project = ref_id(task, "project")
        for membership in objects(me, "memberships"):
            if ref_id(membership, "project") != project:
                continue
            for role in objects(membership, "roles"):
                rights = await self._api.one(f"roles/{identifier(role, 'role')}", "role")
                if _HIDE in (rights.get("permissions") or ()):
                    return
        raise PermissionDeniedError(
            "these credentials may not write private notes in this project: the comment would be seen by all"
        )

    async def _update_comment(self, comment_id: str, fields: Fields, task_id: str | None) -> PMComment:
        """Needs `task_id`: journal entries are read with their issue only."""
        task = _task_of("comments", task_id)
        sent = await self._notes_of(fields)
        await self._note(comment_id, task)
        await self._api.put(f"journals/{comment_id}", {"journal": {"notes": sent}})
        return self._comment(await self._note(comment_id, task), task)

    async def _delete_comment(self, comment_id: str, task_id: str | None) -> bool:
        """An empty text deletes the entry, or leaves it with the changes that it holds besides."""
        task = _task_of("comments", task_id)
        try:
            await self._note(comment_id, task)
            await self._api.put(f"journals/{comment_id}", {"journal": {"notes": ""}})
        except NotFoundError:
            return False
        try:
            await self._note(comment_id, task)
        except NotFoundError:
            return True
        raise ProviderError(f"comment {comment_id} is still there, although the system took the deletion")

    async def _note(self, comment_id: str, task: str) -> dict[str, Any]:
        for one in _notes(await self._task_document(task, "journals")):
            if identifier(one, "journal") == comment_id:
                return one
        raise NotFoundError(f"there is no comment {comment_id!r:.80} on task {task}")

    def _comment(self, journal: Mapping[str, Any], task: str) -> PMComment:
        return to_comment(
            journal,
            task,
            text=self._format.read,
            base_url=self._options.base_url,
            keep_raw=self._options.keep_raw,
        )


def _notes(issue: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Journal entries with notes, oldest first."""
    found = [one for one in objects(issue, "journals") if note_text(one)]
    return sorted(found, key=lambda one: (str(one.get("created_on")), int(identifier(one, "journal"))))


def _plain(text: str) -> str:
    return text.replace("\r\n", "\n").strip()


def _task_of(kind: str, task_id: str | None) -> str:
    if not task_id:
        raise ValidationError(fields={"task_id": _NEEDS_TASK.format(kind)})
    return task_id


class Relations(Connection):
    """Relations. They cannot be changed (recorded 09-…: step 28)."""

    async def _iter_relations(self, query: ListQuery) -> AsyncIterator[PMRelation]:
        """Oldest first."""
        for one in await self._relations_of(query.task_id or ""):
            yield one

    async def _relations_of(self, task: str) -> list[PMRelation]:
        """Read with the issue: their own list wants the right to change them, and an open project."""
        # An issue without relations has no list of them ([code] app/views/issues/show.api.rsb).
        found = objects({"relations": [], **await self._task_document(task, "relations")}, "relations")
        read = [to_relation(one, keep_raw=self._options.keep_raw) for one in found]
        return sorted(read, key=lambda one: int(one.id))

    async def _create_relation(self, fields: Fields) -> PMRelation:
        """Dates of a follower, and of what follows it, may move at once.

        The ends of `relates` are stored in the order of their numbers.
        """
        _check_relation(fields)
        try:
            answer = await self._api.post(f"issues/{fields['from_task_id']}/relations", relation_body(fields))
        except (ValidationError, NotFoundError) as error:
            await self._explain_relation(error, fields)
            raise
        made = to_relation(part(answer, "relation"), keep_raw=self._options.keep_raw)
        if made.type == RelationType.RELATES and made.from_task_id == fields["to_task_id"]:
            fields["from_task_id"], fields["to_task_id"] = made.from_task_id, made.to_task_id
        return made

    async def _explain_relation(self, error: PMError, fields: Mapping[str, Any]) -> None:
        """Why a relation was refused: the text may be of any language, so the tasks are looked at.

        Raises:
            ValidationError: one of the tasks does not exist.
            ConflictError: the first leads to the second already, in whatever way.
        """
        ends = (fields["from_task_id"], fields["to_task_id"])
        for name, one in zip(("from_task_id", "to_task_id"), ends, strict=True):
            if await self._find_task(one) is None:
                raise ValidationError(fields={name: f"there is no task {one!r:.80}"}) from error
        mutual = fields["type"] == RelationType.RELATES
        for found in await self._relations_of(ends[0]):
            there = (found.from_task_id, found.to_task_id)
            if there == ends or (mutual and there == ends[::-1]):
                raise ConflictError(
                    f"tasks {ends[0]} and {ends[1]} are related already: "
                    f"{there[0]} {found.type} {there[1]} (relation {found.id})",
                    fields=("type",),
                    status=error.status,
                ) from error

    async def _delete_relation(self, relation_id: str, task_id: str | None) -> bool:
        return is_number(relation_id) and await self._api.delete(f"relations/{relation_id}")


def _check_relation(fields: Mapping[str, Any]) -> None:
    if fields["from_task_id"] == fields["to_task_id"]:
        raise ValidationError(fields={"to_task_id": "a task cannot be related to itself"})
    if fields.get("lag_days") is not None and fields["type"] != RelationType.PRECEDES:
        raise ValidationError(fields={"lag_days": "only a relation of type precedes has a lag"})


class Attachments(IssueParts):
    """Files on issues: uploaded first, then attached by a token that works once."""

    async def _iter_attachments(self, query: ListQuery) -> AsyncIterator[PMAttachment]:
        task = query.task_id or ""
        found = objects(await self._task_document(task, "attachments"), "attachments")
        for one in sorted(found, key=lambda item: int(identifier(item, "attachment"))):
            yield self._attachment(one, task)

    async def _create_attachment(self, fields: Fields, content: bytes) -> PMAttachment:
        """An upload that stays unattached is deleted by the system after a day.

        Raises:
            PermissionDeniedError: these credentials may upload files, but not attach them to this task.
        """
        task = fields["task_id"]
        await self._issue_written(task, "")
        upload = await self._api.upload(content, fields["file_name"])
        token = str(upload.get("token"))
        wire = {"token": token, "filename": fields["file_name"]}
        wire.update({name: fields[name] for name in ("description", "content_type") if fields.get(name)})
        async with self._locks.hold(task):
            lost = await self._add_to_issue(task, {"uploads": [wire]})
        found = await self._find_attachment(str(upload.get("id") or token.partition(".")[0]), task)
        if found is None:
            raise lost or PermissionDeniedError(
                f"the file was uploaded, but these credentials may not attach it to task {task}"
            )
        return self._attachment(found, task)

    async def _find_attachment(self, attachment_id: str, task: str) -> dict[str, Any] | None:
        found = objects(await self._task_document(task, "attachments"), "attachments")
        return next((one for one in found if identifier(one, "attachment") == attachment_id), None)

    async def _update_attachment(
        self, attachment_id: str, fields: Fields, task_id: str | None
    ) -> PMAttachment:
        """Needs `task_id`: an attachment does not name its issue (recorded 09-…: step 44)."""
        task = _task_of("attachments", task_id)
        if await self._find_attachment(attachment_id, task) is None:
            raise NotFoundError(f"there is no attachment {attachment_id!r:.80} on task {task}")
        names = {"file_name": "filename", "description": "description"}
        body = {theirs: fields[ours] or "" for ours, theirs in names.items() if ours in fields}
        path = f"attachments/{attachment_id}"
        await self._api.put(path, {"attachment": body})
        return self._attachment(await self._api.one(path, "attachment"), task)

    async def _delete_attachment(self, attachment_id: str, task_id: str | None) -> bool:
        return is_number(attachment_id) and await self._api.delete(f"attachments/{attachment_id}")

    async def _download_attachment(self, attachment_id: str, task_id: str | None) -> bytes:
        if not is_number(attachment_id):
            raise NotFoundError(f"there is no attachment {attachment_id!r:.80}")
        return await self._api.download(f"attachments/download/{attachment_id}", _MAX_DOWNLOAD)

    def _attachment(self, found: Mapping[str, Any], task: str) -> PMAttachment:
        return to_attachment(found, task, base_url=self._options.base_url, keep_raw=self._options.keep_raw)
