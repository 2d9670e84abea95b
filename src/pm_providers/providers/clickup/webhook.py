"""Deliveries of webhooks: is it really from ClickUp, and what is it about.

A delivery is a hint, not the truth: one change comes as several deliveries (its own event and `taskUpdated`),
repeated ones come again, deleted objects are named without their place. Refetch what it names.

There is no handshake and no heartbeat: an address is taken as it is. Answer within 7 seconds, and a delivery
that is refused with 400 or 403: **401 and 410 suspend the webhook at once** ([doc] webhook health).
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import uuid4

from pm_providers.errors import AuthenticationError, ProviderError, ValidationError
from pm_providers.model import Entity
from pm_providers.providers.clickup.mapping.values import moment, optional_id, ref_id
from pm_providers.toolkit.webhooks import WebhookHint, delivered

__all__ = ["SIGNATURE_HEADER", "WebhookHint", "parse_webhook", "verify_webhook"]

SIGNATURE_HEADER = "X-Signature"
"""Header with the HMAC of the raw body, in hexadecimal."""

_ID = re.compile(r"[0-9A-Za-z_-]{1,64}")
_PLACES = ("space", "folder", "list")
_KEYS: Mapping[str, str] = {
    "task": "task_id",
    "list": "list_id",
    "folder": "folder_id",
    "space": "space_id",
    "goal": "goal_id",
    "keyResult": "key_result_id",
}
"""Begin of an event -> where the delivery has the id."""

_EVENT = re.compile(r"(task|list|folder|space|goal|keyResult)[A-Z][A-Za-z]{1,40}")
_COMMENTS = ("taskCommentPosted", "taskCommentUpdated")
_TIME = "taskTimeTrackedUpdated"
_TASK_TYPE = "1"


def verify_webhook(body: bytes, signature: str | None, secret: str) -> None:
    """Check a signature over the raw body, in constant time. Times are not signed: replays pass.

    Deliveries of automations are not signed at all, and so are refused.

    Args:
        body: exactly the bytes that came.
        signature: value of `SIGNATURE_HEADER`; `None` where it is missing.
        secret: secret of the webhook, from the answer that created it.

    Raises:
        AuthenticationError: no signature, or a wrong one.
    """
    if not secret:
        raise AuthenticationError("a webhook without a secret cannot be verified")
    digest = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    given = (signature or "").strip().lower().encode("utf-8", "replace")
    if not hmac.compare_digest(digest.encode(), given):
        raise AuthenticationError("the signature of the webhook is missing or wrong")


def parse_webhook(body: bytes, *, project_level: str = "space") -> WebhookHint | None:
    """What a verified delivery is about; `None` for a kind that is not ours (goals, targets, folders).

    Args:
        body: the bytes that came.
        project_level: the provider's option: whether spaces, folders or lists are projects. Lists that are
            no projects may be sprints, and are told as such.

    Raises:
        ValidationError: the body is too large, no JSON, of an automation, names no known event, or has no id
            of what it announces.
    """
    found = delivered(body)
    event = found.get("event") if isinstance(found, Mapping) else None
    known = _EVENT.fullmatch(event) if isinstance(event, str) else None
    if known is None or event is None:
        raise ValidationError("the webhook names no event that is known")
    kind = known[1]
    one = _id(found.get(_KEYS[kind]))
    if one is None:
        raise ValidationError("the webhook has no id of what it announces")
    items = _history(found)
    if kind == "task":
        return _of_task(event, one, found, items, project_level)
    entity = _entity(kind, project_level)
    if entity is None:
        return None
    return _hint(event, entity, one, found, items, project_id=one if entity is Entity.PROJECT else None)


def _id(value: Any) -> str | None:
    """An id as text; `None` for what can be none."""
    text = optional_id(value)
    return text if text is not None and _ID.fullmatch(text) else None


def _history(found: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    items = found.get("history_items")
    return [one for one in items if isinstance(one, Mapping)] if isinstance(items, list) else []


def _entity(kind: str, level: str) -> Entity | None:
    if kind not in _PLACES:
        return None
    if kind == level:
        return Entity.PROJECT
    return Entity.SPRINT if kind == "list" else None


def _of_task(
    event: str, task: str, found: Mapping[str, Any], items: Sequence[Mapping[str, Any]], level: str
) -> WebhookHint:
    """Of a task, or of what stands on it. The list of its history is its project, where lists are."""
    entity, one = _part(event, task, found, items)
    parent = items[0] if items and str(items[0].get("type")) == _TASK_TYPE and level == "list" else {}
    project = _id(parent.get("parent_id"))
    return _hint(event, entity, one, found, items, task_id=task, project_id=project)


def _part(
    event: str, task: str, found: Mapping[str, Any], items: Sequence[Mapping[str, Any]]
) -> tuple[Entity, str]:
    """The comment or time entry that an event is about, where the delivery names it; else the task."""
    if event in _COMMENTS:
        named = next((one for one in map(_comment_id, items) if one is not None), None)
        return (Entity.COMMENT, named) if named is not None else (Entity.TASK, task)
    if event == _TIME:
        data = found.get("data")
        named = _id(data.get("interval_id")) if isinstance(data, Mapping) else None
        return (Entity.TIME_ENTRY, named) if named is not None else (Entity.TASK, task)
    return Entity.TASK, task


def _comment_id(item: Mapping[str, Any]) -> str | None:
    """`comment` is the whole comment, or its pieces only; `after` is its id (both recorded)."""
    comment = item.get("comment")
    found = _id(comment.get("id")) if isinstance(comment, Mapping) else None
    after = item.get("after")
    return found or (_id(after) if item.get("field") == "comment" and isinstance(after, str) else None)


def _hint(
    event: str,
    entity: Entity,
    one: str,
    found: Mapping[str, Any],
    items: Sequence[Mapping[str, Any]],
    *,
    task_id: str | None = None,
    project_id: str | None = None,
) -> WebhookHint:
    fields = [one.get("field") for one in items]
    return WebhookHint(
        action=event,
        entity=entity,
        id=one,
        task_id=task_id,
        project_id=project_id,
        actor_id=ref_id(items[0], "user") if items else None,
        dedupe_key=_dedupe_key(event, one, found, items),
        occurred_at=_moment(items[0].get("date")) if items else None,
        changed=tuple(dict.fromkeys(name for name in fields if isinstance(name, str))),
    )


def _dedupe_key(event: str, one: str, found: Mapping[str, Any], items: Sequence[Mapping[str, Any]]) -> str:
    """`webhook_id:history_item.id`, as the vendor says: the same for all events of one change.

    What is made or deleted is so once. Other events without a history (of spaces and folders) look the same
    each time: each gets a key of its own, as a change that is taken for a repetition would be lost.
    """
    hook = str(found.get("webhook_id") or "")
    if items and items[0].get("id") is not None:
        return f"{hook}:{items[0]['id']}"
    mark = "" if event.endswith(("Created", "Deleted")) else f":{uuid4().hex}"
    return f"{hook}:{event}:{one}{mark}"


def _moment(value: Any) -> datetime | None:
    """An instant; `None` for what is none."""
    try:
        return moment(value)
    except ProviderError:
        return None
