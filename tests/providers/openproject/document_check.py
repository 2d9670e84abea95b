"""Requests against what the vendor publishes: its OpenAPI document, and what a real server accepted.

The sandbox is ours, so that it accepts a request proves little. Here a request counts as known only when the
document describes it, or a recorded exchange shows that a real server took it and acted on it.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from email.parser import BytesParser
from email.policy import HTTP
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import httpx2
import yaml

from tests.providers.openproject.support import all_recordings
from tests.sandbox.spec_document import SpecDocument

__all__ = ["Recorder", "RequestCheck", "Sent", "load_check"]

WRITES = frozenset({"POST", "PATCH", "DELETE"})
SEARCHED_LIKE = {"/api/v3/projects/{id}/work_packages": "/api/v3/work_packages"}
"""Lists whose description leaves out the names that another list of the same things gives."""


@dataclass(frozen=True, slots=True)
class Sent:
    """A request and its answer. `operation` is the public operation that sent it."""

    operation: str
    method: str
    path: str
    query: tuple[tuple[str, str], ...]
    headers: Mapping[str, str]
    content: bytes
    status: int = 200
    answer: Any = None

    @property
    def changes(self) -> bool:
        """Whether it writes: forms are posted, but only ask."""
        return self.method in WRITES and not self.path.endswith("/form")

    def json(self) -> Any:
        """The body, `None` without one."""
        return json.loads(self.content) if self.content else None


class Recorder(httpx2.AsyncBaseTransport):
    """Remembers what goes through it, under the operation that is set."""

    def __init__(self, inner: httpx2.AsyncBaseTransport) -> None:
        self._inner = inner
        self.operation = ""
        self.sent: list[Sent] = []

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        content = await request.aread()
        answer = await self._inner.handle_async_request(request)
        body = await answer.aread()
        decoded = json.loads(body) if body and "json" in answer.headers.get("content-type", "") else None
        query = tuple(parse_qsl(request.url.query.decode(), keep_blank_values=True, strict_parsing=False))
        self.sent.append(
            Sent(
                self.operation,
                request.method,
                request.url.path.rstrip("/"),
                query,
                {name.lower(): value for name, value in request.headers.items()},
                content,
                answer.status_code,
                decoded,
            )
        )
        return httpx2.Response(answer.status_code, headers=answer.headers, content=body)


@dataclass(slots=True)
class Evidence:
    """What a real server accepted: per list (name, operator) of filters and columns, per write its names."""

    filters: dict[str, set[tuple[str, str]]] = field(default_factory=dict)
    sorts: dict[str, set[str]] = field(default_factory=dict)
    names: dict[str, set[str]] = field(default_factory=dict)


class RequestCheck:
    """Findings about requests and answers, as lines `METHOD template: what is unknown`."""

    def __init__(self, document: dict[str, Any]) -> None:
        self._document = document
        self._spec = SpecDocument(document)
        tags = {tag["name"]: tag["description"] for tag in document["tags"]}
        self._operators = set(re.findall(r"^\| `(\S+)`", tags["Filters"], re.MULTILINE))
        self._recorded = self._evidence()

    def request(self, sent: Sent) -> Iterator[str]:
        """What neither the document nor a recording knows."""
        template = self._spec.path_of(sent.path)
        operation = self._operation(template, sent.method)
        place = f"{sent.method} {template or re.sub(r'/[0-9]+(?=/|$)', '/{id}', sent.path)}"
        if operation is None:
            yield f"{place}: operation"
        for what in (
            *self._headers(sent),
            *self._query(sent, template, operation or {}),
            *self._body(sent, template, operation or {}),
        ):
            yield f"{place}: {what}"
        if operation and not _is_multipart(sent):
            yield from map(str, self._spec.check_request(sent.method, sent.path, sent.json()))

    def answer(self, sent: Sent) -> Iterator[str]:
        """Where the answer is not what the document promises. `select` cuts, so nothing is missing then."""
        if sent.path.endswith("/content"):
            return
        cut = "select" in dict(sent.query)
        for found in self._spec.check_answer(sent.method, sent.path, sent.status, sent.answer):
            if not (cut and found.message.endswith("is a required property")):
                yield str(found)

    # parts of a request

    def _headers(self, sent: Sent) -> Iterator[str]:
        if not sent.headers.get("authorization", "").startswith(("Basic ", "Bearer ")):
            yield "header authorization"
        kind = sent.headers.get("content-type", "")
        expected = "multipart/form-data; boundary=" if _is_upload(sent) else "application/json"
        if sent.method in WRITES and not kind.startswith(expected):
            yield f"header content-type {kind!r}"
        if sent.method not in WRITES and sent.content:
            yield "a body"

    def _query(self, sent: Sent, template: str | None, operation: dict[str, Any]) -> Iterator[str]:
        known = {one["name"]: one for one in self._parameters(operation) if one["in"] == "query"}
        place = SEARCHED_LIKE.get(template or "", template or "")
        for name, value in sent.query:
            if name not in known:
                yield f"parameter {name}"
            text = self._description(known.get(name), place, name)
            if name == "filters":
                yield from self._filters(place, text, json.loads(value))
            elif name == "sortBy":
                columns = _bullets(text) | self._recorded.sorts.get(place, set())
                columns |= set(re.findall(r'\["(\w+)", "asc"\]', text))
                yield from (f"sort {one}" for one, _ in json.loads(value) if one not in columns)
            elif name == "select":
                selected = {*re.findall(r"[\w/]+", text.rpartition("include.")[2]), "total"}
                yield from (f"select {one}" for one in value.split(",") if one not in selected)

    def _filters(self, place: str, text: str, conditions: Iterable[dict[str, Any]]) -> Iterator[str]:
        documented = {_snake(one) for one in _bullets(text)}
        recorded = self._recorded.filters.get(place, set())
        for condition in conditions:
            for name, body in condition.items():
                how = body["operator"]
                if name in {one for one, _ in recorded}:
                    known = (name, how) in recorded
                else:
                    known = _snake(name) in documented and how in self._operators
                if not known:
                    yield f"filter {name} {how}"

    def _body(self, sent: Sent, template: str | None, operation: dict[str, Any]) -> Iterator[str]:
        if _is_multipart(sent):
            yield from _multipart(sent)
            return
        body = sent.json()
        if body is None:
            return
        content = operation.get("requestBody", {}).get("content", {})
        schema = content.get("application/json", {}).get("schema", {})
        properties = self._properties(schema)
        links = self._properties(properties.get("_links", {}))
        names = {*properties, *(f"_links.{one}" for one in links), "_links"}
        names |= self._recorded.names.get(f"{sent.method} {template}", set())
        yield from (f"property {one}" for one in _names(body) if one not in names)
        yield from _shapes(body)

    # the document

    def _operation(self, template: str | None, method: str) -> dict[str, Any] | None:
        found: dict[str, Any] | None = self._document["paths"].get(template or "", {}).get(method.lower())
        return found

    def _resolved(self, value: dict[str, Any]) -> dict[str, Any]:
        while "$ref" in value:
            found: Any = self._document
            for part in value["$ref"].removeprefix("#/").split("/"):
                found = found[part.replace("~1", "/").replace("~0", "~")]
            value = found
        return value

    def _parameters(self, operation: dict[str, Any]) -> list[dict[str, Any]]:
        return [self._resolved(one) for one in operation.get("parameters", ())]

    def _description(self, parameter: dict[str, Any] | None, place: str, name: str) -> str:
        """Text that lists the names, with the example; that of the list of the same things where there is."""
        others = self._parameters(self._operation(place, "GET") or {})
        found = next((one for one in others if one["name"] == name), parameter)
        return f"{found.get('description', '')}\n{found.get('example', '')}" if found else ""

    def _properties(self, schema: dict[str, Any]) -> dict[str, Any]:
        schema = self._resolved(schema)
        found: dict[str, Any] = {}
        for key in ("allOf", "anyOf", "oneOf"):
            for one in schema.get(key, ()):
                found |= self._properties(one)
        return found | schema.get("properties", {})

    # recordings

    def _evidence(self) -> Evidence:
        found = Evidence()
        for _, step in all_recordings():
            request, answer = step.get("request"), step.get("response")
            if not request or not answer or "direction" in step or not 200 <= answer["status"] < 300:
                continue
            template = self._spec.path_of(request["path"])
            place = SEARCHED_LIKE.get(template or "", template or "")
            query = request["query"] if isinstance(request["query"], dict) else {}
            for condition in _decoded(query.get("filters")):
                for name, body in condition.items():
                    found.filters.setdefault(place, set()).add((name, str(body.get("operator"))))
            columns = {one[0] for one in _decoded(query.get("sortBy")) if isinstance(one, list) and one}
            found.sorts.setdefault(place, set()).update(columns)
            names = found.names.setdefault(f"{request['method']} {template}", set())
            names |= _acted_on(request["body"], answer["body"])
        return found


def _decoded(text: str | None) -> list[Any]:
    try:
        found = json.loads(text or "[]")
    except ValueError:
        return []
    return [one for one in found if isinstance(one, dict | list)] if isinstance(found, list) else []


def _acted_on(body: Any, answer: Any) -> set[str]:
    """Names of a request that the answer shows too: unknown ones are ignored, and accepted all the same."""
    if not isinstance(body, dict) or not isinstance(answer, dict):
        return set()
    payload = answer.get("_embedded", {}).get("payload")
    shown = {*_names(answer), *(_names(payload) if isinstance(payload, dict) else ())}
    return {one for one in _names(body) if one in shown}


def _names(body: Mapping[str, Any]) -> list[str]:
    """Names of a body, custom fields as `customFieldN`: their numbers differ by installation."""
    links = body.get("_links")
    inner = [f"_links.{one}" for one in links] if isinstance(links, dict) else []
    names = [*(one for one in body if one != "_links"), *inner]
    return [re.sub(r"(?<=customField)[0-9]+", "N", one) for one in names]


def _shapes(body: Mapping[str, Any]) -> Iterator[str]:
    """References are `{"href"}`, or lists of them; texts are written by `raw`."""
    for name, value in body.get("_links", {}).items():
        for one in value if isinstance(value, list) else [value]:
            if not isinstance(one, dict) or set(one) != {"href"}:
                yield f"shape of link {name}"
    for name, value in body.items():
        if isinstance(value, dict) and name != "_links" and set(value) != {"raw"}:
            yield f"shape of {name}"


def _is_upload(sent: Sent) -> bool:
    return sent.method == "POST" and sent.path.endswith("/attachments")


def _is_multipart(sent: Sent) -> bool:
    return sent.headers.get("content-type", "").startswith("multipart/")


def _multipart(sent: Sent) -> Iterator[str]:
    """Exactly `metadata`, JSON with the name and perhaps a description, and `file` (the document's text)."""
    head = f"content-type: {sent.headers['content-type']}\r\n\r\n".encode()
    parts = list(BytesParser(policy=HTTP).parsebytes(head + sent.content).iter_parts())
    names = [part.get_param("name", header="content-disposition") for part in parts]
    if names != ["metadata", "file"]:
        yield f"parts {names}"
        return
    if parts[0].get_content_type() != "application/json":
        yield "type of part metadata"
    if not parts[1].get_filename():
        yield "file name of part file"
    meta = json.loads(parts[0].get_payload(decode=True))
    yield from (f"metadata {one}" for one in meta if one not in {"fileName", "description"})
    yield from _shapes(meta)


def _bullets(text: str) -> set[str]:
    return set(re.findall(r"^\s*[-+*] (\w+)", text, re.MULTILINE))


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z])([A-Z])", lambda found: f"_{found[1].lower()}", name)


@functools.cache
def load_check(path: Path) -> RequestCheck:
    """Read the document; dates in its examples become texts."""
    document = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)  # a safe loader
    return RequestCheck(json.loads(json.dumps(document, default=str)))
