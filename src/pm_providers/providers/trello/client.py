"""The API as calls: addresses, parameters, batches. Decoded documents in and out, no records."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from contextlib import AsyncExitStack
from typing import Any
from urllib.parse import quote

import httpx2

from pm_providers.errors import (
    AuthenticationError,
    NotFoundError,
    PermissionDeniedError,
    PMError,
    RateLimitedError,
    ValidationError,
)
from pm_providers.providers.trello.config import SETTINGS, Options
from pm_providers.providers.trello.errors import member_limited, parse_fault
from pm_providers.providers.trello.quota import (
    MEMBER_QUOTA,
    TOKEN_QUOTA,
    WINDOW_S,
    SharedKeyGate,
    key_gate,
    read_quota,
)
from pm_providers.toolkit.documents import broken, object_list
from pm_providers.toolkit.remote import IdentifyingClient, deleted
from pm_providers.transport import Answer, FilePart, LocalGate, Params, Timing, common_gate, shared_governor

__all__ = ["BATCH_MOST", "Api", "Route", "route"]

BATCH_MOST = 10
"""Addresses in one call of `/batch` ([spec] GET /batch)."""

ROOT = "/1"

_ME_FIELDS = "id,username,fullName,email,avatarUrl,url"
_MEMBER_WAIT_S = 900.0
_TURNS = 3
_BAD_REQUEST = 400
_STATUS = re.compile(r"[1-5][0-9]{2}")
_NO_OBJECT = (NotFoundError, PermissionDeniedError)

_NAMELESS: Mapping[str, str] = {"idMembers": "assignee_ids", "idMember": "assignee_ids"}

Route = str
"""An address below the API's root with its query, as it stands in a batch."""


class Api(IdentifyingClient):
    """One account of Trello.

    Addresses are relative to the API's root. Texts travel in JSON bodies, as queries break at about 2,000
    characters ([obs] TrelloDotNet 2.5); the credential in a header, as queries end up in logs.
    """

    IDENTITY_AGE_S = 300.0

    options: Options

    def __init__(
        self,
        options: Options,
        *,
        transport: httpx2.AsyncBaseTransport | None = None,
        timing: Timing | None = None,
    ) -> None:
        key = options.key_auth.fingerprint()
        paced = options.paced
        super().__init__(
            "trello",
            options.base_url,
            options,
            root=ROOT,
            settings=SETTINGS,
            error_parser=parse_fault,
            quota=TOKEN_QUOTA if paced else None,
            gate=SharedKeyGate(common_gate() or LocalGate(timing), key_gate(options.base_url, key, timing))
            if paced
            else None,
            quota_parser=read_quota,
            transport=transport,
            timing=timing,
        )
        self._members = shared_governor(
            "trello-members",
            options.base_url,
            options.auth.fingerprint(),
            quota=MEMBER_QUOTA if paced else None,
            timing=timing,
        )

    # who

    async def _ask_me(self) -> dict[str, Any]:
        return (await self._send("GET", "members/me", params={"fields": _ME_FIELDS})).json_object()

    # calls

    async def call(
        self,
        method: str,
        path: str,
        *,
        params: Params | None = None,
        json: Mapping[str, Any] | None = None,
        files: Sequence[FilePart] = (),
        safe: bool | None = None,
        expect: Collection[int] = (),
        cost: int = 1,
    ) -> Answer:
        """One request.

        Args:
            method: HTTP method.
            path: below the API's root.
            params: query.
            json: body; none when missing.
            files: body as a form.
            safe: whether it may be sent twice; by default reads only.
            expect: statuses that are a success.
            cost: requests that it counts as.

        Raises:
            PMError: see `pm_providers.errors`. A refusal with 401 of a credential that is good is
                `PermissionDeniedError`.
        """
        more: dict[str, Any] = {"params": params, "safe": safe, "expect": expect, "cost": cost}
        if json is not None:
            more["json"] = dict(json)
        if files:
            more["files"] = files
        try:
            return await self._send(method, path, **more)
        except AuthenticationError as error:
            # 401 is also said of objects that a good token may not see, in words that vary.
            await self.me()
            raise _denied(error) from error
        except NotFoundError as error:
            if json and error.status == _BAD_REQUEST:
                raise _refused(error, json) from error
            raise

    async def _send(self, method: str, path: str, **more: Any) -> Answer:
        """Send it, and again after the window of the quota where the vendor does not tell how long to wait.

        No answer has `Retry-After` ([doc] rate-limits); what was refused was not carried out.
        """
        for turn in range(_TURNS):
            try:
                async with AsyncExitStack() as stack:
                    if path.startswith("members/"):
                        wait = self.options.policy.max_wait_s
                        await stack.enter_async_context(self._members.slot(max_wait_s=wait))
                    return await self.http.request(method, path, operation="", **more)
            except RateLimitedError as error:
                if error.status is None or error.retry_after_s is not None:
                    raise
                await self._pause(error, last=turn == _TURNS - 1)
        raise broken("the quota is refused again and again")

    async def _pause(self, error: RateLimitedError, *, last: bool) -> None:
        members = member_limited(error)
        wait = _MEMBER_WAIT_S if members else WINDOW_S
        governor = self._members if members else self.http.governor
        await governor.push(wait)
        if last or wait > self.options.policy.max_wait_s:
            error.retry_after_s = wait
            raise error

    async def get(self, path: str, params: Params | None = None) -> dict[str, Any]:
        """A document.

        Raises:
            NotFoundError: it does not exist.
            PermissionDeniedError: it may not be seen.
        """
        return (await self.call("GET", path, params=params)).json_object()

    async def all(self, path: str, params: Params | None = None) -> list[dict[str, Any]]:
        """A list, whole: lists of the vendor are bare arrays."""
        return object_list((await self.call("GET", path, params=params)).json())

    async def find(self, path: str, params: Params | None = None) -> dict[str, Any] | None:
        """As `get`; `None` when it does not exist or may not be seen."""
        try:
            return await self.get(path, params)
        except _NO_OBJECT:
            return None

    async def post(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Create something. Not repeated when its answer got lost: nothing tells two of the same apart."""
        return (await self.call("POST", path, json=body)).json_object()

    async def put(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Change something; done twice is done once."""
        answer = await self.call("PUT", path, json=body, safe=True)
        found = answer.json()
        return found if isinstance(found, dict) else {}

    async def delete(self, path: str, look: str | None = None) -> bool:
        """Delete something for good; see `deleted`. It is looked for at `look`, by default at `path`."""
        return await deleted(self.call("DELETE", path), self.get, look or path)

    async def download(self, path: str, max_bytes: int) -> bytes:
        """A file. A redirect to another host is followed without the credential.

        Raises:
            PMError: as of `call`.
        """
        try:
            async with self.http.stream(path, max_bytes=max_bytes, operation="") as found:
                return await found.read()
        except AuthenticationError as error:
            await self.me()
            raise _denied(error) from error

    async def raw(
        self,
        method: str,
        path: str,
        *,
        params: Params | None,
        body: Mapping[str, Any],
        headers: Mapping[str, str],
    ) -> Answer:
        """Any call, its address as it is; `body` holds `json` or nothing."""
        return await self.http.request(method, path, params=params, headers=headers, operation="", **body)

    # batches

    async def batch(self, routes: Sequence[Route], *, once: bool = False) -> list[Any]:
        """Bodies of up to ten reads in one request, in order; an error stands in the place of its body.

        Each address may count for the quota, so that is what is reserved. Commas within one are encoded, and
        the whole parameter once more ([doc] batch).

        Args:
            routes: from `route`.
            once: not tried again when the server failed, because less will be asked for then.

        Raises:
            PMError: the batch as a whole failed.
        """
        params = {"urls": ",".join(routes)}
        answer = await self.call("GET", "batch", params=params, safe=not once, cost=len(routes))
        found = answer.json_list()
        if len(found) != len(routes):
            raise broken(f"{len(found)} of {len(routes)} answers in a batch")
        return [_of_batch(one) for one in found]


def route(path: str, params: Params | None = None) -> Route:
    """An address with its query for a batch, commas encoded."""
    query = "&".join(
        f"{quote(name, safe='')}={quote(_plain(value), safe=':')}"
        for name, value in (params or {}).items()
        if value is not None
    )
    return f"/{path}?{query}" if query else f"/{path}"


def _plain(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _of_batch(one: Any) -> Any:
    """Body of one answer of a batch: `{"200": body}`, or an object that describes an error."""
    if not isinstance(one, Mapping):
        return broken("an answer in a batch is no object")
    if "200" in one:
        return one["200"]
    told = [one.get("statusCode"), *one]
    status = next((int(str(value)) for value in told if _STATUS.fullmatch(str(value))), 0)
    text = one.get("message")
    message = text if isinstance(text, str) and text else f"an answer in a batch has status {status}"
    return _batch_error(status, message[:200])


def _batch_error(status: int, message: str) -> PMError:
    kinds: dict[int, type[PMError]] = {
        404: NotFoundError,
        401: PermissionDeniedError,
        403: PermissionDeniedError,
    }
    error = kinds[status](message) if status in kinds else broken(message)
    error.status = status
    return error


def _refused(error: NotFoundError, body: Mapping[str, Any]) -> ValidationError:
    """An id in a body that is refused without its name: the address itself was good.

    "Invalid objectId" is also said of members who are not on the board ([obs] rwjdk/TrelloDotNet#29).
    """
    named = {ours: error.message for theirs, ours in _NAMELESS.items() if body.get(theirs)}
    return ValidationError(error.message, fields=named, status=error.status, request_id=error.request_id)


def _denied(error: AuthenticationError) -> PermissionDeniedError:
    """The credential is good, so it is the object that may not be seen."""
    return PermissionDeniedError(error.message, status=error.status, request_id=error.request_id)
