"""What the vendor does silently, or otherwise than it says: one trap a test, each on a scripted server."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from pm_providers import (
    ConflictError,
    NotFoundError,
    PermissionDeniedError,
    PMComment,
    PMLabel,
    PMMembership,
    PMRelation,
    PMTimeEntry,
    ProviderError,
    TransportError,
    UnsupportedError,
    ValidationError,
)
from tests.providers.asana.odd_servers import ENTRY, STORY, Losing, data, error, named
from tests.providers.asana.site import FakeTime, Scripted, scripted

DAY = date(2026, 3, 5)


# lists


async def test_comments_are_asked_for_with_their_text() -> None:
    """`html_text` is opt-in: without it every comment would be read as plain text, or as nothing."""
    server = Scripted({"GET /tasks/12/stories": data([STORY])})
    async with scripted(named(server)) as provider:
        (found,) = await provider.list_comments("12")
    asked = server.requests[-1].url.params
    assert "html_text" in asked["opt_fields"].split(",")
    assert asked["limit"] == "100"
    assert (found.body, found.author_name) == ("hello", "Ada")


async def test_pages_of_history_do_not_end_the_comments() -> None:
    """A limit counts comments, not stories: a page may hold none of them."""
    history = [{"gid": str(100 + n), "type": "system", "resource_subtype": "assigned"} for n in range(3)]

    def stories(params: dict[str, str], _body: Any) -> Any:
        if "offset" not in params:
            return {"data": history, "next_page": {"offset": "more", "path": "", "uri": ""}}
        return {"data": [STORY], "next_page": None}

    server = Scripted({"GET /tasks/12/stories": stories})
    async with scripted(named(server)) as provider:
        assert [one.id for one in await provider.list_comments("12", limit=1)] == ["31"]


async def test_comments_without_rich_text_are_read_as_they_are() -> None:
    """Stories of old integrations have a plain text only: its signs mean nothing."""
    plain = {key: value for key, value in STORY.items() if key != "html_text"} | {"text": "a <b> & *c*"}
    server = Scripted({"GET /tasks/12/stories": data([plain])})
    async with scripted(named(server)) as provider:
        (found,) = await provider.list_comments("12")
    assert found.body == r"a \<b> & \*c\*"


async def test_entries_of_lists_that_leave_fields_out_are_completed() -> None:
    """Lists are documented without task, text and moment ([spec] TimeTrackingEntryCompact): one batch for ten."""
    rows = [ENTRY | {"gid": str(one)} for one in range(51, 63)]
    full = {"task": {"gid": "12"}, "created_at": "2026-01-10T08:00:00Z", "description": "flew"}
    answers: dict[str, Any] = {
        f"GET /time_tracking_entries/{one['gid']}": data(one | full) for one in rows if one["gid"] != "55"
    }
    server = Scripted({"GET /time_tracking_entries": data(rows), **answers})
    async with scripted(named(server)) as provider:
        before = len(server.requests)
        found = await provider.list_time_entries()
    assert len(server.requests) - before == 3
    assert {(one.task_id, one.comment, one.hours) for one in found} == {("12", "flew", 1.5)}
    assert [one.id for one in found] == [
        one["gid"] for one in rows if one["gid"] != "55"
    ]  # deleted meanwhile


async def test_a_list_that_tells_all_costs_one_request() -> None:
    full = ENTRY | {"task": {"gid": "12"}, "created_at": None, "description": ""}
    server = Scripted({"GET /tasks/12/time_tracking_entries": data([full])})
    async with scripted(named(server)) as provider:
        before = len(server.requests)
        (found,) = await provider.list_time_entries("12")
    assert len(server.requests) - before == 1
    assert (found.task_id, found.comment) == ("12", None)


# writes whose answer got lost


async def test_a_comment_is_not_said_twice() -> None:
    server = Losing(Scripted({"POST /tasks/12/stories": data(STORY)}), "/stories")
    async with scripted(named(server), timing=FakeTime().timing()) as provider:
        with pytest.raises(TransportError) as caught:
            await provider.create_comment(PMComment(task_id="12", body="hello"))
    assert caught.value.maybe_applied
    assert server.count("/stories") == 1


async def test_time_is_not_logged_twice() -> None:
    server = Losing(Scripted({"POST /tasks/12/time_tracking_entries": data(ENTRY)}), "/time_tracking_entries")
    async with scripted(named(server), timing=FakeTime().timing()) as provider:
        with pytest.raises(TransportError) as caught:
            await provider.create_time_entry(PMTimeEntry("", "12", 1.5, DAY))
    assert caught.value.maybe_applied
    assert server.count("/time_tracking_entries") == 1


async def test_a_dependency_is_set_again() -> None:
    """ "If they are not already" ([spec] addDependencies): twice is once."""
    tasks = {"12": [], "13": []}

    def add(_params: Any, body: Any) -> Any:
        tasks["13"] = sorted({*tasks["13"], *body["data"]["dependencies"]})
        return data({})

    def read(one: str) -> Any:
        return lambda *_: data(
            {"gid": one, "dependencies": [{"gid": gid} for gid in tasks[one]], "dependents": []}
        )

    answers = {
        "GET /tasks/12": read("12"),
        "GET /tasks/13": read("13"),
        "POST /tasks/13/addDependencies": add,
    }
    server = Losing(Scripted(answers), "/addDependencies")
    async with scripted(named(server), timing=FakeTime().timing()) as provider:
        made = await provider.create_relation(PMRelation("", "12", "13", "blocks"))
    assert (made.from_task_id, made.to_task_id) == ("12", "13")
    assert server.count("/addDependencies") == 2


@pytest.mark.parametrize(("is_there", "answered"), [(False, True), (True, None)])
async def test_a_deletion_that_is_not_told_is_looked_up(is_there: bool, answered: bool | None) -> None:
    rows = [STORY]

    def delete(*_: Any) -> Any:
        if not is_there:
            rows.clear()
        return data({})

    answers = {"GET /stories/31": lambda *_: data(rows[0]) if rows else None, "DELETE /stories/31": delete}
    server = Losing(Scripted(answers), "/31", times=9)
    async with scripted(named(server), timing=FakeTime().timing()) as provider:
        if answered:
            assert await provider.delete_comment("31") is True
        else:
            with pytest.raises(TransportError):
                await provider.delete_comment("31")
    assert server.count("/31") == 1


async def test_an_edit_is_made_on_the_stored_text() -> None:
    """What Markdown has no words for, here the ids of a mentioned task, is taken from what is stored."""
    mention = '<a href="https://app.asana.com/0/1/9" data-asana-gid="9" data-asana-type="task">x</a>'
    server = Scripted(
        {
            "GET /stories/31": data(STORY | {"html_text": f"<body>{mention} here</body>"}),
            "PUT /stories/31": lambda _params, body: data(STORY | body["data"]),
        }
    )
    async with scripted(named(server)) as provider:
        await provider.update_comment("31", {"body": "[x](https://app.asana.com/0/1/9) there"})
    (sent,) = server.bodies("PUT", "/stories/31")
    assert sent == {"data": {"html_text": f"<body>{mention} there</body>"}}


# success that did not happen


async def test_a_dependency_that_is_not_there_after_all() -> None:
    bare = {"dependencies": [], "dependents": []}
    server = Scripted(
        {
            "GET /tasks/12": data({"gid": "12", **bare}),
            "GET /tasks/13": data({"gid": "13", **bare}),
            "POST /tasks/13/addDependencies": data({}),
        }
    )
    async with scripted(named(server)) as provider:
        with pytest.raises(ProviderError) as caught:
            await provider.create_relation(PMRelation("", "12", "13", "blocks"))
    assert caught.value.maybe_applied


@pytest.mark.parametrize("told", [True, False])
async def test_a_follower_who_does_not_follow(told: bool) -> None:
    """The answer is the task, or nothing: the document promises both ([spec] addFollowers)."""
    server = Scripted(
        {
            "GET /tasks/12": data({"gid": "12", "followers": []}),
            "GET /users/8": data({"gid": "8", "name": "Guest"}),
            "POST /tasks/12/addFollowers": data({"gid": "12", "followers": []} if told else {}),
        }
    )
    async with scripted(named(server)) as provider:
        before = len(server.requests)
        with pytest.raises(ValidationError) as caught:
            await provider.add_watcher("12", "8")
    assert list(caught.value.fields) == ["user_id"]
    assert len(server.requests) - before == (3 if told else 4)  # what is told is not asked for again


async def test_a_follower_who_stays() -> None:
    follows = {"gid": "12", "followers": [{"gid": "8", "name": "Guest"}]}
    server = Scripted({"GET /tasks/12": data(follows), "POST /tasks/12/removeFollowers": data(follows)})
    async with scripted(named(server)) as provider:
        with pytest.raises(ProviderError):
            await provider.remove_watcher("12", "8")


async def test_members_with_another_role_stay_as_they_are() -> None:
    """`POST /memberships` would give who is a member another role without a word."""
    rows = [{"gid": "61", "access_level": "commenter", "member": {"gid": "8"}, "parent": {"gid": "5"}}]
    server = Scripted(
        {
            "GET /projects/5": data({"gid": "5", "name": "P"}),
            "GET /projects/5/project_memberships": data(rows),
            "POST /memberships": data(rows[0]),
        }
    )
    async with scripted(named(server)) as provider:
        with pytest.raises(ConflictError, match="61"):
            await provider.create_membership(PMMembership("", "5", "8", roles=["admin"]))
    assert server.bodies("POST", "/memberships") == []


async def test_memberships_of_other_things_are_left_alone() -> None:
    """`/memberships` takes those of portfolios and goals as well: only projects have some here."""
    goal = {"gid": "61", "access_level": "editor", "member": {"gid": "8"}}
    server = Scripted(
        {
            "GET /memberships/61": data(goal),
            "PUT /memberships/61": data(goal),
            "DELETE /memberships/61": data({}),
        }
    )
    async with scripted(named(server)) as provider:
        assert await provider.delete_membership("61") is False
        with pytest.raises(NotFoundError):
            await provider.update_membership("61", {"roles": ["admin"]})
    assert {one.method for one in server.requests} == {"GET"}


async def test_a_membership_is_told_without_its_project() -> None:
    """`parent` is opt-in, and the write cannot ask for it ([spec] PUT /memberships)."""
    row = {"gid": "61", "access_level": "editor", "member": {"gid": "8", "name": "Mia"}}
    server = Scripted(
        {
            "GET /project_memberships/61": data(row | {"parent": {"gid": "5"}}),
            "PUT /memberships/61": data(row | {"access_level": "admin"}),
        }
    )
    async with scripted(named(server)) as provider:
        found = await provider.update_membership("61", {"roles": ["Admin"]})
    assert (found.project_id, found.user_id, found.roles, found.warnings) == ("5", "8", ["admin"], ())
    assert server.bodies("PUT", "/memberships/61") == [{"data": {"access_level": "admin"}}]


async def test_the_same_label_after_many_others() -> None:
    """All pages are looked through before a name is said to be free."""

    def tags(params: dict[str, str], _body: Any) -> Any:
        if "offset" not in params:
            return {
                "data": [{"gid": "1", "name": "x"}],
                "next_page": {"offset": "more", "path": "", "uri": ""},
            }
        return {"data": [{"gid": "2", "name": "Bug "}], "next_page": None}

    server = Scripted({"GET /workspaces/100/tags": tags})
    async with scripted(named(server)) as provider:
        with pytest.raises(ValidationError, match="tag 2"):
            await provider.create_label(PMLabel(name="bug"))


# refusals


async def test_paid_features_are_unsupported() -> None:
    server = Scripted({"GET /tasks/12/time_tracking_entries": error("Time tracking is a paid feature", 402)})
    async with scripted(named(server)) as provider:
        with pytest.raises(UnsupportedError, match="paid"):
            await provider.list_time_entries("12")


async def test_refusals_name_our_fields() -> None:
    server = Scripted(
        {
            "POST /tasks/12/stories": error("html_text: XML is invalid", 400),
            "GET /workspaces/100/tags": data([]),
            "POST /workspaces/100/tags": error("color: Not a color", 400),
        }
    )
    async with scripted(named(server)) as provider:
        with pytest.raises(ValidationError) as caught:
            await provider.create_comment(PMComment(task_id="12", body="x"))
        assert list(caught.value.fields) == ["body"]
        with pytest.raises(ValidationError) as caught:
            await provider.create_label(PMLabel(name="x", color="#ff0000"))
        assert list(caught.value.fields) == ["color"]


async def test_what_may_not_be_seen_is_no_success() -> None:
    """A task that is hidden has no comments that we know of: that is an error, not an empty list."""
    server = Scripted(
        {"GET /tasks/12/stories": error("Forbidden", 403), "GET /tasks/12": error("Forbidden", 403)}
    )
    async with scripted(named(server)) as provider:
        with pytest.raises(PermissionDeniedError):
            await provider.list_comments("12")
        with pytest.raises(NotFoundError):
            await provider.list_watchers("12")


async def test_a_fault_of_the_server_while_listing() -> None:
    server = Scripted({"GET /tasks/12/stories": error("Sorry", 500)})
    async with scripted(named(server), timing=FakeTime().timing()) as provider:
        with pytest.raises(ProviderError):
            await provider.list_comments("12")
