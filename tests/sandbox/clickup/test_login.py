"""Credentials, limits, faults and the settings of the sandbox."""

from __future__ import annotations

import httpx2
import pytest

from pm_providers.sandbox import SANDBOXES
from pm_providers.sandbox.clickup import ADMIN_TOKEN, TEAM_ID, ClickUpSandbox
from pm_providers.sandbox.kit import Quota
from tests.sandbox.clickup.support import Place, add_person, ecode, make, open_box


async def test_a_personal_token_goes_raw_into_the_header():
    async with open_box(None) as client:
        assert ecode(await client.get("/user")) == (401, "OAUTH_017")
        for header, code in (
            (f"Bearer {ADMIN_TOKEN}", "OAUTH_018"),
            ("pk_1_WRONG", "OAUTH_025"),
            ("Basic abc", "OAUTH_018"),
        ):
            assert ecode(await client.get("/user", headers={"Authorization": header})) == (401, code)
        answer = await client.get("/user", headers={"Authorization": ADMIN_TOKEN})
        assert answer.json()["user"]["id"] == Place.owner


async def test_an_app_gets_a_token_and_sees_the_ticked_workspaces():
    async with open_box(None) as client:
        oauth = client.box.oauth
        body = {"client_id": oauth.client_id, "client_secret": oauth.client_secret}
        code = oauth.consent("owner@example.com", TEAM_ID)
        answer = await client.post("/oauth/token", data={**body, "code": code})
        header = {"Authorization": f"Bearer {answer.json()['access_token']}"}
        assert (await client.get("/list/901523450954", headers=header)).status_code == 200
        assert (await client.post("/oauth/token", json={**body, "code": code})).status_code == 400
        none = oauth.consent("owner@example.com")
        token = (await client.post("/oauth/token", json={**body, "code": none})).json()["access_token"]
        other = {"Authorization": f"Bearer {token}"}
        assert (await client.get("/team", headers=other)).json() == {"teams": []}
        assert ecode(await client.get("/list/901523450954", headers=other)) == (401, "OAUTH_027")
        oauth.revoke(token)
        assert ecode(await client.get("/user", headers=other)) == (401, "OAUTH_021")
        bad = {**body, "client_id": "x", "code": "y"}
        assert ecode(await client.post("/oauth/token", json=bad)) == (401, "OAUTH_010")


async def test_limits_count_by_token_and_tell_the_reset_in_seconds():
    async with open_box(limits=True) as client:
        _, header = add_person(client.box, "Mia Sand")
        answers = [await client.get("/user") for _ in range(101)]
        told = answers[0].headers
        assert (told["x-ratelimit-limit"], told["x-ratelimit-remaining"]) == ("100", "99")
        assert int(told["x-ratelimit-reset"]) == 1779183060
        assert ecode(answers[100]) == (429, "APP_002")
        assert "retry-after" not in answers[100].headers
        assert (await client.get("/user", headers=header)).status_code == 200
        client.box.clock.advance(60)
        assert (await client.get("/user")).status_code == 200


@pytest.mark.parametrize(
    ("plan", "limit"),
    [("free", 100), ("unlimited", 100), ("business", 100), ("business_plus", 1000), ("enterprise", 10000)],
)
async def test_the_plan_sets_the_limit(plan, limit):
    async with open_box(plan=plan, limits=True) as client:
        answer = await client.get(f"/team/{Place.team}/plan")
        assert answer.headers["x-ratelimit-limit"] == str(limit)
        assert answer.json()["plan_name"].lower().replace(" ", "_").startswith(plan)


async def test_another_size_and_none():
    async with open_box(quota=Quota(2)) as client:
        assert [(await client.get("/user")).status_code for _ in range(3)] == [200, 200, 429]
        client.box.gate.quota = None
        answer = await client.get("/user")
        assert (answer.status_code, "x-ratelimit-limit" in answer.headers) == (200, False)


async def test_faults_have_the_vendors_words():
    async with open_box() as client:
        client.box.faults.add("429;retry_after=3;times=1")
        assert ecode(await client.get("/user")) == (429, "APP_002")
        client.box.faults.add("502;times=1")
        answer = await client.get("/user")
        assert (answer.status_code, answer.headers["content-type"]) == (502, "text/html")
        client.box.faults.add("drop-after;match=^POST;times=1")
        with pytest.raises(httpx2.RemoteProtocolError):
            await make(client, "Lost answer")
        rows = (await client.get(f"/list/{Place.list}/task")).json()["tasks"]
        assert [row["name"] for row in rows] == ["Lost answer"]
        client.box.faults.add("cyclic-next;match=/task$;times=1")
        assert (await client.get(f"/list/{Place.list}/task")).json()["last_page"] is False


async def test_a_person_who_left_sees_nothing():
    async with open_box() as client:
        user, header = add_person(client.box, "Mia Sand")
        client.box.state.members.remove(f"{Place.team}:{user.id}")
        assert (await client.get("/team", headers=header)).json() == {"teams": []}
        assert ecode(await client.get(f"/list/{Place.list}", headers=header)) == (401, "OAUTH_027")


async def test_settings_and_options():
    box = SANDBOXES["clickup"](dataset="demo", scale=0, seed=1)
    assert box.settings == {
        "CLICKUP_URL": "http://clickup.sandbox",
        "CLICKUP_API_KEY": ADMIN_TOKEN,
        "CLICKUP_TEAM_ID": TEAM_ID,
    }
    assert box.token_of("maya@example.com").startswith("pk_")
    with pytest.raises(KeyError):
        box.token_of("nobody@example.com")
    with pytest.raises(ValueError, match="versions"):
        SANDBOXES["clickup"](version="3")
    for name in ("jira", "openproject"):
        with pytest.raises(ValueError, match="no plans"):
            SANDBOXES[name](plan="free")
    for options in ({"dataset": "x"}, {"plan": "x"}, {"missing_status": 500}):
        with pytest.raises(ValueError, match=r"known|missing"):
            ClickUpSandbox(**options)
