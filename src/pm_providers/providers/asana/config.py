"""Settings of a connection, checked before anything is sent."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from pm_providers.contract import PMProviderConfig, Setting
from pm_providers.toolkit.options import OptionReader
from pm_providers.transport import Auth, BearerAuth, TransportPolicy

__all__ = [
    "API_ROOT",
    "COMPLETED_SOURCE",
    "CUSTOM_TYPE_SOURCE",
    "FIELD_SOURCE",
    "SECTION_SOURCE",
    "SETTINGS",
    "SPRINT_FIELD_MODE",
    "SPRINT_MODES",
    "SPRINT_PROJECT_MODE",
    "Options",
    "read_options",
]

API_ROOT = "/api/1.0"
_URL = "https://app.asana.com"
_MAX_PAGE = 100
_GID = re.compile(r"[0-9]{1,64}")

SECTION_SOURCE = "section"
COMPLETED_SOURCE = "completed"
CUSTOM_TYPE_SOURCE = "custom_type"
FIELD_SOURCE = "custom_field:"
"""Where the status of a task is: its section, nothing but `completed`, the status option of its custom type,
or (`custom_field:Name`) an enum custom field."""

SPRINT_PROJECT_MODE = "project"
SPRINT_FIELD_MODE = "custom_field"
SPRINT_MODES = (SPRINT_PROJECT_MODE, SPRINT_FIELD_MODE, "none")
"""What a sprint is: a dated project that tasks are added to, an option of an enum custom field, nothing."""

SETTINGS: tuple[Setting, ...] = (
    Setting(
        env="ASANA_ACCESS_TOKEN",
        field="api_token",
        help="personal access token, from My settings > Apps > Developer apps; or an OAuth access token",
        example="1/1199999999999999:0a1b2c3d4e5f60718293a4b5c6d7e8f9",
        required=True,
        secret=True,
    ),
    Setting(
        env="ASANA_WORKSPACE_ID",
        field="workspace_id",
        help="gid of the workspace or organization: the number that GET /workspaces names",
        example="1199999999999999",
        required=True,
    ),
    Setting(
        env="ASANA_TEAM_ID",
        field="team_id",
        help="gid of the team that new projects are shared with, in organizations",
        example="1200000000000001",
    ),
    Setting(
        env="ASANA_URL",
        field="base_url",
        help="address of the API's host, if it is not Asana's own",
        example=_URL,
    ),
)
"""Environment variables of the connection."""


@dataclass(frozen=True, slots=True)
class Options:
    """A checked connection, with the conventions that are in force.

    Attributes:
        base_url: address of the host, without a slash at the end.
        auth: credential.
        policy: bounds of the transport.
        workspace: gid of the workspace or organization.
        team: gid of the team of new projects; empty to find it when one is asked for.
        page_size: records in one page; the server takes 100 at most.
        concurrency: requests in flight; Asana allows 50 reads and 15 writes.
        requests_per_minute: quota of the plan: 1,500 paid, 150 free.
        even_pace: spread requests over the minute, instead of up to three quarters of the quota at once.
        status_source: one of the `..._SOURCE` constants; `custom_field:` is followed by name or gid.
        done_section: section that finished tasks are moved to; empty for the one whose name says so.
        new_sections: sections that projects made here get; empty leaves Asana's own.
        sprint_mode: one of `SPRINT_MODES`.
        sprint_portfolio: gid of a portfolio whose projects are sprints; empty for none.
        sprint_field: name of the enum custom field that holds sprints, in that mode.
        priority_field: name or gid of the enum custom field that holds priorities.
        estimate_field: name or gid of the number custom field that holds planned work.
        points_field: name or gid of the number custom field that holds story points.
        attach_fields: put these fields on projects made here, where the workspace has them.
        status_map: vendor's status name or id -> unified task status.
        priority_map: the same for priorities.
        keep_raw: fill `raw_data`.
    """

    base_url: str
    auth: Auth
    policy: TransportPolicy
    workspace: str
    team: str = ""
    page_size: int = _MAX_PAGE
    concurrency: int = 10
    requests_per_minute: int = 1500
    even_pace: bool = False
    status_source: str = SECTION_SOURCE
    done_section: str = ""
    new_sections: tuple[str, ...] = ("To do", "In progress", "Done")
    sprint_mode: str = SPRINT_PROJECT_MODE
    sprint_portfolio: str = ""
    sprint_field: str = "Sprint"
    priority_field: str = "Priority"
    estimate_field: str = "Estimated time"
    points_field: str = "Story points"
    attach_fields: bool = True
    status_map: Mapping[str, str] = field(default_factory=dict)
    priority_map: Mapping[str, str] = field(default_factory=dict)
    keep_raw: bool = True

    @property
    def status_field(self) -> str:
        """Name or gid of the custom field that holds the status; empty in the other sources."""
        return self.status_source.removeprefix(FIELD_SOURCE) if self.has_status_field else ""

    @property
    def has_status_field(self) -> bool:
        """Whether a custom field holds the status."""
        return self.status_source.startswith(FIELD_SOURCE)

    @property
    def has_sections(self) -> bool:
        """Whether the section holds the status."""
        return self.status_source == SECTION_SOURCE

    @property
    def has_sprint_projects(self) -> bool:
        """Whether sprints are projects."""
        return self.sprint_mode == SPRINT_PROJECT_MODE

    @property
    def convention_fields(self) -> tuple[str, ...]:
        """Names or gids of the custom fields that stand for fields of tasks here."""
        sprint = self.sprint_field if self.sprint_mode == SPRINT_FIELD_MODE else ""
        names = (self.priority_field, self.estimate_field, self.points_field, self.status_field, sprint)
        return tuple(one for one in names if one)


def read_options(config: PMProviderConfig) -> Options:
    """Check a configuration.

    Options in `additional_config`: `team_id`, `page_size`, `concurrency`, `requests_per_minute`,
    `even_pace`, `status_source`, `done_section`, `new_sections`, `sprint_mode`, `sprint_portfolio`,
    `sprint_field`, `priority_field`, `estimate_field`, `points_field`, `attach_fields`, and those that all
    providers share.

    Raises:
        ConfigurationError: a setting is missing or malformed; names it and an example.
    """
    if not (config.base_url or "").strip():
        config = replace(config, base_url=_URL)
    read = OptionReader(config, SETTINGS, provider="asana")
    return Options(
        base_url=read.base_url(suffix=API_ROOT),
        auth=read.credential(BearerAuth),
        policy=read.policy(),
        workspace=_workspace(read, config),
        team=_gid(read, "team_id"),
        page_size=read.whole("page_size", _MAX_PAGE, least=1, most=_MAX_PAGE),
        concurrency=read.whole("concurrency", 10, least=1, most=50),
        requests_per_minute=read.whole("requests_per_minute", 1500, least=10, most=100_000),
        even_pace=read.flag("even_pace", default=False),
        status_source=_status_source(read),
        done_section=read.text("done_section", "", example="Done"),
        new_sections=_new_sections(read, config),
        sprint_mode=read.choice("sprint_mode", SPRINT_MODES),
        sprint_portfolio=_gid(read, "sprint_portfolio"),
        sprint_field=read.text("sprint_field", "Sprint", example="Sprint"),
        priority_field=read.text("priority_field", "Priority", example="Priority"),
        estimate_field=read.text("estimate_field", "Estimated time", example="Estimated time"),
        points_field=read.text("points_field", "Story points", example="Story points"),
        attach_fields=read.flag("attach_fields", default=True),
        status_map=read.mapping("status_map"),
        priority_map=read.mapping("priority_map"),
        keep_raw=read.flag("raw_data", default=True),
    )


def _workspace(read: OptionReader, config: PMProviderConfig) -> str:
    value = (config.workspace_id or "").strip()
    if not value:
        raise read.missing(SETTINGS[1])
    if not _GID.fullmatch(value):
        raise read.bad("workspace_id", "must be a gid, a number", SETTINGS[1].example)
    return value


def _gid(read: OptionReader, name: str) -> str:
    value = read.text(name, "", example="1200000000000001")
    if value and not _GID.fullmatch(value):
        raise read.bad(name, "must be a gid, a number", "1200000000000001")
    return value


def _status_source(read: OptionReader) -> str:
    value = read.text("status_source", SECTION_SOURCE, example=SECTION_SOURCE)
    named = value.startswith(FIELD_SOURCE) and bool(value.removeprefix(FIELD_SOURCE).strip())
    if not named and value not in {SECTION_SOURCE, COMPLETED_SOURCE, CUSTOM_TYPE_SOURCE}:
        raise read.bad(
            "status_source", "must be section, completed, custom_type or custom_field:NAME", SECTION_SOURCE
        )
    return value


def _new_sections(read: OptionReader, config: PMProviderConfig) -> tuple[str, ...]:
    value = config.option("new_sections", Options.__dataclass_fields__["new_sections"].default)
    if not isinstance(value, list | tuple) or not all(isinstance(one, str) and one.strip() for one in value):
        raise read.bad("new_sections", "must be a list of names", "['To do', 'In progress', 'Done']")
    return tuple(one.strip() for one in value)
