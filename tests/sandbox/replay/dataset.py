"""The instance as it was before the first step, rebuilt from what the recordings show of it.

Nothing of it is stored here: names, texts and values are read from the recorded answers. Only what no answer
shows (which modules a project has, the fields of rows that appear only as links) is filled in.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

from pm_providers.sandbox.openproject.records import (
    CustomField,
    CustomOption,
    Membership,
    Principal,
    Project,
    Relation,
    Version,
    WorkPackage,
)
from pm_providers.sandbox.openproject.state import State
from tests.sandbox.replay.recordings import SELF, Recording, resources

__all__ = ["KEYS", "seed"]

KEYS = {name: f"key-{name}" for name in ("admin", "alice", "bob", "carol", "nina", "wrong")}
STAMP = datetime(2026, 11, 23, 0, 37, 10, tzinfo=UTC)
SYSTEM, ADMIN, GROUP = 1, 3, 9
USERS = {"alice": 5, "bob": 6, "carol": 7, "nina": 8}
DEMO_PROJECTS, DEMO_WORK_PACKAGES, DEMO_VERSIONS = (1, 2), range(1, 34), (1, 2, 3, 4)
FIRST_OF_SECOND_PROJECT = 11
FORMATS = {
    "Formattable": "text",
    "String": "string",
    "CustomOption": "list",
    "[]CustomOption": "list",
    "Integer": "int",
    "Float": "float",
    "Boolean": "bool",
    "Date": "date",
    "User": "user",
    "Version": "version",
}
CUSTOM_FIELD = re.compile(r"customField\d+")
OWNERS = {12: "Project", 13: "User", 14: "Version", 15: "TimeEntry"}
# Demo work packages that appear only as links, or not at all: values that make the totals of list 13 come
# out (8 New, 2 closed, 4 milestones, 4 open tasks, 17 due in December).
FILLED_NEW, FILLED_CLOSED = frozenset({7, 8, 9, 10, 13, 14, 15, 16}), frozenset({21, 22})
FILLED_MILESTONES, FILLED_TASKS = frozenset({10, 29, 31, 33}), frozenset({7, 8, 9, 13})
FILLED_UNDATED = frozenset({13, 14, 15, 16, 17, 18, 19})
NEW, IN_PROGRESS, CLOSED, TASK, MILESTONE, STORY = 1, 7, 12, 1, 2, 6


def seed(state: State, recordings: list[Recording]) -> None:
    """Fill an empty instance with accounts, demo projects and custom fields."""
    first: dict[tuple[str, int], dict[str, Any]] = {}
    for collection, key, body in resources(recordings):
        known = first.setdefault((collection, key), body)
        # the first view with all fields says most
        if len(body) > len(known) and collection != "work_packages":
            first[collection, key] = body
    titles = _titles(recordings)
    _users(state, first)
    _projects(state, first)
    _custom_fields(state, recordings, first)
    _work_packages(state, first, titles)
    for (collection, key), body in sorted(first.items()):
        if collection == "relations" and key < 100:
            _relation(state, key, body)
    state.relations.skip_to(146)
    state.categories.skip_to(2)
    state.attachments.skip_to(2)


def _stamps() -> dict[str, datetime]:
    return {"created": STAMP, "updated": STAMP}


def _titles(recordings: list[Recording]) -> dict[tuple[str, int], str]:
    found: dict[tuple[str, int], str] = {}

    def walk(value: Any) -> None:
        if isinstance(value, list):
            for part in value:
                walk(part)
        elif isinstance(value, dict):
            match = SELF.fullmatch(value["href"]) if isinstance(value.get("href"), str) else None
            title = value.get("title")
            if match and title and not title.startswith("Change parent") and "method" not in value:
                found.setdefault((match.group(1), int(match.group(2))), title)
            for part in value.values():
                walk(part)

    for recording in recordings:
        for step in recording.steps:
            walk(step.answer)
    return found


def _users(state: State, first: dict[tuple[str, int], dict[str, Any]]) -> None:
    for name, key in USERS.items():
        body = first["users", key]
        state.principals.put(
            Principal(
                id=key,
                login=name,
                first=body["firstName"],
                last=body["lastName"],
                email=body["email"],
                language=body["language"],
                **_stamps(),
            )
        )
        state.keys[KEYS[name]] = key
    state.keys[KEYS["admin"]] = ADMIN
    group = first["groups", GROUP]
    state.principals.put(Principal(id=GROUP, kind="Group", last=group["name"], **_stamps()))


def _projects(state: State, first: dict[tuple[str, int], dict[str, Any]]) -> None:
    modules = {1: frozenset({"github"}), 2: frozenset({"github", "backlogs"})}
    for key in DEMO_PROJECTS:
        body = first["projects", key]
        status = (body["_links"].get("status") or {}).get("href") or ""
        state.projects.put(
            Project(
                id=key,
                identifier=body["identifier"],
                name=body["name"],
                public=body["public"],
                description=body["description"]["raw"],
                status_code=status.rpartition("/")[2] or None,
                status_explanation=body["statusExplanation"]["raw"],
                type_ids=(1, 2, 3) if key == 1 else (1, 2, 3, 4, 5, 6, 7),
                modules=modules[key],
                **_stamps(),
            )
        )
        state.memberships.put(
            Membership(id=key, principal_id=ADMIN, role_ids=(3,), project_id=key, **_stamps())
        )
    for key in DEMO_VERSIONS:
        body = first["versions", key]
        state.versions.put(Version(id=key, name=body["name"], project_id=2, **_stamps()))


def _custom_fields(
    state: State, recordings: list[Recording], first: dict[tuple[str, int], dict[str, Any]]
) -> None:
    options: dict[int, list[int]] = {}
    for name, schema in _schemas(recordings).items():
        key = int(name.removeprefix("customField"))
        state.custom_fields.put(
            CustomField(
                id=key,
                name=schema["name"],
                owner=OWNERS.get(key, "WorkPackage"),
                format=FORMATS[schema["type"]],
                multi=schema["type"].startswith("[]"),
                max_length=schema.get("maxLength", 0),
                regexp=schema.get("regularExpression", ""),
                **_stamps(),
            )
        )
        for option in (schema.get("_embedded") or {}).get("allowedValues", ()):
            if option["_type"] == "CustomOption":
                options.setdefault(key, []).append(option["id"])
    for key, option_ids in sorted(options.items()):
        for position, option_id in enumerate(sorted(set(option_ids)), 1):
            value = first["custom_options", option_id]["value"]
            state.custom_options.put(
                CustomOption(id=option_id, field_id=key, value=value, position=position, **_stamps())
            )


def _schemas(recordings: list[Recording]) -> dict[str, dict[str, Any]]:
    """Schema entry by `customFieldN`, the one with most members."""
    found: dict[str, dict[str, Any]] = {}

    def walk(value: Any) -> None:
        if isinstance(value, list):
            for part in value:
                walk(part)
        elif isinstance(value, dict):
            for key, part in value.items():
                is_entry = CUSTOM_FIELD.fullmatch(key) and isinstance(part, dict) and "hasDefault" in part
                if is_entry and len(str(part)) > len(str(found.get(key, ""))):
                    found[key] = part
                walk(part)

    for recording in recordings:
        for step in recording.steps:
            walk(step.answer)
    return dict(sorted(found.items(), key=lambda item: int(item[0].removeprefix("customField"))))


def _work_packages(
    state: State, first: dict[tuple[str, int], dict[str, Any]], titles: dict[tuple[str, int], str]
) -> None:
    for key in DEMO_WORK_PACKAGES:
        body = first.get(("work_packages", key))
        if body is not None:
            state.work_packages.put(_work_package(key, body))
            continue
        title = titles.get(("work_packages", key), f"Demo {key}")
        second = key >= FIRST_OF_SECOND_PROJECT
        dated = key not in FILLED_UNDATED
        state.work_packages.put(
            WorkPackage(
                id=key,
                subject=title,
                project_id=2 if second else 1,
                type_id=_pick(key, (FILLED_MILESTONES, MILESTONE), (FILLED_TASKS, TASK)) or STORY,
                status_id=_pick(key, (FILLED_NEW, NEW), (FILLED_CLOSED, CLOSED)) or IN_PROGRESS,
                priority_id=8,
                author_id=SYSTEM,
                assignee_id=SYSTEM,
                start="2026-12-02" if dated else None,
                due="2026-12-03" if dated else None,
                version_id=3 if second and key < 27 else None,
                lock=1,
                **_stamps(),
            )
        )


def _pick(key: int, *choices: tuple[frozenset[int], int]) -> int | None:
    return next((value for keys, value in choices if key in keys), None)


def _work_package(key: int, body: dict[str, Any]) -> WorkPackage:
    links = body["_links"]

    def linked(name: str) -> int | None:
        href = (links.get(name) or {}).get("href")
        return int(href.rpartition("/")[2]) if href else None

    start = body.get("startDate", body.get("date"))
    due = body.get("dueDate", body.get("date"))
    return WorkPackage(
        id=key,
        subject=body["subject"],
        description=body["description"]["raw"],
        project_id=linked("project") or 1,
        type_id=linked("type") or 1,
        status_id=linked("status") or 1,
        priority_id=linked("priority") or 8,
        author_id=linked("author") or ADMIN,
        assignee_id=linked("assignee"),
        responsible_id=linked("responsible"),
        version_id=linked("version"),
        category_id=linked("category"),
        parent_id=linked("parent"),
        lock=body["lockVersion"],
        start=start,
        due=due,
        position=body.get("position"),
        done=body["percentageDone"],
        manual=body["scheduleManually"],
        **_stamps(),
    )


def _relation(state: State, key: int, body: dict[str, Any]) -> None:
    ends = {name: int(body["_links"][name]["href"].rpartition("/")[2]) for name in ("from", "to")}
    state.relations.put(
        Relation(
            id=key,
            kind=body["type"],
            from_id=ends["from"],
            to_id=ends["to"],
            lag=body.get("delay"),
            **_stamps(),
        )
    )
