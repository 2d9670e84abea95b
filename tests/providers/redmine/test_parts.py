"""What stands around issues, as pure mapping: every direction, every odd value."""

from __future__ import annotations

from datetime import date

import pytest

from pm_providers import ProviderError
from pm_providers.model import RelationType
from pm_providers.providers.redmine.mapping.fields import to_custom_fields, to_system_fields
from pm_providers.providers.redmine.mapping.parts import (
    RELATION_TYPES,
    from_time_entry,
    is_partly_inherited,
    note_text,
    relation_body,
    to_attachment,
    to_comment,
    to_membership,
    to_relation,
    to_time_entry,
)

RELATION = {"id": 7, "issue_id": 1, "issue_to_id": 2, "relation_type": "relates", "delay": None}
MEMBERSHIP = {"id": 3, "project": {"id": 1}, "user": {"id": 5}, "roles": [{"id": 4, "name": "Developer"}]}


@pytest.mark.parametrize(
    ("word", "ends", "kind"),
    [
        ("relates", ("1", "2"), "relates"),
        ("blocks", ("1", "2"), "blocks"),
        ("blocked", ("2", "1"), "blocks"),
        ("precedes", ("1", "2"), "precedes"),
        ("follows", ("2", "1"), "precedes"),
        ("duplicates", ("1", "2"), "duplicates"),
        ("duplicated", ("2", "1"), "duplicates"),
        ("copied_to", ("1", "2"), "relates"),
        ("copied_from", ("2", "1"), "relates"),
    ],
)
def test_relations_are_read_from_either_side(word, ends, kind):
    """All words that the vendor has."""
    found = to_relation({**RELATION, "relation_type": word, "delay": 3})
    assert ((found.from_task_id, found.to_task_id), found.type) == (ends, kind)
    assert found.lag_days == (3 if kind == "precedes" else None)


@pytest.mark.parametrize(
    "change", [{"relation_type": "likes"}, {"relation_type": None}, {"issue_id": None}, {"delay": "x"}]
)
def test_relations_that_are_none(change):
    """Guessing would turn somebody's meaning round."""
    with pytest.raises(ProviderError):
        to_relation({**RELATION, **change})


def test_relation_types():
    """All but two of ours, under the same names."""
    assert set(RelationType) - set(RELATION_TYPES) == {RelationType.INCLUDES, RelationType.REQUIRES}


def test_relation_body():
    """A lag of 0 is written, none is not."""
    fields = {"from_task_id": "1", "to_task_id": "2", "type": "precedes"}
    wire = {"issue_to_id": 2, "relation_type": "precedes"}
    assert relation_body(fields) == {"relation": wire}
    assert relation_body({**fields, "lag_days": None}) == {"relation": wire}
    assert relation_body({**fields, "lag_days": 0}) == {"relation": {**wire, "delay": 0}}


def test_comment():
    """The text is turned; what is not told is missing, not made up."""
    entry = {
        "id": 9,
        "user": {"id": 4, "name": "Ada"},
        "notes": "*x*",
        "created_on": "2026-11-23T01:02:03Z",
        "updated_on": "2026-11-24T01:02:03Z",
        "private_notes": True,
    }
    found = to_comment(entry, "5", text=lambda stored: f"<{stored}>", base_url="https://r")
    assert (found.body, found.task_id, found.author_id, found.author_name) == ("<*x*>", "5", "4", "Ada")
    assert found.is_internal is True
    assert found.updated_at is not None
    assert found.updated_at.day == 24
    assert found.url == "https://r/issues/5#change-9"
    assert found.raw_data == entry
    bare = to_comment({"id": 9, "notes": "x"}, "5", text=lambda stored: stored, keep_raw=False)
    assert (bare.author_id, bare.created_at, bare.updated_at, bare.raw_data) == (None, None, None, None)
    assert bare.is_internal is None


@pytest.mark.parametrize("notes", [None, "", 5])
def test_changes_are_no_comments(notes):
    """Entries without text."""
    assert note_text({"id": 1, "notes": notes}) == ""


def test_time_entry_on_the_wire():
    """Rounded hours, ids as numbers, an empty text for none; what is not asked for is not sent."""
    assert from_time_entry({}) == {"time_entry": {}}
    fields = {
        "task_id": "5",
        "hours": 1 / 3,
        "spent_on": date(2026, 3, 2),
        "user_id": "4",
        "activity": "9",
        "comment": None,
    }
    assert from_time_entry(fields) == {
        "time_entry": {
            "issue_id": 5,
            "hours": 0.33,
            "spent_on": "2026-03-02",
            "user_id": 4,
            "activity_id": 9,
            "comments": "",
        }
    }


@pytest.mark.parametrize(
    ("name", "value"), [("hours", "1.5"), ("spent_on", "today"), ("created_on", "now"), ("issue", {"id": {}})]
)
def test_time_entries_that_are_none(name, value):
    """A value of another kind is an error."""
    with pytest.raises(ProviderError):
        to_time_entry({"id": 1, "hours": 1.0, name: value})


def test_membership_of_anybody():
    """Users, groups, and the groups of everybody else."""
    for kind in ("user", "group", "group_non_member", "group_anonymous"):
        found = {name: value for name, value in MEMBERSHIP.items() if name != "user"}
        assert to_membership({**found, kind: {"id": 8}}).user_id == "8"


def test_inherited_roles():
    """A role that is its own as well is told twice, and counts once."""
    own, inherited = {"id": 4, "name": "Developer"}, {"id": 4, "name": "Developer", "inherited": True}
    both = {**MEMBERSHIP, "roles": [own, inherited]}
    assert (to_membership(both).roles, to_membership(both).is_inherited) == (["Developer"], False)
    assert is_partly_inherited(both)
    assert to_membership({**MEMBERSHIP, "roles": [inherited]}).is_inherited
    assert not is_partly_inherited(MEMBERSHIP)
    assert not to_membership({**MEMBERSHIP, "roles": []}).is_inherited


@pytest.mark.parametrize("change", [{"user": None}, {"project": None}, {"roles": None}, {"roles": ["x"]}])
def test_memberships_that_are_none(change):
    """Nobody is a member of nothing."""
    with pytest.raises(ProviderError):
        to_membership({**MEMBERSHIP, **change})


@pytest.mark.parametrize("read", [to_relation, to_time_entry, to_membership])
@pytest.mark.parametrize("value", [None, [], "x", 5, {}])
def test_what_is_no_object(read, value):
    """Is an error, not an empty record."""
    with pytest.raises(ProviderError):
        read(value)


@pytest.mark.parametrize("value", [None, [], {}, {"id": True}])
def test_what_is_no_part_of_an_issue(value):
    """The same, for those that do not name their issue."""
    with pytest.raises(ProviderError):
        to_attachment(value, "1")
    with pytest.raises(ProviderError):
        to_comment(value, "1", text=lambda stored: stored)


def test_system_fields():
    """Those of any of the trackers; without names (before 5.0) all."""
    few = to_system_fields(
        [{"id": 1, "enabled_standard_fields": ["due_date"]}, {"id": 2, "enabled_standard_fields": []}],
        {"status_id": ["New"]},
    )
    assert [one.id for one in few] == [
        "project_id", "tracker_id", "subject", "status_id", "priority_id", "is_private", "due_date",
    ]  # fmt: skip
    assert {one.id: one.allowed_values for one in few}["status_id"] == ("New",)
    assert len(to_system_fields([{"id": 1}], {})) == 15
    assert not any(one.is_custom for one in few)


def test_custom_fields_by_name():
    """Ids and names alone are fields of text; a file cannot be written."""
    found = to_custom_fields(
        [{"id": 2, "name": "b"}, {"id": 10, "name": "A", "field_format": "attachment"}], keep_raw=False
    )
    assert [(one.id, one.type, one.is_writable) for one in found] == [
        ("10", "attachment", False),
        ("2", "text", True),
    ]
    assert all(one.is_custom and one.raw_data is None for one in found)
