"""Issue links and `PMRelation`: what link types mean, and in which direction they are read.

The direction is a trap ([obs], clients' reports): the issue that does it (blocks, duplicates) is the
`inwardIssue` of the call that makes a link, and its own page shows the other as `outwardIssue`, to be read
with the words of `outward`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pm_providers.model import INVERSE_RELATIONS, PMRelation, RelationType
from pm_providers.providers.jira.mapping.values import document
from pm_providers.toolkit.documents import Document, broken, identifier, optional_text

__all__ = ["LinkType", "link_body", "link_types", "to_link_type", "to_relation", "to_write", "writable_types"]

_OUTWARD: Mapping[str, RelationType] = {
    "relates to": RelationType.RELATES,
    "is related to": RelationType.RELATES,
    "blocks": RelationType.BLOCKS,
    "is blocking": RelationType.BLOCKS,
    "duplicates": RelationType.DUPLICATES,
    "is a duplicate of": RelationType.DUPLICATES,
    "precedes": RelationType.PRECEDES,
    "is predecessor of": RelationType.PRECEDES,
    "is followed by": RelationType.PRECEDES,
    "has to be done before": RelationType.PRECEDES,
    "includes": RelationType.INCLUDES,
    "contains": RelationType.INCLUDES,
    "is parent of": RelationType.INCLUDES,
    "is a parent of": RelationType.INCLUDES,
    "requires": RelationType.REQUIRES,
    "depends on": RelationType.REQUIRES,
    "depends upon": RelationType.REQUIRES,
    "is dependent on": RelationType.REQUIRES,
}
_INWARD: Mapping[str, RelationType] = {
    "is blocked by": RelationType.BLOCKS,
    "is duplicated by": RelationType.DUPLICATES,
    "follows": RelationType.PRECEDES,
    "is successor of": RelationType.PRECEDES,
    "is preceded by": RelationType.PRECEDES,
    "has to be done after": RelationType.PRECEDES,
    "is included in": RelationType.INCLUDES,
    "is included by": RelationType.INCLUDES,
    "is contained by": RelationType.INCLUDES,
    "is part of": RelationType.INCLUDES,
    "is child of": RelationType.INCLUDES,
    "is a child of": RelationType.INCLUDES,
    "is required by": RelationType.REQUIRES,
    "is a dependency of": RelationType.REQUIRES,
    "is depended on by": RelationType.REQUIRES,
    "is depended upon by": RelationType.REQUIRES,
}
_NAMES: Mapping[str, RelationType] = {
    "relates": RelationType.RELATES,
    "blocks": RelationType.BLOCKS,
    "blocker": RelationType.BLOCKS,
    "duplicate": RelationType.DUPLICATES,
}
"""Names that sites of other languages keep, while the words are translated."""


@dataclass(frozen=True, slots=True)
class LinkType:
    """A type of links, as it is read.

    Attributes:
        id: the vendor's id.
        name: what people see.
        meaning: unified type.
        swapped: what it is said of stands at the other end: its `outward` words are `is blocked by`.
        exact: it says just that; others read as `relates`, and are not written.
    """

    id: str
    name: str
    meaning: RelationType
    swapped: bool = False
    exact: bool = True

    def ends(self, source: str, target: str) -> tuple[str, str]:
        """From and to, of an issue that the `outward` words are said of and the other; and back."""
        return (target, source) if self.swapped else (source, target)


def to_link_type(value: Document, mapping: Mapping[str, str] | None = None) -> LinkType:
    """A link type. Its words decide, then its name; a clone or what is unknown reads as `relates`.

    Args:
        value: the vendor's description.
        mapping: name or id -> unified type or inverse name, which goes before.
    """
    one, name = identifier(value, "link type"), optional_text(value, "name") or ""
    told = _mapped(one, name, mapping or {})
    if told is not None:
        inverse = INVERSE_RELATIONS.get(told)
        return LinkType(one, name, inverse or RelationType(told), swapped=inverse is not None)
    outward, inward = _words(value, "outward"), _words(value, "inward")
    for words, table, swapped in (
        (outward, _OUTWARD, False),
        (outward, _INWARD, True),
        (inward, _INWARD, False),
        (inward, _OUTWARD, True),
    ):
        if words in table:
            return LinkType(one, name, table[words], swapped=swapped and table[words] is not _MUTUAL)
    known = _NAMES.get(name.strip().casefold())
    return LinkType(one, name, known or _MUTUAL, exact=known is not None)


_MUTUAL = RelationType.RELATES


def _mapped(one: str, name: str, mapping: Mapping[str, str]) -> str | None:
    by_name = {key.strip().casefold(): value for key, value in mapping.items()}
    return mapping.get(one) or by_name.get(name.strip().casefold())


def _words(value: Document, name: str) -> str:
    return " ".join((optional_text(value, name) or "").split()).casefold()


def link_types(values: Iterable[Document], mapping: Mapping[str, str] | None = None) -> list[LinkType]:
    """Types of a site, in its order."""
    return [to_link_type(one, mapping) for one in values]


def writable_types(types: Iterable[LinkType]) -> tuple[str, ...]:
    """Unified types that links of a site can have."""
    has = {one.meaning for one in types if one.exact}
    return tuple(one.value for one in RelationType if one in has)


def to_write(meaning: str, types: Sequence[LinkType]) -> LinkType | None:
    """The type to write for a unified one: one whose words run the same way, if there is one."""
    fitting = [one for one in types if one.exact and one.meaning == meaning]
    return min(fitting, key=lambda one: one.swapped, default=None)


def to_relation(
    value: Any, task_id: str, types: Mapping[str, LinkType], *, keep_raw: bool = True
) -> PMRelation:
    """A link on the page of an issue.

    Args:
        value: an element of `fields.issuelinks`.
        task_id: the issue whose page it is.
        types: types of the site by id; one that is not there is read by its own words.
        keep_raw: fill `raw_data`.

    Raises:
        ProviderError: no link, or one without an other end.
    """
    found = document(value, "link")
    described = document(found.get("type"), "link type")
    kind = types.get(str(described.get("id"))) or to_link_type(described)
    outward, inward = found.get("outwardIssue"), found.get("inwardIssue")
    if isinstance(outward, Mapping):
        source, target = task_id, identifier(outward, "issue")
    elif isinstance(inward, Mapping):
        source, target = identifier(inward, "issue"), task_id
    else:
        raise broken("a link without an other end")
    start, end = kind.ends(source, target)
    return PMRelation(
        id=identifier(found, "link"),
        from_task_id=start,
        to_task_id=end,
        type=kind.meaning.value,
        raw_data=dict(found) if keep_raw else None,
    )


def link_body(kind: LinkType, start: str, end: str) -> dict[str, Any]:
    """Body that links two issues: who does it is the `inwardIssue`."""
    source, target = kind.ends(start, end)
    return {"type": {"id": kind.id}, "inwardIssue": {"id": source}, "outwardIssue": {"id": target}}
