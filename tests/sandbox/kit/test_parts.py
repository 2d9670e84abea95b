"""Clock, quota, log, and the server around a vendor's app."""

from __future__ import annotations

import asyncio
import io
import os
import signal
import socket
from datetime import UTC, datetime, timedelta

import httpx2
import pytest

from pm_providers.sandbox import SANDBOXES
from pm_providers.sandbox.kit import Clock, Quota, RequestLog
from pm_providers.sandbox.openproject import ADMIN_KEY, OpenProjectSandbox

START = datetime(2026, 2, 6, 9, 30, tzinfo=UTC)


def client_of(box):
    return httpx2.AsyncClient(transport=box.transport(), base_url=box.base_url, auth=("apikey", ADMIN_KEY))


class TestClock:
    def test_frozen_moves_only_when_told(self):
        clock = Clock(START)
        assert clock.now() == clock.now() == START
        assert clock.advance(90) == START + timedelta(seconds=90)

    def test_running_is_utc_and_can_be_shifted(self):
        clock = Clock()
        before = datetime.now(UTC)
        clock.advance(3600)
        assert clock.now() - before >= timedelta(hours=1)
        assert clock.now().tzinfo is UTC

    def test_needs_a_zone(self):
        with pytest.raises(ValueError, match="aware"):
            Clock(datetime(2026, 1, 1))  # noqa: DTZ001  # the point of the test

    async def test_stamps_come_from_the_clock(self):
        box = OpenProjectSandbox(clock=Clock(START))
        async with client_of(box) as client:
            made = (await client.post("/api/v3/projects", json={"name": "Clocked"})).json()
        assert made["createdAt"] == "2026-02-06T09:30:00.000Z"


class TestQuota:
    def test_window_fills_and_starts_anew(self):
        clock, quota = Clock(START), Quota(2, window_s=60)
        states = [quota.take("GET", "/x", clock) for _ in range(3)]
        assert [s.allowed for s in states] == [True, True, False]
        assert [s.remaining for s in states] == [1, 0, 0]
        clock.advance(60)
        assert quota.take("GET", "/x", clock).allowed

    def test_counts_matching_requests_only(self):
        clock, quota = Clock(START), Quota(1, match=r"POST .*/form$")
        assert quota.take("GET", "/form", clock) is None
        assert quota.take("POST", "/a/form", clock).allowed
        assert not quota.take("POST", "/b/form", clock).allowed

    @pytest.mark.parametrize(("limit", "window"), [(0, 60), (1, 0)])
    def test_refuses_nonsense(self, limit, window):
        with pytest.raises(ValueError, match="at least 1"):
            Quota(limit, window_s=window)

    async def test_headers_and_the_vendors_429(self):
        box = OpenProjectSandbox(quota=Quota(1, window_s=60), clock=Clock(START))
        async with client_of(box) as client:
            first, second = [await client.get("/api/v3/types") for _ in range(2)]
        assert first.status_code == 200
        assert (first.headers["ratelimit-limit"], first.headers["ratelimit-remaining"]) == ("1", "0")
        assert second.status_code == 429
        assert second.headers["retry-after"] == "60"
        assert second.headers["ratelimit-reset"] == str(int(START.timestamp()) + 60)
        assert second.json()["errorIdentifier"].endswith(":Throttled")

    async def test_retry_after_can_be_left_out_as_the_vendor_does(self):
        box = OpenProjectSandbox(quota=Quota(1, retry_after=False), clock=Clock(START))
        async with client_of(box) as client:
            answers = [await client.get("/api/v3/types") for _ in range(2)]
        assert "retry-after" not in answers[1].headers


class TestLog:
    async def test_counts_and_keeps_bodies_but_no_credentials(self):
        box = OpenProjectSandbox()
        async with client_of(box) as client:
            await client.get("/api/v3/types")
            await client.post("/api/v3/projects", json={"name": "Logged"})
        assert (len(box.log), box.log.count("GET"), box.log.count("POST", "/projects$")) == (2, 1, 1)
        post = box.log.select("POST")[0]
        assert post.request_body == b'{"name":"Logged"}'
        assert (post.status, post.request_size) == (201, len(post.request_body))
        assert post.response_size > 100
        assert ADMIN_KEY not in repr(list(box.log))
        assert box.log.statuses() == {200: 1, 201: 1}

    async def test_sees_how_many_ran_at_once(self):
        box = OpenProjectSandbox(latency_ms=20)
        async with client_of(box) as client:
            await asyncio.gather(*(client.get("/api/v3/types") for _ in range(5)))
            assert box.log.max_in_flight == 5
            box.log.clear()
            await client.get("/api/v3/types")
        assert (len(box.log), box.log.max_in_flight) == (1, 1)

    async def test_dropped_requests_have_no_status(self):
        box = OpenProjectSandbox(faults=["drop-after"])
        async with client_of(box) as client:
            with pytest.raises(httpx2.RemoteProtocolError):
                await client.get("/api/v3/types")
        record = next(iter(box.log))
        assert (record.status, record.fault) == (None, "drop-after")

    def test_masks_secret_parameters(self):
        log = RequestLog(frozenset({"key", "token"}))
        record = log.start("GET", "/1/boards", "fields=name&key=abc&token=def&keys=x")
        assert record.query == "fields=name&key=***&token=***&keys=x"

    def test_tells_the_most_that_a_window_held(self):
        log = RequestLog()
        assert log.busiest(10) == 0
        for at in (0, 4, 9, 10, 11, 30):
            log.start("GET", f"/{at}", "", at=at)
        assert [log.busiest(seconds) for seconds in (1, 10, 11, 100)] == [1, 4, 4, 6]
        assert log.busiest(10, lambda record: 7 if record.path == "/30" else 1) == 7

    async def test_times_are_those_of_the_clock(self):
        box = OpenProjectSandbox(clock=Clock(datetime(2026, 1, 1, tzinfo=UTC)))
        async with client_of(box) as client:
            for _ in range(2):
                await client.get("/api/v3/types")
                box.clock.advance(60)
        assert [one.at for one in box.log] == [1767225600, 1767225660]


class TestServer:
    async def test_settings_follow_the_socket(self):
        box = OpenProjectSandbox()
        inside = box.settings["OPENPROJECT_URL"]
        async with box.serve() as url:
            assert box.settings == {"OPENPROJECT_URL": url, "OPENPROJECT_API_KEY": ADMIN_KEY}
            async with httpx2.AsyncClient(base_url=url, auth=("apikey", ADMIN_KEY)) as client:
                answer = await client.get("/api/v3")
        assert answer.json()["coreVersion"] == "17.6.0"
        assert box.settings["OPENPROJECT_URL"] == inside

    async def test_answers_on_a_kept_connection_do_not_wait_for_acknowledgements(self, monkeypatch):
        accepted = []
        accept = socket.socket.accept

        def noting(self):
            found = accept(self)
            accepted.append(found[0].getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
            return found

        monkeypatch.setattr(socket.socket, "accept", noting)
        async with OpenProjectSandbox().serve() as url, httpx2.AsyncClient() as client:
            await client.get(f"{url}/api/v3")
        assert accepted == [1]

    async def test_a_taken_port_is_an_os_error(self):
        async with OpenProjectSandbox().serve() as url:
            port = int(url.rpartition(":")[2])
            with pytest.raises(OSError, match="Address already in use"):
                async with OpenProjectSandbox().serve(port=port):
                    pass

    def test_run_prints_settings_and_ends_on_a_signal(self):
        class Out(io.StringIO):
            def flush(self):
                # the settings are complete: stop the server as a user would
                os.kill(os.getpid(), signal.SIGTERM)

        out = Out()
        OpenProjectSandbox().run(out=out)
        names = [line.partition("=")[0] for line in out.getvalue().splitlines()]
        assert names == ["OPENPROJECT_URL", "OPENPROJECT_API_KEY"]
        assert "http://127.0.0.1:" in out.getvalue()

    def test_registry_makes_sandboxes_by_name(self):
        box = SANDBOXES["openproject"](dataset="demo", scale=5, latency_ms=0, faults=["500;times=1"])
        assert box.name == "openproject"
        assert len(box.state.work_packages) == 19 + 5

    @pytest.mark.parametrize("options", [{"dataset": "huge"}, {"version": "11.4"}, {"version": "new"}])
    def test_bad_options_are_value_errors(self, options):
        with pytest.raises(ValueError, match=r"dataset|version"):
            OpenProjectSandbox(**options)
