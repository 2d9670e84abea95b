"""Deliveries of webhooks: the handshake, whether they are really Asana's, and what they are about.

A delivery holds events without values: refetch what they name. What a person does once makes several events
of the same object (a new task is added to its project, and to its section). Events may come late, twice, and
in another order than they happened. An empty list is a heartbeat, sent every eight hours: it is verified like
all others and answered with 200, as is everything that is taken; a webhook whose deliveries are not answered
so for 24 hours is deleted by Asana.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping
from typing import Any

from pm_providers.errors import AuthenticationError, ProviderError, ValidationError
from pm_providers.model import Entity
from pm_providers.toolkit.documents import instant
from pm_providers.toolkit.webhooks import WebhookHint, delivered

__all__ = [
    "SECRET_HEADER",
    "SIGNATURE_HEADER",
    "WebhookHint",
    "answer_handshake",
    "parse_webhook",
    "verify_webhook",
]

SECRET_HEADER = "X-Hook-Secret"  # noqa: S105 - the name of a header
"""Header of the handshake: it names the secret of the webhook, and comes back with the answer."""

SIGNATURE_HEADER = "X-Hook-Signature"
"""Header with the HMAC-SHA256 of the raw body, in hex."""

_SECRET = re.compile(r"[\x21-\x7e]{1,512}")
_GID = re.compile(r"[0-9]{1,64}")
_ENTITIES: Mapping[str, Entity] = {
    "task": Entity.TASK,
    "project": Entity.PROJECT,
    "story": Entity.COMMENT,
    "tag": Entity.LABEL,
    "attachment": Entity.ATTACHMENT,
    "time_tracking_entry": Entity.TIME_ENTRY,
    "project_membership": Entity.MEMBERSHIP,
    "user": Entity.USER,
}
"""Kind of a resource -> kind of our object. Sections and custom fields are none: their tasks have events."""

_COMMENT = "comment_added"
_NEW = ("new_value", "added_value", "removed_value")


def answer_handshake(secret: str | None, *, awaited: bool) -> dict[str, str]:
    """Headers to answer a handshake with, status 200 or 204; its `SECRET_HEADER` is to be kept.

    The handshake comes while `POST /webhooks` waits for its own answer, to the same address as deliveries
    later: the server must serve both at once. Give each webhook an address of its own.

    Args:
        secret: value of `SECRET_HEADER`.
        awaited: a webhook with this address is being made right now. At any other time it is a stranger who
            wants to have his own secret believed.

    Raises:
        AuthenticationError: not awaited, or no secret.
    """
    if not awaited:
        raise AuthenticationError("a handshake of a webhook that nobody is making")
    if secret is None or _SECRET.fullmatch(secret) is None:
        raise AuthenticationError("the handshake of the webhook has no secret")
    return {SECRET_HEADER: secret}


def verify_webhook(body: bytes, signature: str | None, secret: str) -> None:
    """Check a signature over the raw body, in constant time. Times are not signed: replays pass.

    Args:
        body: exactly the bytes that came, those of a heartbeat too.
        signature: value of `SIGNATURE_HEADER`; `None` where it is missing.
        secret: of the webhook, from its handshake.

    Raises:
        AuthenticationError: no signature, or a wrong one.
    """
    if not secret:
        raise AuthenticationError("a webhook without a secret cannot be verified")
    digest = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    given = (signature or "").strip().lower()
    if not hmac.compare_digest(digest.encode(), given.encode("utf-8", "replace")):
        raise AuthenticationError("the signature of the webhook is missing or wrong")


def parse_webhook(body: bytes) -> list[WebhookHint]:
    """What a verified delivery is about, in the order of its events; none for a heartbeat.

    Events of sections, custom fields and the history of tasks are left out: each comes with an event of the
    task. `removed` is no deletion: a task left the project or section that the event names; `deleted` is one,
    and `undeleted` takes it back. A project may be one that stands for a sprint: deliveries do not tell.

    Args:
        body: the bytes that came.

    Raises:
        ValidationError: the body is too large, no JSON, holds no list of events, or an event that says
            neither what happened nor to what.
    """
    found = delivered(body)
    events = found.get("events") if isinstance(found, Mapping) else None
    if not isinstance(events, list):
        raise ValidationError("the webhook holds no list of events")
    hints = (_hint(one) for one in events)
    return [one for one in hints if one is not None]


def _hint(event: Any) -> WebhookHint | None:
    """One event; `None` for a kind that is not ours."""
    resource = event.get("resource") if isinstance(event, Mapping) else None
    action = event.get("action") if isinstance(event, Mapping) else None
    one = _gid_of(resource)
    if one is None or not isinstance(resource, Mapping) or not isinstance(action, str) or not action:
        raise ValidationError("an event of the webhook names no object or no action")
    entity = _ENTITIES.get(str(resource.get("resource_type")))
    if entity is None or (entity is Entity.COMMENT and not _is_comment(resource)):
        return None
    parent = event.get("parent")
    change = event.get("change")
    return WebhookHint(
        action=action,
        entity=entity,
        id=one,
        task_id=one if entity is Entity.TASK else _parent_gid(parent, "task"),
        project_id=one if entity is Entity.PROJECT else _parent_gid(parent, "project"),
        actor_id=_gid_of(event.get("user")),
        dedupe_key=_dedupe_key(event, one, change if isinstance(change, Mapping) else {}),
        occurred_at=_moment(event.get("created_at")),
        changed=_changed(change),
    )


def _is_comment(story: Mapping[str, Any]) -> bool:
    return story.get("resource_subtype") in {_COMMENT, None}


def _gid_of(value: Any) -> str | None:
    found = value.get("gid") if isinstance(value, Mapping) else None
    return found if isinstance(found, str) and _GID.fullmatch(found) else None


def _parent_gid(parent: Any, kind: str) -> str | None:
    """Gid of a parent of some kind. The parent of a subtask is a task, too, but not the one it is part of."""
    is_kind = isinstance(parent, Mapping) and parent.get("resource_type") == kind
    return _gid_of(parent) if is_kind else None


def _changed(change: Any) -> tuple[str, ...]:
    name = change.get("field") if isinstance(change, Mapping) else None
    return (name,) if isinstance(name, str) and name else ()


def _dedupe_key(event: Mapping[str, Any], one: str, change: Mapping[str, Any]) -> str:
    """Events have no ids; these together tell them apart."""
    mark = (
        one,
        event.get("action"),
        _gid_of(event.get("parent")),
        change.get("field"),
        change.get("action"),
        *(_gid_of(change.get(name)) for name in _NEW),
        event.get("created_at"),
    )
    return hashlib.sha256(repr(mark).encode("utf-8", "replace")).hexdigest()


def _moment(value: Any) -> Any:
    try:
        return instant(value)
    except ProviderError:
        return None
