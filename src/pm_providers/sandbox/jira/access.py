"""Who a request comes from: API tokens at the site, scoped tokens at the gateway."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass, field

from pm_providers.sandbox.jira.errors import ApiError
from pm_providers.sandbox.jira.records import AppToken, User
from pm_providers.sandbox.jira.state import State

__all__ = ["Login", "gateway_login", "scope_for", "site_login"]

FAILED = "AUTHENTICATED_FAILED"


@dataclass(slots=True)
class Login:
    """The user behind a request (None: anonymous), whether credentials were sent, headers of the answer."""

    user: User | None = None
    given: bool = False
    headers: dict[str, str] = field(default_factory=dict)


def site_login(state: State, headers: dict[str, str]) -> Login:
    """Login at the site's own address: e-mail and unscoped API token.

    Wrong, expired and foreign credentials make the caller anonymous: what anonymous people may read answers
    200, and only the header `X-Seraph-LoginReason` tells.
    """
    scheme, _, value = headers.get("authorization", "").partition(" ")
    if not scheme:
        return Login()
    user = _basic(state, value, scoped=False) if scheme.lower() == "basic" else None
    if user is None:
        return Login(None, True, {"x-seraph-loginreason": FAILED})
    return Login(user, True, {"x-seraph-loginreason": "OK", "x-aaccountid": user.id.replace(":", "%3A")})


def gateway_login(state: State, headers: dict[str, str], cloud_id: str, method: str, path: str) -> Login:
    """Login at `/ex/jira/CLOUD_ID`: access tokens of apps, and API tokens of people.

    Raises:
        ApiError: 401 for no or bad credentials and missing scopes, 404 for another cloud id.
    """
    if cloud_id != state.settings["cloud_id"]:
        raise ApiError(404, body={"code": 404, "message": "No message available"})
    scheme, _, value = headers.get("authorization", "").partition(" ")
    token = _token(state, value) if scheme.lower() == "bearer" else None
    user = state.users.get(token.account_id) if token is not None else None
    if scheme.lower() == "basic":
        user = _basic(state, value, scoped=True)
        token = _token(state, _secret(value)[1])
    if user is None or token is None or not user.active:
        raise ApiError(401, body={"code": 401, "message": "Unauthorized"})
    if token.scopes is not None and not (token.scopes & scope_for(method, path)):
        raise ApiError(401, body={"code": 401, "message": "Unauthorized; scope does not match"})
    return Login(user, True, {"x-aaccountid": user.id.replace(":", "%3A")})


def scope_for(method: str, path: str) -> frozenset[str]:
    """The scopes of which one is needed."""
    verb = "read" if method == "GET" else "delete" if method == "DELETE" else "write"
    if path.startswith(("/rest/agile/", "/rest/software/")):
        kind = "sprint" if re.search(r"/sprint\b", path) else "board-scope"
        return frozenset(
            {f"{verb}:{kind}:jira-software", f"{'write' if verb == 'delete' else verb}:{kind}:jira-software"}
        )
    tail = re.sub(r"^/rest/api/[^/]+/", "", path)
    if method == "GET" and tail.startswith(("myself", "user", "groupuserpicker", "group/")):
        return frozenset({"read:jira-user"})
    if tail.startswith("user") and method != "GET":
        return frozenset({"manage:jira-configuration"})
    if tail.startswith("webhook"):
        return frozenset({"manage:jira-webhook"})
    if method != "GET" and re.match(r"(project|version|component)\b", tail):
        return frozenset({"manage:jira-project", "manage:jira-configuration"})
    reading = method == "GET" or tail.startswith(
        ("search/", "issue/bulkfetch", "changelog/", "jql/", "comment/list")
    )
    return frozenset({"read:jira-work" if reading else "write:jira-work"})


def _basic(state: State, value: str, *, scoped: bool) -> User | None:
    email, secret = _secret(value)
    token = _token(state, secret)
    if token is None or (token.scopes is not None and not scoped):
        return None
    user = state.users.get(token.account_id)
    return user if user is not None and user.active and user.email.lower() == email.lower() else None


def _secret(value: str) -> tuple[str, str]:
    try:
        name, _, secret = base64.b64decode(value, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return name, secret


def _token(state: State, secret: str) -> AppToken | None:
    token = state.tokens.get(secret)
    if token is None or (token.expires is not None and token.expires <= state.clock.now()):
        return None
    return token
