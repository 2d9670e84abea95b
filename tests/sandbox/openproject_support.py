"""A small caller for tests of the OpenProject sandbox, in this process."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import httpx2

from pm_providers.sandbox.openproject import ADMIN_KEY, OpenProjectSandbox

__all__ = ["Caller", "href", "identifier"]


class Caller:
    """Sends requests as one account; returns status and decoded body."""

    def __init__(self, box: OpenProjectSandbox, key: str = ADMIN_KEY) -> None:
        self.box = box
        self._client = httpx2.AsyncClient(
            transport=box.transport(), base_url=f"{box.base_url}/api/v3", auth=("apikey", key)
        )

    def as_user(self, login: str) -> Caller:
        """The same sandbox with another account's key."""
        return Caller(self.box, self.box.key_of(login))

    async def __call__(self, method: str, path: str, body: Any = None, **options: Any) -> tuple[int, Any]:
        """One JSON request; other bodies by `content` and `headers`."""
        if "content" not in options:
            options["content"] = b"" if body is None else json.dumps(body)
            options.setdefault("headers", {"content-type": "application/json"})
        answer = await self._client.request(method, path, **options)
        if answer.content and "json" in answer.headers.get("content-type", ""):
            with contextlib.suppress(ValueError):  # redirects carry text under a JSON type
                return answer.status_code, answer.json()
        return answer.status_code, answer.content

    async def raw(self, method: str, path: str, **options: Any) -> httpx2.Response:
        """The answer itself."""
        return await self._client.request(method, path, **options)


def href(*parts: object) -> dict[str, str]:
    """A link object."""
    return {"href": "/api/v3/" + "/".join(str(part) for part in parts)}


def identifier(body: Any) -> tuple[str, str | None]:
    """Tail of the error identifier and the attribute."""
    details = body.get("_embedded", {}).get("details", {})
    return body["errorIdentifier"].rpartition(":")[2], details.get("attribute")
