"""Records and servers of the tests of traps."""

from __future__ import annotations

from typing import Any

import httpx2

from tests.providers.asana.site import Scripted, answer

__all__ = ["ENTRY", "FILE", "STORY", "Losing", "Multipart", "data", "error", "named"]

STORY = {
    "gid": "31",
    "type": "comment",
    "resource_subtype": "comment_added",
    "html_text": "<body>hello</body>",
    "text": "hello",
    "created_at": "2026-01-10T08:00:00.123Z",
    "created_by": {"gid": "9", "name": "Ada"},
    "target": {"gid": "12", "resource_type": "task"},
}
FILE = {
    "gid": "41",
    "name": "a.txt",
    "resource_subtype": "asana",
    "created_at": "2026-01-10T08:00:00.123Z",
    "permanent_url": "https://app.asana.com/app/asana/-/get_asset?asset_id=41",
    "size": 3,
    "parent": {"gid": "12", "resource_type": "task"},
}
ENTRY = {
    "gid": "51",
    "duration_minutes": 90,
    "entered_on": "2026-03-05",
    "attributable_to": None,
    "created_by": {"gid": "9", "name": "Ada"},
    "categories": [],
}


def data(value: Any) -> dict[str, Any]:
    return {"data": value}


def error(text: str, status: int) -> httpx2.Response:
    return answer({"errors": [{"message": text}]}, status)


class Losing:
    """Carries out writes, and loses the answers to those at some paths once."""

    def __init__(self, inner: Scripted, *ends: str, times: int = 1) -> None:
        self.inner, self.ends, self.left = inner, ends, times

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        found = self.inner(request)
        if request.method != "GET" and self.left and request.url.path.endswith(self.ends):
            self.left -= 1
            raise httpx2.ReadError("lost", request=request)
        return found

    def count(self, end: str) -> int:
        return sum(one.method != "GET" and one.url.path.endswith(end) for one in self.inner.requests)


class Multipart(Scripted):
    """As `Scripted`, for forms and files."""

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        if request.headers.get("content-type", "").startswith("multipart/"):
            self.requests.append(request)
            return answer(self._answers["POST /attachments"])
        return super().__call__(request)


def named(server: Any) -> Any:
    """The server, with an account in the workspace of the configuration."""
    scripted_part = server.inner if isinstance(server, Losing) else server
    scripted_part._answers.setdefault("GET /users/me", data({"gid": "9", "workspaces": [{"gid": "100"}]}))
    return server
