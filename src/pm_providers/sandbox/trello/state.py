"""The store behind the Trello sandbox."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from pm_providers.sandbox.kit.clock import Clock
from pm_providers.sandbox.kit.tables import Table, WriteLog
from pm_providers.sandbox.trello import records
from pm_providers.sandbox.trello.ids import IdMint, stamp

__all__ = ["Settings", "State"]


@dataclass(slots=True)
class Settings:
    """Numbers that the vendor may change, and what a test may want otherwise.

    Attributes:
        limits: object limits by name (`cards.openPerBoard`) where they differ from the vendor's.
        card_cap: so many cards are in one answer, silently ([obs] dwilding/trello-kb#1).
        card_budget: cards times (1 and their nested collections) in one answer; more is 429
            `API_TOO_MANY_CARDS_REQUESTED`. The vendor's number is not published.
        checklist_budget: nested checklists in one answer; more is 403 "Too many checklists".
        search_lag_s: what is younger does not show in searches ([obs] sarumont/py-trello#252).
        upload_limit: bytes of a file by plan.
        redirect_downloads: answer downloads with a redirect to a storage host.
        free_boards: open boards of a workspace on the free plan.
        hidden_status: of what a valid token may not see: 401, or 404 as some have seen for cards.
    """

    limits: dict[str, int] = field(default_factory=dict)
    card_cap: int = 1000
    card_budget: int = 2500
    checklist_budget: int = 5000
    search_lag_s: float = 10.0
    upload_limit: dict[str, int] = field(
        default_factory=lambda: {"free": 10_485_760, "standard": 262_144_000, "premium": 262_144_000}
    )
    redirect_downloads: bool = True
    free_boards: int = 10
    hidden_status: int = 401


class State:
    """Everything that Trello knows.

    Attributes:
        listeners: called with each `Action`, those included that lists do not show.
        downloads: signed addresses of the storage host: path to attachment id.
    """

    def __init__(self, clock: Clock, seed: int = 0) -> None:
        self.clock = clock
        self.mint = IdMint(clock, seed)
        self.settings = Settings()
        self.listeners: list[Callable[[records.Action], None]] = []
        self.downloads: dict[str, str] = {}
        self.writes = WriteLog(clock)
        w = self.writes
        self.apps: Table[records.App] = Table(w, "key")
        self.tokens: Table[records.Token] = Table(w, "secret", "member_id")
        self.members: Table[records.Member] = Table(w, "username")
        self.orgs: Table[records.Organization] = Table(w, "name")
        self.boards: Table[records.Board] = Table(w, "short_link", "org_id")
        self.lists: Table[records.TList] = Table(w, "board_id")
        self.labels: Table[records.Label] = Table(w, "board_id")
        self.cards: Table[records.Card] = Table(w, "board_id", "list_id", "short_link")
        self.checklists: Table[records.Checklist] = Table(w, "board_id", "card_id")
        self.check_items: Table[records.CheckItem] = Table(w, "checklist_id", "card_id")
        self.actions: Table[records.Action] = Table(w, "board_id", "card_id", "org_id")
        self.attachments: Table[records.Attachment] = Table(w, "card_id")
        self.fields: Table[records.CustomField] = Table(w, "board_id")
        self.options: Table[records.FieldOption] = Table(w, "field_id")
        self.webhooks: Table[records.Webhook] = Table(w, "token_id", "model_id")
        self.stars: Table[records.Star] = Table(w, "member_id", "board_id")

    def now(self) -> str:
        """This moment as the API shows it."""
        return stamp(self.clock.now())

    def new_id(self, at: datetime | None = None) -> str:
        """A new id."""
        return self.mint.new(at)

    def emit(self, action: records.Action) -> None:
        """Store an action and tell the listeners."""
        self.actions.put(action)
        for listener in self.listeners:
            listener(action)

    def plan_of(self, board: records.Board) -> str:
        """Plan of a board's workspace; boards outside of workspaces are on the free plan."""
        org = self.orgs.get(board.org_id)
        return org.plan if org is not None else "free"

    def lists_of(self, board_id: str) -> list[records.TList]:
        """All lists of a board, left to right."""
        return sorted(self.lists.where("board_id", board_id), key=_by_pos)

    def cards_of(self, board_id: str) -> list[records.Card]:
        """All cards of a board: list by list, top to bottom."""
        where = {row.id: (row.pos, row.id) for row in self.lists.where("board_id", board_id)}
        rows = self.cards.where("board_id", board_id)
        return sorted(rows, key=lambda row: (where[row.list_id], row.pos, row.id))

    def checklists_of(self, card_id: str) -> list[records.Checklist]:
        """Checklists of a card in their order."""
        return sorted(self.checklists.where("card_id", card_id), key=_by_pos)

    def items_of(self, checklist_id: str) -> list[records.CheckItem]:
        """Items of a checklist in their order."""
        return sorted(self.check_items.where("checklist_id", checklist_id), key=_by_pos)

    def attachments_of(self, card_id: str) -> list[records.Attachment]:
        """Attachments of a card, by position."""
        return sorted(self.attachments.where("card_id", card_id), key=_by_pos)

    def fields_of(self, board_id: str) -> list[records.CustomField]:
        """Custom fields of a board in their order."""
        return sorted(self.fields.where("board_id", board_id), key=_by_pos)

    def options_of(self, field_id: str) -> list[records.FieldOption]:
        """Options of a list field in their order."""
        return sorted(self.options.where("field_id", field_id), key=_by_pos)

    def app(self, key: str) -> records.App | None:
        """The Power-Up with this API key."""
        found = self.apps.where("key", key)
        return found[0] if found else None

    def token(self, secret: str) -> records.Token | None:
        """The token that a caller sent, or its id."""
        found = self.tokens.where("secret", secret)
        return found[0] if found else self.tokens.get(secret)

    def member(self, name: str) -> records.Member | None:
        """A member by id or user name."""
        row = self.members.get(name.lower())
        if row is None:
            found = self.members.where("username", name.removeprefix("@").lower())
            row = found[0] if found else None
        return row if row is not None and not row.deleted else None


def _by_pos(row: Any) -> tuple[float, str]:
    return (row.pos, row.id)
