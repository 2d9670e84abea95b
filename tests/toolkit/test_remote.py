"""The bases of clients and providers behind HTTP, with a small vendor."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import httpx2
import pytest

from pm_providers.contract import (
    Capabilities,
    PMProviderConfig,
    Setting,
    declare_fields,
    declare_operations,
    unsupported,
)
from pm_providers.errors import AuthenticationError, ConfigurationError
from pm_providers.model import Entity
from pm_providers.toolkit.remote import IdentifyingClient, RemoteProvider
from pm_providers.toolkit.sharing import Look, shared
from pm_providers.transport import (
    Answer,
    Auth,
    BearerAuth,
    Params,
    Timing,
    TransportPolicy,
    VendorFault,
)

URL = "http://acme.example"
SETTINGS = (
    Setting(env="ACME_URL", field="base_url", help="address of Acme", example="https://acme.example"),
)
ABSENT = unsupported("Acme has nothing")


@dataclass(frozen=True)
class Options:
    base_url: str = URL
    auth: Auth = field(default_factory=lambda: BearerAuth("secret-of-acme"))
    policy: TransportPolicy = field(default_factory=TransportPolicy)
    concurrency: int = 3


class Server(httpx2.AsyncBaseTransport):
    """Answers who asks, with a number that grows."""

    def __init__(self, status: int = 200) -> None:
        self.status, self.asked, self.closed = status, 0, False

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        self.asked += 1
        return httpx2.Response(self.status, json={"id": self.asked, "path": request.url.path})

    async def aclose(self) -> None:
        self.closed = True


class Client(IdentifyingClient):
    IDENTITY_AGE_S = 60.0

    options: Options

    async def _ask_me(self) -> dict[str, Any]:
        return (await self.http.request("GET", "me", operation="")).json_object()

    async def raw(
        self,
        method: str,
        path: str,
        *,
        params: Params | None,
        body: Mapping[str, Any],
        headers: Mapping[str, str],
    ) -> Answer:
        return await self.http.request(method, path, params=params, headers=headers, operation="", **body)


class Provider(RemoteProvider):
    name: ClassVar[str] = "acme"
    title: ClassVar[str] = "Acme"
    SETTINGS: ClassVar[tuple[Setting, ...]] = SETTINGS
    CAPABILITIES: ClassVar[Capabilities] = Capabilities(
        operations=declare_operations(default=ABSENT, native="request"),
        fields={one: declare_fields(one, rest=ABSENT) for one in Entity},
    )

    def _set_up(self, config: PMProviderConfig, transport: httpx2.AsyncBaseTransport | None) -> None:
        self._options = Options()
        self._api = client(transport, self._timing)
        self._limit(concurrency=self._options.concurrency)


def client(transport: httpx2.AsyncBaseTransport | None, timing: Timing) -> Client:
    return Client(
        "acme",
        URL,
        Options(),
        root="/api",
        settings=SETTINGS,
        error_parser=lambda _answer: VendorFault("no"),
        transport=transport,
        timing=timing,
    )


@pytest.fixture
def now() -> list[float]:
    return [0.0]


@pytest.fixture
def timing(now: list[float]) -> Timing:
    return Timing(monotonic=lambda: now[0])


async def test_many_who_ask_first_cause_one_request(timing: Timing):
    server = Server()
    api = client(server, timing)
    found = await asyncio.gather(*(api.identify() for _ in range(5)))
    assert [one["id"] for one in found] == [1] * 5
    assert (found[0]["path"], server.asked) == ("/api/me", 1)


async def test_who_we_are_is_asked_again_when_it_is_old(timing: Timing, now: list[float]):
    server = Server()
    api = client(server, timing)
    assert (await api.identify())["id"] == 1
    now[0] = 59.0
    assert (await api.identify())["id"] == 1
    assert (await api.identify(30.0))["id"] == 2
    now[0] = 120.0
    assert (await api.identify())["id"] == 3


async def test_asked_anew_it_is_remembered(timing: Timing):
    server = Server()
    api = client(server, timing)
    assert [(await api.me())["id"], (await api.me())["id"], (await api.identify())["id"]] == [1, 2, 2]


async def test_asked_anew_within_a_look_means_asked(timing: Timing):
    """Who asks doubts what came: the credential may have been taken away a moment ago."""
    api = client(Server(), timing)
    with shared(Look()):
        assert [(await api.identify())["id"], (await api.me())["id"], (await api.identify())["id"]] == [
            1,
            2,
            2,
        ]


async def test_no_api_at_the_address_names_the_setting(timing: Timing):
    with pytest.raises(ConfigurationError, match="ACME_URL") as caught:
        await client(Server(404), timing).identify()
    assert (caught.value.setting, caught.value.provider) == ("ACME_URL", "acme")


async def test_a_refused_credential_is_not_remembered(timing: Timing):
    server = Server(401)
    api = client(server, timing)
    with pytest.raises(AuthenticationError):
        await api.identify()
    server.status = 200
    assert (await api.identify())["id"] == 2


async def test_a_provider_holds_what_its_hook_made(timing: Timing):
    server = Server()
    provider = Provider(PMProviderConfig(), transport=server, timing=timing)
    assert repr(provider) == f"Provider({URL})"
    assert provider.capabilities.limits.concurrency == 3
    assert Provider.CAPABILITIES.limits.concurrency != 3
    answer = await provider.request("GET", "things")
    assert answer.data == {"id": 1, "path": "/api/things"}
    await provider.aclose()
    assert server.closed
