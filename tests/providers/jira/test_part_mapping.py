"""Links, sprints, worklogs, members: documents and records, with nothing around them."""

from __future__ import annotations

from datetime import UTC, date
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from pm_providers import ProviderError, ValidationError
from pm_providers.model import RelationType
from pm_providers.providers.jira.mapping.links import (
    link_body,
    link_types,
    to_link_type,
    to_relation,
    to_write,
    writable_types,
)
from pm_providers.providers.jira.mapping.members import Actor, actor_of, members_of, role_ids, split_id
from pm_providers.providers.jira.mapping.moments import zone_of
from pm_providers.providers.jira.mapping.parts import from_worklog, plain_text, to_attachment, to_comment
from pm_providers.providers.jira.mapping.sprints import from_sprint, full_sprint, state_path, to_sprint
from pm_providers.providers.jira.mapping.texts import ADF, WIKI, TextFormat

BERLIN = ZoneInfo("Europe/Berlin")


def _type(outward: str, inward: str = "", name: str = "T", one: str = "1") -> dict[str, Any]:
    return {"id": one, "name": name, "outward": outward, "inward": inward}


@pytest.mark.parametrize(
    ("outward", "inward", "name", "meaning", "swapped", "exact"),
    [
        ("blocks", "is blocked by", "Blocks", "blocks", False, True),
        ("Is  Blocked by", "blocks", "Reversed", "blocks", True, True),
        ("duplicates", "is duplicated by", "Duplicate", "duplicates", False, True),
        ("relates to", "relates to", "Relates", "relates", False, True),
        ("clones", "is cloned by", "Cloners", "relates", False, False),
        ("x", "follows", "Gantt", "precedes", False, True),
        ("x", "depends on", "Dependency", "requires", True, True),
        ("blockiert", "wird blockiert", "Blocks", "blocks", False, True),
        ("contains", "is contained by", "Container", "includes", False, True),
    ],
)
def test_words_tell_what_a_link_type_means(
    outward: str, inward: str, name: str, meaning: str, swapped: bool, exact: bool
) -> None:
    found = to_link_type(_type(outward, inward, name))
    assert (found.meaning, found.swapped, found.exact) == (meaning, swapped, exact)


def test_the_map_goes_before_the_words() -> None:
    clone = _type("clones", "is cloned by", "Cloners", "7")
    assert to_link_type(clone, {" cloners ": "duplicates"}).meaning is RelationType.DUPLICATES
    found = to_link_type(clone, {"7": "required_by", "Cloners": "blocks"})
    assert (found.meaning, found.swapped, found.exact) == (RelationType.REQUIRES, True, True)


def test_which_types_can_be_written() -> None:
    types = link_types([
        _type("is blocked by", "blocks", "Reversed", "1"),
        _type("blocks", "is blocked by", "Blocks", "2"),
        _type("clones", "is cloned by", "Cloners", "3"),
    ])  # fmt: skip
    assert writable_types(types) == ("blocks",)
    assert getattr(to_write("blocks", types), "id", None) == "2"
    assert to_write("relates", types) is None


def test_the_blocker_is_the_inward_issue_of_the_call_and_shows_the_other_as_outward() -> None:
    """The trap: written one way, shown the other way round."""
    kind = to_link_type(_type("blocks", "is blocked by", "Blocks", "2"))
    body = link_body(kind, "10", "20")
    assert body == {"type": {"id": "2"}, "inwardIssue": {"id": "10"}, "outwardIssue": {"id": "20"}}
    on_blocker = {"id": "5", "type": _type("blocks", one="2"), "outwardIssue": {"id": "20"}}
    on_blocked = {"id": "5", "type": _type("blocks", one="2"), "inwardIssue": {"id": "10"}}
    known = {"2": kind}
    there, here = to_relation(on_blocker, "10", known), to_relation(on_blocked, "20", known)
    assert there == here
    assert (here.from_task_id, here.type, here.to_task_id) == ("10", "blocks", "20")


def test_a_type_of_reversed_words_swaps_the_ends() -> None:
    kind = to_link_type(_type("is blocked by", "blocks", one="9"))
    assert link_body(kind, "10", "20")["inwardIssue"] == {"id": "20"}
    shown = {"id": "5", "type": _type("is blocked by", one="9"), "outwardIssue": {"id": "10"}}
    found = to_relation(shown, "20", {"9": kind})
    assert (found.from_task_id, found.to_task_id) == ("10", "20")


def test_a_link_needs_an_other_end() -> None:
    with pytest.raises(ProviderError):
        to_relation({"id": "5", "type": _type("blocks")}, "10", {})


# sprints


def test_days_of_a_sprint_are_those_of_the_caller() -> None:
    value = {
        "id": 7,
        "state": "ACTIVE",
        "name": "S",
        "startDate": "2026-03-01T23:30:00.000Z",
        "endDate": "2026-03-13T17:00:00.000+01:00",
        "originBoardId": 3,
        "goal": "",
    }
    here = to_sprint(value, project_id="1", zone=BERLIN, base_url="https://j")
    there = to_sprint(value, project_id="1", zone=UTC)
    assert (here.start_date, here.end_date) == (date(2026, 3, 2), date(2026, 3, 13))
    assert there.start_date == date(2026, 3, 1)
    assert (here.id, here.status, here.status_name, here.goal) == ("7", "active", "active", None)
    assert here.url == "https://j/secure/RapidBoard.jspa?rapidView=3&sprint=7"


def test_a_day_that_stays_keeps_its_hour() -> None:
    stored = {"startDate": "2026-03-02T05:39:24.463Z", "endDate": "2026-03-13T05:39:24.463Z"}
    fields = {"start_date": date(2026, 3, 2), "end_date": date(2026, 3, 20), "goal": None}
    assert from_sprint(fields, BERLIN, stored) == {"endDate": "2026-03-20T16:00:00.000+00:00", "goal": ""}


def test_a_replacing_write_holds_everything_but_what_is_cleared() -> None:
    stored = {
        "id": 1,
        "name": "S",
        "state": "future",
        "goal": "g",
        "startDate": "a",
        "endDate": "b",
        "self": "x",
    }
    assert full_sprint({"end_date": None}, {"name": "T"}, stored) == {
        "name": "T",
        "state": "future",
        "goal": "g",
        "startDate": "a",
    }
    assert full_sprint({"name": "T"}, {"name": "T"}, stored) is None
    assert full_sprint({"end_date": None}, {}, {"name": "S"}) is None


def test_states_only_go_forward() -> None:
    assert state_path("future", "closed") == ["active", "closed"]
    assert state_path("active", "active") == []
    assert state_path("future", "ACTIVE") == ["active"]
    for now, wanted in (("closed", "active"), ("active", "planned"), ("future", "sleeping")):
        with pytest.raises(ValidationError) as caught:
            state_path(now, wanted)
        assert "status" in caught.value.fields


@pytest.mark.parametrize("day", [date.min, date.max])
def test_the_ends_of_time(day: date) -> None:
    for zone in (ZoneInfo("Pacific/Kiritimati"), ZoneInfo("America/Los_Angeles")):
        assert from_sprint({"start_date": day}, zone)["startDate"].startswith(f"{day.year:04d}")
        assert from_worklog({"spent_on": day, "hours": 1.0}, zone, adf=True)["started"]


# comments, files, worklogs


def test_who_may_see_a_comment() -> None:
    def internal(**more: Any) -> bool | None:
        return to_comment({"id": "1", **more}, "9", text=lambda _: None).is_internal

    assert internal(jsdPublic=True) is False
    assert internal() is False
    assert internal(jsdPublic=False) is True
    assert internal(visibility={"type": "role", "value": "Administrators"}) is True


def test_anonymous_attachments() -> None:
    found = to_attachment({"id": 7, "filename": "a", "size": 3, "author": {}}, "9")
    assert (found.id, found.size_bytes, found.author_id) == ("7", 3, None)


def test_a_worklog_is_written_whole() -> None:
    stored = {
        "started": "2026-03-05T22:15:00.000+0000",
        "timeSpentSeconds": 600,
        "comment": {"type": "doc", "version": 1, "content": []},
        "visibility": {"type": "group", "value": "g"},
    }
    body = from_worklog({"spent_on": date(2026, 3, 1)}, BERLIN, adf=True, stored=stored)
    assert body["started"] == "2026-03-01T22:15:00.000+0000"
    assert body["timeSpentSeconds"] == 600
    assert body["comment"] == stored["comment"]
    assert body["visibility"] == stored["visibility"]
    assert from_worklog({"hours": 1.0}, BERLIN, adf=True, stored=stored)["started"] == stored["started"]


def test_hours_are_whole_minutes() -> None:
    new = {"spent_on": date(2026, 3, 1)}
    assert from_worklog({**new, "hours": 1.2583}, UTC, adf=False)["timeSpentSeconds"] == 4500
    with pytest.raises(ValidationError) as caught:
        from_worklog({**new, "hours": 0.008}, UTC, adf=False)
    assert "hours" in caught.value.fields


def test_comments_of_worklogs_are_plain() -> None:
    day = {"spent_on": date(2026, 3, 1), "hours": 1.0}
    rich = from_worklog({**day, "comment": "1 * 2 _x_"}, UTC, adf=True)["comment"]
    assert plain_text(rich) == "1 * 2 _x_"
    assert from_worklog({**day, "comment": "1 * 2"}, UTC, adf=False)["comment"] == "1 * 2"
    assert "comment" not in from_worklog({**day, "comment": None}, UTC, adf=True)
    cleared = from_worklog({"comment": None}, UTC, adf=True, stored={"comment": rich})
    assert plain_text(cleared["comment"]) is None
    assert from_worklog({"comment": None}, UTC, adf=False, stored={"comment": "x"})["comment"] == ""


def test_no_text_of_a_rich_comment_is_lost() -> None:
    inline = [
        {"type": "text", "text": "Ask "},
        {"type": "mention", "attrs": {"id": "5b1", "text": "@Mia"}},
        {"type": "hardBreak"},
        {"type": "emoji", "attrs": {"shortName": ":smile:"}},
        {"type": "inlineCard", "attrs": {"url": "https://x.example"}},
    ]
    item = {"type": "listItem", "content": [{"type": "paragraph", "content": inline}]}
    rich = {"type": "doc", "version": 1, "content": [{"type": "bulletList", "content": [item, item]}]}
    assert plain_text(rich) == "\n".join(["Ask @Mia", ":smile:https://x.example"] * 2)


# members


def test_actors_of_roles() -> None:
    user = {"type": "atlassian-user-role-actor", "displayName": "Mia", "actorUser": {"accountId": "5b1"}}
    old = {"type": "atlassian-user-role-actor", "displayName": "Mia", "name": "mia"}
    group = {"type": "atlassian-group-role-actor", "displayName": "devs", "actorGroup": {"name": "devs"}}
    assert actor_of(user) == Actor("5b1", "Mia")
    assert actor_of(old) == Actor("mia", "Mia")
    assert actor_of(group) == Actor("group:devs", "devs")
    assert actor_of({"type": "other"}) is None
    assert Actor("group:devs").params == {"group": "devs"}
    uuid = "952d12c3-5b5b-4d04-bb32-44d383afc4b2"
    assert Actor(f"group:{uuid}").body == {"groupId": [uuid]}
    assert Actor("5b1").body == {"user": ["5b1"]}


def test_members_have_all_their_roles_once() -> None:
    mia = {"type": "user", "displayName": "Mia", "name": "mia"}
    ada = {"type": "user", "displayName": "ada", "name": "ada"}
    first, second = (one.record("7") for one in members_of([("1", "Dev", [mia, ada]), ("2", "Lead", [mia])]))
    assert (first.user_id, first.roles) == ("ada", ["Dev"])
    assert (second.id, second.user_id, second.roles) == ("7:mia", "mia", ["Dev", "Lead"])
    assert split_id(second.id) == ("7", "mia")
    assert [split_id(one) for one in ("mia", "x:mia", "7:", "712020:a:b")] == [
        None,
        None,
        None,
        ("712020", "a:b"),
    ]


def test_roles_without_ids_break_the_contract() -> None:
    assert role_ids({"Dev": "https://j/rest/api/3/project/1/role/10360"}) == {"10360": "Dev"}
    with pytest.raises(ProviderError):
        role_ids({"Dev": "https://j/rest"})


def test_zones_that_are_not_known() -> None:
    assert zone_of({"timeZone": "Europe/Berlin"}) == BERLIN
    assert [
        zone_of(one) for one in ({}, {"timeZone": 1}, {"timeZone": "../etc"}, {"timeZone": "Mars/X"})
    ] == [UTC] * 4


@pytest.mark.parametrize("form", [ADF, WIKI])
@pytest.mark.parametrize("stored", [5, True, [1]])
def test_a_text_of_another_kind_breaks_the_contract(form: TextFormat, stored: Any) -> None:
    """It is neither read as empty, which an edit would then write, nor an error of our own."""
    with pytest.raises(ProviderError):
        form.read(stored)


def test_each_kind_of_text_is_read_by_what_it_is() -> None:
    words = {"type": "paragraph", "content": [{"type": "text", "text": "x"}]}
    for form in (ADF, WIKI):
        assert form.read({"type": "doc", "version": 1, "content": [words]}) == "x"
        assert form.read("*x*") == "**x**"
