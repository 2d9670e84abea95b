"""Who may ask: the anonymous 200, the gateway with its scopes, and what is not JSON."""

from __future__ import annotations

from datetime import timedelta

import httpx2
import pytest

from pm_providers.sandbox.jira.oauth import CLIENT_ID, CLIENT_SECRET
from pm_providers.sandbox.jira.records import AppToken
from tests.sandbox.jira.support import MIA, make, open_box


async def test_a_wrong_token_reads_as_nobody_and_only_a_header_tells():
    async with open_box() as client:
        await make(client)
        bad = ("admin@example.com", "expired")
        answer = await client.get("/project/search", auth=bad)
        assert (answer.status_code, answer.json()["values"]) == (200, [])
        assert answer.headers["x-seraph-loginreason"] == "AUTHENTICATED_FAILED"
        answer = await client.get("/issue/ED-1", auth=bad)
        assert answer.json()["errorMessages"] == [
            "Issue does not exist or you do not have permission to see it."
        ]
        answer = await client.get("/myself", auth=bad)
        assert (answer.status_code, answer.json()["message"]) == (
            401,
            "Client must be authenticated to access this resource.",
        )
        good = await client.get("/project/search")
        assert good.headers["x-seraph-loginreason"] == "OK"
        assert good.json()["total"] == 2


async def test_without_credentials_there_is_no_login_reason():
    async with open_box(user=None) as client:
        answer = await client.get("/serverInfo")
        assert answer.json()["deploymentType"] == "Cloud"
        assert "x-seraph-loginreason" not in answer.headers
        answer = await client.post("/issue", json={"fields": {}})
        assert answer.status_code == 401
        assert "Authentication required" in answer.json()["errorMessages"][0]


async def test_public_projects_can_be_read_by_anybody():
    async with open_box(user=None) as client:
        state = client.box.state
        state.projects.change(state.project("ED"), access="public")
        answer = await client.get("/project/search")
        assert [row["key"] for row in answer.json()["values"]] == ["ED"]


@pytest.mark.parametrize(
    ("scopes", "method", "path", "status"),
    [
        ({"read:jira-work"}, "GET", "/rest/api/3/project/ED", 200),
        ({"read:jira-work"}, "GET", "/rest/api/3/myself", 401),
        ({"read:jira-user"}, "GET", "/rest/api/3/myself", 200),
        ({"read:jira-work"}, "DELETE", "/rest/api/3/issue/ED-1", 401),
        ({"write:jira-work"}, "DELETE", "/rest/api/3/issue/ED-9", 404),
    ],
)
async def test_the_gateway_wants_scopes(scopes, method, path, status):
    async with open_box(user=None, api="/ex/jira/11223344-a1b2-4b33-8c44-def123456789") as client:
        client.box.state.tokens["app"] = AppToken(account_id=MIA, scopes=frozenset(scopes))
        answer = await client.request(method, path, headers={"authorization": "Bearer app"})
        assert answer.status_code == status
        if status == 401:
            assert answer.json() == {"code": 401, "message": "Unauthorized; scope does not match"}


async def test_tokens_of_apps_do_not_work_at_the_site_and_expire():
    async with open_box(user=None, api="") as client:
        state, gate = client.box.state, "/ex/jira/11223344-a1b2-4b33-8c44-def123456789/rest/api/3/project/ED"
        end = state.clock.freeze() + timedelta(hours=1)
        state.tokens["app"] = AppToken(account_id=MIA, scopes=frozenset({"read:jira-work"}), expires=end)
        bearer = {"authorization": "Bearer app"}
        answer = await client.get("/rest/api/3/project/ED", headers=bearer)
        assert (answer.status_code, answer.headers["x-seraph-loginreason"]) == (404, "AUTHENTICATED_FAILED")
        assert (await client.get(gate, headers=bearer)).status_code == 200
        state.clock.advance(3601)
        answer = await client.get(gate, headers=bearer)
        assert (answer.status_code, answer.json()) == (401, {"code": 401, "message": "Unauthorized"})


async def test_self_addresses_name_the_host_that_was_asked():
    async with open_box() as client:
        answer = await client.get("/project/ED")
        assert answer.json()["self"] == "http://jira.sandbox/rest/api/3/project/10000"


async def test_edges_of_http():
    async with open_box() as client:
        assert (await client.request("GET", "/project/ED", content=b"{}")).status_code == 400
        assert (
            await client.post("/issue", content=b"{}", headers={"content-type": "text/plain"})
        ).status_code == 415
        assert (await client.request("PATCH", "/issue/ED-1")).status_code == 405
        assert (await client.get("/nothing/here")).status_code == 404
        answer = await client.post("/issue", content=b"{", headers={"content-type": "application/json"})
        assert answer.status_code == 400
        assert (await client.get("/project/search?maxResults=many")).status_code == 404
        deep = b'{"fields":' * 5000 + b"1" + b"}" * 5000
        answer = await client.post("/issue", content=deep, headers={"content-type": "application/json"})
        assert answer.status_code == 400


async def test_injected_faults_wear_the_vendors_words():
    async with open_box(faults=["429;times=1;retry_after=3", "503;times=1"]) as client:
        answer = await client.get("/myself")
        assert (answer.status_code, answer.headers["retry-after"]) == (429, "3")
        assert answer.json() == {"errorMessages": ["Rate limit exceeded"], "errors": {}}
        assert (await client.get("/myself")).headers["content-type"].startswith("text/html")
        assert (await client.get("/myself")).status_code == 200


async def test_it_serves_on_a_socket():
    async with open_box() as client:
        box = client.box
        async with box.serve() as url, httpx2.AsyncClient(base_url=url) as outside:
            answer = await outside.get("/rest/api/3/serverInfo")
            assert answer.json()["baseUrl"] == url
            assert box.settings["JIRA_URL"] == url


async def test_refresh_tokens_rotate_with_ten_minutes_of_leeway():
    async with open_box(user=None, api="") as client:
        box = client.box
        box.clock.freeze()
        first = box.oauth.consent(MIA, "read:jira-work", "offline_access")
        body = {
            "grant_type": "refresh_token",
            "client_id": CLIENT_ID,
            "client_secret": CLIENT_SECRET,
            "refresh_token": first,
        }
        made = (await client.post("/oauth/token", json=body)).json()
        bearer = {"authorization": f"Bearer {made['access_token']}"}
        (site,) = (await client.get("/oauth/token/accessible-resources", headers=bearer)).json()
        tenant = (await client.get("/_edge/tenant_info")).json()
        assert (site["id"], site["url"]) == (tenant["cloudId"], "http://jira.sandbox")
        url = f"/ex/jira/{site['id']}/rest/api/3/project/ED"
        assert (await client.get(url, headers=bearer)).status_code == 200
        box.clock.advance(599)
        assert (await client.post("/oauth/token", json=body)).status_code == 200
        box.clock.advance(2)
        answer = await client.post("/oauth/token", json=body)
        assert (answer.status_code, answer.json()["error"]) == (403, "unauthorized_client")
        body["refresh_token"] = made["refresh_token"]
        assert (await client.post("/oauth/token", json=body)).json()["expires_in"] == 3600
        wrong = await client.post("/oauth/token", json={**body, "client_secret": "x"})
        assert wrong.status_code == 401
