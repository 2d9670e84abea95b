"""Deliveries of webhooks: is it really from Trello, and what is it about.

While a webhook is made, Trello asks for its address by HEAD (some have seen GET), without a signature, and
wants 200: `is_address_check`. Deliveries want 200 soon, too; 410 deletes the webhook. What is answered
otherwise is repeated three times, and lost then; after many failures the webhook is off (`active: false`).
Nobody tells when it is gone with its token: look after both. A delivery is a hint: it may come twice and out
of order, and holds no more than what changed; cards of an archived list send none. Refetch what it names.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from typing import Any

from pm_providers.errors import AuthenticationError, ProviderError, ValidationError
from pm_providers.model import Entity
from pm_providers.providers.trello.mapping.values import is_id
from pm_providers.toolkit.documents import instant
from pm_providers.toolkit.webhooks import WebhookHint, delivered

__all__ = [
    "SIGNATURE_HEADER",
    "WebhookHint",
    "is_address_check",
    "parse_webhook",
    "verify_webhook",
]

SIGNATURE_HEADER = "X-Trello-Webhook"
"""Header with the HMAC-SHA1 of raw body and callback address, in base64 ([doc] webhooks)."""

_PARTS: Mapping[str, tuple[Entity, str]] = {
    "updateComment": (Entity.COMMENT, "action"),
    "deleteComment": (Entity.COMMENT, "action"),
    "addChecklistToCard": (Entity.CHECKLIST, "checklist"),
    "copyChecklist": (Entity.CHECKLIST, "checklist"),
    "removeChecklistFromCard": (Entity.CHECKLIST, "checklist"),
    "updateChecklist": (Entity.CHECKLIST, "checklist"),
    "createCheckItem": (Entity.CHECKLIST_ITEM, "checkItem"),
    "updateCheckItem": (Entity.CHECKLIST_ITEM, "checkItem"),
    "deleteCheckItem": (Entity.CHECKLIST_ITEM, "checkItem"),
    "updateCheckItemStateOnCard": (Entity.CHECKLIST_ITEM, "checkItem"),
    "addAttachmentToCard": (Entity.ATTACHMENT, "attachment"),
    "deleteAttachmentFromCard": (Entity.ATTACHMENT, "attachment"),
    "createLabel": (Entity.LABEL, "label"),
    "updateLabel": (Entity.LABEL, "label"),
    "deleteLabel": (Entity.LABEL, "label"),
    "updateMember": (Entity.USER, "member"),
}
"""Type of an action -> kind of object, and where its id stands in `data`. Others are of a card or a board."""

_COMMENTS = frozenset({"commentCard", "copyCommentCard"})
_IGNORED = frozenset({"voteOnCard", "addReaction", "removeReaction", "enablePlugin", "disablePlugin"})
_ABOUT_BOARDS = ("List", "Board", "CustomField", "Member", "Powerup", "PowerUp")


def is_address_check(method: str) -> bool:
    """Whether a request to the callback address only asks whether it is there: answer 200, nothing else."""
    return method.upper() in {"HEAD", "GET"}


def verify_webhook(body: bytes, signature: str | None, secret: str, *, callback_url: str) -> None:
    """Check a signature over raw body and address, in constant time. Times are not signed: replays pass.

    Args:
        body: exactly the bytes that came.
        signature: value of `SIGNATURE_HEADER`; `None` where it is missing.
        secret: the OAuth secret that stands beside the API key; neither the key nor the token.
        callback_url: the address exactly as the webhook was registered; what a proxy shows may differ.

    Raises:
        AuthenticationError: no signature, or a wrong one.
    """
    if not secret:
        raise AuthenticationError("a webhook without a secret cannot be verified")
    # SHA-1 is the vendor's choice; forging an HMAC needs no collision but the secret.
    digest = hmac.new(secret.encode(), body + callback_url.encode(), hashlib.sha1).digest()
    given = (signature or "").strip().encode("utf-8", "replace")
    if not hmac.compare_digest(base64.b64encode(digest), given):
        raise AuthenticationError("the signature of the webhook is missing or wrong")


def parse_webhook(body: bytes) -> WebhookHint | None:
    """What a verified delivery is about; `None` for votes, reactions, Power-Ups and workspaces.

    Lists, custom fields and members of a board are hints about the board: its statuses, fields and members
    are to be read anew, and for a list its cards. A label may be one that stands for a sprint or a priority.
    Kinds that are not known are about the card that they name, else about the board; so are known ones that
    name nothing of their kind: an error would make the vendor repeat the delivery, and give the webhook up.

    Args:
        body: the bytes that came.

    Raises:
        ValidationError: the body is too large, no JSON, holds no action, or an action without id or type.
    """
    found = delivered(body)
    action = found.get("action") if isinstance(found, Mapping) else None
    if not isinstance(action, Mapping):
        raise ValidationError("the webhook holds no action")
    kind, own = action.get("type"), _id_of(action)
    if not isinstance(kind, str) or not kind or own is None:
        raise ValidationError("the action of the webhook has no id or no type")
    data = action.get("data")
    data = data if isinstance(data, Mapping) else {}
    subject = None if kind in _IGNORED else _subject(kind, own, data)
    return None if subject is None else _hint(kind, own, subject, action, data)


def _subject(kind: str, own: str, data: Mapping[str, Any]) -> tuple[Entity, str] | None:
    """What an action is about, with its id; `None` where it is nothing of ours."""
    if kind in _COMMENTS:
        return Entity.COMMENT, own
    entity, name = _PARTS.get(kind, (Entity.TASK, "card"))
    one, card = _id_of(data.get(name)), _id_of(data.get("card"))
    if kind in _PARTS and (one or card) is not None:
        return (entity, one) if one is not None else (Entity.TASK, str(card))
    if card is not None and not _is_about_board(kind):
        return Entity.TASK, card
    board = _id_of(data.get("board"))
    return None if board is None else (Entity.PROJECT, board)


def _is_about_board(kind: str) -> bool:
    """As `addMemberToBoard`, `updateCustomField`; not `addMemberToCard`, `updateCustomFieldItem`."""
    return "Card" not in kind and not kind.endswith("Item") and any(one in kind for one in _ABOUT_BOARDS)


def _hint(
    kind: str, own: str, subject: tuple[Entity, str], action: Mapping[str, Any], data: Mapping[str, Any]
) -> WebhookHint:
    entity, one = subject
    key = {Entity.TASK: "card", Entity.PROJECT: "board"}.get(entity, "")
    named = data.get(key)
    link = named.get("shortLink") if isinstance(named, Mapping) else None
    old = data.get("old")
    return WebhookHint(
        action=kind,
        entity=entity,
        id=one,
        task_id=one if entity is Entity.TASK else None if key else _id_of(data.get("card")),
        project_id=_id_of(data.get("board")),
        actor_id=_actor(action),
        dedupe_key=own,
        key=link if isinstance(link, str) and link else None,
        occurred_at=_moment(action.get("date")),
        changed=tuple(name for name in old if isinstance(name, str)) if isinstance(old, Mapping) else (),
    )


def _id_of(value: Any) -> str | None:
    found = value.get("id") if isinstance(value, Mapping) else None
    return found.lower() if isinstance(found, str) and is_id(found) else None


def _actor(action: Mapping[str, Any]) -> str | None:
    creator = action.get("idMemberCreator")
    return _id_of({"id": creator}) or _id_of(action.get("memberCreator"))


def _moment(value: Any) -> Any:
    try:
        return instant(value)
    except ProviderError:
        return None
