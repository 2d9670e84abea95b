"""Sprints, which live on boards; boards are found by project."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import aclosing
from datetime import tzinfo
from typing import Any

import httpx2

from pm_providers.contract import Fields, ListQuery, PMProviderConfig
from pm_providers.errors import NotFoundError, PermissionDeniedError, ValidationError
from pm_providers.model import PMSprint
from pm_providers.providers.jira.client import AGILE
from pm_providers.providers.jira.connection import Connection
from pm_providers.providers.jira.mapping.moments import zone_of
from pm_providers.providers.jira.mapping.sprints import (
    from_sprint,
    full_sprint,
    state_of,
    state_path,
    to_sprint,
)
from pm_providers.toolkit.cache import Cache
from pm_providers.toolkit.documents import identifier, is_number
from pm_providers.transport import Timing, bounded_map

__all__ = ["Sprints"]

_KANBAN = "kanban"
_TEAM_MANAGED = "simple"
_PROJECTS = 2
_NO_BOARD = "the project has no board with sprints, and a sprint is made on one"
_NO_DATES = "is needed to start a sprint"


class Sprints(Connection):
    """Sprints. Boards of cross-project filters show sprints of several projects."""

    def __init__(
        self,
        config: PMProviderConfig,
        *,
        transport: httpx2.AsyncBaseTransport | None = None,
        timing: Timing | None = None,
    ) -> None:
        super().__init__(config, transport=transport, timing=timing)
        self._homes: Cache[str, str | None] = Cache(self._look_up_home, clock=self._timing.monotonic)

    # boards

    async def _boards(self, project: str | None) -> list[dict[str, Any]]:
        """Boards that may have sprints: of a project's issues, or all that may be seen.

        None where the site has no boards (no Jira Software), or the project is not known to them.
        """
        wanted = self._options.board_ids
        if project is None and wanted:
            found = [await self._api.find(f"{AGILE}/board/{one}") for one in wanted]
            return [one for one in found if one is not None and one.get("type") != _KANBAN]
        params = {} if project is None else {"projectKeyOrId": project}
        try:
            boards = [one async for one in self._api.items(f"{AGILE}/board", params=params)]
        except (NotFoundError, ValidationError):
            return []
        for one in boards:
            home = _location(one)
            if home is not None:
                self._homes.put(identifier(one, "board"), home)
        return [one for one in boards if _may_count(one, wanted)]

    async def _home(self, board: str) -> str | None:
        """Project that a board belongs to; `None` where that cannot be told."""
        return await self._homes.get(board)

    async def _look_up_home(self, board: str) -> str | None:
        """Boards of Data Center have no location: then it is the only project that they show."""
        found = await self._api.find(f"{AGILE}/board/{board}")
        if found is None or _location(found) is not None:
            return None if found is None else _location(found)
        try:
            stream = self._api.items(f"{AGILE}/board/{board}/project", limit=_PROJECTS)
            async with aclosing(stream) as projects:
                ids = [identifier(one, "project") async for one in projects]
        except (NotFoundError, PermissionDeniedError, ValidationError):
            return None
        return ids[0] if len(ids) == 1 else None

    async def _board_to_write(self, project: str) -> str:
        """The project's own board for new sprints: scrum boards before team-managed ones, oldest first.

        Raises:
            ValidationError: there is no such project, or it has no board with sprints.
        """
        boards = await self._boards(project)
        if not boards and await self._find_project(project) is None:
            raise ValidationError(fields={"project_id": f"there is no project {project!r:.80}"})
        own = [one for one in boards if await self._home(identifier(one, "board")) == project]
        ranked = sorted(own or boards, key=lambda one: (one.get("type") == _TEAM_MANAGED, int(one["id"])))
        for one in ranked:
            board = identifier(one, "board")
            if one.get("type") != _TEAM_MANAGED or await self._has_sprints(board):
                return board
        raise ValidationError(fields={"project_id": _NO_BOARD})

    async def _has_sprints(self, board: str) -> bool:
        """Whether sprints are on: boards of team-managed projects may have them or not."""
        try:
            await self._api.get(f"{AGILE}/board/{board}/sprint", {"maxResults": 1})
        except (NotFoundError, ValidationError):
            return False
        return True

    # reading

    async def _iter_sprints(self, query: ListQuery) -> AsyncIterator[PMSprint]:
        """By id, each once: boards show sprints of each other. None without a board that has sprints.

        Raises:
            NotFoundError: no such project.
        """
        await self._api.identify()
        project = None if query.project_id is None else await self._project_id(query.project_id)
        boards = await self._boards(project)
        if not boards and query.project_id is not None:
            await self._project_document(query.project_id)
        state = None if query.status is None else state_of(query.status)
        if query.status is not None and state is None:
            return
        for one in await self._sprints_of([identifier(board, "board") for board in boards], state):
            sprint = await self._sprint(one, project)
            if state is None or sprint.status_name == state:
                yield sprint

    async def _sprints_of(self, boards: Sequence[str], state: str | None) -> list[dict[str, Any]]:
        async def of_board(board: str) -> list[dict[str, Any]]:
            params = {} if state is None else {"state": state}
            try:
                stream = self._api.items(f"{AGILE}/board/{board}/sprint", params=params)
                return [one async for one in stream]
            except (NotFoundError, ValidationError):
                return []  # a kanban board, sprints that are off, or a board that is gone by now

        found: dict[int, dict[str, Any]] = {}
        for result in await bounded_map(of_board, boards, self._options.concurrency):
            if isinstance(result, Exception):
                raise result
            found.update({int(identifier(one, "sprint")): one for one in result})
        return [found[one] for one in sorted(found)]

    async def _get_sprint(self, sprint_id: str) -> PMSprint | None:
        found = await self._find_sprint(sprint_id)
        return None if found is None else await self._sprint(found)

    async def _find_sprint(self, value: str) -> dict[str, Any] | None:
        return await self._api.find(f"{AGILE}/sprint/{value}") if is_number(value) else None

    async def _sprint(self, document: Mapping[str, Any], asked: str | None = None) -> PMSprint:
        """Record of a sprint; where its board does not tell, it is of the project asked for."""
        board = document.get("originBoardId")
        home = None if board is None else await self._home(str(board))
        return to_sprint(
            document,
            project_id=home or asked,
            zone=await self._profile_zone(),
            base_url=self._api.site.url,
            keep_raw=self._options.keep_raw,
        )

    async def _profile_zone(self) -> tzinfo:
        return zone_of(await self._api.identify())

    # writing

    async def _create_sprint(self, fields: Fields) -> PMSprint:
        """New sprints are in the future; those that are not are started, and closed, afterwards.

        Raises:
            ValidationError: the project has no board with sprints, or a sprint to start has no dates.
        """
        states = state_path("future", fields["status"]) if fields.get("status") else []
        _check_dates(fields, {}, states)
        board = await self._board_to_write(fields["project_id"])
        body = {**from_sprint(fields, await self._profile_zone()), "originBoardId": int(board)}
        if not fields.get("goal"):
            body.pop("goal", None)
        found = await self._api.created(f"{AGILE}/sprint", body)
        return await self._sprint(await self._go_through(found, states), fields["project_id"])

    async def _update_sprint(self, sprint_id: str, fields: Fields, expected_version: str | None) -> PMSprint:
        """By partial writes: a replacing one nulls what it does not hold, so that it is only used to clear.

        Raises:
            NotFoundError: no such sprint.
            ValidationError: the status lies behind, or a sprint to start has no dates.
        """
        found = await self._find_sprint(sprint_id)
        if found is None:
            raise NotFoundError(f"there is no sprint {sprint_id!r:.80}")
        now = str(found.get("state") or "").lower()
        if "status" in fields and not fields["status"]:
            raise ValidationError(fields={"status": "cannot be cleared"})
        states = state_path(now, fields["status"]) if fields.get("status") else []
        _check_dates(fields, found, states)
        body = from_sprint(fields, await self._profile_zone(), found)
        full = full_sprint(fields, body, found)
        path = f"{AGILE}/sprint/{sprint_id}"
        if full is not None:
            found = await self._written(path, await self._api.put(path, full))
        elif body:
            answer = await self._api.call("POST", path, json=body, safe=True, expect=(200, 204))
            found = await self._written(path, answer.json() if answer.content.strip() else None)
        if not (full or body):
            return await self._sprint(await self._go_through(found, states))
        return await self._sprint(await self._go_through(found, states))

    async def _go_through(self, sprint: dict[str, Any], states: Sequence[str]) -> dict[str, Any]:
        """Start a sprint, and close it, by the next state each; not repeated when an answer is lost."""
        path = f"{AGILE}/sprint/{identifier(sprint, 'sprint')}"
        for state in states:
            try:
                sprint = await self._written(path, await self._api.post(path, {"state": state}))
            except ValidationError as error:
                named = error.fields or {"status": error.message}
                raise ValidationError(error.message, fields=named, status=error.status) from error
        return sprint

    async def _written(self, path: str, answer: Any) -> dict[str, Any]:
        """The sprint that a write answered with; some servers answer nothing."""
        return answer if isinstance(answer, dict) and "id" in answer else await self._api.get(path)

    async def _delete_sprint(self, sprint_id: str) -> bool:
        """Its open issues go to the backlog."""
        return is_number(sprint_id) and await self._api.delete(f"{AGILE}/sprint/{sprint_id}")


def _location(board: Mapping[str, Any]) -> str | None:
    """Project that a board of Cloud lies in; those of people lie in none."""
    found = board.get("location")
    one = found.get("projectId") if isinstance(found, Mapping) else None
    return None if one is None else str(one)


def _may_count(board: Mapping[str, Any], wanted: Sequence[str]) -> bool:
    return board.get("type") != _KANBAN and (not wanted or identifier(board, "board") in wanted)


def _check_dates(fields: Mapping[str, Any], stored: Mapping[str, Any], states: Sequence[str]) -> None:
    """Only sprints with both dates can be started ([spec] POST sprint/{sprintId}).

    Raises:
        ValidationError: one is missing.
    """
    if "active" not in states:
        return
    missing = {
        ours: _NO_DATES
        for ours, theirs in (("start_date", "startDate"), ("end_date", "endDate"))
        if not (fields[ours] if ours in fields else stored.get(theirs))
    }
    if missing:
        raise ValidationError(fields=missing)
