"""Making and removing people, for administrators."""

from __future__ import annotations

import uuid

from pm_providers.sandbox.jira import records, rights
from pm_providers.sandbox.jira.errors import bad_field, bad_request, not_found
from pm_providers.sandbox.jira.setup import add_user
from pm_providers.sandbox.jira.state import Event, State
from pm_providers.sandbox.jira.view import View
from pm_providers.sandbox.jira.web import Call, Reply, Routes, Session

__all__ = ["routes"]

routes = Routes()
_PRODUCTS = frozenset({"jira-core", "jira-servicedesk", "jira-product-discovery", "jira-software"})
_ACCOUNTS = uuid.UUID("0d7d3c1c-52f4-4e0e-9b0e-3b7a3a1f6c55")


@routes("POST", "user")
def create(call: Call) -> Reply:
    """Invite `{emailAddress, products}`; other properties are accepted and do nothing.

    People choose their names themselves; until then, accounts are called by their address. Who has access
    already is answered as if just made.
    """
    rights.need_admin(call.session)
    body, state = call.object(), call.state
    email = body.get("emailAddress")
    if not isinstance(email, str) or "@" not in email.strip("@ "):
        raise bad_field("emailAddress", "You must specify a valid email address.")
    products = body.get("products")
    if not isinstance(products, list) or not all(isinstance(one, str) for one in products):
        raise bad_field("products", "You must specify the products that the user has access to.")
    unknown = [one for one in products if one not in _PRODUCTS]
    if unknown:
        raise bad_field("products", f"The products are not valid: {', '.join(unknown)}")
    address = email.strip()
    known = state.users.find(lambda row: row.email.lower() == address.lower())
    if known is not None and not known.active:
        raise bad_request("The user already exists but does not have access to Jira.")
    if known is None:
        account = f"712020:{uuid.uuid5(_ACCOUNTS, address.lower())}"
        known = add_user(state, account, address.partition("@")[0], address)
        _tell(call.session, "user_created", known)
    return Reply(View(call.session).full_user(known.id), 201)


@routes("DELETE", "user")
def delete(call: Call) -> Reply:
    """Remove a person from the site; what they did stays, as that of a former user."""
    rights.need_admin(call.session)
    key, state = call.one("accountId"), call.state
    if not key:
        raise bad_request("The query parameter 'accountId' must be provided.")
    if key not in state.users:
        raise not_found(f"The user with account ID '{key}' does not exist.")
    if key == call.session.account_id:
        raise bad_request("You cannot delete yourself.")
    if any(project.lead == key for project in state.projects):
        raise bad_request("The user cannot be removed: it leads projects.")
    _tell(call.session, "user_deleted", state.users[key])
    _forget(state, key)
    return Reply(None, 204)


def _forget(state: State, key: str) -> None:
    for group in list(state.groups):
        if key in group.members:
            state.groups.change(group, members=group.members - {key})
    for project in list(state.projects):
        roles = {role: tuple(one for one in actors if one != key) for role, actors in project.roles.items()}
        if roles != project.roles:
            state.projects.change(project, roles=roles)
    state.users.remove(key)


def _tell(session: Session, name: str, user: records.User) -> None:
    state = session.state
    state.emit(Event(name, state.now(), session.account_id, subject=user))
