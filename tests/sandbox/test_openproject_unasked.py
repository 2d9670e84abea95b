"""What the server does to a work package that nobody asked for: computed, defaulted, reset, moved, refused by right.

Each rule with the versions between which it differs; recorded ones are replayed from the recordings as well.
"""

from __future__ import annotations

import pytest

from pm_providers.sandbox.openproject.defaults import MEMBER
from tests.sandbox.boxes import attribute, href, identifier, make, open_box, patch

DAY = "2026-12-01"  # a Tuesday
READ_ONLY = (422, "PropertyIsReadOnly")


async def get(client, row):
    return (await client.get(f"/work_packages/{row['id']}")).json()


async def below(client, parent, **fields):
    links = {"parent": href("work_packages", parent["id"]), **fields.pop("links", {})}
    return await make(client, links=links, **fields)


async def follow(client, follower, before):
    body = {
        "type": "follows",
        "_links": {
            name: href("work_packages", row["id"]) for name, row in (("from", follower), ("to", before))
        },
    }
    answer = await client.post(f"/work_packages/{follower['id']}/relations", json=body)
    assert answer.status_code == 201, answer.text


def refused(answer):
    return answer.status_code, identifier(answer), attribute(answer)


class TestWorkingDays:
    @pytest.mark.parametrize(("version", "stored"), [("12.0", "2026-12-05"), ("13.0", "2026-12-07")])
    async def test_days_off_become_the_next_working_day(self, version, stored):
        """Recorded for 12.0 (10-…: step 89), which had no working days yet."""
        async with open_box(version=version) as client:
            row = await make(client, startDate="2026-12-05", dueDate="2026-12-05")
            assert (row["startDate"], row["dueDate"]) == (stored, stored)
            row = (await patch(client, row, dueDate="2026-12-13")).json()
            assert row["dueDate"] == ("2026-12-13" if version == "12.0" else "2026-12-14")

    async def test_unless_they_are_not_to_be_minded(self):
        async with open_box() as client:
            row = await make(client, dueDate="2026-12-05", ignoreNonWorkingDays=True)
            assert row["dueDate"] == "2026-12-05"


class TestDefaults:
    async def test_dates_that_are_not_named_are_those_of_the_parent(self):
        async with open_box(version="13.0") as client:
            parent = await make(client, startDate=DAY, dueDate="2026-12-10")
            child = await below(client, parent)
            assert (child["startDate"], child["dueDate"]) == (DAY, "2026-12-10")
            child = await below(client, parent, startDate=None, dueDate=None)
            assert (child["startDate"], child["dueDate"]) == (None, None)

    async def test_never_such_that_they_end_before_they_start(self):
        async with open_box(version="12.0") as client:
            parent = await make(client, startDate=DAY, dueDate="2026-12-10")
            early = await below(client, parent, dueDate="2026-11-30")
            assert (early["startDate"], early["dueDate"]) == (None, "2026-11-30")
            parent = await make(client, startDate=DAY, dueDate="2026-12-10")
            late = await below(client, parent, startDate="2026-12-11")
            assert (late["startDate"], late["dueDate"]) == ("2026-12-11", None)

    async def test_a_start_may_be_today_by_a_setting(self):
        async with open_box(version="12.0") as client:
            client.box.state.settings["start_is_add_date"] = True
            today = client.box.state.now().date().isoformat()
            assert (await make(client))["startDate"] == today
            assert (await make(client, startDate=None))["startDate"] is None

    async def test_an_empty_description_is_the_text_of_the_type(self):
        async with open_box() as client:
            types = client.box.state.types
            types.change(types[1], template="## Steps")
            types.change(types[7], template="## Bug")
            row = await make(client)
            assert row["description"]["raw"] == "## Steps"
            assert (await make(client, description={"raw": "own"}))["description"]["raw"] == "own"
            other = await make(client, description={"raw": "##  Bug"})
            assert other["description"]["raw"] == "## Steps", "the text of another type is no text"
            cleared = (await patch(client, row, description={"raw": ""})).json()
            assert cleared["description"]["raw"] == "", "on creation only"

    @pytest.mark.parametrize(("version", "made"), [("15.4", "Mine"), ("16.0", "Task no. {id}")])
    async def test_a_type_may_make_its_subjects(self, version, made):
        async with open_box(version=version) as client:
            types = client.box.state.types
            types.change(types[1], subject_pattern="{{type}} no. {{id}}")
            row = await make(client, "Mine")
            assert row["subject"] == made.format(id=row["id"])
            changed = await patch(client, row, subject="Yours")
            assert changed.status_code == 200
            assert changed.json()["subject"] == (row["subject"] if version == "16.0" else "Yours")


class TestStatusOfTheType:
    async def test_a_status_that_the_type_lacks_becomes_the_default_one(self):
        async with open_box() as client:
            row = await make(client, links={"status": href("statuses", 3)})  # Specified is for features
            assert row["_links"]["status"]["title"] == "New"
            links = {"type": href("types", 4), "status": href("statuses", 3)}
            row = await make(client, links=links)
            assert row["_links"]["status"]["title"] == "Specified"
            row = (await patch(client, row, links={"type": href("types", 1)})).json()
            assert row["_links"]["status"]["title"] == "New"

    async def test_with_a_new_type_the_workflow_is_not_asked(self):
        async with open_box("maya") as client:
            row = await make(client)
            assert (await patch(client, row, links={"status": href("statuses", 14)})).status_code == 422
            links = {"type": href("types", 7), "status": href("statuses", 14)}
            row = (await patch(client, row, links=links)).json()
            assert row["_links"]["status"]["title"] == "Rejected"

    async def test_what_an_open_one_blocks_is_not_closed(self):
        async with open_box() as client:
            one, other = await make(client), await make(client)
            ends = {"from": href("work_packages", one["id"]), "to": href("work_packages", other["id"])}
            body = {"type": "blocks", "_links": ends}
            await client.post(f"/work_packages/{one['id']}/relations", json=body)
            closed = {"status": href("statuses", 12)}
            assert attribute(await patch(client, other, links=closed)) == "status"
            assert (await patch(client, one, links=closed)).status_code == 200
            assert (await patch(client, other, links=closed)).status_code == 200

    async def test_a_read_only_status_lets_nothing_but_the_status_change(self):
        async with open_box() as client:
            state = client.box.state
            state.statuses.change(state.statuses[13], readonly=True)
            row = await make(client, links={"status": href("statuses", 13)})
            answer = await patch(client, row, subject="x")
            faults = answer.json()["_embedded"]["errors"]
            assert {fault["_embedded"]["details"]["attribute"] for fault in faults} == {"base", "subject"}
            form = await client.post(
                f"/work_packages/{row['id']}/form", json={"lockVersion": row["lockVersion"]}
            )
            schema = form.json()["_embedded"]["schema"]
            assert (schema["subject"]["writable"], schema["status"]["writable"]) == (False, True)
            left = await patch(client, row, subject="x", links={"status": href("statuses", 1)})
            assert (left.status_code, left.json()["subject"]) == (200, "x")

    async def test_an_inactive_priority_is_refused_where_it_is_new(self):
        async with open_box() as client:
            state = client.box.state
            row = await make(client, links={"priority": href("priorities", 9)})
            state.priorities.change(state.priorities[9], active=False)
            assert (await patch(client, row, subject="x")).status_code == 200
            other = await make(client)
            answer = await patch(client, other, links={"priority": href("priorities", 9)})
            assert (answer.status_code, attribute(answer)) == (422, "priority")


class TestProgress:
    async def test_14_computes_what_is_done(self):
        for version in ("13.0", "14.2", "15.0"):
            async with open_box(version=version) as client:
                row = await make(client, estimatedTime="PT10H")
                answer = await patch(client, row, percentageDone=40)
                expected = READ_ONLY if version == "14.2" else (200, None)
                got = (answer.status_code, identifier(answer) if answer.status_code == 422 else None)
                assert got == expected, version
                if version == "14.2":
                    row = (await patch(client, row, remainingTime="PT5H")).json()
                    assert row["percentageDone"] == 50

    @pytest.mark.parametrize("version", ["13.0", "17.6"])
    async def test_the_status_may_say_what_is_done(self, version):
        async with open_box(version=version) as client:
            state = client.box.state
            state.settings["done_ratio"] = "status"
            state.statuses.change(state.statuses[7], done_ratio=60)
            row = await make(client, estimatedTime="PT10H")
            row = (await patch(client, row, links={"status": href("statuses", 7)})).json()
            assert row["percentageDone"] == 60
            if version == "17.6":
                assert row["remainingTime"] == "PT4H"
            assert refused(await patch(client, row, percentageDone=10)) == (*READ_ONLY, "percentageDone")
            listed = (await client.get("/statuses/7")).json()
            assert listed["defaultDoneRatio"] == 60

    async def test_progress_of_a_parent_is_its_own_since_14(self):
        for version in ("13.0", "17.6"):
            async with open_box(version=version) as client:
                parent = await make(client)
                await below(client, parent, percentageDone=50)
                parent = await get(client, parent)
                answer = await patch(client, parent, percentageDone=90)
                assert answer.status_code == (422 if version == "13.0" else 200)


class TestMoves:
    async def test_a_category_is_found_by_its_name(self):
        async with open_box() as client:
            state = client.box.state
            old = state.categories.where("project_id", 1)[0]
            new = state.categories.put(type(old)(id=900, name=old.name, project_id=2, **state.stamps()))
            row = await make(client, links={"category": href("categories", old.id)})
            moved = (await patch(client, row, links={"project": href("projects", 2)})).json()
            assert moved["_links"]["category"] == {"href": f"/api/v3/categories/{new.id}", "title": old.name}
            state.categories.change(new, name="Other")
            row = await make(client, links={"category": href("categories", old.id)})
            moved = (await patch(client, row, links={"project": href("projects", 2)})).json()
            assert moved["_links"]["category"]["href"] is None

    @pytest.mark.parametrize("mixed", [True, False])
    async def test_the_parent_stays_behind_where_projects_do_not_mix(self, mixed):
        async with open_box() as client:
            client.box.state.settings["cross_project_relations"] = mixed
            child = await below(client, await make(client))
            moved = (await patch(client, child, links={"project": href("projects", 2)})).json()
            assert (moved["_links"]["parent"]["href"] is not None) is mixed
            answer = await patch(client, moved, links={"parent": href("work_packages", 1)})
            assert answer.status_code == (200 if mixed else 422)

    @pytest.mark.parametrize(("version", "status"), [("14.0", 200), ("15.4", 422)])
    async def test_a_type_that_the_project_lacks(self, version, status):
        async with open_box(version=version) as client:
            state = client.box.state
            state.projects.change(state.projects[2], type_ids=(1, 2))
            links = {"type": href("types", 4), "status": href("statuses", 3)}
            row = await make(client, links=links)
            answer = await patch(client, row, links={"project": href("projects", 2)})
            assert answer.status_code == status
            if status == 200:
                names = [answer.json()["_links"][name]["title"] for name in ("type", "status")]
                assert names == ["Task", "New"]
            else:
                assert attribute(answer) == "type"

    async def test_fields_of_the_new_type_start_with_their_defaults(self):
        async with open_box() as client:
            state = client.box.state
            field = state.custom_fields.find(lambda row: row.format == "string")
            state.custom_fields.change(field, type_ids=(7,), default="none yet")
            row = await make(client)
            assert f"customField{field.id}" not in row
            row = (await patch(client, row, links={"type": href("types", 7)})).json()
            assert row[f"customField{field.id}"] == "none yet"


class TestScheduling:
    @pytest.mark.parametrize(("version", "manual"), [("15.3", False), ("15.4", True)])
    async def test_a_first_predecessor_makes_a_follower_automatic(self, version, manual):
        async with open_box(version=version) as client:
            before = await make(client, startDate=DAY, dueDate="2026-12-03")
            follower = await make(client, startDate="2026-11-02", dueDate="2026-11-04")
            await follow(client, follower, before)
            row = await get(client, follower)
            assert (follower["scheduleManually"], row["scheduleManually"]) == (manual, False)
            assert (row["startDate"], row["dueDate"]) == ("2026-12-04", "2026-12-08")

    @pytest.mark.parametrize(("version", "back"), [("15.3", "2026-12-04"), ("15.4", "2026-11-20")])
    async def test_followers_come_back_since_15_4(self, version, back):
        async with open_box(version=version) as client:
            before = await make(client, startDate=DAY, dueDate="2026-12-03")
            follower = await make(client, startDate="2026-11-02", dueDate="2026-11-02")
            await follow(client, follower, before)
            await patch(client, before, startDate="2026-11-18", dueDate="2026-11-19")
            assert (await get(client, follower))["startDate"] == back

    async def test_the_start_of_an_automatic_follower_is_not_what_was_asked_for(self):
        async with open_box() as client:
            before = await make(client, startDate=DAY, dueDate="2026-12-03")
            follower = await make(client, startDate="2026-11-02", dueDate="2026-11-03")
            await follow(client, follower, before)
            row = await get(client, follower)
            answer = await patch(client, row, startDate="2026-12-14")
            assert (answer.status_code, answer.json()["startDate"]) == (200, "2026-12-04")
            later = await patch(client, answer.json(), startDate="2026-12-14", dueDate="2026-12-16")
            assert (later.json()["startDate"], later.json()["dueDate"]) == ("2026-12-04", "2026-12-16")
            early = await patch(client, later.json(), dueDate="2026-12-02")
            faults = early.json()["_embedded"]["errors"]
            assert {fault["_embedded"]["details"]["attribute"] for fault in faults} == {"dueDate"}

    async def test_up_to_15_3_a_start_that_is_too_early_is_refused(self):
        async with open_box(version="15.3") as client:
            before = await make(client, startDate=DAY, dueDate="2026-12-03")
            follower = await make(client)
            await follow(client, follower, before)
            row = await get(client, follower)
            assert attribute(await patch(client, row, startDate="2026-12-02")) == "startDate"
            later = (await patch(client, row, startDate="2026-12-14")).json()
            assert later["startDate"] == "2026-12-14"

    @pytest.mark.parametrize(("version", "manual"), [("15.3", False), ("15.4", True)])
    async def test_a_first_child_makes_its_parent_automatic(self, version, manual):
        async with open_box(version=version) as client:
            parent = await make(client, startDate=DAY, dueDate="2026-12-10")
            await below(client, parent, startDate="2026-12-14", dueDate="2026-12-15")
            row = await get(client, parent)
            assert (parent["scheduleManually"], row["scheduleManually"]) == (manual, False)
            assert (row["startDate"], row["dueDate"]) == ("2026-12-14", "2026-12-15")
            assert row["lockVersion"] > parent["lockVersion"]
            assert refused(await patch(client, row, dueDate="2026-12-18")) == (*READ_ONLY, "dueDate")
            row = (await patch(client, row, scheduleManually=True, dueDate="2026-12-18")).json()
            assert row["dueDate"] == "2026-12-18"
            await below(client, row, dueDate="2026-12-30")
            row = await get(client, row)
            assert (row["scheduleManually"], row["dueDate"]) == (True, "2026-12-18"), (
                "the second one does not"
            )
            row = (await patch(client, row, scheduleManually=False)).json()
            assert row["dueDate"] == "2026-12-30"

    async def test_a_new_parent_moves_an_automatic_child_behind_its_predecessors(self):
        """As recorded for one without dates (18-…: step 15)."""
        async with open_box(version="13.0") as client:
            before, parent = await make(client, startDate=DAY, dueDate="2026-12-03"), await make(client)
            await follow(client, parent, before)
            child = await make(client, startDate="2026-11-02", dueDate="2026-11-04")
            moved = await patch(client, child, links={"parent": href("work_packages", parent["id"])})
            assert (moved.json()["startDate"], moved.json()["dueDate"]) == ("2026-12-04", "2026-12-08")

    async def test_a_manual_child_without_a_start_takes_the_parents(self):
        async with open_box() as client:
            before, parent = await make(client, startDate=DAY, dueDate="2026-12-03"), await make(client)
            await follow(client, parent, before)
            child = await make(client)
            moved = await patch(client, child, links={"parent": href("work_packages", parent["id"])})
            assert moved.json()["startDate"] == "2026-12-04"


class TestRights:
    async def without(self, client, *permissions):
        roles = client.box.state.roles
        roles.change(roles[MEMBER], permissions=roles[MEMBER].permissions - set(permissions))

    @pytest.mark.parametrize(
        ("permission", "name", "link"),
        [
            ("assign_versions", "version", href("versions", 2)),
            ("manage_subtasks", "parent", href("work_packages", 1)),
        ],
    )
    async def test_a_right_of_its_own(self, permission, name, link):
        async with open_box("maya") as client:
            row = await make(client)
            await self.without(client, permission)
            assert refused(await patch(client, row, links={name: link})) == (*READ_ONLY, name)
            body = {"subject": "x", "_links": {"project": href("projects", 1), name: link}}
            assert refused(await client.post("/work_packages", json=body)) == (*READ_ONLY, name)
            form = await client.post(
                f"/work_packages/{row['id']}/form", json={"lockVersion": row["lockVersion"]}
            )
            schema = form.json()["_embedded"]["schema"]
            assert (schema[name]["writable"], schema["subject"]["writable"]) == (False, True)
            assert name not in form.json()["_embedded"]["payload"]["_links"]

    async def test_one_right_alone_lets_the_one_thing_change(self):
        async with open_box("maya") as client:
            row = await make(client)
            await self.without(client, "edit_work_packages")
            assert refused(await patch(client, row, subject="x")) == (*READ_ONLY, "subject")
            moved = await patch(client, row, links={"version": href("versions", 2)})
            assert moved.status_code == 200
            await self.without(
                client, "assign_versions", "manage_subtasks", "move_work_packages", "manage_sprint_items"
            )
            assert (await patch(client, moved.json(), subject="x")).status_code == 403

    @pytest.mark.parametrize(("version", "status"), [("14.0", 422), ("15.0", 200)])
    async def test_the_right_to_change_the_status(self, version, status):
        async with open_box("maya", version=version) as client:
            row = await make(client)
            roles = client.box.state.roles
            roles.change(
                roles[MEMBER], permissions=roles[MEMBER].permissions | {"change_work_package_status"}
            )
            await self.without(client, "edit_work_packages")
            answer = await patch(client, row, links={"status": href("statuses", 7)})
            assert answer.status_code == status
