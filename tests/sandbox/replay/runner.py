"""Sends the recorded requests to the sandbox, one after the other, and collects the differences."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pm_providers.sandbox.kit.clock import Clock
from pm_providers.sandbox.openproject import OpenProjectSandbox
from pm_providers.sandbox.openproject.webhook import Delivery, signature
from tests.sandbox.replay.compare import compare_answers, compare_bodies
from tests.sandbox.replay.dataset import KEYS, seed
from tests.sandbox.replay.happenings import HAPPENINGS
from tests.sandbox.replay.recordings import Step, load, resources
from tests.sandbox.replay.translate import IdMap

__all__ = ["Outcome", "Replay"]

# The recording began then; steps took about a fifth of a second.
BEGIN = datetime(2026, 11, 23, 1, 15, 31, tzinfo=UTC)
SECONDS_PER_STEP = 0.2
HOST = "openproject.example"


@dataclass(frozen=True, slots=True)
class Outcome:
    """One replayed step and how our answer differed."""

    step: Step
    differences: tuple[str, ...]


class Replay:
    """One run over all recordings, with the state of the sandbox at hand."""

    def __init__(self, folder: Path) -> None:
        self.recordings = load(folder)
        clock = Clock(BEGIN)
        self.sandbox = OpenProjectSandbox(dataset="empty", version="12.0", clock=clock)
        self.state = self.sandbox.state
        self.state.settings["login_required"] = False
        self.state.settings["job_delay_s"] = 1_000_000  # only when a step says so
        seed(self.state, self.recordings)
        self.ids = IdMap()
        self.secret = ""
        self._deliveries: list[Delivery] = []
        self._seen: dict[str, dict[int, dict[str, Any]]] = {}
        for collection, key, body in resources(self.recordings):
            self._seen.setdefault(collection, {}).setdefault(key, body)

    def seen(self, collection: str, first: int, last: int) -> dict[int, dict[str, Any]]:
        """First recorded view of the objects of a collection with ids in a range."""
        rows = self._seen.get(collection, {})
        return {key: rows[key] for key in sorted(rows) if first <= key <= last}

    def run_jobs(self) -> None:
        """Let the sandbox do what the vendor leaves to background jobs."""
        self.sandbox.run_jobs()

    async def run(self) -> list[Outcome]:
        """Replay everything, in order."""
        return [await self._outcome(step) for recording in self.recordings for step in recording.steps]

    async def _outcome(self, step: Step) -> Outcome:
        for happening in HAPPENINGS.get(step.key, ()):
            happening(self)
        self.sandbox.clock.advance(SECONDS_PER_STEP)
        if step.kind == "jobs":
            return Outcome(step, tuple(self._run_jobs(step)))
        if step.kind == "delivery":
            return Outcome(step, tuple(self._delivery(step)))
        status, headers, body = await self._send(step)
        if status == step.status:
            self.ids.pair(step.answer, body, created=status == 201)
            self.ids.learn_etag(step.answer_headers.get("etag"), headers.get("etag"))
        return Outcome(step, tuple(compare_answers(step, status, self.ids.answer(body))))

    def _run_jobs(self, step: Step) -> list[str]:
        """Jobs that send webhooks: as many deliveries as recorded."""
        found = self.sandbox.webhooks.ready()
        self._deliveries = found
        if len(found) != step.deliveries:
            return [f"deliveries: {step.deliveries} are {len(found)}: {[d.action for d in found]}"]
        return []

    def _delivery(self, step: Step) -> list[str]:
        """A delivery: same payload; both signatures are of their own bodies."""
        if not self._deliveries:
            return ["delivery: missing"]
        ours = self._deliveries.pop(0)
        recorded = step.body_bytes(step.body)
        found = list(compare_bodies(json.loads(recorded), self.ids.answer(json.loads(ours.body))))
        for headers, body in ((step.headers or {}, recorded), (ours.headers, ours.body)):
            given = {k.lower(): v for k, v in headers.items()}.get("x-op-signature")
            if given != (signature(self.secret, body) if self.secret else None):
                found.append("signature: wrong")
        return found

    async def _send(self, step: Step) -> tuple[int, dict[str, str], Any]:
        path = self.ids.request(step.path)
        query = self.ids.query(step.query, step.path)
        body = step.body_bytes(self.ids.request(step.body))
        headers = {"host": HOST, **self._headers(step)}
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": step.method,
            "scheme": "https",
            "path": path,
            "raw_path": path.encode(),
            "query_string": query.encode("utf-8"),
            "headers": [(k.lower().encode(), v.encode("latin-1", "replace")) for k, v in headers.items()],
            "server": (HOST, 443),
            "client": ("127.0.0.1", 1),
        }
        return await _call(self.sandbox.app, scope, body)

    def _headers(self, step: Step) -> dict[str, str]:
        headers = {name: self.ids.request(value) for name, value in (step.headers or {}).items()}
        given = headers.get("Authorization", "")
        if given in {"<apikey>", "<wrong apikey>"}:
            account = step.account if given == "<apikey>" else "wrong"
            headers["Authorization"] = _basic("apikey", KEYS[account or "wrong"])
        elif given.startswith("Basic base64("):
            name, _, key = given.removeprefix("Basic base64(").rstrip(")").partition(":")
            headers["Authorization"] = _basic(name, key)
        return headers


def _basic(name: str, key: str) -> str:
    return "Basic " + base64.b64encode(f"{name}:{key}".encode()).decode()


async def _call(app: Any, scope: dict[str, Any], body: bytes) -> tuple[int, dict[str, str], Any]:
    """One request to an ASGI app: status, headers, decoded body."""
    pending: Iterator[dict[str, Any]] = iter([{"type": "http.request", "body": body, "more_body": False}])
    status, headers, content = 0, {}, bytearray()

    async def receive() -> dict[str, Any]:
        return next(pending, {"type": "http.disconnect"})

    async def send(message: dict[str, Any]) -> None:
        nonlocal status, headers
        if message["type"] == "http.response.start":
            status = message["status"]
            headers = {k.decode().lower(): v.decode("latin-1") for k, v in message["headers"]}
        else:
            content.extend(message.get("body", b""))

    await app(scope, receive, send)
    return status, headers, _decode(bytes(content), headers.get("content-type", ""))


def _decode(content: bytes, media: str) -> Any:
    if not content:
        return None
    if "json" in media:
        try:
            return json.loads(content)
        except ValueError:
            return {"_raw_text_body": content.decode("utf-8", "replace")}
    return {"_raw_text_body": content.decode("utf-8", "replace")}
