"""Reading and writing statuses and priorities by one rule for all vendors."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from pm_providers.errors import ConfigurationError, ValidationError

__all__ = ["ChoiceBook", "override"]


class Choice(Protocol):
    """Anything with an id and a name: `PMStatus`, `PMPriority`."""

    @property
    def id(self) -> str:
        """The vendor's id."""

    @property
    def name(self) -> str:
        """What people see."""


C = TypeVar("C", bound=Choice)


def override(
    mapping: Mapping[str, str], identifier: str, name: str, allowed: Iterable[str], *, option: str
) -> str | None:
    """Unified value that the connection's own map gives a vendor's status or priority.

    Keys of the map are vendor names (compared without case) or ids.

    Raises:
        ConfigurationError: the map holds a value that is not unified.
    """
    folded = {key.strip().casefold(): value for key, value in mapping.items()}
    found = folded.get(identifier.casefold()) or folded.get(name.strip().casefold())
    choices = list(allowed)
    if found is not None and found not in choices:
        raise ConfigurationError(
            f"{option}: {found!r} is not one of {', '.join(choices)}", setting=option, example=choices[0]
        )
    return found


@dataclass(frozen=True, slots=True)
class ChoiceBook(Generic[C]):
    """The vendor's statuses (or priorities), found by unified value, name or id.

    Attributes:
        entries: the vendor's choices, in the vendor's order; defaults first win ties.
        unified: id -> unified value.
        field: model field, for errors.
    """

    entries: tuple[C, ...]
    unified: Mapping[str, str]
    field: str

    def read(self, identifier: str) -> str | None:
        """Unified value of a vendor's id; `None` for an unknown id."""
        return self.unified.get(identifier)

    def candidates(self, value: str) -> list[C]:
        """Vendor choices that a written value may mean, best first: id, then name, then unified value.

        Raises:
            ValidationError: nothing fits; lists what exists.
        """
        exact = [entry for entry in self.entries if entry.id == value]
        folded = value.strip().casefold()
        named = [entry for entry in self.entries if entry.name.strip().casefold() == folded]
        meant = [entry for entry in self.entries if self.unified.get(entry.id) == value]
        found = list({entry.id: entry for entry in (*exact, *named, *self._defaults_first(meant))}.values())
        if not found:
            known = ", ".join(entry.name for entry in self.entries)
            raise ValidationError(fields={self.field: f"{value!r} is unknown; the system has: {known}"})
        return found

    @staticmethod
    def _defaults_first(entries: list[C]) -> list[C]:
        return sorted(entries, key=lambda entry: not getattr(entry, "is_default", False))
