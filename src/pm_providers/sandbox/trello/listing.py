"""Lists of cards and actions: filters, windows by creation, and what is nested in them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, TypeVar

from pm_providers.sandbox.trello.action_view import ActionShape
from pm_providers.sandbox.trello.card_view import CARD, field_item
from pm_providers.sandbox.trello.checklist_view import CheckShape
from pm_providers.sandbox.trello.errors import ApiError, forbidden, invalid
from pm_providers.sandbox.trello.ids import is_id, read_moment
from pm_providers.sandbox.trello.parts_view import ATTACHMENT
from pm_providers.sandbox.trello.people_view import MEMBER
from pm_providers.sandbox.trello.records import Action, Attachment, Card
from pm_providers.sandbox.trello.web import Call, Session

__all__ = [
    "CARD_FILTERS",
    "CARD_MEMBER",
    "CardShape",
    "actions",
    "filtered_cards",
    "shown_attachment",
    "window",
    "windowed",
]

R = TypeVar("R", bound=Any)
CARD_FILTERS = frozenset({"all", "closed", "complete", "incomplete", "none", "open", "visible"})
CARD_MEMBER = ("id", "avatarHash", "fullName", "initials", "username")
CARD_ACTIONS = "commentCard,updateCard:idList"
PAGE_TOP = 1000


def filtered_cards(call: Call, rows: list[Card], name: str) -> list[Card]:
    """Cards of one filter: `open` does not look at the list, `visible` does.

    Raises:
        ApiError: 400 for another word.
    """
    if name not in CARD_FILTERS:
        raise invalid("filter")
    lists = call.state.lists
    tests: dict[str, Any] = {
        "all": lambda _row: True,
        "closed": lambda row: row.closed,
        "complete": lambda row: row.due_complete and not row.closed,
        "incomplete": lambda row: not row.due_complete and not row.closed,
        "none": lambda _row: False,
        "open": lambda row: not row.closed,
        "visible": lambda row: not row.closed and not lists[row.list_id].closed,
    }
    return [row for row in rows if tests[name](row)]


def _edge(call: Call, name: str) -> str | None:
    """An id, or a date as the smallest id of its second; None where it was not sent."""
    value = call.plain(name)
    if value in {"", "null"}:
        return None
    if is_id(value):
        return value.lower()
    moment = read_moment(value)
    if moment is None:
        raise invalid(name)
    seconds = int(datetime.fromisoformat(moment).astimezone(UTC).timestamp())
    return f"{seconds:08x}" + "0" * 16


def windowed(call: Call, prefix: str = "") -> bool:
    """Whether a request wants a part of a list, by `limit`, `before` or `since`."""
    return any(call.plain(f"{prefix}{part}") for part in ("limit", "before", "since"))


def window(call: Call, rows: list[R], prefix: str = "", *, cap: int = PAGE_TOP) -> list[R]:
    """The rows of `limit`, `before` and `since`, which go by the creation that the id tells.

    With any of the three the newest come first; without, the order stays, and the oldest above the cap are
    dropped, silently.
    """
    names = [f"{prefix}{part}" for part in ("limit", "before", "since")]
    limit = call.number(names[0], cap, least=0, most=cap)
    before, since = _edge(call, names[1]), _edge(call, names[2])
    if not windowed(call, prefix):
        if len(rows) <= cap:
            return rows
        newest = {row.id for row in sorted(rows, key=lambda row: row.id)[-cap:]}
        return [row for row in rows if row.id in newest]
    found = [row for row in rows if (before is None or row.id < before) and (since is None or row.id > since)]
    return sorted(found, key=lambda row: row.id, reverse=True)[:limit]


def shown_attachment(session: Session, row: Attachment, names: Iterable[str] | None = None) -> dict[str, Any]:
    """An attachment."""
    return ATTACHMENT.show(session, row, names)


class CardShape:
    """What a request wants to see of cards.

    Args:
        prefix: `card_` where cards are nested in something else.
    """

    def __init__(self, call: Call, prefix: str = "") -> None:
        self._call, self._prefix = call, prefix
        self._fields = CARD.names(call, f"{prefix}fields")
        self.attachments = call.plain(f"{prefix}attachments").lower() in {"true", "cover"}
        self.checklists = call.plain(f"{prefix}checklists", "none") not in {"none", "false", ""}
        self.actions = call.plain(f"{prefix}actions") not in {"", "none", "false"}
        self._members = call.flag(f"{prefix}members")
        self._voted = call.flag(f"{prefix}membersVoted")
        self._items = call.flag(f"{prefix}customFieldItems")
        self._stickers = call.flag(f"{prefix}stickers")
        self._plugin_data = call.flag(f"{prefix}pluginData")
        self._list, self._board = call.flag(f"{prefix}list"), call.flag(f"{prefix}board")
        self._member_names = MEMBER.names(call, f"{prefix}member_fields", CARD_MEMBER)
        self._attachment_names = ATTACHMENT.names(call, f"{prefix}attachment_fields")
        self._check = (
            CheckShape(call, f"{prefix}checklist_", f"{prefix}checkItem") if self.checklists else None
        )
        self._action = ActionShape(call, f"{prefix}action_") if self.actions else None

    @property
    def weight(self) -> int:
        """1, and 1 for each nested collection that costs a read per card."""
        return 1 + self.attachments + self.checklists + self.actions

    def show(self, row: Card) -> dict[str, Any]:
        """A card so."""
        session, state = self._call.session, self._call.state
        found = CARD.show(session, row, self._fields)
        if self._items:
            found["customFieldItems"] = [field_item(item, row.id) for item in row.items]
        if self._members:
            found["members"] = self._people(row.member_ids)
        if self._voted:
            found["membersVoted"] = self._people(row.voted_ids)
        if self.attachments:
            found["attachments"] = self._files(row)
        if self._check is not None:
            found["checklists"] = [self._check.show(one) for one in state.checklists_of(row.id)]
        if self._action is not None:
            found["actions"] = actions(
                self._call, state.actions.where("card_id", row.id), self._action, f"{self._prefix}action"
            )
        return self._around(found, row)

    def _around(self, found: dict[str, Any], row: Card) -> dict[str, Any]:
        from pm_providers.sandbox.trello.board_view import BOARD, BOARD_SHORT, LIST

        session, state = self._call.session, self._call.state
        if self._stickers:
            found["stickers"] = []
        if self._plugin_data:
            found["pluginData"] = []
        if self._list:
            names = LIST.names(self._call, f"{self._prefix}list_fields")
            found["list"] = LIST.show(session, state.lists[row.list_id], names)
        if self._board:
            names = BOARD.names(self._call, f"{self._prefix}board_fields", BOARD_SHORT)
            found["board"] = BOARD.show(session, state.boards[row.board_id], names)
        return found

    def _people(self, ids: Iterable[str]) -> list[dict[str, Any]]:
        members = (self._call.state.members.get(key) for key in ids)
        return [MEMBER.show(self._call.session, m, self._member_names) for m in members if m is not None]

    def _files(self, row: Card) -> list[dict[str, Any]]:
        rows = self._call.state.attachments_of(row.id)
        if self._call.plain(f"{self._prefix}attachments").lower() == "cover":
            rows = [one for one in rows if one.id == row.cover_attachment]
        return [shown_attachment(self._call.session, one, self._attachment_names) for one in rows]

    def show_all(self, rows: list[Card]) -> list[dict[str, Any]]:
        """Cards so.

        Raises:
            ApiError: 429 `API_TOO_MANY_CARDS_REQUESTED`, which no waiting cures; 403 "Too many checklists".
        """
        settings = self._call.state.settings
        self._call.session.cards += len(rows) * self.weight
        if self.weight > 1 and len(rows) * self.weight > settings.card_budget:
            raise ApiError(
                429, {"error": "API_TOO_MANY_CARDS_REQUESTED", "message": "Requested too many cards"}
            )
        if self.checklists and sum(len(row.checklist_ids) for row in rows) > settings.checklist_budget:
            raise forbidden("Too many checklists")
        return [self.show(row) for row in rows]


def _wanted(text: str) -> Any:
    """A test of actions for a filter: types, `updateCard:idList` and so on."""
    words = [word.strip() for word in text.split(",") if word.strip()]
    if "all" in words:
        return lambda _row: True
    if "none" in words or "false" in words:
        return lambda _row: False
    plain = {word for word in words if ":" not in word}
    pairs = [tuple(word.split(":", 1)) for word in words if ":" in word]

    def test(row: Action) -> bool:
        if row.type in plain:
            return True
        return any(row.type == kind and part in row.data.get("old", {}) for kind, part in pairs)

    return test


def actions(
    call: Call, rows: list[Action], shape: ActionShape, prefix: str = "", *, default: str = "all"
) -> Any:
    """Those actions that lists show, newest first, by `filter`, `limit`, `before`, `since`, `page`.

    Raises:
        ApiError: 400 for a page whose end is beyond the thousandth action.
    """
    name = f"{prefix}s" if prefix else "filter"
    words = call.plain(name, default) or default
    if prefix and words in {"true", "All"}:
        words = "all"
    test = _wanted(words)
    models = set(call.words("idModels"))
    found = [row for row in rows if not row.hidden and test(row) and (not models or _about(row) & models)]
    parts = f"{prefix}s_" if prefix else ""
    limit = call.number(f"{parts}limit", 50, least=0, most=PAGE_TOP)
    page = call.number(f"{parts}page", 0, least=0, most=PAGE_TOP)
    if page and page * limit >= PAGE_TOP:
        raise invalid("page")
    # nested in something else the vendor does not heed it (its bug TRELLO-229)
    before = _edge(call, "before") if not prefix else None
    since = _edge(call, f"{parts}since")
    kept = [row for row in found if (before is None or row.id < before) and (since is None or row.id > since)]
    if call.plain(f"{parts}format") == "count":
        return {"_value": len(kept)}
    ordered = sorted(kept, key=lambda row: row.id, reverse=True)[page * limit : (page + 1) * limit]
    return [shape.show(call.session, row) for row in ordered]


def _about(row: Action) -> set[str | None]:
    return {row.board_id, row.card_id, row.list_id, row.org_id, row.subject, row.creator}
