"""How boards, lists and labels are shown ([recorded] boards, board_created, lists, labels)."""

from __future__ import annotations

from typing import Any

from pm_providers.sandbox.trello.access import membership_of
from pm_providers.sandbox.trello.ids import slug, tidy
from pm_providers.sandbox.trello.limit_view import PREMIUM, board_limits
from pm_providers.sandbox.trello.people_view import membership
from pm_providers.sandbox.trello.records import Board, Label, TList
from pm_providers.sandbox.trello.shapes import Shape
from pm_providers.sandbox.trello.web import Session

__all__ = ["BOARD", "BOARD_SHORT", "COLORS", "LABEL", "LIST", "LIST_ONE", "board_prefs", "board_url"]

_PLAIN = ("green", "yellow", "orange", "red", "purple", "blue", "sky", "lime", "pink", "black")
COLORS = (*_PLAIN, *(f"{c}_dark" for c in _PLAIN), *(f"{c}_light" for c in _PLAIN))
BOARD_SHORT = (
    "id",
    "name",
    "desc",
    "descData",
    "closed",
    "idOrganization",
    "idEnterprise",
    "pinned",
    "url",
    "shortUrl",
    "prefs",
    "labelNames",
)
_VIEWS = ("Board", "Table", "Calendar", "Dashboard", "Timeline", "Map")
_PREFS: dict[str, Any] = {
    "permissionLevel": "private",
    "hideVotes": False,
    "voting": "disabled",
    "comments": "members",
    "invitations": "members",
    "selfJoin": True,
    "cardCovers": True,
    "showCompleteStatus": True,
    "cardCounts": False,
    "isTemplate": False,
    "cardAging": "regular",
    "calendarFeedEnabled": False,
    "hiddenPluginBoardButtons": [],
    "switcherViews": [{"viewType": name, "enabled": name in {"Board", "Table"}} for name in _VIEWS],
    "autoArchive": None,
    "background": "blue",
    "backgroundColor": "#0079BF",
    "backgroundDarkColor": None,
    "backgroundImage": None,
    "backgroundDarkImage": None,
    "backgroundImageScaled": None,
    "backgroundTile": False,
    "backgroundBrightness": "dark",
    "sharedSourceUrl": None,
    "backgroundBottomColor": "#0079BF",
    "backgroundTopColor": "#0079BF",
    "canBePublic": True,
    "canBeEnterprise": True,
    "canBeOrg": True,
    "canBePrivate": True,
    "canInvite": True,
}


def board_prefs(row: Board) -> dict[str, Any]:
    """Settings of a board."""
    return {**_PREFS, **row.prefs}


def board_url(row: Board) -> str:
    """Address that changes with the name."""
    return f"https://trello.com/b/{row.short_link}/{slug(row.name)}".rstrip("/")


def _label_names(session: Session, row: Board) -> dict[str, str]:
    """The oldest label's name by colour; a remainder of the days when each colour had one label."""
    names = dict.fromkeys(COLORS, "")
    for label in reversed(session.state.labels.where("board_id", row.id)):
        if label.color is not None:
            names[label.color] = label.name
    return names


def _starred(session: Session, row: Board) -> bool:
    return any(star.member_id == session.member_id for star in session.state.stars.where("board_id", row.id))


def _desc_data(_session: Session, row: Board) -> dict[str, Any] | None:
    return {"emoji": {}} if row.desc else None


BOARD: Shape[Board] = Shape(
    {
        "id": lambda _s, r: r.id,
        "nodeId": lambda _s, r: f"ari:cloud:trello::board/workspace/{r.org_id or ''}/{r.id}",
        "name": lambda _s, r: r.name,
        "desc": lambda _s, r: r.desc,
        "descData": _desc_data,
        "closed": lambda _s, r: r.closed,
        "creationMethod": lambda _s, _r: None,
        "creationMethodError": lambda _s, _r: None,
        "creationMethodLoadingStartedAt": lambda _s, _r: None,
        "creationMethodLoadingPhase": lambda _s, _r: None,
        "dateClosed": lambda _s, r: r.date_closed,
        "idOrganization": lambda _s, r: r.org_id,
        "idEnterprise": lambda _s, _r: None,
        "limits": lambda s, r: board_limits(s.state, r.id),
        "pinned": lambda _s, _r: False,
        "starred": _starred,
        "url": lambda _s, r: board_url(r),
        "prefs": lambda _s, r: board_prefs(r),
        "shortLink": lambda _s, r: r.short_link,
        "subscribed": lambda s, r: s.member_id in r.subscribed_by,
        "labelNames": _label_names,
        "powerUps": lambda _s, _r: [],
        "dateLastActivity": lambda _s, r: r.last_activity,
        "dateLastView": lambda _s, r: r.last_view,
        "shortUrl": lambda _s, r: f"https://trello.com/b/{r.short_link}",
        "idTags": lambda _s, _r: [],
        "datePluginDisable": lambda _s, _r: None,
        "ixUpdate": lambda _s, r: str(r.next_short),
        "templateGallery": lambda _s, _r: None,
        "enterpriseOwned": lambda _s, _r: False,
        "idBoardSource": lambda _s, r: r.source_id,
        "premiumFeatures": lambda s, r: list(PREMIUM[s.state.plan_of(r)]),
        "idMemberCreator": lambda _s, r: r.creator,
        "type": lambda _s, _r: None,
        "memberships": lambda _s, r: [membership(entry) for entry in r.memberships],
        "invited": lambda s, r: bool(_invited(s, r)),
        "invitations": lambda _s, _r: [],
    },
    ("invited", "invitations"),
)


def _invited(session: Session, row: Board) -> bool:
    entry = membership_of(row, session.member_id)
    return entry is not None and entry.unconfirmed


def _pos(_session: Session, row: Any) -> float:
    return tidy(row.pos)


LIST: Shape[TList] = Shape(
    {
        "id": lambda _s, r: r.id,
        "name": lambda _s, r: r.name,
        "closed": lambda _s, r: r.closed,
        "color": lambda _s, r: r.color,
        "idBoard": lambda _s, r: r.board_id,
        "pos": _pos,
        "subscribed": lambda s, r: s.member_id in r.subscribed_by,
        "softLimit": lambda _s, r: r.soft_limit,
        "type": lambda _s, _r: None,
        "datasource": lambda _s, _r: {"filter": False},
        "creationMethod": lambda _s, _r: None,
        "limits": lambda s, r: {"cards": board_limits(s.state, r.board_id)["cards"]},
        "nodeId": lambda _s, r: f"ari:cloud:trello::list/workspace//{r.id}",
        "status": lambda _s, _r: None,
    },
    ("creationMethod", "limits", "nodeId", "status"),
)
LIST_ONE = ("id", "name", "closed", "color", "idBoard", "pos", "type", "datasource")


def _uses(session: Session, row: Label) -> int:
    return sum(row.id in card.label_ids for card in session.state.cards.where("board_id", row.board_id))


LABEL: Shape[Label] = Shape(
    {
        "id": lambda _s, r: r.id,
        "idBoard": lambda _s, r: r.board_id,
        "name": lambda _s, r: r.name,
        "color": lambda _s, r: r.color,
        "uses": _uses,
        "nodeId": lambda _s, r: f"ari:cloud:trello::label/workspace//{r.id}",
        "limits": lambda _s, _r: {},
    },
    ("nodeId", "limits"),
)
