"""Writing single records to the target of a copy: again without what it rejects, noting what it changed."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from pm_providers.contract import BasePMProvider
from pm_providers.errors import FATAL, PMError, ValidationError
from pm_providers.model import MODELS, Entity, Record
from pm_providers.service.copy_narrowing import Narrower, without_rejected
from pm_providers.service.copy_report import CopyFailure

__all__ = ["FATAL", "Writer"]

_ROUNDS = 8
_PLACE = re.compile(r"\[\d+\]")


class Writer:
    """Creates records in the target and notes what became of them.

    Args:
        target: provider that is written.
        narrower: holds the report.
    """

    def __init__(self, target: BasePMProvider, narrower: Narrower) -> None:
        self.target = target
        self.narrower = narrower
        self.report = narrower.report

    async def create(
        self, entity: Entity, source_id: str, values: dict[str, Any], call: Callable[[Any], Awaitable[Any]]
    ) -> Any:
        """The created record; `None` after a failure, which is noted.

        Raises:
            PMError: one of `FATAL`.
        """
        try:
            return await self.write(entity, source_id, values, call)
        except FATAL:
            raise
        except PMError as error:
            self.report.failed.append(CopyFailure(entity, source_id, error))
            return None

    async def write(
        self, entity: Entity, source_id: str, values: dict[str, Any], call: Callable[[Any], Awaitable[Any]]
    ) -> Any:
        """The created record, without the fields that the target rejects.

        Raises:
            PMError: it cannot be created.
        """
        for _ in range(_ROUNDS):
            try:
                made = await call(MODELS[entity](**values))
            except ValidationError as error:
                less = without_rejected(entity, values, error)
                if less is None:
                    raise
                values = less[0]
                self.note_rejected(entity, source_id, less[1])
            else:
                self.report.created[entity] += 1
                self.note_warnings(entity, source_id, made)
                return made
        raise ValidationError("the target kept rejecting fields", provider=self.target.name)

    def note_rejected(self, entity: Entity, source_id: str, reasons: Mapping[str, str]) -> None:
        """Note fields that the target did not take."""
        for name, why in reasons.items():
            self.report.leave_out(entity, name, f"rejected by the target: {why}", source_id)

    def note_warnings(self, entity: Entity, source_id: str, made: Record) -> None:
        """Note values that the target stored differently."""
        for warning in getattr(made, "warnings", ()):
            reason = warning.reason or "the target stored another value"
            name = _PLACE.sub("", warning.field)  # one note for all items of all checklists
            self.report.alter(entity, name, reason, source_id)
