"""The same commands against a served OpenProject sandbox; errors come from its faults."""

from __future__ import annotations

import pytest


def test_lists_and_writes(cli, openproject):
    projects = cli("projects", "list", "--json").json
    assert projects
    made = cli("tasks", "create", "--title", "From the shell", "--project", projects[0]["id"], "--json").json
    changed = cli("tasks", "update", made["id"], "--status", "in_progress", "--json").json
    assert changed["status"] == "in_progress"
    assert changed["version"] != made["version"]
    assert cli("health", "--json").json["ok"] is True
    table = cli("tasks", "list", "--project", projects[0]["id"])
    assert "From the shell" in table.out


@pytest.mark.parametrize(
    ("fault", "code", "kind"),
    [
        ("401", 4, "AuthenticationError"),
        ("403", 4, "PermissionDeniedError"),
        ("429;retry_after=100000", 8, "RateLimitedError"),
        ("500", 10, "ProviderError"),
        ("html", 10, "ProviderError"),
        ("truncated", 10, "ProviderError"),
    ],
)
def test_faults(cli, openproject, fault, code, kind):
    openproject.faults.add(fault)
    error = cli("projects", "list", "--json", code=code).error
    assert error["type"] == kind
    assert (
        openproject.settings["OPENPROJECT_API_KEY"] not in cli("projects", "list", "--debug", code=code).err
    )


def test_nobody_listens(cli, openproject, monkeypatch):
    monkeypatch.setenv("OPENPROJECT_URL", "http://127.0.0.1:9")
    found = cli("health", "--json", code=10)
    assert found.json["ok"] is False
    assert found.json["error"]["type"] == "TransportError"
    assert found.error["type"] == "TransportError"


def test_a_wrong_key(cli, openproject, monkeypatch):
    monkeypatch.setenv("OPENPROJECT_API_KEY", "wrong-key-wrong-key")
    found = cli("projects", "list", code=4)
    assert found.err.startswith("error: openproject")
    assert "wrong-key" not in found.err
    assert "config show" in found.err


def test_unsupported_is_refused_by_name(cli, openproject):
    project = cli("projects", "list", "--json").json[0]["id"]
    error = cli("labels", "create", "--name", "x", "--project", project, "--json", code=9).error
    assert error["type"] == "UnsupportedError"
    assert error["operation"] == "create_label"


def test_copy_into_the_internal_database(cli, openproject):
    project = cli("projects", "list", "--json").json[0]
    found = cli("copy", project["key"], "--to", "internal", "--create-users", "--json").json
    assert list(found) == [
        "source", "target", "project_id", "target_project_id", "ok", "read", "created", "matched", "left_out",
        "altered", "failed", "unmatched_users",
    ]  # fmt: skip
    assert found["ok"] is True
    assert found["read"]["tasks"] == found["created"]["tasks"] > 0
    there = cli("tasks", "list", "-p", "internal", "--project", found["target_project_id"], "--json").json
    assert len(there) == found["created"]["tasks"]
    routine = {one["field"] for one in found["left_out"] if one["is_routine"]}
    assert {"created_at", "updated_at", "url"} <= routine
    assert not routine & {"is_admin", "description", "assignee_id"}
    shown = cli("copy", project["key"], "--from", "openproject", "--to", "internal")
    assert "Held differently" in shown.out
    assert "Set by internal itself: url, created_at, updated_at" in shown.out
    assert "created_at (" not in shown.out


def test_a_copy_without_users_says_how_to_get_them(cli, openproject):
    shown = cli("copy", "webshop-relaunch", "--to", "internal")
    assert "the target has no such user" in shown.err
    assert "--create-users creates" in shown.err
    assert (
        "--create-users creates" not in cli("copy", "office-move", "--to", "internal", "--create-users").err
    )


def test_custom_fields_take_the_type_that_the_system_gives_them(cli, openproject):
    fields = {one["name"]: one for one in cli("fields", "--json").json if one["is_custom"]}
    assert fields["Platforms"]["is_multiple"]
    tasks = cli("tasks", "list", "--json").json
    task = next(one for one in tasks if len(one["custom_fields"].get("Platforms") or ()) > 1)
    first, second = task["custom_fields"]["Platforms"][:2]
    arguments = ("tasks", "update", task["id"], "--json", "--set", f"Platforms={second}")
    assert cli(*arguments).json["custom_fields"]["Platforms"] == [second]
    both = cli(*arguments, "--set", f"Platforms={first}").json["custom_fields"]["Platforms"]
    assert sorted(both) == sorted([first, second])
    assert "Platforms" in cli(*arguments[:-1], "Platforms=Toaster", code=6).error["message"]
