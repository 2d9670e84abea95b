"""Comments, labels, attachments, members and watching, against the sandbox."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx2
import pytest

from pm_providers import (
    ConflictError,
    NotFoundError,
    PermissionDeniedError,
    PMAttachment,
    PMComment,
    PMError,
    PMLabel,
    PMMembership,
    PMTask,
    UnsupportedError,
    ValidationError,
)
from pm_providers.errors import TransportError
from pm_providers.sandbox.trello import TrelloSandbox
from pm_providers.sandbox.trello.demo import member_id
from tests.providers.trello.wire import Lab, open_lab

MISSING = "6500000000000000000000ff"


@pytest.fixture
async def lab() -> AsyncIterator[Lab]:
    async with open_lab() as found:
        yield found


# comments


async def test_comments_are_markdown_with_author_and_instants(lab: Lab) -> None:
    text = "**Hi** @ada\n\n- one\n- `two`"
    made = await lab.provider.create_comment(PMComment(task_id=lab.task, body=text))
    me = await lab.provider.get_current_user()
    assert (made.body, made.author_id, made.author_name) == (text, me.id, me.name)
    assert made.created_at == made.updated_at is not None
    changed = await lab.provider.update_comment(made.id, {"body": "Ho"})
    assert (changed.created_at, changed.body) == (made.created_at, "Ho")
    assert changed.updated_at is not None
    assert changed.updated_at >= changed.created_at
    assert await lab.provider.list_comments(lab.task) == [changed]


async def test_comments_of_a_short_link_name_the_card(lab: Lab) -> None:
    task = await lab.provider.get_task(lab.task)
    assert task is not None
    assert task.key
    made = await lab.provider.create_comment(PMComment(task_id=task.key, body="x"))
    assert made.task_id == lab.task
    assert await lab.provider.list_comments(task.key) == [made]


async def test_nobody_edits_what_another_wrote_but_the_administrator_deletes_it(lab: Lab) -> None:
    await lab.send("PUT", f"boards/{lab.board}/members/{member_id('jonas')}", type="normal")
    async with open_lab(lab.box, token=lab.box.token_of("jonas")) as other:
        mine = await lab.provider.create_comment(PMComment(task_id=lab.task, body="mine"))
        theirs = await other.provider.create_comment(PMComment(task_id=lab.task, body="theirs"))
        with pytest.raises(PermissionDeniedError):
            await lab.provider.update_comment(theirs.id, {"body": "x"})
        with pytest.raises(PermissionDeniedError):
            await other.provider.delete_comment(mine.id)
        assert [one.body for one in await other.provider.list_comments(lab.task)] == ["mine", "theirs"]
        assert await lab.provider.delete_comment(theirs.id) is True


async def test_a_move_of_the_card_is_no_comment(lab: Lab) -> None:
    await lab.provider.update_task(lab.task, {"status": "completed"})
    actions = (await lab.provider.request("GET", f"cards/{lab.task}/actions", params={"filter": "all"})).data
    move = next(one["id"] for one in actions if one["type"] != "commentCard")
    assert await lab.provider.list_comments(lab.task) == []
    with pytest.raises(NotFoundError):
        await lab.provider.update_comment(move, {"body": "x"})
    assert await lab.provider.delete_comment(move) is False


@pytest.mark.parametrize("wrong", ["x", "../cards", "1" * 23])
async def test_ids_that_can_be_none_are_not_sent(lab: Lab, wrong: str) -> None:
    provider = lab.provider
    with pytest.raises(NotFoundError):
        await provider.list_comments(wrong)
    with pytest.raises(NotFoundError):
        await provider.update_comment(wrong, {"body": "x"})
    with pytest.raises(NotFoundError):
        await provider.update_label(wrong, {"name": "x"})
    with pytest.raises(NotFoundError):
        await provider.list_attachments(wrong)
    with pytest.raises(NotFoundError):
        await provider.download_attachment(wrong, task_id=lab.task)
    with pytest.raises(NotFoundError):
        await provider.list_watchers(wrong)
    assert await provider.delete_comment(wrong) is False
    assert await provider.delete_label(wrong) is False
    assert await provider.delete_attachment(wrong, task_id=lab.task) is False
    assert await provider.delete_membership(wrong, project_id=lab.board) is False
    assert lab.wire.sent == []


# labels


async def test_labels_have_the_nearest_of_the_vendors_colours(lab: Lab) -> None:
    made = await lab.provider.create_label(PMLabel(name=" bug ", project_id=lab.board, color="#f06060"))
    assert (made.name, made.project_id) == ("bug", lab.board)
    assert lab.wire.body("POST labels")["color"] == "red"
    assert [one.field for one in made.warnings] == ["color"]
    exact = await lab.provider.update_label(made.id, {"color": "Sky_Dark"})
    assert (exact.color, exact.warnings) == ("#227d9b", ())
    bare = await lab.provider.update_label(made.id, {"color": None})
    assert bare.color is None
    assert await lab.provider.list_labels(lab.board) == [bare]
    with pytest.raises(ValidationError) as caught:
        await lab.provider.update_label(made.id, {"color": "reddish"})
    assert "color" in caught.value.fields


async def test_labels_belong_to_a_board(lab: Lab) -> None:
    with pytest.raises(ValidationError) as caught:
        await lab.provider.create_label(PMLabel(name="bug"))
    assert list(caught.value.fields) == ["project_id"]
    assert lab.wire.sent == []
    with pytest.raises(ValidationError) as caught:
        await lab.provider.create_label(PMLabel(name="bug", project_id=MISSING))
    assert list(caught.value.fields) == ["project_id"]


async def test_renaming_a_label_to_a_name_that_is_taken_is_refused(lab: Lab) -> None:
    await lab.provider.create_label(PMLabel(name="bug", project_id=lab.board))
    other = await lab.provider.create_label(PMLabel(name="ux", project_id=lab.board))
    with pytest.raises(ValidationError, match="taken"):
        await lab.provider.update_label(other.id, {"name": "BUG"})
    assert (await lab.provider.update_label(other.id, {"name": "UX"})).name == "UX"


@pytest.mark.parametrize("name", ["Sprint: Two", "Priority: High", "p1"])
async def test_what_stands_for_sprints_and_priorities_is_no_label(lab: Lab, name: str) -> None:
    with pytest.raises(ValidationError, match="stands for"):
        await lab.provider.create_label(PMLabel(name=name, project_id=lab.board))
    assert lab.wire.sent == []
    hidden = (await lab.send("POST", "labels", name=name, color="red", idBoard=lab.board))["id"]
    plain = await lab.provider.create_label(PMLabel(name="bug", project_id=lab.board))
    assert await lab.provider.list_labels(lab.board) == [plain]
    with pytest.raises(NotFoundError):
        await lab.provider.update_label(hidden, {"name": "x"})
    with pytest.raises(ValidationError, match="stands for"):
        await lab.provider.update_label(plain.id, {"name": name})
    assert await lab.provider.delete_label(hidden) is False
    assert (await lab.send("GET", f"labels/{hidden}"))["name"] == name
    async with open_lab(lab.box, sprint_mode="none", priority_mode="none") as without:
        assert {one.id for one in await without.provider.list_labels(lab.board)} == {plain.id, hidden}


async def test_labels_of_all_boards(lab: Lab) -> None:
    made = await lab.provider.create_label(PMLabel(name="bug", project_id=lab.board))
    found = await lab.provider.list_labels()
    assert made.id in {one.id for one in found}
    assert len({one.project_id for one in found}) > 1


async def test_a_new_label_can_be_put_on_at_once_and_a_deleted_one_not(lab: Lab) -> None:
    made = await lab.provider.create_label(PMLabel(name="bug", project_id=lab.board))
    task = await lab.provider.create_task(PMTask(title="x", project_id=lab.board, label_ids=[made.id]))
    assert task.label_ids == [made.id]
    assert await lab.provider.delete_label(made.id) is True
    lab.wire.forget()
    with pytest.raises(ValidationError) as caught:
        await lab.provider.create_task(PMTask(title="y", project_id=lab.board, label_ids=[made.id]))
    assert "label_ids" in caught.value.fields
    assert lab.wire.count("POST") == 0


# attachments


async def test_attachments_keep_name_type_and_bytes(lab: Lab) -> None:
    draft = PMAttachment(task_id=lab.task, file_name="Übersicht (1).txt", content_type="text/x-odd")
    made = await lab.provider.create_attachment(draft, b"abc")
    assert (made.file_name, made.content_type, made.size_bytes) == ("Übersicht (1).txt", "text/x-odd", 3)
    assert made.author_id == (await lab.provider.get_current_user()).id
    assert made.created_at is not None
    assert made.warnings == ()
    [form] = [one.read() for one in lab.wire.requests if one.method == "POST"]
    for name, value in (("name", "Übersicht (1).txt"), ("mimeType", "text/x-odd")):
        part = form.split(f'form-data; name="{name}"'.encode())[1]
        assert part.partition(b"\r\n\r\n")[2].startswith(f"{value}\r\n--".encode())
    assert await lab.provider.list_attachments(lab.task) == [made]
    assert await lab.provider.download_attachment(made.id, task_id=lab.task) == b"abc"


async def test_attachments_are_found_by_their_card_only(lab: Lab) -> None:
    made = await lab.provider.create_attachment(PMAttachment(task_id=lab.task, file_name="x"), b"x")
    other = await lab.card("Other")
    lab.wire.forget()
    for call in (lab.provider.download_attachment, lab.provider.delete_attachment):
        with pytest.raises(ValidationError) as caught:
            await call(made.id)
        assert list(caught.value.fields) == ["task_id"]
    assert lab.wire.sent == []
    assert await lab.provider.delete_attachment(made.id, task_id=other) is False
    assert await lab.provider.list_attachments(lab.task) == [made]


async def test_addresses_are_attachments_without_content(lab: Lab) -> None:
    address = "https://example.com/a%20b?x=1"
    await lab.send("POST", f"cards/{lab.task}/attachments", url=address)
    [link] = await lab.provider.list_attachments(lab.task)
    assert (link.url, link.file_name, link.size_bytes, link.content_type) == (address, address, None, None)
    with pytest.raises(UnsupportedError, match="link"):
        await lab.provider.download_attachment(link.id, task_id=lab.task)
    assert await lab.provider.delete_attachment(link.id, task_id=lab.task) is True


async def test_no_plan_takes_files_of_any_size() -> None:
    async with open_lab(TrelloSandbox(dataset="demo", plan="free", search_lag_s=0)) as lab:
        lab.box.state.settings.upload_limit["free"] = 8
        with pytest.raises(ValidationError) as caught:
            await lab.provider.create_attachment(PMAttachment(task_id=lab.task, file_name="x"), b"123456789")
        assert list(caught.value.fields) == ["content"]
        assert await lab.provider.list_attachments(lab.task) == []


# members


async def test_members_have_one_role(lab: Lab) -> None:
    draft = PMMembership(project_id=lab.board, user_id=member_id("maya"), roles=["Normal"])
    made = await lab.provider.create_membership(draft)
    assert (made.user_id, made.roles, made.project_id) == (member_id("maya"), ["normal"], lab.board)
    assert made in await lab.provider.list_memberships(lab.board)
    both = await lab.provider.update_membership(made.id, {"roles": ["normal", "admin"]}, project_id=lab.board)
    assert (both.roles, [one.field for one in both.warnings]) == (["admin"], ["roles"])
    with pytest.raises(ConflictError, match=made.id):
        await lab.provider.create_membership(draft)


async def test_members_are_named_by_their_user_name(lab: Lab) -> None:
    user = await lab.provider.get_user(member_id("wen"))
    assert user is not None
    assert user.username
    draft = PMMembership(project_id=lab.board, user_id=user.username, roles=["normal"])
    assert (await lab.provider.create_membership(draft)).user_id == user.id


async def test_the_last_administrator_stays(lab: Lab) -> None:
    [own] = await lab.provider.list_memberships(lab.board)
    with pytest.raises(PermissionDeniedError, match="admin"):
        await lab.provider.update_membership(own.id, {"roles": ["normal"]}, project_id=lab.board)
    with pytest.raises(PermissionDeniedError, match="admin"):
        await lab.provider.delete_membership(own.id, project_id=lab.board)
    assert await lab.provider.list_memberships(lab.board) == [own]


async def test_observers_need_a_plan() -> None:
    async with open_lab(TrelloSandbox(dataset="demo", plan="standard", search_lag_s=0)) as lab:
        draft = PMMembership(project_id=lab.board, user_id=member_id("wen"), roles=["observer"])
        with pytest.raises(PermissionDeniedError, match="Premium"):
            await lab.provider.create_membership(draft)


async def test_memberships_are_found_by_their_board_only(lab: Lab) -> None:
    for call in (
        lab.provider.update_membership(MISSING, {"roles": ["normal"]}),
        lab.provider.delete_membership(MISSING),
    ):
        with pytest.raises(ValidationError) as caught:
            await call
        assert list(caught.value.fields) == ["project_id"]
    assert lab.wire.sent == []


async def test_a_new_member_can_be_assigned_at_once(lab: Lab) -> None:
    user = member_id("priya")
    made = await lab.provider.create_membership(
        PMMembership(project_id=lab.board, user_id=user, roles=["normal"])
    )
    task = await lab.provider.update_task(lab.task, {"assignee_id": user})
    assert task.assignee_id == user
    assert await lab.provider.delete_membership(made.id, project_id=lab.board) is True
    assert user not in {one.id for one in await lab.provider.list_users(lab.board)}


# watching


async def test_only_the_account_of_the_token_watches(lab: Lab) -> None:
    me = await lab.provider.get_current_user()
    assert await lab.provider.list_watchers(lab.task) == []
    assert await lab.provider.add_watcher(lab.task, me.username or "") is True
    assert await lab.provider.add_watcher(lab.task, me.id) is False
    assert [one.id for one in await lab.provider.list_watchers(lab.task)] == [me.id]
    other = member_id("maya")
    with pytest.raises(ValidationError) as caught:
        await lab.provider.add_watcher(lab.task, other)
    assert list(caught.value.fields) == ["user_id"]
    with pytest.raises(UnsupportedError, match="account of the token"):
        await lab.provider.remove_watcher(lab.task, other)
    assert await lab.provider.remove_watcher(lab.task, MISSING) is False
    assert await lab.provider.remove_watcher(lab.task, me.id) is True
    assert await lab.provider.list_watchers(lab.task) == []


async def test_who_we_are_is_asked_once_for_all_watching(lab: Lab) -> None:
    """Addresses below `/members/` have a quota of their own: 100 in 15 minutes."""
    me = await lab.provider.get_current_user()
    lab.wire.forget()
    for _ in range(3):
        await lab.provider.add_watcher(lab.task, me.id)
        await lab.provider.list_watchers(lab.task)
    assert lab.wire.count("GET members/") == 0


async def test_templates_are_no_tasks_to_watch(lab: Lab) -> None:
    await lab.send("PUT", f"cards/{lab.task}", isTemplate=True)
    with pytest.raises(NotFoundError):
        await lab.provider.list_watchers(lab.task)


# relations and time


async def test_there_are_no_relations_and_no_time(lab: Lab) -> None:
    with pytest.raises(UnsupportedError, match="attach the address"):
        await lab.provider.list_relations(lab.task)
    with pytest.raises(UnsupportedError, match="time tracking"):
        await lab.provider.list_time_entries(task_id=lab.task)
    assert lab.wire.sent == []


# lost answers


@pytest.mark.parametrize("what", ["comment", "label", "attachment"])
async def test_a_creation_whose_answer_got_lost_is_not_repeated(lab: Lab, what: str) -> None:
    paths = {
        "comment": f"POST cards/{lab.task}/actions/comments",
        "label": "POST labels",
        "attachment": f"POST cards/{lab.task}/attachments",
    }
    creations = {
        "comment": lambda: lab.provider.create_comment(PMComment(task_id=lab.task, body="x")),
        "label": lambda: lab.provider.create_label(PMLabel(name="x", project_id=lab.board)),
        "attachment": lambda: lab.provider.create_attachment(
            PMAttachment(task_id=lab.task, file_name="x"), b"x"
        ),
    }
    lab.wire.lose = paths[what]
    with pytest.raises(TransportError) as caught:
        await creations[what]()
    assert caught.value.maybe_applied
    assert lab.wire.count(paths[what]) == 1
    lab.wire.lose = ""
    counts = {
        "comment": len(await lab.provider.list_comments(lab.task)),
        "label": len(await lab.provider.list_labels(lab.board)),
        "attachment": len(await lab.provider.list_attachments(lab.task)),
    }
    assert counts[what] == 1


@pytest.mark.parametrize("what", ["comment", "label", "attachment", "membership"])
async def test_a_deletion_whose_answer_got_lost_is_looked_up(lab: Lab, what: str) -> None:
    provider = lab.provider
    comment = await provider.create_comment(PMComment(task_id=lab.task, body="x"))
    label = await provider.create_label(PMLabel(name="x", project_id=lab.board))
    file = await provider.create_attachment(PMAttachment(task_id=lab.task, file_name="x"), b"x")
    member = await provider.create_membership(
        PMMembership(project_id=lab.board, user_id=member_id("maya"), roles=["normal"])
    )
    deletions = {
        "comment": lambda: provider.delete_comment(comment.id),
        "label": lambda: provider.delete_label(label.id),
        "attachment": lambda: provider.delete_attachment(file.id, task_id=lab.task),
        "membership": lambda: provider.delete_membership(member.id, project_id=lab.board),
    }
    lab.wire.lose = "DELETE"
    assert await deletions[what]() is True
    lab.wire.lose = ""
    assert await deletions[what]() is False


async def test_a_deletion_that_never_arrived_is_an_error(lab: Lab) -> None:
    comment = await lab.provider.create_comment(PMComment(task_id=lab.task, body="x"))

    def fail(request: httpx2.Request) -> httpx2.Response | None:
        return httpx2.Response(502, text="bad gateway") if request.method == "DELETE" else None

    lab.wire.replace = fail
    with pytest.raises(PMError, match="502"):
        await lab.provider.delete_comment(comment.id)
    assert await lab.provider.list_comments(lab.task) == [comment]
