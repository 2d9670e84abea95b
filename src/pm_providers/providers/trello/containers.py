"""Projects and users."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from typing import Any

from pm_providers.contract import Fields, ListQuery
from pm_providers.errors import NotFoundError, PermissionDeniedError, PMError
from pm_providers.model import PMProject, PMUser, WriteWarning
from pm_providers.providers.trello.catalog import BOARD_FIELDS
from pm_providers.providers.trello.connection import Connection
from pm_providers.providers.trello.mapping.projects import from_project, to_project, to_user
from pm_providers.providers.trello.mapping.values import is_object
from pm_providers.toolkit.documents import identifier
from pm_providers.toolkit.writes import refuse_clearing
from pm_providers.transport import bounded_map

__all__ = ["MEMBER_FIELDS", "Projects", "Users"]

MEMBER_FIELDS = "id,username,fullName,avatarUrl"
"""Fields of a member that a user is read from."""

_ONLY_BOARD = {"fields": BOARD_FIELDS, "actions": "none", "lists": "none"}


class Projects(Connection):
    """Boards."""

    async def _iter_projects(self, query: ListQuery) -> AsyncIterator[PMProject]:
        """Oldest first. The vendor gives all of them at once."""
        for one in await self._catalog.boards(archived=query.include_archived):
            yield to_project(one, keep_raw=self._options.keep_raw)

    async def _get_project(self, project_id: str) -> PMProject | None:
        found = await self._find_board(project_id)
        return None if found is None else to_project(found, keep_raw=self._options.keep_raw)

    async def _find_board(self, value: str) -> dict[str, Any] | None:
        return await self._api.find(f"boards/{value}", _ONLY_BOARD) if is_object(value) else None

    async def _create_project(self, fields: Fields) -> PMProject:
        """A board with lists, so that it takes cards at once; its labels without names are left out."""
        names = self._rules.board_lists
        body = from_project({name: value for name, value in fields.items() if name != "status"})
        to_close = from_project({"status": fields.get("status")}).get("closed") is True
        body |= {"defaultLists": not names, "defaultLabels": False}
        workspace = await self._workspace_id()
        if workspace is not None:
            body["idOrganization"] = workspace
        board = identifier(await self._api.post("boards/", body), "board")
        why = ""
        try:
            for name in names:
                await self._api.post("lists", {"name": name, "idBoard": board, "pos": "bottom"})
            if to_close:
                await self._api.put(f"boards/{board}", {"closed": True})
        except PMError as error:
            # The board is there: an error would make callers create it again.
            why = f"the board was created, but not all of it: {error.message}"
        document = await self._api.get(f"boards/{board}", _ONLY_BOARD)
        made = to_project(document, keep_raw=self._options.keep_raw)
        if not why:
            return made
        return replace(made, warnings=(WriteWarning("status", fields.get("status"), made.status, why),))

    async def _update_project(
        self, project_id: str, fields: Fields, expected_version: str | None
    ) -> PMProject:
        refuse_clearing(fields, ("status", "is_public"))
        async with self._locks.hold(project_id):
            board = await self._find_board(project_id)
            if board is None:
                raise NotFoundError(f"there is no project {project_id!r:.80}")
            one = identifier(board, "board")
            body = from_project(fields, board)
            if body:
                await self._api.put(f"boards/{one}", body)
                board = await self._api.get(f"boards/{one}", _ONLY_BOARD)
            return to_project(board, keep_raw=self._options.keep_raw)

    async def _delete_project(self, project_id: str) -> bool:
        """Close the board, which can be undone, or delete it for good where the connection says so.

        Closing a closed board does nothing, so that is `False`.
        """
        async with self._locks.hold(project_id):
            board = await self._find_board(project_id)
            if board is None:
                return False
            one = identifier(board, "board")
            if self._rules.delete_mode == "permanent":
                return await self._api.delete(f"boards/{one}")
            if board.get("closed") is True:
                return False
            await self._api.put(f"boards/{one}", {"closed": True})
            return True


class Users(Connection):
    """Members."""

    async def _iter_users(self, query: ListQuery) -> AsyncIterator[PMUser]:
        """Members of a board, else of the workspace, else of all boards of the account; oldest first."""
        for one in sorted(await self._members_of(query), key=lambda member: identifier(member, "member")):
            yield to_user(one, keep_raw=self._options.keep_raw)

    async def _members_of(self, query: ListQuery) -> list[Mapping[str, Any]]:
        if query.project_id is not None:
            board = await self._project_id(query.project_id)
            return list((await self._catalog.place(board, fresh=True)).members)
        params = {"fields": MEMBER_FIELDS}
        if self._options.organization is not None:
            return list(await self._api.all(f"organizations/{self._options.organization}/members", params))
        return await self._everybody(params)

    async def _everybody(self, params: Mapping[str, str]) -> list[Mapping[str, Any]]:
        """Oneself, and the members of all boards."""
        me = await self._api.identify()
        found: dict[str, Mapping[str, Any]] = {identifier(me, "member"): me}
        paths = [f"boards/{identifier(one, 'board')}/members" for one in await self._catalog.boards()]
        for part in await bounded_map(
            lambda path: self._api.all(path, params), paths, self._options.concurrency
        ):
            if isinstance(part, NotFoundError | PermissionDeniedError):
                continue  # gone since the boards were listed
            if isinstance(part, Exception):
                raise part
            for one in part:
                found.setdefault(identifier(one, "member"), one)
        return list(found.values())

    async def _get_user(self, user_id: str) -> PMUser | None:
        """A member by id or user name."""
        found = await self._find_member(user_id)
        return None if found is None else to_user(found, keep_raw=self._options.keep_raw)

    async def _get_current_user(self) -> PMUser:
        return to_user(await self._api.me(), keep_raw=self._options.keep_raw)
