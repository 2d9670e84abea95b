"""Which format texts are kept in, found out from the real server, and what becomes of them."""

from __future__ import annotations

import httpx2
import pytest

from pm_providers import PMProject, PMTask
from pm_providers.providers.redmine.mapping.texts import MARKDOWN, TEXTILE, UNKNOWN, format_in_page
from tests.providers.redmine.office import Faulty, Office
from tests.support.redmine import redmine_server

TEXT = "## Plan\n\n- *soft*\n- **hard** and `code`\n\n[site](https://example.com)"


@pytest.mark.redmine
@pytest.mark.parametrize(
    ("server_format", "expected", "stored"),
    [("textile", "textile", "h2. Plan"), ("common_mark", "markdown", "## Plan")],
)
async def test_the_format_is_found_out(server_format, expected, stored):
    """The toolbar of an editor tells; texts are stored as the server's users write them."""
    office = Office(redmine_server(server_format))
    async with office.provider(text_format="auto") as provider:
        assert provider.capabilities.text_format == expected
        report = await provider.check_health()
        assert report.details["text_format"] == expected
        task = await provider.create_task(
            PMTask(title="Texts", description=TEXT, project_id=office.project())
        )
    assert task.warnings == ()
    assert task.description == TEXT
    assert office.issue(task.id)["description"].startswith(stored)
    office.close()


@pytest.mark.redmine
async def test_where_news_tell_nothing_an_issue_does(office, project):
    """The page of news has no editor for everybody, or the module is off: the latest issue has one."""
    office.task(project)

    def no_news(request: httpx2.Request) -> httpx2.Response | None:
        return httpx2.Response(403, request=request) if request.url.path == "/news" else None

    network = Faulty(answer=no_news)
    async with office.provider(transport=network, text_format="auto") as provider:
        assert (await provider.check_health()).details["text_format"] == "textile"
    assert any(path.startswith("/issues/") for _, path in network.sent)


@pytest.mark.redmine
async def test_a_format_that_is_unknown_damages_nothing(office, project):
    """Texts are stored and read as they are while no page tells the format, and it is asked again later."""

    def no_pages(request: httpx2.Request) -> httpx2.Response | None:
        return None if ".json" in request.url.path else httpx2.Response(403, request=request)

    async with office.provider(transport=Faulty(answer=no_pages), text_format="auto") as provider:
        assert (await provider.check_health()).details["text_format"] == "unknown"
        made = await provider.create_task(PMTask(title="x", description=TEXT, project_id=project))
        assert made.description == TEXT
        assert made.warnings == ()
    assert office.issue(made.id)["description"].replace("\r\n", "\n") == TEXT


@pytest.mark.redmine
async def test_a_setting_saves_the_question(office):
    """With the format set, no page is asked for."""
    network = Faulty()
    async with office.provider(transport=network, text_format="textile") as provider:
        await provider.create_project(PMProject(name="Set", description="*x*"))
    assert all(path.endswith(".json") for _, path in network.sent)


@pytest.mark.redmine
async def test_line_ends_of_the_web_interface_are_plain_ones(office, provider, project):
    """Browsers send CRLF; what is read has none, and an untouched text is no change."""
    task = office.task(project, description="h1. A\r\n\r\none\r\ntwo\r\n")
    found = await provider.get_task(task)
    assert found is not None
    assert "\r" not in (found.description or "")
    assert (found.description or "").startswith("# A\n\none")


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        ('<script src="/javascripts/jstoolbar/textile.js?1669909042">', TEXTILE),
        (
            '<script src="/javascripts/jstoolbar/jstoolbar.js"><script src="/x/jstoolbar/common_mark.js">',
            MARKDOWN,
        ),
        ('<script src="/assets/jstoolbar/markdown-0a1b2c.js">', MARKDOWN),
        ("<p>textile.js markdown</p>", None),
        ("", None),
    ],
)
def test_toolbars(page, expected):
    """Only the toolbar's own scripts count; asset digests may follow the name."""
    assert format_in_page(page) is expected


def test_unknown_is_as_it_is():
    """Nothing is converted while the format is unknown."""
    assert UNKNOWN.read("h1. *a*") == UNKNOWN.write("h1. *a*") == "h1. *a*"
    assert UNKNOWN.read("") is None
