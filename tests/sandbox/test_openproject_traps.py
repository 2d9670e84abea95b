"""Each trap of the vendor's API is in the sandbox, so that clients can be tested against it."""

from __future__ import annotations

import base64
import json
import zlib
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import httpx2
import pytest

from pm_providers.sandbox.kit import Clock
from pm_providers.sandbox.openproject import ADMIN_KEY, OpenProjectSandbox

API = "/api/v3"
ALL = json.dumps([{"status": {"operator": "*", "values": []}}])


@asynccontextmanager
async def open_box(key=ADMIN_KEY, **options):
    box = OpenProjectSandbox(**{"dataset": "demo", **options})
    auth = ("apikey", box.key_of(key)) if key not in {ADMIN_KEY, None} else ("apikey", ADMIN_KEY)
    async with httpx2.AsyncClient(
        transport=box.transport(), base_url=box.base_url + API, auth=auth if key else None
    ) as client:
        client.box = box
        yield client


@pytest.fixture
async def client():
    async with open_box() as client:
        yield client


def href(kind, key):
    return {"href": None if key is None else f"{API}/{kind}/{key}"}


async def make(client, subject="Task", project=1, **fields):
    links = {"project": href("projects", project), **fields.pop("links", {})}
    answer = await client.post("/work_packages", json={"subject": subject, **fields, "_links": links})
    assert answer.status_code == 201, answer.text
    return answer.json()


async def patch(client, row, **body):
    links = {"_links": body.pop("links")} if "links" in body else {}
    return await client.patch(
        f"/work_packages/{row['id']}", json={"lockVersion": row["lockVersion"], **body, **links}
    )


def identifier(answer):
    return answer.json()["errorIdentifier"].rpartition(":")[2]


def attribute(answer):
    return answer.json()["_embedded"]["details"]["attribute"]


class TestCredentials:
    async def test_anonymous_is_200_where_login_is_not_required(self):
        async with open_box(key=None) as client:
            client.box.state.settings["login_required"] = False
            me = await client.get("/users/me")
            assert (me.status_code, me.json()["name"]) == (200, "Anonymous")
            assert (await client.post("/projects", json={"name": "x"})).status_code == 403

    async def test_anonymous_is_401_by_default_since_15(self):
        async with open_box(key=None) as client:
            answer = await client.get("/users/me")
            assert (answer.status_code, identifier(answer)) == (401, "Unauthenticated")
            assert "www-authenticate" in answer.headers
            assert (await client.get("/configuration")).status_code == 200

    @pytest.mark.parametrize(("version", "status"), [("17.2", 200), ("17.1", 401)])
    async def test_bearer_keys_need_17_2_and_their_prefix(self, version, status):
        async with open_box(key=None, version=version) as client:
            client.box.add_key("opapi-secret", 3)
            answer = await client.get("/users/me", headers={"Authorization": "Bearer opapi-secret"})
            assert answer.status_code == status
            plain = await client.get("/users/me", headers={"Authorization": f"Bearer {ADMIN_KEY}"})
            assert plain.status_code == 401

    @pytest.mark.parametrize("name", ["admin", "api", ""])
    async def test_the_user_name_is_the_literal_apikey(self, name):
        async with open_box(key=None) as client:
            value = base64.b64encode(f"{name}:{ADMIN_KEY}".encode()).decode()
            answer = await client.get("/users/me", headers={"Authorization": f"Basic {value}"})
            assert answer.status_code == 401


class TestHeaders:
    async def test_the_installation_is_named_without_credentials(self):
        async with open_box(key=None) as client:
            answer = await client.get(client.box.base_url + "/.well-known/openproject-metadata")
            assert answer.json()["installation_uuid"]

    async def test_writes_need_a_content_type_even_without_a_body(self, client):
        answer = await client.post("/users/4/lock")
        assert (answer.status_code, answer.text) == (406, "Missing content-type header")

    @pytest.mark.parametrize(("version", "status"), [("13.0", 406), ("13.3", 204)])
    async def test_delete_needed_it_before_13_3(self, version, status):
        async with open_box(version=version) as client:
            assert (await client.delete("/work_packages/19")).status_code == status

    async def test_wrong_content_type_is_415_in_plain_text(self, client):
        answer = await client.post("/projects", content="x", headers={"Content-Type": "text/plain"})
        assert answer.status_code == 415
        assert not answer.text.startswith("{")

    async def test_unknown_paths_are_html_or_nothing(self, client):
        assert "<html>" in (await client.get("/bogus")).text
        bare = await client.get("/bogus", headers={"Accept": "application/json"})
        assert (bare.status_code, bare.content) == (404, b"")

    async def test_not_modified(self, client):
        first = await client.get("/statuses")
        again = await client.get("/statuses", headers={"If-None-Match": first.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")


class TestLists:
    async def test_only_open_ones_without_a_filter(self, client):
        default = (await client.get("/work_packages")).json()["total"]
        everything = (await client.get("/work_packages", params={"filters": "[]"})).json()["total"]
        assert (default, everything) == (15, 19)

    async def test_offset_is_a_page_number(self, client):
        params = {"filters": "[]", "pageSize": 5, "offset": 2}
        page = (await client.get("/work_packages", params=params)).json()
        assert [e["id"] for e in page["_embedded"]["elements"]] == [6, 7, 8, 9, 10]
        assert {"nextByOffset", "previousByOffset"} <= set(page["_links"])

    async def test_page_size_is_clamped_silently(self, client):
        answer = await client.get("/work_packages", params={"pageSize": 100_000})
        assert answer.json()["pageSize"] == 1000
        client.box.state.settings["max_page_size"] = 7
        answer = await client.get("/work_packages", params={"pageSize": -1})
        assert (answer.json()["pageSize"], answer.json()["count"]) == (7, 7)

    async def test_default_page_is_20(self):
        async with open_box(scale=30) as client:
            assert (await client.get("/work_packages")).json()["count"] == 20

    async def test_one_unknown_value_fails_the_whole_call(self, client):
        filters = json.dumps([{"id": {"operator": "=", "values": ["1", "4711"]}}])
        answer = await client.get("/work_packages", params={"filters": filters})
        assert (answer.status_code, identifier(answer)) == (400, "InvalidQuery")

    @pytest.mark.parametrize("operator", [">=", "<=", ">", "="])
    async def test_updated_at_has_no_plain_comparison(self, client, operator):
        filters = json.dumps([{"updatedAt": {"operator": operator, "values": ["2026-01-01T00:00:00Z"]}}])
        assert (await client.get("/work_packages", params={"filters": filters})).status_code == 400

    async def test_updated_at_window_is_inclusive_to_the_millisecond(self):
        start = datetime(2026, 2, 6, 9, 30, 49, 157_000, tzinfo=UTC)
        async with open_box(dataset="demo", clock=Clock(start)) as client:
            made = await make(client)
            for low, found in ((made["updatedAt"], 1), ("2026-02-06T09:30:49.158Z", 0)):
                window = {"updatedAt": {"operator": "<>d", "values": [low, ""]}}
                params = {"filters": json.dumps([window])}
                assert (await client.get("/work_packages", params=params)).json()["total"] == found

    async def test_select_knows_few_members_of_work_packages(self, client):
        params = {"select": "total,elements/id,elements/status", "pageSize": 1, "filters": "[]"}
        body = (await client.get("/work_packages", params=params)).json()
        element = body["_embedded"]["elements"][0]
        assert set(body) == {"total", "_embedded"}
        assert set(element) == {"id", "_links"}
        bad = await client.get("/work_packages", params={"select": "elements/updatedAt"})
        assert (bad.status_code, identifier(bad)) == (400, "InvalidSignal")

    async def test_project_lists_take_subprojects_along(self, client):
        links = {"parent": href("projects", 1)}
        child = (await client.post("/projects", json={"name": "Child", "_links": links})).json()
        made = await make(client, "In the child", project=child["id"])
        inside = await client.get("/projects/1/work_packages", params={"filters": ALL, "pageSize": 100})
        assert made["id"] in {e["id"] for e in inside.json()["_embedded"]["elements"]}
        params = {"filters": ALL, "pageSize": 100, "includeSubprojects": "false"}
        alone = await client.get("/projects/1/work_packages", params=params)
        assert made["id"] not in {e["id"] for e in alone.json()["_embedded"]["elements"]}

    async def test_version_filter_works_in_the_project_only(self, client):
        params = {"filters": json.dumps([{"version": {"operator": "=", "values": ["2"]}}])}
        assert (await client.get("/work_packages", params=params)).status_code == 400
        assert (await client.get("/projects/1/work_packages", params=params)).json()["total"] > 0

    async def test_percent_and_underscore_are_wildcards(self, client):
        def params(text):
            return {"filters": json.dumps([{"subject": {"operator": "~", "values": [text]}}])}

        everything = (await client.get("/work_packages", params=params("%"))).json()["total"]
        assert everything == 19
        assert (await client.get("/work_packages", params=params("c_rt"))).json()["total"] == 0

    async def test_long_queries_come_packed(self, client):
        ids = [str(row.id) for row in client.box.state.work_packages]
        query = {"filters": json.dumps([{"id": {"operator": "=", "values": ids}}]), "pageSize": 3}
        packed = base64.b64encode(zlib.compress(json.dumps(query).encode())).decode()
        body = (await client.get("/work_packages", params={"eprops": packed})).json()
        assert (body["total"], body["count"]) == (19, 3)

    @pytest.mark.parametrize(
        "packed", ["x", "eJw=", base64.b64encode(zlib.compress(b" " * 2_000_000)).decode()]
    )
    async def test_what_cannot_be_unpacked_is_400(self, client, packed):
        assert (await client.get("/work_packages", params={"eprops": packed})).status_code == 400

    async def test_project_pages_are_ignored_by_12_0_only(self):
        for version, count in (("12.0", 2), ("13.0", 1)):
            async with open_box(version=version) as client:
                body = (await client.get("/projects", params={"pageSize": 1})).json()
                assert (body["count"], body["pageSize"]) == (count, 1)


class TestLockVersion:
    @pytest.mark.parametrize("lock", [None, 0, 99, "x"])
    async def test_missing_old_and_future_are_conflicts(self, client, lock):
        row = await make(client)
        body = {"subject": ""} if lock is None else {"subject": "", "lockVersion": lock}
        answer = await client.patch(f"/work_packages/{row['id']}", json=body)
        assert (answer.status_code, identifier(answer)) == (409, "UpdateConflict")

    async def test_no_change_keeps_the_number_and_the_time(self, client):
        row = await make(client, "Same")
        same = (await patch(client, row, subject="Same")).json()
        assert (same["lockVersion"], same["updatedAt"]) == (row["lockVersion"], row["updatedAt"])

    async def test_a_child_raises_the_number_of_an_automatic_parent(self, client):
        parent = await make(client, "Parent", scheduleManually=False)
        await make(
            client, "Child", startDate="2026-12-01", links={"parent": href("work_packages", parent["id"])}
        )
        assert (await patch(client, parent, subject="x")).status_code == 409
        now = (await client.get(f"/work_packages/{parent['id']}")).json()
        assert now["startDate"] == "2026-12-01"
        assert now["lockVersion"] > parent["lockVersion"]


class TestAltersWhatItStores:
    @pytest.mark.parametrize(
        ("sent", "stored"),
        [
            ("PT40H", "P1DT16H"),
            ("PT90M", "PT1H30M"),
            ("P1W", "P7D"),
            ("P1M", "P30DT10H"),
            ("PT0.5H", "PT30M"),
        ],
    )
    async def test_durations_have_days_of_24_hours(self, client, sent, stored):
        assert (await make(client, estimatedTime=sent))["estimatedTime"] == stored

    @pytest.mark.parametrize("bad", [8, "", "8h", "P1.5D", "PT"])
    async def test_what_is_no_duration(self, client, bad):
        body = {"subject": "x", "estimatedTime": bad, "_links": {"project": href("projects", 1)}}
        answer = await client.post("/work_packages", json=body)
        assert (answer.status_code, identifier(answer)) == (422, "PropertyFormatError")

    async def test_plain_string_description_is_dropped_and_null_is_500(self, client):
        assert (await make(client, description="plain"))["description"]["raw"] is None
        row = await make(client, description={"raw": "**b**"})
        assert "<strong>b</strong>" in row["description"]["html"]
        assert (await patch(client, row, description=None)).status_code == 500
        assert (await patch(client, row, description={"raw": None})).json()["description"]["raw"] is None

    async def test_numbers_become_text_and_text_is_not_trimmed(self, client):
        assert (await make(client, 42))["subject"] == "42"
        assert (await make(client, "  x "))["subject"] == "  x "

    async def test_unknown_properties_are_ignored_read_only_ones_are_not(self, client):
        row = await make(client, bogus=1, links={"bogus": {"href": "/api/v3/bogus/1"}})
        answer = await patch(client, row, updatedAt="2001-01-01T00:00:00Z")
        assert (answer.status_code, identifier(answer)) == (422, "PropertyIsReadOnly")

    async def test_foreign_version_is_dropped_on_create_and_refused_on_update(self, client):
        links = {"version": href("versions", 2)}
        row = await make(client, project=2, links=links)
        assert row["_links"]["version"]["href"] is None
        answer = await patch(client, row, links=links)
        assert (answer.status_code, attribute(answer)) == (422, "version")

    async def test_closed_versions_take_nothing_new(self, client):
        body = {"subject": "x", "_links": {"project": href("projects", 1), "version": href("versions", 1)}}
        answer = await client.post("/work_packages", json=body)
        assert (answer.status_code, attribute(answer)) == (422, "version")

    async def test_identifiers_are_made_from_names(self, client):
        names = [
            (await client.post("/projects", json={"name": "Größe & Ünit!"})).json()["identifier"]
            for _ in "ab"
        ]
        assert names == ["grosse-and-unit", "grosse-and-unit-1"]

    @pytest.mark.parametrize("bad", ["Upper", "a.b", "12345", "ü", "new"])
    async def test_identifiers_that_are_refused(self, client, bad):
        answer = await client.post("/projects", json={"name": "x", "identifier": bad})
        assert (answer.status_code, attribute(answer)) == (422, "identifier")

    async def test_null_dates_and_duration_rules(self, client):
        row = await make(client, startDate="2026-12-01", duration="P5D")
        assert (row["dueDate"], row["duration"]) == ("2026-12-07", "P5D")
        body = {"startDate": "2026-12-01", "dueDate": "2026-12-02", "duration": "P9D"}
        assert attribute(await patch(client, row, **body)) == "duration"

    async def test_work_remaining_and_percent_are_coupled_since_14(self, client):
        row = await make(client, estimatedTime="PT10H", percentageDone=30)
        assert row["remainingTime"] == "PT7H"
        row = (await patch(client, row, remainingTime="PT5H")).json()
        assert row["percentageDone"] == 50
        answer = await patch(client, row, estimatedTime="PT10H", remainingTime="PT5H", percentageDone=10)
        assert (answer.status_code, attribute(answer)) == (422, "percentageDone")

    async def test_scheduling_is_manual_since_15_4(self):
        for version, manual in (("15.3", False), ("15.4", True)):
            async with open_box(version=version) as client:
                assert (await make(client))["scheduleManually"] is manual


class TestLinks:
    async def test_wrong_kind_unknown_and_no_member(self, client):
        row = await make(client)
        answer = await patch(client, row, links={"assignee": href("projects", 1)})
        assert (answer.status_code, identifier(answer)) == (422, "ResourceTypeMismatch")
        answer = await patch(client, row, links={"assignee": href("users", 4711)})
        assert (answer.status_code, attribute(answer)) == (422, "assignee")

    async def test_text_in_place_of_a_link_is_500_and_no_href_is_ignored(self, client):
        row = await make(client)
        assert (await patch(client, row, links={"assignee": "/api/v3/users/5"})).status_code == 500
        assert (await patch(client, row, links={"assignee": {}})).status_code == 200

    async def test_members_only_see_what_they_may(self):
        async with open_box("wen") as client:
            assert (await client.get("/projects/2")).status_code == 404
            assert (await client.get("/work_packages/1")).status_code == 200
            row = (await client.get("/work_packages/1")).json()
            assert "update" not in row["_links"]
            assert (await patch(client, row, subject="x")).status_code == 403
            assert (await client.get("/users")).status_code == 403
            admin = (await client.get("/users/3")).status_code
            assert admin in {200, 404}


class TestWorkflow:
    async def test_members_cannot_reject_and_the_form_says_so(self):
        async with open_box("maya") as client:
            row = await make(client)
            form = await client.post(
                f"/work_packages/{row['id']}/form", json={"lockVersion": row["lockVersion"]}
            )
            allowed = form.json()["_embedded"]["schema"]["status"]["_links"]["allowedValues"]
            assert [link["title"] for link in allowed] == ["New", "In progress", "Closed", "On hold"]
            answer = await patch(client, row, links={"status": href("statuses", 14)})
            assert (answer.status_code, attribute(answer)) == (422, "status")

    async def test_form_shows_faults_and_commits_only_without(self, client):
        form = (await client.post("/projects/1/work_packages/form", json={})).json()
        assert "subject" in form["_embedded"]["validationErrors"]
        assert "commit" not in form["_links"]
        form = (await client.post("/projects/1/work_packages/form", json={"subject": "x"})).json()
        assert not form["_embedded"]["validationErrors"]
        assert "commit" in form["_links"]

    async def test_no_list_of_time_entry_activities(self, client):
        answer = await client.get("/time_entries/activities")
        assert (answer.status_code, identifier(answer)) == (400, "BadRequest")


class TestProjects:
    async def test_delete_archives_first_and_frees_the_identifier_later(self, client):
        client.box.clock.freeze()
        assert (await client.delete("/projects/2")).status_code == 204
        assert (await client.get("/projects/2")).json()["active"] is False
        taken = await client.post("/projects", json={"name": "x", "identifier": "office-move"})
        assert (taken.status_code, attribute(taken)) == (422, "identifier")
        client.box.clock.advance(2)
        assert (await client.get("/projects/2")).status_code == 404
        assert (
            await client.post("/projects", json={"name": "x", "identifier": "office-move"})
        ).status_code == 201

    async def test_former_identifiers_stay_taken_since_17_3(self, client):
        assert (await client.patch("/projects/2", json={"identifier": "moved"})).status_code == 200
        assert (await client.get("/projects/office-move")).json()["id"] == 2
        answer = await client.post("/projects", json={"name": "x", "identifier": "office-move"})
        assert (answer.status_code, attribute(answer)) == (422, "identifier")

    async def test_former_identifiers_are_gone_before(self):
        async with open_box(version="17.2") as client:
            await client.patch("/projects/2", json={"identifier": "moved"})
            assert (await client.get("/projects/office-move")).status_code == 404

    async def test_archived_projects_are_hidden_from_members(self):
        async with open_box("maya") as client:
            projects = client.box.state.projects
            projects.change(projects[2], active=False)
            assert (await client.get("/projects/2")).status_code == 404

    async def test_programs_are_in_the_list_since_17_0(self, client):
        projects = client.box.state.projects
        projects.change(projects[2], kind="Program")
        rows = (await client.get("/projects")).json()["_embedded"]["elements"]
        assert {row["_type"] for row in rows} == {"Project", "Program"}
        assert (await client.get("/programs/2")).json()["_type"] == "Program"
        assert (await client.get("/portfolios/2")).status_code == 404
        task = (await client.get("/projects/2/work_packages", params={"filters": ALL})).json()
        assert task["_embedded"]["elements"][0]["_links"]["project"]["href"] == f"{API}/programs/2"


class TestSprints:
    async def test_native_sprints_are_read_only_and_assignable(self, client):
        rows = (await client.get("/projects/1/sprints")).json()["_embedded"]["elements"]
        states = [row["_links"]["status"]["href"].rpartition(":")[2] for row in rows]
        assert states == ["completed", "active", "in_planning"]
        assert "finishDate" in rows[0]
        assert "endDate" not in rows[0]
        assert (await client.post("/sprints", json={"name": "x"})).status_code == 500
        row = await make(client, links={"sprint": href("sprints", 2)})
        assert row["_links"]["sprint"]["title"] == "Sprint 2"

    async def test_older_servers_have_versions_only(self):
        async with open_box(version="17.2") as client:
            assert (await client.get("/sprints")).status_code == 404
            assert "sprint" not in (await make(client))["_links"]
            assert (await client.get("/projects/1/versions")).json()["total"] == 3


class TestScale:
    async def test_ten_thousand_come_in_pages_of_a_thousand(self):
        async with open_box(dataset="empty", scale=2_500) as client:
            ids = set()
            for page in (1, 2, 3):
                params = {"filters": "[]", "pageSize": 1000, "offset": page}
                body = (await client.get("/work_packages", params=params)).json()
                ids |= {e["id"] for e in body["_embedded"]["elements"]}
            assert (body["total"], len(ids), body["count"]) == (2_500, 2_500, 500)
