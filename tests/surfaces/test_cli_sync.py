"""`sync`, `mappings`, `connections` and `init` from the command line: output, JSON, exit codes, next steps."""

from __future__ import annotations

import io
import re
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import pytest
from rich.console import Console


def task(call, project, title, *more):
    return call("tasks", "create", "--project", project, "--title", title, "--json", *more).json["id"]


# plan, run, approve


def test_a_plan_says_all_and_its_run_does_that(cli, there, mapped):
    name, left, right = mapped
    label = cli("labels", "create", "--name", "Urgent", "--json").json["id"]
    one = task(cli, left, "One", "--label", label)
    cli("comments", "create", "--task", one, "--body", "Hello")
    plan = cli("sync", "plan", name)
    assert "+ create comment on right  One: Hello\n" in plan.out
    assert "+ create label on right  Urgent\n" in plan.out
    assert "3 to create, among them 1 comment, 1 label" in plan.out
    told = cli("sync", "plan", name, "--json").json
    assert told["planned"] == {"create": 1, "comment create": 1, "label create": 1}
    assert {one["entity"] for one in told["decisions"]} == {"task", "comment", "label"}
    cli("comments", "create", "--task", one, "--body", "Wait")
    assert "stale" in cli("sync", "run", name, "--plan", told["plan_id"], code=7).err
    again = cli("sync", "plan", name, "--task", one)
    (command,) = [line for line in again.err.splitlines() if "does exactly this" in line]
    assert f"--task {one}" in command
    ran = cli(*command.split("`")[1].split()[1:])
    assert "4 created, among them 2 comments, 1 label" in ran.out
    (copy,) = there("tasks", "list", "--project", right, "--json").json
    assert len(there("comments", "list", "--task", copy["id"], "--json").json) == 2
    assert cli("sync", "plan", name).out.splitlines()[0].startswith("Plan  Internal database")
    assert "nothing to do" in cli("sync", "plan", name).out
    assert cli("sync", "plan", name, "--json").json["plan_id"] is None


def test_what_a_run_is_narrowed_to_must_be_there(cli, mapped):
    name, left, _ = mapped
    task(cli, left, "One")
    for command in ("plan", "run"):
        found = cli("sync", command, name, "--task", "WRONG", code=5)
        assert "there is no task 'WRONG' in the project" in found.err
        assert (
            "a custom field 'Nowhere'" in cli("sync", command, name, "--field", "custom:Nowhere", code=5).err
        )
    assert cli("sync", "status", "--json").json[0]["problem"] is None


def test_plan_run_and_status(cli, there, mapped):
    name, left, right = mapped
    task(there, right, "Draw the site map", "--description", "one\ntwo", "--priority", "high")
    plan = cli("sync", "plan", name)
    assert "+ create on left  Draw the site map" in plan.out
    assert re.search("priority +High", plan.out)
    assert "1 to create" in plan.out
    assert f"sync run {name[-8:]} --plan" in plan.err
    assert cli("tasks", "list", "--project", left, "--json").json == []
    ran = cli("sync", "run")
    assert "1 created" in ran.out
    assert "sync undo" in ran.err
    assert "nothing was written" in cli("sync", "run").out
    assert "nothing was written" in cli("sync", "run", name, "--full").out
    (one,) = cli("sync", "status", "--json").json
    assert (one["state"], one["counts"]["linked"], one["right"]) == ("ok", 1, "there")
    table = cli("sync", "status").out
    assert "internal …" in table
    assert " ok " in table


def test_the_plan_as_json_is_whole(cli, there, mapped):
    name, left, _right = mapped
    one = task(cli, left, "One", "--description", "a")
    cli("sync", "run")
    cli("tasks", "update", one, "--description", "b")
    found = cli("sync", "plan", name[-8:], "--json").json
    assert list(found) == [
        "mapping_id", "state", "plan_id", "run_id", "planned", "counts", "writes", "reason", "next_step",
        "decisions", "held", "doubtful", "more_doubtful",
    ]  # fmt: skip
    assert (found["state"], found["planned"], found["run_id"]) == ("planned", {"update": 1}, None)
    (decision,) = found["decisions"]
    assert (decision["act"], decision["side"], decision["title"]) == ("update", "right", "One")
    assert decision["fields"] == [{"field": "description", "old": "a", "new": "b", "note": None}]
    ran = cli("sync", "run", name, "--plan", found["plan_id"], "--json").json
    assert (ran["state"], ran["writes"]) == ("done", 1)
    assert isinstance(cli("sync", "run", "--json").json, list)


def test_a_stale_plan_is_refused(cli, mapped):
    name, left, _ = mapped
    task(cli, left, "One")
    plan = cli("sync", "plan", name, "--json").json["plan_id"]
    task(cli, left, "Two")
    found = cli("sync", "run", name, "--plan", plan, code=7)
    assert "stale" in found.err
    assert f"`pm-providers sync plan {name[-8:]}` shows what it would do now" in found.err
    (status,) = cli("sync", "status", "--json").json
    assert (status["state"], status["problem"]) == ("ok", None)
    assert "is well" in cli("sync", "doctor", name).out
    assert cli("sync", "run", name, "--plan", plan, "--json", code=7).error["type"] == "ConflictError"
    assert [one["state"] for one in cli("sync", "history", "--json").json if one["state"] == "done"] == []


def test_budget_fields_and_tasks_narrow_a_run(cli, there, mapped):
    name, left, right = mapped
    ids = [task(cli, left, title) for title in ("One", "Two", "Three")]
    some = cli("sync", "run", name, "--budget", "1")
    assert "warning: the budget of writes is used up" in some.err
    cli("sync", "run", name)
    for one in ids:
        cli("tasks", "update", one, "--title", f"New {one[-4:]}", "--priority", "high")
    cli("sync", "run", name, "--task", ids[0], "--field", "priority")
    found = there("tasks", "list", "--project", right, "--json").json
    assert sorted(one["priority"] or "" for one in found).count("high") == 1
    assert {one["title"] for one in found} == {"One", "Two", "Three"}
    cli("sync", "run", name)
    found = there("tasks", "list", "--project", right, "--json").json
    assert {one["title"] for one in found} == {f"New {one[-4:]}" for one in ids}
    assert "--field" in cli("sync", "plan", "--field", "colour", code=2).err


def test_the_fuse_asks(cli, there, mapped):
    name, left, right = mapped
    ids = [task(cli, left, f"T{number}") for number in range(8)]
    cli("sync", "run")
    cli("tasks", "delete", *ids, "--yes")
    found = cli("sync", "run", name, code=7)
    assert "8 of 8 items would be deleted" in found.err
    assert f"sync run {name[-8:]} --allow-deletes" in found.err
    assert "blocked" in cli("sync", "status").out
    assert len(there("tasks", "list", "--project", right, "--json").json) == 8
    assert "8 deleted" in cli("sync", "run", name, "--allow-deletes").out


def test_one_failing_mapping_does_not_keep_the_others(cli, there, mapped):
    name, _left, right = mapped
    other = there("projects", "create", "--name", "Other", "--json").json["id"]
    second = cli("mappings", "add", "there", other, "--json").json
    there("projects", "delete", right, "--yes")
    task(cli, second["left_project_id"], "One")
    found = cli("sync", "run", code=5)
    assert "1 created" in found.out
    assert f"warning: mapping {name[-8:]}" in found.err
    states = {one["mapping_id"]: one for one in cli("sync", "status", "--json").json}
    assert (states[name]["state"], states[second["id"]]["state"]) == ("blocked", "ok")
    assert "next: " in cli("sync", "status", name).out
    listed = cli("sync", "run", "--json", code=5).json
    assert [("error" in one) for one in listed] == [True, False]
    assert [one["mapping_id"] for one in listed] == [name, second["id"]]


def test_status_names_what_could_not_be_written(cli, mapped, clean_environment):
    name, left, _right = mapped
    one = task(cli, left, "One")
    cli("sync", "run")
    with closing(sqlite3.connect(clean_environment / "cli.db")) as db, db:
        db.execute("UPDATE pm_sync_links SET attempts = 3, retry_at = 1, problem = 'you may not write that'")
    told = cli("sync", "status").out
    assert "one item could not be written, tried up to 3 times, tried again by the next run; 'One'" in told
    assert f"next: pm-providers sync doctor {name[-8:]}" in told
    assert "you may not write that" in cli("sync", "status", "--json").json[0]["failing"]
    assert f"pm-providers sync run {name[-8:]} --task {one}" in cli("sync", "doctor", name).out


# history, undo, conflicts, doctor


def test_history_and_undo(cli, there, mapped):
    name, left, right = mapped
    one = task(cli, left, "One", "--description", "a")
    first = cli("sync", "run", name, "--json").json["run_id"]
    cli("tasks", "update", one, "--description", "b")
    run = cli("sync", "run", name, "--json").json["run_id"]
    shown = cli("sync", "history", "--run", run[-8:])
    assert "~ update on right  One" in shown.out
    assert "a → b" in shown.out
    (write,) = cli("sync", "history", "--run", run, "--json").json["writes"]
    assert (write["before"]["description"], write["after"]["description"]) == ("a", "b")
    assert "b → a" in cli("sync", "undo", run, "--dry-run").out
    undone = cli("sync", "undo", run[-8:])
    assert "1 updated" in undone.out
    assert there("tasks", "list", "--project", right, "--json").json[0]["description"] == "a"
    assert "undone already" in cli("sync", "undo", run, code=7).err
    assert "add --yes" in cli("sync", "undo", first, code=2).err
    assert there("tasks", "list", "--project", right, "--json").json != []
    assert cli("sync", "undo", first, "--yes", "--json").json["counts"] == {"delete": 1}
    assert there("tasks", "list", "--project", right, "--json").json == []
    kinds = [one["kind"] for one in cli("sync", "history", name, "--json").json]
    assert kinds == ["undo", "undo", "sync", "sync"]
    assert f"undo {run[-8:]}" in cli("sync", "history").out
    assert (
        "no run 'ffffffff'; `pm-providers sync history` lists them"
        in cli("sync", "undo", "ffffffff", code=5).err
    )


def test_what_hangs_on_tasks_is_counted(cli, there, mapped):
    name, left, _ = mapped
    one = task(cli, left, "One")
    cli("comments", "create", "--task", one, "--body", "Hello")
    ran = cli("sync", "run", name)
    assert "2 created, among them 1 comment" in ran.out
    run = cli("sync", "history", "--json").json[0]["id"]
    shown = cli("sync", "history", "--run", run).out
    assert "+ create comment on right  One: Hello\n" in shown
    assert "task id" not in shown
    undone = cli("sync", "undo", run, "--dry-run")
    assert "- delete on right  One" in undone.out
    assert "1 to delete\n" in undone.out  # the comment goes with its task


def test_an_undo_says_what_it_leaves_alone(cli, there, mapped):
    name, left, right = mapped
    one = task(cli, left, "One", "--description", "a")
    cli("sync", "run")
    cli("tasks", "update", one, "--description", "b")
    run = cli("sync", "run", name, "--json").json["run_id"]
    (other,) = there("tasks", "list", "--project", right, "--json").json
    there("tasks", "update", other["id"], "--description", "c")
    found = cli("sync", "undo", run)
    assert "! left alone  One  edited since" in found.out
    assert "description  edited since" in found.out
    assert "warning: 1 item is not as it was" in found.err


def test_conflicts(cli, there, mapped):
    name, left, right = mapped
    cli("mappings", "update", name, "--conflicts", "manual")
    one = task(cli, left, "One")
    cli("sync", "run")
    (other,) = there("tasks", "list", "--project", right, "--json").json
    cli("tasks", "update", one, "--title", "Left")
    there("tasks", "update", other["id"], "--title", "Right")
    plan = cli("sync", "plan", name)
    assert "conflict left Left, right Right: somebody must decide" in plan.out
    assert "conflicts list" in cli("sync", "run", name).err
    (found,) = cli("sync", "conflicts", "list", "--json").json
    assert (found["field"], found["left"], found["right"], found["state"]) == (
        "title",
        "Left",
        "Right",
        "open",
    )
    assert "Left" in cli("sync", "conflicts", "list", name).out
    short = found["id"][-8:]
    assert "base   One" in cli("sync", "conflicts", "show", short).out
    assert cli("sync", "conflicts", "show", short, "--json").json == found
    assert "--keep" in cli("sync", "conflicts", "resolve", short, "--keep", "middle", code=2).err
    assert "--mapping" in cli("sync", "conflicts", "resolve", "--keep", "left", code=2).err
    assert "the right is right" in cli("sync", "conflicts", "resolve", short, "--keep", "right").out
    assert "1 updated" in cli("sync", "run", name).out
    assert [one["title"] for one in cli("tasks", "list", "--project", left, "--json").json] == ["Right"]
    assert cli("sync", "conflicts", "list").out == "No conflicts found.\n"
    assert "resolved" in cli("sync", "conflicts", "list", "--all").out
    assert cli("sync", "conflicts", "resolve", "--mapping", name, "--keep", "left", "--json").json == []


def test_a_run_tells_that_values_lost(cli, there, mapped):
    name, left, right = mapped
    cli("mappings", "update", name, "--conflicts", "left")
    one = task(cli, left, "One")
    assert "lost" not in cli("sync", "run").err
    (other,) = there("tasks", "list", "--project", right, "--json").json
    cli("tasks", "update", one, "--title", "Left")
    there("tasks", "update", other["id"], "--title", "Right")
    assert "lost" not in cli("sync", "plan").err
    ran = cli("sync", "run")
    (told,) = [line for line in ran.err.splitlines() if line.startswith("1 value lost")]
    assert "lost: Right" in cli(*told.split("`")[1].split()[1:]).out


def test_doctor(cli, there, mapped):
    name, _left, right = mapped
    assert cli("sync", "doctor").out == f"mapping {name[-8:]} is well\n"
    cli("mappings", "update", name, "--pair", "statuses:To do=Inbox")
    found = cli("sync", "doctor", name)
    assert "Inbox" in found.out
    assert f"pm-providers mappings update {name[-8:]} --pair" in found.out
    there("projects", "delete", right, "--yes")
    broken = cli("sync", "doctor", name, "--json", code=7)
    assert broken.json["ok"] is False
    assert {one["level"] for one in broken.json["findings"]} == {"error"}


# form of what is told


def test_a_terminal_shows_what_is_written_and_nothing_is_cut_unseen(cli, there, mapped, monkeypatch):
    name, left, _ = mapped
    title = "A title that goes on and on, until the line of a narrow terminal ends, and some more"
    parent = task(cli, left, title)
    cli("comments", "create", "--task", parent, "--body", "one\n\ntwo")
    task(cli, left, "Below", "--parent", parent)
    narrowed(monkeypatch, 80)
    plan = cli("sync", "plan", name).out
    assert max(map(len, plan.splitlines())) <= 80
    first, second, head, *_ = plan.splitlines()
    assert (first[:5], second.split()[0], head[-1]) == ("Plan ", "Internal", "…")
    assert "body  + one" in plan
    run = cli("sync", "run", name, "--json").json["run_id"]
    shown = cli("sync", "history", "--run", run).out
    assert re.search(f"parent +{title[:40]}", shown)
    undone = cli("sync", "undo", run, "--dry-run").out
    assert "\n    the run created it\n" in undone
    assert max(map(len, undone.splitlines())) <= 80


def test_progress_without_a_terminal_is_a_line_once_in_a_while(cli, mapped, monkeypatch):
    from pm_providers.surfaces.cli import sync_progress

    name, left, _ = mapped
    for number in range(3):
        task(cli, left, f"T{number}")
    monkeypatch.setattr(sync_progress, "_EVERY", 2)
    assert f"mapping {name[-8:]}: 2 written so far" in cli("sync", "run", name).err
    task(cli, left, "One")
    task(cli, left, "Two")
    assert "so far" not in cli("sync", "run", name, "--quiet").err


def test_progress_on_a_terminal_tells_the_last_write(monkeypatch):
    from pm_providers.surfaces.cli.state import State
    from pm_providers.surfaces.cli.sync_progress import watched
    from pm_providers.sync.decisions import Act, Decision

    shown = io.StringIO()
    state = State()
    state._err = Console(file=shown, force_terminal=True, width=60)
    with watched(state, "7abb586c") as written:
        written(Decision(Act.CREATE, "1", "right", "Print it", entity="comment"))
        written(Decision(Act.UPDATE, "1", "right", "A long title " * 9))
    text = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", shown.getvalue())
    assert "7abb586c: 2 written, update on right  A" in text
    assert "…" in text


def narrowed(monkeypatch, columns):
    """A terminal of so many columns."""
    from pm_providers.surfaces.cli.state import State

    monkeypatch.setattr(State, "width", property(lambda state: columns))
    real = State.console
    monkeypatch.setattr(State, "console", lambda self, **options: real(self, **{**options, "width": columns}))


# connections and mappings


def test_a_mapping_keeps_its_projects_and_says_how_to_map_others(cli, mapped):
    name, left, right = mapped
    found = cli("mappings", "update", name, "--external", "other", code=2)
    assert f"`pm-providers mappings remove {name[-8:]}`" in found.err
    assert f"`pm-providers mappings add there other --project {left}`" in found.err
    found = cli("mappings", "update", name, "--project", "mine", code=2)
    assert f"mappings add there {right} --project mine" in found.err
    assert "keeps its two projects" in " ".join(
        cli("mappings", "update", "--help").out.replace("│", " ").split()
    )


def test_connections(cli, there, mapped):
    name, _, _ = mapped
    (one,) = cli("connections", "list", "--json").json
    assert (one["name"], one["provider_type"], one["options"]) == ("there", "internal", ["database_url"])
    assert "there" in cli("connections", "list").out
    assert cli("connections", "test", "there", "--json").json["ok"] is True
    assert "there answers as tester" in cli("connections", "test", "there").out
    assert "connections list" in cli("connections", "test", "nowhere", code=5).err
    assert "remove the mappings first" in cli("connections", "remove", "there", "--yes", code=7).err
    assert "add --yes" in cli("connections", "remove", "there", code=2).err
    cli("connections", "remove", "there", "--yes", "--with-mappings")
    assert cli("mappings", "list", "--json").json == []
    assert cli("connections", "list").out == "No connections found.\n"
    cli("connections", "remove", "there", "--yes", code=5)
    del name


def test_secrets_of_connections(cli, there, monkeypatch):
    secret = "opapi-0123456789abcdef"
    arguments = ["connections", "add", "op", "openproject", "--no-test"]
    arguments += ["--set", "OPENPROJECT_URL=https://op.example.com"]
    found = cli(*arguments, "--set", f"OPENPROJECT_API_KEY={secret}", code=2)
    assert secret not in found.err
    assert "OPENPROJECT_API_KEY" in cli(*arguments, code=3).err
    monkeypatch.setattr(sys, "stdin", io.StringIO(f"{secret}\n"))
    cli(*arguments, "--set", "OPENPROJECT_API_KEY=-")
    monkeypatch.setenv("OPENPROJECT_API_KEY", secret)
    assert "there is a connection" in cli(*arguments, code=7).err
    cli(*arguments, "--replace")
    for form in ((), ("--json",)):
        assert secret not in cli("connections", "list", *form).out
    assert cli("connections", "list", "--json").json[0]["has_credentials"] is True
    for place in Path().iterdir():
        assert secret.encode() not in place.read_bytes()


def test_mappings(cli, there, mapped):
    name, _left, right = mapped
    assert "mapped already" in cli("mappings", "add", "there", right, code=7).err
    assert "no project" in cli("mappings", "add", "there", "nothing", code=5).err
    changed = cli(
        "mappings", "update", name, "--direction", "to_right", "--option", "budget:=5",
        "--option", "tie=right", "--pair", "users:ada=lovelace", "--json",
    ).json  # fmt: skip
    assert changed["sync_config"] == {
        "direction": "to_right", "budget": 5, "tie": "right", "pairs": {"users": {"ada": "lovelace"}},
    }  # fmt: skip
    assert "direction=to_right" in cli("mappings", "list").out
    cli("mappings", "update", name, "--option", "budget:=null", "--pair", "users:ada=")
    assert "budget" not in cli("mappings", "list", "--json").json[0]["sync_config"]
    assert "must be one of" in cli("mappings", "update", name, "--direction", "up", code=6).err
    swapped = cli("mappings", "update", name, "--option", "left_connection=there", code=6)
    assert "--left" in swapped.err
    assert "schedule_s" in cli("mappings", "update", name, "--option", "schedule=5", code=6).err
    assert "1 and 1000000" in cli("mappings", "update", name, "--option", "budget:=0", code=6).err
    for bad in (["--pair", "users"], ["--option", "x"], ["--option", "budget:=x"], []):
        assert "error:" in cli("mappings", "update", name, *bad, code=2).err
    assert "is paused" in cli("mappings", "pause", name).out
    assert "mappings resume" in cli("sync", "run", name, code=7).err
    assert "paused" in cli("mappings", "list").out
    cli("mappings", "resume", name)
    assert "add --yes" in cli("mappings", "remove", name, code=2).err
    assert cli("mappings", "remove", name, "--yes", "--json").json == {"id": name, "removed": True}
    assert cli("mappings", "list").out == "No mappings found.\n"
    assert "init" in cli("sync", "plan", code=5).err
    assert cli("sync", "history").out == "No runs found.\n"
    assert "init" in cli("sync", "status").err


# init


def answers(monkeypatch, text):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    monkeypatch.setattr(sys, "stdin", Terminal(text))


def test_init_asks_step_by_step(cli, there, monkeypatch, clean_environment):
    external = there("projects", "create", "--name", "Webshop", "--json").json["id"]
    url = f"PM_DATABASE_URL=sqlite:///{clean_environment / 'there.db'}"
    cli("connections", "add", "there", "internal", "--set", url)
    task(there, external, "One")
    answers(monkeypatch, "9\nwebshop\n1\n\n")
    found = cli("init", "--type", "internal", "--name", "there")
    assert "'9' is none of these: a number from 1 to 1, or a name" in found.err
    assert "Which project there?" in found.err
    assert "1 to create" in found.out
    (one,) = cli("mappings", "list", "--json").json
    assert (one["right_project_id"], one["sync_config"]) == (external, {"direction": "both"})
    assert [one["name"] for one in cli("projects", "list", "--json").json] == ["Webshop"]


def test_init_takes_names_and_asks_again_for_settings_that_lead_nowhere(
    cli, there, monkeypatch, clean_environment
):
    from pm_providers.surfaces.cli import sync_init

    there("projects", "create", "--name", "Webshop")
    typed = iter([f"sqlite:///{clean_environment / 'there.db'}"])
    wrong = {"PM_DATABASE_URL": "mysql://nowhere"}
    monkeypatch.setattr(sync_init, "missing_settings", lambda *_: wrong)
    monkeypatch.setattr(sync_init, "typed_setting", lambda *_: next(typed))
    answers(monkeypatch, "nonsense\nInternal\nfar\n\n1\nnew\nboth\n")
    found = cli("init")
    assert "'nonsense' is none of these: a number from 1 to" in found.err
    assert "Type the settings again?" in found.err
    assert "far answers" in found.err
    assert cli("connections", "test", "far", "--json").json["ok"] is True
    assert len(cli("mappings", "list", "--json").json) == 1
    answers(monkeypatch, "farther\nn\n")
    assert "mysql" in cli("init", "--type", "internal", code=3).err


def test_init_asks_for_all_that_a_person_needs_and_takes_connections_that_are_stored(
    cli, there, mapped, monkeypatch
):
    from pm_providers.surfaces.cli import sync_setup

    asked = []
    monkeypatch.setattr(sync_setup.typer, "prompt", lambda text, *_, **__: asked.append(text) or "")
    answers(monkeypatch, "")
    sync_setup.missing_settings("jira", {})
    assert [text.split()[0] for text in asked] == ["JIRA_URL", "JIRA_USERNAME", "JIRA_API_TOKEN"]
    monkeypatch.setenv("JIRA_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("JIRA_API_TOKEN", "a-token-of-data-center")
    assert sync_setup.missing_settings("jira", {}) == {}
    refused = cli("init", "--type", "jira", "--name", "there", code=7)
    assert "leads to internal, not to jira" in refused.err
    refused = cli("connections", "add", "there", "jira", "--replace", "--no-test", code=7)
    assert "by another name" in refused.err
    assert cli("connections", "test", "there", "--json").json["ok"] is True


def test_init_without_a_terminal_takes_options(cli, there, clean_environment):
    assert "--help lists them" in cli("init", code=2).err
    external = there("projects", "create", "--name", "Webshop", "--json").json["id"]
    url = f"PM_DATABASE_URL=sqlite:///{clean_environment / 'there.db'}"
    cli("connections", "add", "there", "internal", "--set", url)
    found = cli(
        "init", "--type", "internal", "--name", "there", "--external", external, "--project", "new",
        "--direction", "to_left", "--json",
    ).json  # fmt: skip
    assert (found["state"], found["planned"]) == ("planned", {})


# form


@pytest.mark.parametrize("columns", ["80", "120"])
def test_it_fits_the_terminal(cli, there, mapped, monkeypatch, columns):
    from pm_providers.surfaces.cli.state import State

    name, _left, right = mapped
    task(there, right, "A title that is so long that no line of eighty characters holds it whole, " * 2)
    monkeypatch.setattr(State, "width", property(lambda state: int(columns)))
    real = State.console
    monkeypatch.setattr(
        State, "console", lambda self, **options: real(self, **{**options, "width": int(columns)})
    )
    for arguments in (
        ("sync", "plan"), ("sync", "run"), ("sync", "status"), ("sync", "history"), ("sync", "doctor"),
        ("mappings", "list"), ("connections", "list"), ("sync", "conflicts", "list"),
    ):  # fmt: skip
        out = cli(*arguments).out
        assert max(map(len, out.splitlines())) <= int(columns), arguments
        assert (
            name[-8:] in out or arguments[0] == "connections" or arguments[1] in {"plan", "conflicts", "run"}
        )


# jobs


def test_runs_are_queued_done_and_replayed(cli, there, mapped):
    name, left, right = mapped
    task(there, right, "Draw the site map")
    assert cli("sync", "jobs", "list").out.strip() == "No jobs found."
    assert f"mapping {name[-8:]} queued" in cli("sync", "jobs", "add", name).out
    assert "is queued already" in cli("sync", "jobs", "add").out
    (waiting,) = cli("sync", "jobs", "list", "--json").json
    assert (waiting["mapping_id"], waiting["state"], waiting["attempt"]) == (name, "queued", 0)
    assert "1 writes" in cli("worker", "--drain").err
    assert [one["title"] for one in cli("tasks", "list", "--project", left, "--json").json] == [
        "Draw the site map"
    ]
    assert cli("sync", "jobs", "list", "--json").json == []


def test_the_list_of_jobs_tells_runs_that_read_all(cli, mapped):
    name, _, _ = mapped
    cli("sync", "jobs", "add", name)
    cli("sync", "jobs", "add", name, "--full")
    found = cli("sync", "jobs", "list", "--json").json
    assert [(one["kind"], one["full"]) for one in found] == [
        ("asked for", False), ("asked for, full", True),
    ]  # fmt: skip
    shown = cli("sync", "jobs", "list").out.splitlines()
    assert [line.count("asked for, full") for line in shown if name[-8:] in line] == [0, 1]


def test_a_dead_letter_says_why_and_can_be_replayed(cli, there, mapped, monkeypatch):
    name, _, _ = mapped
    cli("sync", "jobs", "add", name)
    with monkeypatch.context() as patch:
        patch.setenv("PM_ENCRYPTION_KEY", "YW5vdGhlciBrZXkgb2YgdGhpcnR5LXR3byBieXRlcyE=")
        assert "sync jobs list" in cli("worker", "--drain").err
    (dead,) = cli("sync", "jobs", "list", "--dead", "--json").json
    assert dead["state"] == "dead"
    assert dead["error"]
    shown = cli("sync", "jobs", "list")
    assert name[-8:] in shown.out
    assert "sync jobs replay" in shown.err
    cli("sync", "jobs", "replay", code=2)
    cli("sync", "jobs", "replay", "nobody", code=5)
    assert "is queued" in cli("sync", "jobs", "replay", dead["id"][-8:]).out
    cli("worker", "--drain")
    assert cli("sync", "jobs", "replay", "--all").out.strip() == "No jobs found."
    assert cli("sync", "jobs", "list", "--json").json == []
