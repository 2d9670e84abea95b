"""Whatever is sent, the sandbox answers as a server does: with a status, never with an exception of its own."""

from __future__ import annotations

import asyncio
import json

import httpx2
import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from pm_providers.sandbox.openproject import ADMIN_KEY, OpenProjectSandbox
from pm_providers.sandbox.openproject.sandbox import ROUTES
from tests.support.examples import examples

API = "/api/v3"
STATUSES = {200, 201, 202, 204, 301, 302, 303, 308, 400, 401, 403, 404, 406, 409, 410, 415, 422, 500}
READS = sorted(path for routes in ROUTES for path, handlers in routes.table.items() if "GET" in handlers)
WRITES = sorted(
    (method, path)
    for routes in ROUTES
    for path, handlers in routes.table.items()
    for method in handlers
    if method in {"POST", "PATCH"} and "attachments" not in path
)
keys = st.sampled_from(
    ["1", "2", "3", "13", "me", "abc", "1-1", "99999", "webshop-relaunch", "9" * 50, "1.5"]
)
scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**20), 10**20),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=12),
    st.sampled_from(["2026-01-31", "10000-01-01", "PT1H", "P" + "9" * 300 + "D", "-PT2H", "9" * 5000, "²"]),
)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(["raw", "href", "title", "x"]), inner, max_size=3),
    ),
    max_leaves=5,
)
kinds = st.sampled_from(
    [
        "projects",
        "users",
        "work_packages",
        "types",
        "statuses",
        "priorities",
        "versions",
        "categories",
        "sprints",
        "groups",
        "roles",
        "custom_options",
        "time_entries/activities",
        "project_statuses",
    ]
)
links = st.one_of(st.builds(lambda kind, key: {"href": f"{API}/{kind}/{key}"}, kinds, keys), values)
names = st.sampled_from(
    [
        "subject",
        "description",
        "startDate",
        "dueDate",
        "date",
        "duration",
        "estimatedTime",
        "remainingTime",
        "percentageDone",
        "storyPoints",
        "scheduleManually",
        "id",
        "customField1",
        "name",
        "identifier",
        "public",
        "active",
        "status",
        "sharing",
        "endDate",
        "login",
        "email",
        "hours",
        "spentOn",
        "comment",
        "type",
        "lag",
        "user",
        "timeZone",
        "author",
        "createdAt",
        "language",
        "admin",
    ]
)
link_names = st.sampled_from(
    [
        "project",
        "type",
        "status",
        "priority",
        "assignee",
        "category",
        "version",
        "parent",
        "sprint",
        "author",
        "customField2",
        "customField3",
        "definingProject",
        "principal",
        "roles",
        "workPackage",
        "entity",
        "activity",
        "user",
        "from",
        "to",
        "members",
        "attachments",
    ]
)
objects = st.builds(
    lambda plain, linked, project: {
        **plain,
        "_links": {"project": {"href": f"{API}/projects/{project}"}, **linked},
    },
    st.dictionaries(names, values, max_size=4),
    st.dictionaries(link_names, links, max_size=3),
    st.sampled_from([1, 2]),
)
bodies = st.one_of(objects, st.dictionaries(names, values, max_size=3), values)
filter_names = st.sampled_from(
    [
        "status",
        "type",
        "project",
        "id",
        "subject",
        "updatedAt",
        "dueDate",
        "datesInterval",
        "assignee",
        "version",
        "category",
        "parent",
        "search",
        "customField1",
        "customField2",
        "cf_2",
        "name",
        "active",
        "created_at",
        "involved",
        "blocks",
        "principal",
        "role",
        "user",
        "spent_on",
        "ongoing",
        "sprint",
        "subprojectId",
        "bogus",
    ]
)
operators = st.sampled_from(
    ["=", "!", "*", "!*", "o", "c", "~", "**", ">=", "=d", "<>d", "t", ">t-", "<t+", "&=", ""]
)
filters = st.lists(
    st.dictionaries(
        filter_names,
        st.one_of(
            st.fixed_dictionaries({"operator": operators, "values": st.lists(scalars, max_size=2)}), scalars
        ),
        max_size=1,
    ),
    max_size=2,
)
COMMON = examples(150, suppress_health_check=list(HealthCheck), derandomize=True)


@pytest.fixture(scope="module", params=["17.6", "12.0"])
def box(request):
    return OpenProjectSandbox(dataset="demo", version=request.param)


def send(box, method, path, **options):
    async def run():
        async with httpx2.AsyncClient(
            transport=box.transport(), base_url=box.base_url, auth=("apikey", ADMIN_KEY)
        ) as client:
            return await client.request(method, API + path, **options)

    return asyncio.run(run())


def filled(path, key):
    return "/".join(key if part.startswith("{") else part for part in path.split("/"))


@COMMON
@given(target=st.sampled_from(WRITES), key=keys, body=bodies)
def test_any_body_is_answered(box, target, key, body):
    """Every write, with any JSON; work packages get their lockVersion, so that the body is looked at."""
    method, path = target
    row = box.state.work_packages.get(int(key)) if key.isascii() and key.isdigit() and len(key) < 9 else None
    if method == "PATCH" and "work_packages" in path and isinstance(body, dict) and row is not None:
        body = {**body, "lockVersion": row.lock}
    answer = send(box, method, filled(path, key), json=body)
    assert answer.status_code in STATUSES


@COMMON
@given(
    path=st.sampled_from(READS),
    key=keys,
    wanted=filters,
    sort=st.lists(st.lists(st.one_of(filter_names, scalars), max_size=2), max_size=2),
    page=st.dictionaries(st.sampled_from(["pageSize", "offset", "groupBy", "select"]), scalars, max_size=2),
)
def test_any_query_is_answered(box, path, key, wanted, sort, page):
    """Every read, with any filters, sorting and paging."""
    params = {
        "filters": json.dumps(wanted),
        "sortBy": json.dumps(sort),
        **{k: str(v) for k, v in page.items()},
    }
    assert send(box, "GET", filled(path, key), params=params).status_code in STATUSES


@COMMON
@given(body=st.binary(max_size=60))
def test_any_bytes_are_answered(box, body):
    """Bytes that are no JSON."""
    headers = {"Content-Type": "application/json"}
    assert send(box, "POST", "/work_packages", content=body, headers=headers).status_code in STATUSES
