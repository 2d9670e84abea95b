"""JQL: what is found, in which order, and the vendor's texts for what cannot be read or means nothing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from pm_providers.sandbox.jira.demo import account_of
from pm_providers.sandbox.jira.jql_syntax import parse
from pm_providers.sandbox.jira.jql_tokens import JqlError
from pm_providers.sandbox.kit import Clock
from tests.sandbox.jira.support import BEN, MIA, adf, make, open_box

NOON = datetime(2026, 3, 2, 12, 30, 40, tzinfo=UTC)


async def ask(client, jql, **more):
    return await client.post("/search/jql", json={"jql": jql, "fields": ["key"], "maxResults": 100, **more})


async def keys(client, jql):
    answer = await ask(client, jql)
    assert answer.status_code == 200, answer.text
    return [issue["key"] for issue in answer.json()["issues"]]


@pytest.mark.parametrize(
    ("jql", "text"),
    [
        ("", "Unbounded JQL queries are not allowed here. Please add a search restriction to your query."),
        (
            "ORDER BY duedate ASC",
            "Unbounded JQL queries are not allowed here. Please add a search restriction to your query.",
        ),
        ("project = ED AND", "Error in the JQL Query: Expecting a field name at the end of the query."),
        (
            "project =",
            "Error in JQL Query: Expecting either a value, list or function before the end of the query.",
        ),
        (
            "project = LAUNCH AND status = = Done",
            (
                "Error in JQL Query: Expecting either a value, list or function but got '='. You must surround '=' "
                "in quotation marks to use it as a value. (line 1, character 31)"
            ),
        ),
        (
            "project = LAUNCH status",
            "Error in the JQL Query: Expecting either 'OR' or 'AND' but got 'status'. (line 1, character 18)",
        ),
        (
            "project = LAUNCH AND (status = Done",
            "Error in the JQL Query: Expecting ')' before the end of the query.",
        ),
        (
            'summary ~ "unclosed',
            "Error in the JQL Query: The quoted string 'unclosed' has not been completed. (line 1, character 11)",
        ),
        (
            "project = AS",
            (
                "Error in the JQL Query: 'AS' is a reserved JQL word. You must surround it in quotation marks to "
                "use it in a query. (line 1, character 11)"
            ),
        ),
        (
            "invalid query",
            (
                "Error in the JQL Query: Expecting operator but got 'query'. The valid operators are '=', '!=', '<', "
                "'>', '<=', '>=', '~', '!~', 'IN', 'NOT IN', 'IS' and 'IS NOT'. (line 1, character 9)"
            ),
        ),
        (
            "status IN ()",
            (
                "Error in JQL Query: Expecting either a value, list or function but got ')'. You must surround ')' "
                "in quotation marks to use it as a value. (line 1, character 12)"
            ),
        ),
        ("type = Feature", "The value 'Feature' does not exist for the field 'type'."),
        ("foo = 1", "Field 'foo' does not exist or you do not have permission to view it."),
        ("status = Nope", "The value 'Nope' does not exist for the field 'status'."),
        ("project = NOPE", "The value 'NOPE' does not exist for the field 'project'."),
        ("key = ED-99", "An issue with key 'ED-99' does not exist for field 'key'."),
        ("issue in (ED)", "The issue key 'ED' for field 'issue' is invalid."),
        ("id = 99", "A value with ID '99' does not exist for the field 'id'."),
        ("assignee = nobody()", "Unable to find JQL function 'nobody()'."),
        ('text = "x"', "The operator '=' is not supported by the 'text' field."),
        ("status is Done", "Operator 'is' does not support the non-empty value 'Done' for field 'status'."),
        ("labels = (a, b)", "Operator '=' does not support list values for field 'labels'."),
        ("labels in a", "Operator 'in' does not support the non-list value 'a' for field 'labels'."),
        ("project is EMPTY", "The field 'project' does not support searching for EMPTY values."),
        ("project = ED ORDER BY watcher", "Not able to sort using field 'watcher'."),
        (
            'summary ~ "*x"',
            "The text query '*x' for field 'summary' is not allowed to start with character '*'.",
        ),
        (
            "sprint = 77",
            "Sprint with name '77' does not exist or you do not have permission to view it.",
        ),
    ],
)
async def test_what_cannot_be_answered_is_a_400_in_the_vendors_words(jql, text):
    async with open_box() as client:
        answer = await ask(client, jql)
        assert (answer.status_code, answer.json()) == (400, {"errorMessages": [text], "errors": {}})


async def test_every_wrong_clause_is_named():
    async with open_box() as client:
        answer = await ask(client, "foo = 1 OR NOT status = Nope ORDER BY bar")
        assert answer.json()["errorMessages"] == [
            "Field 'foo' does not exist or you do not have permission to view it.",
            "The value 'Nope' does not exist for the field 'status'.",
            "Field 'bar' does not exist or you do not have permission to view it.",
        ]


async def test_nobody_gets_nothing_where_others_get_an_error():
    async with open_box(None) as client:
        answer = await ask(client, "project = SEC AND foo = 1")
        assert (answer.status_code, answer.json()) == (200, {"issues": [], "isLast": True})


@pytest.mark.parametrize(
    "text", ["(" * 500 + "a = 1" + ")" * 500, "not " * 500 + "a = 1", "a in " + "(" * 500]
)
def test_deep_queries_are_refused(text):
    with pytest.raises(JqlError, match="nested too deeply"):
        parse(text)


@pytest.mark.parametrize(
    ("jql", "found"),
    [
        ("project = SHOP AND issuetype = Epic", ["SHOP-1"]),
        ('project = "webshop relaunch" AND type in (Bug) ORDER BY key', ["SHOP-6", "SHOP-10", "SHOP-11"]),
        ("parent = SHOP-2 ORDER BY key DESC", ["SHOP-4", "SHOP-3"]),
        ('"Epic Link" = SHOP-1 ORDER BY id', ["SHOP-2", "SHOP-5"]),
        ("issuetype in subTaskIssueTypes() AND status = Done", ["SHOP-3"]),
        ("priority > High", ["SHOP-6"]),
        ('sprint = "Sprint 1" ORDER BY key', ["SHOP-10", "SHOP-11"]),
        ("sprint in openSprints() AND statusCategory = Done", ["SHOP-3"]),
        ("sprint in futureSprints() AND status = 'On Hold'", ["SHOP-12"]),
        ('resolution = "Won\'t Do"', ["SHOP-11"]),
        ("cf[10026] > 5", ["SHOP-5"]),
        ('"Story Points" in (5) ORDER BY key', ["SHOP-2", "SHOP-7"]),
        ('Platforms = Android AND "Platforms[Select List (multiple choices)]" = iOS', ["SHOP-5"]),
        ("labels = milestone AND project = SHOP", ["SHOP-13"]),
        (
            "labels in (BACKEND) AND labels != operations AND status != Done ORDER BY key",
            ["SHOP-2", "SHOP-6"],
        ),
        ('text ~ "switzerland vat"', ["SHOP-6"]),
        ('summary ~ "cust*" AND summary !~ account', ["SHOP-1"]),
        ('comment ~ "\\"test environment\\""', ["SHOP-12"]),
        ('comment ~ "\\"environment test\\""', []),
        ('summary ~ "mail"', []),
        ("issue in linkedIssues(SHOP-13, blocks)", []),
        ('issue in linkedIssues(SHOP-13, "is blocked by") ORDER BY key', ["SHOP-6", "SHOP-9", "SHOP-12"]),
        ('issueLinkType = "is blocked by" ORDER BY key', ["OFFICE-4", "SHOP-5", "SHOP-9", "SHOP-13"]),
        ("timespent > 5h AND originalEstimate <= 6h ORDER BY key", ["SHOP-10"]),
        ("project = SHOP AND assignee is EMPTY AND type != Epic", ["SHOP-13"]),
        ("key >= SHOP-13 ORDER BY key", ["SHOP-13", "SHOP-14"]),
        ("status was 'In Review' AND status != 'In Review' AND type = Sub-task", ["SHOP-3"]),
        ("status changed FROM 'To Do' TO 'Rejected'", ["SHOP-11"]),
        ('worklogAuthor = "jonas@example.com"', ["SHOP-2"]),
        ("hierarchyLevel = 1 ORDER BY project DESC", ["SHOP-1", "OFFICE-2"]),
        ("attachments is not EMPTY", ["SHOP-4"]),
        ("filter = 1 OR key = SHOP-1", None),
    ],
)
async def test_the_demo_story_is_found(jql, found):
    async with open_box(dataset="demo") as client:
        if found is None:
            assert (await ask(client, jql)).status_code == 400
        else:
            assert await keys(client, jql) == found


async def test_people_are_found_by_account_address_name_and_group():
    async with open_box(dataset="demo") as client:
        for who in (account_of("wen"), "wen@example.com", "Wen Zhao"):
            assert await keys(client, f'assignee = "{who}"') == []
        priya = await keys(client, f"assignee = {account_of('priya')} ORDER BY key")
        assert priya == ["SHOP-3", "SHOP-6", "SHOP-7", "SHOP-8"]
        assert await keys(client, 'assignee in ("Priya Raman") ORDER BY key') == priya
        many = await keys(
            client, "assignee in membersOf(jira-software-users) AND project = OFFICE ORDER BY key"
        )
        assert many == ["OFFICE-3", "OFFICE-4", "OFFICE-5"]


async def test_hidden_addresses_do_not_find_people():
    async with open_box() as client:
        assert (await ask(client, "assignee = ben@example.com")).status_code == 400  # @ must be quoted
        assert (await ask(client, 'assignee = "ben@example.com"')).status_code == 400
        assert (await ask(client, f'assignee = "{BEN}"')).status_code == 200
        assert (await ask(client, 'assignee = "mia@example.com"')).status_code == 200


async def test_order_puts_empty_values_last_and_first_when_descending():
    async with open_box() as client:
        one = await make(client, "One", duedate="2026-02-01", priority={"id": "1"})
        two = await make(client, "Two", priority={"id": "5"})
        assert await keys(client, "project = ED ORDER BY due ASC") == [one, two]
        assert await keys(client, "project = ED ORDER BY due DESC") == [two, one]
        assert await keys(client, "project = ED ORDER BY priority DESC") == [one, two]
        assert await keys(client, "project = ED ORDER BY Rank") == [one, two]
        assert await keys(client, "project = ED") == [two, one]


async def test_negations_do_not_find_empty_fields():
    async with open_box() as client:
        red = await make(client, "Red", labels=["red", "Warm"])
        none = await make(client, "None")
        assert await keys(client, "labels != blue") == [red]
        assert await keys(client, "labels not in (WARM)") == []
        assert await keys(client, "labels is EMPTY") == [none]
        assert await keys(client, "labels in (red, EMPTY) ORDER BY key") == [red, none]
        assert await keys(client, "NOT labels = red") == [none]


async def test_dates_are_read_in_the_callers_zone_and_to_the_minute():
    async with open_box("mia", clock=Clock(NOON)) as client:  # New York: 07:30:40
        key = await make(client)
        found = [
            'updated >= "2026-03-02 07:30"',
            "updated >= '2026/03/02 07:30'",
            'updated < "2026-03-02 07:31"',
            "created >= -1m",
            'created > "-5m"',
            "created >= startOfDay() AND created <= endOfDay()",
            'created > startOfMonth("-1") AND created < now("x") OR key = ED-1',
            f"updated >= {int((NOON + timedelta(seconds=15)).timestamp() * 1000)}",
            "created >= startOfWeek() AND updated <= endOfYear()",
            "created >= 2026-03-02",
        ]
        for jql in found:
            assert await keys(client, jql) == [key], jql
        for jql in (
            'updated >= "2026-03-02 07:31"',
            'updated <= "2026-03-02 07:30"',
            "created = 2026-03-02",
            f"updated >= {int((NOON + timedelta(seconds=60)).timestamp() * 1000)}",
            "created < startOfDay(-1d)",
        ):
            assert await keys(client, jql) == [], jql


@pytest.mark.parametrize("value", ["yesterday", "2026-13-01", '"01.02.2026"', "99999999999999999999999"])
async def test_bad_dates_are_refused(value):
    async with open_box() as client:
        answer = await ask(client, f"updated >= {value}")
        assert answer.status_code == 400
        shown = value.strip('"')
        assert answer.json()["errorMessages"][0].startswith(
            f"Date value '{shown}' for field 'updated' is invalid. Valid formats include: 'yyyy/MM/dd HH:mm'"
        )


async def test_quoting_and_escapes():
    async with open_box() as client:
        key = await make(client, 'Say "hello"', labels=['a"b', "back\\slash", "x'y"])
        assert await keys(client, 'labels = "a\\"b"') == [key]
        assert await keys(client, "labels = 'a\"b'") == [key]
        assert await keys(client, 'labels = "back\\\\slash"') == [key]
        assert await keys(client, 'labels = "x\\u0027y"') == [key]
        answer = await ask(client, 'labels = "a\\qb"')
        assert "'\\q' is an illegal JQL escape sequence." in answer.json()["errorMessages"][0]


async def test_custom_fields_of_all_kinds():
    async with open_box() as client:
        state = client.box.state
        options = {row.value: str(row.id) for row in state.options}
        key = await make(
            client,
            customfield_10030={"value": "Major"},
            customfield_10032={"id": options["Shop"], "child": {"id": options["Cart"]}},
            customfield_10034="REF 77",
            customfield_10035=adf("given when then"),
            customfield_10036={"accountId": MIA},
            customfield_10037="2026-03-02T12:30:00.000+0000",
            customfield_10015="2026-03-02",
            customfield_10039=["tagged"],
            customfield_10040=[{"accountId": MIA}, {"accountId": BEN}],
        )
        await make(client, "Another")
        for jql in (
            "Severity = major",
            f"cf[10030] = {options['Major']}",
            "Severity[Dropdown] in (Major, Minor)",
            "Area in cascadeOption(Shop, Cart)",
            "Area in cascadeOption(Shop)",
            '"Customer reference" ~ 77',
            '"Acceptance criteria" ~ "when"',
            f'Reviewer = "mia@example.com" OR Reviewer = {MIA}',
            '"Go-live at" >= "2026-03-02 13:30"',  # the administrator lives in Berlin
            '"Start date" = 2026-03-02',
            "Tags = TAGGED",
            f'Approvers = "{BEN}"',
            'text ~ "given"',
        ):
            assert await keys(client, jql) == [key], jql
        answer = await ask(client, "Severity = Huge")
        assert answer.json()["errorMessages"] == ["The option 'Huge' for field 'Severity' does not exist."]


async def test_versions_components_watchers_and_votes():
    async with open_box() as client:
        for name, released in (("1.0", True), ("2.0", False), ("3.0", False)):
            body = {"name": name, "project": "ED", "projectId": 10000, "released": released}
            assert (await client.post("/version", json=body)).status_code == 201
        await client.post("/component", json={"name": "Cart", "project": "ED"})
        old = await make(client, fixVersions=[{"name": "1.0"}], components=[{"name": "Cart"}])
        new = await make(client, fixVersions=[{"name": "2.0"}], versions=[{"name": "1.0"}])
        assert await keys(client, 'fixVersion = "1.0"') == [old]
        assert await keys(client, "fixVersion in releasedVersions(ED)") == [old]
        assert await keys(client, "fixVersion = earliestUnreleasedVersion(ED)") == [new]
        assert await keys(client, "affectedVersion in releasedVersions()") == [new]
        assert await keys(client, "component = cart") == [old]
        assert await keys(client, "fixVersion in unreleasedVersions() OR fixVersion is EMPTY") == [new]
        assert await keys(client, "watcher = currentUser() ORDER BY key") == [old, new]
        assert await keys(
            client, "issue in watchedIssues() AND watchers >= 1 AND votes = 0 ORDER BY key"
        ) == [old, new]
        assert (await ask(client, "fixVersion = 9.9")).json()["errorMessages"] == [
            "The value '9.9' does not exist for the field 'fixVersion'."
        ]


async def test_history_is_searched():
    clock = Clock(NOON)
    async with open_box("mia", clock=clock) as client:
        key = await make(client)
        other = await make(client, "Other")
        clock.advance(3600)
        answer = await client.post(f"/issue/{key}/transitions", json={"transition": {"id": "11"}})
        assert answer.status_code == 204, answer.text
        for jql, found in (
            ("status changed", [key]),
            ("status changed BY currentUser() AFTER -5m", [key]),
            ("status changed BEFORE startOfDay()", []),
            ('status changed DURING ("2026-03-02 08:00", "2026-03-02 09:00")', [key]),
            ("status changed ON 2026-03-02 TO 'In Progress'", [key]),
            ("status was 'To Do' ORDER BY key", [key, other]),
            ("status was not 'In Progress'", [other]),
            ("status was in ('In Progress', Done)", [key]),
            ("assignee was EMPTY ORDER BY key", [key, other]),
            ("assignee changed", []),
        ):
            assert await keys(client, jql) == found, jql
        assert (await ask(client, "summary was x")).json()["errorMessages"] == [
            "History searches do not support the 'summary' field."
        ]


async def test_only_visible_projects_are_searched():
    async with open_box("ben") as client:
        assert (await ask(client, "project = SEC")).json()["errorMessages"] == [
            "The value 'SEC' does not exist for the field 'project'."
        ]


async def test_parsing_gives_a_tree_errors_and_warnings():
    async with open_box() as client:
        jql = (
            'project = ED AND NOT labels in (a, "b c") AND status was Done BY currentUser() ORDER BY key DESC'
        )
        body = {"queries": [jql, "x", "foo = 1", "cf[10026] is EMPTY"]}
        one, two, three, four = (await client.post("/jql/parse", json=body)).json()["queries"]
        clauses = one["structure"]["where"]["clauses"]
        assert [part["operator"] for part in clauses] == ["=", "not", "was"]
        assert clauses[1]["clauses"][0]["operand"]["encodedOperand"] == '(a, "b c")'
        assert clauses[2]["predicates"][0]["operand"]["encodedOperand"] == "currentUser()"
        assert one["structure"]["orderBy"]["fields"][0]["direction"] == "desc"
        assert two["errors"]
        assert "structure" not in two
        assert three["errors"] == ["Field 'foo' does not exist or you do not have permission to view it."]
        assert four["structure"]["where"]["operand"] == {"keyword": "empty", "encodedOperand": "empty"}
        warned = (await client.post("/jql/parse?validation=warn", json=body)).json()["queries"]
        assert "structure" in warned[2]
        assert warned[2]["warnings"] == three["errors"]
        assert (await client.post("/jql/parse", json={"queries": []})).status_code == 400


async def test_matching_says_which_issues_a_query_finds():
    async with open_box() as client:
        await make(client, labels=["a"])
        await make(client)
        body = {"issueIds": [10000, 10001, 99], "jqls": ["labels = a", "nonsense", ""]}
        matches = (await client.post("/jql/match", json=body)).json()["matches"]
        assert [sorted(match["matchedIssues"]) for match in matches] == [[10000], [], [10000, 10001]]
        assert matches[1]["errors"]
        assert not matches[0]["errors"]


async def test_reference_data_name_the_custom_fields():
    async with open_box() as client:
        body = (await client.get("/jql/autocompletedata")).json()
        names = {field.get("cfid"): field["value"] for field in body["visibleFieldNames"]}
        assert names["cf[10030]"] == '"Severity[Dropdown]"'
        assert "empty" in body["jqlReservedWords"]
