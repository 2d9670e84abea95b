"""How checklists, attachments, custom fields, webhooks and tokens are shown ([recorded] each)."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from pm_providers.sandbox.trello.ids import tidy
from pm_providers.sandbox.trello.records import (
    Attachment,
    CheckItem,
    Checklist,
    CustomField,
    FieldOption,
    Token,
    Webhook,
)
from pm_providers.sandbox.trello.shapes import Shape
from pm_providers.sandbox.trello.state import State
from pm_providers.sandbox.trello.web import Session

__all__ = ["ATTACHMENT", "CHECKLIST", "CHECK_ITEM", "TOKEN", "WEBHOOK", "custom_field", "field_option"]


def _pos(_session: Session, row: Any) -> float:
    return tidy(row.pos)


CHECK_ITEM: Shape[CheckItem] = Shape(
    {
        "id": lambda _s, r: r.id,
        "name": lambda _s, r: r.name,
        "nameData": lambda _s, _r: {"emoji": {}},
        "pos": _pos,
        "state": lambda _s, r: "complete" if r.done else "incomplete",
        "due": lambda _s, r: r.due,
        "dueReminder": lambda _s, r: r.due_reminder,
        "idMember": lambda _s, r: r.member_id,
        "idChecklist": lambda _s, r: r.checklist_id,
        "creationMethod": lambda _s, _r: None,
        "type": lambda _s, _r: None,
    },
    ("creationMethod", "type"),
)
CHECKLIST: Shape[Checklist] = Shape(
    {
        "id": lambda _s, r: r.id,
        "name": lambda _s, r: r.name,
        "idBoard": lambda _s, r: r.board_id,
        "idCard": lambda _s, r: r.card_id,
        "pos": _pos,
        "limits": lambda _s, _r: {
            "checkItems": {"perChecklist": {"status": "ok", "disableAt": 200, "warnAt": 160}}
        },
        "creationMethod": lambda _s, _r: None,
    },
    ("limits", "creationMethod"),
)


def _address(session: Session, row: Attachment) -> str:
    """Of an uploaded file: this API's, which wants the credentials in the header."""
    if not row.upload:
        return row.url
    base = session.base_url
    return f"{base}/1/cards/{row.card_id}/attachments/{row.id}/download/{quote(row.file_name)}"


ATTACHMENT: Shape[Attachment] = Shape(
    {
        "id": lambda _s, r: r.id,
        "bytes": lambda _s, r: len(r.content) if r.upload else None,
        "date": lambda _s, r: r.date,
        "edgeColor": lambda _s, _r: None,
        "idMember": lambda _s, r: r.member_id,
        "isMalicious": lambda _s, _r: False,
        "isUpload": lambda _s, r: r.upload,
        "mimeType": lambda _s, r: r.mime,
        "name": lambda _s, r: r.name,
        "previews": lambda _s, _r: [],
        "sourceView": lambda _s, _r: None,
        "url": _address,
        "pos": _pos,
        "fileName": lambda _s, r: r.file_name,
    }
)
WEBHOOK: Shape[Webhook] = Shape(
    {
        "id": lambda _s, r: r.id,
        "description": lambda _s, r: r.description,
        "idModel": lambda _s, r: r.model_id,
        "callbackURL": lambda _s, r: r.url,
        "active": lambda _s, r: r.active,
        "consecutiveFailures": lambda _s, r: r.failures,
        "firstConsecutiveFailDate": lambda _s, r: r.first_failure,
    }
)


def _permissions(_session: Session, row: Token) -> list[dict[str, Any]]:
    write = "write" in row.scopes
    pairs = ((row.member_id, "Member"), ("*", "Board"), ("*", "Organization"))
    return [{"idModel": model, "modelType": kind, "read": True, "write": write} for model, kind in pairs]


TOKEN: Shape[Token] = Shape(
    {
        "id": lambda _s, r: r.id,
        "identifier": lambda _s, r: r.identifier,
        "idMember": lambda _s, r: r.member_id,
        "dateCreated": lambda _s, r: r.created,
        "dateExpires": lambda _s, r: r.expires,
        "permissions": _permissions,
    }
)


def field_option(row: FieldOption) -> dict[str, Any]:
    """An option of a list field."""
    return {
        "id": row.id,
        "idCustomField": row.field_id,
        "value": {"text": row.text},
        "color": row.color,
        "pos": tidy(row.pos),
    }


def custom_field(state: State, row: CustomField) -> dict[str, Any]:
    """A custom field; those of lists with their options."""
    found: dict[str, Any] = {
        "id": row.id,
        "idModel": row.board_id,
        "modelType": "board",
        "fieldGroup": row.group,
        "display": {"cardFront": row.front},
        "name": row.name,
        "pos": tidy(row.pos),
    }
    if row.type == "list":
        found["options"] = [field_option(option) for option in state.options_of(row.id)]
    return {**found, "type": row.type, "isSuggestedField": False}
