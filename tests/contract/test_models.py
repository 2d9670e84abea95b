"""Records: positional forms, defaults, and what their fields say about themselves."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from datetime import date

import pytest

from pm_providers import PMProject, PMSprint, PMTask, PMUser, WriteWarning
from pm_providers.model import (
    MODELS,
    Entity,
    FieldKind,
    Owner,
    field_specs,
    guess_priority,
    guess_task_status,
)

DOCUMENTED = {
    PMProject: "id name description status priority start_date end_date owner_id raw_data",
    PMTask: "id title description status priority project_id parent_task_id assignee_id estimated_hours actual_hours"
    " due_date raw_data",
    PMSprint: "id name project_id start_date end_date status capacity_hours planned_hours goal raw_data",
    PMUser: "id name email username avatar_url raw_data",
}


@pytest.mark.parametrize("model", DOCUMENTED, ids=lambda model: model.__name__)
def test_documented_fields_come_first_in_order(model):
    """The fields that callers give by position are the documented ones, in that order."""
    names = DOCUMENTED[model].split()
    assert [field.name for field in fields(model)][: len(names)] == names


@pytest.mark.parametrize("model", MODELS.values(), ids=lambda model: model.__name__)
def test_every_field_has_a_default_and_a_docstring(model):
    """Any record can be built from any subset of its fields; each is described; none can be misspelt."""
    assert is_dataclass(model)
    record = model()
    assert record.id == ""
    with pytest.raises(AttributeError):
        record.no_such_field = 1
    for name in (field.name for field in fields(model) if field.name != "id"):
        assert f"        {name}: " in model.__doc__, name
    assert not hasattr(record, "__dict__")


@pytest.mark.parametrize("model", MODELS.values(), ids=lambda model: model.__name__)
def test_specs_cover_the_record(model):
    """Every field but `warnings` has a spec under its own name; `id` and `raw_data` belong to the system."""
    specs = field_specs(model)
    assert list(specs) == [field.name for field in fields(model) if field.name != "warnings"]
    assert all(spec.name == name for name, spec in specs.items())
    assert specs["id"].owner is specs["raw_data"].owner is Owner.SERVER
    assert not any(spec.required and spec.owner is Owner.SERVER for spec in specs.values())
    assert all(bool(spec.choices) == (spec.kind is FieldKind.CHOICE) for spec in specs.values())
    assert field_specs(model) is specs


def test_positional_task():
    """Twelve values by position land where they are documented."""
    raw = {"a": 1}
    task = PMTask("7", "T", "D", "todo", "high", "1", "2", "3", 1.5, 2.5, date(2026, 3, 2), raw)
    assert (task.id, task.title, task.description, task.status, task.priority) == (
        "7",
        "T",
        "D",
        "todo",
        "high",
    )
    assert (task.project_id, task.parent_task_id, task.assignee_id) == ("1", "2", "3")
    assert (task.estimated_hours, task.actual_hours, task.due_date) == (1.5, 2.5, date(2026, 3, 2))
    assert task.raw_data is raw
    assert (task.assignee_ids, task.label_ids, task.custom_fields, task.warnings) == ([], [], {}, ())


def test_keyword_task_with_none_id():
    """`id=None` is a task that does not exist yet."""
    assert PMTask(id=None, title="x").id == ""


def test_lists_are_not_shared():
    """Two records never share a list or dict."""
    one, other = PMTask(), PMTask()
    one.label_ids.append("1")
    one.custom_fields["a"] = 1
    assert (other.label_ids, other.custom_fields) == ([], {})


def test_equality_ignores_raw_data_and_warnings():
    """Two readings of one task are equal whatever the wire record held."""
    one = PMTask("1", "T", raw_data={"a": 1}, warnings=(WriteWarning("title", "a", "b"),))
    assert one == PMTask("1", "T", raw_data={"a": 2})
    assert one != PMTask("1", "U")
    assert "raw_data" not in repr(one)
    assert "warnings" not in repr(one)


def test_warning_is_one_readable_line():
    """A warning says field, wish and result, in bounded length."""
    assert str(WriteWarning("title", " a", "a", "trimmed")) == "title: asked for ' a', got 'a' (trimmed)"
    assert len(str(WriteWarning("description", "x" * 5000, "y" * 5000))) < 200


@pytest.mark.parametrize(
    ("name", "status"),
    [("In Progress", "in_progress"), ("in-progress", "in_progress"), ("  DONE ", "completed"),
     ("Won't do", "cancelled"), ("On hold", "blocked"), ("New", "todo"), ("Quux", None), ("", None)],
)  # fmt: skip
def test_status_names_are_guessed(name, status):
    """Common names are understood whatever their case and joints; others are not guessed at."""
    assert guess_task_status(name) == status


def test_priority_names_are_guessed():
    """Common names of priorities are understood."""
    assert [guess_priority(name) for name in ("Trivial", "Normal", "Immediate", "Purple")] == [
        "lowest", "medium", "highest", None]  # fmt: skip


def test_plurals():
    """Entities are named as in operation names."""
    assert [entity.plural for entity in (Entity.TASK, Entity.TIME_ENTRY)] == ["tasks", "time_entries"]
