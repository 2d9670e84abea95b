"""What the tests of the Asana provider share: a sandbox with a project, and scripted servers."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Mapping
from typing import Any

import httpx2

from pm_providers import PMProviderConfig
from pm_providers.providers.asana.provider import AsanaProvider
from pm_providers.sandbox.asana import ME_TOKEN, AsanaSandbox
from pm_providers.sandbox.asana.setup import add_field, add_project, add_setting
from pm_providers.transport import Timing
from tests.support.wire import FakeTime, answer

__all__ = ["FakeTime", "Scripted", "Site", "answer", "config", "own_token", "scripted"]

WORKSPACE = "100"
_TOKENS = itertools.count(1)


def own_token() -> str:
    """A token that no other client has: clients of one token share their quota."""
    return f"token-{next(_TOKENS)}"


def config(**given: Any) -> PMProviderConfig:
    """A configuration, with other options where they are given."""
    known = {
        "api_token": ME_TOKEN,
        "workspace_id": WORKSPACE,
        "base_url": "https://asana.example.com",
        **given,
    }
    fields = {name: known.pop(name) for name in ("api_token", "workspace_id", "base_url")}
    return PMProviderConfig(provider_type="asana", additional_config=known, **fields)


class Site:
    """A sandbox with a project of four sections and the custom fields of the conventions.

    Attributes:
        box: the sandbox.
        project: gid.
        sections: name -> gid.
        fields: name -> gid of the custom field.
    """

    def __init__(
        self, sections: tuple[str, ...] = ("To do", "Doing", "Waiting", "Done"), **options: Any
    ) -> None:
        self.box = AsanaSandbox(**options)
        state = self.box.state
        self.workspace = self.box.workspace
        self.me = state.tokens[ME_TOKEN].user
        self.team = next(iter(state.teams)).id
        self.project = add_project(
            state, self.workspace, "Mars", self.me, team=self.team, sections=sections
        ).id
        self.sections = dict(zip(sections, state.section_order[self.project], strict=True))
        self.fields = {name: self._field(name, *row) for name, row in _FIELDS.items()}

    def _field(self, name: str, kind: str, options: tuple[str, ...] = (), precision: int = 0) -> str:
        pairs = tuple((one, "none") for one in options)
        row = add_field(self.box.state, self.workspace, name, kind, options=pairs, precision=precision)
        add_setting(self.box.state, self.project, row.id)
        return row.id

    def new_project(self, name: str, *sections: str) -> str:
        """Gid of a further project."""
        state = self.box.state
        return add_project(
            state, self.workspace, name, self.me, team=self.team, sections=sections or ("To do",)
        ).id

    def provider(self, *, timing: Timing | None = None, **given: Any) -> AsanaProvider:
        """A client, not connected; other options may be given."""
        known = {
            "workspace_id": self.workspace,
            "base_url": self.box.base_url,
            "requests_per_minute": 100_000,
            **given,
        }
        return AsanaProvider(config(**known), transport=self.box.transport(), timing=timing)

    def count(self, method: str | None = None, path: str = "") -> int:
        """Requests so far, of a method, whose path matches."""
        return self.box.log.count(method, path)


_FIELDS: dict[str, tuple[Any, ...]] = {
    "Priority": ("enum", ("High", "Medium", "Low")),
    "Estimated time": ("number", (), 2),
    "Story points": ("number", ()),
    "Platforms": ("multi_enum", ("Linux", "macOS")),
    "Cost": ("number", (), 2),
    "Note": ("text", ()),
    "Launch": ("date", ()),
    "Reviewers": ("people", ()),
    "Stage": ("enum", ("Backlog", "In review", "Closed")),
}


class Scripted:
    """A server that answers by a function of `METHOD path`, and remembers what it was asked.

    Attributes:
        requests: in order.
    """

    def __init__(self, answers: Mapping[str, Any]) -> None:
        self.requests: list[httpx2.Request] = []
        self._answers = dict(answers)

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        self.requests.append(request)
        path = request.url.path.removeprefix("/api/1.0")
        if path == "/batch" and "POST /batch" not in self._answers:
            return self._batch(request)
        return self._answer(request.method, path, dict(request.url.params), _body(request))

    def _batch(self, request: httpx2.Request) -> httpx2.Response:
        found = []
        for one in _body(request)["data"]["actions"]:
            options = one.get("options", {})
            params = {name: str(options[name]) for name in ("limit", "offset") if name in options}
            params |= {name: str(value) for name, value in one.get("data", {}).items()}
            body = {"data": one.get("data", {})}
            got = self._answer(one["method"].upper(), one["relative_path"], params, body)
            found.append(
                {"status_code": got.status_code, "headers": {}, "body": json.loads(got.content or b"{}")}
            )
        return answer({"data": found})

    def _answer(self, method: str, path: str, params: dict[str, str], body: Any) -> httpx2.Response:
        found = self._answers.get(f"{method} {path}")
        if callable(found):
            found = found(params, body)
        if found is None:
            last = path.rstrip("/").rsplit("/", 1)[-1]
            return answer({"errors": [{"message": f"task: Not a recognized ID: {last}"}]}, 404)
        return found if isinstance(found, httpx2.Response) else answer(found)

    def bodies(self, method: str, path: str) -> list[Any]:
        """Decoded bodies of the requests to a path."""
        return [
            _body(one)
            for one in self.requests
            if one.method == method and one.url.path == f"/api/1.0{path}" and one.content
        ]


def _body(request: httpx2.Request) -> Any:
    return json.loads(request.content) if request.content else None


def scripted(
    server: Callable[[httpx2.Request], httpx2.Response], *, timing: Timing | None = None, **given: Any
) -> AsanaProvider:
    """A client of a scripted server; its token, and so its quota, is its own."""
    return AsanaProvider(
        config(**{"api_token": own_token(), **given}), transport=httpx2.MockTransport(server), timing=timing
    )
