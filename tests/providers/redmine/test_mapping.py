"""Projects, issues, versions, people and custom fields, as pure mapping."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pm_providers import ProviderError, ValidationError
from pm_providers.providers.redmine.mapping.custom_fields import (
    CustomField,
    read_custom_fields,
    to_custom_field,
    write_custom_fields,
)
from pm_providers.providers.redmine.mapping.people import from_user, to_group, to_user
from pm_providers.providers.redmine.mapping.projects import ProjectReading, from_project, key_for, to_project
from pm_providers.providers.redmine.mapping.sprints import from_sprint, to_label, to_sprint
from pm_providers.providers.redmine.mapping.tasks import from_task

OPTIONS = (("1", "Small"), ("2", "Large"), ("3", "small"))


def same(text: str | None) -> str | None:
    return text


def described(word: str, **more: object) -> CustomField:
    return to_custom_field({"id": 5, "name": "F", "field_format": word, **more})


class TestCustomFields:
    """Texts on the wire, plain values on our side."""

    @pytest.mark.parametrize(
        ("word", "stored", "value"),
        [
            ("int", " -3 ", -3),
            ("int", "x", "x"),
            ("float", "1e3", 1000.0),
            ("float", "1e400", "1e400"),
            ("float", "nan", "nan"),
            ("bool", "1", True),
            ("bool", "0", False),
            ("bool", "true", "true"),
            ("date", "2026-03-02", date(2026, 3, 2)),
            ("date", "10000-01-01", "10000-01-01"),
            ("string", "", None),
            ("text", None, None),
            ("link", "https://x", "https://x"),
            ("user", "5", "5"),
            ("odd", "x", "x"),
        ],
    )
    def test_reading(self, word, stored, value):
        """What cannot be read as its format says stays the text that it is."""
        found = described(word).read(stored)
        assert (found, type(found)) == (value, type(value))

    def test_lists(self):
        """Empty elements are none; an empty list is no value."""
        field = described("list", multiple=True, possible_values=[{"value": "a"}, {"value": "b"}])
        assert field.read(["a", ""]) == ["a"]
        assert field.read([""]) is None
        assert field.write(None) == [""]
        assert field.checked(["a", "B", "a"]) == ["a", "b"]
        assert field.write(["a", "b"]) == ["a", "b"]

    def test_options_by_name_or_id(self):
        """A name wins over an id, exact case over any; what means several is refused."""
        field = CustomField("5", "F", "choice", known=True, options=OPTIONS)
        assert [field.checked(one) for one in ("Small", "small", "2", "LARGE")] == [
            "Small", "small", "Large", "Large",
        ]  # fmt: skip
        assert field.write("Large") == "2"
        with pytest.raises(ValidationError, match="give one of 1, 3"):
            field.checked("SMALL")
        with pytest.raises(ValidationError, match="it has: Small, Large, small"):
            field.checked("Huge")

    @pytest.mark.parametrize(
        ("word", "wrong"),
        [
            ("int", 1.5),
            ("int", True),
            ("float", "1"),
            ("bool", 1),
            ("date", "soon"),
            ("user", "Ada"),
            ("string", 5),
            ("string", ["x"]),
            ("attachment", "x"),
        ],
    )
    def test_what_a_field_cannot_hold(self, word, wrong):
        """Named by field, before anything is sent."""
        with pytest.raises(ValidationError) as caught:
            described(word).checked(wrong)
        assert list(caught.value.fields) == ["custom_fields.F"]

    @pytest.mark.parametrize(
        ("word", "value", "stored"),
        [
            ("bool", True, "1"),
            ("int", 5, "5"),
            ("float", 1.5, "1.5"),
            ("date", date(2026, 3, 2), "2026-03-02"),
            ("string", None, ""),
        ],
    )
    def test_what_is_written_is_read(self, word, value, stored):
        """There and back."""
        field = described(word)
        assert field.write(field.checked(value)) == stored
        assert field.read(stored) == value

    @given(
        st.one_of(
            st.integers(-(2**53), 2**53),
            st.booleans(),
            st.dates(),
            st.floats(allow_nan=False, allow_infinity=False),
        )
    )
    def test_any_value_comes_back(self, value):
        """Of the field that is made for it."""
        word = {bool: "bool", int: "int", float: "float", date: "date"}[type(value)]
        field = described(word)
        assert field.read(field.write(field.checked(value))) == value

    def test_unknown_formats_are_texts(self):
        """Who is no administrator writes and reads the texts that are stored."""
        field = to_custom_field({"id": 5, "name": "F"})
        assert (field.checked(True), field.checked(5), field.known) == ("1", "5", False)

    def test_by_id(self):
        """Names go by record; empty ones are left out."""
        document = {
            "custom_fields": [{"id": 5, "name": "F", "value": "7"}, {"id": 6, "name": "G", "value": ""}]
        }
        assert read_custom_fields(document, {"5": described("int")}) == {"F": 7}
        assert read_custom_fields(document, {}) == {"F": "7"}
        assert write_custom_fields({"F": 7}, [described("int")]) == [{"id": 5, "value": "7"}]


class TestTasks:
    """Issues, written."""

    def test_clearing(self):
        """An empty text clears; a share of work done cannot be empty."""
        fields = {
            "assignee_id": None,
            "due_date": None,
            "label_ids": [],
            "progress": None,
            "description": None,
            "parent_task_id": None,
        }
        assert from_task(fields, text=same) == {
            "assigned_to_id": "",
            "due_date": "",
            "category_id": "",
            "done_ratio": 0,
            "description": "",
            "parent_issue_id": "",
        }

    def test_values(self):
        """Only what is asked for, under the vendor's names."""
        fields = {"title": "t", "sprint_id": "4", "start_date": date(2026, 3, 2), "label_ids": ["9"]}
        assert from_task(fields, text=same) == {
            "subject": "t",
            "fixed_version_id": "4",
            "start_date": "2026-03-02",
            "category_id": "9",
        }
        custom = from_task({"custom_fields": {"F": 7}}, text=same, custom=[described("int")])
        assert custom == {"custom_fields": [{"id": 5, "value": "7"}]}


class TestProjects:
    """Projects."""

    @pytest.mark.parametrize(
        ("code", "status", "name"),
        [
            (1, "active", "active"),
            (5, "completed", "closed"),
            (9, "archived", "archived"),
            (10, "archived", None),
            (77, "archived", None),
            (None, None, None),
        ],
    )
    def test_status(self, code, status, name):
        """Fixed numbers; one that is on its way out reads as archived."""
        found = to_project({"id": 1, "name": "P", "status": code}, ProjectReading(text=same))
        assert (found.status, found.status_name) == (status, name)

    def test_written(self):
        """A parent is cleared by an empty text."""
        fields = {"name": "P", "key": "p", "is_public": False, "description": None, "parent_project_id": None}
        assert from_project(fields, text=same) == {
            "name": "P",
            "identifier": "p",
            "is_public": False,
            "description": "",
            "parent_id": "",
        }

    @given(st.text(max_size=300))
    def test_key_from_any_name(self, name):
        """Is one that the vendor takes, and ends as asked."""
        key = key_for(name, "1a2b")
        assert key.endswith("-1a2b")
        assert len(key) <= 100
        assert set(key) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")
        assert not key.startswith("-")


class TestPeople:
    """Users and groups."""

    def test_whole_and_reference(self):
        """A reference has a name only; locked users are not active."""
        whole = to_user({"id": 5, "firstname": "Ada", "lastname": "Byron", "status": 3, "api_key": "k"})
        assert (whole.name, whole.is_active) == ("Ada Byron", False)
        assert "api_key" not in (whole.raw_data or {})
        assert to_user({"id": 5, "name": "Ada B"}).name == "Ada B"
        assert to_group({"id": 8, "name": "Blue"}).kind == "group"

    def test_written(self):
        """Two names, an address and a login."""
        body = from_user({"name": "Ada King Byron", "email": "a@b", "username": "ada"}, create=True)
        assert body == {
            "firstname": "Ada King",
            "lastname": "Byron",
            "mail": "a@b",
            "login": "ada",
            "generate_password": True,
        }
        with pytest.raises(ValidationError) as caught:
            from_user({"name": "Ada Byron"}, create=True)
        assert set(caught.value.fields) == {"email", "username"}
        with pytest.raises(ValidationError):
            from_user({"name": "Ada"})


class TestSprints:
    """Versions and categories."""

    def test_read(self):
        """No start; the vendor's word stays beside ours."""
        found = to_sprint(
            {"id": 1, "name": "1.0", "project": {"id": 2}, "status": "locked", "due_date": "2026-03-02"}
        )
        assert (found.end_date, found.start_date, found.status_name) == (date(2026, 3, 2), None, "locked")
        assert (found.status, found.project_id) == ("closed", "2")

    def test_written(self):
        """Clearing is an empty text."""
        assert from_sprint({"name": "1.0", "goal": None, "end_date": None}) == {
            "name": "1.0",
            "description": "",
            "due_date": "",
        }

    def test_category(self):
        """A label of its project."""
        found = to_label({"id": 1, "name": "UI", "project": {"id": 2}})
        assert (found.name, found.project_id, found.color) == ("UI", "2", None)


@pytest.mark.parametrize("read", [to_user, to_group, to_sprint, to_label])
@pytest.mark.parametrize("value", [None, [], {}])
def test_what_is_no_object(read, value):
    """Is an error, not an empty record."""
    with pytest.raises(ProviderError):
        read(value)
