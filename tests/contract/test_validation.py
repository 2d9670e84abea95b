"""Checks before a write, and the comparison after it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pm_providers import PMComment, PMRelation, PMTask, PMTimeEntry, UnsupportedError, ValidationError
from pm_providers.contract import (
    NATIVE,
    Capabilities,
    Limits,
    check_id,
    check_text,
    declare_fields,
    declare_operations,
    draft_fields,
    holds,
    patch_fields,
)
from pm_providers.contract.validation import compare_written
from pm_providers.model import MODELS, Entity, field_specs
from tests.contract.memory import MemoryProvider

ALL = Capabilities(
    operations=declare_operations(),
    fields={entity: declare_fields(entity, rest=NATIVE) for entity in Entity},
    limits=Limits(labels=2, lengths={"task.title": 10}),
)
SOME = MemoryProvider.CAPABILITIES


def patch(entity: Entity = Entity.TASK, caps: Capabilities = ALL, **updates):
    return patch_fields(caps, entity, updates)


def problems(**updates) -> dict[str, str]:
    with pytest.raises(ValidationError) as caught:
        patch(**updates)
    return caught.value.fields


def test_draft_takes_what_is_set():
    """Only fields that are set and not the system's go to the hook; dates may come as ISO text."""
    draft = PMTask(id="5", title="T", project_id="1", due_date="2026-03-02", url="https://x", label_ids=[])
    assert draft_fields(ALL, Entity.TASK, draft) == {
        "title": "T", "project_id": "1", "due_date": date(2026, 3, 2)}  # fmt: skip


def test_draft_names_all_problems_at_once():
    """Every wrong or missing field is named in one error."""
    with pytest.raises(ValidationError) as caught:
        draft_fields(ALL, Entity.TASK, PMTask(due_date="soon", estimated_hours="x"))
    assert set(caught.value.fields) == {"title", "project_id", "due_date", "estimated_hours"}


@pytest.mark.parametrize("record", [None, {}, "task", PMComment(task_id="1", body="x")])
def test_draft_is_a_record_of_its_entity(record):
    """Anything else is refused by naming both classes."""
    with pytest.raises(ValidationError, match="expected a PMTask, got "):
        draft_fields(ALL, Entity.TASK, record)


def test_false_and_zero_are_values():
    """False and 0 are set; "", [] and {} are not."""
    fields = draft_fields(ALL, Entity.PROJECT, MODELS[Entity.PROJECT](name="P", is_public=False))
    assert fields == {"name": "P", "is_public": False}
    draft = PMTask(
        title="T", project_id="1", progress=0, estimated_hours=0.0, description="", custom_fields={}
    )
    assert draft_fields(ALL, Entity.TASK, draft) == {
        "title": "T", "project_id": "1", "progress": 0, "estimated_hours": 0.0}  # fmt: skip


def test_zero_hours_of_a_required_field_are_missing():
    """A time entry without hours is no time entry."""
    with pytest.raises(ValidationError) as caught:
        draft_fields(ALL, Entity.TIME_ENTRY, PMTimeEntry("", "1", 0.0, date(2026, 3, 2)))
    assert set(caught.value.fields) == {"hours"}


def test_unsupported_and_read_only_fields():
    """A field the provider cannot hold is `UnsupportedError`, one it only reads `ValidationError`; both say why."""
    with pytest.raises(
        UnsupportedError, match=r"task\.story_points is not supported: memory does not have it"
    ):
        patch_fields(SOME, Entity.TASK, {"story_points": 1})
    with pytest.raises(ValidationError, match=r"task\.actual_hours is read-only: the sum") as caught:
        patch_fields(SOME, Entity.TASK, {"actual_hours": None})
    assert "actual_hours" in caught.value.fields


def test_patch_clears_with_none():
    """None clears; a list of ids is cleared to an empty list; absent keys stay absent."""
    assert patch(due_date=None, label_ids=None) == {"due_date": None, "label_ids": []}


def test_custom_fields_are_cleared_by_name():
    """Clearing all of them at once would clear those of others too."""
    with pytest.raises(ValidationError, match="give each field to clear as None"):
        patch(custom_fields=None)
    assert patch(custom_fields={"Size": None}) == {"custom_fields": {"Size": None}}


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("title", 7, "must be a string, not 7"),
        ("title", "", "required"),
        ("title", " \t", "required"),
        ("title", None, "may not be cleared"),
        ("title", "a\nb", "must be one line"),
        ("title", "x" * 11, "has 11 characters; at most 10 are allowed"),
        ("description", "a\x00b", "NUL"),
        ("description", "a\ud800b", "surrogate"),
        ("project_id", 5, "must be an id"),
        ("assignee_id", " ", "must be an id"),
        ("label_ids", "12", "must be a list of ids"),
        ("label_ids", ["1", 2], "must be an id"),
        ("label_ids", ["1", "2", "3"], "has 3 entries; the system holds at most 2"),
        ("due_date", "02.03.2026", "YYYY-MM-DD"),
        ("due_date", datetime(2026, 3, 2, tzinfo=UTC), "a date without time"),
        ("due_date", 20260302, "a date without time"),
        ("estimated_hours", -0.5, "hours from 0"),
        ("estimated_hours", float("inf"), "finite"),
        ("estimated_hours", 10**400, "finite"),
        ("estimated_hours", "3", "finite number"),
        ("progress", 101, "per cent"),
        ("progress", 1.0, "whole number"),
        ("progress", True, "whole number"),
        ("story_points", 1e400, "finite"),
        ("status", 3, "must be a string"),
        ("custom_fields", [], "must be a dict"),
        ("custom_fields", {1: 2}, "must be a dict of field name"),
        ("custom_fields", {"a": object()}, "text, number, flag"),
        ("custom_fields", {"a": float("nan")}, "finite"),
        ("created_at", "2026-03-02", "set by the system"),
        ("nope", 1, "is no field of task; fields are title, description"),
    ],
)
def test_wrong_values_are_named(name, value, said):
    """The error names the field, says what is wrong, and what is allowed."""
    assert said in problems(**{name: value})[name]


def test_deep_custom_fields_are_refused():
    """Nesting is bounded, also where it is endless."""
    endless: dict = {}
    endless["a"] = endless
    assert "nested deeper" in problems(custom_fields=endless)["custom_fields"]


def test_long_values_are_shortened_in_errors():
    """An error is a readable line, whatever was given."""
    assert len(problems(due_date="x" * 10_000)["due_date"]) < 200


def test_creator_fields_are_set_once():
    """What is fixed after creation cannot be updated, and says so."""
    with pytest.raises(ValidationError, match="set on creation only"):
        patch_fields(ALL, Entity.COMMENT, {"task_id": "2"})
    assert draft_fields(ALL, Entity.COMMENT, PMComment(task_id="2", body="x"))["task_id"] == "2"


@pytest.mark.parametrize("updates", [None, [("title", "x")], "title", 5])
def test_updates_are_a_dict(updates):
    """Anything else is refused."""
    with pytest.raises(ValidationError, match="updates are a dict"):
        patch_fields(ALL, Entity.TASK, updates)


@pytest.mark.parametrize(("first", "last"), [("start_date", "due_date")])
def test_dates_are_in_order(first, last):
    """An end before its start is refused; the same day is fine; one alone is the system's business."""
    assert last in problems(**{first: "2026-03-03", last: "2026-03-02"})
    assert patch(**{first: "2026-03-02", last: "2026-03-02"})
    assert patch(**{last: "2026-03-02"})


def test_relation_types():
    """Relations take unified and inverse names, nothing else."""
    for name in ("blocks", "blocked_by"):
        assert draft_fields(ALL, Entity.RELATION, PMRelation("", "1", "2", name))["type"] == name
    with pytest.raises(ValidationError, match="is not one of relates, blocks"):
        draft_fields(ALL, Entity.RELATION, PMRelation("", "1", "2", "hates"))


def test_open_choices_take_any_name():
    """A status may be a vendor's own name; whether it exists, the provider knows."""
    assert patch(status="In review") == {"status": "In review"}


class TestAssignees:
    """`assignee_id` and `assignee_ids` are one thing."""

    def test_agreeing(self):
        """Both may be given when they agree; all of them is what counts."""
        assert patch(assignee_id="1", assignee_ids=["1", "2"]) == {"assignee_ids": ["1", "2"]}
        assert patch(assignee_id=None, assignee_ids=None) == {"assignee_ids": []}

    def test_contradicting(self):
        """Which is meant cannot be known."""
        assert "assignee_id" in problems(assignee_id="2", assignee_ids=["1", "2"])
        assert "assignee_id" in problems(assignee_id="2", assignee_ids=[])

    def test_single(self):
        """Where a task has one assignee, the list is that one."""
        caps = ALL.narrowed(limits=Limits(assignees=1))
        assert patch_fields(caps, Entity.TASK, {"assignee_ids": ["1"]}) == {"assignee_id": "1"}
        assert patch_fields(caps, Entity.TASK, {"assignee_ids": []}) == {"assignee_id": None}
        with pytest.raises(ValidationError, match="at most 1"):
            patch_fields(caps, Entity.TASK, {"assignee_ids": ["1", "2"]})

    def test_repeats_are_dropped(self):
        """A set of ids in order."""
        assert patch(assignee_ids=["2", "1", "2"]) == {"assignee_ids": ["2", "1"]}


@pytest.mark.parametrize("value", [None, 5, "", "  ", "a\nb", "x" * 501, "\ud800", b"1", "a\x00"])
def test_ids_are_strings_of_one_line(value):
    """What cannot be an id is refused under the parameter's name."""
    with pytest.raises(ValidationError) as caught:
        check_id(value, "task_id")
    assert set(caught.value.fields) == {"task_id"}


@given(st.text(st.characters(exclude_categories=("Cc", "Cs")), min_size=1, max_size=500))
def test_other_ids_pass_unchanged(value):
    """Ids are opaque."""
    if value.strip():
        assert check_id(value, "task_id") == value


@given(st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\x00")))
def test_text_passes_unchanged(value):
    """Text is not altered by the check."""
    assert check_text(value) is value
    assert patch(description=value) == {"description": value}


JSONISH = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\x00")),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc"), inner, max_size=3),
    max_leaves=8,
)  # fmt: skip


@given(st.dictionaries(st.sampled_from([*sorted(field_specs(PMTask)), "x"]), JSONISH, max_size=4))
def test_any_update_is_checked_or_refused(updates):
    """No JSON value crashes the checks: fields come out checked, or the error names them."""
    try:
        checked = patch_fields(ALL, Entity.TASK, updates)
    except ValidationError as error:
        assert error.fields  # noqa: PT017 - both outcomes are right
    else:
        assert set(checked) <= set(updates) | {"assignee_id", "assignee_ids"}
        assert patch_fields(ALL, Entity.TASK, checked) == checked


@given(
    st.builds(
        PMTask,
        **dict.fromkeys(("title", "project_id", "due_date", "status", "label_ids", "progress"), JSONISH),
    )
)
def test_any_draft_is_checked_or_refused(draft):
    """The same for records that callers fill with anything."""
    try:
        assert draft_fields(ALL, Entity.TASK, draft)["title"] == draft.title
    except ValidationError as error:
        assert error.fields  # noqa: PT017 - both outcomes are right


class TestHolds:
    """Whether a stored value is what was asked for."""

    def test_empty_is_missing(self):
        """None, "", [] and {} are the same nothing; False and 0 are not nothing."""
        task = PMTask()
        for name, value in {
            "description": "",
            "due_date": None,
            "label_ids": [],
            "custom_fields": {},
        }.items():
            assert holds(name, value, task)
        assert not holds("progress", 0, task)
        assert holds("progress", 0, PMTask(progress=0))
        assert not holds("description", "", PMTask(description="x"))
        assert not holds("description", "x", task)

    def test_choices_by_name(self):
        """A choice holds by unified value or by the system's name, whatever its case."""
        task = PMTask(status="in_progress", status_name="Doing")
        assert holds("status", "in_progress", task)
        assert holds("status", " doing", task)
        assert not holds("status", "todo", task)

    def test_relation_types(self):
        """An inverse type holds as the unified one that it is stored as."""
        assert holds("type", "blocked_by", PMRelation(type="blocks"))
        assert not holds("type", "follows", PMRelation(type="blocks"))

    def test_numbers_and_lines(self):
        """Hours hold within rounding, Markdown over line ends, ids in any order, custom fields by name."""
        task = PMTask(
            estimated_hours=1 / 3, description="a\nb", label_ids=["2", "1"], custom_fields={"a": 1, "b": 2}
        )
        assert holds("estimated_hours", 0.3333333333, task)
        assert not holds("estimated_hours", 0.34, task)
        assert holds("description", "a\r\nb", task)
        assert not holds("description", "a b", task)
        assert holds("label_ids", ["1", "2"], task)
        assert holds("custom_fields", {"a": 1}, task)
        assert not holds("custom_fields", {"c": None, "a": 2}, task)

    def test_everything_else_is_equality(self):
        """A title with a blank less is another title."""
        assert not holds("title", "a ", PMTask(title="a"))

    @given(st.dates(), st.dates())
    def test_dates(self, one, other):
        """Dates hold when they are equal."""
        assert holds("due_date", one, PMTask(due_date=other)) == (one == other)


def test_compare_written_lists_differences_in_order():
    """One warning for each field that is not held, with wish and result."""
    warnings = compare_written(
        {"title": "a ", "progress": 5, "due_date": None}, PMTask(title="a", progress=4), holds
    )
    assert [(w.field, w.asked, w.got) for w in warnings] == [("title", "a ", "a"), ("progress", 5, 4)]


def test_instants_become_utc():
    """No model field is a writable instant today; the check is ready for one."""
    from pm_providers.contract.values import _instant

    there = datetime(2026, 3, 2, 12, tzinfo=timezone(timedelta(hours=2)))
    assert _instant(there) == _instant("2026-03-02T12:00:00+02:00") == datetime(2026, 3, 2, 10, tzinfo=UTC)
    beyond = datetime.max.replace(tzinfo=timezone(-timedelta(hours=12)))
    for wrong in (
        "2026-03-02T12:00:00",
        "x",
        5,
        datetime(2026, 3, 2, tzinfo=UTC).replace(tzinfo=None),
        beyond,
    ):
        with pytest.raises(ValueError, match="must be"):
            _instant(wrong)


def test_endless_numbers_are_refused():
    """Python cannot even print them; 20 digits are kept by real servers (recorded 15-custom-fields)."""
    assert patch(custom_fields={"N": 10**20}) == {"custom_fields": {"N": 10**20}}
    with pytest.raises(ValidationError, match="more than 100 digits"):
        patch(custom_fields={"N": 10**5000})
