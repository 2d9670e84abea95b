"""What plans, runs, histories and undos tell about what stands around tasks: which one it is."""

from __future__ import annotations

import pytest

from pm_providers.surfaces.cli.state import State


@pytest.fixture
def around(cli, there, mapped):
    """Two tasks in step that block each other, with all that can stand around them; ids on both sides."""
    name, left, right = mapped
    cli("mappings", "update", name, "--option", "settle_s:=0")
    ids = {}
    for title in ("Draw", "Print"):
        ids[title] = cli("tasks", "create", "--project", left, "--title", title, "--json").json["id"]
    cli("relations", "create", "--from", ids["Draw"], "--to", ids["Print"], "--type", "blocks")
    cli("comments", "create", "--task", ids["Draw"], "--body", "Both sides\nof it")
    made = cli("checklists", "create", "--task", ids["Print"], "--name", "Before", "--json").json
    cli("checklist-items", "create", "--checklist", made["id"], "--title", "Paper", "--task", ids["Print"])
    return name, right, ids


LINES = (
    "create comment on right  Draw: Both sides of it",
    "create relation on right  Draw: blocks → Print",
    "create checklist on right  Print: Before",
    "create checklist item on right  Print: Paper",
)


def test_plans_and_their_runs_say_which_one(cli, around):
    name, _, _ = around
    plan = cli("sync", "plan", name)
    assert [line for line in LINES if f"+ {line}\n" not in plan.out] == []
    assert "type" not in plan.out  # the title says it
    told = cli("sync", "plan", name, "--json").json["decisions"]
    assert "Draw: blocks → Print" in {one["title"] for one in told if one["entity"] == "relation"}
    ran = cli("sync", "run", name)
    assert "6 created, among them 1 comment, 1 relation, 1 checklist, 1 checklist item" in ran.out
    found = cli("sync", "history", "--json").json[0]["id"]
    shown = cli("sync", "history", "--run", found)
    assert [line for line in LINES if line not in shown.out] == []


def test_so_does_what_takes_a_deletion_back(cli, there, around):
    name, right, _ = around
    cli("sync", "run", name)
    across = {one["title"]: one["id"] for one in there("tasks", "list", "--project", right, "--json").json}
    (one,) = there("relations", "list", "--task", across["Draw"], "--json").json
    there("relations", "delete", one["id"], "--task", across["Draw"], "--yes")
    assert "- delete relation on left  Draw: blocks → Print" in cli("sync", "plan", name).out
    cli("sync", "run", name)
    found = cli("sync", "history", "--json").json[0]["id"]
    undo = cli("sync", "undo", found, "--dry-run")
    assert "+ create relation on left  Draw: blocks → Print" in undo.out


def test_a_relation_to_a_task_that_is_not_in_step_names_it(cli, make, around):
    name, _, ids = around
    outside = make("task", project=make("project", name="Elsewhere"), title="Outside")
    cli("relations", "create", "--from", outside, "--to", ids["Draw"], "--type", "precedes")
    cli("relations", "create", "--from", outside, "--to", ids["Print"], "--type", "relates")
    plan = cli("sync", "plan", name).out
    why = "the task at its other end is not in step"
    assert f"· leave relation  Draw: precedes ← task {outside}  {why}\n" in plan
    assert f"· leave relation  Print: relates ↔ task {outside}  {why}\n" in plan
    assert f"    relations  kept back: {why}" not in plan  # said beside the title


def test_a_narrow_terminal_cuts_no_other_end(cli, around, monkeypatch):
    name, _, ids = around
    cli("tasks", "update", ids["Draw"], "--title", "Draw the whole of the map, with all its roads and rivers")

    real = State.console
    for columns in (40, 80):
        monkeypatch.setattr(State, "width", property(lambda _, wide=columns: wide))
        monkeypatch.setattr(
            State, "console", lambda one, wide=columns, **more: real(one, **{**more, "width": wide})
        )
        assert "and rivers: blocks → Print" in " ".join(cli("sync", "plan", name, "--all").out.split())


def test_a_value_that_lost_is_told_once(cli, there, mapped):
    name, left, right = mapped
    one = cli("tasks", "create", "--project", left, "--title", "One", "--json").json["id"]
    cli("sync", "run", name)
    (copy,) = there("tasks", "list", "--project", right, "--json").json
    cli("tasks", "update", one, "--title", "Left")
    there("tasks", "update", copy["id"], "--title", "Right", "--status", "completed")
    ran = cli("sync", "run", name)  # writes to both sides
    assert "1 value lost to the other side's" in ran.err
    found = cli("sync", "history", "--json").json[0]["id"]
    assert cli("sync", "history", "--run", found).out.count("the left won; lost: Right") == 1


@pytest.mark.parametrize(
    ("given", "command"),
    [
        ("settle_s=5", "--option settle_s:=5\n"),
        ("budget=many", "--option budget:=NUMBER\n"),
        ("without=title, labels", """--option 'without:=["title", "labels"]'\n"""),
        ("directions=title", """--option 'directions:={"NAME": "VALUE"}'\n"""),
    ],
)
def test_an_option_that_is_no_text_says_how_it_is_given(cli, mapped, given, command):
    name, _, _ = mapped
    found = cli("mappings", "update", name, "--option", given, code=6)
    assert found.err.endswith(f"what is no text is given as JSON: {command}")
    assert "JSON" not in cli("mappings", "update", name, "--option", "provenance=maybe", code=6).err


def test_a_new_mapping_keeps_options_that_say_no(cli, there, mapped):
    external = there("projects", "create", "--name", "Other", "--json").json["id"]
    made = cli("mappings", "add", "there", external, "--option", "full_every_s:=0", "--json").json
    assert made["sync_config"] == {"full_every_s": 0}


def test_a_plan_at_first_contact_knows_sprints_of_one_name(cli, there, mapped):
    name, left, right = mapped
    for call, project in ((cli, left), (there, right)):
        call("sprints", "create", "--project", project, "--name", "Sprint 1")
    sprint = cli("sprints", "list", "--project", left, "--json").json[0]["id"]
    cli("tasks", "create", "--project", left, "--title", "One", "--sprint", sprint)
    plan = cli("sync", "plan", name)
    assert "not in step" not in plan.out
    assert "Sprint 1" in plan.out
    ran = cli(*next(one for one in plan.err.split("`") if "--plan" in one).split()[1:])
    assert "not in step" not in ran.out
    (copy,) = there("tasks", "list", "--project", right, "--json").json
    assert copy["sprint_id"] == there("sprints", "list", "--project", right, "--json").json[0]["id"]
    assert "nothing to do" in cli("sync", "plan", name, "--full").out


def test_an_undo_tells_all_that_it_leaves_alone(cli, there, mapped, monkeypatch):
    monkeypatch.setattr("pm_providers.surfaces.cli.sync_commands.SHOWN", 2)
    name, left, right = mapped
    for title in ("One", "Two", "Three", "Four"):
        cli("tasks", "create", "--project", left, "--title", title)
    run = cli("sync", "run", name, "--json").json["run_id"]
    for one in there("tasks", "list", "--project", right, "--json").json:
        if one["title"] in {"One", "Four"}:
            there("tasks", "update", one["id"], "--priority", "high")
    planned = cli("sync", "undo", run, "--dry-run")
    assert planned.out.count("! left alone") == 2
    assert "1 more item; --all shows them" in planned.err
    assert cli("sync", "undo", run, "--dry-run", "--all").out.count("- delete on right") == 2
    undone = cli("sync", "undo", run, "--yes")
    assert undone.out.count("! left alone") == 2
    assert "1 more item; `pm-providers sync history --run" in undone.err
