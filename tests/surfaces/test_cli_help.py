"""Every command explains itself within 80 columns."""

from __future__ import annotations

import pytest
import typer.main

from pm_providers.model import Entity
from pm_providers.surfaces.cli.app import app
from pm_providers.surfaces.cli.options import field_options, settable


def _paths(command, path=()):
    yield path
    for name, inner in getattr(command, "commands", {}).items():
        yield from _paths(inner, (*path, name))


PATHS = list(_paths(typer.main.get_command(app)))


def test_the_commands_are_a_promise():
    full = {"list", "get", "create", "update", "delete"}
    found = {
        path[0]: {one[1] for one in PATHS if len(one) == 2 and one[0] == path[0]} for path in PATHS if path
    }
    assert found == {
        "health": set(), "providers": set(), "capabilities": set(), "sandbox": set(), "demo": set(),
        "copy": set(), "statuses": set(), "priorities": set(), "types": set(), "fields": set(),
        "transitions": set(), "config": {"show"}, "db": {"upgrade", "current"},
        "projects": full, "tasks": full, "sprints": full, "users": {*full, "me"},
        "comments": full - {"get"}, "checklists": full - {"get"}, "checklist-items": full - {"get"},
        "labels": full - {"get"}, "relations": full - {"get"},
        "time-entries": full - {"get"}, "memberships": {"list", "add", "update", "remove"},
        "watchers": {"list", "add", "remove"}, "attachments": {"list", "update", "delete", "upload", "download"},
        "init": set(), "connections": {"add", "list", "test", "remove"},
        "mappings": {"add", "list", "update", "pause", "resume", "remove"},
        "sync": {"plan", "run", "status", "history", "undo", "doctor", "jobs", "conflicts"},
        "worker": set(),
    }  # fmt: skip


@pytest.mark.parametrize("path", PATHS, ids=" ".join)
def test_help(cli, path, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TERMINAL_WIDTH", "80")
    found = cli(*path, "--help")
    words = " ".join(("pm-providers", *path))
    assert f"Usage: {words}" in found.out
    assert max(map(len, found.out.splitlines())) <= 80
    assert "`" not in found.out or not path
    if path and not found.out.count("Commands"):
        assert "--json" in found.out


def test_flags_name_no_type(cli):
    for path in ((), ("tasks",), ("tasks", "list"), ("config", "show")):
        assert "<bool>" not in cli(*path, "--help").out


KEY_LINES = {
    ("tasks", "create"): ["--title", "--project-id,--project", "YYYY-MM-DD", "NAME=VALUE", "in_progress"],
    ("tasks", "update"): ["--clear", "--expected-version", "--set"],
    ("tasks", "list"): ["--updated-since", "--include-archived", "--search", "--limit"],
    ("tasks", "delete"): ["--yes"],
    ("sandbox",): ["--dataset", "--scale", "--latency-ms", "--quota", "--fault", "--port"],
    ("copy",): ["--to", "--from", "--into", "--create-users"],
    (): ["--install-completion", "--show-completion", "--version", "130 interrupted"],
}


@pytest.mark.parametrize("path", KEY_LINES, ids=lambda path: " ".join(path) or "root")
def test_key_lines(cli, path, monkeypatch):
    monkeypatch.setenv("TERMINAL_WIDTH", "120")
    out = cli(*path, "--help").out
    assert [text for text in KEY_LINES[path] if text not in out] == []


@pytest.mark.parametrize("entity", list(Entity))
def test_every_writable_field_has_an_option_with_help(entity):
    parameters = {one.name: one for one in field_options(entity, creating=True)}
    assert set(parameters) == set(settable(entity, creating=True))
    for name, parameter in parameters.items():
        [info] = parameter.annotation.__metadata__
        assert info.help, name
        # typer keeps the first of the flags where other styles keep the default
        assert f"--{name.replace('_', '-')}" in str((info.default, *info.param_decls))


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion(cli, shell, monkeypatch):
    monkeypatch.setenv("_PM_PROVIDERS_COMPLETE", f"complete_{shell}")
    monkeypatch.setenv("_TYPER_COMPLETE_ARGS", "pm-providers tasks cr")
    monkeypatch.setenv("COMP_WORDS", "pm-providers tasks cr")
    monkeypatch.setenv("COMP_CWORD", "2")
    monkeypatch.setenv("_TYPER_COMPLETE_FISH_ACTION", "get-args")
    assert "create" in cli().out
