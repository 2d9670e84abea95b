"""What the vendor does silently, or otherwise than it says: one trap a test, each on a scripted server."""

from __future__ import annotations

from datetime import date
from typing import Any
from urllib.parse import unquote

import httpx2
import pytest

from pm_providers import (
    ConflictError,
    NotFoundError,
    PermissionDeniedError,
    PMAttachment,
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
from tests.providers.asana.site import FakeTime, Scripted, answer, scripted

DAY = date(2026, 3, 5)
STORY = {
    "gid": "31",
    "type": "comment",
    "resource_subtype": "comment_added",
    "html_text": "<body>hello</body>",
    "text": "hello",
    "created_at": "2026-01-10T08:00:00.123Z",
    "created_by": {"gid": "9", "name": "Ada"},
    "target": {"gid": "12", "resource_type": "task"},
}
FILE = {
    "gid": "41",
    "name": "a.txt",
    "resource_subtype": "asana",
    "created_at": "2026-01-10T08:00:00.123Z",
    "permanent_url": "https://app.asana.com/app/asana/-/get_asset?asset_id=41",
    "size": 3,
    "parent": {"gid": "12", "resource_type": "task"},
}
ENTRY = {
    "gid": "51",
    "duration_minutes": 90,
    "entered_on": "2026-03-05",
    "attributable_to": None,
    "created_by": {"gid": "9", "name": "Ada"},
    "categories": [],
}


def _data(value: Any) -> dict[str, Any]:
    return {"data": value}


def _error(text: str, status: int) -> httpx2.Response:
    return answer({"errors": [{"message": text}]}, status)


class Losing:
    """Carries out writes, and loses the answers to those at some paths once."""

    def __init__(self, inner: Scripted, *ends: str, times: int = 1) -> None:
        self.inner, self.ends, self.left = inner, ends, times

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        found = self.inner(request)
        if request.method != "GET" and self.left and request.url.path.endswith(self.ends):
            self.left -= 1
            raise httpx2.ReadError("lost", request=request)
        return found

    def count(self, end: str) -> int:
        return sum(one.method != "GET" and one.url.path.endswith(end) for one in self.inner.requests)


# lists


async def test_comments_are_asked_for_with_their_text() -> None:
    """`html_text` is opt-in: without it every comment would be read as plain text, or as nothing."""
    server = Scripted({"GET /tasks/12/stories": _data([STORY])})
    async with scripted(_named(server)) as provider:
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
    async with scripted(_named(server)) as provider:
        assert [one.id for one in await provider.list_comments("12", limit=1)] == ["31"]


async def test_comments_without_rich_text_are_read_as_they_are() -> None:
    """Stories of old integrations have a plain text only: its signs mean nothing."""
    plain = {key: value for key, value in STORY.items() if key != "html_text"} | {"text": "a <b> & *c*"}
    server = Scripted({"GET /tasks/12/stories": _data([plain])})
    async with scripted(_named(server)) as provider:
        (found,) = await provider.list_comments("12")
    assert found.body == r"a \<b> & \*c\*"


async def test_entries_of_lists_that_leave_fields_out_are_completed() -> None:
    """Lists are documented without task, text and moment ([spec] TimeTrackingEntryCompact): one batch for ten."""
    rows = [ENTRY | {"gid": str(one)} for one in range(51, 63)]
    full = {"task": {"gid": "12"}, "created_at": "2026-01-10T08:00:00Z", "description": "flew"}
    answers: dict[str, Any] = {
        f"GET /time_tracking_entries/{one['gid']}": _data(one | full) for one in rows if one["gid"] != "55"
    }
    server = Scripted({"GET /time_tracking_entries": _data(rows), **answers})
    async with scripted(_named(server)) as provider:
        before = len(server.requests)
        found = await provider.list_time_entries()
    assert len(server.requests) - before == 3
    assert {(one.task_id, one.comment, one.hours) for one in found} == {("12", "flew", 1.5)}
    assert [one.id for one in found] == [
        one["gid"] for one in rows if one["gid"] != "55"
    ]  # deleted meanwhile


async def test_a_list_that_tells_all_costs_one_request() -> None:
    full = ENTRY | {"task": {"gid": "12"}, "created_at": None, "description": ""}
    server = Scripted({"GET /tasks/12/time_tracking_entries": _data([full])})
    async with scripted(_named(server)) as provider:
        before = len(server.requests)
        (found,) = await provider.list_time_entries("12")
    assert len(server.requests) - before == 1
    assert (found.task_id, found.comment) == ("12", None)


# writes whose answer got lost


async def test_a_comment_is_not_said_twice() -> None:
    server = Losing(Scripted({"POST /tasks/12/stories": _data(STORY)}), "/stories")
    async with scripted(_named(server), timing=FakeTime().timing()) as provider:
        with pytest.raises(TransportError) as caught:
            await provider.create_comment(PMComment(task_id="12", body="hello"))
    assert caught.value.maybe_applied
    assert server.count("/stories") == 1


async def test_a_file_is_not_uploaded_twice() -> None:
    answers = {"POST /attachments": _data(FILE), "GET /tasks/12": _data({"gid": "12", "name": "t"})}
    server = Losing(_Multipart(answers), "/attachments")
    async with scripted(_named(server), timing=FakeTime().timing()) as provider:
        with pytest.raises(TransportError) as caught:
            await provider.create_attachment(PMAttachment(task_id="12", file_name="a.txt"), b"abc")
    assert caught.value.maybe_applied
    assert server.count("/attachments") == 1


async def test_time_is_not_logged_twice() -> None:
    server = Losing(
        Scripted({"POST /tasks/12/time_tracking_entries": _data(ENTRY)}), "/time_tracking_entries"
    )
    async with scripted(_named(server), timing=FakeTime().timing()) as provider:
        with pytest.raises(TransportError) as caught:
            await provider.create_time_entry(PMTimeEntry("", "12", 1.5, DAY))
    assert caught.value.maybe_applied
    assert server.count("/time_tracking_entries") == 1


async def test_a_dependency_is_set_again() -> None:
    """ "If they are not already" ([spec] addDependencies): twice is once."""
    tasks = {"12": [], "13": []}

    def add(_params: Any, body: Any) -> Any:
        tasks["13"] = sorted({*tasks["13"], *body["data"]["dependencies"]})
        return _data({})

    def read(one: str) -> Any:
        return lambda *_: _data(
            {"gid": one, "dependencies": [{"gid": gid} for gid in tasks[one]], "dependents": []}
        )

    answers = {
        "GET /tasks/12": read("12"),
        "GET /tasks/13": read("13"),
        "POST /tasks/13/addDependencies": add,
    }
    server = Losing(Scripted(answers), "/addDependencies")
    async with scripted(_named(server), timing=FakeTime().timing()) as provider:
        made = await provider.create_relation(PMRelation("", "12", "13", "blocks"))
    assert (made.from_task_id, made.to_task_id) == ("12", "13")
    assert server.count("/addDependencies") == 2


@pytest.mark.parametrize(("is_there", "answered"), [(False, True), (True, None)])
async def test_a_deletion_that_is_not_told_is_looked_up(is_there: bool, answered: bool | None) -> None:
    rows = [STORY]

    def delete(*_: Any) -> Any:
        if not is_there:
            rows.clear()
        return _data({})

    answers = {"GET /stories/31": lambda *_: _data(rows[0]) if rows else None, "DELETE /stories/31": delete}
    server = Losing(Scripted(answers), "/31", times=9)
    async with scripted(_named(server), timing=FakeTime().timing()) as provider:
        if answered:
            assert await provider.delete_comment("31") is True
        else:
            with pytest.raises(TransportError):
                await provider.delete_comment("31")
    assert server.count("/31") == 1


# success that did not happen


async def test_a_dependency_that_is_not_there_after_all() -> None:
    bare = {"dependencies": [], "dependents": []}
    server = Scripted(
        {
            "GET /tasks/12": _data({"gid": "12", **bare}),
            "GET /tasks/13": _data({"gid": "13", **bare}),
            "POST /tasks/13/addDependencies": _data({}),
        }
    )
    async with scripted(_named(server)) as provider:
        with pytest.raises(ProviderError) as caught:
            await provider.create_relation(PMRelation("", "12", "13", "blocks"))
    assert caught.value.maybe_applied


@pytest.mark.parametrize("told", [True, False])
async def test_a_follower_who_does_not_follow(told: bool) -> None:
    """The answer is the task, or nothing: the document promises both ([spec] addFollowers)."""
    server = Scripted(
        {
            "GET /tasks/12": _data({"gid": "12", "followers": []}),
            "GET /users/8": _data({"gid": "8", "name": "Guest"}),
            "POST /tasks/12/addFollowers": _data({"gid": "12", "followers": []} if told else {}),
        }
    )
    async with scripted(_named(server)) as provider:
        with pytest.raises(ValidationError) as caught:
            await provider.add_watcher("12", "8")
    assert list(caught.value.fields) == ["user_id"]


async def test_a_follower_who_stays() -> None:
    follows = {"gid": "12", "followers": [{"gid": "8", "name": "Guest"}]}
    server = Scripted({"GET /tasks/12": _data(follows), "POST /tasks/12/removeFollowers": _data(follows)})
    async with scripted(_named(server)) as provider:
        with pytest.raises(ProviderError):
            await provider.remove_watcher("12", "8")


async def test_members_with_another_role_stay_as_they_are() -> None:
    """`POST /memberships` would give who is a member another role without a word."""
    rows = [{"gid": "61", "access_level": "commenter", "member": {"gid": "8"}, "parent": {"gid": "5"}}]
    server = Scripted(
        {
            "GET /projects/5": _data({"gid": "5", "name": "P"}),
            "GET /projects/5/project_memberships": _data(rows),
            "POST /memberships": _data(rows[0]),
        }
    )
    async with scripted(_named(server)) as provider:
        with pytest.raises(ConflictError, match="61"):
            await provider.create_membership(PMMembership("", "5", "8", roles=["admin"]))
    assert server.bodies("POST", "/memberships") == []


async def test_memberships_of_other_things_are_left_alone() -> None:
    """`/memberships` takes those of portfolios and goals as well: only projects have some here."""
    goal = {"gid": "61", "access_level": "editor", "member": {"gid": "8"}}
    server = Scripted(
        {
            "GET /memberships/61": _data(goal),
            "PUT /memberships/61": _data(goal),
            "DELETE /memberships/61": _data({}),
        }
    )
    async with scripted(_named(server)) as provider:
        assert await provider.delete_membership("61") is False
        with pytest.raises(NotFoundError):
            await provider.update_membership("61", {"roles": ["admin"]})
    assert {one.method for one in server.requests} == {"GET"}


async def test_a_membership_is_told_without_its_project() -> None:
    """`parent` is opt-in, and the write cannot ask for it ([spec] PUT /memberships)."""
    row = {"gid": "61", "access_level": "editor", "member": {"gid": "8", "name": "Mia"}}
    server = Scripted(
        {
            "GET /project_memberships/61": _data(row | {"parent": {"gid": "5"}}),
            "PUT /memberships/61": _data(row | {"access_level": "admin"}),
        }
    )
    async with scripted(_named(server)) as provider:
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
    async with scripted(_named(server)) as provider:
        with pytest.raises(ValidationError, match="tag 2"):
            await provider.create_label(PMLabel(name="bug"))


# files


class _Multipart(Scripted):
    """As `Scripted`, for forms and files."""

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        if request.headers.get("content-type", "").startswith("multipart/"):
            self.requests.append(request)
            return answer(self._answers["POST /attachments"])
        return super().__call__(request)


class _Storage:
    """The API at its host, and files at another one whose addresses expire."""

    def __init__(self, *, good: str = "second") -> None:
        self.good = good
        self.asked: list[str] = []
        self.seen: list[httpx2.Request] = []

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        if request.url.host != "files.example.net":
            if request.url.path.endswith("/users/me"):
                return answer(_data({"gid": "9", "workspaces": [{"gid": "100"}]}))
            number = ("first", "second", "third")[min(len(self.asked), 2)]
            self.asked.append(number)
            return answer(_data(FILE | {"download_url": f"https://files.example.net/41?token={number}"}))
        self.seen.append(request)
        if request.url.params["token"] == self.good:
            return httpx2.Response(200, content=b"abc")
        return httpx2.Response(403, content=b"<Error><Code>AccessDenied</Code></Error>")


async def test_downloads_get_no_credential_and_a_fresh_address() -> None:
    """Addresses are good for two minutes: who waited longer asks anew; storage elsewhere sees no token."""
    server = _Storage()
    async with scripted(server) as provider:
        assert await provider.download_attachment("41") == b"abc"
    assert server.asked == ["first", "second"]
    assert all("authorization" not in one.headers for one in server.seen)


async def test_a_file_that_is_refused_is_asked_for_twice_only() -> None:
    server = _Storage(good="none")
    async with scripted(server) as provider:
        with pytest.raises(PermissionDeniedError) as caught:
            await provider.download_attachment("41")
    assert len(server.seen) == 2
    assert "token=" not in str(caught.value)


@pytest.mark.parametrize(
    ("kind", "error"), [("asana", ProviderError), ("vimeo", UnsupportedError), ("box", UnsupportedError)]
)
async def test_attachments_without_an_address(kind: str, error: type[Exception]) -> None:
    """Files of Box and videos of Vimeo have none ([spec] AttachmentResponse)."""
    server = Scripted({"GET /attachments/41": _data(FILE | {"resource_subtype": kind, "download_url": None})})
    async with scripted(_named(server)) as provider:
        with pytest.raises(error):
            await provider.download_attachment("41")


async def test_short_lived_addresses_are_in_no_list() -> None:
    server = Scripted({"GET /attachments": _data([FILE])})
    async with scripted(_named(server)) as provider:
        (found,) = await provider.list_attachments("12")
    assert "download_url" not in server.requests[-1].url.params["opt_fields"]
    assert found.url == FILE["permanent_url"]


@pytest.mark.parametrize(
    ("name", "sent"),
    [
        ("résumé.pdf", "r%C3%A9sum%C3%A9.pdf"),
        ("日本 1.txt", "%E6%97%A5%E6%9C%AC%201.txt"),
        ("a%20b.txt", "a%20b.txt"),
    ],
)
async def test_file_names_as_the_vendor_wants_them(name: str, sent: str) -> None:
    """Names that are not ASCII go as in an address, CRLF between the lines ([spec] POST /attachments)."""
    stored = FILE | {"name": unquote(name)}
    server = _Multipart({"POST /attachments": _data(stored), "GET /tasks/12": _data({"gid": "12"})})
    async with scripted(_named(server)) as provider:
        made = await provider.create_attachment(PMAttachment(task_id="12", file_name=name), b"abc")
    content = server.requests[-1].content
    assert f'filename="{sent}"'.encode() in content
    assert b'name="parent"\r\n\r\n12\r\n' in content
    assert [one.field for one in made.warnings] == ([] if made.file_name == name else ["file_name"])


# refusals


async def test_paid_features_are_unsupported() -> None:
    server = Scripted({"GET /tasks/12/time_tracking_entries": _error("Time tracking is a paid feature", 402)})
    async with scripted(_named(server)) as provider:
        with pytest.raises(UnsupportedError, match="paid"):
            await provider.list_time_entries("12")


async def test_refusals_name_our_fields() -> None:
    server = Scripted(
        {
            "POST /tasks/12/stories": _error("html_text: XML is invalid", 400),
            "GET /workspaces/100/tags": _data([]),
            "POST /workspaces/100/tags": _error("color: Not a color", 400),
        }
    )
    async with scripted(_named(server)) as provider:
        with pytest.raises(ValidationError) as caught:
            await provider.create_comment(PMComment(task_id="12", body="x"))
        assert list(caught.value.fields) == ["body"]
        with pytest.raises(ValidationError) as caught:
            await provider.create_label(PMLabel(name="x", color="#ff0000"))
        assert list(caught.value.fields) == ["color"]


async def test_what_may_not_be_seen_is_no_success() -> None:
    """A task that is hidden has no comments that we know of: that is an error, not an empty list."""
    server = Scripted(
        {"GET /tasks/12/stories": _error("Forbidden", 403), "GET /tasks/12": _error("Forbidden", 403)}
    )
    async with scripted(_named(server)) as provider:
        with pytest.raises(PermissionDeniedError):
            await provider.list_comments("12")
        with pytest.raises(NotFoundError):
            await provider.list_watchers("12")


async def test_a_fault_of_the_server_while_listing() -> None:
    server = Scripted({"GET /tasks/12/stories": _error("Sorry", 500)})
    async with scripted(_named(server), timing=FakeTime().timing()) as provider:
        with pytest.raises(ProviderError):
            await provider.list_comments("12")


def _named(server: Any) -> Any:
    """The server, with an account in the workspace of the configuration."""
    scripted_part = server.inner if isinstance(server, Losing) else server
    scripted_part._answers.setdefault("GET /users/me", _data({"gid": "9", "workspaces": [{"gid": "100"}]}))
    return server
