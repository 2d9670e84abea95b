"""`OpenProjectProvider`: all parts together, and the raw call."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pm_providers.contract import RawResponse
from pm_providers.providers.openproject.changes import Changes
from pm_providers.providers.openproject.collaboration import (
    Attachments,
    Comments,
    Labels,
    Relations,
    TimeEntries,
)
from pm_providers.providers.openproject.containers import Projects, Sprints
from pm_providers.providers.openproject.discovery import Discovery
from pm_providers.providers.openproject.members import Memberships, Watchers
from pm_providers.providers.openproject.task_writing import TaskWriter
from pm_providers.toolkit.raw import allowed_headers, raw_response

__all__ = ["OpenProjectProvider"]


class OpenProjectProvider(
    Projects,
    Sprints,
    Memberships,
    Watchers,
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
        given = allowed_headers(headers)
        body = {} if json is None else {"json": json}
        return raw_response(await self._api.raw(method, path, params=params, body=body, headers=given))
