"""Rate limits, object limits and plans."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from pm_providers.sandbox.kit import Clock, Quota
from pm_providers.sandbox.trello import ORGANIZATION_ID, Limits
from tests.sandbox.trello.support import MIA, header, open_box, refusal, token_of

START = datetime(2026, 1, 1, tzinfo=UTC)


class TestRates:
    async def test_the_token_has_its_quota_and_the_headers_tell(self):
        clock = Clock(START)
        async with open_box(clock=clock) as place:
            place.box.limits = Limits.vendor()
            answers = [await place.client.get(f"/boards/{place.board}") for _ in range(101)]
            assert [a.status_code for a in answers[99:]] == [200, 429]
            assert answers[0].headers["x-rate-limit-api-token-remaining"] == "99"
            assert answers[0].headers["x-rate-limit-api-token-max"] == "100"
            assert answers[0].headers["x-rate-limit-api-key-interval-ms"] == "10000"
            assert "retry-after" not in answers[100].headers
            assert answers[100].json()["error"] == "API_TOKEN_LIMIT_EXCEEDED"
            clock.advance(10)
            assert (await place.client.get(f"/boards/{place.board}")).status_code == 200

    async def test_tokens_share_the_quota_of_their_key(self):
        async with open_box(clock=Clock(START)) as place:
            place.box.limits = Limits(key=(2, 10), token=(100, 10))
            await place("GET", "/members/me")
            await place("GET", "/members/me", headers=header(token_of("mia")))
            answer = await place("GET", "/members/me", headers=header(token_of("ben")), status=429)
            assert answer["error"] == "API_KEY_LIMIT_EXCEEDED"

    async def test_routes_of_members_have_their_own(self):
        clock = Clock(START)
        async with open_box(clock=clock) as place:
            place.box.limits = Limits(member=(2, 900))
            await place("GET", "/members/me")
            await place("GET", "/member/me")
            answer = await place("GET", "/members/me", status=429)
            assert answer == {"error": "RATE_LIMIT_EXCEEDED", "message": "Exceeded rate limit to /1/member"}
            await place("GET", f"/boards/{place.board}/members")
            clock.advance(10)
            await place("GET", "/members/me", status=429)

    async def test_searches_have_their_own(self):
        async with open_box(clock=Clock(START)) as place:
            place.box.limits = Limits(search=(1, 10))
            await place("GET", "/search?query=x")
            await place("GET", "/search/members?query=x", status=429)

    async def test_too_many_refusals_block_the_key(self):
        clock = Clock(START)
        async with open_box(clock=clock) as place:
            place.box.limits = Limits(key=(1000, 10), token=(1, 10), strikes=3)
            for _ in range(5):
                await place.client.get("/members/me")
            answer = await place("GET", "/members/me", headers=header(token_of("mia")), status=429)
            assert answer["error"] == "API_KEY_LIMIT_EXCEEDED"
            clock.advance(10)
            await place("GET", "/members/me", headers=header(token_of("mia")))

    async def test_cards_cost_the_database_time(self):
        async with open_box(clock=Clock(START), scale=200) as place:
            place.box.limits = Limits(cards=500)
            board = next(b for b in place.state.boards if b.name == "Scale").id
            for _ in range(2):
                await place("GET", f"/boards/{board}/cards?fields=name")
            answer = await place("GET", f"/boards/{board}/cards?fields=name", status=429)
            assert answer["error"] == "API_TOKEN_DB_LIMIT_EXCEEDED"

    async def test_a_quota_of_the_kit_counts_requests_of_the_token(self):
        async with open_box(filled=False, quota=Quota(2, window_s=3600), clock=Clock(START)) as place:
            await place("GET", "/members/me")
            await place("GET", "/members/me")
            await place("GET", "/members/me", status=429)

    async def test_without_limits_there_are_no_headers(self):
        async with open_box(filled=False) as place:
            answer = await place.client.get("/members/me")
            assert not [name for name in answer.headers if name.startswith("x-rate")]


class TestObjects:
    async def test_a_board_tells_its_limits(self):
        async with open_box() as place:
            place.state.settings.limits["labels.perBoard"] = 2
            await place.label("one")
            await place.label("two")
            limits = (await place("GET", f"/boards/{place.board}?fields=limits"))["limits"]
            assert limits["labels"]["perBoard"] == {"status": "disabled", "disableAt": 2, "warnAt": 1}
            assert limits["cards"]["openPerBoard"]["disableAt"] == 5000

    @pytest.mark.parametrize(
        ("name", "method", "path", "body"),
        [
            ("labels.perBoard", "POST", "/labels", {"name": "x", "color": "red", "idBoard": "{board}"}),
            ("lists.openPerBoard", "POST", "/lists", {"name": "x", "idBoard": "{board}"}),
            ("cards.openPerBoard", "POST", "/cards", {"name": "x", "idList": "{list}"}),
            ("checklists.perCard", "POST", "/checklists", {"idCard": "{card}"}),
            ("attachments.perCard", "POST", "/cards/{card}/attachments", {"url": "https://example.com"}),
        ],
    )
    async def test_at_the_limit_it_is_named(self, name, method, path, body):
        async with open_box() as place:
            place.state.settings.limits[name] = 0
            names = {"{board}": place.board, "{card}": place.card, "{list}": place.todo}
            body = {key: names.get(value, value) for key, value in body.items()}
            answer = await place.client.request(method, path.replace("{card}", place.card), json=body)
            assert refusal(answer) == (403, f"Limit exceeded: {name}")


class TestPlans:
    async def test_custom_fields_need_a_plan_and_the_power_up(self):
        async with open_box() as place:
            body = {"idModel": place.board, "modelType": "board", "name": "F", "type": "text", "pos": "top"}
            await place("POST", "/customFields", body, status=403)
            assert await place("GET", f"/boards/{place.board}/boardPlugins") == []
            await place.fields_on()
            await place("POST", "/customFields", body)
        async with open_box(plan="free") as place:
            await place(
                "POST",
                f"/boards/{place.board}/boardPlugins",
                {"idPlugin": "56d5e249a98895a9797bebb9"},
                status=403,
            )
            assert await place("GET", f"/boards/{place.board}/customFields") == []

    async def test_due_dates_of_items_are_forgotten_silently_without_a_plan(self):
        for plan, kept in (("free", None), ("standard", MIA)):
            async with open_box(plan=plan) as place:
                await place("PUT", f"/boards/{place.board}/members/{MIA}", {"type": "normal"})
                row = await place("POST", "/checklists", {"idCard": place.card})
                body = {"name": "Item", "due": "2026-01-31T12:00:00Z", "idMember": MIA}
                item = await place("POST", f"/checklists/{row['id']}/checkItems", body)
                assert item["idMember"] == kept
                assert (item["due"] is None) is (kept is None)

    async def test_observers_need_premium(self):
        async with open_box(plan="standard") as place:
            await place("PUT", f"/boards/{place.board}/members/{MIA}", {"type": "observer"}, status=403)

    async def test_the_free_plan_has_ten_boards(self):
        async with open_box(plan="free") as place:
            place.state.settings.free_boards = 1
            answer = await place.client.post("/boards", json={"name": "x"})
            assert answer.status_code == 400
            assert "freeBoardsPerOrg" in answer.text
            await place("PUT", f"/boards/{place.board}", {"closed": True})
            await place("POST", "/boards", {"name": "x"})

    async def test_the_workspace_tells_its_plan(self):
        for plan, offering in (("free", "trello.free"), ("premium", "trello.business_class")):
            async with open_box(plan=plan) as place:
                org = await place("GET", f"/organizations/{ORGANIZATION_ID}?fields=offering,premiumFeatures")
                assert org["offering"] == offering
                assert ("observers" in org["premiumFeatures"]) is (plan == "premium")

    def test_unknown_plans_and_datasets_are_refused(self):
        from pm_providers.sandbox.trello import TrelloSandbox

        with pytest.raises(ValueError, match="unknown plan"):
            TrelloSandbox(plan="gold")
        with pytest.raises(ValueError, match="unknown dataset"):
            TrelloSandbox(dataset="x")
