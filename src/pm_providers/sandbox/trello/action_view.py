"""How actions are shown ([recorded] actions, comment_created, webhook bodies)."""

from __future__ import annotations

from typing import Any

from pm_providers.sandbox.trello.people_view import CREATOR, MEMBER
from pm_providers.sandbox.trello.records import Action
from pm_providers.sandbox.trello.web import Call, Session

__all__ = ["ActionShape", "action_body", "display_of", "reactions_of"]

_KEYS = {
    "commentCard": "action_comment_on_card",
    "createCard": "action_create_card",
    "copyCard": "action_copy_card",
    "deleteCard": "action_delete_card",
    "updateCard": "action_renamed_card",
    "addMemberToCard": "action_added_member_to_card",
    "removeMemberFromCard": "action_removed_from_card",
    "createList": "action_added_list_to_board",
    "updateBoard": "action_renamed_board",
}
_SCOPES = ("perAction", 900, 720), ("uniquePerAction", 17, 14)
_LIMITS = {
    "reactions": {name: {"status": "ok", "disableAt": top, "warnAt": warn} for name, top, warn in _SCOPES}
}
_COMMENTS = frozenset({"commentCard", "copyCommentCard"})


def _entities(session: Session, row: Action) -> dict[str, Any]:
    data = row.data
    found: dict[str, Any] = {}
    if row.type in _COMMENTS and "card" in data:
        found["contextOn"] = {
            "type": "translatable",
            "translationKey": "action_on",
            "hideIfContext": True,
            "idContext": data["card"]["id"],
        }
    if "card" in data:
        card = data["card"]
        hide = {"hideIfContext": True} if row.type in _COMMENTS else {}
        found["card"] = {
            "type": "card",
            **hide,
            "id": card["id"],
            "shortLink": card.get("shortLink"),
            "text": card.get("name"),
        }
    for name in ("list", "listBefore", "listAfter", "board"):
        if name in data and row.type not in _COMMENTS:
            found[name] = {"type": name.removesuffix("Before").removesuffix("After"), "id": data[name]["id"]}
            found[name]["text"] = data[name].get("name")
    if row.type in _COMMENTS:
        found["comment"] = {"type": "comment", "text": data.get("text", "")}
    member = session.state.members.get(row.creator)
    if member is not None:
        found["memberCreator"] = {
            "type": "member",
            "id": member.id,
            "username": member.username,
            "text": member.full_name,
        }
    return found


def display_of(session: Session, row: Action) -> dict[str, Any]:
    """What the vendor's own page shows of an action."""
    key = _KEYS.get(row.type, "action_" + "".join(f"_{c.lower()}" if c.isupper() else c for c in row.type))
    if "listAfter" in row.data:
        key = "action_move_card_from_list_to_list"
    return {"translationKey": key, "entities": _entities(session, row)}


def _text_entities(session: Session, row: Action) -> list[dict[str, Any]]:
    found = _entities(session, row)
    parts = [found[name] for name in ("memberCreator", "card", "comment") if name in found]
    if row.type in _COMMENTS and "contextOn" in found:
        context = {"type": "text", "text": "on", "hideIfContext": True, "idContext": row.card_id}
        parts.insert(1, context)
    return parts


def reactions_of(session: Session, row: Action) -> list[dict[str, Any]]:
    """Emoji that members put on a comment."""
    found = []
    for key, member_id, emoji in row.reactions:
        member = session.state.members.get(member_id)
        found.append(
            {
                "id": key,
                "idMember": member_id,
                "idModel": row.id,
                "idEmoji": emoji,
                "member": MEMBER.show(session, member, CREATOR) if member is not None else None,
                "emoji": {
                    "unified": emoji,
                    "native": None,
                    "name": None,
                    "skinVariation": None,
                    "shortName": None,
                },
            }
        )
    return found


_FIELDS: dict[str, Any] = {
    "id": lambda _s, r: r.id,
    "idMemberCreator": lambda _s, r: r.creator,
    "data": lambda _s, r: r.data,
    "agenticIdentity": lambda _s, _r: None,
    "appCreator": lambda _s, r: {"id": r.app_id} if r.app_id else None,
    "type": lambda _s, r: r.type,
    "date": lambda _s, r: r.date,
    "limits": lambda _s, r: _LIMITS if r.type in _COMMENTS else None,
}
_EXTRA: dict[str, Any] = {"display": display_of, "entities": _text_entities}


def action_body(
    session: Session, row: Action, *, display: bool = False, entities: bool = False
) -> dict[str, Any]:
    """An action with the members that all reads show, and more on request."""
    found = {name: getter(session, row) for name, getter in _FIELDS.items()}
    if display:
        found["display"] = display_of(session, row)
    if entities:
        found["entities"] = _text_entities(session, row)
    return _with_people(session, row, found, CREATOR, CREATOR)


def _with_people(
    session: Session,
    row: Action,
    found: dict[str, Any],
    creator: tuple[str, ...] | None,
    subject: tuple[str, ...] | None,
) -> dict[str, Any]:
    members = session.state.members
    about = members.get(row.subject)
    if subject is not None and about is not None:
        found["member"] = MEMBER.show(session, about, subject)
    made = members.get(row.creator)
    if creator is not None and made is not None:
        found["memberCreator"] = MEMBER.show(session, made, creator)
    return found


class ActionShape:
    """Which members of actions a request wants.

    Args:
        prefix: `action_` where actions are nested in something else.
    """

    def __init__(self, call: Call, prefix: str = "") -> None:
        words = call.words(f"{prefix}fields", "all")
        self._names = None if "all" in words else ("id", *(w for w in words if w in {**_FIELDS, **_EXTRA}))
        self._display = call.flag(f"{prefix}display" if prefix else "display")
        self._entities = call.flag(f"{prefix}entities" if prefix else "entities")
        self._reactions = call.flag(f"{prefix}reactions" if prefix else "reactions")
        nested = f"{prefix}memberCreator", f"{prefix}member"
        self._creator = (
            MEMBER.names(call, f"{nested[0]}_fields", CREATOR) if call.flag(nested[0], True) else None
        )
        self._subject = (
            MEMBER.names(call, f"{nested[1]}_fields", CREATOR) if call.flag(nested[1], True) else None
        )

    def show(self, session: Session, row: Action) -> dict[str, Any]:
        """An action so."""
        table = {**_FIELDS, **_EXTRA}
        names = tuple(_FIELDS) if self._names is None else self._names
        found = {name: table[name](session, row) for name in dict.fromkeys(names)}
        if self._display:
            found["display"] = display_of(session, row)
        if self._entities:
            found["entities"] = _text_entities(session, row)
        if self._reactions:
            found["reactions"] = reactions_of(session, row)
        return _with_people(session, row, found, self._creator, self._subject)
