"""The API as calls: addresses, parameters, paging. Decoded documents in and out, no records."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from datetime import datetime
from typing import Any

import httpx2

from pm_providers.effects import uncounted
from pm_providers.errors import NotFoundError, PermissionDeniedError, PMError
from pm_providers.providers.redmine.config import SETTINGS, Options
from pm_providers.providers.redmine.errors import LANGUAGE, parse_fault
from pm_providers.toolkit.documents import broken, identifier, objects, part
from pm_providers.toolkit.listing import DocumentPage, Listed, page_span, steady_pages
from pm_providers.toolkit.remote import IdentifyingClient, deleted
from pm_providers.transport import Answer, Params, Timing

__all__ = ["Api"]

_NOTHING = (200, 201, 204)


class Api(IdentifyingClient):
    """One installation and one credential.

    The first call asks who the credential is, and later ones again after a minute: public lists answer a
    wrong key, one that was revoked and one of a locked account with 200 and what anonymous visitors see
    (recorded 01-auth: step 16). Addresses are given without `.json`.
    """

    IDENTITY_AGE_S = 60.0

    options: Options

    def __init__(
        self,
        options: Options,
        *,
        transport: httpx2.AsyncBaseTransport | None = None,
        timing: Timing | None = None,
    ) -> None:
        super().__init__(
            "redmine",
            options.base_url,
            options,
            settings=SETTINGS,
            error_parser=parse_fault,
            headers=LANGUAGE,
            transport=transport,
            timing=timing,
        )

    # who

    async def _ask_me(self) -> dict[str, Any]:
        answer = await self.http.request("GET", "users/current.json", operation="")
        return part(answer.json_object(), "user")

    async def is_admin(self) -> bool:
        """Whether the credential is an administrator's."""
        return (await self.identify()).get("admin") is True

    # single documents

    async def get(self, path: str, params: Params | None = None) -> dict[str, Any]:
        """A document, with the name of its kind around it.

        Raises:
            NotFoundError: it does not exist.
            PermissionDeniedError: it may not be seen, or it is in an archived project.
        """
        await self.identify()
        return (await self.http.request("GET", f"{path}.json", params=params, operation="")).json_object()

    async def dated(self, path: str, params: Params) -> tuple[dict[str, Any], datetime | None]:
        """See `RemoteClient.dated`."""
        return await super().dated(f"{path}.json", params)

    async def one(self, path: str, kind: str, params: Params | None = None) -> dict[str, Any]:
        """The object of a `kind` that a document holds."""
        return part(await self.get(path, params), kind)

    async def find(self, path: str, kind: str, params: Params | None = None) -> dict[str, Any] | None:
        """As `one`; `None` when it does not exist or may not be seen."""
        try:
            return await self.one(path, kind, params)
        except (NotFoundError, PermissionDeniedError):
            return None

    async def post(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Create something; the whole answer, empty where the server says nothing."""
        await self.identify()
        answer = await self.http.request("POST", f"{path}.json", json=body, expect=_NOTHING, operation="")
        return answer.json_object() if answer.content.strip() else {}

    async def put(self, path: str, body: Mapping[str, Any], *, safe: bool = True) -> None:
        """Change something. The answer is always empty, whatever was or was not done.

        Values set twice are set once, so it is repeated unless told not to: notes and uploads are added.
        """
        await self.identify()
        await self.http.request("PUT", f"{path}.json", json=body, safe=safe, expect=_NOTHING, operation="")

    async def delete(self, path: str) -> bool:
        """Delete something; see `deleted`. A page with status 200 (a login, a proxy) is no delete."""
        await self.identify()
        call = self.http.request("DELETE", f"{path}.json", expect=(204,), operation="")
        return await deleted(call, self.get, path)

    async def upload(self, content: bytes, file_name: str) -> dict[str, Any]:
        """Send a file; the answer holds the token that attaches it to something, once.

        Other content types than octets are refused (recorded 09-…: step 29).
        """
        await self.identify()
        with uncounted():
            answer = await self.http.request(
                "POST",
                "uploads.json",
                params={"filename": file_name},
                content=content,
                headers={"Content-Type": "application/octet-stream"},
                operation="",
            )
        return part(answer.json_object(), "upload")

    async def download(self, path: str, max_bytes: int) -> bytes:
        """Bytes of a file."""
        await self.identify()
        async with self.http.stream(path, max_bytes=max_bytes, operation="") as found:
            return await found.read()

    async def page(self, path: str) -> str | None:
        """An HTML page; `None` where there is none for us. The key opens those of actions of the API."""
        await self.identify()
        headers = {"Accept": "text/html"}
        try:
            answer = await self.http.request("GET", path, headers=headers, expect=(200,), operation="")
        except PMError as error:
            if error.retryable:
                raise
            return None
        return answer.content.decode("utf-8", "replace")

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
        await self.identify()
        return await self.http.request(method, path, params=params, headers=headers, operation="", **body)

    # lists

    async def all(self, path: str, kind: str, params: Params | None = None) -> list[dict[str, Any]]:
        """Elements of a list that is not paged (statuses, trackers, versions, categories, ...)."""
        return objects(await self.get(path, params), kind)

    async def pages(
        self,
        path: str,
        kind: str,
        params: Params,
        *,
        window: int = 1,
        page_size: int | None = None,
        limit: int | None = None,
    ) -> AsyncGenerator[Listed, None]:
        """Pages of a list, in order; elements that came before are left out.

        Paged by `offset` and `limit`, of which the server takes 100 at most and says so.

        Args:
            path: address.
            kind: name of the list in the answer.
            params: filters and sorting.
            window: pages in flight.
            page_size: asked for; the connection's own when missing.
            limit: elements that will be taken at most: no more is fetched for it than needed.

        Raises:
            ProviderError: the list never ends.
        """
        size, window = page_span(page_size or self.options.page_size, window, limit)

        async def fetch(number: int) -> DocumentPage:
            document = await self.get(path, {**params, "offset": (number - 1) * size, "limit": size})
            return _page(document, kind, size)

        def name(one: Mapping[str, Any]) -> str:
            return identifier(one, kind)

        async with aclosing(steady_pages(fetch, name, window=window, provider="redmine")) as pages:
            async for page in pages:
                yield page

    async def items(
        self,
        path: str,
        kind: str,
        params: Params,
        *,
        window: int = 1,
        limit: int | None = None,
    ) -> AsyncGenerator[dict[str, Any], None]:
        """Elements of a paged list; see `pages`."""
        async with aclosing(self.pages(path, kind, params, window=window, limit=limit)) as pages:
            async for page in pages:
                for one in page.items:
                    yield one


def _page(document: Mapping[str, Any], kind: str, size: int) -> DocumentPage:
    """A page. A server that gives less than asked would make every offset wrong, so that is an error.

    Raises:
        ProviderError: the server has another idea of the page size than we, or tells no total.
    """
    total, given = document.get("total_count"), document.get("limit")
    if not isinstance(total, int) or (isinstance(given, int) and given != size):
        raise broken(f"a list of {kind} without total_count, or cut to {given!r} a page")
    return DocumentPage(objects(document, kind), total=total, page_size=size, document=document)
