"""The token request of apps: a code becomes an access token that does not end; there are no scopes."""

from __future__ import annotations

from urllib.parse import parse_qs

import msgspec

from pm_providers.sandbox.clickup.errors import ApiError
from pm_providers.sandbox.clickup.state import State
from pm_providers.sandbox.clickup.web import Reply

__all__ = ["OAuth"]


class OAuth:
    """One app, and the codes that people gave it.

    Attributes:
        client_id, client_secret: of the app.
    """

    def __init__(self, state: State) -> None:
        self._state = state
        self.client_id = "SANDBOXCLIENT0000000000000000000"
        self.client_secret = "SANDBOXSECRET0000000000000000000"  # noqa: S105  # opens nothing but a sandbox
        self._codes: dict[str, tuple[int, frozenset[str]]] = {}

    def consent(self, email: str, *team_ids: str) -> str:
        """A person ticks Workspaces for the app; the code that comes back with the redirect.

        Raises:
            KeyError: no such person.
        """
        user = self._state.users.find(lambda row: row.email == email)
        if user is None:
            raise KeyError(email)
        code = f"CODE{self._state.serial('code')}"
        self._codes[code] = (user.id, frozenset(team_ids))
        return code

    def revoke(self, token: str) -> None:
        """The person takes the consent back."""
        self._state.bearers.pop(token, None)
        self._state.revoked.add(token)

    def __call__(
        self, state: State, method: str, path: str, headers: dict[str, str], body: bytes
    ) -> Reply | None:
        """Answer the token request; None for other addresses.

        Raises:
            ApiError: 400 or 401 with the vendor's codes for what is missing or unknown.
        """
        if path != "/api/v2/oauth/token" or method != "POST":
            return None
        given = _given(headers, body)
        if given.get("client_id") != self.client_id:
            raise ApiError(401, "Client not found", "OAUTH_010")
        if given.get("client_secret") != self.client_secret:
            raise ApiError(401, "Client secret invalid", "OAUTH_011")
        entry = self._codes.pop(given.get("code", ""), None)
        if entry is None:
            raise ApiError(400, "Code not found or already used", "OAUTH_014")
        token = f"{entry[0]}_sandbox{state.serial('access')}"
        state.bearers[token] = entry
        return Reply({"access_token": token})


def _given(headers: dict[str, str], body: bytes) -> dict[str, str]:
    """JSON or a form."""
    if headers.get("content-type", "").startswith("application/json"):
        try:
            value = msgspec.json.decode(body)
        except msgspec.DecodeError:
            value = None
        return {k: v for k, v in value.items() if isinstance(v, str)} if isinstance(value, dict) else {}
    return {name: values[0] for name, values in parse_qs(body.decode("latin-1")).items()}
