"""Credentials, rights and downloads."""

from __future__ import annotations

from datetime import UTC, datetime

import httpx2
import msgspec
import pytest

from pm_providers.sandbox.kit import Clock
from pm_providers.sandbox.trello import ADMIN_TOKEN, API_KEY, OAUTH2_SCOPES, ORGANIZATION_ID, TrelloSandbox
from tests.sandbox.trello.support import MIA, header, open_box, refusal, token_of

PLAIN = {"key": API_KEY, "token": ADMIN_TOKEN}


def bearer(token):
    return {"Authorization": f"Bearer {token}"}


class TestCredentials:
    async def test_three_ways_to_send_them(self):
        async with open_box(None, filled=False) as place:
            me = await place("GET", "/members/me", params=PLAIN)
            assert me["username"] == "admin"
            assert await place("GET", "/members/me", headers=header()) == me
            made = await place("POST", "/boards", {"name": "x", **PLAIN})
            assert made["name"] == "x"

    async def test_a_signed_request_of_oauth_1_is_taken_by_its_names(self):
        async with open_box(None, filled=False) as place:
            value = f'OAuth oauth_nonce="1", oauth_consumer_key="{API_KEY}", oauth_token="{ADMIN_TOKEN}", oauth_signature="x"'
            assert (await place("GET", "/members/me", headers={"Authorization": value}))[
                "username"
            ] == "admin"

    @pytest.mark.parametrize(
        ("params", "text"),
        [
            ({}, "invalid key"),
            ({"key": "nope", "token": ADMIN_TOKEN}, "invalid key"),
            ({"key": API_KEY, "token": "nope"}, "invalid token"),
            ({"key": API_KEY}, "unauthorized member permission requested"),
        ],
    )
    async def test_wrong_ones_are_refused_as_text(self, params, text):
        async with open_box(None, filled=False) as place:
            answer = await place.client.get("/members/me", params=params)
            assert refusal(answer) == (401, text)

    async def test_tokens_expire_and_are_revoked(self):
        clock = Clock(datetime(2026, 1, 1, tzinfo=UTC))
        async with open_box(filled=False, clock=clock) as place:
            row = place.state.token(token_of("mia"))
            place.state.tokens.change(row, expires="2026-01-01T00:01:00.000Z")
            mia = header(token_of("mia"))
            await place("GET", "/members/me", headers=mia)
            clock.advance(61)
            assert await place("GET", "/members/me", headers=mia, status=401) == "expired token"
            assert (
                await place("DELETE", f"/tokens/{token_of('mia')}", headers=mia, status=401)
                == "expired token"
            )
            await place("DELETE", f"/tokens/{ADMIN_TOKEN}")
            assert await place("GET", "/members/me", status=401) == "invalid token"

    async def test_a_token_that_may_only_read(self):
        async with open_box() as place:
            row = place.state.token(ADMIN_TOKEN)
            place.state.tokens.change(row, scopes=("read",))
            me = await place("GET", "/members/me?fields=email")
            assert me["email"] is None
            text = "unauthorized permission requested"
            assert await place("PUT", f"/cards/{place.card}", {"name": "x"}, status=401) == text
            token = await place("GET", f"/tokens/{ADMIN_TOKEN}")
            assert [entry["write"] for entry in token["permissions"]] == [False] * 3
            assert msgspec.json.encode(token).find(ADMIN_TOKEN.encode()) < 0

    async def test_the_log_keeps_no_credentials(self):
        async with open_box(None, filled=False) as place:
            await place("GET", "/members/me", params=PLAIN)
            query = next(iter(place.box.log)).query
            assert ADMIN_TOKEN not in query
            assert API_KEY not in query

    async def test_emails_of_others_are_not_told(self):
        async with open_box() as place:
            assert (await place("GET", "/members/me?fields=email"))["email"] == "admin@example.com"
            assert (await place("GET", f"/members/{MIA}?fields=email"))["email"] is None
            assert "email" not in await place("GET", "/members/mia")


class TestOAuth2:
    async def test_a_bearer_token_reads_and_writes(self):
        async with open_box(None, filled=False) as place:
            headers = bearer(place.box.oauth2_token())
            board = await place("POST", "/boards", {"name": "x"}, headers=headers)
            assert (await place("GET", f"/boards/{board['id']}", headers=headers))["name"] == "x"

    async def test_scopes_are_asked_for(self):
        async with open_box() as place:
            scopes = [scope for scope in OAUTH2_SCOPES if scope.startswith("read:")]
            headers = bearer(place.box.oauth2_token(scopes=scopes))
            await place("GET", f"/boards/{place.board}", headers=headers)
            text = await place("PUT", f"/boards/{place.board}", {"name": "x"}, headers=headers, status=403)
            assert text == "scope write:board:trello is missing"
            headers = bearer(place.box.oauth2_token(scopes=["read:member:trello"]))
            await place("GET", "/members/me", headers=headers)
            await place("GET", f"/organizations/{ORGANIZATION_ID}", headers=headers, status=403)

    async def test_a_token_may_be_limited_to_workspaces(self):
        async with open_box() as place:
            other = await place("POST", "/organizations", {"displayName": "Other"})
            headers = bearer(place.box.oauth2_token(orgs=[other["id"]]))
            await place("GET", f"/boards/{place.board}", headers=headers, status=403)
            await place("GET", f"/organizations/{other['id']}", headers=headers)

    async def test_the_two_kinds_of_tokens_are_not_mixed_up(self):
        async with open_box(None, filled=False) as place:
            assert (
                await place("GET", "/members/me", headers=bearer(ADMIN_TOKEN), status=401) == "invalid token"
            )
            params = {"key": API_KEY, "token": place.box.oauth2_token()}
            assert await place("GET", "/members/me", params=params, status=401) == "invalid token"


class TestRights:
    async def test_public_boards_are_seen_by_all_and_changed_by_members(self):
        async with open_box() as place:
            ben = header(token_of("ben"))
            await place("PUT", f"/boards/{place.board}", {"prefs/permissionLevel": "public"})
            await place("GET", f"/boards/{place.board}", headers=ben)
            anonymous = await place.client.get(
                f"/boards/{place.board}", params={"key": API_KEY}, headers={"Authorization": ""}
            )
            assert anonymous.status_code == 200
            await place("PUT", f"/cards/{place.card}", {"name": "x"}, headers=ben, status=401)

    async def test_boards_of_the_workspace_are_open_to_its_members(self):
        async with open_box() as place:
            mia = header(token_of("mia"))
            await place("GET", f"/boards/{place.board}", headers=mia, status=401)
            await place("PUT", f"/boards/{place.board}/prefs/permissionLevel", {"value": "org"})
            await place("PUT", f"/cards/{place.card}", {"name": "by Mia"}, headers=mia)
            await place("PUT", f"/boards/{place.board}", {"closed": True}, headers=mia, status=401)
            await place("DELETE", f"/boards/{place.board}", headers=mia, status=401)

    async def test_observers_read(self):
        async with open_box() as place:
            await place("PUT", f"/boards/{place.board}/members/{MIA}", {"type": "observer"})
            mia = header(token_of("mia"))
            await place("GET", f"/cards/{place.card}", headers=mia)
            await place("PUT", f"/cards/{place.card}", {"name": "x"}, headers=mia, status=401)
            await place(
                "POST", f"/cards/{place.card}/actions/comments", {"text": "x"}, headers=mia, status=401
            )

    async def test_comments_are_edited_by_their_author_and_deleted_by_administrators_too(self):
        async with open_box() as place:
            await place("PUT", f"/boards/{place.board}/members/{MIA}", {"type": "normal"})
            mia = header(token_of("mia"))
            hers = await place("POST", f"/cards/{place.card}/actions/comments", {"text": "hers"}, headers=mia)
            mine = await place("POST", f"/cards/{place.card}/actions/comments", {"text": "mine"})
            await place("PUT", f"/actions/{hers['id']}", {"text": "x"}, status=401)
            await place("DELETE", f"/actions/{mine['id']}", headers=mia, status=401)
            await place("DELETE", f"/actions/{hers['id']}")
            card = await place("GET", f"/cards/{place.card}")
            assert card["badges"]["comments"] == 1
            created = next(
                r for r in await place("GET", f"/boards/{place.board}/actions") if r["type"] == "createCard"
            )
            await place("DELETE", f"/actions/{created['id']}", status=400)

    async def test_the_last_administrator_stays(self):
        async with open_box() as place:
            me = (await place("GET", "/members/me"))["id"]
            text = "Must have at least one admin"
            assert await place("DELETE", f"/boards/{place.board}/members/{me}", status=403) == text
            assert (
                await place("PUT", f"/boards/{place.board}/members/{me}", {"type": "normal"}, status=403)
                == text
            )

    async def test_tokens_of_others_are_no_business_of_ours(self):
        async with open_box() as place:
            text = await place("GET", f"/tokens/{token_of('mia')}", status=401)
            assert text == "invalid token"


class TestDownloads:
    async def _upload(self, place):
        return await place(
            "POST",
            f"/cards/{place.card}/attachments",
            files={"file": ("Plan für 1.txt", b"abc", "text/plain")},
            data={"name": "The plan"},
        )

    async def test_they_want_the_header_and_send_on_to_a_host_that_does_not(self):
        async with open_box() as place:
            row = await self._upload(place)
            assert (row["name"], row["bytes"], row["isUpload"], row["mimeType"]) == (
                "The plan",
                3,
                True,
                "text/plain",
            )
            async with httpx2.AsyncClient(transport=place.box.transport()) as client:
                text = "unauthorized attachment permission requested"
                assert refusal(await client.get(row["url"], params=PLAIN)) == (401, text)
                sent_on = await client.get(row["url"], headers=header())
                assert sent_on.status_code == 302
                target = sent_on.headers["location"]
                assert httpx2.URL(target).host != httpx2.URL(row["url"]).host
                assert (await client.get(target)).content == b"abc"
                assert (await client.get(target, headers=header())).status_code == 400
                assert (await client.get(target + "x")).status_code == 403

    async def test_on_a_socket_the_other_host_answers_as_well(self):
        box = TrelloSandbox(dataset="demo")
        async with (
            box.serve() as url,
            httpx2.AsyncClient(
                transport=httpx2.AsyncHTTPTransport(verify=False), headers=header(), base_url=f"{url}/1"
            ) as client,
        ):
            row = next(row for row in box.state.attachments if row.upload)
            shown = (await client.get(f"/cards/{row.card_id}/attachments/{row.id}")).json()
            assert shown["url"].startswith(url)
            answer = await client.get(shown["url"], follow_redirects=True)
            assert answer.content == row.content

    async def test_an_answer_without_a_redirect(self):
        async with open_box() as place:
            place.state.settings.redirect_downloads = False
            row = await self._upload(place)
            answer = await place.client.get(row["url"])
            assert answer.content == b"abc"

    async def test_files_have_a_size_limit_by_plan(self):
        async with open_box(plan="free") as place:
            place.state.settings.upload_limit["free"] = 2
            answer = await place.client.post(
                f"/cards/{place.card}/attachments", files={"file": ("a.txt", b"abc")}
            )
            assert refusal(answer) == (413, "File too large")
