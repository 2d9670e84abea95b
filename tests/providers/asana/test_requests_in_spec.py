"""What the provider asks for is in the vendor's document: addresses, parameters, fields, and bodies."""

from __future__ import annotations

import json
from datetime import date
from functools import cache
from typing import Any
from urllib.parse import parse_qsl

import yaml

from pm_providers import PMProject, PMSprint, PMTask, PMUser
from pm_providers.sandbox.kit.log import RequestRecord
from tests.providers.asana.site import Site
from tests.shared_material import need, spec_path

ROOT = "/api/1.0"
DAY = date(2026, 3, 5)


@cache
def _document() -> dict[str, Any]:
    text = need(spec_path("asana.yaml")).read_text("utf-8")
    found: dict[str, Any] = yaml.load(text, Loader=yaml.CSafeLoader)
    return found


def _part(value: Any) -> Any:
    if isinstance(value, dict) and "$ref" in value:
        found: Any = _document()
        for one in value["$ref"].removeprefix("#/").split("/"):
            found = found[one]
        return _part(found)
    return value


def _operation(method: str, path: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The operation of an address, and its parameters with those of its path."""
    parts = path.strip("/").split("/")
    fitting = []
    for known, item in _document()["paths"].items():
        names = known.strip("/").split("/")
        same = len(names) == len(parts) and all(
            one.startswith("{") or one == part for one, part in zip(names, parts, strict=True)
        )
        if same and method.lower() in item:
            fitting.append((known.count("{"), known, item))
    assert fitting, f"{method} {path} is in no document"
    _, _, item = min(fitting, key=lambda one: one[0])
    operation = item[method.lower()]
    return operation, [_part(one) for one in (*item.get("parameters", ()), *operation.get("parameters", ()))]


def _keys(schema: Any) -> dict[str, Any] | None:
    """Properties that an object may have; `None` where any may stand."""
    schema = _part(schema)
    found: dict[str, Any] = dict(schema.get("properties", {}))
    for one in schema.get("allOf", ()):
        found |= _keys(one) or {}
    return found or None


def _faults(method: str, path: str, params: dict[str, str], body: Any) -> list[str]:
    """What a call has that the document does not know, or misses."""
    operation, rows = _operation(method, path)
    known = {row["name"]: row for row in rows if row["in"] == "query"}
    found = [f"parameter {one}" for one in params if one not in known and not _is_filter(path, one)]
    found += [f"no {name}" for name, row in known.items() if row.get("required") and name not in params]
    allowed = known.get("opt_fields", {}).get("schema", {}).get("items", {}).get("enum")
    for one in filter(None, params.get("opt_fields", "").split(",")):
        base = one.removesuffix(".gid")
        if allowed is not None and base not in allowed and not _lists_own(base, allowed):
            found.append(f"field {one}")
    wanted = _part(operation.get("requestBody"))
    if body is not None and wanted is None:
        found.append("a body")
    if body is not None and wanted is not None:
        schema = _part(wanted["content"]["application/json"]["schema"])
        keys = _keys(schema["properties"]["data"])
        found += [f"key {one}" for one in body["data"] if keys is not None and one not in keys]
    return found


def _is_filter(path: str, name: str) -> bool:
    return path.endswith("/tasks/search") and name == "limit"


def _lists_own(field: str, allowed: list[str]) -> bool:
    """Whether a field of an object is asked for whose fields the document does not list one by one."""
    head = field.rpartition(".")[0]
    return bool(head) and head in allowed and not any(one.startswith(f"{head}.") for one in allowed)


def _check(one: RequestRecord) -> set[str]:
    path, params = one.path.removeprefix(ROOT), dict(parse_qsl(one.query, keep_blank_values=True))
    body = json.loads(one.request_body) if one.request_body else None
    if path != "/batch":
        assert _faults(one.method, path, params, body) == [], f"{one.method} {one.path}?{one.query} {body}"
        return {_operation(one.method, path)[0]["operationId"]}
    seen = {"createBatchRequest"}
    for action in body["data"]["actions"]:
        method, options = action["method"].upper(), action.get("options", {})
        assert set(options) <= {"fields", "limit", "offset"}
        assert "?" not in action["relative_path"]
        params = dict(action.get("data", {})) if method == "GET" else {}
        if options.get("fields"):
            params["opt_fields"] = ",".join(options["fields"])
        inner = {"data": action.get("data", {})} if method in {"POST", "PUT"} else None
        assert _faults(method, action["relative_path"], params, inner) == [], action
        seen.add(_operation(method, action["relative_path"])[0]["operationId"])
    assert len(body["data"]["actions"]) <= 10
    return seen


async def _everything(site: Site) -> None:
    async with site.provider() as provider:
        days = {"start_date": DAY, "end_date": date(2026, 3, 20)}
        made = await provider.create_project(PMProject(name="New", description="d", is_public=True, **days))
        await provider.update_project(made.id, {"name": "Newer", "status": "archived", "description": "*e*"})
        await provider.list_projects(include_archived=True)
        sprint = await provider.create_sprint(
            PMSprint(name="Sprint 1", project_id=site.project, goal="g", **days)
        )
        await provider.update_sprint(sprint.id, {"goal": "h", "status": "closed"})
        await provider.list_sprints(site.project)
        task = await provider.create_task(
            PMTask(
                title="x",
                project_id=site.project,
                description="**b**",
                status="in_progress",
                priority="high",
                estimated_hours=2.0,
                story_points=3.0,
                sprint_id=sprint.id,
                start_date=DAY,
                due_date=date(2026, 3, 9),
                type="Approval",
                custom_fields={"Cost": 1.5, "Platforms": ["Linux"], "Launch": DAY, "Stage": "In review"},
            )
        )
        child = await provider.create_task(PMTask(title="c", project_id=site.project, parent_task_id=task.id))
        await provider.update_task(child.id, {"status": "blocked", "parent_task_id": None})
        await provider.update_task(
            task.id, {"status": "completed", "title": "y", "sprint_id": None, "custom_fields": {"Note": "n"}}
        )
        await provider.update_task(task.id, {"project_id": site.new_project("Other", "Open", "Done")})
        await provider.update_task(task.id, {"title": "z", "assignee_id": site.me})
        await provider.list_tasks(site.project)
        await provider.list_tasks(assignee_id="me")
        await provider.list_tasks(sprint_id=sprint.id)
        await provider.list_tasks()
        await provider.search_tasks("x", project_id=site.project)
        batch = await provider.create_tasks([PMTask(title="b", project_id=site.project, status="todo")] * 12)
        await provider.update_tasks([(one.id, {"status": "Done", "title": "n"}) for one in batch.items])
        page = await provider.changes(site.project)
        await provider.delete_tasks([one.id for one in batch.items])
        await provider.changes(site.project, page.cursor)
        for operation in ("statuses", "types", "fields"):
            await getattr(provider, f"list_{operation}")()
            await getattr(provider, f"list_{operation}")(site.project)
        await provider.list_priorities()
        await provider.list_transitions(task.id)
        await provider.list_users()
        await provider.list_users(site.project)
        guest = await provider.create_user(PMUser("", "Ben", "ben@example.com"))
        await provider.update_user("me", {"name": "Ada Lovelace"})
        await provider.get_user("ben@example.com")
        await provider.delete_user(guest.id)
        await provider.delete_task(task.id)
        await provider.delete_sprint(sprint.id)
        await provider.delete_project(made.id)


async def test_every_request_is_documented() -> None:
    site = Site()
    _document()
    await _everything(site)
    seen: set[str] = set()
    for one in site.box.log:
        seen |= _check(one)
    assert len(seen) >= 30, sorted(seen)
