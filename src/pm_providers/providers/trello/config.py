"""Settings of a connection, checked before anything is sent."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pm_providers.contract import PMProviderConfig, Setting
from pm_providers.errors import ConfigurationError
from pm_providers.toolkit.options import OptionReader
from pm_providers.transport import Auth, BearerAuth, HeaderAuth, TransportPolicy

__all__ = [
    "DELETE_MODES",
    "DONE_MODES",
    "PRIORITY_MODES",
    "SETTINGS",
    "SPRINT_MODES",
    "Conventions",
    "Options",
    "read_options",
]

SPRINT_MODES = ("label", "custom_field", "none")
"""What a sprint is: a label with the dates in its name, an option of a list-type custom field, nothing."""

PRIORITY_MODES = ("label", "custom_field", "none")
"""What a priority is: a label `Priority: High`, an option of a list-type custom field, nothing."""

DONE_MODES = ("either", "list", "complete")
"""What makes a card completed: its tick or its list, its list alone, its tick alone."""

DELETE_MODES = ("archive", "permanent")
"""What deleting does: cards and boards are archived, or are gone for good (the vendor has no trash)."""

MOST_CARDS = 1000
"""Cards that one answer holds at most, whatever was asked for."""

_ADDRESS = "https://api.trello.com"
_ORGANIZATION = re.compile(r"[A-Za-z0-9_-]{1,100}")
_KEY = re.compile(r"[A-Za-z0-9_.~-]{1,200}")

SETTINGS: tuple[Setting, ...] = (
    Setting(
        env="TRELLO_API_KEY",
        field="api_key",
        help="API key of the Power-Up that the token was made for, from trello.com/power-ups/admin",
        example="0471642aefef5fa1fa76530ce1ba4c85",
        required=True,
    ),
    Setting(
        env="TRELLO_TOKEN",
        field="api_token",
        help="token with the scopes read and write, made by the link beside the API key",
        example="ATTA0d1f3c5b7a9e2468ace013579bdf2468ace01357",
        required=True,
        secret=True,
    ),
    Setting(
        env="TRELLO_ORGANIZATION_ID",
        field="organization_id",
        help="workspace to stay in, by id or short name; all boards of the account when missing",
        example="marsmission",
    ),
    Setting(
        env="TRELLO_URL",
        field="base_url",
        help="address of the API's host, for tests",
        example=_ADDRESS,
    ),
)
"""Environment variables of the connection."""


@dataclass(frozen=True, slots=True)
class Conventions:
    """What stands for what Trello does not have.

    Attributes:
        sprint_mode: one of `SPRINT_MODES`.
        sprint_field: name of the custom field, in mode `custom_field`.
        priority_mode: one of `PRIORITY_MODES`.
        priority_field: name of the custom field, in mode `custom_field`.
        done_mode: one of `DONE_MODES`.
        done_lists: names or ids of the lists of completed cards; those whose name says so when empty.
        delete_mode: one of `DELETE_MODES`.
        hours_field: name of a number custom field that holds estimated hours; none when empty.
        points_field: the same for story points.
        board_lists: names of the lists of a new board; the vendor's own three when empty.
        timezone: zone in which instants are read as days; days are written as noon in it.
        status_map: name or id of a list -> unified status.
        priority_map: name of a label, or what stands behind `Priority:` in it -> unified priority.
    """

    sprint_mode: str = "label"
    sprint_field: str = "Sprint"
    priority_mode: str = "label"
    priority_field: str = "Priority"
    done_mode: str = "either"
    done_lists: tuple[str, ...] = ()
    delete_mode: str = "archive"
    hours_field: str = ""
    points_field: str = ""
    board_lists: tuple[str, ...] = ()
    timezone: ZoneInfo = field(default_factory=lambda: ZoneInfo("UTC"))
    status_map: Mapping[str, str] = field(default_factory=dict)
    priority_map: Mapping[str, str] = field(default_factory=dict)

    @property
    def reserved_fields(self) -> frozenset[str]:
        """Names of custom fields that are read as something else, and are no `custom_fields`."""
        names = {self.hours_field, self.points_field} - {""}
        if self.sprint_mode == "custom_field":
            names.add(self.sprint_field)
        if self.priority_mode == "custom_field":
            names.add(self.priority_field)
        return frozenset(names)


@dataclass(frozen=True, slots=True)
class Options:
    """A checked connection.

    Attributes:
        base_url: address of the host, without a slash at the end; the API is below `/1`.
        auth: credential.
        key_auth: the API key alone, which names the quota that all its tokens share.
        policy: bounds of the transport.
        organization: workspace to stay in; `None` for all boards.
        page_size: cards in one page; the vendor gives 1,000 at most.
        concurrency: requests in flight.
        paced: requests are spread so that the vendor's quota is never exceeded.
        conventions: what stands for what.
        keep_raw: fill `raw_data`.
    """

    base_url: str
    auth: Auth
    key_auth: Auth
    policy: TransportPolicy
    organization: str | None = None
    page_size: int = MOST_CARDS
    concurrency: int = 5
    paced: bool = True
    conventions: Conventions = field(default_factory=Conventions)
    keep_raw: bool = True


def read_options(config: PMProviderConfig) -> Options:
    """Check a configuration.

    Raises:
        ConfigurationError: a setting is missing or malformed; names it and an example.
    """
    address = config.base_url if config.base_url and config.base_url.strip() else _ADDRESS
    read = OptionReader(replace(config, base_url=address), SETTINGS, provider="trello")
    return Options(
        base_url=read.base_url(suffix="/1"),
        auth=_auth(config, read),
        key_auth=HeaderAuth("X-Api-Key", _key(config, read), secret_parts=()),
        policy=read.policy(),
        organization=_organization(config, read),
        page_size=read.whole("page_size", MOST_CARDS, least=1, most=MOST_CARDS),
        concurrency=read.whole("concurrency", 5, least=1, most=64),
        paced=read.choice("pace", ("vendor", "none")) == "vendor",
        conventions=_conventions(read),
        keep_raw=read.flag("raw_data", default=True),
    )


def _setting(field_name: str) -> Setting:
    return next(one for one in SETTINGS if one.field == field_name)


def _key(config: PMProviderConfig, read: OptionReader) -> str:
    value = (config.api_key or "").strip()
    if not value:
        raise read.missing(_setting("api_key"))
    if not _KEY.fullmatch(value):
        raise read.bad("TRELLO_API_KEY", "holds characters that no key has", _setting("api_key").example)
    return value


def _auth(config: PMProviderConfig, read: OptionReader) -> Auth:
    """The header form, never the query: addresses end up in logs ([doc] authorization).

    With `auth: oauth2` the token is a bearer token of the OAuth 2.0 flow.
    """
    key = _key(config, read)
    token = (config.api_token or "").strip()
    if not token:
        raise read.missing(_setting("api_token"))
    oauth2 = read.choice("auth", ("key", "oauth2")) == "oauth2"
    if '"' in token or "," in token:
        raise read.bad("TRELLO_TOKEN", "holds quotes or commas", _setting("api_token").example)
    try:
        if oauth2:
            return BearerAuth(token)
        header = f'OAuth oauth_consumer_key="{key}", oauth_token="{token}"'
        return HeaderAuth("Authorization", header, secret_parts=(token,))
    except ConfigurationError as error:
        raise read.bad("TRELLO_TOKEN", error.message, _setting("api_token").example) from None


def _organization(config: PMProviderConfig, read: OptionReader) -> str | None:
    value = (config.organization_id or "").strip()
    if not value:
        return None
    if not _ORGANIZATION.fullmatch(value):
        example = _setting("organization_id").example
        raise read.bad("TRELLO_ORGANIZATION_ID", "must be the id or short name of a workspace", example)
    return value


def _conventions(read: OptionReader) -> Conventions:
    return Conventions(
        sprint_mode=read.choice("sprint_mode", SPRINT_MODES),
        sprint_field=_required(read, "sprint_field", "Sprint"),
        priority_mode=read.choice("priority_mode", PRIORITY_MODES),
        priority_field=_required(read, "priority_field", "Priority"),
        done_mode=read.choice("done_mode", DONE_MODES),
        done_lists=_names(read, "done_lists", "Done, Shipped"),
        delete_mode=read.choice("delete_mode", DELETE_MODES),
        hours_field=read.text("hours_field", "", example="Estimate"),
        points_field=read.text("points_field", "", example="Story points"),
        board_lists=_names(read, "board_lists", "Backlog, Doing, Done"),
        timezone=_timezone(read),
        status_map=read.mapping("status_map"),
        priority_map=read.mapping("priority_map"),
    )


def _required(read: OptionReader, name: str, default: str) -> str:
    value = read.text(name, default, example=default)
    if not value:
        raise read.bad(name, "must be the name of a custom field", default)
    return value


def _names(read: OptionReader, name: str, example: str) -> tuple[str, ...]:
    """Names with commas between them."""
    text = read.text(name, "", example=example)
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _timezone(read: OptionReader) -> ZoneInfo:
    name = read.text("timezone", "UTC", example="Europe/Berlin")
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise read.bad("timezone", f"{name!r:.60} is no known time zone", "Europe/Berlin") from None
