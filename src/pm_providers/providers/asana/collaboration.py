"""Comments, which are stories; labels, which are tags; relations, which are dependencies."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

from pm_providers.contract import Fields, ListQuery
from pm_providers.errors import ConflictError, NotFoundError, ProviderError, ValidationError
from pm_providers.model import PMComment, PMLabel, PMRelation, Record
from pm_providers.providers.asana.actions import Action
from pm_providers.providers.asana.connection import Connection
from pm_providers.providers.asana.linking import known_gid, post_again
from pm_providers.providers.asana.mapping.parts import (
    LINK_FIELDS,
    STORY_FIELDS,
    TAG_COLORS,
    TAG_FIELDS,
    comment_text,
    from_label,
    is_comment,
    relation_ends,
    relation_id,
    relations_of,
    story_html,
    to_comment,
    to_label,
)
from pm_providers.providers.asana.mapping.values import gid, is_gid

__all__ = ["Comments", "Labels", "Relations"]


class Comments(Connection):
    """Comments are those stories of a task that people wrote; the others are its history."""

    async def _iter_comments(self, query: ListQuery) -> AsyncIterator[PMComment]:
        """Oldest first. The history of the task comes along and is left out: its pages count all the same."""
        task = await self._task_id(query.task_id or "")
        async with aclosing(self._api.items(f"tasks/{task}/stories", STORY_FIELDS)) as stories:
            async for one in stories:
                if is_comment(one):
                    yield to_comment(one, task, keep_raw=self._keep_raw)

    async def _create_comment(self, fields: Fields) -> PMComment:
        """Not repeated when the answer got lost: it would be said twice."""
        task, body = fields["task_id"], {"html_text": comment_text(fields["body"])}
        made = await self._api.post(f"tasks/{task}/stories", body, STORY_FIELDS)
        return to_comment(made, task, keep_raw=self._keep_raw)

    async def _update_comment(self, comment_id: str, fields: Fields, task_id: str | None) -> PMComment:
        """The stored text is read first: what Markdown cannot say, mentions for one, outlives the edit.

        Raises:
            NotFoundError: no such comment; the history of a task is none.
            PermissionDeniedError: somebody else's: only their authors edit comments.
        """
        stored = await self._stored_comment(comment_id)
        if stored is None:
            raise NotFoundError(f"there is no comment {comment_id!r:.80}")
        body = {"html_text": comment_text(fields["body"], story_html(stored))}
        changed = await self._api.put(f"stories/{comment_id}", body, STORY_FIELDS)
        return to_comment(changed, keep_raw=self._keep_raw)

    async def _delete_comment(self, comment_id: str, task_id: str | None) -> bool:
        """The story is read first: one of the history is no comment, and stays."""
        if await self._stored_comment(comment_id) is None:
            return False
        return await self._api.delete(f"stories/{comment_id}")

    async def _stored_comment(self, comment_id: str) -> dict[str, Any] | None:
        if not is_gid(comment_id):
            return None
        found = await self._api.find(f"stories/{comment_id}", STORY_FIELDS)
        return found if found is not None and is_comment(found) else None


class Labels(Connection):
    """Tags, of the workspace: all projects have the same."""

    async def _iter_labels(self, query: ListQuery) -> AsyncIterator[PMLabel]:
        """In the vendor's order.

        Raises:
            NotFoundError: no such project.
        """
        if query.project_id is not None:
            await self._project_document(query.project_id)
        async with aclosing(self._api.items(self._tags, TAG_FIELDS, limit=query.limit)) as tags:
            async for one in tags:
                yield to_label(one, keep_raw=self._keep_raw)

    @property
    def _tags(self) -> str:
        return f"workspaces/{self._options.workspace}/tags"

    async def _create_label(self, fields: Fields) -> PMLabel:
        """All tags are read first: the vendor takes a name twice ([obs]), and nobody can tell the two apart.

        Raises:
            ValidationError: the name is taken.
        """
        body = from_label(fields)
        await self._check_name(body["name"])
        made = await self._api.post(self._tags, body, TAG_FIELDS)
        return to_label(made, keep_raw=self._keep_raw)

    async def _update_label(self, label_id: str, fields: Fields, project_id: str | None) -> PMLabel:
        tag = known_gid(label_id, "label")
        body = from_label(fields)
        if "name" in body:
            await self._check_name(body["name"], own=tag)
        return to_label(await self._api.put(f"tags/{tag}", body, TAG_FIELDS), keep_raw=self._keep_raw)

    async def _check_name(self, name: str, own: str | None = None) -> None:
        folded = name.casefold()
        async with aclosing(self._api.items(self._tags, ("name",))) as tags:
            async for one in tags:
                if str(one.get("name")).strip().casefold() == folded and gid(one, "tag") != own:
                    raise ValidationError(fields={"name": f"{name!r:.60} is taken by tag {gid(one, 'tag')}"})

    async def _delete_label(self, label_id: str, project_id: str | None) -> bool:
        return await self._api.delete(f"tags/{label_id}") if is_gid(label_id) else False

    def _holds(self, name: str, asked: Any, result: Record) -> bool:
        """Colours are written by the vendor's names as well, and case does not matter."""
        if isinstance(result, PMLabel) and isinstance(asked, str):
            if name == "color":
                folded = asked.strip().casefold()
                return TAG_COLORS.get(folded, folded) == result.color
            if name == "name":
                return asked.strip() == result.name
        return super()._holds(name, asked, result)


class Relations(Connection):
    """Dependencies: one task blocks another, and nothing else is known of it."""

    async def _iter_relations(self, query: ListQuery) -> AsyncIterator[PMRelation]:
        """What the task waits for, then what waits for it: one request, as there are 30 at most."""
        for one in relations_of(
            await self._task_document(query.task_id or "", ("name", *LINK_FIELDS)), keep_raw=self._keep_raw
        ):
            yield one

    async def _create_relation(self, fields: Fields) -> PMRelation:
        """Both tasks are read first, and the dependency after: the vendor answers nothing.

        Raises:
            ConflictError: it is there already; the vendor would take it without a word.
            ValidationError: a task that does not exist, a circle, or a task with 30 already.
        """
        first, second = fields["from_task_id"], fields["to_task_id"]
        if first == second:
            raise ValidationError(fields={"to_task_id": "a task does not wait for itself"})
        known = {one.id for one in await self._links(first, second)}
        if relation_id(first, second) in known:
            text = f"task {first} blocks task {second} already"
            raise ConflictError(text, fields=("from_task_id", "to_task_id"))
        if relation_id(second, first) in known:
            text = f"task {second} blocks task {first}: each would wait for the other"
            raise ValidationError(fields={"to_task_id": text})
        await post_again(self._api, f"tasks/{second}/addDependencies", {"dependencies": [first]})
        wanted = relation_id(first, second)
        made = next((one for one in await self._waits_for(second) if one.id == wanted), None)
        if made is None:
            raise ProviderError("the system took the dependency, and does not tell of it")
        return made

    async def _links(self, first: str, second: str) -> list[PMRelation]:
        """Dependencies of two tasks that are to be related."""
        actions = [Action("GET", f"tasks/{one}", fields=("name", *LINK_FIELDS)) for one in (first, second)]
        found = []
        for name, outcome in zip(("from_task_id", "to_task_id"), await self._api.batch(actions), strict=True):
            if outcome.is_missing:
                raise ValidationError(fields={name: f"there is no task {outcome.action.path[6:]!r:.80}"})
            found += relations_of(outcome.data(), keep_raw=False)
        return found

    async def _waits_for(self, task: str) -> list[PMRelation]:
        found = await self._api.find(f"tasks/{task}", ("name", *LINK_FIELDS))
        return [] if found is None else relations_of(found, keep_raw=self._keep_raw)

    async def _delete_relation(self, relation_id: str, task_id: str | None) -> bool:
        """The dependency is looked up first: the vendor takes out what is not there without a word."""
        ends = relation_ends(relation_id)
        if ends is None or all(one.id != relation_id for one in await self._waits_for(ends[1])):
            return False
        body = {"dependencies": [ends[0]]}
        try:
            await post_again(self._api, f"tasks/{ends[1]}/removeDependencies", body)
        except NotFoundError:
            return False
        return True
