"""The API as calls: addresses, parameters, paging. Decoded documents in and out, no records."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Collection, Iterable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

import httpx2
import msgspec

from pm_providers.errors import AuthenticationError, NotFoundError, PermissionDeniedError, ProviderError
from pm_providers.providers.jira.answers import is_last, objects
from pm_providers.providers.jira.config import SETTINGS, Options
from pm_providers.providers.jira.errors import is_anonymous, parse_fault, read_quota, rejected
from pm_providers.providers.jira.oauth import OAuth
from pm_providers.toolkit.documents import object_list
from pm_providers.toolkit.remote import IdentifyingClient, deleted
from pm_providers.transport import (
    Answer,
    FilePart,
    Params,
    Timing,
)

__all__ = ["AGILE", "CLOUD", "SERVER", "Api", "Deployment"]

AGILE = "rest/agile/1.0"
"""Root of boards and sprints; addresses that begin with `rest/` are taken as they are."""

CLOUD, SERVER = "cloud", "server"
_OK = 200
_DONE = (200, 201, 204)
_MAX_PAGES = 100_000
_FILTERED = 1000
_ROUND = 10
_LONGEST_FIELDS = 4000
_EVERYTHING = "*all,-comment,-worklog,-attachment"


@dataclass(frozen=True, slots=True)
class Deployment:
    """What the site is.

    Attributes:
        kind: `CLOUD`, or `SERVER` for Server and Data Center.
        version: as the site tells it.
        root: of the platform API: v3 with ADF on Cloud, v2 with wiki markup elsewhere.
        url: address for people.
    """

    kind: str
    version: str
    root: str
    url: str

    @property
    def is_cloud(self) -> bool:
        """Whether it is Cloud."""
        return self.kind == CLOUD


class Api(IdentifyingClient):
    """One site and one credential.

    The first call asks what the site is and who the credential is: public sites answer a wrong token with
    200 and what anonymous visitors see. Addresses are below the platform API (`issue/10002`) unless they
    begin with `rest/`.
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
            "jira",
            options.api_url,
            options,
            settings=SETTINGS,
            error_parser=parse_fault,
            quota_parser=read_quota,
            transport=transport,
            timing=timing,
        )
        self._transport = transport
        self._site: Deployment | None = None

    # what and who

    @property
    def site(self) -> Deployment:
        """What the site is; known after the first call.

        Raises:
            ProviderError: nothing was asked yet.
        """
        if self._site is None:
            raise ProviderError("the site was not asked what it is yet")
        return self._site

    def assume(self, site: Deployment) -> None:
        """Go on with what the site was when it was asked last. Nothing is sent."""
        self._site = self._site or site

    async def meet(self) -> None:
        """Know what the site is, asked once for all."""
        if self._site is None:
            await self.identify()

    async def _ask_me(self) -> dict[str, Any]:
        if self._site is None:
            return await self._meet()
        return (await self._send("GET", f"{self._site.root}/myself")).json_object()

    async def _meet(self) -> dict[str, Any]:
        """Learn what the site is and who we are, both at once.

        Cloud has v3 of the API, Data Center has not, so 404 tells; `deploymentType` decides.
        """
        asked = self.options.deployment
        versions = {"cloud": ("3",), "server": ("2",)}.get(asked, ("3", "2"))
        for number in versions:
            calls = (self._send("GET", f"rest/api/{number}/{what}") for what in ("serverInfo", "myself"))
            site, me = await asyncio.gather(*calls, return_exceptions=True)
            if not isinstance(site, NotFoundError):
                break
        self._site = self._deployment(_sure(site).json_object())
        return _sure(me).json_object()

    def _deployment(self, info: Mapping[str, Any]) -> Deployment:
        told = str(info.get("deploymentType") or "").casefold()
        cloud = self.options.deployment == CLOUD or (self.options.deployment != SERVER and told == CLOUD)
        url = info.get("baseUrl")
        own = self.options.api_url == self.options.base_url
        return Deployment(
            kind=CLOUD if cloud else SERVER,
            version=str(info.get("version") or ""),
            root="rest/api/3" if cloud else "rest/api/2",
            url=self.options.base_url if own or not isinstance(url, str) else url.rstrip("/"),
        )

    # one request

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
        reads: bool = False,
        expect: Collection[int] = (),
    ) -> Answer:
        """Any call, once it is known what the site is.

        Args:
            method: HTTP method.
            path: below the platform API, or beginning with `rest/`, or absolute on the same host.
            params: query.
            json: body.
            files: body as a form.
            headers: for this call only.
            safe: whether carrying it out twice is the same as once; by default for reads only.
            reads: whether it changes nothing although its method could.
            expect: statuses that are a success; by default all of 200 to 299.

        Raises:
            AuthenticationError: the credential is not accepted, also where the server says 200 or 404.
        """
        await self.meet()
        return await self._send(
            method,
            self.address(path),
            params=params,
            json=json,
            files=files,
            headers=headers,
            safe=safe,
            reads=reads,
            expect=expect,
        )

    def address(self, path: str) -> str:
        """Path below the base URL."""
        if path.startswith(("rest/", "/", "http://", "https://")):
            return path
        return f"{self.site.root}/{path}"

    async def _send(self, method: str, path: str, **given: Any) -> Answer:
        auth = self.options.auth
        if not isinstance(auth, OAuth):
            return self._checked(await self.http.request(method, path, operation="", **given))
        token = auth.token
        if auth.is_due(self._timing.monotonic()):
            await auth.renew(token, timing=self._timing, transport=self._transport)
            token = auth.token
        try:
            return self._checked(await self.http.request(method, path, operation="", **given))
        except AuthenticationError as error:
            # Refused, so nothing was done: once more with a new token, unless it is the scopes that lack.
            if not auth.can_renew or "scope" in error.message.lower():
                raise
            await auth.renew(token, timing=self._timing, transport=self._transport)
        return self._checked(await self.http.request(method, path, operation="", **given))

    @staticmethod
    def _checked(answer: Answer) -> Answer:
        if is_anonymous(answer):
            raise AuthenticationError(rejected(answer), status=answer.status, request_id=answer.request_id)
        return answer

    # documents

    async def get(self, path: str, params: Params | None = None) -> dict[str, Any]:
        """An object.

        Raises:
            NotFoundError: it does not exist, or may not be seen.
        """
        return (await self.call("GET", path, params=params)).json_object()

    async def find(self, path: str, params: Params | None = None) -> dict[str, Any] | None:
        """As `get`; `None` when it does not exist or may not be seen."""
        try:
            return await self.get(path, params)
        except (NotFoundError, PermissionDeniedError):
            return None

    async def issue(self, key: str, fields: Iterable[str]) -> dict[str, Any]:
        """An issue, from the primary store; old keys are followed.

        Sites have hundreds of custom fields, more than an address can name: all are asked for then.

        Args:
            key: id or key.
            fields: ids of the fields that are wanted.

        Raises:
            NotFoundError: it does not exist, or may not be seen.
        """
        wanted = list(fields)
        asked = ",".join(wanted)
        if len(asked) <= _LONGEST_FIELDS:
            return await self.get(f"issue/{key}", {"fields": asked})
        found = await self.get(f"issue/{key}", {"fields": _EVERYTHING})
        values = found.get("fields")
        if isinstance(values, Mapping):
            found["fields"] = {name: values[name] for name in wanted if name in values}
        return found

    async def find_issue(self, key: str, fields: Iterable[str]) -> dict[str, Any] | None:
        """As `issue`; `None` when it does not exist or may not be seen."""
        try:
            return await self.issue(key, fields)
        except (NotFoundError, PermissionDeniedError):
            return None

    async def listed(self, path: str, params: Params | None = None) -> list[dict[str, Any]]:
        """A bare list of objects (`field`, `issuetype`, `status`, ...)."""
        return object_list((await self.call("GET", path, params=params)).json(), path)

    async def ask(self, path: str, body: Any) -> dict[str, Any]:
        """A read that has its question in the body (`search/jql`, `issue/bulkfetch`): repeated like one."""
        return (await self.call("POST", path, json=body, reads=True)).json_object()

    async def post(self, path: str, body: Any = msgspec.UNSET, *, params: Params | None = None) -> Any:
        """Create or do something; the decoded answer, `None` where the server says nothing."""
        answer = await self.call("POST", path, params=params, json=body, expect=_DONE)
        return answer.json() if answer.content.strip() else None

    async def created(self, path: str, body: Any, *, params: Params | None = None) -> dict[str, Any]:
        """Create something that the answer describes, or at least names."""
        answer = await self.call("POST", path, params=params, json=body, expect=(200, 201))
        return answer.json_object()

    async def put(self, path: str, body: Any, *, params: Params | None = None, safe: bool = True) -> Any:
        """Change something; the decoded answer, `None` where the server says nothing.

        Values set twice are set once, so it is repeated unless told not to.
        """
        answer = await self.call("PUT", path, params=params, json=body, safe=safe, expect=_DONE)
        return answer.json() if answer.content.strip() else None

    async def delete(self, path: str, params: Params | None = None, *, look: str | None = None) -> bool:
        """Delete something; see `deleted`. It is looked for at `look`, by default at `path`."""
        return await deleted(self._drop(path, params), self.get, look or path)

    async def _drop(self, path: str, params: Params | None) -> None:
        answer = await self.call("DELETE", path, params=params, expect=(200, 202, 204))
        if answer.status == _OK and answer.content.strip():
            answer.json()  # A page (a login, a proxy) is no delete; links tell 200 ([spec] issueLink).

    # lists

    async def pages(
        self,
        path: str,
        kind: str = "values",
        params: Params | None = None,
        *,
        page_size: int = 50,
        limit: int | None = None,
    ) -> AsyncGenerator[list[dict[str, Any]], None]:
        """Pages of a list by `startAt`, in order.

        The server may give less than asked for, so each page begins where the one before ended.

        Args:
            path: address.
            kind: name of the list in the answer; other common names and a bare list are taken, too.
            params: query.
            page_size: asked for.
            limit: elements that will be taken at most.

        Raises:
            ProviderError: the list never ends.
        """
        size = page_size if limit is None else max(1, min(limit, page_size))
        start = 0
        for _ in range(_MAX_PAGES):
            answer = await self.call(
                "GET", path, params={**(params or {}), "startAt": start, "maxResults": size}
            )
            document = answer.json()
            items = objects(document, kind)
            yield items
            start += len(items)
            if not items or is_last(document, start):
                return
        raise ProviderError("the list never ends")

    async def items(
        self,
        path: str,
        kind: str = "values",
        params: Params | None = None,
        *,
        page_size: int = 50,
        limit: int | None = None,
    ) -> AsyncGenerator[dict[str, Any], None]:
        """Elements of a list; see `pages`."""
        stream = self.pages(path, kind, params, page_size=page_size, limit=limit)
        async with aclosing(stream) as pages:
            async for page in pages:
                for one in page:
                    yield one

    async def people(
        self, path: str, params: Params | None = None, *, capped: bool = True
    ) -> AsyncGenerator[dict[str, Any], None]:
        """Users of a search, told in bare lists.

        Most searches take the first 1000 users of the site and filter them afterwards, so a short page is not
        the end: one page of 1000 is asked for. A full page goes on where it ended, as does one whose round
        length looks like a bound of the server's own; users may come twice then.

        Args:
            path: address.
            params: query.
            capped: it ends at the thousandth.
        """
        start = 0
        while start < _FILTERED or not capped:
            query = {**(params or {}), "startAt": start, "maxResults": _FILTERED}
            page = await self.listed(path, query)
            for one in page:
                yield one
            start += len(page)
            if not page or len(page) % _ROUND:
                return


def _sure(answer: Answer | BaseException) -> Answer:
    if isinstance(answer, BaseException):
        raise answer
    return answer
