"""How cards are shown ([recorded] card_created, cards); numbers of the badges are kept on the records."""

from __future__ import annotations

from typing import Any

from pm_providers.sandbox.trello.ids import slug, tidy
from pm_providers.sandbox.trello.limit_view import card_limits
from pm_providers.sandbox.trello.records import Card, FieldItem
from pm_providers.sandbox.trello.shapes import Shape
from pm_providers.sandbox.trello.web import Session

__all__ = ["CARD", "card_labels", "card_url", "field_item"]

_COVER = {
    "idAttachment": None,
    "color": None,
    "idUploadedBackground": None,
    "size": "normal",
    "brightness": "dark",
    "yPosition": 0.5,
    "idPlugin": None,
}


def card_url(row: Card) -> str:
    """Address that changes with the name."""
    return f"https://trello.com/c/{row.short_link}/{row.id_short}-{slug(row.name)}".rstrip("-")


def card_labels(session: Session, row: Card) -> list[dict[str, Any]]:
    """Labels of a card in full, in the order in which they were put on it."""
    labels = session.state.labels
    found = (labels.get(key) for key in row.label_ids)
    return [
        {
            "id": label.id,
            "idBoard": label.board_id,
            "name": label.name,
            "color": label.color,
            "uses": 0,
        }
        for label in found
        if label is not None
    ]


def _badges(session: Session, row: Card) -> dict[str, Any]:
    boards, cards = row.links
    return {
        "attachments": row.attachments,
        "fogbugz": "",
        "checkItems": row.check_items,
        "checkItemsChecked": row.check_done,
        "checkItemsEarliestDue": row.check_due,
        "comments": row.comments,
        "description": bool(row.desc),
        "due": row.due,
        "dueComplete": row.due_complete,
        "lastUpdatedByAi": False,
        "start": row.start,
        "externalSource": None,
        "attachmentsByType": {"trello": {"board": boards, "card": cards}},
        "location": row.coordinates is not None,
        "votes": len(row.voted_ids),
        "maliciousAttachments": 0,
        "viewingMemberVoted": session.member_id in row.voted_ids,
        "subscribed": session.member_id in row.subscribed_by,
    }


def _states(session: Session, row: Card) -> list[dict[str, str]]:
    if not row.check_done:
        return []
    rows = session.state.check_items.where("card_id", row.id)
    return [{"idCheckItem": item.id, "state": "complete"} for item in rows if item.done]


def _workspace(session: Session, row: Card) -> str:
    return f"ari:cloud:trello::card/workspace/{session.state.boards[row.board_id].org_id or ''}/{row.id}"


def field_item(item: FieldItem, card_id: str) -> dict[str, Any]:
    """Value of a custom field on a card."""
    return {
        "id": item.id,
        "value": item.value,
        "idValue": item.option_id,
        "idCustomField": item.field_id,
        "idModel": card_id,
        "modelType": "card",
    }


CARD: Shape[Card] = Shape(
    {
        "id": lambda _s, r: r.id,
        "agent": lambda _s, _r: None,
        "badges": _badges,
        "checkItemStates": _states,
        "closed": lambda _s, r: r.closed,
        "dueComplete": lambda _s, r: r.due_complete,
        "dateLastActivity": lambda _s, r: r.last_activity,
        "desc": lambda _s, r: r.desc,
        "descData": lambda _s, r: {"emoji": {}} if r.desc else None,
        "due": lambda _s, r: r.due,
        "dueReminder": lambda _s, r: r.due_reminder,
        "email": lambda _s, _r: None,
        "idBoard": lambda _s, r: r.board_id,
        "idChecklists": lambda _s, r: r.checklist_ids,
        "idList": lambda _s, r: r.list_id,
        "idMembers": lambda _s, r: r.member_ids,
        "idMembersVoted": lambda _s, r: r.voted_ids,
        "idShort": lambda _s, r: r.id_short,
        "idAttachmentCover": lambda _s, r: r.cover_attachment,
        "labels": card_labels,
        "idLabels": lambda _s, r: r.label_ids,
        "manualCoverAttachment": lambda _s, r: r.manual_cover,
        "name": lambda _s, r: r.name,
        "nodeId": _workspace,
        "pinned": lambda _s, _r: False,
        "pos": lambda _s, r: tidy(r.pos),
        "shortLink": lambda _s, r: r.short_link,
        "shortUrl": lambda _s, r: f"https://trello.com/c/{r.short_link}",
        "start": lambda _s, r: r.start,
        "subscribed": lambda s, r: s.member_id in r.subscribed_by,
        "url": lambda _s, r: card_url(r),
        "cover": lambda _s, r: {**_COVER, **r.cover, "idAttachment": r.cover_attachment},
        "isTemplate": lambda _s, r: r.template,
        "cardRole": lambda _s, r: r.role,
        "mirrorSourceId": lambda _s, r: r.mirror_source,
        "address": lambda _s, r: r.address,
        "coordinates": lambda _s, r: r.coordinates,
        "locationName": lambda _s, r: r.location,
        "creationMethod": lambda _s, _r: None,
        "dateClosed": lambda _s, r: r.date_closed,
        "dateCompleted": lambda _s, r: r.date_completed,
        "idMemberCreator": lambda _s, r: r.creator,
        "limits": lambda s, _r: card_limits(s.state),
    },
    (
        "address",
        "coordinates",
        "locationName",
        "creationMethod",
        "dateClosed",
        "dateCompleted",
        "idMemberCreator",
        "limits",
    ),
)
