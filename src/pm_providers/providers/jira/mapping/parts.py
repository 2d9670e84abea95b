"""Comments, attachments and worklogs."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, time, tzinfo
from typing import Any

from pm_providers.errors import ValidationError
from pm_providers.model import PMAttachment, PMComment, PMTimeEntry
from pm_providers.providers.jira.mapping.adf_nodes import children, node_type
from pm_providers.providers.jira.mapping.moments import at, day_of
from pm_providers.providers.jira.mapping.values import document, hours, person_id, timestamp
from pm_providers.toolkit.documents import (
    Document,
    identifier,
    instant,
    optional_flag,
    optional_number,
    optional_text,
)

__all__ = [
    "INTERNAL",
    "from_worklog",
    "issue_in",
    "plain_text",
    "restriction",
    "to_attachment",
    "to_comment",
    "to_time_entry",
]

INTERNAL = {"key": "sd.public.comment", "value": {"internal": True}}
"""Property of a new comment that hides it from the customers of a service project."""

_SELF = re.compile(r"/issue/(\d{1,18})/(?:comment|worklog)/")
_NOON = time(12)
_MINUTE = 60
_BREAKS = {"hardBreak": "\n", "rule": "\n"}
_SHOWN = ("text", "shortName", "title", "url")


def issue_in(value: Document) -> str | None:
    """Id of the issue that the address of a comment or worklog names."""
    found = _SELF.search(optional_text(value, "self") or "")
    return found[1] if found else None


def to_comment(
    value: Any,
    task_id: str,
    *,
    text: Callable[[Any], str | None],
    base_url: str = "",
    keep_raw: bool = True,
) -> PMComment:
    """A comment. It is internal when it is hidden from customers, or shown to a group or role only.

    Raises:
        ProviderError: no comment, or a value of the wrong kind.
    """
    found = document(value, "comment")
    one, author = identifier(found, "comment"), found.get("author")
    return PMComment(
        id=one,
        task_id=task_id,
        body=text(found.get("body")) or "",
        author_id=person_id(author),
        raw_data=dict(found) if keep_raw else None,
        author_name=optional_text(author, "displayName") if isinstance(author, Mapping) else None,
        is_internal=optional_flag(found, "jsdPublic") is False or restriction(found) is not None,
        created_at=instant(found.get("created")),
        updated_at=instant(found.get("updated")),
        url=f"{base_url}/secure/ViewIssue.jspa?id={task_id}&focusedCommentId={one}",
    )


def restriction(value: Document) -> dict[str, Any] | None:
    """The group or role that may see a comment or worklog: as it was stored, to be sent along again."""
    found = value.get("visibility")
    return dict(found) if isinstance(found, Mapping) and found else None


def to_attachment(value: Any, task_id: str, *, keep_raw: bool = True) -> PMAttachment:
    """An attachment, without its content.

    Raises:
        ProviderError: no attachment, or a value of the wrong kind.
    """
    found = document(value, "attachment")
    size = optional_number(found, "size")
    return PMAttachment(
        id=identifier(found, "attachment"),
        task_id=task_id,
        file_name=optional_text(found, "filename") or "",
        content_type=optional_text(found, "mimeType"),
        size_bytes=None if size is None else int(size),
        author_id=person_id(found.get("author")),
        url=optional_text(found, "content"),
        raw_data=dict(found) if keep_raw else None,
        created_at=instant(found.get("created")),
    )


def to_time_entry(
    value: Any, *, task_id: str, project_id: str | None, zone: tzinfo, keep_raw: bool = True
) -> PMTimeEntry:
    """A worklog. Its comment is read as plain text, as a time entry has one line.

    Raises:
        ProviderError: no worklog, or a value of the wrong kind.
    """
    found = document(value, "worklog")
    return PMTimeEntry(
        id=identifier(found, "worklog"),
        task_id=task_id,
        hours=hours(found, "timeSpentSeconds") or 0.0,
        spent_on=day_of(found.get("started"), zone),
        user_id=person_id(found.get("author")),
        comment=plain_text(found.get("comment")),
        project_id=project_id,
        raw_data=dict(found) if keep_raw else None,
        created_at=instant(found.get("created")),
        updated_at=instant(found.get("updated")),
    )


def from_worklog(
    fields: Mapping[str, Any], zone: tzinfo, *, adf: bool, stored: Document | None = None
) -> dict[str, Any]:
    """Whole body of a worklog: whether a part that is missing stays is not documented.

    Args:
        fields: model field -> value; `None` clears.
        zone: of the caller, in which the day lies.
        adf: comments are documents.
        stored: the worklog that is changed; it keeps its hour of the day, and who may see it.

    Raises:
        ValidationError: hours that round to no minute.
    """
    before = stored or {}
    body: dict[str, Any] = {"timeSpentSeconds": before.get("timeSpentSeconds")}
    if "hours" in fields:
        body["timeSpentSeconds"] = round(fields["hours"] * _MINUTE) * _MINUTE
        if body["timeSpentSeconds"] <= 0:
            raise ValidationError(fields={"hours": "must be a minute at least: minutes are kept"})
    started = _started(fields.get("spent_on"), before, zone)
    if started is not None:
        body["started"] = started
    if "comment" in fields and fields["comment"] != plain_text(before.get("comment")):
        body["comment"] = _document(fields["comment"]) if adf else fields["comment"] or ""
    elif before.get("comment"):
        body["comment"] = before["comment"]
    hidden = restriction(before)
    return body | ({"visibility": hidden} if hidden else {})


def _started(day: date | None, stored: Document, zone: tzinfo) -> str | None:
    before = instant(stored.get("started"))
    if before is None:
        return timestamp(at(day, _NOON, zone)) if day else None
    if day is None or day == day_of(stored.get("started"), zone):
        return timestamp(before)
    return timestamp(at(day, before.astimezone(zone).time(), zone))


def _document(text: str | None) -> dict[str, Any]:
    """A document of one plain line."""
    content = [{"type": "paragraph", "content": [{"type": "text", "text": text}]}] if text else []
    return {"type": "doc", "version": 1, "content": content}


def plain_text(stored: Any) -> str | None:
    """All that a stored text says, without its form; `None` where it is empty."""
    if not isinstance(stored, Mapping):
        return stored.strip() or None if isinstance(stored, str) else None
    parts: list[str] = []
    rest: list[Mapping[str, Any]] = [stored]
    while rest:
        node = rest.pop()
        parts.append(_BREAKS.get(node_type(node)) or _shown(node))
        inner = children(node)
        if inner:
            parts.append("\n")
        rest.extend(reversed(inner))
    lines = (line.strip() for line in "".join(parts).split("\n"))
    return "\n".join(line for line in lines if line) or None


def _shown(node: Mapping[str, Any]) -> str:
    """Characters of one node: its text, or those of a mention, an emoji, a status, a card."""
    text = node.get("text")
    if isinstance(text, str):
        return text
    attrs = node.get("attrs")
    found = attrs if isinstance(attrs, Mapping) else {}
    return next((found[name] for name in _SHOWN if isinstance(found.get(name), str) and found[name]), "")
