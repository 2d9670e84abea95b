"""What the Trello sandbox stores. Moments are texts as the API shows them, which also sort by time."""

from __future__ import annotations

from typing import Any

import msgspec

__all__ = [
    "Action",
    "App",
    "Attachment",
    "Board",
    "Card",
    "CheckItem",
    "Checklist",
    "CustomField",
    "FieldItem",
    "FieldOption",
    "Label",
    "Member",
    "Membership",
    "Organization",
    "Record",
    "Star",
    "TList",
    "Token",
    "Webhook",
]


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """A row of a table."""

    id: str


class App(Record, frozen=True):
    """A Power-Up with its API key; `id` is what actions name in `appCreator`."""

    key: str
    secret: str
    name: str


class Member(Record, frozen=True):
    """A person.

    Attributes:
        deleted: the account is gone; memberships are kept as deactivated.
    """

    username: str
    full_name: str
    email: str = ""
    initials: str = ""
    bio: str = ""
    confirmed: bool = True
    deleted: bool = False


class Membership(msgspec.Struct, frozen=True, kw_only=True):
    """A person in a board or workspace; `type` is admin, normal or observer."""

    id: str
    member_id: str
    type: str = "normal"
    deactivated: bool = False
    unconfirmed: bool = False


class Organization(Record, frozen=True):
    """A workspace; `plan` is free, standard or premium."""

    name: str
    display_name: str
    desc: str = ""
    website: str | None = None
    plan: str = "free"
    creator: str = ""
    last_activity: str = ""
    permission: str = "private"
    memberships: tuple[Membership, ...] = ()


class Board(Record, frozen=True):
    """A board.

    Attributes:
        prefs: what differs from the defaults.
        next_short: number of the next card.
        plugins: ids of the Power-Ups that are on, each with the id of its being on.
    """

    name: str
    short_link: str
    creator: str
    last_activity: str
    desc: str = ""
    closed: bool = False
    date_closed: str | None = None
    org_id: str | None = None
    source_id: str | None = None
    last_view: str | None = None
    next_short: int = 1
    memberships: tuple[Membership, ...] = ()
    subscribed_by: tuple[str, ...] = ()
    prefs: dict[str, Any] = {}
    my_prefs: dict[str, Any] = {}
    plugins: dict[str, str] = {}


class TList(Record, frozen=True):
    """A list of cards."""

    board_id: str
    name: str
    pos: float
    closed: bool = False
    color: str | None = None
    soft_limit: int | None = None
    subscribed_by: tuple[str, ...] = ()


class Label(Record, frozen=True):
    """A label of a board; the name may be empty, the colour None."""

    board_id: str
    name: str
    color: str | None


class FieldItem(msgspec.Struct, frozen=True, kw_only=True):
    """Value of a custom field on a card: `value` holds texts only; lists have `option_id` instead."""

    id: str
    field_id: str
    value: dict[str, str] | None = None
    option_id: str | None = None


class Card(Record, frozen=True):
    """A card, with the numbers that its badges show.

    Attributes:
        role: separator, board, mirror, link or None.
        check_due: earliest due moment of its open check items.
        links: attached addresses of boards and of cards.
        items: values of custom fields.
    """

    board_id: str
    list_id: str
    name: str
    short_link: str
    id_short: int
    pos: float
    last_activity: str
    creator: str
    desc: str = ""
    closed: bool = False
    date_closed: str | None = None
    due: str | None = None
    start: str | None = None
    due_complete: bool = False
    date_completed: str | None = None
    due_reminder: int | None = None
    member_ids: tuple[str, ...] = ()
    label_ids: tuple[str, ...] = ()
    voted_ids: tuple[str, ...] = ()
    subscribed_by: tuple[str, ...] = ()
    checklist_ids: tuple[str, ...] = ()
    items: tuple[FieldItem, ...] = ()
    comments: int = 0
    attachments: int = 0
    check_items: int = 0
    check_done: int = 0
    check_due: str | None = None
    links: tuple[int, int] = (0, 0)
    cover_attachment: str | None = None
    manual_cover: bool = False
    cover: dict[str, Any] = {}
    role: str | None = None
    template: bool = False
    mirror_source: str | None = None
    address: str | None = None
    location: str | None = None
    coordinates: str | None = None


class Checklist(Record, frozen=True):
    """A checklist of a card."""

    board_id: str
    card_id: str
    name: str
    pos: float


class CheckItem(Record, frozen=True):
    """An item of a checklist; due and member need a paid plan."""

    checklist_id: str
    card_id: str
    name: str
    pos: float
    done: bool = False
    due: str | None = None
    due_reminder: int | None = None
    member_id: str | None = None


class Action(Record, frozen=True):
    """Something that happened.

    Attributes:
        data: as shown, but for comments, whose texts are shown as they are now.
        hidden: webhooks tell of it, lists do not.
        subject: id of the member that it is about.
    """

    type: str
    date: str
    creator: str
    data: dict[str, Any]
    app_id: str | None = None
    org_id: str | None = None
    board_id: str | None = None
    list_id: str | None = None
    card_id: str | None = None
    subject: str | None = None
    hidden: bool = False
    reactions: tuple[tuple[str, str, str], ...] = ()


class Attachment(Record, frozen=True):
    """A file or an address on a card."""

    card_id: str
    name: str
    url: str
    date: str
    member_id: str
    pos: float
    mime: str | None = None
    upload: bool = False
    file_name: str = ""
    content: bytes = b""


class CustomField(Record, frozen=True):
    """A custom field of a board; `type` is text, number, date, checkbox or list."""

    board_id: str
    name: str
    type: str
    pos: float
    front: bool = True
    group: str = ""


class FieldOption(Record, frozen=True):
    """An option of a list field."""

    field_id: str
    text: str
    pos: float
    color: str = "none"


class Token(Record, frozen=True):
    """A credential; `secret` is what callers send.

    Attributes:
        scopes: read, write and account of classic tokens; `read:board:trello` and so on of OAuth 2.0 ones.
        orgs: workspaces that the token is limited to; None for no limit.
    """

    secret: str
    member_id: str
    app_key: str
    identifier: str
    created: str
    expires: str | None = None
    scopes: tuple[str, ...] = ("read", "write", "account")
    oauth2: bool = False
    orgs: tuple[str, ...] | None = None


class Webhook(Record, frozen=True):
    """A registered receiver, which belongs to a token."""

    token_id: str
    model_id: str
    url: str
    description: str = ""
    active: bool = True
    failures: int = 0
    first_failure: str | None = None


class Star(Record, frozen=True):
    """A board that a member has starred."""

    member_id: str
    board_id: str
    pos: float
