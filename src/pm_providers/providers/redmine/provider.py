"""`RedmineProvider`: all parts together, and the raw call."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pm_providers.contract import RawResponse
from pm_providers.providers.redmine.changes import Changes
from pm_providers.providers.redmine.collaboration import Attachments, Comments, Relations, TimeEntries
from pm_providers.providers.redmine.containers import Labels, Projects, Sprints
from pm_providers.providers.redmine.discovery import Discovery
from pm_providers.providers.redmine.members import Memberships, Watchers
from pm_providers.providers.redmine.task_writing import TaskWriter
from pm_providers.providers.redmine.users import Users
from pm_providers.toolkit.raw import allowed_headers, raw_response

__all__ = ["RedmineProvider"]

_KEY_HEADERS = ("x-redmine-api-key", "x-redmine-switch-user")


class RedmineProvider(
    Projects,
    Sprints,
    Labels,
    Users,
    TaskWriter,
    Changes,
    Comments,
    Relations,
    Attachments,
    TimeEntries,
    Memberships,
    Watchers,
    Discovery,
):
    """Redmine, REST API, versions 5.0 and later. Projects, issues, versions as sprints, users.

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
        given = allowed_headers(headers, refused=_KEY_HEADERS)
        body = {} if json is None else {"json": json}
        return raw_response(await self._api.raw(method, path, params=params, body=body, headers=given))
