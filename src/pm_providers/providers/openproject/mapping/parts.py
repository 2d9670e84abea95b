"""What stands around work packages: comments, relations, time entries, attachments, categories."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pm_providers.model import PMAttachment, PMComment, PMLabel, PMRelation, PMTimeEntry, RelationType
from pm_providers.providers.openproject.mapping.hal import (
    Resource,
    broken,
    day,
    duration,
    formattable,
    hours,
    identifier,
    instant,
    link,
    link_id,
    link_title,
    optional_number,
    optional_text,
    resource,
    to_href,
)

__all__ = [
    "comment_text",
    "from_time_entry",
    "lag_name",
    "lag_name_of_version",
    "relation_details",
    "relation_type_to_write",
    "relation_write",
    "to_attachment",
    "to_comment",
    "to_label",
    "to_relation",
    "to_time_entry",
]

_LAG_SINCE = 14
_FORWARD = {
    "relates": RelationType.RELATES,
    "blocks": RelationType.BLOCKS,
    "precedes": RelationType.PRECEDES,
    "duplicates": RelationType.DUPLICATES,
    "includes": RelationType.INCLUDES,
    "requires": RelationType.REQUIRES,
}
_REVERSED = {
    "blocked": RelationType.BLOCKS,
    "follows": RelationType.PRECEDES,
    "duplicated": RelationType.DUPLICATES,
    "partof": RelationType.INCLUDES,
    "required": RelationType.REQUIRES,
}
_REVERSE_OF = {meaning: word for word, meaning in _REVERSED.items()}


def comment_text(value: Any) -> str | None:
    """Text of an activity; `None` for one that only holds changes."""
    return formattable(resource(value, "activity"), "comment")


def to_comment(value: Any, *, base_url: str = "", keep_raw: bool = True) -> PMComment:
    """An activity with text as a comment.

    Edits of the task by the same user shortly before or after may be part of the same activity, and give it a
    new id (recorded 19-…: steps 5, 6).

    Raises:
        ProviderError: no activity, or a value of the wrong kind.
    """
    found = resource(value, "activity")
    task = link_id(found, "workPackage") or ""
    number = optional_number(found, "version")
    anchor = f"#activity-{number}" if number is not None else ""
    internal = found.get("internal")
    return PMComment(
        id=identifier(found, "activity"),
        task_id=task,
        body=formattable(found, "comment") or "",
        author_id=link_id(found, "user"),
        raw_data=dict(found) if keep_raw else None,
        author_name=link_title(found, "user"),
        is_internal=internal if isinstance(internal, bool) else None,
        created_at=instant(found.get("createdAt")),
        updated_at=instant(found.get("updatedAt")),
        url=f"{base_url}/work_packages/{task}/activity{anchor}",
    )


def to_relation(value: Any, *, keep_raw: bool = True) -> PMRelation:
    """A relation, read as "from TYPE to". The vendor stores `follows` where we say `precedes`: ends swapped.

    `lag` was named `delay` before 14.0.

    Raises:
        ProviderError: no relation, or one of an unknown type.
    """
    found = resource(value, "relation")
    word = str(found.get("type"))
    meaning, swapped = _FORWARD.get(word) or _REVERSED.get(word), word in _REVERSED
    ends = link_id(found, "from") or "", link_id(found, "to") or ""
    if meaning is None:
        raise broken("a relation of an unknown type")
    lag = optional_number(found, lag_name(found) or "lag")
    follows = meaning is RelationType.PRECEDES
    return PMRelation(
        id=identifier(found, "relation"),
        from_task_id=ends[1] if swapped else ends[0],
        to_task_id=ends[0] if swapped else ends[1],
        type=meaning.value,
        lag_days=int(lag) if lag is not None and follows else None,
        description=optional_text(found, "description"),
        raw_data=dict(found) if keep_raw else None,
    )


def lag_name(relation: Resource) -> str | None:
    """Name of the lag in a relation; `None` where it has none: before 14.0 only `follows` has one."""
    return next((name for name in ("lag", "delay") if name in relation), None)


def lag_name_of_version(version: str | None) -> str | None:
    """Name of the lag in a version of the system (`17.6.0`); `None` where that is not known."""
    major = (version or "").partition(".")[0]
    return None if not major.isdecimal() else "lag" if int(major) >= _LAG_SINCE else "delay"


def relation_write(fields: Mapping[str, Any], lag_names: Iterable[str]) -> tuple[str, dict[str, Any]]:
    """Work package to post to, and the body, in the direction in which the vendor stores the relation.

    `_links.from` is sent although the path names it: without it the server fails (recorded 16-…: step 17).
    """
    source, target, word = fields["from_task_id"], fields["to_task_id"], fields["type"]
    if word == RelationType.PRECEDES:
        source, target, word = target, source, "follows"
    links = {"from": to_href("work_packages", source), "to": to_href("work_packages", target)}
    body = {"type": word, **relation_details(fields, lag_names), "_links": links}
    return source, body


def relation_details(fields: Mapping[str, Any], lag_names: Iterable[str]) -> dict[str, Any]:
    """Lag, by each of the names given, and description."""
    body: dict[str, Any] = {}
    if "lag_days" in fields:
        body.update(dict.fromkeys(lag_names, fields["lag_days"]))
    if "description" in fields:
        body["description"] = fields["description"] or ""
    return body


def relation_type_to_write(stored: Resource, wanted: str) -> str:
    """Word that makes a stored relation one of type `wanted`, seen from the same side.

    A type is understood from the stored `from`; the server swaps the ends of a reversed one
    (recorded 16-…: step 38).
    """
    meaning = RelationType(wanted)
    swapped = stored.get("type") in _REVERSED
    return _REVERSE_OF.get(meaning, meaning.value) if swapped else meaning.value


def to_time_entry(value: Any, *, keep_raw: bool = True) -> PMTimeEntry:
    """A time entry. A running timer has no hours yet and reads as 0.

    Its work package is linked as `entity` from 17.0, as `workPackage` before; entries on a project or a
    meeting have none.

    Raises:
        ProviderError: no time entry, or a value of the wrong kind.
    """
    found = resource(value, "time entry")
    task = link_id(found, "entity", "work_packages") or link_id(found, "workPackage", "work_packages")
    return PMTimeEntry(
        id=identifier(found, "time entry"),
        task_id=task,
        hours=hours(found.get("hours")) or 0.0,
        spent_on=day(found.get("spentOn")),
        user_id=link_id(found, "user"),
        comment=formattable(found, "comment"),
        activity=link_title(found, "activity"),
        project_id=link_id(found, "project"),
        raw_data=dict(found) if keep_raw else None,
        created_at=instant(found.get("createdAt")),
        updated_at=instant(found.get("updatedAt")),
    )


def from_time_entry(fields: Mapping[str, Any], *, entity_link: str) -> dict[str, Any]:
    """Body that writes checked fields; `activity` holds the vendor's href here.

    Args:
        fields: model field -> value; `None` clears.
        entity_link: `entity` or `workPackage`.
    """
    body: dict[str, Any] = {}
    links: dict[str, Any] = {}
    if "hours" in fields:
        body["hours"] = duration(fields["hours"])
    if "spent_on" in fields:
        body["spentOn"] = fields["spent_on"].isoformat()
    if "comment" in fields:
        body["comment"] = {"raw": fields["comment"]}
    if "task_id" in fields:
        links[entity_link] = to_href("work_packages", fields["task_id"])
    if "user_id" in fields:
        links["user"] = to_href("users", fields["user_id"])
    if "activity" in fields:
        links["activity"] = {"href": fields["activity"]}
    return {**body, "_links": links} if links else body


def to_attachment(value: Any, *, base_url: str = "", keep_raw: bool = True) -> PMAttachment:
    """An attachment, without its content.

    Raises:
        ProviderError: no attachment, or a value of the wrong kind.
    """
    found = resource(value, "attachment")
    one = identifier(found, "attachment")
    size = optional_number(found, "fileSize")
    href = link(found, "downloadLocation").get("href")
    outside = isinstance(href, str) and href.startswith(("http://", "https://"))
    return PMAttachment(
        id=one,
        task_id=link_id(found, "container", "work_packages") or "",
        file_name=optional_text(found, "fileName") or "",
        content_type=optional_text(found, "contentType"),
        size_bytes=None if size is None else int(size),
        description=formattable(found, "description"),
        author_id=link_id(found, "author"),
        url=str(href) if outside else f"{base_url}/api/v3/attachments/{one}/content",
        raw_data=dict(found) if keep_raw else None,
        created_at=instant(found.get("createdAt")),
    )


def to_label(value: Any, *, keep_raw: bool = True) -> PMLabel:
    """A category of a project as a label.

    Raises:
        ProviderError: no category.
    """
    found = resource(value, "category")
    return PMLabel(
        id=identifier(found, "category"),
        name=optional_text(found, "name") or "",
        project_id=link_id(found, "project"),
        raw_data=dict(found) if keep_raw else None,
    )
