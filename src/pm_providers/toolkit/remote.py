"""What clients and providers behind HTTP have in common, whatever the vendor."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import datetime
from functools import cached_property
from typing import Any, ClassVar, Protocol

import httpx2

from pm_providers.contract import BasePMProvider, PMProviderConfig, RawResponse, Setting
from pm_providers.errors import ConfigurationError, NotFoundError, PermissionDeniedError, PMError
from pm_providers.model import Record
from pm_providers.toolkit.cache import Cache, KeyedLocks
from pm_providers.toolkit.custom_fields import same_custom
from pm_providers.toolkit.documents import clock
from pm_providers.toolkit.options import wrong_address
from pm_providers.toolkit.raw import allowed_headers, raw_response
from pm_providers.toolkit.sharing import SharingClient
from pm_providers.transport import (
    Answer,
    Auth,
    ErrorParser,
    Gate,
    Params,
    Quota,
    RateHeaderParser,
    Timing,
    TransportPolicy,
    parse_rate_headers,
    shared_governor,
)

__all__ = ["IdentifyingClient", "RemoteClient", "RemoteOptions", "RemoteProvider", "deleted", "is_gone"]

_LEAST_CONCURRENCY = 16


class RemoteOptions(Protocol):
    """What the bases need of a checked connection."""

    @property
    def base_url(self) -> str:
        """Address of the system, as it is shown."""

    @property
    def auth(self) -> Auth:
        """Credential."""

    @property
    def policy(self) -> TransportPolicy:
        """Bounds of the transport."""

    @property
    def concurrency(self) -> int:
        """Requests in flight."""


class RemoteClient(ABC):
    """Base of vendors' clients: one server and one credential; all clients of both share one rate governor.

    Args:
        provider: registered name.
        base_url: address of the installation.
        options: the checked connection.
        root: path of the API below the address.
        settings: the provider's `SETTINGS`, of which the one for `base_url` is named in hints.
        error_parser: reads the vendor's error answers.
        quota: the vendor's documented quota; by default none but a bound on requests in flight.
        gate: where the pace is kept, for quotas that several credentials share; by default one of its own.
        quota_parser: reads the vendor's quota headers.
        headers: sent with every request.
        transport: replaces the network, for tests and in-process servers.
        timing: replaces clock, sleep and chance, for tests.

    Attributes:
        options: the checked connection.
        http: sends, below `root`.
    """

    options: RemoteOptions

    def __init__(
        self,
        provider: str,
        base_url: str,
        options: RemoteOptions,
        *,
        root: str = "",
        settings: tuple[Setting, ...],
        error_parser: ErrorParser,
        quota: Quota | None = None,
        gate: Gate | None = None,
        quota_parser: RateHeaderParser = parse_rate_headers,
        headers: Mapping[str, str] | None = None,
        transport: httpx2.AsyncBaseTransport | None = None,
        timing: Timing | None = None,
    ) -> None:
        self.options = options
        self._settings = settings
        self._timing = timing or Timing()
        governor = shared_governor(
            provider,
            base_url,
            options.auth.fingerprint(),
            quota=quota or Quota(concurrency=max(_LEAST_CONCURRENCY, options.concurrency)),
            gate=gate,
            parser=quota_parser,
            timing=timing,
        )
        self.http = SharingClient(
            f"{base_url}{root}",
            provider=provider,
            auth=options.auth,
            policy=options.policy,
            governor=governor,
            error_parser=error_parser,
            headers=headers,
            transport=transport,
            timing=timing,
            url_setting=next(one.env for one in settings if one.field == "base_url"),
        )

    async def aclose(self) -> None:
        """Release the connections."""
        await self.http.aclose()

    def wrong_address(self) -> ConfigurationError:
        """The error for a server that answers 404 when it is asked who we are."""
        return wrong_address(self._settings, provider=self.http.provider)

    async def call(self, method: str, path: str, *args: Any, **given: Any) -> Answer:
        """One request, as of `HttpClient.request`."""
        return await self.http.request(method, path, *args, operation="", **given)

    async def dated(self, path: str, params: Params) -> tuple[dict[str, Any], datetime | None]:
        """A document, and the server's clock when it was sent; `None` where it did not tell.

        Nobody was asked before whose the credential is: it may be what anonymous visitors see. Where that can
        be, `identify` before anything of it is used.
        """
        answer = await self.call("GET", path, params=params)
        return answer.json_object(), clock(answer.headers.get("date", ""))

    async def raw(
        self,
        method: str,
        path: str,
        *,
        params: Params | None,
        body: Mapping[str, Any],
        headers: Mapping[str, str],
    ) -> Answer:
        """Any call; `body` holds `json` or nothing."""
        return await self.call(method, path, params=params, headers=headers, **body)


class IdentifyingClient(RemoteClient):
    """A client that remembers whose the credential is.

    Attributes:
        IDENTITY_AGE_S: seconds after which `identify` asks again.
    """

    IDENTITY_AGE_S: ClassVar[float] = math.inf

    @abstractmethod
    async def _ask_me(self) -> dict[str, Any]:
        """Ask the server for the user of the credential; `NotFoundError` where there is no API at all."""

    async def me(self) -> dict[str, Any]:
        """The user of the credential, asked anew.

        Raises:
            AuthenticationError: the credential is not accepted.
            ConfigurationError: there is no API at the address.
        """
        self._me.forget(None)  # what was asked a moment ago does not count, whatever look it was a part of
        return await self._me.get(None, max_age_s=0)

    async def identify(self, max_age_s: float | None = None) -> dict[str, Any]:
        """The user of the credential, asked once for all, or again where older than `max_age_s`.

        Raises:
            AuthenticationError: the credential is not accepted.
            ConfigurationError: there is no API at the address.
        """
        return await self._me.get(None, max_age_s=max_age_s)

    @cached_property
    def _me(self) -> Cache[None, dict[str, Any]]:
        return Cache(self._load_me, self.IDENTITY_AGE_S, self._timing.monotonic)

    async def _load_me(self, _key: None) -> dict[str, Any]:
        try:
            return await self._ask_me()
        except NotFoundError as error:
            raise self.wrong_address() from error


async def is_gone(get: Callable[[str], Awaitable[object]], path: str) -> bool:
    """Whether something does not exist any more; what may not be seen may well be there.

    Args:
        get: reads what is at an address.
        path: the address.
    """
    try:
        await get(path)
    except (NotFoundError, PermissionDeniedError) as error:
        return isinstance(error, NotFoundError)
    return False


async def deleted(call: Awaitable[object], get: Callable[[str], Awaitable[object]], look: str | None) -> bool:
    """Whether a delete did something; `False` where there was nothing.

    When the answer got lost, the object is looked up: gone is deleted.

    Args:
        call: the delete.
        get: reads what is at an address.
        look: the address of the object; `None` where it has none.
    """
    try:
        await call
    except NotFoundError:
        return False
    except PMError as error:
        if error.maybe_applied and look is not None and await is_gone(get, look):
            return True
        raise
    return True


class RemoteProvider(BasePMProvider):
    """Base of providers behind HTTP: what each holds, the raw call, comparing what may differ in spelling.

    Args:
        config: see `SETTINGS`; options in `additional_config` are the vendor's, and those that all share.
        transport: replaces the network, for tests and in-process servers.
        timing: replaces clock, sleep and chance, for tests.

    Raises:
        ConfigurationError: a setting is missing or malformed. Nothing is sent.

    Attributes:
        KEY_HEADERS: names in lower case of headers that carry the credential, besides `authorization`.
    """

    KEY_HEADERS: ClassVar[tuple[str, ...]] = ()

    _api: RemoteClient
    _options: RemoteOptions

    def __init__(
        self,
        config: PMProviderConfig,
        *,
        transport: httpx2.AsyncBaseTransport | None = None,
        timing: Timing | None = None,
    ) -> None:
        super().__init__(config)
        self._timing = timing or Timing()
        self._locks = KeyedLocks()
        self._set_up(config, transport)

    @abstractmethod
    def _set_up(self, config: PMProviderConfig, transport: httpx2.AsyncBaseTransport | None) -> None:
        """Read the options; make `_options`, `_api`, and what the vendor keeps besides. Sends nothing."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._options.base_url})"

    def _limit(self, **limits: Any) -> None:
        """Replace bounds of this connection: names of `Limits`."""
        found = self._capabilities
        self._capabilities = found.narrowed(limits=replace(found.limits, **limits))

    async def aclose(self) -> None:
        """Release the connections. The provider cannot be used afterwards."""
        await self._api.aclose()

    async def _request(
        self,
        method: str,
        path: str,
        params: Mapping[str, str] | None,
        json: Any,
        headers: Mapping[str, str] | None,
    ) -> RawResponse:
        given = allowed_headers(headers, refused=self.KEY_HEADERS)
        body = {} if json is None else {"json": json}
        return raw_response(await self._api.raw(method, path, params=params, body=body, headers=given))

    def _holds(self, name: str, asked: Any, result: Record) -> bool:
        """Systems sort lists of custom fields, and tell types without case."""
        got = getattr(result, name)
        if name == "custom_fields" and isinstance(asked, Mapping):
            return same_custom(asked, got)
        if name == "type" and isinstance(asked, str) and isinstance(got, str):
            return asked.casefold() == got.casefold() or super()._holds(name, asked, result)
        return super()._holds(name, asked, result)
