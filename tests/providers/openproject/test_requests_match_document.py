"""Every request of the provider against the vendor's own document, and how many there are.

Provider and sandbox are both ours and could agree on something that no real server understands.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from math import ceil

import httpx2
import pytest

from pm_providers import OpenProjectProvider, PMComment, PMProject, PMTask
from pm_providers.contract import OPERATIONS
from pm_providers.model import MODELS, Owner, field_specs
from tests.providers.openproject.document_check import RequestCheck, Sent, load_check
from tests.providers.openproject.every_operation import Run, Setup, recorded
from tests.providers.openproject.support import World, connected
from tests.shared_material import need, shared_path, spec_path

SETUPS = (
    ("17.6", {"sprint_source": "auto"}),
    ("17.6", {"sprint_source": "sprint"}),
    ("13.0", {"sprint_source": "version"}),
)

# What the provider sends and the document leaves out: (pattern of the finding, source). Each must be found.
REQUESTS: tuple[tuple[str, str], ...] = (
    (
        r"^GET /api/v3/(projects|principals|relations|memberships): parameter (offset|pageSize)$",
        "Fact sheet 4: these lists are paged. Recorded 03: step 2, 04: steps 25, 42; the document forgets it.",
    ),
    (
        r"work_packages: parameter includeSubprojects$",
        "Fact sheet 4: keeps the tasks of subprojects out of a project's list.",
    ),
    (
        r"^GET /api/v3/projects/\{id\}/work_packages: select (count|pageSize|offset)$",
        "Properties of every collection (document, Collections), which select names by their path.",
    ),
    (r"^GET /api/v3/projects/\{id\}/work_packages: select elements/_type$", "Fact sheet 4: can be selected."),
    (r"^GET /api/v3/principals: filter (id =|status !)$", "Fact sheet 7: the filters of principals."),
    (r"work_packages: filter sprint =$", "Fact sheet 8: work packages are filtered by native sprint."),
    (
        r"^GET /api/v3/relations: sort id$",
        "[code] app/models/queries/relations/orders/default_order.rb: id, from, to, involved, type.",
    ),
    (
        r"^GET /api/v3/projects/\{id\}/sprints: (parameter sortBy|sort id)$",
        "Fact sheet 8: sprints are sorted by id or name.",
    ),
    (r"^GET /api/v3/sprints: (parameter sortBy|sort id)$", "Fact sheet 8: sprints are sorted by id or name."),
    (
        r"^PATCH /api/v3/(projects|users|versions)/\{id\}: property customFieldN$",
        "Fact sheet 9: custom fields of projects, users and versions; recorded on creation (02, 05, 06).",
    ),
    (
        r"^PATCH /api/v3/time_entries/\{id\}: property (spentOn|_links\.(entity|activity))$",
        "The document describes no body of this call; the names are those of its TimeEntryModel.",
    ),
    (
        r"^POST /api/v3/time_entries/form: property _links\.entity$",
        "The document describes no body of this call; fact sheet 11: `entity` from 17.0.",
    ),
    (
        r"^PATCH /api/v3/work_packages/\{id\}: property date$",
        "Fact sheet 6: milestones have only `date`; recorded on creation (10: step 99).",
    ),
    (
        r"^PATCH /api/v3/work_packages/\{id\}: property _links\.sprint$",
        "Fact sheet 8: a work package is assigned to a sprint by this link.",
    ),
    (
        r"^(POST /api/v3/memberships|PATCH /api/v3/memberships/\{id\}): shape of _meta$",
        "The document's MembershipWriteModel: flags for this call, no text.",
    ),
    (
        r"^POST /api/v3/work_packages/\{id\}/watchers: shape of user$",
        "Recorded 21: steps 3, 7: `{user: {href}}`; as a link it is not found.",
    ),
    (r"^GET /api/v3/attachments/\{id\}/content: operation$", "Fact sheet 10; recorded 20-attachments."),
    (
        r"^request PATCH /api/v3/activities/\{id\} \.comment: 'Other' is not of type 'object'$",
        "Recorded 19: steps 19, 20: an object is refused, a plain text is taken.",
    ),
    (
        r"^request .* is a required property$",
        "The document uses the answers' schemas for requests, and so asks for what nobody sends.",
    ),
    (
        r"^request .*\.(description|statusExplanation)\.raw: None is not of type 'string'$",
        "Recorded 11: steps 24, 25: `{raw: null}` clears a text.",
    ),
)

# Where the answers that the provider reads differ from the document.
ANSWERS: tuple[tuple[str, str], ...] = (
    (r"\.raw: None is not of type 'string'$", "Empty texts are null (recorded 02: step 1, 10: step 1)."),
    (
        r"\.parent\.title: None is not of type 'string'$",
        "No parent is `{href: null, title: null}` (10: step 1).",
    ),
    (
        r"'WorkPackageCollection' is not one of",
        "What lists of work packages really are (recorded 13: step 1).",
    ),
    (
        r"^answer POST /api/v3/work_packages(/\{id\}/attachments)? : status 201 is not documented$",
        "Creating is answered with 201 (recorded 10: step 1, 20: step 1); the document says 200.",
    ),
    (
        r"^answer POST /api/v3/work_packages : status 500 is not documented$",
        "An unknown parent is a server error (recorded 10: step 86).",
    ),
    (
        r"^answer (POST /api/v3/memberships|PATCH /api/v3/memberships/\{id\}) \['_embedded'\]\.project: ",
        "The project comes along with its empty texts, which are null (recorded 04: step 17).",
    ),
)

MORE_REQUESTS = (
    "\nA request that the vendor may not know: fix it, or list it above with the source that does."
)


@pytest.fixture
def check() -> RequestCheck:
    need(shared_path("corpus", "openproject-live"))
    return load_check(need(spec_path("openproject-v3.yml")))


async def drive(version: str, **options: str) -> tuple[Run, Setup]:
    async with recorded(version, **options) as setup:
        if options["sprint_source"] != "version":
            assert setup.world.native_sprint("First") == "sprints/1"
        return await Run(setup).everything(), setup


def unlisted(found: set[str], table: tuple[tuple[str, str], ...]) -> tuple[list[str], list[str]]:
    """Findings that the table does not list, and entries of the table that nothing matches."""
    extra = sorted(one for one in found if not any(re.search(pattern, one) for pattern, _ in table))
    gone = [pattern for pattern, _ in table if not any(re.search(pattern, one) for one in found)]
    return extra, gone


async def test_every_request_is_one_that_the_vendor_knows(check: RequestCheck) -> None:
    """All operations, fields and filters, over both kinds of sprints, native ones, and the oldest version."""
    asked: set[str] = set()
    answered: set[str] = set()
    for version, options in SETUPS:
        _, setup = await drive(version, **options)
        assert len(setup.recorder.sent) > 120
        for sent in setup.recorder.sent:
            asked |= set(check.request(sent))
            # The document describes the newest version.
            answered |= set(check.answer(sent)) if version != "13.0" else set()
    extra, gone = unlisted(asked, REQUESTS)
    assert not extra, "\n".join(extra) + MORE_REQUESTS
    assert not gone, f"listed, but no longer sent: {gone}"
    extra, gone = unlisted(answered, ANSWERS)
    assert not extra, "\n".join(extra)
    assert not gone, f"listed, but no longer answered: {gone}"


@pytest.mark.parametrize(("version", "options"), SETUPS, ids=["both", "sprints", "oldest"])
async def test_every_operation_and_field_was_sent(version: str, options: dict[str, str]) -> None:
    """No hole in the check above: what is declared was called, and what writes did write."""
    run, setup = await drive(version, **options)
    able = setup.provider.capabilities
    assert run.called == {one for one in OPERATIONS if able.supports(one)}
    assert run.refused == set(OPERATIONS) - run.called
    wrote = {sent.operation for sent in setup.recorder.sent if sent.changes}
    writing = {
        one for one in run.called if one.startswith(("create_", "update_", "delete_", "add_", "remove_"))
    }
    assert wrote == writing
    assert {sent.operation for sent in setup.recorder.sent} >= run.called
    writable = {
        (entity, name)
        for entity, model in MODELS.items()
        for name, spec in field_specs(model).items()
        if name not in {"id", "raw_data"} and spec.owner is not Owner.SERVER
        and able.fields[entity][name].is_writable and able.supports(f"create_{entity}")
    }  # fmt: skip
    assert writable <= run.written, sorted(writable - run.written)


# the check itself

KNOWN = Sent(
    "", "GET", "/api/v3/projects/6/work_packages",
    (("filters", '[{"status":{"operator":"*","values":[]}}]'), ("sortBy", '[["id","asc"]]'), ("pageSize", "3"),
     ("select", "total,elements/id")),
    {"authorization": "Basic eA=="}, b"",
)  # fmt: skip
JSON = {"authorization": "Basic eA==", "content-type": "application/json"}
WRITE = replace(
    KNOWN, method="PATCH", path="/api/v3/work_packages/1", query=(("notify", "false"),), headers=JSON,
    content=b'{"lockVersion":1,"subject":"x","_links":{"status":{"href":"/api/v3/statuses/1"}}}',
)  # fmt: skip
WRONG = [
    ("operation", {"path": "/api/v3/no_such_things"}, KNOWN),
    ("operation", {"method": "PUT"}, WRITE),
    ("parameter page", {"query": (("page", "1"),)}, KNOWN),
    ("filter colour =", {"query": (("filters", '[{"colour":{"operator":"=","values":["1"]}}]'),)}, KNOWN),
    (
        "filter updatedAt >=",
        {"query": (("filters", '[{"updatedAt":{"operator":">=","values":["1"]}}]'),)},
        KNOWN,
    ),
    ("sort lockVersion", {"query": (("sortBy", '[["lockVersion","asc"]]'),)}, KNOWN),
    ("select elements/lockVersion", {"query": (("select", "elements/lockVersion"),)}, KNOWN),
    ("sort id", {"path": "/api/v3/principals", "query": (("sortBy", '[["id","asc"]]'),)}, KNOWN),
    ("header authorization", {"headers": {}}, KNOWN),
    ("a body", {"content": b"{}", "headers": JSON}, KNOWN),
    ("header content-type ''", {"headers": KNOWN.headers}, WRITE),
    ("header content-type ''", {"method": "DELETE", "content": b"", "headers": KNOWN.headers}, WRITE),
    ("property bogus", {"content": b'{"bogus":1}'}, WRITE),
    ("property _links.bogus", {"content": b'{"_links":{"bogus":{"href":null}}}'}, WRITE),
    ("shape of link status", {"content": b'{"_links":{"status":"/api/v3/statuses/1"}}'}, WRITE),
    ("shape of description", {"content": b'{"description":{"html":"x"}}'}, WRITE),
    (".subject: 1 is not of type 'string'", {"content": b'{"subject":1}'}, WRITE),
]


@pytest.mark.parametrize(
    ("expected", "change", "sent"), WRONG, ids=[f"{n}-{one[0]}" for n, one in enumerate(WRONG)]
)
def test_the_check_finds_what_the_vendor_does_not_know(check: RequestCheck, expected, change, sent) -> None:
    """Each fault is found, and nobody could list it by accident; the same request without it passes."""
    assert not [one for one in check.request(sent) if "required" not in one]
    found = list(check.request(replace(sent, **change)))
    assert any(one.endswith(expected) for one in found), found
    assert unlisted({one for one in found if one.endswith(expected)}, REQUESTS)[0]


def test_the_check_finds_wrong_uploads_and_answers(check: RequestCheck) -> None:
    """A misnamed part, and an answer that is not what the document promises."""
    request = httpx2.Request(
        "POST",
        "http://x/api/v3/work_packages/1/attachments",
        headers=KNOWN.headers,
        files={"upload": ("a", b"x")},
    )
    content = request.read()
    headers = {**KNOWN.headers, "content-type": request.headers["content-type"]}
    sent = replace(WRITE, method="POST", path=request.url.path, query=(), headers=headers, content=content)
    assert "POST /api/v3/work_packages/{id}/attachments: parts ['upload']" in set(check.request(sent))
    answer = replace(KNOWN, path="/api/v3/statuses/1", answer={"_type": "Status", "id": "one"})
    assert unlisted(set(check.answer(answer)), ANSWERS)[0]


# how many requests

PAGE, MANY = 3, 8


async def sent_by(setup: Setup, call) -> Counter[str]:
    """Requests of a call, by method; the same call goes before it, so that caches are warm."""
    await call(0)
    before = len(setup.recorder.sent)
    await call(1)
    return Counter(one.method for one in setup.recorder.sent[before:])


async def test_no_more_requests_than_needed() -> None:
    """With warm caches: one request a page, one a write; two where the lock version must be read."""
    async with recorded(page_size=PAGE) as setup:
        provider, main = setup.provider, setup.world.main
        tasks = [await provider.create_task(PMTask(title=f"T{n}", project_id=main)) for n in range(MANY)]
        one = tasks[0].id
        pages = {"GET": ceil(MANY / PAGE)}
        projects = len(await provider.list_projects())
        expected = [
            (lambda n: provider.list_tasks(main), pages),
            (lambda n: provider.search_tasks("T", project_id=main), pages),
            (lambda n: provider.list_tasks(main, limit=2), {"GET": 1}),
            (lambda n: provider.get_task(one), {"GET": 1}),
            (lambda n: provider.update_task(one, {"title": f"new {n}"}), {"GET": 1, "PATCH": 1}),
            (
                lambda n: provider.update_task(one, {"status": ("in_progress", "todo")[n]}),
                {"GET": 1, "PATCH": 1},
            ),
            (lambda n: provider.list_projects(), {"GET": ceil(projects / PAGE)}),
            (lambda n: provider.update_project(main, {"description": f"d{n}"}), {"GET": 1, "PATCH": 1}),
            (lambda n: provider.update_sprint(setup.world.sprint, {"goal": f"g{n}"}), {"GET": 1, "PATCH": 1}),
            (lambda n: provider.list_sprints(main), {"GET": 1}),
            (lambda n: provider.create_comment(PMComment(task_id=one, body="x")), {"POST": 1}),
            (lambda n: provider.list_comments(one), {"GET": 1}),
            (lambda n: provider.list_statuses(), {"GET": 1}),
            (lambda n: provider.create_project(PMProject(name=f"P{n}")), {"POST": 1}),
            (lambda n: provider.create_task(PMTask(title="x", project_id=main)), {"POST": 1}),
            (
                lambda n: provider.create_tasks([PMTask(title="x", project_id=main) for _ in range(4)]),
                {"POST": 4},
            ),
            (lambda n: provider.delete_task(tasks[n + 1].id), {"DELETE": 1}),
        ]
        for place, (call, counts) in enumerate(expected):
            assert await sent_by(setup, call) == Counter(counts), place


async def test_an_idle_stream_costs_two_requests_at_most() -> None:
    async with recorded() as setup:
        for n in range(MANY):
            await setup.provider.create_task(PMTask(title=f"T{n}", project_id=setup.world.main))
        page = await setup.provider.changes(setup.world.main)
        assert len(page.upserts) == MANY
        counted = await sent_by(setup, lambda n: setup.provider.changes(setup.world.main, page.cursor))
        assert 1 <= counted.total() <= 2


# what this check found


async def test_principals_are_sorted_by_name_or_not_at_all(
    provider: OpenProjectProvider, world: World
) -> None:
    """The vendor refuses other columns ([code] app/models/queries/principals.rb), so none is sent."""
    key = world.box.settings["OPENPROJECT_API_KEY"]
    async with httpx2.AsyncClient(
        transport=world.box.transport(), base_url=world.box.base_url, auth=("apikey", key)
    ) as client:
        for column, status in (("id", 400), ("name", 200)):
            params = {"sortBy": f'[["{column}","asc"]]'}
            assert (await client.get("/api/v3/principals", params=params)).status_code == status
    found = [int(one.id) for one in await provider.list_users()]
    assert found == sorted(found, reverse=True)
    assert {int(world.ann), int(world.ben), int(world.zoe)} <= set(found)


@pytest.mark.parametrize("others", [0, 40])
async def test_tasks_of_a_version_that_more_projects_share_than_one_page_shows(
    world: World, others: int
) -> None:
    """`/versions/{id}/projects` shows 30 projects and cannot be paged: no task may be missed for it."""
    state = world.box.state
    shared = world._version("Shared", world.main, sharing="system")
    template = state.projects[int(world.other)]
    for n in range(others):
        made = {"id": state.projects.next_id(), "identifier": f"p{n}", "name": f"P{n}"}
        state.projects.put(
            type(template)(**made, type_ids=template.type_ids, modules=template.modules, **state.stamps())
        )
    async with connected(world.box) as provider:
        for project in (world.main, world.other):
            await provider.create_task(PMTask(title="Here", project_id=project, sprint_id=shared))
        await provider.create_task(PMTask(title="Not here", project_id=world.main))
        found = await provider.list_tasks(sprint_id=shared)
    assert sorted((one.title, one.project_id) for one in found) == [
        ("Here", world.main),
        ("Here", world.other),
    ]
