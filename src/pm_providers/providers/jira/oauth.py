"""OAuth 2.0 (3LO): tokens that are renewed before they run out, once however many calls need them.

Refresh tokens rotate: each renewal gives a new one and kills the old one after ten minutes, so a new one is
handed to the host for keeping before anything is sent with it.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import httpx2

from pm_providers.effects import uncounted
from pm_providers.errors import AuthenticationError, ConfigurationError, ValidationError
from pm_providers.toolkit.cache import KeyedLocks
from pm_providers.toolkit.documents import broken
from pm_providers.transport import Answer, Auth, BearerAuth, HttpClient, Timing, VendorFault, fingerprint

__all__ = ["TOKEN_URL", "OAuth", "OAuthClient", "OAuthTokens"]

TOKEN_URL = "https://auth.atlassian.com/oauth/token"  # noqa: S105 - an address
_EARLY_S = 60.0
_LIFE_S = 3600.0


@dataclass(frozen=True, slots=True)
class OAuthTokens:
    """What a renewal gave. Both tokens are secrets; `repr` shows neither.

    Attributes:
        access_token: sent with each request.
        refresh_token: for the next renewal; the one before it is dead soon. `None` where the app did not ask
            for `offline_access`.
        expires_in_s: seconds that the access token lives.
    """

    access_token: str
    refresh_token: str | None = None
    expires_in_s: float = _LIFE_S

    def __repr__(self) -> str:
        return f"OAuthTokens(expires_in_s={self.expires_in_s})"


TokenHook = Callable[[OAuthTokens], Awaitable[None] | None]
"""Keeps new tokens; called before they are used."""


@dataclass(frozen=True, slots=True, repr=False)
class OAuthClient:
    """The app that the tokens belong to.

    Attributes:
        client_id: of the app.
        client_secret: of the app; a secret.
        token_url: where tokens are renewed.
        on_tokens: keeps new tokens; `None` keeps them in memory only.
    """

    client_id: str
    client_secret: str
    token_url: str = TOKEN_URL
    on_tokens: TokenHook | None = None

    def __repr__(self) -> str:
        return f"OAuthClient({self.client_id!r})"


class OAuth(Auth):
    """A bearer token that `renew` replaces.

    Args:
        tokens: as they are known; an empty access token is renewed before the first request.
        client: `None` for a token that cannot be renewed.
        site: what the tokens give access to; part of the name of the credential.

    Raises:
        ConfigurationError: a token holds characters that no header can carry.
    """

    def __init__(self, tokens: OAuthTokens, client: OAuthClient | None, *, site: str) -> None:
        self.client = client
        self._site = site
        self._unsaved: OAuthTokens | None = None
        self._tokens = tokens
        self._bearer = BearerAuth(tokens.access_token) if tokens.access_token else None
        self._first = fingerprint(tokens.refresh_token or tokens.access_token)
        self._locks = KeyedLocks()
        self._expires_at: float | None = None

    # what the transport needs

    def headers(self) -> Mapping[str, str]:
        """The `Authorization` header of the newest token."""
        return {} if self._bearer is None else self._bearer.headers()

    def secrets(self) -> tuple[str, ...]:
        """Both tokens, new ones that are not in use yet, and the app's secret."""
        found = [self._tokens.access_token, self._tokens.refresh_token]
        if self._unsaved is not None:
            found += [self._unsaved.access_token, self._unsaved.refresh_token]
        if self.client is not None:
            found.append(self.client.client_secret)
        return tuple(one for one in found if one)

    def fingerprint(self, *, key: bytes | None = None) -> str:
        """The same through all renewals: quotas count an app's requests to a site, not a token's."""
        app = self._first if self.client is None else self.client.client_id
        return fingerprint(app, self._site, key=key)

    # renewal

    @property
    def token(self) -> str:
        """The access token in use; tells `renew` which one was refused."""
        return self._tokens.access_token

    @property
    def can_renew(self) -> bool:
        """Whether there is an app and a refresh token."""
        return self.client is not None and bool(self._tokens.refresh_token)

    def is_due(self, now: float) -> bool:
        """Whether the token should be renewed before the next request.

        Args:
            now: seconds of a clock that only goes forward.
        """
        if not self.can_renew:
            return False
        if not self._tokens.access_token or self._unsaved is not None:
            return True
        return self._expires_at is not None and now >= self._expires_at - _EARLY_S

    async def renew(
        self, stale: str, *, timing: Timing, transport: httpx2.AsyncBaseTransport | None = None
    ) -> None:
        """Replace a token; done already by somebody else when another one is in use by now.

        Args:
            stale: the token that is to be replaced.
            timing: clock and sleep.
            transport: replaces the network.

        Raises:
            AuthenticationError: the refresh token is not accepted; somebody must authorise the app again.
        """
        if self.client is None or not self._tokens.refresh_token:
            raise AuthenticationError("the OAuth token was not accepted, and there is none to renew it with")
        async with self._locks.hold("renew"):
            if self._tokens.access_token != stale:
                return
            if self._unsaved is None:
                self._unsaved = await self._asked(self.client, timing, transport)
            await self._keep(self.client, self._unsaved)
            self._bearer = BearerAuth(self._unsaved.access_token)
            self._tokens, self._unsaved = self._unsaved, None
            self._expires_at = timing.monotonic() + self._tokens.expires_in_s

    @staticmethod
    async def _keep(client: OAuthClient, tokens: OAuthTokens) -> None:
        """A hook that fails is called again with the same tokens next time: the old ones are dead."""
        if client.on_tokens is not None:
            waiting = client.on_tokens(tokens)
            if inspect.isawaitable(waiting):
                await waiting

    async def _asked(
        self, client: OAuthClient, timing: Timing, transport: httpx2.AsyncBaseTransport | None
    ) -> OAuthTokens:
        base, _, path = client.token_url.rpartition("/")
        body = {
            "grant_type": "refresh_token",
            "client_id": client.client_id,
            "client_secret": client.client_secret,
            "refresh_token": self._tokens.refresh_token,
        }
        http = HttpClient(
            base,
            provider="jira",
            auth=_Silent(self),
            error_parser=_refused,
            transport=transport,
            timing=timing,
        )
        try:
            # The old refresh token stays valid for ten minutes: asking twice harms nothing.
            with uncounted():
                answer = await http.request("POST", path, json=body, safe=True, operation="")
        except ValidationError as error:
            raise AuthenticationError(error.message, status=error.status) from error
        finally:
            if transport is None:
                await http.aclose()
        return _tokens(answer.json_object(), self._tokens.refresh_token)


class _Silent(Auth):
    """Sends nothing, but lets the transport mask what the body holds."""

    def __init__(self, auth: OAuth) -> None:
        self._auth = auth

    def headers(self) -> Mapping[str, str]:
        return {}

    def secrets(self) -> tuple[str, ...]:
        return self._auth.secrets()


def _refused(answer: Answer) -> VendorFault | None:
    """`{"error": "invalid_grant", "error_description": "..."}`."""
    body = answer.json()
    if not isinstance(body, Mapping):
        return None
    code = body.get("error")
    text = body.get("error_description")
    return VendorFault(
        message=f"the app's tokens cannot be renewed: {text if isinstance(text, str) else 'refused'}",
        code=code if isinstance(code, str) else None,
        kind=AuthenticationError if answer.status in {400, 401, 403} else None,
    )


def _tokens(found: Mapping[str, Any], before: str | None) -> OAuthTokens:
    token, fresh, life = found.get("access_token"), found.get("refresh_token"), found.get("expires_in")
    if not isinstance(token, str) or not token:
        raise broken("no access_token in a renewal")
    try:
        BearerAuth(token)
    except ConfigurationError:
        raise broken("a token that no header can carry") from None
    seconds = float(life) if isinstance(life, int | float) and not isinstance(life, bool) else _LIFE_S
    return OAuthTokens(token, fresh if isinstance(fresh, str) and fresh else before, seconds)
