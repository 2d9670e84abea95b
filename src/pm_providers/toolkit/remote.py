"""What clients and providers behind HTTP have in common, whatever the vendor."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, ClassVar, Protocol

import httpx2

from pm_providers.contract import BasePMProvider, RawResponse, Setting
from pm_providers.errors import NotFoundError, PermissionDeniedError
from pm_providers.model import Record
from pm_providers.toolkit.custom_fields import same_custom
from pm_providers.toolkit.raw import allowed_headers, raw_response
from pm_providers.transport import (
    Answer,
    Auth,
    ErrorParser,
    Gate,
    HttpClient,
    Params,
    Quota,
    RateHeaderParser,
    Timing,
    TransportPolicy,
    parse_rate_headers,
    shared_governor,
)

__all__ = ["RemoteApi", "RemoteOptions", "RemoteProvider", "is_gone", "vendor_client"]

_LEAST_CONCURRENCY = 16


class RemoteOptions(Protocol):
    """What a client needs of a checked connection."""

    @property
    def auth(self) -> Auth:
        """Credential."""

    @property
    def policy(self) -> TransportPolicy:
        """Bounds of the transport."""

    @property
    def concurrency(self) -> int:
        """Requests in flight."""


def vendor_client(
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
) -> HttpClient:
    """The HTTP client of one server and credential; all clients of both share one rate governor.

    Args:
        provider: registered name.
        base_url: address of the installation.
        options: the checked connection.
        root: path of the API below the address.
        settings: the provider's `SETTINGS`, of which the one for `base_url` is named in hints.
        error_parser: reads the vendor's error answers.
        quota: the vendor's documented quota; by default none but a bound on requests in flight.
        gate: where the pace is kept, for quotas that several credentials share; by default one for this client.
        quota_parser: reads the vendor's quota headers.
        headers: sent with every request.
        transport: replaces the network, for tests and in-process servers.
        timing: replaces clock, sleep and chance, for tests.
    """
    governor = shared_governor(
        provider,
        base_url,
        options.auth.fingerprint(),
        quota=quota or Quota(concurrency=max(_LEAST_CONCURRENCY, options.concurrency)),
        gate=gate,
        parser=quota_parser,
        timing=timing,
    )
    return HttpClient(
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


class RemoteApi(Protocol):
    """What the base needs of a vendor's client."""

    async def aclose(self) -> None:
        """Release the connections."""

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


class RemoteProvider(BasePMProvider):
    """Base of providers behind HTTP: the raw call, and comparing what may be spelled another way.

    Attributes:
        KEY_HEADERS: names in lower case of headers that carry the credential, besides `authorization`.
    """

    KEY_HEADERS: ClassVar[tuple[str, ...]] = ()

    _api: RemoteApi

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
