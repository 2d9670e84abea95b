"""Each trap of writing is in the sandbox: locks, values altered or dropped, links, rights, versions of the server."""

from __future__ import annotations

import pytest

from tests.sandbox.boxes import ALL, API, attribute, href, identifier, make, open_box, patch


@pytest.fixture
async def client():
    async with open_box() as client:
        yield client


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
        for status in ("completed", "active", "in_planning"):
            client.box.add_sprint(1, f"Native {status}", status=status, finish="2026-01-16")
        rows = (await client.get("/projects/1/sprints")).json()["_embedded"]["elements"]
        states = [row["_links"]["status"]["href"].rpartition(":")[2] for row in rows]
        assert states == ["completed", "active", "in_planning"]
        assert "finishDate" in rows[0]
        assert "endDate" not in rows[0]
        assert (await client.post("/sprints", json={"name": "x"})).status_code == 500
        row = await make(client, links={"sprint": href("sprints", 2)})
        assert row["_links"]["sprint"]["title"] == "Native active"

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
