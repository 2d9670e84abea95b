"""Object limits as boards, cards and workspaces show them, and features by plan ([recorded] boards)."""

from __future__ import annotations

from typing import Any

from pm_providers.sandbox.trello.errors import forbidden
from pm_providers.sandbox.trello.state import State

__all__ = ["BOARD_LIMITS", "OFFERINGS", "PREMIUM", "board_limits", "card_limits", "check_limit", "limit_of"]

BOARD_LIMITS: dict[str, int] = {
    "attachments.perBoard": 36_000,
    "attachments.perCard": 1_000,
    "boards.totalMembersPerBoard": 1_600,
    "boards.totalAccessRequestsPerBoard": 4_000,
    "cards.openPerBoard": 5_000,
    "cards.openPerList": 5_000,
    "cards.totalPerBoard": 2_000_000,
    "cards.totalPerList": 1_000_000,
    "checklists.perBoard": 1_800_000,
    "checklists.perCard": 500,
    "checkItems.perChecklist": 200,
    "customFields.perBoard": 50,
    "customFieldOptions.perField": 50,
    "labels.perBoard": 1_000,
    "lists.openPerBoard": 500,
    "lists.totalPerBoard": 3_000,
    "stickers.perCard": 70,
    "reactions.perAction": 900,
    "reactions.uniquePerAction": 17,
}
OFFERINGS = {"free": "trello.free", "standard": "trello.standard", "premium": "trello.business_class"}
_STANDARD = (
    "additionalBoardBackgrounds",
    "advancedChecklists",
    "largeAttachments",
    "paidCorePlugins",
    "savedSearches",
)
_MORE = (
    "activity",
    "boardExport",
    "csvExport",
    "deactivated",
    "inviteOrg",
    "isBc",
    "isPremium",
    "listColors",
)
PREMIUM: dict[str, tuple[str, ...]] = {
    "free": (),
    "standard": _STANDARD,
    "premium": tuple(
        sorted((*_STANDARD, *_MORE, "observers", "superAdmins", "tags", "views", "workspaceViews"))
    ),
}


def limit_of(state: State, name: str) -> int:
    """The number at which something is refused."""
    return state.settings.limits.get(name, BOARD_LIMITS[name])


def check_limit(state: State, name: str, count: int) -> None:
    """Refuse to make one more of what there are `count` already.

    Raises:
        ApiError: 403 naming the limit.
    """
    if count >= limit_of(state, name):
        raise forbidden(f"Limit exceeded: {name}")


def _shown(state: State, name: str, count: int | None = None) -> dict[str, Any]:
    top = limit_of(state, name)
    warn = top * 4 // 5
    status = "ok"
    if count is not None and count >= warn:
        status = "disabled" if count == top else "maxExceeded" if count > top else "warn"
    return {"status": status, "disableAt": top, "warnAt": warn}


def board_limits(state: State, board_id: str) -> dict[str, Any]:
    """All limits of a board by kind and scope."""
    counts = {
        "cards.openPerBoard": sum(not row.closed for row in state.cards.where("board_id", board_id)),
        "labels.perBoard": len(state.labels.where("board_id", board_id)),
        "lists.openPerBoard": sum(not row.closed for row in state.lists.where("board_id", board_id)),
        "customFields.perBoard": len(state.fields.where("board_id", board_id)),
    }
    found: dict[str, Any] = {}
    for name in BOARD_LIMITS:
        kind, _, scope = name.partition(".")
        found.setdefault(kind, {})[scope] = _shown(state, name, counts.get(name))
    return found


def card_limits(state: State) -> dict[str, Any]:
    """Limits of what a card holds."""
    return {
        kind: {"perCard": _shown(state, f"{kind}.perCard")}
        for kind in ("attachments", "checklists", "stickers")
    }
