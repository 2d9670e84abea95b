"""The API as calls: addresses, parameters, paging. Decoded documents in and out, no records."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpx2

from pm_providers.errors import AuthenticationError, NotFoundError, PMError, ProviderError
from pm_providers.providers.openproject.config import Options
from pm_providers.providers.openproject.errors import parse_fault
from pm_providers.providers.openproject.mapping.hal import elements
from pm_providers.providers.openproject.mapping.people import is_anonymous
from pm_providers.toolkit.cache import KeyedLocks
from pm_providers.transport import (
    Answer,
    FilePart,
    HttpClient,
    Page,
    Params,
    Quota,
    Timing,
    iter_pages,
    shared_governor,
)

__all__ = ["Api", "Listed"]

_JSON = {"Content-Type": "application/json"}
_REPEATED_PAGES = 3


@dataclass(frozen=True, slots=True)
class Listed:
    """One page of a list.

    Attributes:
        items: elements that did not come on an earlier page.
        collection: the whole document, as it came.
    """

    items: Sequence[dict[str, Any]]
    collection: Mapping[str, Any]


class Api:
    """One installation and one credential.

    The first call asks who the credential is: a server that does not understand it answers as Anonymous, with
    status 200 and public data only (recorded 01-…: step 6).
    """

    def __init__(
        self,
        options: Options,
        *,
        transport: httpx2.AsyncBaseTransport | None = None,
        timing: Timing | None = None,
    ) -> None:
        self.options = options
        governor = shared_governor(
            "openproject",
            options.base_url,
            options.auth.fingerprint(),
            quota=Quota(concurrency=max(16, options.concurrency)),
            timing=timing,
        )
        self.http = HttpClient(
            f"{options.base_url}/api/v3",
            provider="openproject",
            auth=options.auth,
            policy=options.policy,
            governor=governor,
            error_parser=parse_fault,
            transport=transport,
            timing=timing,
            url_setting="OPENPROJECT_URL",
        )
        self._me: dict[str, Any] | None = None
        self._identifying = KeyedLocks()

    async def aclose(self) -> None:
        """Release the connections."""
        await self.http.aclose()

    # who

    async def me(self) -> dict[str, Any]:
        """The user of the credential, asked anew.

        Raises:
            AuthenticationError: the credential is not accepted, or the server took us for Anonymous.
        """
        answer = await self.http.request("GET", "users/me", operation="")
        found = answer.json_object()
        if is_anonymous(found):
            raise AuthenticationError(
                "the server answers as Anonymous: it does not accept the API key in this form; is "
                "OPENPROJECT_API_KEY right, and are API tokens enabled in the administration?"
            )
        self._me = found
        return found

    async def identify(self) -> dict[str, Any]:
        """The user of the credential, asked once."""
        if self._me is None:
            async with self._identifying.hold("me"):
                if self._me is None:
                    await self.me()
        return self._me or {}

    # single documents

    async def get(self, path: str, params: Params | None = None) -> dict[str, Any]:
        """A document.

        Raises:
            NotFoundError: it does not exist, or may not be seen.
        """
        await self.identify()
        return (await self.http.request("GET", path, params=params, operation="")).json_object()

    async def dated(self, path: str, params: Params | None = None) -> tuple[dict[str, Any], datetime | None]:
        """A document, and the server's clock when it was sent; `None` where it did not tell."""
        await self.identify()
        answer = await self.http.request("GET", path, params=params, operation="")
        return answer.json_object(), _clock(answer.headers.get("date", ""))

    async def find(self, path: str, params: Params | None = None) -> dict[str, Any] | None:
        """A document; `None` when it does not exist or may not be seen."""
        try:
            return await self.get(path, params)
        except NotFoundError:
            return None

    async def post(
        self, path: str, body: Mapping[str, Any], params: Params | None = None, *, safe: bool = False
    ) -> dict[str, Any]:
        """Create something, or ask a form (`safe`). 200 and 201 are both a success."""
        await self.identify()
        answer = await self.http.request("POST", path, params=params, json=body, safe=safe, operation="")
        return answer.json_object()

    async def patch(
        self, path: str, body: Mapping[str, Any], params: Params | None = None, *, safe: bool = True
    ) -> dict[str, Any]:
        """Change something. Values set twice are set once, so it is repeated unless told not to."""
        await self.identify()
        answer = await self.http.request("PATCH", path, params=params, json=body, safe=safe, operation="")
        return answer.json_object()

    async def delete(self, path: str) -> bool:
        """Delete something; `False` when it did not exist.

        Even without a body the header is required up to 13.2 (recorded 02-…: step 65). When the answer got
        lost, the object is looked up: gone is deleted.
        """
        await self.identify()
        try:
            # A page with status 200 (a login, a proxy) is no delete.
            await self.http.request("DELETE", path, headers=_JSON, expect=(202, 204), operation="")
        except NotFoundError:
            return False
        except PMError as error:
            if error.maybe_applied and await self.find(path) is None:
                return True
            raise
        return True

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
        return list(_objects(await self.get(path, params)))

    async def pages(
        self,
        path: str,
        params: Params,
        *,
        window: int = 1,
        page_size: int | None = None,
        limit: int | None = None,
    ) -> AsyncGenerator[Listed, None]:
        """Pages of a list, in order; elements that came before are left out.

        `offset` is a page number, `pageSize` is clamped silently, so the answer's own counts. Pages shift
        when the list changes under way; sort by something stable. When the list shrinks, elements slip to
        pages that were read already: it is read again until nothing new is found.

        Args:
            path: address.
            params: filters and sorting.
            window: pages in flight.
            page_size: asked for; the connection's own when missing.
            limit: elements that will be taken at most: no more is fetched for it than needed.

        Raises:
            ProviderError: the list never ends.
        """
        size = page_size or self.options.page_size
        if limit is not None and limit <= size:
            size, window = max(1, limit), 1

        async def fetch(number: int) -> Page[dict[str, Any]]:
            return _page(await self.get(path, {**params, "offset": number, "pageSize": size}))

        seen: set[str] = set()
        while True:
            known, walk = len(seen), _Walk(seen)
            async with aclosing(iter_pages(fetch, window=window, provider="openproject")) as pages:
                async for page in pages:
                    yield Listed(walk.fresh(page), _collection(page))
            if not walk.shrank or (known and len(seen) == known):
                return

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


class _Walk:
    """One way through the pages of a list.

    Attributes:
        shrank: a later page counted fewer elements than an earlier one.
    """

    def __init__(self, seen: set[str]) -> None:
        self.shrank = False
        self._seen = seen
        self._before = frozenset(seen)
        self._again: set[str] = set()
        self._most = 0
        self._repeats = 0

    def fresh(self, page: Page[dict[str, Any]]) -> list[dict[str, Any]]:
        """Elements of the next page that no way brought before.

        Raises:
            ProviderError: this way brings the same pages again and again.
        """
        self.shrank |= page.total is not None and page.total < self._most
        self._most = max(self._most, page.total or 0)
        known = len(self._seen) + len(self._again)
        fresh = [one for one in page.items if self._is_new(_name(one))]
        moved = len(self._seen) + len(self._again) > known
        self._repeats = 0 if moved or not page.items else self._repeats + 1
        if self._repeats >= _REPEATED_PAGES:
            raise ProviderError("the list repeats itself and never ends")
        return fresh

    def _is_new(self, name: str) -> bool:
        if name in self._before:
            self._again.add(name)
            return False
        known = len(self._seen)
        self._seen.add(name)
        return len(self._seen) > known


class _Elements(list[dict[str, Any]]):
    """Elements of a collection, with the collection that they stood in."""

    collection: Mapping[str, Any]


def _page(collection: Mapping[str, Any]) -> Page[dict[str, Any]]:
    """A page. 12.0 lists all projects whatever `pageSize` it repeats (recorded 03-…): the count matters."""
    items = _Elements(_objects(collection))
    items.collection = collection
    total, size = collection.get("total"), collection.get("pageSize")
    return Page(
        items,
        total=total if isinstance(total, int) else None,
        page_size=max(size, len(items)) if isinstance(size, int) else None,
    )


def _collection(page: Page[dict[str, Any]]) -> Mapping[str, Any]:
    return page.items.collection if isinstance(page.items, _Elements) else {}


def _objects(collection: Any) -> Sequence[dict[str, Any]]:
    found = elements(collection)
    if not all(isinstance(one, dict) for one in found):
        raise ProviderError("the answer breaks the API's contract: a list with something else than objects")
    return found


def _clock(value: str) -> datetime | None:
    try:
        found = parsedate_to_datetime(value)
    except (TypeError, ValueError, IndexError, OverflowError):
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _name(one: Mapping[str, Any]) -> str:
    return f"{one.get('_type')}:{one.get('id')}"
