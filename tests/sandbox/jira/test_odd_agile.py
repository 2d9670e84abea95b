"""Odd bodies, odd parameters and odd queries on boards, searches, bulk operations, filters and webhooks."""

from __future__ import annotations

import json
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pm_providers.sandbox.jira import JiraSandbox
from pm_providers.sandbox.jira.jql import prepare
from pm_providers.sandbox.jira.jql_tokens import JqlError
from pm_providers.sandbox.jira.sandbox import ROUTES
from pm_providers.sandbox.jira.web import Session
from tests.sandbox.jira.support import ADMIN_ACCOUNT, MIA, adf, open_box
from tests.sandbox.jira.test_odd_input import mutated
from tests.support.examples import examples

AGILE, PLATFORM = "/rest/agile/1.0", "/rest/api/3"
SPRINT = {
    "name": "S",
    "goal": "g",
    "startDate": "2026-03-02T09:00:00.000Z",
    "endDate": "2026-03-13T09:00:00.000Z",
}
EDIT = {
    "labelsFields": [
        {"fieldId": "labels", "bulkEditMultiSelectFieldOption": "ADD", "labels": [{"name": "new"}]}
    ],
    "singleSelectClearableUserPickerFields": [{"fieldId": "assignee", "user": {"accountId": MIA}}],
    "datePickerFields": [{"fieldId": "duedate", "date": {"formattedDate": "2026-01-01"}}],
    "dateTimePickerFields": [
        {"fieldId": "customfield_10037", "dateTime": {"formattedDateTime": "2026-03-04T05:06:07.000+0100"}}
    ],
    "clearableNumberFields": [{"fieldId": "customfield_10026", "value": 8}],
    "richTextFields": [{"fieldId": "description", "richText": {"adfValue": adf("Text")}}],
    "cascadingSelectFields": [
        {
            "fieldId": "customfield_10032",
            "parentOptionValue": {"optionId": 1},
            "childOptionValue": {"optionId": 2},
        }
    ],
    "multiselectComponents": {
        "fieldId": "components",
        "bulkEditMultiSelectFieldOption": "ADD",
        "components": [{"componentId": 1}],
    },
    "priority": {"priorityId": "1"},
    "issueType": {"issueTypeId": "10002"},
    "status": {"statusId": "3"},
    "originalEstimateField": {"originalEstimateField": "1d"},
    "timeTrackingField": {"timeRemaining": "1d"},
}
ACTIONS = [
    "labels",
    "assignee",
    "duedate",
    "customfield_10037",
    "customfield_10026",
    "description",
    "customfield_10032",
    "components",
    "priority",
    "issuetype",
    "status",
    "timetracking",
]
ISSUES = {"selectedIssueIdsOrKeys": ["SHOP-2", "SHOP-12"]}
MOVE = {
    "OFFICE,10002": {
        "issueIdsOrKeys": ["SHOP-13"],
        "inferStatusDefaults": True,
        "targetStatus": [{"statuses": {"3": ["10000"]}}],
    }
}
HOOK = {
    "name": "n",
    "url": "https://receiver.example",
    "events": ["jira:issue_created"],
    "filters": {"issue-related-events-section": "project = SHOP"},
    "secret": "s",
    "excludeBody": False,
    "enabled": True,
}
SEARCH = {
    "jql": "project = SHOP",
    "fields": ["summary"],
    "maxResults": 5,
    "expand": "names",
    "reconcileIssues": [1],
    "properties": ["a"],
    "nextPageToken": "",
}
LOCATION = {"type": "project", "projectKeyOrId": "SHOP"}
CALLS = (
    ("POST", f"{AGILE}/sprint", {**SPRINT, "originBoardId": 1}),
    ("PUT", f"{AGILE}/sprint/3", {**SPRINT, "state": "active"}),
    ("POST", f"{AGILE}/sprint/2", {**SPRINT, "state": "closed"}),
    ("POST", f"{AGILE}/sprint/3/swap", {"sprintToSwapWith": 2}),
    ("POST", f"{AGILE}/sprint/3/issue", {"issues": ["SHOP-2"], "rankBeforeIssue": "SHOP-1"}),
    ("POST", f"{AGILE}/backlog/issue", {"issues": ["SHOP-2"]}),
    ("POST", f"{AGILE}/backlog/1/issue", {"issues": ["SHOP-2"], "rankAfterIssue": "SHOP-1"}),
    ("POST", f"{AGILE}/board/1/issue", {"issues": ["SHOP-2"]}),
    ("PUT", f"{AGILE}/issue/rank", {"issues": ["SHOP-2"], "rankAfterIssue": "SHOP-5"}),
    ("PUT", f"{AGILE}/epic/SHOP-1/rank", {"rankAfterEpic": "SHOP-1"}),
    ("POST", f"{AGILE}/epic/SHOP-1/issue", {"issues": ["SHOP-6"]}),
    ("PUT", f"{AGILE}/issue/SHOP-2/estimation?boardId=1", {"value": "5"}),
    ("POST", f"{AGILE}/board", {"name": "B", "type": "scrum", "filterId": 20000, "location": LOCATION}),
    ("POST", f"{PLATFORM}/search/jql", SEARCH),
    ("POST", f"{PLATFORM}/search/approximate-count", {"jql": "project = SHOP"}),
    ("POST", f"{PLATFORM}/jql/parse", {"queries": ["a = b"]}),
    ("POST", f"{PLATFORM}/jql/match", {"issueIds": [10000], "jqls": ["a = b"]}),
    ("POST", f"{PLATFORM}/filter", {"name": "F", "jql": "project = SHOP", "description": "d"}),
    (
        "POST",
        f"{PLATFORM}/bulk/issues/fields",
        {**ISSUES, "selectedActions": ACTIONS, "editedFieldsInput": EDIT},
    ),
    (
        "POST",
        f"{PLATFORM}/bulk/issues/transition",
        {"bulkTransitionInputs": [{**ISSUES, "transitionId": "11"}]},
    ),
    ("POST", f"{PLATFORM}/bulk/issues/move", {"targetToSourcesMapping": MOVE}),
    ("POST", f"{PLATFORM}/bulk/issues/watch", ISSUES),
    ("POST", "/rest/webhooks/1.0/webhook", HOOK),
)
WORDS = (
    *[
        "project",
        "=",
        "!=",
        "in",
        "not",
        "is",
        "(",
        ")",
        ",",
        "and",
        "or",
        "~",
        ">",
        "<",
        "order",
        "by",
        "SHOP",
        "'To",
        "Do'",
        "status",
        "labels",
        "assignee",
        "EMPTY",
        "currentUser()",
    ],
    *[
        "updated",
        "-1d",
        '"2026-01-01',
        '10:00"',
        "sprint",
        "openSprints()",
        "cf[10026]",
        "5",
        "was",
        "changed",
        "after",
        "from",
        "!",
        "[",
        "]",
        "text",
        "key",
    ],
    *[
        "SHOP-1",
        "\\",
        "'",
        '"',
        "@",
        "desc",
        "Rank",
        "created",
        "startOfDay(x)",
        "membersOf()",
        "linkedIssues()",
        "\\u00e9",
        "priority",
        "Area",
    ],
    "\u00b2",
    "9" * 30,
    "id",
    "cascadeOption(a)",
)


@pytest.mark.parametrize("seed", range(3))
async def test_no_body_is_an_unhandled_error(seed):
    rng = random.Random(seed)
    async with open_box(dataset="demo") as client:
        client.box.webhooks.add("https://receiver.example")
        client.box.state.settings["parallel_sprints"] = True
        for _ in range(250):
            method, path, body = rng.choice(CALLS)
            content = json.dumps(mutated(body, rng))
            answer = await client.request(
                method,
                client.box.base_url + path,
                content=content,
                headers={"content-type": "application/json"},
            )
            assert answer.status_code < 500, (method, path, content)
        client.box.run_jobs()
        for path in ("board/1/issue", "board/1/backlog", "board/1/sprint", "board"):
            answer = await client.get(f"{client.box.base_url}{AGILE}/{path}")
            assert answer.status_code == 200, answer.text
        assert (
            await client.post("/search/jql", json={"jql": "project = SHOP", "fields": ["*all"]})
        ).status_code == 200


async def test_no_parameter_is_an_unhandled_error():
    rng = random.Random(5)
    odd = ("", "x", "-1", "99999999999999999999", "²", "%00", "ED-1", "1", "1,2", "*all", "true", "a b", "'")
    names = [
        "startAt",
        "maxResults",
        "state",
        "type",
        "fields",
        "expand",
        "jql",
        "boardId",
        "name",
        "projectKeyOrId",
        "nextPageToken",
        "reconcileIssues",
        "issueIdsOrKeys",
        "startingAfter",
        "searchText",
        "properties",
        "filterId",
        "orderBy",
        "done",
        "released",
        "validation",
    ]
    paths = sorted(
        ("/rest/api/3" if routes.root == "api" else routes.root) + "/" + path
        for routes in ROUTES
        for path, handlers in routes.handlers.table.items()
        if "GET" in handlers
    )
    async with open_box(dataset="demo") as client:
        for path in paths * 4:
            real = "/".join(
                rng.choice(("1", "SHOP-1", "2", "x", "99", "²", "10000")) if part.startswith("{") else part
                for part in path.split("/")
            )
            query = {name: rng.choice(odd) for name in rng.sample(names, 3)}
            answer = await client.get(client.box.base_url + real, params=query)
            assert answer.status_code < 500, (real, query)


BOX = JiraSandbox(dataset="demo")
SESSION = Session(BOX.state, BOX.state.users[ADMIN_ACCOUNT])


def outcome(jql):
    """What a query finds, or the texts that refuse it; nothing else may happen."""
    try:
        return prepare(SESSION, jql).run(SESSION.state.issues)
    except JqlError as error:
        return error.messages


@examples(600)
@given(st.lists(st.sampled_from(WORDS), max_size=14).map(" ".join))
def test_every_query_is_answered_or_refused_with_a_text(jql):
    assert all(outcome(jql))


@examples(300)
@given(st.text(max_size=40))
def test_any_text_is_read_or_refused(jql):
    assert all(outcome(jql))


@examples(300)
@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30))
def test_a_quoted_value_is_the_value(text):
    from pm_providers.sandbox.jira.jql_syntax import Clause, Literal, parse

    quoted = '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
    where = parse(f"labels = {quoted} ORDER BY key").where
    assert isinstance(where, Clause)
    assert where.operand == Literal(text, quoted=True)
