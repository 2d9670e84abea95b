"""What stands around issues: notes, relations, attachments, time entries, memberships."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pm_providers.model import PMAttachment, PMComment, PMMembership, PMRelation, PMTimeEntry, RelationType
from pm_providers.providers.redmine.mapping.values import Text, document, ref_id, ref_name
from pm_providers.toolkit.documents import (
    Document,
    broken,
    day,
    identifier,
    instant,
    optional_flag,
    optional_number,
    optional_text,
)

__all__ = [
    "HOURS_DIGITS",
    "RELATION_TYPES",
    "from_time_entry",
    "is_partly_inherited",
    "note_text",
    "relation_body",
    "to_attachment",
    "to_comment",
    "to_membership",
    "to_relation",
    "to_time_entry",
]

HOURS_DIGITS = 2
"""Digits of hours that are told; more are kept unseen and summed ([code] app/models/time_entry.rb)."""

RELATION_TYPES: tuple[str, ...] = (
    RelationType.RELATES.value,
    RelationType.BLOCKS.value,
    RelationType.PRECEDES.value,
    RelationType.DUPLICATES.value,
)
"""Relations that the system has, by our names, which are its own."""

_FORWARD = {one: RelationType(one) for one in RELATION_TYPES} | {"copied_to": RelationType.RELATES}
_REVERSED = {
    "blocked": RelationType.BLOCKS,
    "follows": RelationType.PRECEDES,
    "duplicated": RelationType.DUPLICATES,
    "copied_from": RelationType.RELATES,
}
_PRINCIPALS = ("user", "group", "group_non_member", "group_anonymous")


def note_text(journal: Document) -> str:
    """Text of a journal entry as it is stored; `""` for one that only holds changes."""
    return optional_text(journal, "notes") or ""


def to_comment(
    value: Any, task_id: str, *, text: Text, base_url: str = "", keep_raw: bool = True
) -> PMComment:
    """A journal entry with notes as a comment; `updated_on` is told from 5.1 on.

    Args:
        value: the journal entry, which does not name its issue.
        task_id: the issue.
        text: stored text -> Markdown.
        base_url: address of the installation, for links for people.
        keep_raw: fill `raw_data`.

    Raises:
        ProviderError: no journal entry, or a value of the wrong kind.
    """
    found = document(value, "journal")
    one = identifier(found, "journal")
    return PMComment(
        id=one,
        task_id=task_id,
        body=text(note_text(found)) or "",
        author_id=ref_id(found, "user"),
        raw_data=dict(found) if keep_raw else None,
        author_name=ref_name(found, "user"),
        is_internal=optional_flag(found, "private_notes"),
        created_at=instant(found.get("created_on")),
        updated_at=instant(found.get("updated_on")),
        url=f"{base_url}/issues/{task_id}#change-{one}",
    )


def to_relation(value: Any, *, keep_raw: bool = True) -> PMRelation:
    """A relation, read as "from TYPE to".

    The vendor stores one direction of each (recorded 09-…: steps 3, 4). A copy (`copied_to`) reads as
    `relates`; the raw record tells.

    Raises:
        ProviderError: no relation, or one of an unknown type.
    """
    found = document(value, "relation")
    word = str(found.get("relation_type"))
    meaning, swapped = _FORWARD.get(word) or _REVERSED.get(word), word in _REVERSED
    ends = [found.get(name) for name in ("issue_id", "issue_to_id")]
    if meaning is None or not all(isinstance(one, int | str) for one in ends):
        raise broken("a relation of an unknown type, or without two ends")
    source, target = (str(one) for one in (reversed(ends) if swapped else ends))
    delay = optional_number(found, "delay")
    return PMRelation(
        id=identifier(found, "relation"),
        from_task_id=source,
        to_task_id=target,
        type=meaning.value,
        lag_days=int(delay) if delay is not None and meaning is RelationType.PRECEDES else None,
        raw_data=dict(found) if keep_raw else None,
    )


def relation_body(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Body that creates a relation, posted to its `from` end."""
    body: dict[str, Any] = {"issue_to_id": int(fields["to_task_id"]), "relation_type": fields["type"]}
    if fields.get("lag_days") is not None:
        body["delay"] = fields["lag_days"]
    return {"relation": body}


def to_attachment(value: Any, task_id: str, *, base_url: str = "", keep_raw: bool = True) -> PMAttachment:
    """An attachment, without its content.

    Its address is made from the id: `content_url` follows the host name of the administration, whichever
    that is.

    Args:
        value: the attachment, which does not name its issue.
        task_id: the issue.
        base_url: address of the installation.
        keep_raw: fill `raw_data`.

    Raises:
        ProviderError: no attachment, or a value of the wrong kind.
    """
    found = document(value, "attachment")
    one = identifier(found, "attachment")
    size = optional_number(found, "filesize")
    return PMAttachment(
        id=one,
        task_id=task_id,
        file_name=optional_text(found, "filename") or "",
        content_type=optional_text(found, "content_type"),
        size_bytes=None if size is None else int(size),
        description=optional_text(found, "description"),
        author_id=ref_id(found, "author"),
        url=f"{base_url}/attachments/download/{one}",
        raw_data=dict(found) if keep_raw else None,
        created_at=instant(found.get("created_on")),
    )


def to_time_entry(value: Any, *, keep_raw: bool = True) -> PMTimeEntry:
    """A time entry; one on a project has no task.

    Raises:
        ProviderError: no time entry, or a value of the wrong kind.
    """
    found = document(value, "time entry")
    return PMTimeEntry(
        id=identifier(found, "time entry"),
        task_id=ref_id(found, "issue"),
        hours=float(optional_number(found, "hours") or 0.0),
        spent_on=day(found.get("spent_on")),
        user_id=ref_id(found, "user"),
        comment=optional_text(found, "comments"),
        activity=ref_name(found, "activity"),
        project_id=ref_id(found, "project"),
        raw_data=dict(found) if keep_raw else None,
        created_at=instant(found.get("created_on")),
        updated_at=instant(found.get("updated_on")),
    )


def from_time_entry(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Body that writes checked fields; `activity` holds the vendor's id here, `None` clears."""
    body: dict[str, Any] = {}
    if "hours" in fields:
        body["hours"] = round(fields["hours"], HOURS_DIGITS)
    if "spent_on" in fields:
        body["spent_on"] = fields["spent_on"].isoformat()
    if "comment" in fields:
        body["comments"] = fields["comment"] or ""
    for ours, theirs in (("task_id", "issue_id"), ("user_id", "user_id"), ("activity", "activity_id")):
        if fields.get(ours) is not None:
            body[theirs] = int(fields[ours])
    return {"time_entry": body}


def to_membership(value: Any, *, keep_raw: bool = True) -> PMMembership:
    """A membership of a user or of a group (recorded 03-…: steps 3, 15).

    A role that is its own and comes from elsewhere too is told twice.

    Raises:
        ProviderError: no membership, or one of nobody or nowhere.
    """
    found = document(value, "membership")
    project = ref_id(found, "project")
    member = next((one for one in (ref_id(found, name) for name in _PRINCIPALS) if one), None)
    if project is None or member is None:
        raise broken("a membership of nobody or nowhere")
    roles = list(_roles(found))
    return PMMembership(
        id=identifier(found, "membership"),
        project_id=project,
        user_id=member,
        roles=list(dict.fromkeys(optional_text(one, "name") or "" for one in roles)),
        raw_data=dict(found) if keep_raw else None,
        is_inherited=bool(roles) and all(one.get("inherited") is True for one in roles),
    )


def is_partly_inherited(value: Document) -> bool:
    """Whether any role of a membership comes from a group or a parent project: it cannot be deleted then."""
    return any(one.get("inherited") is True for one in _roles(value))


def _roles(value: Document) -> Iterable[Document]:
    found = value.get("roles")
    if not isinstance(found, list) or not all(isinstance(one, Mapping) for one in found):
        raise broken("a membership without a list of roles")
    return found
