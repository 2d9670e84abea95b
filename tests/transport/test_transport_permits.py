"""Writes by a leave that may have been taken away: looked at right before the bytes go out."""

from __future__ import annotations

import asyncio

import httpx2
import pytest
from transport_support import FakeTime, Server, raw_server, read_request

from pm_providers.effects import Permit, elapsed, may_write, permitted
from pm_providers.errors import ConflictError
from pm_providers.transport import HttpClient


class Leave:
    """A permit with clocks that tests move, and that others may take away."""

    def __init__(self, within_s: float = 10.0) -> None:
        self.clocks = [100.0, 1_000.0]
        self.looks = 0
        self.is_taken = False
        self.jump_after: list[float] = []
        self.permit = Permit(within_s, self.renew, since=tuple(self.clocks), clocks=self.now)

    def now(self) -> tuple[float, ...]:
        found = tuple(self.clocks)
        if self.jump_after:  # the process is frozen right after it looked at the clock
            self.clocks[0] += self.jump_after.pop(0)
        return found

    async def renew(self) -> None:
        self.looks += 1
        if self.is_taken:
            raise ConflictError("somebody else has it")


async def test_a_fresh_permit_costs_no_look() -> None:
    leave, server = Leave(), Server(httpx2.Response(200, json={}))
    with permitted(leave.permit):
        async with server.client() as client:
            await client.request("POST", "a", operation="create_task", json={})
    assert (len(server.requests), leave.looks) == (1, 0)


@pytest.mark.parametrize("clock", [0, 1], ids=["monotonic", "wall"])
async def test_after_a_freeze_the_leave_is_looked_at_before_anything_is_sent(clock: int) -> None:
    """Either clock tells: one stands still while a machine sleeps, the other may be set back."""
    leave, server = Leave(), Server(httpx2.Response(200, json={}))
    leave.clocks[clock] += 11
    leave.clocks[1 - clock] -= 500 * clock  # the other one claims that no time went by
    with permitted(leave.permit):
        async with server.client() as client:
            await client.request("POST", "a", operation="create_task", json={})
            await client.request("POST", "a", operation="create_task", json={})
    assert (len(server.requests), leave.looks) == (2, 1)


async def test_a_leave_that_was_taken_away_sends_no_write_but_reads() -> None:
    leave, server = Leave(), Server(httpx2.Response(200, json={}))
    leave.clocks[0] += 11
    leave.is_taken = True
    with permitted(leave.permit):
        async with server.client() as client:
            with pytest.raises(ConflictError) as caught:
                await client.request("PATCH", "a", operation="update_task", json={})
            await client.request("GET", "a", operation="get_task")
            await client.request("POST", "search", operation="list_tasks", json={}, reads=True)
    assert not caught.value.maybe_applied
    assert [one.method for one in server.requests] == ["GET", "POST"]


async def test_a_wait_for_the_quota_counts() -> None:
    """The right to send came late: what was looked at before the wait says nothing any more."""
    leave, clock, server = Leave(), FakeTime(), Server(httpx2.Response(200, json={}))
    real = clock.sleep

    async def sleep(seconds: float) -> None:
        leave.clocks[0] += seconds
        await real(seconds)

    clock.sleep = sleep  # type: ignore[method-assign]
    leave.is_taken = True
    with permitted(leave.permit):
        async with server.client(clock) as client:
            await client.governor.push(30)
            with pytest.raises(ConflictError):
                await client.request("POST", "a", operation="create_task", json={})
    assert server.requests == []


async def _answers_all(
    heads: list[bytes], reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    while True:
        heads.append(await read_request(reader))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}")
        await writer.drain()


@pytest.mark.parametrize("checks", [1, 2], ids=["before the head", "before the body"])
async def test_a_process_that_freezes_on_the_way_to_the_connection_sends_nothing_before_it_looked(
    checks: int,
) -> None:
    leave, heads = Leave(), []
    # The first look at the clock says that all is well; then, or one look later, the process is away.
    leave.jump_after = [0.0] * (checks - 1) + [60.0]

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await _answers_all(heads, reader, writer)

    async with raw_server(talk) as url:
        with permitted(leave.permit):
            async with HttpClient(url, provider="vendor", timing=FakeTime().timing(), verify=False) as client:
                await client.request("POST", "a", operation="create_task", json={"title": "T"})
    assert (len(heads), leave.looks) == (1, 1)


@pytest.mark.parametrize("method", ["DELETE", "POST"])
async def test_what_has_no_body_is_sent_with_its_head_and_so_once(method: str) -> None:
    """Frozen between the head and the body that there is none of: the server has all of the request."""
    leave, heads = Leave(), []
    leave.jump_after = [0.0, 60.0]

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append(await read_request(reader))
        await asyncio.sleep(0)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}")
        await writer.drain()

    async with raw_server(talk) as url:
        with permitted(leave.permit):
            async with HttpClient(url, provider="vendor", timing=FakeTime().timing(), verify=False) as client:
                await client.request(method, "a", operation="delete_task")
    assert len(heads) == 1


async def test_without_a_permit_nothing_is_looked_at() -> None:
    await may_write()
    assert len(elapsed()) >= 2
