"""Deliveries of webhooks, whatever the vendor."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from pm_providers.errors import ValidationError
from pm_providers.model import Entity

__all__ = ["WebhookHint", "delivered"]

_MAX_BYTES = 32 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class WebhookHint:
    """What a delivery is about.

    Attributes:
        action: the vendor's word (`work_package:updated`, `jira:issue_updated`).
        entity: kind of object.
        id: id of the object.
        task_id: task that the object belongs to, or is; `None` where the delivery does not tell.
        project_id: project that the object belongs to, or is; `None` where the delivery does not tell.
        actor_id: user who did it; `None` where the delivery does not tell.
        dedupe_key: the same for repeated deliveries.
        key: key of the task or project (`MARS-7`), where the delivery tells it.
        occurred_at: instant of the event by the system's clock, where the delivery tells it.
        changed: the vendor's names of the fields that an update changed, where the delivery tells them.
    """

    action: str
    entity: Entity
    id: str
    task_id: str | None
    project_id: str | None
    actor_id: str | None
    dedupe_key: str
    key: str | None = None
    occurred_at: datetime | None = None
    changed: tuple[str, ...] = ()


def delivered(body: bytes) -> Any:
    """The decoded body of a delivery, whatever its `Content-Type` says.

    Raises:
        ValidationError: the body is too large, or no JSON.
    """
    if len(body) > _MAX_BYTES:
        raise ValidationError(f"the webhook has more than {_MAX_BYTES} bytes")
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise ValidationError("the webhook is no JSON") from None
