"""The API as calls: addresses, parameters, paging. Decoded documents in and out, no records."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Collection, Mapping, Sequence
from contextlib import aclosing
from typing import Any

import httpx2
import msgspec

from pm_providers.errors import AuthenticationError, NotFoundError, PermissionDeniedError, PMError
from pm_providers.providers.clickup.config import SETTINGS, Options
from pm_providers.providers.clickup.errors import HiddenError, parse_fault
from pm_providers.providers.clickup.paging import Hint, Spends, TaskPage, task_pages
from pm_providers.toolkit.documents import objects, part
from pm_providers.toolkit.remote import IdentifyingClient, deleted
from pm_providers.transport import Answer, FilePart, Params, Timing

__all__ = ["PAGE", "V2", "V3", "Api", "is_custom_id", "is_task_id"]

V2, V3 = "api/v2", "api/v3"
PAGE = 100
"""Tasks of a full page; `limit` is ignored ([doc] Get Tasks)."""

_DONE = (200, 201, 204)
_IDENTITY_AGE_S = 60.0
_JSON = {"Content-Type": "application/json"}
_TASK_ID = re.compile(r"[A-Za-z0-9]{1,40}")
_CUSTOM_ID = re.compile(r"[A-Za-z0-9_]{1,40}-[0-9]{1,18}")


def is_custom_id(value: str) -> bool:
    """Whether a text may be a custom task id (`DEV-42`), which people call a task by."""
    return _CUSTOM_ID.fullmatch(value) is not None


def is_task_id(value: str) -> bool:
    """Whether a text may be a task id or a custom one; others are not sent."""
    return _TASK_ID.fullmatch(value) is not None or is_custom_id(value)


class Api(IdentifyingClient):
    """One Workspace and one credential.

    Addresses are below v2 (`task/86abc`) unless they begin with `api/`. `Content-Type: application/json` goes
    along with every call, those without a body too: the document requires it of some.
    """

    options: Options

    def __init__(
        self,
        options: Options,
        *,
        transport: httpx2.AsyncBaseTransport | None = None,
        timing: Timing | None = None,
    ) -> None:
        super().__init__(
            "clickup",
            options.base_url,
            options,
            settings=SETTINGS,
            error_parser=parse_fault,
            transport=transport,
            timing=timing,
        )

    @property
    def team(self) -> str:
        """Address of the Workspace."""
        return f"team/{self.options.team_id}"

    @property
    def workspace(self) -> str:
        """Address of the Workspace in v3."""
        return f"{V3}/workspaces/{self.options.team_id}"

    # who

    async def _ask_me(self) -> dict[str, Any]:
        try:
            answer = await self._send("GET", "user")
        except HiddenError as error:
            raise _rejected(error) from error
        return part(answer.json_object(), "user")

    # calls

    async def call(
        self,
        method: str,
        path: str,
        *,
        params: Params | None = None,
        json: Any = msgspec.UNSET,
        files: Sequence[FilePart] = (),
        headers: Mapping[str, str] | None = None,
        safe: bool | None = None,
        expect: Collection[int] = (),
    ) -> Answer:
        """Any call. An ambiguous 401 becomes what it is, which may take one more request a minute.

        Raises:
            NotFoundError: 401 although the credential is accepted.
            AuthenticationError: it is not.
        """
        try:
            return await self._send(
                method,
                path,
                params=params,
                json=json,
                files=files,
                headers=headers,
                safe=safe,
                expect=expect,
            )
        except HiddenError as error:
            raise await self._meaning(error) from error

    async def _send(self, method: str, path: str, **given: Any) -> Answer:
        address = path if path.startswith("api/") else f"{V2}/{path}"
        headers = {} if given.get("files") else _JSON
        given["headers"] = {**headers, **(given.get("headers") or {})}
        return await self.http.request(method, address, operation="", **given)

    async def _meaning(self, error: HiddenError) -> PMError:
        """What a 401 is: a credential that is not accepted raises by itself."""
        await self.identify(_IDENTITY_AGE_S)
        return NotFoundError(
            f"{error.message}: it does not exist, or may not be seen",
            status=error.status,
            request_id=error.request_id,
        )

    async def get(self, path: str, params: Params | None = None) -> dict[str, Any]:
        """A document.

        Raises:
            NotFoundError: it does not exist, or may not be seen.
        """
        return (await self.call("GET", path, params=params)).json_object()

    async def find(self, path: str, params: Params | None = None) -> dict[str, Any] | None:
        """As `get`; `None` where there is nothing that may be seen."""
        try:
            return await self.get(path, params)
        except (NotFoundError, PermissionDeniedError):
            return None

    async def all(self, path: str, kind: str, params: Params | None = None) -> list[dict[str, Any]]:
        """Elements of a list that is not paged (spaces, folders, lists, tags, members, fields)."""
        return objects(await self.get(path, params), kind)

    async def post(self, path: str, body: Any = msgspec.UNSET) -> dict[str, Any]:
        """Create something, or add something to something: never repeated when its answer got lost."""
        answer = await self.call("POST", path, json=body, expect=_DONE)
        return _object(answer)

    async def put(self, path: str, body: Any, *, safe: bool = True) -> dict[str, Any]:
        """Change something; values set twice are set once, so it is repeated unless told not to."""
        return _object(await self.call("PUT", path, json=body, safe=safe, expect=_DONE))

    async def delete(self, path: str, params: Params | None = None, *, look: str | None = None) -> bool:
        """Delete something; see `deleted`."""
        return await deleted(self.call("DELETE", path, params=params, expect=_DONE), self.get, look)

    async def raw(
        self,
        method: str,
        path: str,
        *,
        params: Params | None,
        body: Mapping[str, Any],
        headers: Mapping[str, str],
    ) -> Answer:
        """Any call; `body` holds `json` or nothing. Paths are below v2 unless they begin with `api/`."""
        return await self.call(method, path.lstrip("/"), params=params, headers=headers, **body)

    # tasks

    def task_params(self, task_id: str) -> dict[str, str | bool]:
        """Parameters of every call about a task: custom ids need two, else they are 401 ([doc])."""
        if not is_custom_id(task_id):
            return {}
        return {"custom_task_ids": True, "team_id": self.options.team_id}

    async def task(self, task_id: str) -> dict[str, Any]:
        """A task with its description as Markdown.

        Raises:
            NotFoundError: no such task, or it may not be seen.
        """
        if not is_task_id(task_id):
            raise NotFoundError(f"there is no task {task_id!r:.80}")
        params = {"include_markdown_description": True, **self.task_params(task_id)}
        return await self.get(f"task/{task_id}", params)

    async def find_task(self, task_id: str) -> dict[str, Any] | None:
        """As `task`; `None` where there is none that may be seen."""
        try:
            return await self.task(task_id)
        except (NotFoundError, PermissionDeniedError):
            return None

    async def task_page(self, path: str, params: Params, number: int) -> TaskPage:
        """Page `number`, from 0, of a list of tasks."""
        document, moment = await self.dated(path, {**params, "page": number})
        tasks = objects(document, "tasks")
        # Without the flag, as older answers were, a page that is not full is the last one.
        last = document.get("last_page")
        return TaskPage(
            tasks, not tasks or (last is True if isinstance(last, bool) else len(tasks) < PAGE), moment
        )

    async def tasks(
        self,
        path: str,
        params: Params,
        *,
        window: int = 1,
        expected: int | None = None,
        hint: Hint | None = None,
        spends: Spends | None = None,
    ) -> AsyncGenerator[Sequence[dict[str, Any]], None]:
        """Pages of a list of tasks, in order; tasks that came before are left out.

        Args:
            path: address.
            params: filters and sorting.
            window: pages in flight.
            expected: tasks that there were lately, see `paging.task_pages`.
            hint: about how many there are, see there.
            spends: called with the tasks of each page as it comes, see there.
        """

        async def fetch(number: int) -> TaskPage:
            return await self.task_page(path, params, number)

        stream = task_pages(fetch, window=window, expected=expected, hint=hint, spends=spends)
        async with aclosing(stream) as pages:
            async for page in pages:
                yield page


def _object(answer: Answer) -> dict[str, Any]:
    """The answer of a write; empty where the server says nothing, or no object."""
    if not answer.content.strip():
        return {}
    found = answer.json()
    return found if isinstance(found, dict) else {}


def _rejected(error: PMError) -> AuthenticationError:
    return AuthenticationError(error.message, status=error.status, request_id=error.request_id)
