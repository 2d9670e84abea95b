"""Sending to a receiver of webhooks; when, and what becomes of a failure, is the vendor's."""

from __future__ import annotations

import httpx2

__all__ = ["post"]


async def post(client: httpx2.AsyncClient, url: str, body: bytes, headers: dict[str, str]) -> int | None:
    """Status of the receiver's answer; None when it could not be reached."""
    try:
        return (await client.post(url, content=body, headers=headers)).status_code
    except httpx2.TransportError:
        return None
