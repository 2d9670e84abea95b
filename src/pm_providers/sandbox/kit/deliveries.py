"""Sending to receivers of webhooks; when, and what becomes of a failure, is the vendor's."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeVar

import httpx2

__all__ = ["Repeated", "Sent", "send", "take"]


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeated(Sent):
    """One request of a vendor that repeats those that fail, later.

    Attributes:
        due: not sent before.
        retry: number of earlier attempts.
    """

    due: datetime
    retry: int = 0


D = TypeVar("D", bound=Sent)
R = TypeVar("R", bound=Repeated)


def take(waiting: list[R], now: datetime, *, due_only: bool) -> list[R]:
    """Take out what waits, in order; `due_only` leaves repetitions whose time has not come."""
    taken = [one for one in waiting if not due_only or one.due <= now]
    waiting[:] = [one for one in waiting if one not in taken]
    return taken


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
