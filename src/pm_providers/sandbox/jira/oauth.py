"""OAuth 2.0 of apps: tokens with rotating refresh tokens, the sites of a token, and the id of the cloud."""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from pm_providers.sandbox.jira.errors import ApiError
from pm_providers.sandbox.jira.records import AppToken
from pm_providers.sandbox.jira.state import State
from pm_providers.sandbox.jira.web import Call, Reply

__all__ = ["CLIENT_ID", "CLIENT_SECRET", "OAuth"]

CLIENT_ID = "sandbox-client"
CLIENT_SECRET = "sandbox-client-secret"  # noqa: S105  # opens nothing but a sandbox
LIFE_S = 3600
LEEWAY_S = 600


@dataclass(slots=True)
class _Grant:
    account_id: str
    scopes: frozenset[str]
    used_at: float | None = None


class OAuth:
    """The app's consents: `/oauth/token`, `/oauth/token/accessible-resources` and `/_edge/tenant_info`.

    A refresh token works once; again only within ten minutes, for callers whose answer was lost.
    """

    def __init__(self, state: State) -> None:
        self._state = state
        self._grants: dict[str, _Grant] = {}

    def consent(self, account_id: str, *scopes: str) -> str:
        """Let the app act for somebody; returns the first refresh token."""
        return self._refresh_token(_Grant(account_id, frozenset(scopes)))

    def __call__(self, call: Call) -> Reply | None:
        """Answer one of the addresses."""
        if call.path == "/_edge/tenant_info":
            return Reply({"cloudId": self._state.settings["cloud_id"]})
        if call.path == "/oauth/token" and call.method == "POST":
            return self._token(call.object())
        if call.path == "/oauth/token/accessible-resources":
            return self._resources(call)
        return None

    def _refresh_token(self, grant: _Grant) -> str:
        secret = f"refresh-{secrets.token_urlsafe(24)}"
        self._grants[secret] = grant
        return secret

    def _token(self, body: dict[str, Any]) -> Reply:
        given = str(body.get("client_secret", "")).encode()
        if body.get("client_id") != CLIENT_ID or not hmac.compare_digest(given, CLIENT_SECRET.encode()):
            raise _denied(401, "access_denied", "Unauthorized")
        if body.get("grant_type") != "refresh_token":
            raise _denied(400, "unsupported_grant_type", "Only refresh_token is supported here.")
        grant = self._grants.get(str(body.get("refresh_token")))
        now = self._state.clock.now().timestamp()
        if grant is None or (grant.used_at is not None and now - grant.used_at > LEEWAY_S):
            raise _denied(403, "unauthorized_client", "refresh_token is invalid")
        grant.used_at = grant.used_at if grant.used_at is not None else now
        access = f"access-{secrets.token_urlsafe(24)}"
        end = self._state.clock.now() + timedelta(seconds=LIFE_S)
        self._state.tokens[access] = AppToken(account_id=grant.account_id, scopes=grant.scopes, expires=end)
        return Reply(
            {
                "access_token": access,
                "refresh_token": self._refresh_token(_Grant(grant.account_id, grant.scopes)),
                "token_type": "Bearer",
                "expires_in": LIFE_S,
                "scope": " ".join(sorted(grant.scopes)),
            }
        )

    def _resources(self, call: Call) -> Reply:
        scheme, _, value = call.headers.get("authorization", "").partition(" ")
        token = self._state.tokens.get(value) if scheme.lower() == "bearer" else None
        now = self._state.clock.now()
        if token is None or token.scopes is None or (token.expires is not None and token.expires <= now):
            raise ApiError(401, body={"code": 401, "message": "Unauthorized"})
        return Reply(
            [
                {
                    "id": self._state.settings["cloud_id"],
                    "url": call.session.base_url,
                    "name": "sandbox",
                    "scopes": sorted(token.scopes),
                    "avatarUrl": f"{call.session.base_url}/avatar/site.png",
                }
            ]
        )


def _denied(status: int, error: str, text: str) -> ApiError:
    return ApiError(status, body={"error": error, "error_description": text})
