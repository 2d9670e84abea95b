"""Settings of a connection, checked before anything is sent."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pm_providers.contract import PMProviderConfig, Setting
from pm_providers.errors import ConfigurationError
from pm_providers.model import INVERSE_RELATIONS, RelationType
from pm_providers.providers.jira.oauth import TOKEN_URL, OAuth, OAuthClient, OAuthTokens
from pm_providers.toolkit.options import OptionReader
from pm_providers.transport import Auth, BasicAuth, BearerAuth, TransportPolicy, parse_base_url

__all__ = ["AUTHS", "DEPLOYMENTS", "SERVER_TEMPLATE", "SETTINGS", "TEMPLATE", "Options", "read_options"]

AUTHS = ("auto", "basic", "bearer", "oauth")
"""`basic`: e-mail (Cloud) or login (Data Center) with an API token or password; `bearer`: a personal access
token of Data Center, or an access token that is not renewed; `oauth`: OAuth 2.0 (3LO) with renewal."""

DEPLOYMENTS = ("auto", "cloud", "server")
"""What the site may be, and `auto` to ask it. `server` is Data Center as well."""

GATEWAY = "https://api.atlassian.com/ex/jira"
"""Where OAuth tokens, scoped API tokens and service accounts of Cloud work, and nowhere else."""

_MAX_PAGE = 100
_CLOUD_ID = re.compile(r"[A-Za-z0-9-]{1,64}")
_KEY = re.compile(r"[A-Z][A-Z0-9_]{0,254}")
TEMPLATE = "com.pyxis.greenhopper.jira:gh-simplified-scrum-classic"
"""Scrum, on Cloud."""

SERVER_TEMPLATE = "com.pyxis.greenhopper.jira:gh-scrum-template"
"""Scrum, on Data Center, which has other templates than Cloud ([obs] its clients)."""

SETTINGS: tuple[Setting, ...] = (
    Setting(
        env="JIRA_URL",
        field="base_url",
        help="address of the site, or of the Data Center installation with its context path",
        example="https://your-site.atlassian.net",
        required=True,
    ),
    Setting(
        env="JIRA_USERNAME",
        field="username",
        help="e-mail of the account (Cloud) or login (Data Center); none for a personal access token",
        example="ada@example.com",
        asked=True,
    ),
    Setting(
        env="JIRA_API_TOKEN",
        field="api_token",
        help="API token (Cloud), personal access token (Data Center) or OAuth access token",
        example="ATATT3xFfGF0aBcDeFgH",
        required=True,
        secret=True,
    ),
    Setting(
        env="JIRA_PROJECT_KEY",
        field="project_key",
        help="project to work in by default",
        example="MARS",
    ),
    Setting(
        env="JIRA_CLOUD_ID",
        field="cloud_id",
        help="cloud id of the site, for OAuth, scoped API tokens and service accounts",
        example="11223344-a1b2-3b33-c444-def123456789",
    ),
)
"""Environment variables of the connection."""


@dataclass(frozen=True, slots=True)
class Options:
    """A checked connection.

    Attributes:
        base_url: address for people, without a slash at the end.
        api_url: where the API is: the same, or the gateway of the site.
        auth: credential.
        policy: bounds of the transport.
        deployment: one of `DEPLOYMENTS`.
        project_key: project to work in by default.
        project_template: template of new projects; empty for the scrum template of the deployment.
        board_ids: boards whose sprints count; empty for all that the projects have.
        page_size: issues in one page; with fields, Cloud gives about 100 at most.
        concurrency: requests in flight.
        status_map: vendor's status name or id -> unified task status.
        priority_map: the same for priorities.
        relation_map: vendor's link type name or id -> unified relation type, or inverse name.
        internal_role: project role that may see internal comments outside of service projects; empty for that
            of the project's administrators.
        keep_raw: fill `raw_data`.
    """

    base_url: str
    api_url: str
    auth: Auth
    policy: TransportPolicy
    deployment: str = "auto"
    project_key: str | None = None
    project_template: str = ""
    board_ids: tuple[str, ...] = ()
    page_size: int = _MAX_PAGE
    concurrency: int = 12
    status_map: Mapping[str, str] = field(default_factory=dict)
    priority_map: Mapping[str, str] = field(default_factory=dict)
    relation_map: Mapping[str, str] = field(default_factory=dict)
    internal_role: str = ""
    keep_raw: bool = True


def read_options(config: PMProviderConfig) -> Options:
    """Check a configuration.

    Options in `additional_config`: `auth`, `deployment`, `cloud_id`, `oauth` (a dict of `client_id`,
    `client_secret`, `refresh_token`), `on_tokens` (called with new `OAuthTokens` before they are used),
    `token_url`, `gateway_url`, `project_template`, `board_ids`, `page_size`, `concurrency`, `relation_map`,
    `internal_role`, and those that all providers share.

    Raises:
        ConfigurationError: a setting is missing or malformed; names it and an example.
    """
    read = OptionReader(config, SETTINGS, provider="jira")
    base_url = read.base_url()
    cloud_id = read.text("cloud_id", "", example=SETTINGS[-1].example)
    if cloud_id and not _CLOUD_ID.fullmatch(cloud_id):
        raise read.bad("cloud_id", "must be a cloud id", SETTINGS[-1].example)
    gateway = _address(read, config, "gateway_url", GATEWAY)
    return Options(
        base_url=base_url,
        api_url=f"{gateway}/{cloud_id}" if cloud_id else base_url,
        auth=_auth(read, config, cloud_id or base_url),
        policy=read.policy(),
        deployment="cloud" if cloud_id else read.choice("deployment", DEPLOYMENTS),
        project_key=_project_key(read, config),
        project_template=read.text("project_template", "", example=TEMPLATE),
        board_ids=_board_ids(read, config),
        page_size=read.whole("page_size", _MAX_PAGE, least=1, most=_MAX_PAGE),
        concurrency=read.whole("concurrency", 12, least=1, most=64),
        status_map=read.mapping("status_map"),
        priority_map=read.mapping("priority_map"),
        relation_map=_relation_map(read),
        internal_role=read.text("internal_role", "", example="Administrators"),
        keep_raw=read.flag("raw_data", default=True),
    )


def _relation_map(read: OptionReader) -> dict[str, str]:
    found = read.mapping("relation_map")
    known = [*RelationType, *INVERSE_RELATIONS]
    if any(one not in known for one in found.values()):
        raise read.bad("relation_map", f"must map link types to: {', '.join(known)}", "{'Gantt': 'precedes'}")
    return found


def _auth(read: OptionReader, config: PMProviderConfig, site: str) -> Auth:
    kind, user = read.choice("auth", AUTHS), (config.username or "").strip()
    app = config.option("oauth")
    if kind == "oauth" or (kind == "auto" and app is not None):
        return _oauth(read, config, app, site)
    if kind == "basic" or (kind == "auto" and user):
        if not user:
            raise read.missing(next(one for one in SETTINGS if one.field == "username"))
        return read.credential(lambda secret: BasicAuth(user, secret))
    return read.credential(BearerAuth)


def _oauth(read: OptionReader, config: PMProviderConfig, app: Any, site: str) -> OAuth:
    example = "{'client_id': '...', 'client_secret': '...', 'refresh_token': '...'}"
    token = (config.api_token or config.api_key or "").strip()
    if app is None:
        return read.credential(lambda secret: OAuth(OAuthTokens(secret), None, site=site))
    names = ("client_id", "client_secret", "refresh_token")
    if not isinstance(app, Mapping) or not all(isinstance(app.get(one), str) and app[one] for one in names):
        raise read.bad("oauth", "must hold client_id, client_secret and refresh_token", example)
    hook = config.option("on_tokens")
    if hook is not None and not callable(hook):
        raise read.bad("on_tokens", "must be a function that keeps new tokens", "keep_tokens")
    client = OAuthClient(
        app["client_id"], app["client_secret"], _address(read, config, "token_url", TOKEN_URL), hook
    )
    try:
        return OAuth(OAuthTokens(token, app["refresh_token"]), client, site=site)
    except ConfigurationError as error:
        raise read.bad("api_token", f"is malformed: {error.message}", SETTINGS[2].example) from None


def _address(read: OptionReader, config: PMProviderConfig, name: str, default: str) -> str:
    value = config.option(name, default)
    if not isinstance(value, str):
        raise read.bad(name, "must be an address", default)
    return parse_base_url(value, setting=name, example=default)


def _project_key(read: OptionReader, config: PMProviderConfig) -> str | None:
    key = (config.project_key or "").strip()
    if key and not _KEY.fullmatch(key):
        raise read.bad("project_key", "must be the key of a project: capital letters and digits", "MARS")
    return key or None


def _board_ids(read: OptionReader, config: PMProviderConfig) -> tuple[str, ...]:
    found = config.option("board_ids", ())
    if not isinstance(found, list | tuple) or not all(str(one).isdigit() for one in found):
        raise read.bad("board_ids", "must be a list of the ids of boards", "[1, 2]")
    return tuple(str(one) for one in found)
