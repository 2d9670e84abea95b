"""Relations, time entries, comments and files of the OpenProject sandbox."""

from __future__ import annotations

import json

import pytest

from pm_providers.sandbox.openproject import OpenProjectSandbox
from pm_providers.sandbox.openproject.attachments import safe_name
from pm_providers.sandbox.openproject.multipart import read_parts
from tests.sandbox.openproject_support import Caller, href, identifier


@pytest.fixture
def call() -> Caller:
    return Caller(OpenProjectSandbox(dataset="demo"))


async def make(call: Caller, subject: str, **fields: object) -> int:
    """A plain work package of the first project."""
    project = next(iter(call.box.state.projects)).id
    status, body = await call("POST", f"/projects/{project}/work_packages", {"subject": subject, **fields})
    assert status == 201, body
    return body["id"]


async def relate(call: Caller, source: int, target: int, kind: str, **fields: object) -> tuple[int, dict]:
    """POST a relation."""
    links = {"from": href("work_packages", source), "to": href("work_packages", target)}
    return await call("POST", f"/work_packages/{source}/relations", {"type": kind, "_links": links, **fields})


@pytest.mark.parametrize(
    ("sent", "stored"),
    [
        ("precedes", "follows"),
        ("blocked", "blocks"),
        ("duplicated", "duplicates"),
        ("partof", "includes"),
        ("required", "requires"),
    ],
)
async def test_reverse_relations_are_stored_the_other_way_round(call, sent, stored) -> None:
    """`from` and `to` are swapped in the answer."""
    one, two = await make(call, "One"), await make(call, "Two")
    status, body = await relate(call, one, two, sent)
    assert (status, body["type"], body["reverseType"]) == (201, stored, sent)
    assert body["_links"]["from"]["href"].endswith(f"/{two}")
    assert body["_links"]["to"]["href"].endswith(f"/{one}")


async def test_one_relation_per_pair_and_no_circle(call) -> None:
    """A second relation of a pair is refused, and so is following oneself over others."""
    one, two, three = [await make(call, str(n)) for n in range(3)]
    assert (await relate(call, one, two, "follows", lag=2))[1]["lag"] == 2
    assert identifier((await relate(call, one, two, "blocks"))[1]) == ("PropertyConstraintViolation", "from")
    assert (await relate(call, two, three, "follows"))[0] == 201
    assert identifier((await relate(call, three, one, "follows"))[1])[1] == "base"
    assert identifier((await relate(call, one, three, "likes"))[1])[1] == "type"


async def test_relations_of_a_work_package_are_a_redirect(call) -> None:
    """From 15.4 a 308 to the filtered list, which has pages."""
    one, two = await make(call, "One"), await make(call, "Two")
    await relate(call, one, two, "relates")
    answer = await call.raw("GET", f"/work_packages/{one}/relations")
    assert answer.status_code == 308
    place = answer.headers["location"].removeprefix("/api/v3")
    status, body = await call("GET", place)
    assert (status, body["total"], body["_type"]) == (200, 1, "Collection")
    assert "pageSize" in body


async def test_a_follower_moves_behind_its_predecessor(call) -> None:
    """An automatically scheduled follower is moved, with the lag, over the weekend."""
    dates = {"startDate": "2026-03-02", "dueDate": "2026-03-06"}
    first = await make(call, "First", **dates)
    second = await make(call, "Second", scheduleManually=False, **dates)
    await relate(call, second, first, "follows")
    _, body = await call("GET", f"/work_packages/{second}")
    assert (body["startDate"], body["dueDate"]) == ("2026-03-09", "2026-03-13")
    assert body["lockVersion"] > 1


async def test_the_ends_of_a_relation_stay(call) -> None:
    """`to` is read-only; type and lag can change; deleting a work package deletes its relations."""
    one, two, three = [await make(call, str(n)) for n in range(3)]
    _, relation = await relate(call, one, two, "follows")
    path = f"/relations/{relation['id']}"
    status, error = await call("PATCH", path, {"_links": {"to": href("work_packages", three)}})
    assert (status, identifier(error)) == (422, ("PropertyIsReadOnly", "to"))
    assert (await call("PATCH", path, {"lag": 5, "description": "why"}))[1]["lag"] == 5
    assert (await call("DELETE", f"/work_packages/{two}"))[0] == 204
    assert (await call("GET", path))[0] == 404


async def test_time_entries_read_back_normalised(call) -> None:
    """Durations have days of 24 hours, comments are plain, the link is `entity`."""
    task = await make(call, "Timed")
    body = {
        "hours": "PT25H",
        "spentOn": "2026-02-03",
        "comment": {"raw": "*x*"},
        "_links": {"entity": href("work_packages", task)},
    }
    status, entry = await call("POST", "/time_entries", body)
    assert (status, entry["hours"], entry["comment"]["format"]) == (201, "P1DT1H", "plain")
    assert entry["_links"]["entity"]["href"].endswith(f"/{task}")
    assert entry["_links"]["activity"]["title"] == "Management"
    _, package = await call("GET", f"/work_packages/{task}")
    assert package["spentTime"] == "P1DT1H"


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"hours": "PT0S"}, ("PropertyConstraintViolation", "hours")),
        ({"hours": "1.5"}, ("PropertyFormatError", "hours")),
        ({"spentOn": None}, ("PropertyConstraintViolation", "spentOn")),
        ({"comment": {"raw": "c" * 256}}, ("PropertyConstraintViolation", "comments")),
    ],
)
async def test_time_entries_are_checked(call, change, expected) -> None:
    """One wrong value is one violation."""
    task = await make(call, "Timed")
    body = {"hours": "PT1H", "spentOn": "2026-02-03", "_links": {"workPackage": href("work_packages", task)}}
    status, error = await call("POST", "/time_entries", {**body, **change})
    assert (status, identifier(error)) == (422, expected)


async def test_the_form_is_where_activities_are_listed(call) -> None:
    """There is no list of activities; the form names them for a work package."""
    task = await make(call, "Timed")
    assert (await call("GET", "/time_entries/activities"))[0] == 400
    _, form = await call("POST", "/time_entries/form", {"_links": {"entity": href("work_packages", task)}})
    allowed = form["_embedded"]["schema"]["activity"]["_links"]["allowedValues"]
    assert [a["title"] for a in allowed][:2] == ["Management", "Specification"]
    assert "hours" in form["_embedded"]["validationErrors"]
    assert "commit" not in form["_links"]


async def test_time_of_others_needs_the_right(call) -> None:
    """A member logs for himself; entries of others stay as they are; a reader logs nothing."""
    state = call.box.state
    role = {r: next(m for m in state.memberships if r in m.role_ids) for r in (4, 5)}
    task = next(w.id for w in state.work_packages if w.project_id == role[4].project_id)
    body = {"hours": "PT1H", "spentOn": "2026-02-03", "_links": {"entity": href("work_packages", task)}}
    me = call.as_user(state.principals[role[4].principal_id].login)
    _, mine = await me("POST", "/time_entries", body)
    assert mine["_links"]["user"]["href"].endswith(f"/{role[4].principal_id}")
    _, others = await call("POST", "/time_entries", body)
    assert (await me("PATCH", f"/time_entries/{others['id']}", {"hours": "PT9H"}))[0] == 403
    assert (await me("DELETE", f"/time_entries/{mine['id']}"))[0] == 204
    reader = call.as_user(state.principals[role[5].principal_id].login)
    assert (await reader("POST", "/time_entries", body))[0] == 403


async def test_quick_changes_are_one_activity_with_new_ids(call) -> None:
    """Within five minutes changes of one user merge; then a new activity begins."""
    call.box.clock.freeze()
    task = await make(call, "Journal")
    path = f"/work_packages/{task}/activities"
    first = (await call("GET", path))[1]["_embedded"]["elements"]
    await call("PATCH", f"/work_packages/{task}", {"lockVersion": 1, "subject": "Journal 2"})
    merged = (await call("GET", path))[1]["_embedded"]["elements"]
    assert (len(first), len(merged)) == (1, 1)
    assert merged[0]["id"] != first[0]["id"]
    call.box.clock.advance(301)
    status, comment = await call("POST", path, {"comment": {"raw": "Hello"}})
    assert (status, comment["_type"], comment["version"]) == (201, "Activity::Comment", 2)


async def test_comments_are_edited_with_a_plain_string(call) -> None:
    """An object is a 400, as the server's code wants it; null is a 500 on creation."""
    task = await make(call, "Commented")
    path = f"/work_packages/{task}/activities"
    _, comment = await call("POST", path, {"comment": {"raw": "Hello"}})
    own = f"/activities/{comment['id']}"
    assert (await call("PATCH", own, {"comment": {"raw": "x"}}))[0] == 400
    assert (await call("PATCH", own, {"comment": "edited"}))[1]["comment"]["raw"] == "edited"
    assert (await call("POST", path, {"comment": "plain"}))[0] == 400
    assert (await call("POST", path, {"comment": None}))[0] == 500


async def test_comments_leave_the_lock_version_and_move_updated_at(call) -> None:
    """Comments are no change of the work package, but its `updatedAt` moves."""
    call.box.clock.freeze()
    task = await make(call, "Commented")
    _, before = await call("GET", f"/work_packages/{task}")
    call.box.clock.advance(10)
    await call("POST", f"/work_packages/{task}/activities", {"comment": {"raw": "Hello"}})
    _, after = await call("GET", f"/work_packages/{task}")
    assert before["lockVersion"] == after["lockVersion"]
    assert before["updatedAt"] < after["updatedAt"]


def form(metadata: object, content: bytes | None, boundary: str = "b0") -> dict:
    """Options of a multipart upload."""
    parts = b""
    if metadata is not None:
        parts += b'--b0\r\nContent-Disposition: form-data; name="metadata"\r\n\r\n'
        parts += json.dumps(metadata).encode() + b"\r\n"
    if content is not None:
        parts += b'--b0\r\nContent-Disposition: form-data; name="file"; filename="x"\r\n'
        parts += b"Content-Type: text/plain\r\n\r\n" + content + b"\r\n"
    kind = f"multipart/form-data; boundary={boundary}"
    return {"content": parts + b"--b0--\r\n", "headers": {"content-type": kind}}


async def test_files_come_back_byte_for_byte(call) -> None:
    """Upload, list, read, download, delete."""
    task = await make(call, "Files")
    content = bytes(range(256)) + b"\r\n--b\r\n"
    path = f"/work_packages/{task}/attachments"
    status, file = await call("POST", path, **form({"fileName": "a.bin"}, content))
    assert (status, file["fileSize"], file["contentType"]) == (201, len(content), "text/plain")
    answer = await call.raw("GET", f"/attachments/{file['id']}/content")
    assert answer.content == content
    assert answer.headers["content-type"].startswith("text/plain")
    assert (await call("GET", path))[1]["total"] == 1
    assert (await call("DELETE", f"/attachments/{file['id']}"))[0] == 204
    assert (await call("GET", f"/attachments/{file['id']}/content"))[0] == 404


@pytest.mark.parametrize(
    ("options", "status", "expected"),
    [
        (form(None, b"x"), 422, ("PropertyConstraintViolation", "filename")),
        (form({}, b"x"), 422, ("PropertyConstraintViolation", "filename")),
        (form({"fileName": "x"}, None), 422, ("PropertyConstraintViolation", "contentType")),
        (form({"fileName": "x"}, b"x" * 1025), 422, ("PropertyConstraintViolation", "file")),
        (form({"fileName": "x"}, b"x", "other"), 422, ("PropertyConstraintViolation", "filename")),
        (
            {"content": b"{}", "headers": {"content-type": "application/json"}},
            415,
            ("TypeNotSupported", None),
        ),
    ],
)
async def test_uploads_are_checked(call, options, status, expected) -> None:
    """Missing parts, a file above the limit, a body that is no multipart."""
    call.box.state.settings["attachment_max_size_kib"] = 1
    task = await make(call, "Files")
    found, error = await call("POST", f"/work_packages/{task}/attachments", **options)
    assert (found, identifier(error)) == (status, expected)


async def test_a_loose_file_is_claimed(call) -> None:
    """`_links.attachments` replaces the whole set of files."""
    task = await make(call, "Files")
    _, kept = await call("POST", "/attachments", **form({"fileName": "kept.txt"}, b"1"))
    _, old = await call("POST", f"/work_packages/{task}/attachments", **form({"fileName": "old.txt"}, b"2"))
    lock = (await call("GET", f"/work_packages/{task}"))[1]["lockVersion"]
    links = {"attachments": [href("attachments", kept["id"])]}
    status, _ = await call("PATCH", f"/work_packages/{task}", {"lockVersion": lock, "_links": links})
    assert status == 200
    _, files = await call("GET", f"/work_packages/{task}/attachments")
    assert [f["fileName"] for f in files["_embedded"]["elements"]] == ["kept.txt"]
    assert (await call("GET", f"/attachments/{old['id']}"))[0] == 404


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        ("../../etc/x.txt", "x.txt"),
        ('a "b" (1).txt', "a__b___1_.txt"),
        ("Übersicht 漢字.txt", "Übersicht_漢字.txt"),
    ],
)
def test_file_names_are_sanitised(given, stored) -> None:
    """Paths are cut; all but letters, digits, dot, dash and underscore becomes an underscore."""
    assert safe_name(given) == stored


def test_multipart_without_a_boundary_has_no_parts() -> None:
    """Nothing to split at is nothing found, not an error."""
    assert read_parts(b"--x\r\n\r\n", "multipart/form-data") == {}


async def test_render_returns_html(call) -> None:
    """Markdown and plain text, sent as text."""
    options = {"content": b"**x** <script>", "headers": {"content-type": "text/plain"}}
    status, html = await call("POST", "/render/markdown", **options)
    assert status == 200
    assert b"<strong>x</strong>" in html
    assert b"<script>" not in html
    assert (await call("POST", "/render/plain", **options))[1].startswith(b"<p>**x** &lt;script&gt;")
    assert (await call("POST", "/render/pdf", **options))[0] == 400
