"""Boards, sprints, searches, bulk operations and filters against both of the vendor's OpenAPI documents."""

from __future__ import annotations

import json
import re

from tests.sandbox.jira.support import MIA, make, open_box
from tests.sandbox.spec_document import load_document
from tests.shared_material import need, spec_path

AGILE, SOFTWARE, PLATFORM = "/rest/agile/1.0", "/rest/software/1.0", "/rest/api/3"
# What the documents say and the product does not do: (pattern of the finding, reason).
DEVIATIONS: tuple[tuple[str, str], ...] = (
    (r"/configuration \.location: Additional", "Real configurations name the project (recorded)."),
    (
        r"\.fieldOptions\[\]: Additional",
        "The schema of an option is empty; the document's example has members.",
    ),
    (
        r"/bulk/queue/.* \.(created|started|updated): \d+ is not",
        "Epoch milliseconds in the document's example.",
    ),
    (
        r"/bulk/queue/.* (\.errors: \{\} is not|: Additional properties .*'errorMessages')",
        "The document's own example of this refusal has the common shape of errors.",
    ),
    (
        r"/jql/parse .*\.structure\.where.*: Additional",
        "The schema of a clause is empty; its parts are described.",
    ),
)


class Caller:
    """Sends requests and checks both directions."""

    def __init__(self, client):
        self._client = client
        self._documents = {
            root: load_document(need(spec_path(name)))
            for root, name in (
                (AGILE, "jira-software.json"),
                (SOFTWARE, "jira-software.json"),
                (PLATFORM, "jira-platform-v3.json"),
            )
        }
        self.findings = []
        self.calls = 0

    async def __call__(self, method, path, body=None, *, status=200, check_request=True, **query):
        content = None if body is None else json.dumps(body)
        headers = {} if body is None else {"content-type": "application/json"}
        answer = await self._client.request(
            method, self._client.box.base_url + path, content=content, headers=headers, params=query
        )
        assert answer.status_code == status, (method, path, answer.status_code, answer.text[:300])
        found = answer.json() if answer.content and "json" in answer.headers["content-type"] else None
        document = next(one for root, one in self._documents.items() if path.startswith(root))
        self.calls += 1
        self.findings += document.check_answer(method, path, status, found)
        if body is not None and check_request:
            self.findings += document.check_request(method, path, body)
        return found


async def _boards(call):
    for path in (
        "",
        "/1",
        "/1/configuration",
        "/1/project",
        "/1/project/full",
        "/1/version",
        "/1/epic",
        "/1/sprint",
        "/1/quickfilter",
        "/1/issue",
        "/1/backlog",
        "/1/epic/none/issue",
        "/1/epic/10000/issue",
        "/1/sprint/2/issue",
        "/1/properties",
        "/filter/10001",
    ):
        await call("GET", f"{AGILE}/board{path}")
    await call("GET", f"{AGILE}/board/99", status=404)
    await call("GET", f"{AGILE}/board/2/sprint", status=400)
    await call("GET", f"{AGILE}/board/1/issue", expand="changelog,names", fields="*all", maxResults="2")
    for path in (
        "board/1/issue",
        "board/1/backlog",
        "board/1/epic/none/issue",
        "board/1/epic/10000/issue",
        "board/1/sprint/2/issue",
        "sprint/2/issue",
        "epic/10000/issue",
        "epic/none/issue",
        "board/1/issue/approximate-count",
        "board/1/backlog/approximate-count",
    ):
        await call("GET", f"{SOFTWARE}/{path}")


async def _sprints(call):
    body = {"name": "S", "originBoardId": 1, "goal": "g", "startDate": "2026-03-02T09:00:00.000Z"}
    made = await call("POST", f"{AGILE}/sprint", body, status=201)
    url = f"{AGILE}/sprint/{made['id']}"
    await call("GET", url)
    await call("POST", url, {"endDate": "2026-03-13T09:00:00.000Z"})
    await call("PUT", url, {"name": "T", "state": "future"})
    await call("POST", f"{url}/issue", {"issues": ["SHOP-7"], "rankBeforeIssue": "SHOP-2"}, status=204)
    await call("GET", f"{AGILE}/sprint/{made['id']}/issue")
    await call("PUT", f"{url}/properties/pm", {"a": 1}, status=201)
    await call("GET", f"{url}/properties/pm")
    await call("GET", f"{url}/properties")
    await call("DELETE", f"{url}/properties/pm", status=204)
    await call("POST", f"{AGILE}/backlog/issue", {"issues": ["SHOP-7"]}, status=204)
    await call("POST", f"{AGILE}/backlog/1/issue", {"issues": ["SHOP-7"]}, status=204)
    await call("POST", f"{AGILE}/board/1/issue", {"issues": ["SHOP-7"]}, status=204)
    body = {"issues": ["SHOP-7", "SHOP-99"], "rankAfterIssue": "SHOP-2"}
    await call("PUT", f"{AGILE}/issue/rank", body, status=207)
    await call("GET", f"{AGILE}/issue/SHOP-7")
    await call("PUT", f"{AGILE}/issue/SHOP-7/estimation", {"value": "5"}, boardId="1")
    await call("GET", f"{AGILE}/issue/SHOP-7/estimation", boardId="1")
    await call("GET", f"{AGILE}/epic/SHOP-1")
    await call("GET", f"{AGILE}/epic/SHOP-1/issue")
    await call("POST", f"{AGILE}/epic/SHOP-1/issue", {"issues": ["SHOP-7"]}, status=204)
    await call("POST", f"{AGILE}/epic/none/issue", {"issues": ["SHOP-7"]}, status=204)
    await call("POST", url, {"state": "active"}, status=400)
    await call("DELETE", url, status=204)


async def _search(call):
    jql = "project = SHOP ORDER BY key"
    body = {"jql": jql, "maxResults": 3, "fields": ["*all"], "expand": "names,schema,changelog"}
    first = await call("POST", f"{PLATFORM}/search/jql", body | {"reconcileIssues": [10000]})
    await call("POST", f"{PLATFORM}/search/jql", body | {"nextPageToken": first["nextPageToken"]})
    await call("POST", f"{PLATFORM}/search/jql", {"jql": jql})
    await call("POST", f"{PLATFORM}/search/jql", {"jql": "foo = 1"}, status=400)
    await call("GET", f"{PLATFORM}/search/jql", jql=jql, fields="summary,status")
    await call("POST", f"{PLATFORM}/search/approximate-count", {"jql": jql})
    queries = [
        jql,
        "x",
        'a[b].c = "d" or status was Done by currentUser()',
        "assignee is EMPTY",
        "not a in (1, f(x))",
    ]
    await call("POST", f"{PLATFORM}/jql/parse", {"queries": queries}, validation="none")
    await call("POST", f"{PLATFORM}/jql/match", {"issueIds": [10000], "jqls": [jql, "x"]})
    await call("GET", f"{PLATFORM}/jql/autocompletedata")


async def _bulk(call):
    url = f"{PLATFORM}/bulk/issues"
    await call("GET", f"{url}/fields", issueIdsOrKeys="SHOP-2")
    await call("GET", f"{url}/transition", issueIdsOrKeys="SHOP-2,SHOP-5")
    edit = {
        "selectedIssueIdsOrKeys": ["SHOP-2", "SHOP-5"],
        "selectedActions": ["priority", "assignee"],
        "editedFieldsInput": {
            "priority": {"priorityId": "2"},
            "singleSelectClearableUserPickerFields": [{"fieldId": "assignee", "user": {"accountId": MIA}}],
        },
    }
    task = (await call("POST", f"{url}/fields", edit, status=201))["taskId"]
    for _ in range(3):
        await call("GET", f"{PLATFORM}/bulk/queue/{task}")
    await call("POST", f"{url}/fields", {**edit, "selectedActions": ["labels"]}, status=400)
    body = {"bulkTransitionInputs": [{"selectedIssueIdsOrKeys": ["SHOP-6"], "transitionId": "11"}]}
    await call("POST", f"{url}/transition", body, status=201)
    body = {"selectedIssueIdsOrKeys": ["SHOP-14"]}
    await call("POST", f"{url}/watch", body, status=201)
    await call("POST", f"{url}/unwatch", body, status=201)
    mapping = {
        "OFFICE,10002": {
            "issueIdsOrKeys": ["SHOP-13"],
            "inferFieldDefaults": True,
            "inferStatusDefaults": True,
            "inferSubtaskTypeDefault": True,
            "inferClassificationDefaults": True,
        }
    }
    await call("POST", f"{url}/move", {"targetToSourcesMapping": mapping}, status=201, check_request=False)
    await call("POST", f"{url}/delete", body, status=201)
    await call("GET", f"{PLATFORM}/bulk/queue/99", status=400)


async def _filters(call):
    made = await call("POST", f"{PLATFORM}/filter", {"name": "F", "jql": "project = SHOP"})
    url = f"{PLATFORM}/filter/{made['id']}"
    await call("GET", url)
    await call("PUT", url, {"name": "G", "jql": "project = OFFICE"})
    await call("PUT", f"{url}/favourite")
    await call("GET", f"{PLATFORM}/filter/favourite")
    await call("GET", f"{PLATFORM}/filter/my")
    await call("GET", f"{PLATFORM}/filter/search", filterName="g")
    location = {"type": "project", "projectKeyOrId": "SHOP"}
    body = {"name": "B", "type": "scrum", "filterId": int(made["id"]), "location": location}
    board = await call("POST", f"{AGILE}/board", body, status=201)
    await call("GET", f"{AGILE}/board/{board['id']}")
    await call("DELETE", f"{AGILE}/board/{board['id']}", status=204)
    await call("DELETE", f"{url}/favourite")
    await call("DELETE", url, status=204)


async def collect():
    """Run the script; all findings, and how many calls it made."""
    async with open_box(dataset="demo") as client:
        await make(client)
        call = Caller(client)
        await _boards(call)
        await _sprints(call)
        await _search(call)
        await _bulk(call)
        await _filters(call)
    return call.findings, call.calls


async def test_every_answer_fits_the_documents_or_a_known_deviation():
    findings, calls = await collect()
    unknown = sorted(
        {str(f) for f in findings if not any(re.search(pattern, str(f)) for pattern, _ in DEVIATIONS)}
    )
    assert not unknown, "\n".join(unknown)
    assert calls > 70


async def test_every_known_deviation_still_exists():
    findings, _ = await collect()
    texts = {str(f) for f in findings}
    stale = [pattern for pattern, _ in DEVIATIONS if not any(re.search(pattern, text) for text in texts)]
    assert not stale
