"""Deliveries of webhooks: is it really from the server, and what is it about.

A delivery is a hint, not the truth: it shows the state at sending time as an administrator sees it, minutes
after the change, edits merged. Refetch what it names.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from typing import Any

from pm_providers.errors import AuthenticationError, ValidationError
from pm_providers.model import Entity
from pm_providers.providers.openproject.mapping.hal import link_id
from pm_providers.toolkit.webhooks import WebhookHint, delivered

__all__ = ["SIGNATURE_HEADER", "WebhookHint", "parse_webhook", "verify_webhook"]

SIGNATURE_HEADER = "X-OP-Signature"
"""Header with `sha1=` and the HMAC of the raw body; sent only when the webhook has a secret."""

_ENTITIES: Mapping[str, tuple[Entity, str]] = {
    "work_package": (Entity.TASK, "work_package"),
    "work_package_comment": (Entity.COMMENT, "activity"),
    "project": (Entity.PROJECT, "project"),
    "time_entry": (Entity.TIME_ENTRY, "time_entry"),
    "attachment": (Entity.ATTACHMENT, "attachment"),
}


def verify_webhook(body: bytes, signature: str | None, secret: str) -> None:
    """Check a signature over the raw body, in constant time. Timestamps are not signed: replays pass.

    Args:
        body: exactly the bytes that came.
        signature: value of `SIGNATURE_HEADER`; `None` where it is missing.
        secret: secret of the webhook.

    Raises:
        AuthenticationError: no signature, or a wrong one.
    """
    if not secret:
        raise AuthenticationError("a webhook without a secret cannot be verified")
    digest = hmac.new(secret.encode(), body, hashlib.sha1).hexdigest()
    given = (signature or "").strip().encode("utf-8", "replace")
    if not hmac.compare_digest(f"sha1={digest}".encode(), given):
        raise AuthenticationError("the signature of the webhook is missing or wrong")


def parse_webhook(body: bytes) -> WebhookHint | None:
    """What a verified delivery is about; `None` for a kind that is not ours.

    The `Content-Type` was wrong before 17.2.2, so the body is taken for JSON whatever it says.

    Raises:
        ValidationError: the body is too large, no JSON, or has no object of the kind that it announces.
    """
    found = delivered(body)
    action = found.get("action") if isinstance(found, Mapping) else None
    if not isinstance(action, str):
        raise ValidationError("the webhook names no action")
    known = _ENTITIES.get(action.partition(":")[0])
    return None if known is None else _hint(action, known[0], found.get(known[1]), found.get("actor"))


def _hint(action: str, entity: Entity, value: Any, actor: Any) -> WebhookHint:
    one = value.get("id") if isinstance(value, Mapping) else None
    if not isinstance(one, int) or isinstance(one, bool):
        raise ValidationError("the webhook holds no object of the kind that it announces")
    mark = value.get("lockVersion"), value.get("updatedAt"), action, one
    who = actor.get("id") if isinstance(actor, Mapping) else None
    return WebhookHint(
        action=action,
        entity=entity,
        id=str(one),
        task_id=str(one) if entity is Entity.TASK else _task_of(value),
        project_id=str(one) if entity is Entity.PROJECT else link_id(value, "project"),
        actor_id=None if who is None else str(who),
        dedupe_key=hashlib.sha256(repr(mark).encode()).hexdigest(),
    )


def _task_of(value: Mapping[str, Any]) -> str | None:
    for name in ("workPackage", "entity", "container"):
        found = link_id(value, name, "work_packages")
        if found is not None:
            return found
    return None
