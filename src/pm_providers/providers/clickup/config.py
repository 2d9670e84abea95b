"""Settings of a connection, checked before anything is sent."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from pm_providers.contract import PMProviderConfig, Setting
from pm_providers.toolkit.options import OptionReader
from pm_providers.transport import Auth, BearerAuth, HeaderAuth, TransportPolicy, parse_base_url

__all__ = ["AUTHS", "MEMBERSHIPS", "PROJECT_LEVELS", "SETTINGS", "SITE", "Options", "read_options"]

SITE = "https://api.clickup.com"
"""Where the vendor's API is; v2 lies below `/api/v2`, v3 below `/api/v3`."""

AUTHS = ("auto", "personal", "oauth")
"""`personal`: the token goes raw into `Authorization`; `oauth`: as a bearer token; `auto`: by its `pk_`."""

PROJECT_LEVELS = ("space", "folder", "list")
"""What a project is."""

MEMBERSHIPS = ("auto", "extra", "home")
"""How a task is in a sprint: the sprint's list is one more list of the task (`extra`, needs the ClickApp
"Tasks in Multiple Lists"), or its home list (`home`); `auto` tries the first, then the second."""

_PREFIX = "pk_"
_ID = re.compile(r"[0-9]{1,20}")
_KEY, _TEAM, _URL = range(3)

SETTINGS: tuple[Setting, ...] = (
    Setting(
        env="CLICKUP_API_KEY",
        field="api_key",
        help="personal API token (Settings > Apps > API token), or an OAuth access token",
        example="pk_4753994_EXP7MPOJ7XQM5UJDV2M45MPF0YHH5YHO",
        required=True,
        secret=True,
    ),
    Setting(
        env="CLICKUP_TEAM_ID",
        field="workspace_id",
        help="id of the Workspace: the first number in the addresses of the app",
        example="9015256009",
        required=True,
    ),
    Setting(
        env="CLICKUP_URL",
        field="base_url",
        help="address that stands for https://api.clickup.com (a proxy, a sandbox)",
        example=SITE,
    ),
)
"""Environment variables of the connection."""


@dataclass(frozen=True, slots=True)
class Options:
    """A checked connection.

    Attributes:
        base_url: address of the API's host, without a slash at the end.
        auth: credential.
        policy: bounds of the transport.
        team_id: the Workspace.
        project_level: what a project is, one of `PROJECT_LEVELS`.
        space_id: space in which new projects are made where a project is a folder or a list.
        default_list: name of the list that new tasks get into, made when there is none of that name.
        default_list_ids: project id -> list that its new tasks get into; goes before the name.
        sprint_word: a folder is a sprint folder (a list is a sprint, where projects are folders) when its
            name holds this word, in any case.
        sprint_folder: name of the sprint folder that is made for the first sprint.
        sprint_folder_ids: folders that are sprint folders; where there are any, names do not count.
        sprint_membership: one of `MEMBERSHIPS`.
        sprint_day_first: whether `(5/2 - 18/2)` in the name of a sprint begins with the day.
        status_map: vendor's status name -> unified task status.
        priority_map: vendor's priority name or id -> unified priority.
        concurrency: requests in flight.
        keep_raw: fill `raw_data`.
    """

    base_url: str
    auth: Auth
    policy: TransportPolicy
    team_id: str
    project_level: str = "space"
    space_id: str | None = None
    default_list: str = "Backlog"
    default_list_ids: Mapping[str, str] = field(default_factory=dict)
    sprint_word: str = "sprint"
    sprint_folder: str = "Sprints"
    sprint_folder_ids: tuple[str, ...] = ()
    sprint_membership: str = "auto"
    sprint_day_first: bool = False
    status_map: Mapping[str, str] = field(default_factory=dict)
    priority_map: Mapping[str, str] = field(default_factory=dict)
    concurrency: int = 16
    keep_raw: bool = True


def read_options(config: PMProviderConfig) -> Options:
    """Check a configuration.

    Options in `additional_config`: `auth`, `project_level`, `space_id`, `default_list`, `default_list_ids`,
    `sprint_word`, `sprint_folder`, `sprint_folder_ids`, `sprint_membership`, `sprint_day_first`,
    `concurrency`, and those that all providers share.

    Raises:
        ConfigurationError: a setting is missing or malformed; names it and an example.
    """
    read = OptionReader(config, SETTINGS, provider="clickup")
    level = read.choice("project_level", PROJECT_LEVELS)
    return Options(
        base_url=_base_url(config),
        auth=_auth(read),
        policy=read.policy(),
        team_id=_team_id(read, config),
        project_level=level,
        space_id=_optional_id(read, "space_id"),
        default_list=_name(read, "default_list", "Backlog"),
        default_list_ids=_list_ids(read),
        sprint_word=_name(read, "sprint_word", "sprint"),
        sprint_folder=_sprint_folder(read),
        sprint_folder_ids=_folder_ids(read, config),
        sprint_membership=read.choice("sprint_membership", MEMBERSHIPS),
        sprint_day_first=read.flag("sprint_day_first", default=False),
        status_map=read.mapping("status_map"),
        priority_map=read.mapping("priority_map"),
        concurrency=read.whole("concurrency", 16, least=1, most=64),
        keep_raw=read.flag("raw_data", default=True),
    )


def _base_url(config: PMProviderConfig) -> str:
    url = parse_base_url(config.base_url or SITE, setting=SETTINGS[_URL].env, example=SITE)
    return url.removesuffix("/v2").removesuffix("/v3").removesuffix("/api").rstrip("/")


def _auth(read: OptionReader) -> Auth:
    kind = read.choice("auth", AUTHS)

    def make(secret: str) -> Auth:
        personal = kind == "personal" or (kind == "auto" and secret.startswith(_PREFIX))
        return HeaderAuth("Authorization", secret) if personal else BearerAuth(secret)

    return read.credential(make)


def _team_id(read: OptionReader, config: PMProviderConfig) -> str:
    value = str(config.workspace_id or config.organization_id or "").strip()
    if not value:
        raise read.missing(SETTINGS[_TEAM])
    if not _ID.fullmatch(value):
        raise read.bad(SETTINGS[_TEAM].env, "must be the number of a Workspace", SETTINGS[_TEAM].example)
    return value


def _optional_id(read: OptionReader, name: str) -> str | None:
    value = read.text(name, "", example="90151102337")
    if value and not _ID.fullmatch(value):
        raise read.bad(name, "must be an id: a number as text", "90151102337")
    return value or None


def _name(read: OptionReader, name: str, default: str) -> str:
    value = read.text(name, default, example=default)
    if not value:
        raise read.bad(name, "must not be empty", default)
    return value


def _sprint_folder(read: OptionReader) -> str:
    """Name of a new sprint folder: one that would not be found again is refused."""
    value, word = _name(read, "sprint_folder", "Sprints"), _name(read, "sprint_word", "sprint")
    if word.casefold() not in value.casefold():
        raise read.bad("sprint_folder", f"must hold the sprint_word {word!r:.60}", f"{word}s")
    return value


def _list_ids(read: OptionReader) -> dict[str, str]:
    found = read.mapping("default_list_ids")
    if not all(_ID.fullmatch(one) for pair in found.items() for one in pair):
        raise read.bad("default_list_ids", "must map project ids to list ids", "{'9015': '901523450955'}")
    return found


def _folder_ids(read: OptionReader, config: PMProviderConfig) -> tuple[str, ...]:
    found = config.option("sprint_folder_ids", ())
    if not isinstance(found, list | tuple) or not all(_ID.fullmatch(str(one)) for one in found):
        raise read.bad("sprint_folder_ids", "must be a list of the ids of folders", "['901516078282']")
    return tuple(str(one) for one in found)
