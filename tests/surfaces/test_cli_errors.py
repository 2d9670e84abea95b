"""Exit codes, error lines, JSON errors: what scripts rely on."""

from __future__ import annotations

import pytest

from pm_providers import errors
from pm_providers.surfaces.cli.failures import ExitCode, UsageError, describe, exit_code, leaf, one_line

ERROR_KEYS = [
    "type", "message", "exit_code", "provider", "operation", "retryable", "maybe_applied", "status",
    "request_id", "fields", "setting", "example", "retry_after_s", "current_version",
]  # fmt: skip


def test_the_codes_are_a_promise():
    assert {code.name: code.value for code in ExitCode} == {
        "OK": 0, "UNEXPECTED": 1, "USAGE": 2, "CONFIGURATION": 3, "PERMISSION": 4, "NOT_FOUND": 5,
        "VALIDATION": 6, "CONFLICT": 7, "RATE_LIMITED": 8, "UNSUPPORTED": 9, "PROVIDER": 10,
        "INTERRUPTED": 130,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.ConfigurationError("x"), 3),
        (errors.AuthenticationError("x"), 4),
        (errors.PermissionDeniedError("x"), 4),
        (errors.NotFoundError("x"), 5),
        (errors.ValidationError("x"), 6),
        (errors.ConflictError("x"), 7),
        (errors.RateLimitedError("x"), 8),
        (errors.UnsupportedError("x"), 9),
        (errors.TransportError("x"), 10),
        (errors.ProviderError("x"), 10),
        (errors.PMError("x"), 1),
        (ZeroDivisionError("x"), 1),
        (UsageError("x"), 2),
        (KeyboardInterrupt(), 130),
    ],
)
def test_every_error_has_its_code_and_the_same_keys(error, code):
    assert exit_code(error) == code
    described = describe(error)
    assert list(described) == ERROR_KEYS
    assert described["exit_code"] == code


def test_groups_show_their_first_error():
    inner = errors.NotFoundError("gone")
    assert leaf(BaseExceptionGroup("all", [ExceptionGroup("some", [inner]), KeyboardInterrupt()])) is inner


def test_lines_say_what_to_do():
    lost = errors.TransportError("connection dropped", maybe_applied=True)
    assert "look before repeating" in one_line(lost)
    assert "try again in 30 s" in one_line(errors.RateLimitedError("quota used up", retry_after_s=30.2))
    assert one_line(errors.ConfigurationError("bad", setting="X", example="1")) == "bad; for example X=1"


@pytest.mark.parametrize(
    ("arguments", "code", "text"),
    [
        (("taks", "list"), 2, "taks"),
        (("tasks", "list", "--colour"), 2, "--colour"),
        (("tasks", "get"), 2, "ID"),
        (("tasks", "create", "--title", "X"), 2, "--project"),
        (("tasks", "create", "--title", "X", "--project", "P", "--due-date", "soon"), 2, "YYYY-MM-DD"),
        (("tasks", "list", "--limit", "-1"), 2, "--limit"),
        (("sandbox", "jirra"), 2, "openproject"),
        (("sandbox", "openproject", "--quota", "many"), 2, "N/SECONDS"),
        (("sandbox", "openproject", "--dataset", "huge"), 2, "demo"),
        (("sandbox", "openproject", "--fault", "599"), 2, "599"),
        (("tasks", "list", "--provider", "openprojct"), 3, "openproject"),
        (("health", "-p", "openproject"), 3, "OPENPROJECT_URL"),
        (("db", "upgrade", "--revision", "9999"), 3, "0001"),
        (("tasks", "get", "nope"), 5, "nope"),
        (("tasks", "update", "nope", "--title", "X"), 5, "nope"),
        (("tasks", "list", "--project", "nope"), 5, "nope"),
        (("tasks", "create", "--title", "X", "--project", "nope"), 6, "project_id"),
        (("tasks", "list", "--status", "someday"), 6, "someday"),
        (("projects", "create", "--name", " "), 6, "name"),
        (
            ("projects", "create", "--name", "X", "--start-date", "2026-02-01", "--end-date", "2026-01-01"),
            6,
            "end_date",
        ),
        (("copy", "nope", "--to", "internal"), 5, "nope"),
    ],
)
def test_mistakes(cli, arguments, code, text):
    found = cli(*arguments, code=code)
    assert found.out == ""
    [line] = [one for one in found.err.splitlines() if one and not one.startswith("copying within")]
    assert line.startswith("error: ")
    assert text in line
    described = cli(*arguments, "--json", "--quiet", code=code).error
    assert list(described) == ERROR_KEYS
    assert described["exit_code"] == code


def test_a_stale_version_is_a_conflict(cli, make):
    project = make("project", name="P")
    task = make("task", title="X", project=project)
    version = cli("tasks", "get", task, "--json").json["version"]
    cli("tasks", "update", task, "--title", "Y", "--expected-version", version)
    error = cli(
        "tasks", "update", task, "--title", "Z", "--expected-version", version, "--json", code=7
    ).error
    assert (error["type"], error["operation"]) == ("ConflictError", "update_task")
    assert error["current_version"] != version
    assert cli("tasks", "get", task, "--json").json["title"] == "Y"


def test_json_of_a_validation_error_names_the_fields(cli):
    error = cli("tasks", "create", "--title", " ", "--project", "p", "--json", code=6).error
    assert error["type"] == "ValidationError"
    assert error["fields"] == {"title": "is required and may not be empty"}
    assert (error["provider"], error["operation"]) == ("internal", "create_task")


def test_unexpected_errors_are_one_line_and_a_traceback_only_with_debug(cli, monkeypatch):
    from pm_providers.registry import provider_class

    def broken(self, query):
        raise ZeroDivisionError("oh no")

    monkeypatch.setattr(provider_class("internal"), "_iter_tasks", broken)
    found = cli("tasks", "list", code=1)
    assert found.err == "error: unexpected ZeroDivisionError: oh no; --debug shows the traceback\n"
    assert "Traceback" in cli("tasks", "list", "--debug", code=1).err
    assert "Traceback" in cli("--debug", "tasks", "list", code=1).err


def test_interrupts_end_with_130(cli, monkeypatch):
    from pm_providers.registry import provider_class

    def interrupted(self, query):
        raise KeyboardInterrupt

    monkeypatch.setattr(provider_class("internal"), "_iter_tasks", interrupted)
    assert cli("tasks", "list", code=130).err == "error: interrupted\n"
    assert cli("tasks", "list", "--json", code=130).error["type"] == "Interrupted"


def test_a_group_without_command_shows_its_help(cli):
    found = cli("tasks", code=2)
    assert "Usage: pm-providers tasks" in found.out
    assert "error" not in found.err
    assert "Usage: pm-providers" in cli(code=2).out
