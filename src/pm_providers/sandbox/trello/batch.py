"""`GET /batch`: up to ten reads with one request. There is no batch of writes."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from pm_providers.sandbox.kit.routing import Routes
from pm_providers.sandbox.trello.errors import ApiError, invalid
from pm_providers.sandbox.trello.web import Call, Handler, Session, family

__all__ = ["MAX_ROUTES", "batch_routes"]

MAX_ROUTES = 10
Inner = Callable[[Session, str, str], Any]


def batch_routes(inner: Callable[[], Inner]) -> Routes[Handler]:
    """The route, which reads through the app itself.

    Args:
        inner: gives what answers one read: session, path below `/1`, query string.
    """
    routes = family()

    @routes("GET", "/batch")
    def batch(call: Call) -> Any:
        """Answers in the order of `urls`: `{"200": ...}`, or an object with `statusCode` for a refusal.

        Each counts for the limits. Commas inside a route must be encoded once more than the rest.
        """
        urls = [part.strip() for part in call.plain("urls").split(",")]
        if not call.plain("urls") or len(urls) > MAX_ROUTES:
            raise invalid("urls")
        if not all(url.startswith("/") for url in urls):
            raise invalid("urls")
        return [_one(call.session, inner(), url) for url in urls]

    return routes


def _one(session: Session, inner: Inner, url: str) -> dict[str, Any]:
    path, _, query = url.partition("?")
    try:
        return {"200": inner(session, f"/1{path}", query)}
    except ApiError as error:
        body = error.body
        text = body.get("message", "") if isinstance(body, dict) else str(body)
        return {
            "statusCode": error.status,
            "message": text,
            "name": HTTPStatus(error.status).phrase.replace(" ", ""),
        }
