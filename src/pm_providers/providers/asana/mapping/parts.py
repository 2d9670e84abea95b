"""What stands around tasks: comments, tags, dependencies, attachments. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from mimetypes import MimeTypes
from typing import Any
from urllib.parse import quote
from xml.sax.saxutils import escape

from pm_providers.errors import ValidationError
from pm_providers.model import PMAttachment, PMComment, PMLabel, PMRelation, RelationType
from pm_providers.providers.asana.mapping.html import html_to_markdown, markdown_to_html
from pm_providers.providers.asana.mapping.values import document, gid, is_gid, listed, ref_gid, ref_name
from pm_providers.toolkit.colors import nearest_color
from pm_providers.toolkit.documents import Document, broken, instant, optional_number, optional_text

__all__ = [
    "ATTACHMENT_FIELDS",
    "LINK_FIELDS",
    "STORY_FIELDS",
    "TAG_COLORS",
    "TAG_FIELDS",
    "comment_text",
    "from_label",
    "is_comment",
    "is_of_task",
    "relation_ends",
    "relation_id",
    "relations_of",
    "sent_name",
    "story_html",
    "to_attachment",
    "to_comment",
    "to_label",
]

STORY_FIELDS = (
    "type",
    "resource_subtype",
    "html_text",
    "text",
    "created_at",
    "created_by.name",
    "target",
    "is_edited",
    "is_editable",
    "is_pinned",
    "sticker_name",
)
"""`opt_fields` of comments: `html_text` comes only when it is asked for ([spec] StoryBase)."""

TAG_FIELDS = ("name", "color", "notes", "workspace")
"""`opt_fields` of tags."""

LINK_FIELDS = ("dependencies", "dependents")
"""`opt_fields` of a task that hold its dependencies, by gid; at most 30 of both together ([spec])."""

ATTACHMENT_FIELDS = (
    "name",
    "resource_subtype",
    "host",
    "created_at",
    "permanent_url",
    "view_url",
    "size",
    "parent",
)
"""`opt_fields` of attachments. `download_url` is none of them: it is good for two minutes."""

TAG_COLORS: Mapping[str, str] = {
    "dark-pink": "#ea4e9d",
    "dark-green": "#62d26f",
    "dark-blue": "#4186e0",
    "dark-red": "#e8384f",
    "dark-teal": "#20aaea",
    "dark-brown": "#a46b43",
    "dark-orange": "#fd612c",
    "dark-purple": "#7a6ff0",
    "dark-warm-gray": "#666666",
    "light-pink": "#e362e3",
    "light-green": "#a4cf30",
    "light-blue": "#9ec5f7",
    "light-red": "#fc91ad",
    "light-teal": "#37c5ab",
    "light-brown": "#eec300",
    "light-orange": "#fd9a00",
    "light-purple": "#aa62e3",
    "light-warm-gray": "#8da3a6",
}
"""Names of colours ([spec] TagBase) and how they look. The API tells names only: looks are approximate."""

_COMMENT = "comment_added"
_HOSTED = "asana"
_NO_COLORS = (None, "none")
_TYPES = MimeTypes(filenames=())
_TAG = re.compile(r"<[^<>]*>")
_MEANING = re.compile(r"<(?:img|hr|a)\b")


# comments


def is_comment(story: Document) -> bool:
    """Whether a story is a comment; the others are the task's history."""
    return story.get("type") == "comment" or story.get("resource_subtype") == _COMMENT


def story_html(story: Document) -> str:
    """Rich text of a comment; its plain text, where the vendor tells no other."""
    found = optional_text(story, "html_text")
    return found if found is not None else f"<body>{escape(optional_text(story, 'text') or '')}</body>"


def to_comment(value: Any, task_id: str | None = None, *, keep_raw: bool = True) -> PMComment:
    """A story that is a comment. A sticker is no text: `raw_data` has it.

    Args:
        value: the story.
        task_id: the task it stands on; by default its target.
        keep_raw: fill `raw_data`.

    Raises:
        ProviderError: no story.
    """
    found = document(value, "comment")
    task = ref_gid(found, "target") or task_id
    if task is None:
        raise broken("a comment without its task")
    return PMComment(
        id=gid(found, "comment"),
        task_id=task,
        body=html_to_markdown(story_html(found)),
        author_id=ref_gid(found, "created_by"),
        author_name=ref_name(found, "created_by"),
        created_at=instant(found.get("created_at")),
        raw_data=dict(found) if keep_raw else None,
    )


def comment_text(body: str, base: str | None = None) -> str:
    """Rich text of a comment to store.

    Args:
        body: Markdown.
        base: the text that stands there now.

    Raises:
        ValidationError: it says nothing: Asana has no comments without text.
    """
    html = markdown_to_html(body, base=base, comment=True)
    if not _MEANING.search(html) and not _TAG.sub("", html).strip():
        raise ValidationError(fields={"body": "says nothing: a comment needs text"})
    return html


# labels


def to_label(value: Any, *, keep_raw: bool = True) -> PMLabel:
    """A tag. Tags have no colour as `none` (recorded tag) or null.

    Raises:
        ProviderError: no tag.
    """
    found = document(value, "tag")
    color = found.get("color")
    return PMLabel(
        id=gid(found, "tag"),
        name=optional_text(found, "name") or "",
        color=None if color in _NO_COLORS else TAG_COLORS.get(str(color)),
        raw_data=dict(found) if keep_raw else None,
    )


def from_label(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Body of a tag.

    Raises:
        ValidationError: a colour that is none.
    """
    body: dict[str, Any] = {"name": fields["name"].strip()} if "name" in fields else {}
    if "color" in fields:
        color = fields["color"]
        body["color"] = nearest_color(color, TAG_COLORS) if color else None
    return body


# dependencies


def relation_id(first: str, second: str) -> str:
    """Id of a dependency, which has none of its own: the task that blocks, and the one that waits."""
    return f"{first}:{second}"


def relation_ends(relation: str) -> tuple[str, str] | None:
    """The task that blocks and the one that waits; `None` for what is no id of a dependency."""
    first, colon, second = relation.partition(":")
    return (first, second) if colon and is_gid(first) and is_gid(second) else None


def relations_of(task: Any, *, keep_raw: bool = True) -> list[PMRelation]:
    """Dependencies of a task, what it waits for first.

    Args:
        task: with `LINK_FIELDS`.
        keep_raw: fill `raw_data`.
    """
    found = document(task, "task")
    own = gid(found, "task")
    before = [(gid(one, "task"), own, one) for one in listed(found, "dependencies")]
    after = [(own, gid(one, "task"), one) for one in listed(found, "dependents")]
    return [
        PMRelation(
            id=relation_id(first, second),
            from_task_id=first,
            to_task_id=second,
            type=RelationType.BLOCKS.value,
            raw_data=dict(one) if keep_raw else None,
        )
        for first, second, one in (*before, *after)
    ]


# attachments


def is_of_task(attachment: Document) -> bool:
    """Whether an attachment stands on a task: projects have some, too ([spec] GET /attachments)."""
    parent = attachment.get("parent")
    return isinstance(parent, Mapping) and parent.get("resource_type") in {"task", None}


def to_attachment(value: Any, task_id: str | None = None, *, keep_raw: bool = True) -> PMAttachment:
    """An attachment: a file, or a link to another service, which has no size.

    Args:
        value: the attachment.
        task_id: the task it stands on; by default its parent.
        keep_raw: fill `raw_data`.

    Raises:
        ProviderError: no attachment.
    """
    found = document(value, "attachment")
    name = optional_text(found, "name") or ""
    size = optional_number(found, "size")
    hosted = _host(found) == _HOSTED
    addresses = ("permanent_url",) if hosted else ("view_url", "permanent_url")
    task = ref_gid(found, "parent") or task_id
    if task is None:
        raise broken("an attachment without its task")
    return PMAttachment(
        id=gid(found, "attachment"),
        task_id=task,
        file_name=name,
        content_type=_TYPES.guess_type(name)[0] if hosted else None,
        size_bytes=None if size is None else int(size),
        url=next((url for url in (optional_text(found, one) for one in addresses) if url), None),
        created_at=instant(found.get("created_at")),
        raw_data=_without_signed(found, hosted=hosted) if keep_raw else None,
    )


def _without_signed(attachment: Document, *, hosted: bool) -> dict[str, Any]:
    """The attachment without addresses that let anybody read a file that Asana holds, for minutes."""
    signed = {"download_url", "view_url"} if hosted else {"download_url"}
    return {name: value for name, value in attachment.items() if name not in signed}


def _host(attachment: Document) -> str | None:
    return optional_text(attachment, "resource_subtype") or optional_text(attachment, "host")


def sent_name(file_name: str) -> str:
    """A file name as it is sent: with others than ASCII characters, as in an address ([spec] POST)."""
    return file_name if file_name.isascii() else quote(file_name, safe="")
