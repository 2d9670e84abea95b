"""The API as calls: addresses, parameters, paging, batches, events. Decoded documents in and out."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Collection, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager
from typing import Any

import httpx2
import msgspec

from pm_providers.effects import note_write, uncounted
from pm_providers.errors import (
    NotFoundError,
    PermissionDeniedError,
    PMError,
    ProviderError,
    ValidationError,
)
from pm_providers.providers.asana.actions import BATCH_MOST, Action, Outcome, Permits, read_outcomes
from pm_providers.providers.asana.answers import EventPage, next_offset, one_object
from pm_providers.providers.asana.config import API_ROOT, SETTINGS, Options
from pm_providers.providers.asana.errors import lost_page, of_read, parse_fault
from pm_providers.providers.asana.gathering import gathered_by, gathering
from pm_providers.toolkit.documents import broken, clock, objects
from pm_providers.toolkit.remote import RemoteClient, deleted
from pm_providers.transport import Answer, FilePart, Params, Quota, Timing, bounded_map

__all__ = ["Api", "EventPage", "next_offset"]

_log = logging.getLogger("pm_providers.asana")

_READS, _WRITES = 50, 15
"""Calls in flight that the vendor allows ([doc] rate limits)."""

_EXPIRED = 412
_MAX_PAGES = 100_000
_RESTARTS = 3


class Api(RemoteClient):
    """One workspace and one credential. Paths are below the API's root, without a slash before.

    A wrong credential is always refused (401), so nobody is asked who we are before other calls.
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
            "asana",
            options.base_url,
            options,
            root=API_ROOT,
            settings=SETTINGS,
            error_parser=parse_fault,
            quota=Quota(options.requests_per_minute, 60.0, concurrency=_READS, counted=not options.even_pace),
            transport=transport,
            timing=timing,
        )
        self._reads, self._writes = Permits(_READS), Permits(_WRITES)
        self._noted: set[str] = set()

    async def me(self, fields: Sequence[str] = ()) -> dict[str, Any]:
        """The user of the credential.

        Raises:
            AuthenticationError: the credential is not accepted.
            ConfigurationError: there is no API at the address.
        """
        try:
            return await self.get("users/me", fields)
        except NotFoundError as error:
            raise self.wrong_address() from error

    # one call

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
        """Any call.

        Args:
            method: HTTP method.
            path: below the API's root.
            params: query.
            json: body.
            files: body as a form.
            headers: for this call only.
            safe: whether carrying it out twice is the same as once; by default for reads only.
            expect: statuses that are a success; by default all of 200 to 299.
        """
        reads = method.upper() == "GET"
        async with (self._reads if reads else self._writes).hold(1):
            try:
                answer = await self.http.request(
                    method,
                    path,
                    operation="",
                    params=params,
                    json=json,
                    files=files,
                    headers=headers,
                    safe=safe,
                    expect=expect,
                )
            except ValidationError as error:
                found = of_read(error) if reads else error
                if found is error:
                    raise
                raise found from error
        self._note(answer)
        return answer

    def _note(self, answer: Answer) -> None:
        """Log what the vendor announces about the calls that are made, each notice once.

        Form: `Asana-Change: name=...;info=...;affected=true` ([doc] deprecations).
        """
        notice = answer.headers.get("asana-change", "")
        if notice and notice not in self._noted and len(self._noted) < _RESTARTS * _READS:
            self._noted.add(notice)
            _log.info("asana announces a change: %s", self.http.clean(notice)[:300])

    async def run(self, action: Action) -> Any:
        """Carry out one action alone; what the answer holds.

        Raises:
            PMError: it failed.
        """
        gatherer = gathered_by(self)
        if gatherer is not None:
            return _noted(await gatherer.run(action)).data()
        return (await self._alone(action)).data()

    async def _alone(self, action: Action) -> Outcome:
        filled = action.writes and action.method != "DELETE"
        sent = {"data": dict(action.data)} if filled else msgspec.UNSET
        answer = await self.call(
            action.method,
            action.path,
            params=action.params,
            json=sent,
            safe=action.method in {"GET", "PUT"},
        )
        body = answer.json() if answer.content.strip() else {"data": {}}
        return Outcome(action, answer.status, body)

    async def get(
        self, path: str, fields: Sequence[str] = (), params: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """An object. A field that is not asked for is absent; without `fields` the vendor chooses.

        Raises:
            NotFoundError: it does not exist, or may not be seen, or was deleted.
        """
        return one_object(await self.run(Action("GET", path, params or {}, fields)))

    async def find(
        self, path: str, fields: Sequence[str] = (), params: Mapping[str, Any] | None = None
    ) -> dict[str, Any] | None:
        """As `get`; `None` when it does not exist or may not be seen."""
        try:
            return await self.get(path, fields, params)
        except (NotFoundError, PermissionDeniedError):
            return None

    async def post(self, path: str, data: Mapping[str, Any], fields: Sequence[str] = ()) -> dict[str, Any]:
        """Create or do something; never repeated when the answer got lost. Empty where nothing is told."""
        return one_object(await self.run(Action("POST", path, data, fields)))

    async def put(self, path: str, data: Mapping[str, Any], fields: Sequence[str] = ()) -> dict[str, Any]:
        """Change the keys that are given. Values set twice are set once, so it is repeated."""
        return one_object(await self.run(Action("PUT", path, data, fields)))

    async def delete(self, path: str) -> bool:
        """Delete something; see `deleted`. A page (a login, a proxy) is no delete: that is no JSON."""
        return await deleted(self.run(Action("DELETE", path)), self.get, path)

    # lists

    async def page(self, action: Action) -> tuple[list[dict[str, Any]], str | None]:
        """One page of a list, and the token of the next one."""
        answer = await self.call("GET", action.path, params=action.params)
        body = answer.json_object()
        return objects(body, "data"), next_offset(body)

    async def pages(
        self,
        path: str,
        fields: Sequence[str] = (),
        params: Mapping[str, Any] | None = None,
        *,
        limit: int | None = None,
    ) -> AsyncGenerator[list[dict[str, Any]], None]:
        """Pages of a list, in order; elements that came before are left out.

        A limit is always sent: without one, large lists are refused. The token of the next page expires; the
        list is read again from its beginning then.

        Args:
            path: address.
            fields: `opt_fields`.
            params: filters.
            limit: elements that will be taken at most.

        Raises:
            ProviderError: the list never ends.
        """
        size = self.options.page_size if limit is None else max(1, min(limit, self.options.page_size))
        seen: set[str] = set()
        offset: str | None = None
        restarts = 0
        for _ in range(_MAX_PAGES):
            try:
                found, after = await self.page(Action("GET", path, params or {}, fields, size, offset))
            except ValidationError as error:
                if offset is None or restarts >= _RESTARTS or not lost_page(error):
                    raise
                offset, restarts = None, restarts + 1
                continue
            fresh = [one for one in found if one.get("gid") not in seen]
            seen.update(str(one.get("gid")) for one in fresh)
            yield fresh
            if after is None:
                return
            if after == offset:
                break
            offset = after
        raise ProviderError("the list never ends")

    async def items(
        self,
        path: str,
        fields: Sequence[str] = (),
        params: Mapping[str, Any] | None = None,
        *,
        limit: int | None = None,
    ) -> AsyncGenerator[dict[str, Any], None]:
        """Elements of a list; see `pages`."""
        async with aclosing(self.pages(path, fields, params, limit=limit)) as pages:
            async for page in pages:
                for one in page:
                    yield one

    async def all(
        self, path: str, fields: Sequence[str] = (), params: Mapping[str, Any] | None = None
    ) -> list[dict[str, Any]]:
        """A whole list."""
        return [one async for one in self.items(path, fields, params)]

    # batches

    async def batch(self, actions: Sequence[Action]) -> list[Outcome]:
        """Carry out actions, ten a request, several requests at once; outcomes in the order of the actions.

        The actions of a request run at the same time, in no order. Each counts for the quota and for the
        calls in flight as if it came alone; a request that does not fit is refused as a whole (429), and
        nothing of it ran. When the answer to writes gets lost, their outcomes hold the error.

        Raises:
            PMError: a request of nothing but reads failed.
        """
        gatherer = gathered_by(self)
        if gatherer is not None:
            return [_noted(one) for one in await asyncio.gather(*map(gatherer.run, actions))]
        chunks = [actions[start : start + BATCH_MOST] for start in range(0, len(actions), BATCH_MOST)]
        limit = max(1, min(self.options.concurrency, _READS // BATCH_MOST))
        results: list[Outcome] = []
        for chunk, found in zip(chunks, await bounded_map(self._chunk, chunks, limit), strict=True):
            if isinstance(found, Exception):
                if not isinstance(found, PMError) or not any(one.writes for one in chunk):
                    raise found
                results += [Outcome(one, 0, failure=found) for one in chunk]
            else:
                results += map(_noted, found)
        return results

    @asynccontextmanager
    async def gathered(self) -> AsyncIterator[None]:
        """Calls that coroutines within the block make at the same time are batches."""
        async with gathering(self, self._chunk):
            yield

    async def _chunk(self, actions: Sequence[Action]) -> list[Outcome]:
        """Up to ten actions; the writes among them are noted by those who asked for them."""
        with uncounted():
            return await self._sent(actions)

    async def _sent(self, actions: Sequence[Action]) -> list[Outcome]:
        if len(actions) == 1:
            try:
                return [await self._alone(actions[0])]
            except PMError as error:
                return [Outcome(actions[0], error.status or 0, failure=error)]
        writes = any(one.writes for one in actions)
        permits, count = (self._writes if writes else self._reads), len(actions)
        async with permits.hold(count):
            answer = await self.http.request(
                "POST",
                "batch",
                operation="",
                json={"data": {"actions": [one.wire() for one in actions]}},
                safe=all(one.method in {"GET", "PUT"} for one in actions),
                cost=count,
            )
        self._note(answer)
        return read_outcomes(answer.json(), actions)

    # events

    async def events(self, resource: str, sync: str | None, fields: Sequence[str] = ()) -> EventPage:
        """What happened to a project (or task) since a token; at most 100 events.

        The first call, and one with a token that expired, is answered with 412 and a fresh token: that is no
        error ([spec] GET /events).

        Raises:
            NotFoundError: the resource does not exist, or may not be seen.
        """
        params: dict[str, Any] = {"resource": resource}
        if sync is not None:
            params["sync"] = sync
        if fields:
            params["opt_fields"] = ",".join(fields)
        answer = await self.call("GET", "events", params=params, expect=(200, _EXPIRED))
        body = answer.json_object()
        token, now = body.get("sync"), clock(answer.headers.get("date", ""))
        if not isinstance(token, str) or not token:
            raise broken("events without a sync token")
        if answer.status == _EXPIRED:
            return EventPage((), token, was_lost=True, clock=now)
        return EventPage(objects(body, "data"), token, has_more=body.get("has_more") is True, clock=now)


def _noted(outcome: Outcome) -> Outcome:
    """An outcome, whose write counts for the operation that it is handed to."""
    if outcome.action.writes and outcome.error is None:
        note_write()
    return outcome
