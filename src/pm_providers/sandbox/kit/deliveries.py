"""Sending to receivers of webhooks; when, and what becomes of a failure, is the vendor's."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import TypeVar

import httpx2

__all__ = ["Sent", "send"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """One request to a receiver; `body` is the exact text that was signed.

    Attributes:
        status: the receiver's answer; None before sending and when it could not be reached.
    """

    url: str
    body: bytes
    headers: dict[str, str]
    status: int | None = None


D = TypeVar("D", bound=Sent)


async def send(
    deliveries: Iterable[D],
    transport: httpx2.AsyncBaseTransport | None,
    timeout_s: float,
    after: Callable[[D, int | None], None] = lambda _delivery, _status: None,
) -> list[D]:
    """Send one after the other; each with its answer.

    Args:
        deliveries: in order.
        transport: reaches the receivers; None uses the network.
        timeout_s: for each.
        after: called with each delivery and its answer.
    """
    sent: list[D] = []
    async with httpx2.AsyncClient(transport=transport, timeout=timeout_s) as client:
        for one in deliveries:
            status = await _post(client, one)
            sent.append(replace(one, status=status))
            after(one, status)
    return sent


async def _post(client: httpx2.AsyncClient, one: Sent) -> int | None:
    try:
        return (await client.post(one.url, content=one.body, headers=one.headers)).status_code
    except httpx2.TransportError:
        return None
