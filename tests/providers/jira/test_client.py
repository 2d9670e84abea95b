"""The silent failures of the vendor's API, one by one."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import httpx2
import pytest

from pm_providers import (
    AuthenticationError,
    ConflictError,
    NotFoundError,
    PermissionDeniedError,
    PMError,
    PMTask,
    ProviderError,
    RateLimitedError,
    UnsupportedError,
    ValidationError,
)
from pm_providers.providers.jira.errors import read_quota
from tests.providers.jira.site import FakeTime, Scripted, Site, answer, scripted

API = "/rest/api/3"
FAILED = {"X_Seraph_LoginReason": "AUTHENTICATED_FAILED"}


def _issue(number: int, **fields: Any) -> dict[str, Any]:
    return {"id": str(number), "key": f"A-{number}", "fields": {"summary": f"t{number}", **fields}}


# who we are


async def test_an_anonymous_200_is_a_refused_credential() -> None:
    server = Scripted({f"GET {API}/myself": answer({"accountId": "x"}, **FAILED)})
    with pytest.raises(AuthenticationError, match="not accepted"):
        async with scripted(server):
            pass


async def test_lists_of_an_expired_token_are_no_empty_lists(site: Site) -> None:
    async with site.provider() as provider:
        await provider.create_task(PMTask(title="x", project_id="ED"))
        site.box.state.tokens.clear()
        for call in (
            provider.list_projects,
            lambda: provider.list_tasks("ED"),
            lambda: provider.changes("ED"),
            lambda: provider.get_task("ED-1"),
            lambda: provider.get_project("ED"),
        ):
            with pytest.raises(AuthenticationError):
                await call()


async def test_a_captcha_is_told() -> None:
    refused = answer({}, 401, X_Authentication_Denied_Reason="CAPTCHA_CHALLENGE; login-url=x", **FAILED)
    server = Scripted({f"GET {API}/myself": refused})
    with pytest.raises(AuthenticationError, match="CAPTCHA"):
        async with scripted(server):
            pass


async def test_the_site_and_the_user_are_asked_once() -> None:
    server = Scripted({f"POST {API}/search/jql": {"issues": []}})
    async with scripted(server) as provider:
        await provider.list_tasks("A")
        await provider.list_tasks("A")
    assert (server.asked(f"{API}/serverInfo"), server.asked(f"{API}/myself")) == (1, 1)


# searching


async def test_a_search_names_the_fields_that_it_needs_and_nothing_else() -> None:
    known = [
        {
            "id": "summary",
            "name": "Summary",
            "custom": False,
            "schema": {"type": "string", "system": "summary"},
        },
        {
            "id": "customfield_1",
            "name": "Cost",
            "custom": True,
            "schema": {"type": "number", "custom": "x:float"},
        },
        {
            "id": "customfield_2",
            "name": "Rank",
            "schema": {"custom": "com.pyxis.greenhopper.jira:gh-lexo-rank"},
        },
        {
            "id": "customfield_3",
            "name": "Sprint",
            "schema": {"custom": "com.pyxis.greenhopper.jira:gh-sprint"},
        },
    ]
    server = Scripted({f"POST {API}/search/jql": {"issues": []}, f"GET {API}/field": known})
    async with scripted(server) as provider:
        await provider.list_tasks("A")
    (body,) = server.bodies(f"{API}/search/jql")
    assert {"summary", "status", "customfield_1", "customfield_3"} <= set(body["fields"])
    assert not {"customfield_2", "*all", "comment", "attachment", "worklog"} & set(body["fields"])
    assert body["maxResults"] == 100


async def test_pages_end_where_the_token_is_missing_whatever_else_is_said() -> None:
    pages = {
        None: {"issues": [_issue(1)], "nextPageToken": "a", "isLast": True},
        "a": {"issues": [], "nextPageToken": "b", "isLast": True},
        "b": {"issues": [_issue(2), _issue(1)], "isLast": False},
    }
    server = Scripted(
        {f"POST {API}/search/jql": lambda one: answer(pages[json.loads(one.content).get("nextPageToken")])}
    )
    async with scripted(server) as provider:
        assert [one.id async for one in provider.iter_tasks("A")] == ["1", "2"]


async def test_a_token_that_comes_again_is_an_error_and_no_endless_list() -> None:
    server = Scripted({f"POST {API}/search/jql": {"issues": [_issue(1)], "nextPageToken": "again"}})
    async with scripted(server) as provider:
        with pytest.raises(ProviderError, match="leads back"):
            [one async for one in provider.iter_tasks("A")]


async def test_listing_costs_a_page_of_ids_and_a_call_for_a_hundred(site: Site) -> None:
    async with site.provider() as provider:
        await provider.create_tasks([PMTask(title=str(one), project_id="ED") for one in range(350)])
    async with site.provider() as provider:
        site.box.log.clear()
        found = await provider.list_tasks("ED")
    assert [one.title for one in found] == [str(one) for one in range(350)]
    assert site.count("POST") == 1 + 4
    async with site.provider() as provider:
        site.box.log.clear()
        assert len([one async for one in provider.iter_tasks("ED")]) == 350
    assert site.count("POST") == 4


async def test_a_limit_fetches_no_more_than_it_needs(site: Site) -> None:
    async with site.provider() as provider:
        await provider.create_tasks([PMTask(title=str(one), project_id="ED") for one in range(150)])
        site.box.log.clear()
        assert len(await provider.list_tasks("ED", limit=3)) == 3
        (body,) = [json.loads(one.request_body) for one in site.box.log.select("POST", "search/jql")]
        assert body["maxResults"] == 3
        site.box.log.clear()
        assert len(await provider.list_tasks("ED", limit=120)) == 120
        assert site.count("POST") == 3


async def test_own_writes_are_found_at_once_although_the_index_lags(site: Site) -> None:
    site.box.state.settings["index_lag_s"] = 300.0
    async with site.provider() as provider:
        made = await provider.create_task(PMTask(title="x", project_id="ED"))
        assert [one.id for one in await provider.list_tasks("ED")] == [made.id]
        changed = await provider.update_task(made.id, {"status": "Done", "assignee_id": "mia@example.com"})
        assert [one.id for one in await provider.list_tasks("ED", status="completed")] == [made.id]
        assert await provider.list_tasks("ED", status="todo") == []
        assert [one.id for one in await provider.list_tasks(assignee_id=changed.assignee_id)] == [made.id]
        await provider.delete_task(made.id)
        assert await provider.list_tasks("ED") == []


async def test_the_same_ids_are_reconciled_on_every_page_fifty_at_most() -> None:
    pages = iter([{"issues": [_issue(1)], "nextPageToken": "a"}, {"issues": [_issue(2)]}])
    server = Scripted({f"POST {API}/search/jql": lambda _: answer(next(pages))})
    async with scripted(server) as provider:
        provider._recent.wrote(str(one) for one in range(1, 80))
        [one async for one in provider.iter_tasks("A")]
    first, second = server.bodies(f"{API}/search/jql")
    assert first["reconcileIssues"] == second["reconcileIssues"] == list(range(30, 80))


async def test_the_old_search_is_never_asked(site: Site) -> None:
    async with site.provider() as provider:
        await provider.list_tasks()
        await provider.search_tasks("x")
        await provider.search_jql("created is not EMPTY")
    assert site.count(None, "/search$") == 0


async def test_issues_that_a_bulk_fetch_names_as_failed_are_asked_for() -> None:
    server = Scripted(
        {
            f"POST {API}/issue/bulkfetch": {"issues": [_issue(1)], "issueErrors": [{"id": "2"}, {"id": "3"}]},
            f"GET {API}/issue/2": _issue(2),
        }
    )
    async with scripted(server) as provider:
        found = await provider._issues.fetch(["1", "2", "3"], ("summary",))
    assert sorted(found) == ["1", "2"]


# limits


async def test_a_date_in_retry_after_is_obeyed() -> None:
    time = FakeTime()
    now = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
    headers = {
        "Retry_After": format_datetime(now + timedelta(seconds=7), usegmt=True),
        "Date": format_datetime(now, usegmt=True),
        "RateLimit_Reason": "jira-burst-based",
    }
    answers = iter(
        [answer({"errorMessages": ["Rate limit exceeded"]}, 429, **headers), answer({"issues": []})]
    )
    server = Scripted({f"POST {API}/search/jql": lambda _: next(answers)})
    async with scripted(server, timing=time.timing(), username="slow@example.com") as provider:
        assert await provider.list_tasks("A") == []
    assert sum(time.slept) == pytest.approx(7.0, abs=0.5)


async def test_a_write_that_was_turned_away_is_sent_again(site: Site) -> None:
    site.box.faults.add("429;match=POST .*/issue$;times=1;retry_after=0")
    async with site.provider() as provider:
        await provider.create_task(PMTask(title="x", project_id="ED"))
        assert len(await provider.list_tasks("ED")) == 1


async def test_a_wait_that_does_not_fit_is_refused_by_name() -> None:
    server = Scripted({f"POST {API}/search/jql": answer({}, 429, Retry_After="4000")})
    async with scripted(server, timing=FakeTime().timing(), username="late@example.com") as provider:
        with pytest.raises(RateLimitedError) as error:
            await provider.list_tasks("A")
    assert error.value.retry_after_s == 4000


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        (
            {
                "x-ratelimit-limit": "65000",
                "x-ratelimit-remaining": "120",
                "x-ratelimit-reset": "2026-11-23T10:00:00Z",
            },
            (65000, 120),
        ),
        (
            {
                "ratelimit": '"global-app-quota";r=50;t=600',
                "ratelimit-policy": '"global-app-quota";q=65000;w=3600',
            },
            (65000, 50),
        ),
        ({"beta-ratelimit": '"a";r=9;t=60', "beta-ratelimit-policy": '"a";q=100;w=3600'}, (100, 9)),
    ],
)
def test_points_are_read_in_all_their_forms(headers: dict[str, str], expected: tuple[int, int]) -> None:
    found = read_quota(headers, datetime(2026, 11, 23, 9, 30, tzinfo=UTC).timestamp())
    assert found is not None
    assert (found.limit, found.remaining) == expected


def test_headers_that_say_nothing_are_no_quota() -> None:
    assert read_quota({"x-ratelimit-nearlimit": "true"}, 0.0) is None


# errors


@pytest.mark.parametrize(
    ("status", "body", "kind", "text"),
    [
        (
            400,
            {"errorMessages": [], "errors": {"summary": "You must specify a summary"}},
            ValidationError,
            "title",
        ),
        (
            400,
            {"errorMessages": ["Issue does not exist or you do not have permission to see it."]},
            NotFoundError,
            "exist",
        ),
        (
            400,
            {"errorMessages": ["You do not have permission to do this."]},
            PermissionDeniedError,
            "permission",
        ),
        (
            400,
            {"errorMessages": ["Field 'x' does not exist or you do not have permission to view it."]},
            ValidationError,
            "x",
        ),
        (401, {"code": 401, "message": "Unauthorized; scope does not match"}, AuthenticationError, "scope"),
        (403, None, PermissionDeniedError, "403"),
        (409, {"errorMessages": ["busy"]}, ConflictError, "busy"),
        (410, {"errorMessages": ["The requested API has been removed."]}, UnsupportedError, "removed"),
        (413, {"errorMessages": ["too many worklogs"]}, ValidationError, "worklogs"),
        (500, "<html>", ProviderError, "500"),
    ],
)
async def test_error_answers_become_errors(status: int, body: Any, kind: type[Exception], text: str) -> None:
    server = Scripted({f"POST {API}/search/jql": answer(body, status)})
    async with scripted(server, timing=FakeTime().timing()) as provider:
        with pytest.raises(kind, match=text):
            await provider.search_jql("x")


async def test_a_page_with_status_200_is_no_delete() -> None:
    def page(_: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(200, content=b"<html>log in</html>", headers={"content-type": "text/html"})

    server = Scripted(
        {f"GET {API}/issue/1": {"id": "1", "fields": {"subtasks": []}}, f"DELETE {API}/issue/1": page}
    )
    async with scripted(server) as provider:
        with pytest.raises(ProviderError):
            await provider.delete_task("1")


async def test_a_delete_whose_answer_was_lost_is_looked_up() -> None:
    there = [True]

    def gone(request: httpx2.Request) -> httpx2.Response:
        there.clear()
        raise httpx2.ReadError("lost", request=request)

    server = Scripted(
        {
            f"GET {API}/issue/1": lambda _: answer({"id": "1", "fields": {}}) if there else answer({}, 404),
            f"DELETE {API}/issue/1": gone,
        }
    )
    async with scripted(server, timing=FakeTime().timing()) as provider:
        assert await provider.delete_task("1") is True


async def test_startat_pages_go_on_from_what_came_and_not_from_what_was_asked() -> None:
    asked: list[str] = []

    def page(request: httpx2.Request) -> httpx2.Response:
        start = int(request.url.params["startAt"])
        asked.append(f"{start}")
        values = [
            {"id": str(one), "key": f"K{one}", "name": "n"} for one in range(start, min(start + 20, 45))
        ]
        return answer({"values": values, "startAt": start, "maxResults": 20, "total": 45})

    async with scripted(Scripted({f"GET {API}/project/search": page})) as provider:
        assert len(await provider.list_projects()) == 45
    assert asked == ["0", "20", "40"]


async def test_links_say_200_when_they_are_deleted() -> None:
    async with scripted(Scripted({f"DELETE {API}/issueLink/5": answer(None, 200)})) as provider:
        assert await provider._api.delete("issueLink/5") is True


@pytest.mark.parametrize(("status", "deleted"), [(404, True), (403, False), (200, False)])
async def test_a_lost_answer_to_a_delete_is_looked_up(status: int, *, deleted: bool) -> None:
    """Gone is deleted; what may not be seen may well be there, so that the delete is not reported as done."""

    def broken(request: httpx2.Request) -> httpx2.Response:
        raise httpx2.ReadError("the connection broke", request=request)

    found = answer({"id": "7", "fields": {}}, status)
    server = Scripted({f"DELETE {API}/version/7": broken, f"GET {API}/version/7": found})
    async with scripted(server) as provider:
        if deleted:
            assert await provider._api.delete("version/7") is True
            return
        with pytest.raises(PMError) as caught:
            await provider._api.delete("version/7")
        assert caught.value.maybe_applied
