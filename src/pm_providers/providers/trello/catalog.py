"""What boards offer to their cards, asked once and kept for a short while."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pm_providers.errors import NotFoundError, PermissionDeniedError
from pm_providers.providers.trello.client import Api
from pm_providers.providers.trello.mapping.places import Place, to_place
from pm_providers.toolkit.cache import Cache
from pm_providers.toolkit.documents import identifier

__all__ = ["BOARD_FIELDS", "PLACE_PARAMS", "Catalog"]

BOARD_FIELDS = "id,name,desc,closed,idOrganization,idMemberCreator,url,shortUrl,prefs,dateLastActivity"
"""Fields of a board that a project is read from."""

PLACE_PARAMS: Mapping[str, str | int] = {
    "fields": BOARD_FIELDS,
    "lists": "all",
    "labels": "all",
    "labels_limit": 1000,
    "customFields": "true",
    "members": "all",
    "member_fields": "id,username,fullName,avatarUrl",
    "actions": "none",
}
"""A board with all that its cards refer to. Without `actions=none` all actions come along ([spec] GET
/boards/{id}), without the limit 50 labels."""

_AGE_S = 30.0


class Catalog:
    """Boards as these credentials see them.

    Args:
        api: the connection.
        clock: seconds that only go forward.
    """

    def __init__(self, api: Api, clock: Callable[[], float]) -> None:
        self._api = api
        self._places: Cache[str, Place] = Cache(self._load, _AGE_S, clock)

    async def place(self, board: str, *, fresh: bool = False) -> Place:
        """The frame of a board, at most half a minute old; `fresh` asks anew.

        Args:
            board: id or short link, of the right form.
            fresh: ask anew.

        Raises:
            NotFoundError: there is no such board, or it may not be seen.
        """
        found = await self._places.get(board, max_age_s=0 if fresh else None)
        if found.id != board:
            self._places.put(found.id, found)
        return found

    async def place_for(self, card: Mapping[str, Any]) -> Place:
        """The frame of a card's board; asked anew when the card refers to what is not known of it."""
        board = str(card.get("idBoard") or "")
        found = await self.place(board)
        if not found.knows(card) and (self._places.age_s(board) or 0.0) > 0.0:
            found = await self.place(board, fresh=True)
        return found

    def learn(self, board: Mapping[str, Any]) -> Place:
        """Keep the frame of a board that came along with its cards."""
        found = to_place(board, self._api.options.conventions)
        self._places.put(found.id, found)
        return found

    def drop(self, board: str) -> None:
        """Ask for the frame of a board anew when it is needed next: it was changed here.

        Nothing is sent now, so that a change that was made cannot fail by it.
        """
        self._places.forget(board)

    async def boards(self, *, archived: bool = False) -> list[dict[str, Any]]:
        """Boards of the workspace, or of the account, oldest first; not paged by the vendor."""
        organization = self._api.options.organization
        path = "members/me/boards" if organization is None else f"organizations/{organization}/boards"
        params = {"filter": "all" if archived else "open", "fields": BOARD_FIELDS}
        found = await self._api.all(path, params)
        kept = [one for one in found if archived or one.get("closed") is not True]
        return sorted(kept, key=lambda one: identifier(one, "board"))

    async def _load(self, board: str) -> Place:
        try:
            found = await self._api.get(f"boards/{board}", PLACE_PARAMS)
        except PermissionDeniedError as error:
            raise NotFoundError(f"board {board} may not be seen", status=error.status) from error
        return to_place(found, self._api.options.conventions)
