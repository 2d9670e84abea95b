"""Bodies with members of the wrong kind: refused or taken, but never an unhandled error."""

from __future__ import annotations

import copy
import json
import random

import pytest

from tests.sandbox.jira.support import MIA, adf, make, open_box

ODD = (
    None, True, 0, -1, 1.5, "", "x", "\x00", [], [None], ["a"], {}, {"id": None}, {"id": []}, {"key": {}},
    {"name": []}, {"accountId": 5}, [[]], 10**30, "9" * 40, "²", {"type": []}, {"none": True},
)  # fmt: skip
FIELDS = {
    "project": {"key": "ED"},
    "issuetype": {"name": "Story"},
    "summary": "s",
    "description": adf("x"),
    "assignee": {"accountId": MIA},
    "priority": {"id": "2"},
    "labels": ["a"],
    "components": [{"id": "10000"}],
    "fixVersions": [{"name": "1"}],
    "duedate": "2026-01-01",
    "timetracking": {"originalEstimate": "1d"},
    "parent": {"key": "ED-1"},
    "customfield_10026": 5,
    "customfield_10030": {"value": "Major"},
    "customfield_10031": [{"value": "Web"}],
    "customfield_10032": {"value": "Shop", "child": {"value": "Cart"}},
    "customfield_10036": {"accountId": MIA},
    "customfield_10037": "2026-03-04T05:06:07.000+0100",
    "customfield_10039": ["t"],
    "customfield_10040": [{"accountId": MIA}],
    "customfield_10041": {"name": "site-admins"},
    "customfield_10042": {"id": "10000"},
    "customfield_10020": 1,
    "customfield_10014": "ED-1",
}
UPDATE = {
    "labels": [{"add": "x"}],
    "comment": [{"add": {"body": adf("a"), "visibility": {"type": "role", "value": "Member"}}}],
    "worklog": [{"add": {"timeSpent": "1h", "started": "2026-03-04T05:06:07.000+0100"}}],
    "issuelinks": [{"add": {"type": {"name": "Blocks"}, "outwardIssue": {"key": "ED-2"}}}],
}
PROJECT = {"name": "Shop", "leadAccountId": MIA, "description": "d", "url": "u", "assigneeType": "UNASSIGNED"}
LINK = {"type": {"name": "Blocks"}, "inwardIssue": {"key": "ED-1"}, "outwardIssue": {"key": "ED-2"}}
VERSION = {
    "projectId": 10000,
    "name": "v",
    "startDate": "2026-01-01",
    "releaseDate": "2026-01-02",
    "released": True,
}
CALLS = (
    ("POST", "/issue", {"fields": FIELDS, "properties": [{"key": "a", "value": 1}], "transition": {"id": "11"}}),
    ("POST", "/issue/bulk", {"issueUpdates": [{"fields": FIELDS}, {"fields": {}}]}),
    ("PUT", "/issue/ED-1", {"fields": {"summary": "s"}, "update": UPDATE}),
    ("PUT", "/issue/ED-1", {"update": {key: [{"set": value}] for key, value in FIELDS.items()}}),
    ("POST", "/issue/bulkfetch", {"issueIdsOrKeys": ["ED-1"], "fields": ["summary"], "expand": ["names"], "properties": ["a"]}),
    ("POST", "/issue/ED-1/transitions", {"transition": {"id": "61"}, "fields": {"resolution": {"name": "Done"}}}),
    ("PUT", "/issue/ED-1/assignee", {"accountId": MIA}),
    ("POST", "/issue/ED-1/comment", {"body": adf("x"), "properties": [{"key": "k", "value": 1}]}),
    ("POST", "/comment/list", {"ids": [1]}),
    ("POST", "/worklog/list", {"ids": [1]}),
    ("POST", "/issue/ED-1/worklog", {"timeSpentSeconds": 60, "started": "2026-03-04T05:06:07.000+0100", "comment": adf("x")}),
    ("POST", "/issueLink", {**LINK, "comment": {"body": adf("x")}}),
    ("POST", "/issue/ED-1/remotelink", {"globalId": "g", "object": {"url": "u", "title": "t"}, "application": {}}),
    ("POST", "/issue/ED-1/watchers", MIA),
    ("POST", "/project", {**PROJECT, "key": "SHOP", "projectTypeKey": "software", "projectTemplateKey": "x"}),
    ("PUT", "/project/SEC", {**PROJECT, "key": "SECT"}),
    ("POST", "/project/SEC/role/10005", {"user": [MIA], "group": ["site-admins"], "groupId": ["x"]}),
    ("POST", "/component", {"project": "ED", "name": "c", "leadAccountId": MIA, "description": "", "assigneeType": "PROJECT_LEAD"}),
    ("PUT", "/component/10000", {"name": "c", "leadAccountId": MIA, "assigneeType": "PROJECT_LEAD"}),
    ("POST", "/version", VERSION),
    ("PUT", "/version/10000", VERSION),
    ("POST", "/version/10000/move", {"position": "First", "after": "x/1"}),
    ("POST", "/changelog/bulkfetch", {"issueIdsOrKeys": ["ED-1"], "fieldIds": ["labels"], "nextPageToken": "at-1", "maxResults": 5}),
)  # fmt: skip


def places(value, path=()):
    """Paths of all members."""
    yield path
    rows = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in rows:
        yield from places(part, (*path, key))


def mutated(value, rng):
    """The body with one member replaced by something odd."""
    path, odd = rng.choice(list(places(value))), copy.deepcopy(rng.choice(ODD))
    if not path:
        return odd
    body = copy.deepcopy(value)
    inner = body
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = odd
    return body


@pytest.mark.parametrize("seed", range(4))
async def test_no_body_is_an_unhandled_error(seed):
    rng = random.Random(seed)
    async with open_box() as client:
        await client.post("/component", json={"project": "ED", "name": "c0"})
        await client.post("/version", json={"projectId": 10000, "name": "1"})
        await make(client)
        await make(client)
        for _ in range(300):
            method, path, body = rng.choice(CALLS)
            content = json.dumps(mutated(body, rng))
            answer = await client.request(
                method, path, content=content, headers={"content-type": "application/json"}
            )
            assert answer.status_code < 500, (method, path, content)
        for issue in list(client.box.state.issues):
            everything = "names,schema,changelog,editmeta,transitions,renderedFields"
            answer = await client.get(f"/issue/{issue.id}?expand={everything}&properties=*all")
            assert answer.status_code in {200, 404}
        assert (await client.get("/project/search?expand=lead,description,insight")).status_code == 200


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/issueLink", {**LINK, "id": "5"}),
        ("/project/SEC/role/10005", {"users": [MIA]}),
        ("/comment/list", {"ids": [1], "expand": "x"}),
        ("/worklog/list", {"ids": [1], "expand": "x"}),
        ("/issue/ED-1/worklog/move", {"ids": [1], "issueIdOrKey": "ED-1", "adjustEstimate": "auto"}),
    ],
)
async def test_members_that_the_document_does_not_have_are_refused(path, body):
    """`additionalProperties` is false for them."""
    async with open_box() as client:
        await make(client)
        answer = await client.post(path, json=body)
    assert answer.status_code == 400
    assert "Invalid request payload" in answer.text
