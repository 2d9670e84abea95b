"""`OpenProjectProvider`: all parts together, and the raw call."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pm_providers.contract import RawResponse
from pm_providers.errors import ProviderError, ValidationError
from pm_providers.providers.openproject.changes import Changes
from pm_providers.providers.openproject.collaboration import (
    Attachments,
    Comments,
    Labels,
    Relations,
    TimeEntries,
)
from pm_providers.providers.openproject.containers import Projects, Sprints, Users
from pm_providers.providers.openproject.discovery import Discovery
from pm_providers.providers.openproject.task_writing import TaskWriter

__all__ = ["OpenProjectProvider"]

_OURS = frozenset({"authorization", "cookie", "host", "content-length", "transfer-encoding", "connection"})
_HIDDEN = frozenset(
    {"set-cookie", "authorization", "proxy-authorization", "www-authenticate", "x-csrf-token"}
)


class OpenProjectProvider(
    Projects,
    Sprints,
    Users,
    TaskWriter,
    Changes,
    Comments,
    Labels,
    Relations,
    Attachments,
    TimeEntries,
    Discovery,
):
    """OpenProject, API v3, versions 13 to 17. Projects, work packages, versions or native sprints, users.

    See `Connection` for the arguments. Constructing it sends nothing.
    """

    async def _request(
        self,
        method: str,
        path: str,
        params: Mapping[str, str] | None,
        json: Any,
        headers: Mapping[str, str] | None,
    ) -> RawResponse:
        given = dict(headers or {})
        refused = sorted(name for name in given if name.lower() in _OURS)
        if refused:
            raise ValidationError(fields={"headers": f"{', '.join(refused)} cannot be set"})
        body = {} if json is None else {"json": json}
        answer = await self._api.raw(method, path, params=params, body=body, headers=given)
        kept = {name.lower(): value for name, value in answer.headers.items() if name.lower() not in _HIDDEN}
        data = None
        if "json" in kept.get("content-type", "") and answer.content.strip():
            try:
                data = answer.json()
            except ProviderError:
                data = None  # `content` has what came
        return RawResponse(answer.status, kept, answer.content, data)
