"""The API as calls: addresses, parameters, paging. Decoded documents in and out, no records."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from typing import Any

import httpx2

from pm_providers.errors import AuthenticationError, NotFoundError
from pm_providers.providers.openproject.config import SETTINGS, Options
from pm_providers.providers.openproject.errors import parse_fault
from pm_providers.providers.openproject.mapping.hal import elements
from pm_providers.providers.openproject.mapping.people import is_anonymous
from pm_providers.toolkit.documents import object_list
from pm_providers.toolkit.listing import DocumentPage, Listed, page_span, steady_pages
from pm_providers.toolkit.remote import IdentifyingClient, deleted
from pm_providers.transport import (
    Answer,
    FilePart,
    Params,
    Timing,
)

__all__ = ["Api"]

_JSON = {"Content-Type": "application/json"}


class Api(IdentifyingClient):
    """One installation and one credential.

    The first call asks who the credential is: a server that does not understand it answers as Anonymous, with
    status 200 and public data only (recorded 01-…: step 6).
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
            "openproject",
            options.base_url,
            options,
            root="/api/v3",
            settings=SETTINGS,
            error_parser=parse_fault,
            transport=transport,
            timing=timing,
        )

    # who

    async def _ask_me(self) -> dict[str, Any]:
        found = (await self.http.request("GET", "users/me", operation="")).json_object()
        if is_anonymous(found):
            raise AuthenticationError(
                "the server answers as Anonymous: it does not accept the API key in this form; is "
                "OPENPROJECT_API_KEY right, and are API tokens enabled in the administration?"
            )
        return found

    # single documents

    async def get(self, path: str, params: Params | None = None) -> dict[str, Any]:
        """A document.

        Raises:
            NotFoundError: it does not exist, or may not be seen.
        """
        await self.identify()
        return (await self.http.request("GET", path, params=params, operation="")).json_object()

    async def find(self, path: str, params: Params | None = None) -> dict[str, Any] | None:
        """A document; `None` when it does not exist or may not be seen."""
        try:
            return await self.get(path, params)
        except NotFoundError:
            return None

    async def post(
        self, path: str, body: Mapping[str, Any], params: Params | None = None, *, reads: bool = False
    ) -> dict[str, Any]:
        """Create something, or ask a form (`reads`). 200 and 201 are both a success."""
        await self.identify()
        answer = await self.http.request("POST", path, params=params, json=body, reads=reads, operation="")
        return answer.json_object()

    async def patch(
        self, path: str, body: Mapping[str, Any], params: Params | None = None, *, safe: bool = True
    ) -> dict[str, Any]:
        """Change something. Values set twice are set once, so it is repeated unless told not to."""
        await self.identify()
        answer = await self.http.request("PATCH", path, params=params, json=body, safe=safe, operation="")
        return answer.json_object()

    async def delete(self, path: str) -> bool:
        """Delete something; see `deleted`. A page with status 200 (a login, a proxy) is no delete.

        Even without a body the header is required up to 13.2 (recorded 02-…: step 65).
        """
        await self.identify()
        call = self.http.request("DELETE", path, headers=_JSON, expect=(202, 204), operation="")
        return await deleted(call, self.get, path)

    async def upload(self, path: str, parts: Sequence[FilePart]) -> dict[str, Any]:
        """Send a multipart form."""
        await self.identify()
        answer = await self.http.request("POST", path, files=parts, operation="")
        return answer.json_object()

    async def download(self, path: str, max_bytes: int) -> bytes:
        """Bytes of a file; a redirect to object storage is followed without the credential."""
        await self.identify()
        async with self.http.stream(path, max_bytes=max_bytes, operation="") as found:
            return await found.read()

    async def raw(
        self,
        method: str,
        path: str,
        *,
        params: Params | None,
        body: Mapping[str, Any],
        headers: Mapping[str, str],
    ) -> Answer:
        """Any call; `body` holds `json` or nothing."""
        await self.identify()
        merged = dict(headers)
        if method.upper() not in {"GET", "HEAD"} and not any(one.lower() == "content-type" for one in merged):
            merged.update(_JSON)
        return await self.http.request(method, path, params=params, headers=merged, operation="", **body)

    # lists

    async def all(self, path: str, params: Params | None = None) -> list[dict[str, Any]]:
        """Elements of a list that is not paged (statuses, types, versions, activities, ...)."""
        return object_list(elements(await self.get(path, params)))

    def pages(
        self,
        path: str,
        params: Params,
        *,
        window: int = 1,
        page_size: int | None = None,
        limit: int | None = None,
    ) -> AsyncGenerator[Listed, None]:
        """Pages of a list, in order; elements that came before are left out.

        `offset` is a page number, `pageSize` is clamped silently, so the answer's own counts. Sort by
        something stable; see `steady_pages` for lists that change under way.

        Args:
            path: address.
            params: filters and sorting.
            window: pages in flight.
            page_size: asked for; the connection's own when missing.
            limit: elements that will be taken at most: no more is fetched for it than needed.

        Raises:
            ProviderError: the list never ends.
        """
        size, window = page_span(page_size or self.options.page_size, window, limit)

        async def fetch(number: int) -> DocumentPage:
            return _page(await self.get(path, {**params, "offset": number, "pageSize": size}))

        return steady_pages(fetch, _name, window=window, provider="openproject")

    async def items(
        self,
        path: str,
        params: Params,
        *,
        window: int = 1,
        page_size: int | None = None,
        limit: int | None = None,
    ) -> AsyncGenerator[dict[str, Any], None]:
        """Elements of a paged list; see `pages`."""
        stream = self.pages(path, params, window=window, page_size=page_size, limit=limit)
        async with aclosing(stream) as pages:
            async for page in pages:
                for one in page.items:
                    yield one


def _page(collection: Mapping[str, Any]) -> DocumentPage:
    """A page. 12.0 lists all projects whatever `pageSize` it repeats (recorded 03-…): the count matters."""
    items = object_list(elements(collection))
    total, size = collection.get("total"), collection.get("pageSize")
    return DocumentPage(
        items,
        total=total if isinstance(total, int) else None,
        page_size=max(size, len(items)) if isinstance(size, int) else None,
        document=collection,
    )


def _name(one: Mapping[str, Any]) -> str:
    return f"{one.get('_type')}:{one.get('id')}"
