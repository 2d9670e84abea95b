"""Relations and attachments as the API shows them, also inside a work package."""

from __future__ import annotations

import hashlib
from typing import Any

from pm_providers.sandbox.openproject.collection import unpaged
from pm_providers.sandbox.openproject.links import api, link, write_link
from pm_providers.sandbox.openproject.records import Attachment, Relation, WorkPackage
from pm_providers.sandbox.openproject.values import formattable
from pm_providers.sandbox.openproject.view import View

__all__ = ["REVERSE", "attachment", "attachments_of", "relation", "relations_of", "visible_relations"]

REVERSE = {
    "relates": "relates",
    "duplicates": "duplicated",
    "duplicated": "duplicates",
    "blocks": "blocked",
    "blocked": "blocks",
    "precedes": "follows",
    "follows": "precedes",
    "includes": "partof",
    "partof": "includes",
    "requires": "required",
    "required": "requires",
}
_NAMES = {
    "relates": "related to",
    "duplicates": "duplicates",
    "blocks": "blocks",
    "follows": "follows",
    "includes": "includes",
    "requires": "requires",
}


def relation(view: View, row: Relation) -> dict[str, Any]:
    """A relation in its stored direction."""
    source = view.state.work_packages[row.from_id]
    target = view.state.work_packages[row.to_id]
    own = ("relations", row.id)
    body: dict[str, Any] = {
        "_type": "Relation",
        "id": row.id,
        "name": _NAMES[row.kind],
        "type": row.kind,
        "reverseType": REVERSE[row.kind],
        "description": row.description,
    }
    if row.kind == "follows":
        body |= {"lag": row.lag or 0} if view.features.lag else {"delay": row.lag}
    links: dict[str, Any] = {"self": {"href": api(*own)}}
    if view.can("manage_work_package_relations", source.project_id):
        links["updateImmediately"] = write_link("patch", *own)
        links["delete"] = {**write_link("delete", *own), "title": "Remove relation"}
    links["from"] = link(source.subject, "work_packages", source.id)
    links["to"] = link(target.subject, "work_packages", target.id)
    return {**body, "_links": links}


def visible_relations(view: View, row: WorkPackage) -> list[Relation]:
    """Relations from or to a work package whose both ends the user sees, last changed last."""
    state = view.state
    found = [r for end in ("from_id", "to_id") for r in state.relations.where(end, row.id)]
    return [
        r
        for r in sorted(found, key=lambda r: (r.updated, r.id))
        if all(
            view.can("view_work_packages", state.work_packages[end].project_id)
            for end in (r.from_id, r.to_id)
        )
    ]


def relations_of(view: View, row: WorkPackage) -> dict[str, Any]:
    """The list of a work package's relations, as it is embedded."""
    elements = [relation(view, r) for r in visible_relations(view, row)]
    return unpaged(f"/work_packages/{row.id}/relations", elements)


def attachment(view: View, row: Attachment) -> dict[str, Any]:
    """A file."""
    own = ("attachments", row.id)
    digest = hashlib.md5(row.content, usedforsecurity=False).hexdigest()
    body: dict[str, Any] = {
        "_type": "Attachment",
        "id": row.id,
        "fileName": row.file_name,
        "fileSize": len(row.content),
        "description": formattable(row.description or None, plain=True),
        "contentType": row.content_type,
        "digest": {"algorithm": "md5", "hash": digest},
        "createdAt": view.time(row.created),
    }
    if view.features.number >= (13, 0):
        body["status"] = "uploaded"
    content = {"href": api(*own, "content")}
    links: dict[str, Any] = {
        "self": link(row.file_name, *own),
        "author": view.principal_link(row.author_id),
        "container": {"href": None},
        "staticDownloadLocation": content,
        "downloadLocation": content,
    }
    if row.container is not None:
        owner = view.state.work_packages[row.container[1]]
        links["container"] = link(owner.subject, *row.container)
    if may_delete(view, row):
        links["delete"] = write_link("delete", *own)
    return {**body, "_links": links}


def may_delete(view: View, row: Attachment) -> bool:
    """Who may edit the container may delete its files; unclaimed ones only their author."""
    if row.container is None:
        return row.author_id == view.user.id
    project_id = view.state.work_packages[row.container[1]].project_id
    return view.can("edit_work_packages", project_id)


def attachments_of(view: View, collection: str, key: int) -> dict[str, Any]:
    """The list of files of one object, newest first."""
    rows = reversed(view.state.attachments.where("container", (collection, key)))
    return unpaged(f"/{collection}/{key}/attachments", [attachment(view, row) for row in rows])
