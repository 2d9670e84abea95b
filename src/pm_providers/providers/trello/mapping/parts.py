"""Comments, labels, attachments and memberships. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote, urlsplit

from pm_providers.errors import ValidationError
from pm_providers.model import PMAttachment, PMComment, PMLabel, PMMembership
from pm_providers.providers.trello.mapping.values import created_at, is_id, read_text
from pm_providers.toolkit.colors import nearest_color
from pm_providers.toolkit.documents import broken, identifier, instant, optional_text

__all__ = [
    "COMMENT_TYPES",
    "LABEL_COLORS",
    "ROLES",
    "comment_task",
    "download_name",
    "from_label",
    "is_comment",
    "is_upload",
    "role_of",
    "to_attachment",
    "to_comment",
    "to_label",
    "to_membership",
]

COMMENT_TYPES = ("commentCard", "copyCommentCard")
"""Types of actions that are comments; the second came along with a card that was copied."""

ROLES = ("admin", "normal", "observer")
"""What members of a board can be, the strongest first ([spec] PUT /boards/{id}/members/{idMember})."""

LABEL_COLORS: Mapping[str, str] = {
    "green": "#4bce97", "yellow": "#f5cd47", "orange": "#fea362", "red": "#f87168", "purple": "#9f8fef",
    "blue": "#579dff", "sky": "#6cc3e0", "lime": "#94c748", "pink": "#e774bb", "black": "#8590a2",
    "green_light": "#baf3db", "yellow_light": "#f8e6a0", "orange_light": "#fedec8", "red_light": "#ffd5d2",
    "purple_light": "#dfd8fd", "blue_light": "#cce0ff", "sky_light": "#c6edfb", "lime_light": "#d3f1a7",
    "pink_light": "#fdd0ec", "black_light": "#dcdfe4",
    "green_dark": "#1f845a", "yellow_dark": "#946f00", "orange_dark": "#c25100", "red_dark": "#c9372c",
    "purple_dark": "#6e5dc6", "blue_dark": "#0c66e4", "sky_dark": "#227d9b", "lime_dark": "#5b7f24",
    "pink_dark": "#ae4787", "black_dark": "#626f86",
}  # fmt: skip
"""The vendor's thirty colours as its page shows them; the API tells names only."""

_NO_NAME = "(no name)"


# comments


def is_comment(action: Mapping[str, Any]) -> bool:
    """Whether an action is a comment."""
    return action.get("type") in COMMENT_TYPES


def comment_task(action: Mapping[str, Any]) -> str:
    """Id of the card that a comment stands on.

    Raises:
        ProviderError: the answer does not tell it.
    """
    card = _data(action).get("card")
    if not isinstance(card, Mapping):
        raise broken("a comment without its card")
    return identifier(card, "card")


def to_comment(action: Mapping[str, Any], *, keep_raw: bool = True) -> PMComment:
    """A comment, which is an action. The copy of one names its author apart from who copied the card.

    Raises:
        ProviderError: no action, or a value of the wrong kind.
    """
    one, data = identifier(action, "comment"), _data(action)
    original = optional_text(data, "idOriginalCommenter")
    creator = action.get("memberCreator")
    name = None
    if original is None and isinstance(creator, Mapping):
        name = optional_text(creator, "fullName") or optional_text(creator, "username")
    written = instant(action.get("date")) or created_at(one)
    return PMComment(
        id=one,
        task_id=comment_task(action),
        body=read_text(data.get("text")) or "",
        author_id=original or optional_text(action, "idMemberCreator"),
        raw_data=dict(action) if keep_raw else None,
        author_name=name,
        created_at=written,
        updated_at=instant(data.get("dateLastEdited")) or written,
    )


def _data(action: Mapping[str, Any]) -> Mapping[str, Any]:
    found = action.get("data")
    if not isinstance(found, Mapping):
        raise broken("an action without data")
    return found


# labels


def to_label(label: Mapping[str, Any], *, keep_raw: bool = True) -> PMLabel:
    """A label; one without a name goes by its colour, as people call it.

    Raises:
        ProviderError: no label.
    """
    color = optional_text(label, "color")
    name = (optional_text(label, "name") or "").strip()
    return PMLabel(
        id=identifier(label, "label"),
        name=name or color or _NO_NAME,
        project_id=optional_text(label, "idBoard"),
        color=LABEL_COLORS.get(color or ""),
        raw_data=dict(label) if keep_raw else None,
    )


def from_label(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Body that writes checked fields of a label; no colour is `null`.

    Raises:
        ValidationError: a colour that is none.
    """
    body: dict[str, Any] = {}
    if "name" in fields:
        body["name"] = fields["name"].strip()
    if "color" in fields:
        body["color"] = nearest_color(fields["color"], LABEL_COLORS) if fields["color"] else None
    return body


# attachments


def is_upload(attachment: Mapping[str, Any]) -> bool:
    """Whether the vendor holds the file; others are addresses ([recorded] `isUpload`)."""
    return attachment.get("isUpload") is True


def to_attachment(attachment: Mapping[str, Any], task: str, *, keep_raw: bool = True) -> PMAttachment:
    """A file, or an address elsewhere, which has neither size nor type.

    Args:
        attachment: as the vendor describes it.
        task: id of the card it stands on, which the description does not tell.
        keep_raw: fill `raw_data`.

    Raises:
        ProviderError: no attachment, or a value of the wrong kind.
    """
    one = identifier(attachment, "attachment")
    address = optional_text(attachment, "url")
    name = optional_text(attachment, "name") or optional_text(attachment, "fileName") or address
    return PMAttachment(
        id=one,
        task_id=task,
        file_name=name or one,
        content_type=optional_text(attachment, "mimeType"),
        size_bytes=_size(attachment.get("bytes")),
        author_id=optional_text(attachment, "idMember"),
        url=address,
        raw_data=dict(attachment) if keep_raw else None,
        created_at=instant(attachment.get("date")) or created_at(one),
    )


def _size(value: Any) -> int | None:
    """A number in answers, a text in the document ([spec] Attachment)."""
    if isinstance(value, str):
        return int(value) if value.isascii() and value.isdigit() else None
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def download_name(attachment: Mapping[str, Any]) -> str:
    """The last part of the address that serves a file: that of `url`, as it stands there.

    `fileName` is the same, encoded already ([recorded] attachments: `2_20Email%2C_20Slack.jpg`); old
    attachments have none.
    """
    tail = urlsplit(optional_text(attachment, "url") or "").path.rpartition("/")[2]
    stored = tail or optional_text(attachment, "fileName") or ""
    return quote(stored if stored not in {"", ".", ".."} else "file", safe="%")


# memberships


def to_membership(membership: Mapping[str, Any], project: str, *, keep_raw: bool = True) -> PMMembership:
    """A membership of a board, with its one role.

    Raises:
        ProviderError: it names no member or no role.
    """
    member, role = optional_text(membership, "idMember"), optional_text(membership, "memberType")
    if member is None or not is_id(member) or role is None:
        raise broken("a membership without member or role")
    return PMMembership(
        id=identifier(membership, "membership"),
        project_id=project,
        user_id=member,
        roles=[role],
        raw_data=dict(membership) if keep_raw else None,
    )


def role_of(names: Iterable[str]) -> tuple[str, list[str]]:
    """Role to write, and all roles that were asked for, in small letters. Of several the strongest holds.

    Raises:
        ValidationError: one that does not exist; says which there are.
    """
    meant: list[str] = []
    for asked in names:
        role = asked.strip().casefold()
        if role not in ROLES:
            known = ", ".join(ROLES)
            raise ValidationError(fields={"roles": f"{asked!r:.60} is unknown; there is: {known}"})
        meant.append(role)
    return min(meant, key=ROLES.index), list(dict.fromkeys(meant))
