"""Attachments: uploaded files and addresses, and how files are fetched."""

from __future__ import annotations

import mimetypes
import re
from typing import Any

from pm_providers.sandbox.trello.access import need_card
from pm_providers.sandbox.trello.errors import ApiError, invalid, not_found, unauthorized
from pm_providers.sandbox.trello.journal import happened
from pm_providers.sandbox.trello.limit_view import check_limit
from pm_providers.sandbox.trello.listing import shown_attachment
from pm_providers.sandbox.trello.parts_view import ATTACHMENT
from pm_providers.sandbox.trello.positions import place
from pm_providers.sandbox.trello.records import Attachment, Card
from pm_providers.sandbox.trello.state import State
from pm_providers.sandbox.trello.storage import file_reply, stored_address
from pm_providers.sandbox.trello.web import Call, Reply, Session, family

__all__ = ["add_file", "add_link", "recount_files", "routes"]

routes = family()
_CARD = re.compile(r"https://trello\.com/c/")
_BOARD = re.compile(r"https://trello\.com/b/")


def _safe(name: str) -> str:
    """A file name as addresses have it."""
    return re.sub(r"[^0-9A-Za-z._-]+", "_", name) or "file"


def recount_files(state: State, card_id: str) -> None:
    """Set the badges that count attachments."""
    rows = state.attachments.where("card_id", card_id)
    links = tuple(sum(pattern.match(row.url) is not None for row in rows) for pattern in (_BOARD, _CARD))
    card = state.cards[card_id]
    cover = card.cover_attachment if any(row.id == card.cover_attachment for row in rows) else None
    state.cards.change(card, attachments=len(rows), links=links, cover_attachment=cover)


def _store(session: Session, card: Card, **values: Any) -> Attachment:
    state = session.state
    rows = state.attachments.where("card_id", card.id)
    check_limit(state, "attachments.perCard", len(rows))
    row = state.attachments.put(
        Attachment(
            id=state.new_id(),
            card_id=card.id,
            date=state.now(),
            member_id=session.member_id,
            pos=place(None, state.attachments, rows),
            **values,
        )
    )
    recount_files(state, card.id)
    shown = shown_attachment(session, row, ("id", "name", "url"))
    happened(
        session,
        "addAttachmentToCard",
        {"attachment": shown},
        card=state.cards[card.id],
        row=state.lists[card.list_id],
    )
    return row


def add_link(session: Session, card: Card, url: str, name: str = "", mime: str = "") -> Attachment:
    """Attach an address."""
    if not re.match(r"(?i)https?://[^/\s]+", url):
        raise invalid("url")
    return _store(session, card, name=name or url, url=url, mime=mime)


def add_file(
    session: Session, card: Card, file_name: str, content: bytes, name: str = "", mime: str = ""
) -> Attachment:
    """Attach a file."""
    kind = mime or mimetypes.guess_type(file_name)[0]
    return _store(
        session,
        card,
        name=name or file_name,
        url="",
        mime=kind,
        upload=True,
        file_name=_safe(file_name),
        content=content,
    )


@routes("GET", "/cards/{id}/attachments")
def index(call: Call) -> Any:
    """Attachments of a card."""
    card = need_card(call.session, call.params["id"])
    names = ATTACHMENT.names(call, "fields")
    rows = call.state.attachments_of(card.id)
    if call.plain("filter") == "cover":
        rows = [row for row in rows if row.id == card.cover_attachment]
    return [shown_attachment(call.session, row, names) for row in rows]


@routes("POST", "/cards/{id}/attachments")
def create(call: Call) -> Any:
    """Attach the part `file` of a form, or the address `url`; with neither it is refused."""
    card = need_card(call.session, call.params["id"], "write")
    name, mime = call.text("name", ""), call.text("mimeType", "")
    file = next((part for part in call.files if part.name == "file"), None)
    if file is not None:
        plan = call.state.plan_of(call.state.boards[card.board_id])
        if len(file.content) > call.state.settings.upload_limit[plan]:
            raise ApiError(413, "File too large")
        row = add_file(call.session, card, file.file_name, file.content, name, mime or file.content_type)
    elif call.plain("url"):
        row = add_link(call.session, card, call.text("url"), name, mime)
    else:
        raise invalid("url")
    if call.flag("setCover") and (row.mime or "").startswith("image/"):
        call.state.cards.change(call.state.cards[card.id], cover_attachment=row.id, manual_cover=True)
    return {**shown_attachment(call.session, row), "limits": {}}


def _find(call: Call, right: str = "read") -> tuple[Card, Attachment]:
    card = need_card(call.session, call.params["id"], right)
    row = call.state.attachments.get(call.params["idAttachment"].lower())
    if row is None or row.card_id != card.id:
        raise not_found()
    return card, row


@routes("GET", "/cards/{id}/attachments/{idAttachment}")
def one(call: Call) -> Any:
    """An attachment."""
    _card, row = _find(call)
    return shown_attachment(call.session, row, ATTACHMENT.names(call, "fields"))


@routes("PUT", "/cards/{id}/attachments/{idAttachment}")
def update(call: Call) -> Any:
    """Rename or move an attachment."""
    card, row = _find(call, "write")
    changes: dict[str, Any] = {}
    if call.has("name"):
        changes["name"] = call.text("name", least=1)
    if call.has("pos"):
        others = [other for other in call.state.attachments.where("card_id", card.id) if other.id != row.id]
        changes["pos"] = place(call.args["pos"], call.state.attachments, others)
    return shown_attachment(call.session, call.state.attachments.change(row, **changes))


@routes("DELETE", "/cards/{id}/attachments/{idAttachment}")
def delete(call: Call) -> Any:
    """Remove an attachment for good."""
    card, row = _find(call, "write")
    call.state.attachments.remove(row.id)
    recount_files(call.state, card.id)
    part = {"attachment": {"name": row.name, "id": row.id}}
    happened(call.session, "deleteAttachmentFromCard", part, card=call.state.cards[card.id])
    return {"limits": {}}


@routes("GET", "/cards/{id}/attachments/{idAttachment}/download/{name}")
def download(call: Call) -> Any:
    """The file: credentials in the query are refused here, and the answer may send on to another host."""
    if not call.session.in_header:
        raise unauthorized("attachment")
    _card, row = _find(call)
    if not row.upload:
        raise not_found()
    if not call.state.settings.redirect_downloads:
        return file_reply(row)
    return Reply("", 302, "text/plain", {"location": stored_address(call.session, row)})
