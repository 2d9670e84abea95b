"""Comments, and relations between tasks."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from typing import Any

from pm_providers.contract import Fields, ListQuery
from pm_providers.errors import ConflictError, NotFoundError, PMError, ProviderError, ValidationError
from pm_providers.model import PMComment, PMRelation, Record, RelationType, WriteWarning
from pm_providers.providers.clickup.connection import Connection
from pm_providers.providers.clickup.mapping.comment_parts import Part, unsaid
from pm_providers.providers.clickup.mapping.comment_reading import same_text
from pm_providers.providers.clickup.mapping.comment_writing import is_plain, parts_of, plain
from pm_providers.providers.clickup.mapping.parts import (
    comment_parts,
    is_part_id,
    relation_ends,
    relation_id,
    relations_of,
    to_comment,
)
from pm_providers.providers.clickup.mapping.values import milliseconds, ref_id
from pm_providers.toolkit.documents import identifier
from pm_providers.transport import bounded_map

__all__ = ["Comments", "Relations"]

_PAGE = 25
_NEEDED = "is needed: the API shows comments on their task only"


class Comments(Connection):
    """Comments, and the answers to them, which are comments of the task, too."""

    async def _iter_comments(self, query: ListQuery) -> AsyncIterator[PMComment]:
        """Oldest first, answers among the others by their time; all pages are read, as the newest come first.

        Raises:
            NotFoundError: no such task.
        """
        task = await self._task_id(query.task_id or "")
        found = await self._threads(task)
        found += await self._replies(found)
        for one in sorted(found, key=_age):
            yield self._comment(one, task)

    async def _threads(self, task: str, *, until: str | None = None) -> list[dict[str, Any]]:
        """Comments of a task without the answers, newest first; `until` the one with that id is there.

        The next page needs the time and the id of the last comment: one of them alone begins anew ([doc]).
        """
        found: dict[str, dict[str, Any]] = {}
        params: dict[str, str] = {}
        while True:
            page = await self._api.all(f"task/{task}/comment", "comments", params)
            known = len(found)
            found |= {identifier(one, "comment"): one for one in page}
            if len(page) < _PAGE or len(found) == known or (until is not None and until in found):
                return list(found.values())
            last = page[-1]
            params = {"start": str(last.get("date")), "start_id": identifier(last, "comment")}

    async def _replies(self, threads: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Answers to comments that have some."""
        asked = [identifier(one, "comment") for one in threads if milliseconds(one.get("reply_count"))]

        async def answers(one: str) -> list[dict[str, Any]]:
            return await self._api.all(f"comment/{one}/reply", "comments")

        result: list[dict[str, Any]] = []
        for found in await bounded_map(answers, asked, self._options.concurrency):
            if isinstance(found, NotFoundError):
                continue  # deleted meanwhile
            if isinstance(found, Exception):
                raise found
            result += found
        return result

    async def _find_comment(self, task: str, comment_id: str) -> dict[str, Any] | None:
        """A comment of a task: the API has no address that reads one."""
        threads = await self._threads(task, until=comment_id)
        for found in threads, await self._replies(threads) if not _among(threads, comment_id) else []:
            if (one := _among(found, comment_id)) is not None:
                return one
        return None

    async def _create_comment(self, fields: Fields) -> PMComment:
        """The answer holds no text: the comment is read from the list.

        Raises:
            ValidationError: no such task, or no text.
            ProviderError: it was made, and is not shown.
        """
        task, parts = fields["task_id"], parts_of(fields["body"])
        body = _said(parts)
        await self._check_people(parts)
        try:
            made = await self._api.post(f"task/{task}/comment", {**body, "notify_all": False})
        except NotFoundError as error:
            raise ValidationError(fields={"task_id": f"there is no task {task!r:.80}"}) from error
        one = identifier(made, "comment")
        found = _among(await self._threads(task, until=one), one)
        if found is None:
            raise ProviderError(f"comment {one} was made, and the task does not show it")
        return self._comment(found, task)

    async def _update_comment(self, comment_id: str, fields: Fields, task_id: str | None) -> PMComment:
        """The stored comment is read first: what Markdown cannot say outlives the edit, and who it is for.

        The document asks for the assignee and whether it is resolved with each change.

        Raises:
            ValidationError: without the task it cannot be found.
            NotFoundError: the task has no such comment.
            PermissionDeniedError: somebody else wrote it.
        """
        if not task_id:
            raise ValidationError(fields={"task_id": _NEEDED})
        task = await self._task_id(task_id)
        stored = await self._stored(task, comment_id)
        before = comment_parts(stored)
        written = parts_of(fields["body"], before)
        await self._check_people([one for one in written if one not in before])
        body: dict[str, Any] = {**_said(written), "resolved": stored.get("resolved") is True}
        if (assignee := ref_id(stored, "assignee")) is not None and assignee.isdecimal():
            body["assignee"] = int(assignee)
        await self._api.put(f"comment/{comment_id}", body)
        changed = self._comment(await self._stored(task, comment_id), task)
        lost = sorted(unsaid(before) - unsaid(written))
        if not lost:
            return changed
        why = f"Markdown cannot say what the comment had besides: {', '.join(lost):.200}"
        return replace(changed, warnings=(WriteWarning("body", fields["body"], changed.body, why),))

    async def _check_people(self, parts: list[Part]) -> None:
        """Refuse to mention those who are no members: nobody would be told.

        Raises:
            ValidationError: names the first one.
        """
        for one in parts:
            user = ref_id(one, "user") if one.get("type") == "tag" else None
            if user is not None and await self._catalog.member(user) is None:
                raise ValidationError(fields={"body": f"mentions {user:.40}, who is not in the Workspace"})

    async def _stored(self, task: str, comment_id: str) -> dict[str, Any]:
        found = await self._find_comment(task, comment_id) if is_part_id(comment_id) else None
        if found is None:
            raise NotFoundError(f"there is no comment {comment_id!r:.80} on task {task}")
        return found

    async def _delete_comment(self, comment_id: str, task_id: str | None) -> bool:
        if not is_part_id(comment_id):
            return False
        return await self._api.delete(f"comment/{comment_id}", look=f"comment/{comment_id}/reply")

    def _comment(self, document: Mapping[str, Any], task: str) -> PMComment:
        return to_comment(document, task, keep_raw=self._options.keep_raw)

    def _holds(self, name: str, asked: Any, result: Record) -> bool:
        """Line ends that Markdown shows as spaces come back as spaces."""
        if super()._holds(name, asked, result):
            return True
        return isinstance(result, PMComment) and name == "body" and same_text(str(asked), result.body)


def _among(comments: list[dict[str, Any]], comment_id: str) -> dict[str, Any] | None:
    return next((one for one in comments if identifier(one, "comment") == comment_id), None)


def _age(comment: Mapping[str, Any]) -> tuple[int, int, str]:
    """Order of comments: by time, then by id, whose numbers rise."""
    one = identifier(comment, "comment")
    return (milliseconds(comment.get("date")) or 0, len(one), one)


def _said(parts: list[Part]) -> dict[str, Any]:
    """Members of a body: the text alone where it has no form, else the pieces ([doc] comment-formatting)."""
    if not parts:
        raise ValidationError(fields={"body": "has no text"})
    return {"comment_text": plain(parts)} if is_plain(parts) else {"comment": list(parts)}


class Relations(Connection):
    """Dependencies, which are `blocks`, and links, which are `relates`. The vendor has no ids for them."""

    async def _iter_relations(self, query: ListQuery) -> AsyncIterator[PMRelation]:
        """Dependencies first, then links. A request for each related task.

        Whether a task still shows what leads to one in the trash is documented nowhere, so that is looked up.
        """
        task = await self._task_document(query.task_id or "")
        found = self._relations(task)
        there = await self._existing(
            {end for one in found for end in (one.from_task_id, one.to_task_id)} - {identifier(task, "task")}
        )
        for one in found:
            if {one.from_task_id, one.to_task_id} <= {*there, identifier(task, "task")}:
                yield one

    async def _existing(self, ids: set[str]) -> set[str]:
        """Those of some ids that are tasks which can be read."""
        asked = sorted(ids)
        answers = await bounded_map(self._api.find_task, asked, self._options.concurrency)
        for answer in answers:
            if isinstance(answer, BaseException):
                raise answer
        return {one for one, answer in zip(asked, answers, strict=True) if answer is not None}

    def _relations(self, task: Mapping[str, Any]) -> list[PMRelation]:
        return relations_of(task, keep_raw=self._options.keep_raw)

    async def _create_relation(self, fields: Fields) -> PMRelation:
        """Relations are read before and after: answers are empty, and one that exists is made without a word.

        Raises:
            ConflictError: the two are related so already.
            ValidationError: a task does not exist, or each would wait for the other.
        """
        start, end, kind = fields["from_task_id"], fields["to_task_id"], fields["type"]
        if start == end:
            raise ValidationError(fields={"to_task_id": "a task cannot be related to itself"})
        one = relation_id(kind, start, end)
        async with self._locks.hold(f"relations {min(start, end)} {max(start, end)}"):
            await self._check_relation(kind, start, end)
            await self._relate(kind, start, end)
            made = await self._relation(end, one)
        if made is None:
            raise ProviderError("the system took the relation, and does not show it")
        fields["from_task_id"], fields["to_task_id"] = made.from_task_id, made.to_task_id
        return made

    async def _check_relation(self, kind: str, start: str, end: str) -> None:
        try:
            there = {one.id for one in self._relations(await self._task_document(end))}
        except NotFoundError as error:
            raise ValidationError(fields={"to_task_id": error.message}) from None
        if (one := relation_id(kind, start, end)) in there:
            raise ConflictError(
                f"tasks {start} and {end} are related so already: relation {one}", fields=("type",)
            )
        if kind == RelationType.BLOCKS and relation_id(kind, end, start) in there:
            why = f"task {end} blocks task {start} already: each would wait for the other"
            raise ValidationError(fields={"type": why})

    async def _relate(self, kind: str, start: str, end: str) -> None:
        """Made twice it is made once, but which attempt made it would not be known: it is sent once."""
        try:
            if kind == RelationType.BLOCKS:
                await self._api.post(f"task/{end}/dependency", {"depends_on": start})
            else:
                await self._api.post(f"task/{start}/link/{end}")
        except NotFoundError as error:
            raise ValidationError(fields={"from_task_id": f"there is no task {start!r:.80}"}) from error

    async def _relation(self, task: str, one: str) -> PMRelation | None:
        found = await self._api.find_task(task)
        known = [] if found is None else self._relations(found)
        return next((relation for relation in known if relation.id == one), None)

    async def _delete_relation(self, relation_id: str, task_id: str | None) -> bool:
        """The task is read first: to take away a link that is not there is answered 200, a dependency 400.

        Of the two parameters that the document requires only the one that says something is sent ([obs]).
        """
        ends = relation_ends(relation_id)
        if ends is None:
            return False
        kind, start, end = ends
        if await self._relation(end, relation_id) is None:
            return False
        params = {"depends_on": start} if kind == RelationType.BLOCKS else None
        path = f"task/{end}/dependency" if params else f"task/{start}/link/{end}"
        try:
            await self._api.delete(path, params)
        except PMError as error:
            # The answer got lost, or somebody else was first.
            unclear = error.maybe_applied or isinstance(error, ValidationError)
            if not unclear or await self._relation(end, relation_id) is not None:
                raise
        return True
