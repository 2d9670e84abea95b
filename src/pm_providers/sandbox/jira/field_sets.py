"""Which fields a caller wants to see: `*all`, `*navigable`, names, and names with a minus."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from pm_providers.sandbox.jira.state import State

__all__ = ["FieldSet"]


@dataclass(frozen=True, slots=True)
class FieldSet:
    """A choice of fields.

    Attributes:
        ids: wanted fields; None is all of them.
        bare: nothing but id and key was asked for: there is no `fields` in the answer.
        key: with `bare`: the key was asked for as well.
    """

    ids: frozenset[str] | None = None
    bare: bool = False
    key: bool = True

    @classmethod
    def of(cls, state: State, wanted: Iterable[str], default: str) -> FieldSet:
        """Read the parameter `fields`; `default` (`*all`, `*navigable` or `id`) stands for none."""
        names = [name.strip() for name in wanted if name.strip()]
        plus = [name for name in names if not name.startswith("-")]
        minus = {name[1:] for name in names if name.startswith("-")}
        if not plus:
            plus = [default if not minus or default != "id" else "*all"]
        if set(plus) <= {"id", "key", "issuekey"}:
            return cls(frozenset(), bare=True, key=bool({"key", "issuekey"} & set(plus)))
        if "*all" in plus and not minus:
            return cls(None)
        return cls(frozenset(_known(state, plus) - minus))

    def wants(self, field_id: str) -> bool:
        """Whether a field is wanted."""
        return self.ids is None or field_id in self.ids


def _known(state: State, names: list[str]) -> set[str]:
    found: set[str] = set()
    for name in names:
        if name == "*all":
            found |= {row.id for row in state.fields}
        elif name == "*navigable":
            found |= {row.id for row in state.fields if row.navigable}
        elif name in state.fields:
            found.add(name)
        else:
            found |= {row.id for row in state.fields if name.lower() == row.id.lower()}
    return found
