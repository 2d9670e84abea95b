"""Comments, tags, relations, attachments and memberships of the API as records."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from pm_providers.errors import ValidationError
from pm_providers.model import PMAttachment, PMComment, PMLabel, PMMembership, PMRelation, RelationType
from pm_providers.providers.clickup.mapping.comment_parts import Part
from pm_providers.providers.clickup.mapping.comment_reading import markdown_of
from pm_providers.providers.clickup.mapping.people import ROLES, role_of, user_name
from pm_providers.providers.clickup.mapping.values import moment, optional_id, ref_id
from pm_providers.toolkit.documents import Document, broken, identifier, optional_number, optional_text

__all__ = [
    "comment_parts",
    "is_part_id",
    "new_tag",
    "relation_ends",
    "relation_id",
    "relations_of",
    "to_attachment",
    "to_comment",
    "to_label",
    "to_membership",
]

_NUMBER = re.compile(r"[0-9]{1,24}")
_COLOR = re.compile(r"#[0-9a-fA-F]{6}")
_RELATION = re.compile(r"(blocks|relates):([0-9A-Za-z]{1,40}):([0-9A-Za-z]{1,40})")
_PLAIN_TAG = "#87909e"
_MIDDLE = 150


def is_part_id(value: str) -> bool:
    """Whether a text may be the id of a comment or time entry, which has up to 19 digits (recorded).

    Others are not sent: several ids with commas between them would delete several entries ([spec]).
    """
    return _NUMBER.fullmatch(value) is not None


# comments


def comment_parts(document: Document) -> list[Part]:
    """Pieces of a comment; where none came, its text as one."""
    found = document.get("comment")
    if isinstance(found, list) and found:
        return [one for one in found if isinstance(one, dict)]
    text = optional_text(document, "comment_text")
    return [{"text": text}] if text else []


def to_comment(document: Document, task_id: str, *, keep_raw: bool = True) -> PMComment:
    """A comment or a reply to one.

    Raises:
        ProviderError: it has no id, or a broken date.
    """
    user = document.get("user")
    return PMComment(
        id=identifier(document, "comment"),
        task_id=task_id,
        body=markdown_of(comment_parts(document)),
        author_id=ref_id(document, "user"),
        author_name=user_name(user) if isinstance(user, Mapping) and optional_id(user.get("id")) else None,
        created_at=moment(document.get("date")),
        raw_data=dict(document) if keep_raw else None,
    )


# tags


def to_label(document: Document, project_id: str | None, *, keep_raw: bool = True) -> PMLabel:
    """A tag, whose name is its id.

    Raises:
        ProviderError: it has no name.
    """
    name = optional_text(document, "name")
    if name is None:
        raise broken("a tag without a name")
    color = document.get("tag_bg") or document.get("bg_color")
    return PMLabel(
        id=name,
        name=name,
        project_id=project_id,
        color=color if isinstance(color, str) and _COLOR.fullmatch(color) else None,
        raw_data=dict(document) if keep_raw else None,
    )


def new_tag(name: str, color: str | None) -> dict[str, str]:
    """A tag to be created; the document asks for both colours. The text is dark or light, to be read.

    Raises:
        ValidationError: the colour is none.
    """
    back = color or _PLAIN_TAG
    if not _COLOR.fullmatch(back):
        raise ValidationError(fields={"color": f"{back!r:.40} is no colour: '#rrggbb' is one"})
    light = sum(int(back[place : place + 2], 16) for place in (1, 3, 5)) / 3 > _MIDDLE
    return {"name": name, "tag_fg": "#000000" if light else "#ffffff", "tag_bg": back}


# relations


def relation_id(kind: str, start: str, end: str) -> str:
    """Id of a relation, the same from both ends: the vendor has none."""
    if kind == RelationType.RELATES:
        start, end = sorted((start, end))
    return f"{kind}:{start}:{end}"


def relation_ends(value: str) -> tuple[str, str, str] | None:
    """Type, first and second task of the id of a relation; `None` where it is none."""
    found = _RELATION.fullmatch(value)
    return None if found is None else (found[1], found[2], found[3])


def relations_of(task: Document, *, keep_raw: bool = True) -> list[PMRelation]:
    """Relations on the page of a task: who it waits for, who waits for it, and links; each once.

    A row of `dependencies` says that `task_id` waits for `depends_on` ([doc] Add Dependency).
    """
    rows = [
        *((RelationType.BLOCKS, "depends_on", "task_id", one) for one in _rows(task, "dependencies")),
        *((RelationType.RELATES, "task_id", "link_id", one) for one in _rows(task, "linked_tasks")),
    ]
    found: dict[str, PMRelation] = {}
    for kind, first, second, row in rows:
        start, end = optional_id(row.get(first)), optional_id(row.get(second))
        if start is None or end is None:
            raise broken("a relation without a task")
        one = relation_id(kind, start, end)
        _, start, end = one.split(":")
        raw = dict(row) if keep_raw else None
        found.setdefault(one, PMRelation(one, start, end, kind.value, raw_data=raw))
    return list(found.values())


def _rows(document: Document, name: str) -> list[Mapping[str, Any]]:
    found = document.get(name)
    if found is None:
        return []
    if not isinstance(found, list) or not all(isinstance(one, Mapping) for one in found):
        raise broken(f"no list of {name} in the answer")
    return found


# attachments


def to_attachment(document: Document, task_id: str, *, keep_raw: bool = True) -> PMAttachment:
    """A file, from a task or from the answer of an upload, which tells neither size nor type (recorded).

    Raises:
        ProviderError: it has no id, or a value of the wrong kind.
    """
    size = optional_number(document, "size")
    return PMAttachment(
        id=identifier(document, "attachment"),
        task_id=task_id,
        file_name=optional_text(document, "title") or "",
        content_type=optional_text(document, "mimetype"),
        size_bytes=None if size is None else int(size),
        author_id=ref_id(document, "user"),
        url=optional_text(document, "url"),
        created_at=moment(document.get("date")),
        raw_data=dict(document) if keep_raw else None,
    )


# members


def to_membership(document: Document, project_id: str, *, keep_raw: bool = True) -> PMMembership:
    """What a member of the Workspace is there, as a membership of one of its projects."""
    user = identifier(document, "user")
    role = role_of(document)
    return PMMembership(
        id=f"{project_id}:{user}",
        project_id=project_id,
        user_id=user,
        roles=_role_names(document, role),
        is_inherited=True,
        raw_data=dict(document) if keep_raw else None,
    )


def _role_names(document: Document, role: int | None) -> list[str]:
    """The role; one that the Workspace made up has a name of its own besides."""
    custom = document.get("custom_role")
    named = optional_text(custom, "name") if isinstance(custom, Mapping) else None
    names: Sequence[str | None] = (ROLES.get(role) if role is not None else None, named)
    return [one for one in names if one]
