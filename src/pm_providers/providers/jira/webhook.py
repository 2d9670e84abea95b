"""Deliveries of webhooks: is it really from the site, and what is it about.

A delivery is a hint, not the truth: texts in it are wiki markup on Cloud as well, it may come twice and out
of order, and a deleted project sends none for its issues. Refetch what it names.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from pm_providers.errors import AuthenticationError, ValidationError
from pm_providers.model import Entity
from pm_providers.providers.jira.mapping.parts import issue_in
from pm_providers.providers.jira.mapping.values import fields_of, person_id
from pm_providers.toolkit.webhooks import WebhookHint, delivered

__all__ = [
    "IDENTIFIER_HEADER",
    "SIGNATURE_HEADER",
    "WebhookHint",
    "parse_webhook",
    "verify_webhook",
    "verify_webhook_token",
]

SIGNATURE_HEADER = "X-Hub-Signature"
"""Header with `sha256=` and the HMAC of the raw body; sent only when the webhook has a secret."""

IDENTIFIER_HEADER = "X-Atlassian-Webhook-Identifier"
"""Header of Cloud that is the same for repeated deliveries."""

_METHODS = {"sha256": hashlib.sha256}
_LEEWAY_S = 60
_JWT = re.compile(r"[A-Za-z0-9_-]{1,2000}\.[A-Za-z0-9_-]{1,8000}\.[A-Za-z0-9_-]{1,200}")
_ID = re.compile(r"[A-Za-z0-9:_.@+-]{1,255}")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ENTITIES: Mapping[str, tuple[Entity, str]] = {
    "jira:issue": (Entity.TASK, "issue"),
    "comment": (Entity.COMMENT, "comment"),
    "worklog": (Entity.TIME_ENTRY, "worklog"),
    "jira:worklog": (Entity.TASK, "issue"),
    "attachment": (Entity.ATTACHMENT, "attachment"),
    "issuelink": (Entity.RELATION, "issueLink"),
    "sprint": (Entity.SPRINT, "sprint"),
    "project": (Entity.PROJECT, "project"),
    "user": (Entity.USER, "user"),
}
"""Begin of an event -> kind of object, and where the delivery holds it."""


def verify_webhook(body: bytes, signature: str | None, secret: str) -> None:
    """Check a signature over the raw body, in constant time. Times are not signed: replays pass.

    Args:
        body: exactly the bytes that came.
        signature: value of `SIGNATURE_HEADER` (`sha256=...`); `None` where it is missing.
        secret: secret of the webhook.

    Raises:
        AuthenticationError: no signature, one by a method that is not known, or a wrong one.
    """
    if not secret:
        raise AuthenticationError("a webhook without a secret cannot be verified")
    name, _, given = (signature or "").strip().partition("=")
    method = _METHODS.get(name.lower())
    if method is None:
        raise AuthenticationError("the signature of the webhook is missing or wrong")
    digest = hmac.new(secret.encode(), body, method).hexdigest()
    if not hmac.compare_digest(digest.encode(), given.strip().lower().encode("utf-8", "replace")):
        raise AuthenticationError("the signature of the webhook is missing or wrong")


def verify_webhook_token(authorization: str | None, client_secret: str, *, now: datetime) -> None:
    """Check the token of a dynamic webhook of an OAuth 2.0 app: JWT, HS256 by the client secret.

    The token does not sign the body; it says who sends.

    Args:
        authorization: value of the `Authorization` header (`Bearer ...` or `JWT ...`).
        client_secret: of the app.
        now: the clock, for the token's age.

    Raises:
        AuthenticationError: no token, a wrong one, one by another method, or an expired one.
    """
    token = (authorization or "").strip().rpartition(" ")[2]
    if not client_secret or not _JWT.fullmatch(token):
        raise _refused_token()
    signed, _, given = token.rpartition(".")
    digest = hmac.new(client_secret.encode(), signed.encode(), hashlib.sha256).digest()
    wanted = base64.urlsafe_b64encode(digest).rstrip(b"=")
    if not hmac.compare_digest(wanted, given.rstrip("=").encode()):
        raise _refused_token()
    header, _, claims = signed.partition(".")
    expires = _decoded(claims).get("exp")
    if _decoded(header).get("alg") != "HS256" or isinstance(expires, bool):
        raise _refused_token()
    if not isinstance(expires, int | float) or expires + _LEEWAY_S < now.timestamp():
        raise AuthenticationError("the token of the webhook is expired")


def _decoded(part: str) -> Mapping[str, Any]:
    try:
        found = msgspec.json.decode(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ValueError):
        raise _refused_token() from None
    return found if isinstance(found, Mapping) else {}


def _refused_token() -> AuthenticationError:
    return AuthenticationError("the token of the webhook is missing or wrong")


def parse_webhook(body: bytes, identifier: str | None = None) -> WebhookHint | None:
    """What a verified delivery is about; `None` for a kind that is not ours (boards, versions, properties).

    Args:
        body: the bytes that came.
        identifier: value of `IDENTIFIER_HEADER`, where there is one.

    Raises:
        ValidationError: the body is too large, no JSON, names no event, or has no object of the kind that it
            announces.
    """
    found = delivered(body)
    action = found.get("webhookEvent") if isinstance(found, Mapping) else None
    if not isinstance(action, str) or not action:
        raise ValidationError("the webhook names no event")
    known = _ENTITIES.get(action.rpartition("_")[0])
    if known is None and action.startswith("project_"):
        known = _ENTITIES["project"]  # project_soft_deleted, project_restored_deleted
    return None if known is None else _hint(action, known, found, identifier)


def _hint(
    action: str, known: tuple[Entity, str], found: Mapping[str, Any], identifier: str | None
) -> WebhookHint:
    entity, name = known
    value = found.get(name)
    one = _text_of(person_id(value) if entity is Entity.USER else _id_of(value))
    if one is None or not isinstance(value, Mapping):
        raise ValidationError("the webhook holds no object of the kind that it announces")
    issue = found.get("issue")
    issue = issue if isinstance(issue, Mapping) else {}
    key = (value if entity is Entity.PROJECT else issue).get("key")
    return WebhookHint(
        action=action,
        entity=entity,
        id=one,
        task_id=one if entity is Entity.TASK else _task_of(value, issue),
        project_id=one if entity is Entity.PROJECT else _text_of(_id_of(fields_of(issue).get("project"))),
        actor_id=_actor(found, entity),
        dedupe_key=_dedupe_key(action, one, found, identifier),
        key=key if isinstance(key, str) else None,
        occurred_at=_moment(found.get("timestamp")),
        changed=_changed(found.get("changelog")),
    )


def _id_of(value: Any) -> Any:
    return value.get("id") if isinstance(value, Mapping) else None


def _text_of(value: Any) -> str | None:
    """An id as text; `None` for what can be none."""
    text = str(value) if isinstance(value, int | str) and not isinstance(value, bool) else ""
    return text if _ID.fullmatch(text) else None


def _task_of(value: Mapping[str, Any], issue: Mapping[str, Any]) -> str | None:
    """Task of a part: of the issue that came along, or as the part names it."""
    candidates = (issue.get("id"), value.get("issueId"), value.get("sourceIssueId"), issue_in(value))
    return next((one for one in map(_text_of, candidates) if one is not None), None)


def _actor(found: Mapping[str, Any], entity: Entity) -> str | None:
    """Who did it: of a comment or worklog its last author, where nobody is named. Users name the subject.

    Who deletes a part need not be its author, and Cloud names nobody (recorded webhook_comment_deleted).
    """
    if entity is Entity.USER:
        return None
    named = person_id(found.get("user"))
    if str(found.get("webhookEvent")).endswith("_deleted"):
        return named
    for part in ("comment", "worklog", "attachment"):
        if named is None and isinstance(found.get(part), Mapping):
            named = person_id(found[part].get("updateAuthor")) or person_id(found[part].get("author"))
    return named


def _dedupe_key(action: str, one: str, found: Mapping[str, Any], identifier: str | None) -> str:
    if identifier:
        return identifier
    mark = (
        action,
        one,
        found.get("timestamp"),
        _id_of(found.get("changelog")),
        _id_of(found.get("comment")),
    )
    return hashlib.sha256(repr(mark).encode()).hexdigest()


def _moment(value: Any) -> datetime | None:
    """Epoch milliseconds; `None` for what is no time."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return _EPOCH + timedelta(milliseconds=value)
    except (OverflowError, ValueError):
        return None


def _changed(log: Any) -> tuple[str, ...]:
    items = log.get("items") if isinstance(log, Mapping) else None
    told = items if isinstance(items, list) else ()
    found = [one.get("fieldId") or one.get("field") for one in told if isinstance(one, Mapping)]
    return tuple(dict.fromkeys(one for one in found if isinstance(one, str)))
