"""OAuth 2: codes and tokens of an app. People consent by `OAuth.consent`, there is no page for it."""

from __future__ import annotations

import base64
import hashlib
import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs

from pm_providers.sandbox.asana.records import Token
from pm_providers.sandbox.asana.state import State
from pm_providers.sandbox.asana.web import Reply

__all__ = ["CLIENT_ID", "CLIENT_SECRET", "OAuth"]

CLIENT_ID = "1200000000000042"
CLIENT_SECRET = "sandbox-app-secret-0000000000000"  # noqa: S105  # opens nothing but a sandbox
LIFE_S = 3_600


@dataclass(frozen=True, slots=True)
class _Grant:
    user: str
    scopes: frozenset[str] | None
    redirect: str = ""
    challenge: str = ""


class OAuth:
    """The endpoints below `/-/oauth_`."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._codes: dict[str, _Grant] = {}
        self._refresh: dict[str, _Grant] = {}

    def consent(
        self,
        email: str,
        *,
        scope: str = "default",
        redirect: str = "https://app.example/back",
        challenge: str = "",
    ) -> str:
        """Let a person agree; returns the code that the app would get.

        Args:
            email: of the person.
            redirect: address of the app.
            scope: what the app asked for, separated by spaces.
            challenge: of PKCE, S256.
        """
        user = self._state.users.where("email", email)[0]
        names = frozenset(scope.split())
        code = secrets.token_urlsafe(24)
        scopes = None if "default" in names else names
        self._codes[code] = _Grant(user.id, scopes, redirect, challenge)
        return code

    def __call__(
        self, method: str, path: str, _query: dict[str, list[str]], _headers: dict[str, str], body: bytes
    ) -> Reply | None:
        """Answer requests for tokens; None for other addresses."""
        if method != "POST" or path not in {"/-/oauth_token", "/-/oauth_revoke"}:
            return None
        form = {name: values[0] for name, values in parse_qs(body.decode("utf-8", "replace")).items()}
        if form.get("client_id") != CLIENT_ID or form.get("client_secret") != CLIENT_SECRET:
            return _refused("invalid_client", 401)
        return self._revoke(form) if path.endswith("revoke") else self._token(form)

    def _revoke(self, form: dict[str, str]) -> Reply:
        self._refresh.pop(form.get("token", ""), None)
        return Reply({})

    def _token(self, form: dict[str, str]) -> Reply:
        if form.get("grant_type") == "refresh_token":
            grant = self._refresh.get(form.get("refresh_token", ""))
            return _refused("invalid_grant") if grant is None else self._given(grant, "")
        if form.get("grant_type") != "authorization_code":
            return _refused("unsupported_grant_type")
        grant = self._codes.pop(form.get("code", ""), None)
        if grant is None or grant.redirect != form.get("redirect_uri") or not _proven(grant, form):
            return _refused("invalid_grant")
        again = secrets.token_urlsafe(24)
        self._refresh[again] = grant
        return self._given(grant, again)

    def _given(self, grant: _Grant, refresh: str) -> Reply:
        state = self._state
        secret = secrets.token_urlsafe(24)
        expires = state.clock.now() + timedelta(seconds=LIFE_S)
        state.tokens[secret] = Token(
            user=grant.user, kind="oauth", scopes=grant.scopes, app=CLIENT_ID, expires=expires
        )
        user = state.users[grant.user]
        body: dict[str, Any] = {
            "access_token": secret,
            "expires_in": LIFE_S,
            "token_type": "bearer",
            "data": {"id": user.id, "gid": user.id, "name": user.name, "email": user.email},
        }
        return Reply({**body, **({"refresh_token": refresh} if refresh else {})})


def _proven(grant: _Grant, form: dict[str, str]) -> bool:
    if not grant.challenge:
        return True
    digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=") == grant.challenge


def _refused(reason: str, status: int = 400) -> Reply:
    return Reply({"error": reason, "error_description": "The request was refused."}, status)
