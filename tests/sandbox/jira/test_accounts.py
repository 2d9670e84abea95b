"""Making and removing people."""

from __future__ import annotations

import pytest

from tests.sandbox.jira.support import ADMIN_ACCOUNT, BEN, MIA, OUT, make, open_box

NORA = {"emailAddress": "nora@example.com", "displayName": "Nora Nice", "products": ["jira-software"]}


async def test_who_is_invited_can_be_assigned_and_has_no_name_yet():
    async with open_box() as client:
        events = []
        client.box.state.listeners.append(events.append)
        answer = await client.post("/user", json=NORA)
        made = answer.json()
        assert (answer.status_code, made["emailAddress"]) == (201, "nora@example.com")
        assert made["displayName"] == "nora"  # names are no longer taken
        assert [event.name for event in events] == ["user_created"]
        assert await make(client, assignee={"accountId": made["accountId"]})
        again = await client.post("/user", json={**NORA, "emailAddress": "NORA@example.com"})
        assert (again.status_code, again.json()["accountId"]) == (201, made["accountId"])


@pytest.mark.parametrize(
    "wrong",
    [
        {"emailAddress": "nora"},
        {"emailAddress": None},
        {"products": None},
        {"products": ["chess"]},
        {"emailAddress": "otto@example.com"},
    ],
)
async def test_wrong_invitations_are_refused(wrong):
    async with open_box() as client:
        count = len(list(client.box.state.users))
        assert (await client.post("/user", json={**NORA, **wrong})).status_code == 400
        assert len(list(client.box.state.users)) == count


async def test_removed_people_are_former_users():
    async with open_box() as client:
        key = await make(client, assignee={"accountId": BEN})
        assert (await client.delete(f"/user?accountId={BEN}")).status_code == 204
        assert (await client.get(f"/user?accountId={BEN}")).status_code == 404
        assert (await client.delete(f"/user?accountId={BEN}")).status_code == 404
        assignee = (await client.get(f"/issue/{key}")).json()["fields"]["assignee"]
        assert (assignee["accountId"], assignee["displayName"]) == (BEN, "Former user")


@pytest.mark.parametrize(("account", "status"), [(MIA, 400), (ADMIN_ACCOUNT, 400), ("", 400), (OUT, 204)])
async def test_leads_and_oneself_stay(account, status):
    async with open_box() as client:
        assert (await client.delete(f"/user?accountId={account}")).status_code == status


@pytest.mark.parametrize(("user", "status"), [("mia", 403), (None, 401)])
async def test_administrators_only(user, status):
    async with open_box(user) as client:
        assert (await client.post("/user", json=NORA)).status_code == status
        assert (await client.delete(f"/user?accountId={BEN}")).status_code == status
