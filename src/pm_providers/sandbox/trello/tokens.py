"""Tokens and their webhooks."""

from __future__ import annotations

import re
from typing import Any

from pm_providers.sandbox.kit.routing import Routes
from pm_providers.sandbox.trello.access import board_role, membership_of, need_id, token_is_own
from pm_providers.sandbox.trello.errors import ApiError, invalid, not_found, unauthorized
from pm_providers.sandbox.trello.ids import is_id
from pm_providers.sandbox.trello.parts_view import TOKEN, WEBHOOK
from pm_providers.sandbox.trello.people_view import MEMBER
from pm_providers.sandbox.trello.records import Token, Webhook
from pm_providers.sandbox.trello.web import Call, Handler, family
from pm_providers.sandbox.trello.webhooks import Webhooks

__all__ = ["token_routes"]


def token_routes(hooks: Webhooks) -> Routes[Handler]:
    """The routes of tokens and webhooks; registering asks the receiver first."""
    routes = family()
    _add_reads(routes)
    _add_writes(routes, hooks)
    return routes


def _add_reads(routes: Routes[Handler]) -> None:
    routes("GET", "/tokens/{token}")(_token)
    routes("GET", "/tokens/{token}/member")(_member)
    routes("GET", "/tokens/{token}/webhooks")(_index)
    routes("GET", "/webhooks/{id}")(_one)
    routes("GET", "/webhooks/{id}/{field}")(_field)
    routes("GET", "/tokens/{token}/webhooks/{id}")(_one)
    routes("DELETE", "/tokens/{token}")(_revoke)
    routes("DELETE", "/webhooks/{id}")(_delete)
    routes("DELETE", "/tokens/{token}/webhooks/{id}")(_delete)


def _add_writes(routes: Routes[Handler], hooks: Webhooks) -> None:
    async def create(call: Call) -> Any:
        return await _create(call, _caller(call), hooks)

    async def create_for(call: Call) -> Any:
        return await _create(call, token_is_own(call.session, call.params["token"]), hooks)

    async def update(call: Call) -> Any:
        return await _update(call, hooks)

    routes("POST", "/webhooks")(create)
    routes("POST", "/tokens/{token}/webhooks")(create_for)
    routes("PUT", "/webhooks/{id}")(update)
    routes("PUT", "/tokens/{token}/webhooks/{id}")(update)


def _caller(call: Call) -> Token:
    if call.session.token is None:
        raise ApiError(401, "invalid token")
    return call.session.token


def _token(call: Call) -> Any:
    row = token_is_own(call.session, call.params["token"])
    found = TOKEN.show(call.session, row, TOKEN.names(call, "fields"))
    if call.flag("webhooks"):
        rows = call.state.webhooks.where("token_id", row.id)
        found["webhooks"] = [WEBHOOK.show(call.session, hook) for hook in rows]
    return found


def _member(call: Call) -> Any:
    row = token_is_own(call.session, call.params["token"])
    return MEMBER.show(call.session, call.state.members[row.member_id], MEMBER.names(call, "fields"))


def _revoke(call: Call) -> Any:
    """Revoke a token; its webhooks are gone with it, and nobody is told."""
    row = token_is_own(call.session, call.params["token"])
    for hook in call.state.webhooks.where("token_id", row.id):
        call.state.webhooks.remove(hook.id)
    call.state.tokens.remove(row.id)
    return {"_value": None}


def _index(call: Call) -> Any:
    row = token_is_own(call.session, call.params["token"])
    return [WEBHOOK.show(call.session, hook) for hook in call.state.webhooks.where("token_id", row.id)]


def _find(call: Call) -> Webhook:
    row = call.state.webhooks.get(need_id(call.params["id"]))
    if row is None:
        raise not_found()
    owner = call.state.tokens.get(row.token_id)
    own = _caller(call)
    if owner is None or (owner.member_id, owner.app_key) != (own.member_id, own.app_key):
        raise unauthorized("webhook")
    return row


def _one(call: Call) -> Any:
    return WEBHOOK.show(call.session, _find(call))


def _field(call: Call) -> Any:
    return {"_value": WEBHOOK.one(call.session, _find(call), call.params["field"])}


def _delete(call: Call) -> Any:
    call.state.webhooks.remove(_find(call).id)
    return {"_value": None}


def _model_of(call: Call) -> str:
    """The id of what shall be watched, which the caller must see."""
    text = call.text("idModel")
    if not is_id(text):
        raise invalid("idModel")
    key, state = text.lower(), call.state
    row: Any = state.cards.get(key) or state.lists.get(key)
    board = state.boards.get(row.board_id if row is not None else key)
    if board is not None:
        if board_role(call.session, board) is None:
            raise unauthorized("webhook")
        return key
    org = state.orgs.get(key)
    if org is not None and membership_of(org, call.session.member_id) is not None:
        return key
    if key in state.members:
        return key
    raise not_found()


def _address(call: Call) -> str:
    url = call.text("callbackURL", least=1)
    if not re.fullmatch(r"(?i)https?://[^\s/?#]+\S*", url):
        raise invalid("callbackURL")
    return url


async def _create(call: Call, token: Token, hooks: Webhooks) -> Any:
    """Register; the same receiver, model and token twice is refused, and so is one that fails the check."""
    url, model = _address(call), _model_of(call)
    description = call.text("description", "") if call.args.get("description") is not None else ""
    active = call.flag("active", True)
    state = call.state
    if any((hook.token_id, hook.url) == (token.id, url) for hook in state.webhooks.where("model_id", model)):
        raise ApiError(400, "A webhook with that callback, model, and token already exists")
    await hooks.check(url)
    row = state.webhooks.put(
        Webhook(
            id=state.new_id(),
            token_id=token.id,
            model_id=model,
            url=url,
            description=description,
            active=active,
        )
    )
    return WEBHOOK.show(call.session, row)


async def _update(call: Call, hooks: Webhooks) -> Any:
    row = _find(call)
    changes: dict[str, Any] = {}
    if call.has("description"):
        changes["description"] = call.text("description")
    if call.has("idModel"):
        changes["model_id"] = _model_of(call)
    if call.has("callbackURL"):
        changes["url"] = _address(call)
    if call.has("active"):
        changes["active"] = call.flag("active")
        if changes["active"]:
            changes |= {"failures": 0, "first_failure": None}
    if changes.get("url", row.url) != row.url or (changes.get("active") and not row.active):
        await hooks.check(changes.get("url", row.url))
    return WEBHOOK.show(call.session, call.state.webhooks.change(call.state.webhooks[row.id], **changes))
