"""Each trap of reading the vendor's API is in the sandbox: credentials, headers, lists."""

from __future__ import annotations

import base64
import json
import zlib
from datetime import UTC, datetime

import pytest

from pm_providers.sandbox.kit import Clock
from pm_providers.sandbox.openproject import ADMIN_KEY
from tests.sandbox.boxes import ALL, href, identifier, make, open_box


@pytest.fixture
async def client():
    async with open_box() as client:
        yield client


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
