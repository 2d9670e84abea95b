"""Comments, relations and attachments."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing
from typing import Any
from urllib.parse import quote

from pm_providers.contract import Fields, ListQuery
from pm_providers.errors import (
    AuthenticationError,
    ConflictError,
    NotFoundError,
    PermissionDeniedError,
    PMError,
    ProviderError,
    UnsupportedError,
    ValidationError,
)
from pm_providers.model import PMAttachment, PMComment, PMRelation, RelationType
from pm_providers.providers.jira.answers import objects
from pm_providers.providers.jira.connection import Connection, is_issue
from pm_providers.providers.jira.mapping.links import (
    LinkType,
    link_body,
    link_types,
    to_relation,
    to_write,
)
from pm_providers.providers.jira.mapping.parts import (
    INTERNAL,
    issue_in,
    restriction,
    to_attachment,
    to_comment,
)
from pm_providers.providers.jira.mapping.values import fields_of, ref_id
from pm_providers.providers.jira.time_entries import TimeEntries
from pm_providers.toolkit.documents import broken, identifier, is_number, optional_text
from pm_providers.transport import MIB, FilePart

__all__ = ["Attachments", "Comments", "Relations", "TimeEntries"]

_MAX_DOWNLOAD = 1024 * MIB
_BYTES = "application/octet-stream"
_SERVICE = "service_desk"
_ADMINISTRATORS = "Administrators"


class Comments(Connection):
    """Comments."""

    async def _iter_comments(self, query: ListQuery) -> AsyncIterator[PMComment]:
        """Oldest first, by pages: those embedded in an issue are cut ([obs])."""
        await self._api.identify()
        task = await _task(self, query.task_id)
        stream = self._api.items(
            f"issue/{task}/comment", "comments", {"orderBy": "created"}, page_size=100, limit=query.limit
        )
        async with aclosing(stream) as found:
            async for one in found:
                yield self._comment(one, task)

    async def _create_comment(self, fields: Fields) -> PMComment:
        task = fields["task_id"]
        body = {"body": self._text.write(fields["body"])}
        if fields.get("is_internal"):
            body |= await self._hidden(task)
        try:
            made = await self._api.created(f"issue/{task}/comment", body)
        except NotFoundError as error:
            raise _no_task(task) from error
        self._recent.wrote([task])
        return self._comment(made, task)

    async def _hidden(self, task: str) -> dict[str, Any]:
        """What hides a comment: from customers in a service project, elsewhere from all but a role."""
        issue = await self._find_issue(task, ("project",))
        if issue is None:
            raise _no_task(task)
        project = fields_of(issue).get("project")
        if isinstance(project, Mapping) and project.get("projectTypeKey") == _SERVICE:
            return {"properties": [INTERNAL]}
        role = self._options.internal_role or await self._administrators(ref_id(fields_of(issue), "project"))
        return {"visibility": {"type": "role", "value": role}}

    async def _administrators(self, project: str | None) -> str:
        """Name of the administrators' role: it differs by site, and only they are told it."""
        found = await self._api.find(f"project/{project}/role") or {}
        return next((name for name in found if name.casefold().startswith("administrator")), _ADMINISTRATORS)

    async def _update_comment(self, comment_id: str, fields: Fields, task_id: str | None) -> PMComment:
        """The stored text is read first: what Markdown cannot say outlives the edit, as does who may see it.

        Raises:
            NotFoundError: no such comment.
            ValidationError: Data Center finds comments by their issue only, and none was given.
        """
        task = await self._comment_task(comment_id, task_id)
        path = f"issue/{task}/comment/{comment_id}"
        stored = await self._api.get(path)
        body = {"body": self._text.write(fields["body"], stored.get("body"))}
        # An answer is shown to whom the comment above it is, and may not say so itself ([spec] PUT comment).
        hidden = None if stored.get("parentId") else restriction(stored)
        await self._api.put(path, body | ({"visibility": hidden} if hidden else {}))
        self._recent.wrote([task])
        return self._comment(await self._api.get(path), task)

    async def _delete_comment(self, comment_id: str, task_id: str | None) -> bool:
        try:
            task = await self._comment_task(comment_id, task_id)
        except NotFoundError:
            return False
        gone = await self._api.delete(f"issue/{task}/comment/{comment_id}")
        self._recent.wrote([task])
        return gone

    async def _comment_task(self, comment_id: str, task_id: str | None) -> str:
        """Issue of a comment; where it is not given, Cloud tells it by the comment's address."""
        await self._api.identify()
        if not is_number(comment_id):
            raise NotFoundError(f"there is no comment {comment_id!r:.80}")
        if task_id:
            return await _task(self, task_id)
        if not self._cloud:
            raise ValidationError(fields={"task_id": "is needed: comments are found by their issue only"})
        found = objects(await self._api.ask("comment/list", {"ids": [int(comment_id)]}), "values")
        task = issue_in(found[0]) if found else None
        if task is None:
            raise NotFoundError(f"there is no comment {comment_id!r:.80}")
        return task

    def _comment(self, document: Mapping[str, Any], task: str) -> PMComment:
        return to_comment(
            document,
            task,
            text=self._text.read,
            base_url=self._api.site.url,
            keep_raw=self._options.keep_raw,
        )


class Relations(Connection):
    """Issue links. They cannot be changed."""

    async def _iter_relations(self, query: ListQuery) -> AsyncIterator[PMRelation]:
        """By id."""
        await self._api.identify()
        task = await _task(self, query.task_id)
        known = {one.id: one for one in await self._link_types()}
        for one in await self._links_of(task):
            yield to_relation(one, task, known, keep_raw=self._options.keep_raw)

    async def _link_types(self, *, fresh: bool = False) -> list[LinkType]:
        return link_types(await self._catalog.link_types(fresh=fresh), self._options.relation_map)

    async def _links_of(self, task: str) -> list[dict[str, Any]]:
        """Links on the page of an issue.

        Raises:
            NotFoundError: no such task.
        """
        issue = await self._find_issue(task, ("issuelinks",))
        if issue is None:
            raise NotFoundError(f"there is no task {task!r:.80}")
        found = fields_of(issue).get("issuelinks")
        links = objects(found, "links") if found is not None else []
        return sorted(links, key=lambda one: int(identifier(one, "link")))

    async def _create_relation(self, fields: Fields) -> PMRelation:
        """Links are read before and after: the answer is empty, and one that exists is made without a word.

        Raises:
            ConflictError: there is such a link already.
            ValidationError: one of the tasks does not exist.
            UnsupportedError: the site has no links of this type.
        """
        start, end = fields["from_task_id"], fields["to_task_id"]
        if start == end:
            raise ValidationError(fields={"to_task_id": "a task cannot be related to itself"})
        kind = await self._type_to_write(fields["type"])
        async with self._locks.hold(f"links {min(start, end)} {max(start, end)}"):
            if (found := await self._link_between(start, end, kind)) is not None:
                raise ConflictError(
                    f"tasks {start} and {end} are related already: "
                    f"{found.from_task_id} {found.type} {found.to_task_id} (relation {found.id})",
                    fields=("type",),
                )
            await self._link(kind, start, end)
            made = await self._link_between(start, end, kind)
        if made is None:
            raise ProviderError("the system took the link, but does not show it")
        if kind.meaning is RelationType.RELATES:  # the same from both ends
            fields["from_task_id"], fields["to_task_id"] = made.from_task_id, made.to_task_id
        return made

    async def _link(self, kind: LinkType, start: str, end: str) -> None:
        """Linking twice is the same as once ([spec] POST issueLink), so it is repeated."""
        try:
            await self._api.call("POST", "issueLink", json=link_body(kind, start, end), safe=True)
        except (NotFoundError, ValidationError) as error:
            await self._explain_link(error, end)
            raise
        except AuthenticationError as error:
            raise await self._no_linking(error) from error
        self._recent.wrote([start, end])

    async def _no_linking(self, error: AuthenticationError) -> PermissionDeniedError:
        """Who may not link issues is answered 401 ([obs] "No Link Issue Permission for issue").

        Raises:
            AuthenticationError: the credentials are really not accepted any more.
        """
        await self._api.me()
        return PermissionDeniedError(error.message, status=error.status, request_id=error.request_id)

    async def _explain_link(self, error: PMError, end: str) -> None:
        if await self._find_issue(end, ("project",)) is None:
            raise ValidationError(fields={"to_task_id": f"there is no task {end!r:.80}"}) from error

    async def _type_to_write(self, meaning: str) -> LinkType:
        for fresh in (False, True):
            found = to_write(meaning, await self._link_types(fresh=fresh))
            if found is not None:
                return found
        reason = f"the site has no link type that says {meaning!r:.40}"
        raise UnsupportedError(f"type: {reason}", reason=reason)

    async def _link_between(self, start: str, end: str, kind: LinkType) -> PMRelation | None:
        """The link of a type from one task to another; those that relate have no direction.

        Raises:
            ValidationError: the first task does not exist.
        """
        try:
            links = await self._links_of(start)
        except NotFoundError as error:
            raise ValidationError(fields={"from_task_id": error.message}) from None
        known, mutual = {kind.id: kind}, kind.meaning is RelationType.RELATES
        for one in links:
            if str((one.get("type") or {}).get("id")) != kind.id:
                continue
            found = to_relation(one, start, known, keep_raw=self._options.keep_raw)
            ends = (found.from_task_id, found.to_task_id)
            if ends == (start, end) or (mutual and ends == (end, start)):
                return found
        return None

    async def _delete_relation(self, relation_id: str, task_id: str | None) -> bool:
        if not is_number(relation_id):
            return False
        try:
            gone = await self._api.delete(f"issueLink/{relation_id}")
        except AuthenticationError as error:
            raise await self._no_linking(error) from error
        # 404 is the answer to those who see it and may not delete it, too ([spec] DELETE issueLink/{linkId}).
        if not gone and await self._api.find(f"issueLink/{relation_id}") is not None:
            raise PermissionDeniedError(f"these credentials may not delete relation {relation_id}")
        if task_id and is_number(task_id):
            self._recent.wrote([task_id])
        return gone


class Attachments(Connection):
    """Files on issues."""

    async def _iter_attachments(self, query: ListQuery) -> AsyncIterator[PMAttachment]:
        """By id, which is oldest first; they come with their issue."""
        await self._api.identify()
        task = await _task(self, query.task_id)
        issue = await self._find_issue(task, ("attachment",))
        if issue is None:
            raise NotFoundError(f"there is no task {task!r:.80}")
        found = objects(fields_of(issue).get("attachment") or [], "attachments")
        for one in sorted(found, key=lambda item: int(identifier(item, "attachment"))):
            yield to_attachment(one, task, keep_raw=self._options.keep_raw)

    async def _create_attachment(self, fields: Fields, content: bytes) -> PMAttachment:
        """Form field `file`, a header against forged forms ([spec] POST issue/{issueIdOrKey}/attachments)."""
        task = fields["task_id"]
        kind = fields.get("content_type") or _BYTES
        part = FilePart("file", content, filename=fields["file_name"], content_type=kind)
        try:
            answer = await self._api.call(
                "POST",
                f"issue/{task}/attachments",
                files=[part],
                headers={"X-Atlassian-Token": "no-check"},
                expect=(200, 201),
            )
        except NotFoundError as error:
            if await self._find_issue(task, ("project",)) is not None:
                raise  # attachments are off on this site
            raise _no_task(task) from error
        self._recent.wrote([task])
        made = objects(answer.json(), "attachments")
        if len(made) != 1:
            raise broken("one file was uploaded, and not one attachment came back")
        return to_attachment(made[0], task, keep_raw=self._options.keep_raw)

    async def _delete_attachment(self, attachment_id: str, task_id: str | None) -> bool:
        if not is_number(attachment_id):
            return False
        gone = await self._api.delete(f"attachment/{attachment_id}")
        if task_id and is_number(task_id):
            self._recent.wrote([task_id])
        return gone

    async def _download_attachment(self, attachment_id: str, task_id: str | None) -> bytes:
        """Cloud redirects to a signed address elsewhere, which gets no credential.

        The description is read first: it renews an expired token, and tells the name that Data Center has in
        the address of the content.
        """
        if not is_number(attachment_id):
            raise NotFoundError(f"there is no attachment {attachment_id!r:.80}")
        found = await self._api.get(f"attachment/{attachment_id}")
        name = quote(optional_text(found, "filename") or "file", safe="")
        on_cloud, elsewhere = (
            f"attachment/content/{attachment_id}",
            f"secure/attachment/{attachment_id}/{name}",
        )
        path = self._api.address(on_cloud) if self._cloud else elsewhere
        async with self._api.http.stream(path, max_bytes=_MAX_DOWNLOAD, operation="") as download:
            return await download.read()


async def _task(connection: Connection, value: str | None) -> str:
    """Id of an issue whose parts are asked for.

    Raises:
        NotFoundError: it can be none, or a key has none.
    """
    if not value or not is_issue(value):
        raise NotFoundError(f"there is no task {value!r:.80}")
    return await connection._issue_id(value)  # noqa: SLF001  # the same object, from a function of its own


def _no_task(task: str) -> ValidationError:
    return ValidationError(fields={"task_id": f"there is no task {task!r:.80}"})
