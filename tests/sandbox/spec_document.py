"""The vendor's OpenAPI document as a validator of requests and answers."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

__all__ = ["Finding", "SpecDocument", "load_document", "load_spec", "type_or_null"]

NAME = "urn:vendor:openproject"


@dataclass(frozen=True, slots=True)
class Finding:
    """One disagreement: the operation, where in the body, and what the document says."""

    operation: str
    where: str
    message: str

    def __str__(self) -> str:
        return f"{self.operation} {self.where}: {self.message}"


class SpecDocument:
    """Looks up operations and checks bodies against their schemas."""

    def __init__(self, document: dict[str, Any]) -> None:
        self._document = document
        resource = Resource(contents=document, specification=DRAFT202012)
        self._registry = Registry().with_resource(NAME, resource)
        self._paths = [(_pattern(path), path) for path in document["paths"]]
        # fixed parts before named ones
        self._paths.sort(key=lambda pair: pair[1].count("{"))

    def path_of(self, path: str) -> str | None:
        """The documented path that a real one belongs to, None without one."""
        return next((known for pattern, known in self._paths if pattern.fullmatch(path)), None)

    def operations(self) -> set[tuple[str, str]]:
        """Method in capitals and documented path of all operations."""
        known = {"get", "put", "post", "patch", "delete", "head", "options"}
        paths = self._document["paths"].items()
        return {(name.upper(), path) for path, found in paths for name in found if name in known}

    def check_answer(self, method: str, path: str, status: int, body: Any) -> list[Finding]:
        """Findings about an answer: unknown operation or status, body against its schema."""
        known = self.path_of(path)
        operation = f"answer {method} {known or path}"
        if known is None or method.lower() not in self._document["paths"][known]:
            return [Finding(operation, "", "not documented")]
        answers = self._document["paths"][known][method.lower()]["responses"]
        if str(status) not in answers:
            return [Finding(operation, "", f"status {status} is not documented")]
        answer, place = self._resolved(answers[str(status)], known, method, str(status))
        content = answer.get("content", {})
        media = next((m for m, described in content.items() if "json" in m and "schema" in described), None)
        if media is None or body is None:
            return []
        pointer = f"{place}/content/{_escape(media)}/schema"
        return [Finding(operation, *error) for error in self._errors(pointer, body)]

    def check_request(self, method: str, path: str, body: Any) -> list[Finding]:
        """Findings about a request body."""
        known = self.path_of(path)
        operation = f"request {method} {known or path}"
        spec = self._document["paths"].get(known or "", {}).get(method.lower(), {})
        media = next((m for m in spec.get("requestBody", {}).get("content", {}) if "json" in m), None)
        if body is None or media is None or "schema" not in spec["requestBody"]["content"][media]:
            return []
        place = f"#/paths/{_escape(known or '')}/{method.lower()}/requestBody/content/{_escape(media)}/schema"
        return [Finding(operation, *error) for error in self._errors(place, body)]

    def _resolved(self, answer: dict[str, Any], known: str, method: str, status: str) -> tuple[Any, str]:
        if "$ref" not in answer:
            return answer, f"#/paths/{_escape(known)}/{method.lower()}/responses/{status}"
        place = answer["$ref"]
        found: Any = self._document
        for part in place.removeprefix("#/").split("/"):
            found = found[part.replace("~1", "/").replace("~0", "~")]
        return found, place

    def _errors(self, pointer: str, body: Any) -> list[tuple[str, str]]:
        validator = Draft202012Validator({"$ref": NAME + pointer}, registry=self._registry)
        found = []
        for error in validator.iter_errors(body):
            cause = best_match([error]) or error
            where = re.sub(r"\[\d+\]", "[]", cause.json_path).removeprefix("$")
            found.append((where, cause.message[:160]))
        return sorted(set(found))


def _pattern(path: str) -> re.Pattern[str]:
    parts = re.split(r"\{[^}]+\}", path)
    return re.compile("[^/]+".join(re.escape(part) for part in parts))


def _escape(part: str) -> str:
    return part.replace("~", "~0").replace("/", "~1").replace("{", "%7B").replace("}", "%7D")


@functools.cache
def load_spec(path: Path) -> SpecDocument:
    """Read the document; dates in its examples become texts."""
    document = yaml.load(path.read_text(), Loader=yaml.CSafeLoader)  # a safe loader
    return SpecDocument(json.loads(json.dumps(document, default=str)))


Schema = dict[str, Any]


def type_or_null(schema: Schema) -> Schema:
    """What `nullable` says, as JSON Schema says it."""
    if isinstance(schema.get("type"), str):
        schema["type"] = [schema["type"], "null"]
    return schema


@functools.cache
def load_document(path: Path, or_null: Callable[[Schema], Schema] = type_or_null) -> SpecDocument:
    """A document in JSON, in which schemas that are `nullable` are what `or_null` makes of them."""

    def plain(value: Any) -> Any:
        if isinstance(value, list):
            return [plain(part) for part in value]
        if not isinstance(value, dict):
            return value
        found = {key: plain(part) for key, part in value.items()}
        return or_null(found) if found.pop("nullable", None) is True else found

    return SpecDocument(plain(json.loads(path.read_text())))
