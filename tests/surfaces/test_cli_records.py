"""Creating, listing, changing and deleting records from the command line."""

from __future__ import annotations

import io
import sys

import pytest

from pm_providers.model import MODELS, Entity, field_specs


@pytest.fixture
def project(make) -> str:
    return make("project", name="Webshop", key="WEB")


def test_a_task_from_creation_to_deletion(cli, project):
    made = cli(
        "tasks", "create", "--title", "Draw", "--project", "WEB", "--due-date", "2026-02-01",
        "--estimated-hours", "3.5", "--status", "in_progress", "--priority", "high", "--json",
    ).json  # fmt: skip
    assert (made["title"], made["due_date"], made["estimated_hours"]) == ("Draw", "2026-02-01", 3.5)
    assert (made["project_id"], made["warnings"]) == (project, [])
    changed = cli("tasks", "update", made["id"], "--title", "Paint", "--clear", "due-date", "--json").json
    assert (changed["title"], changed["due_date"], changed["priority"]) == ("Paint", None, "high")
    assert cli("tasks", "get", made["id"], "--json").json["title"] == "Paint"
    assert cli("tasks", "delete", made["id"], "--yes", "--json").json == [{"id": made["id"], "deleted": True}]
    assert cli("tasks", "list", "--json").json == []


def test_all_users_sprints_and_projects_can_be_managed(cli, make, project):
    ada = make("user", name="Ada", email="ada@example.com")
    sprint = make("sprint", name="Sprint 1", project=project, goal="ship")
    assert cli("users", "update", ada, "--username", "ada", "--json").json["username"] == "ada"
    assert cli("sprints", "update", sprint, "--status", "active", "--json").json["status"] == "active"
    assert (
        cli("projects", "update", "WEB", "--name", "Shop", "--owner", ada, "--json").json["owner_id"] == ada
    )
    assert [one["id"] for one in cli("sprints", "list", "--project", "WEB", "--json").json] == [sprint]
    assert {one["name"] for one in cli("users", "list", "--json").json} == {"Ada"}
    for word, identifier in (("sprints", sprint), ("users", ada), ("projects", project)):
        cli(word, "delete", identifier, "--yes")
        cli(word, "get", identifier, code=5)


def test_parts_of_a_task(cli, make, project, tmp_path):
    one, two = make("task", title="One", project=project), make("task", title="Two", project=project)
    comment = cli("comments", "create", "--task", one, "--body", "Hello", "--json").json
    assert cli("comments", "update", comment["id"], "--body", "Bye", "--json").json["body"] == "Bye"
    assert [found["body"] for found in cli("comments", "list", "--task", one, "--json").json] == ["Bye"]
    relation = cli("relations", "create", "--from", one, "--to", two, "--type", "blocked_by", "--json").json
    assert (relation["from_task_id"], relation["to_task_id"], relation["type"]) == (two, one, "blocks")
    cli("time-entries", "create", "--task", one, "--hours", "2", "--spent-on", "2026-01-02")
    assert [found["hours"] for found in cli("time-entries", "list", "--project", "WEB", "--json").json] == [
        2.0
    ]
    (tmp_path / "note.txt").write_text("content")
    cli("attachments", "upload", str(tmp_path / "note.txt"), "--task", one)
    [stored] = cli("attachments", "list", "--task", one, "--json").json
    assert (stored["file_name"], stored["content_type"]) == ("note.txt", "text/plain")
    cli("attachments", "download", stored["id"], "--output", str(tmp_path / "copy.txt"))
    assert (tmp_path / "copy.txt").read_text() == "content"
    cli("attachments", "download", stored["id"], "--output", str(tmp_path / "copy.txt"), code=2)
    cli("comments", "delete", comment["id"], "--yes")
    assert cli("comments", "list", "--task", one, "--json").json == []


def test_checklists(cli, make, project):
    task, ada = make("task", title="Trip", project=project), make("user", name="Ada")
    made = cli("checklists", "create", "--task", task, "--name", "Pack", "--item", "Cup", "--item", "Map",
               "--json").json  # fmt: skip
    cup, map_ = (item["id"] for item in made["items"])
    empty = cli("checklists", "create", "--task", task, "--name", "Later", "--json").json
    tea = cli("checklist-items", "create", "--checklist", made["id"], "--title", "Tea", "--due-date", "2026-02-01",
              "--assignee", ada, "--parent", cup, "--task", task, "--json").json  # fmt: skip
    assert (tea["due_date"], tea["assignee_id"], tea["parent_id"]) == ("2026-02-01", ada, cup)
    done = cli("checklist-items", "update", map_, "--is-done", "--position", "0", "--checklist", made["id"],
               "--task", task, "--json").json  # fmt: skip
    assert (done["is_done"], done["position"]) == (True, 0)

    def titles(*options: str) -> list[str]:
        return [
            one["title"] for one in cli("checklist-items", "list", "--task", task, *options, "--json").json
        ]

    assert titles() == titles("--checklist", made["id"]) == ["Map", "Cup", "Tea"]
    assert titles("--limit", "2") == ["Map", "Cup"]
    assert titles("--limit", "0") == titles("--checklist", empty["id"]) == []
    listed = cli("checklists", "list", "--task", task)
    assert "Pack" in listed.out
    assert "1/3" in listed.out
    assert "☑ Map" in listed.out
    shown = cli("checklists", "update", made["id"], "--name", "Take along", "--task", task).out
    assert f"☑ Map ({map_})" in shown
    assert f"☐ Cup ({cup})" in shown
    cli("checklist-items", "delete", cup, "--checklist", made["id"], "--yes")
    assert titles() == ["Map"]
    cli("checklists", "delete", made["id"], empty["id"], "--task", task, "--yes")
    assert cli("checklists", "list", "--task", task, "--json").json == []


@pytest.mark.parametrize("entity", [Entity.PROJECT, Entity.TASK, Entity.SPRINT, Entity.USER])
def test_json_has_every_field_in_the_order_of_the_model(cli, make, project, entity):
    fields = {"title" if entity is Entity.TASK else "name": "X"}
    if entity in {Entity.TASK, Entity.SPRINT}:
        fields["project"] = project
    identifier = make(entity.value, **fields)
    expected = [name for name in field_specs(MODELS[entity]) if name != "raw_data"]
    assert list(cli(entity.plural, "get", identifier, "--json").json) == expected
    assert list(cli(entity.plural, "list", "--json").json[-1]) == expected
    assert "raw_data" in cli(entity.plural, "get", identifier, "--json", "--raw").json


def test_the_schema_of_a_task(cli, make, project):
    identifier = make("task", title="X", project=project)
    found = cli("tasks", "get", identifier, "--json").json
    assert list(found) == [
        "id", "title", "description", "status", "priority", "project_id", "parent_task_id", "assignee_id",
        "estimated_hours", "actual_hours", "due_date", "key", "status_name", "priority_name", "type",
        "start_date", "sprint_id", "assignee_ids", "label_ids", "author_id", "progress", "remaining_hours",
        "story_points", "is_archived", "url", "created_at", "updated_at", "completed_at", "version",
        "custom_fields",
    ]  # fmt: skip
    assert found["created_at"].endswith("Z")


def test_filters(cli, make, project):
    ada = make("user", name="Ada")
    sprint = make("sprint", name="S", project=project)
    done = make("task", title="Done thing", project=project, status="completed", assignee=ada, sprint=sprint)
    make("task", title="Open thing", project=project)

    def ids(*options: str) -> list[str]:
        return [one["id"] for one in cli("tasks", "list", *options, "--json").json]

    assert ids("--status", "completed") == ids("--assignee", ada) == ids("--sprint", sprint) == [done]
    assert ids("--search", "done", "--project", "WEB") == [done]
    assert len(ids("--limit", "1")) == 1
    assert len(ids("--updated-since", "2001-01-01")) == 2
    assert ids("--updated-since", "2999-01-01T00:00+02:00") == []
    assert "--search goes with" in cli("tasks", "list", "--search", "x", "--status", "todo", code=2).err
    assert "ISO 8601" in cli("tasks", "list", "--updated-since", "yesterday", code=2).err


def test_custom_fields(cli, make, project):
    identifier = make("task", title="X", project=project)
    found = cli(
        "tasks",
        "update",
        identifier,
        "--set",
        "Team=1.10",
        "--set",
        "Count:=3",
        "--set",
        "Tags:=[1,2]",
        "--json",
    ).json
    assert found["custom_fields"] == {"Team": "1.10", "Count": 3, "Tags": [1, 2]}
    assert "NAME=VALUE" in cli("tasks", "update", identifier, "--set", "Team", code=2).err
    assert "no JSON" in cli("tasks", "update", identifier, "--set", "Team:=red", code=2).err
    found = cli("tasks", "update", identifier, "--set", "Team:=null", "--json").json
    assert "Team" not in found["custom_fields"] or found["custom_fields"]["Team"] is None


def test_long_text_from_standard_input(cli, project, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.StringIO("# Title\n\ntext\n"))
    made = cli("tasks", "create", "--title", "X", "--project", project, "--description", "-", "--json").json
    assert made["description"] == "# Title\n\ntext\n"


def test_clearing_is_checked(cli, make, project):
    identifier = make("task", title="X", project=project)
    assert "no field" in cli("tasks", "update", identifier, "--clear", "colour", code=2).err
    assert "at once" in cli("tasks", "update", identifier, "--clear", "type", "--type", "Bug", code=2).err
    assert "nothing to change" in cli("tasks", "update", identifier, code=2).err
    assert "required" in cli("tasks", "update", identifier, "--clear", "title", code=6).err


def test_deleting_needs_a_yes(cli, make, project, monkeypatch):
    identifier = make("task", title="X", project=project)
    monkeypatch.setattr(sys, "stdin", io.StringIO("y\n"))
    found = cli("tasks", "delete", identifier, code=2)
    assert "--yes" in found.err
    assert len(cli("tasks", "list", "--json").json) == 1
    found = cli("tasks", "delete", identifier, identifier, "--yes")
    assert found.out.splitlines() == [f"deleted task {identifier}"]
    assert f"warning: task {identifier} did not exist" in found.err


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("answer", "code", "left"), [("n\n", 1, 1), ("y\n", 0, 0)])
def test_a_person_is_asked(cli, make, project, monkeypatch, answer, code, left):
    identifier = make("task", title="X", project=project)
    monkeypatch.setattr(sys, "stdin", _Terminal(answer))
    found = cli("tasks", "delete", identifier, code=code)
    assert f"Delete task {identifier}?" in found.err
    assert len(cli("tasks", "list", "--json").json) == left


def test_progress_is_shown_on_a_terminal_only(cli, make, project, monkeypatch):
    identifiers = [make("task", title=f"T{number}", project=project) for number in range(3)]
    monkeypatch.setattr(sys, "stderr", _Terminal())
    monkeypatch.setenv("TERM", "xterm")
    out = cli("tasks", "delete", *identifiers[:2], "--yes").out
    assert out == "".join(f"deleted task {one}\n" for one in identifiers[:2])
    assert "2/2" in sys.stderr.getvalue()
    monkeypatch.setattr(sys, "stderr", _Terminal())
    cli("tasks", "delete", identifiers[2], "--yes", "--quiet")
    assert sys.stderr.getvalue() == ""


def test_tables_show_names_and_the_hierarchy(cli, make, project):
    ada = make("user", name="Ada Lovelace")
    parent = make("task", title="Epic", project=project, assignee=ada)
    make("task", title="Other", project=project)
    make("task", title="Step", project=project, parent=parent, due_date="2026-03-01")
    found = cli("tasks", "list")
    lines = [" ".join(line.split()[1:]) for line in found.out.splitlines() if line.strip()][2:]
    assert lines == ["Epic To do Ada Lovelace", "└ Step To do 2026-03-01", "Other To do"]
    assert "priority" not in found.out
    assert found.err.strip() == "3 tasks"
    assert cli("tasks", "list", "--quiet").err == ""


def test_an_empty_list_says_so(cli):
    assert cli("time-entries", "list").out == "No time entries found.\n"
    assert cli("time-entries", "list", "--json").json == []


def test_output_cannot_steer_the_terminal(cli, make, project):
    identifier = make("task", title="a\x1b[31mb\u202ec", project=project, description="x\x1b]0;owned\x07")
    for arguments in (("tasks", "list"), ("tasks", "get", identifier)):
        out = cli(*arguments).out
        assert "\x1b" not in out
        assert "\u202e" not in out
        assert "\x07" not in out
    assert "a�[31mb�c" in cli("tasks", "list").out
    assert "\x1b" not in cli("tasks", "get", "\x1b[31mnope", code=6).err


def test_wide_tables_are_not_cut_where_no_terminal_is(cli, make, project):
    title = "long " * 40 + "end"
    make("task", title=title, project=project)
    assert title in cli("tasks", "list").out


def test_what_the_system_changed_is_a_warning(cli, make, project, monkeypatch):
    from pm_providers.registry import provider_class

    identifier = make("task", title="X", project=project)
    monkeypatch.setattr(provider_class("internal"), "_holds", lambda self, name, asked, result: False)
    found = cli("tasks", "update", identifier, "--title", "Y")
    assert "warning: title: asked for 'Y', got 'Y'" in found.err
    warnings = cli("tasks", "update", identifier, "--title", "Z", "--json").json["warnings"]
    assert warnings == [{"field": "title", "asked": "Z", "got": "Z", "reason": ""}]


def test_what_can_be_chosen(cli, make, project):
    names = [one["status"] for one in cli("statuses", "--json").json]
    assert {"todo", "in_progress", "blocked", "completed", "cancelled"} <= set(names)
    assert cli("priorities", "--json").json[0]["priority"] == "lowest"
    assert cli("transitions", make("task", title="X", project=project), "--json").json
    assert "in_progress" in cli("statuses").out
    assert cli("types").code == cli("fields").code == 0
    assert cli("users", "me", "--json").json["username"] == "tester"
