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


def test_members_come_and_go(cli, openproject):
    project = cli("projects", "create", "--name", "Members", "--json").json["id"]
    user = cli("users", "create", "--name", "Ada Lee", "--email", "ada.lee@example.com", "--json").json["id"]
    arguments = ("memberships", "add", "--project", project, "--user", user, "--role", "reader")
    made = cli(*arguments, "--json").json
    assert (made["project_id"], made["user_id"], made["roles"]) == (project, user, ["Reader"])
    assert cli(*arguments, "--json", code=7).error["type"] == "ConflictError"
    changed = cli("memberships", "update", made["id"], "--role", "Member", "--role", "Reader", "--json").json
    assert sorted(changed["roles"]) == ["Member", "Reader"]
    assert "Ada Lee" in cli("memberships", "list", "--project", project).out
    error = cli("memberships", "update", made["id"], "--role", "Boss", "--json", code=6).error
    assert "there is: Project admin, Member, Reader" in error["fields"]["roles"]
    assert cli("memberships", "remove", made["id"], "--yes", "--json").json == [
        {"id": made["id"], "deleted": True}
    ]
    assert user not in {
        one["user_id"] for one in cli("memberships", "list", "--project", project, "--json").json
    }


def test_watchers_come_and_go(cli, openproject):
    task = cli("tasks", "list", "--json").json[0]
    user = cli("memberships", "list", "--project", task["project_id"], "--json").json[0]["user_id"]
    cli("watchers", "remove", user, "--task", task["id"], "-q")
    arguments = ("watchers", "add", user, "--task", task["id"])
    assert cli(*arguments, "--json").json == [{"id": user, "added": True}]
    assert "watches the task already" in cli(*arguments).err
    assert user in {one["id"] for one in cli("watchers", "list", "--task", task["id"], "--json").json}
    assert f"removed watcher {user}" in cli("watchers", "remove", user, "--task", task["id"]).out
    assert cli("watchers", "remove", user, "--task", task["id"], "--json").json == [
        {"id": user, "removed": False}
    ]
    assert cli("watchers", "list", "--task", "999999", "--json", code=5).error["type"] == "NotFoundError"


def test_the_internal_database_has_neither(cli, openproject):
    for words in (("memberships", "list", "--project", "1"), ("watchers", "list", "--task", "1")):
        error = cli("-p", "internal", *words, "--json", code=9).error
        assert error["type"] == "UnsupportedError"
