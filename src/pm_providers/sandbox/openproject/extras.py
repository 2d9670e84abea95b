"""Small read-only corners: revisions, documents, news, help texts, rendering of texts."""

from __future__ import annotations

from pm_providers.sandbox.openproject.collection import paged_list, unpaged
from pm_providers.sandbox.openproject.errors import bad_request
from pm_providers.sandbox.openproject.users import PEOPLE_PAGE
from pm_providers.sandbox.openproject.values import formattable
from pm_providers.sandbox.openproject.web import Call, Reply, Routes
from pm_providers.sandbox.openproject.work_packages import wp_of

__all__ = ["routes"]

routes = Routes()


@routes("GET", "/work_packages/{id}/revisions")
def revisions(call: Call) -> Reply:
    """Commits that name the work package: none, the sandbox has no repositories."""
    return Reply(unpaged(f"/work_packages/{wp_of(call).id}/revisions", []))


@routes("GET", "/documents")
def documents(call: Call) -> Reply:
    """Documents: always empty."""
    return Reply(paged_list(call, "/documents", [], dict, None, PEOPLE_PAGE))


@routes("GET", "/news")
def news(call: Call) -> Reply:
    """News: always empty."""
    return Reply(paged_list(call, "/news", [], dict, None, PEOPLE_PAGE))


@routes("GET", "/help_texts")
def help_texts(_call: Call) -> Reply:
    """Help texts of attributes: always empty."""
    return Reply(unpaged("/help_texts", []))


@routes("POST", "/render/{format}")
def render(call: Call) -> Reply:
    """HTML of a text; the body is the text itself, not JSON."""
    kind = call.params["format"]
    if kind not in {"markdown", "plain"}:
        raise bad_request("format does not have a valid value")
    raw = call.body.decode("utf-8", "replace")
    html = formattable(raw, plain=kind == "plain")["html"]
    return Reply(html.encode(), 200, "text/html")
