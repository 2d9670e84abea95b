"""Credentials: bearer tokens of people, apps and service accounts, and what apps may do."""

from __future__ import annotations

from pm_providers.sandbox.asana.errors import EXPIRED, NOT_AUTHORIZED, ApiError
from pm_providers.sandbox.asana.records import Token, User
from pm_providers.sandbox.asana.state import State

__all__ = ["check_scope", "login"]


def login(state: State, headers: dict[str, str]) -> tuple[User, Token]:
    """The person behind a request.

    Raises:
        ApiError: 401 without a known token, and for one that has expired [recorded].
    """
    scheme, _, secret = headers.get("authorization", "").partition(" ")
    token = state.tokens.get(secret.strip()) if scheme.lower() == "bearer" else None
    user = state.users.get(token.user) if token is not None else None
    if token is None or user is None or not user.active:
        raise ApiError(401, NOT_AUTHORIZED, headers={"www-authenticate": 'Bearer realm="Asana"'})
    if token.expires is not None and token.expires <= state.clock.now():
        raise ApiError(401, EXPIRED, headers={"www-authenticate": 'Bearer realm="Asana"'})
    return user, token


def check_scope(token: Token, needed: str) -> None:
    """403 for an app whose consent lacks a scope; `default` has them all."""
    if token.scopes is None or "default" in token.scopes or needed in token.scopes:
        return
    raise ApiError(403, f"This app does not have the required scope: {needed}")
