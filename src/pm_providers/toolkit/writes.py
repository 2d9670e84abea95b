"""What a write did besides what was asked for. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from pm_providers.errors import ValidationError
from pm_providers.model import PMTask, WriteWarning

__all__ = ["own_words", "refuse_clearing", "with_losses", "with_reasons"]


def refuse_clearing(fields: Mapping[str, Any], names: Iterable[str]) -> None:
    """Refuse to clear what cannot be empty.

    Raises:
        ValidationError: one of the names is asked to be empty.
    """
    empty = {name: "cannot be cleared" for name in names if name in fields and fields[name] in (None, "")}
    if empty:
        raise ValidationError(fields=empty)


def own_words(answer: Any, written: Iterable[str]) -> dict[str, Any]:
    """What the answer to a write tells of what was written, to be put over a document that is read after it.

    What others write between the two is not ours: who keeps two systems in step would take it for ours, and
    never carry it.

    Args:
        answer: as decoded, of the same format as a reading call's; anything else tells nothing.
        written: names of what was written, in the vendor's words.
    """
    told = answer if isinstance(answer, Mapping) else {}
    return {name: told[name] for name in written if name in told}


def with_losses(task: PMTask, before: PMTask, fields: Mapping[str, Any], names: Iterable[str]) -> PMTask:
    """The task with warnings for what a move to another project or type took away without a word.

    Args:
        task: as it is now.
        before: as it was.
        fields: what was asked for, and so is compared anyway.
        names: fields that moves may change. What a map of custom fields has got besides is no loss.
    """
    if (task.project_id, task.type) == (before.project_id, before.type):
        return task
    why = "the system changes it when a task moves to another project or type"
    lost = tuple(
        WriteWarning(name, getattr(before, name), getattr(task, name), why)
        for name in names
        if name not in fields and _is_lost(getattr(before, name), getattr(task, name))
    )
    return replace(task, warnings=(*task.warnings, *lost)) if lost else task


def _is_lost(before: Any, now: Any) -> bool:
    if isinstance(before, Mapping) and isinstance(now, Mapping):
        return any(now.get(name) != value for name, value in before.items())
    return bool(before != now)


def with_reasons(task: PMTask, fields: Mapping[str, Any], reasons: Mapping[str, str]) -> PMTask:
    """The task with warnings that say why a field is not as asked; the base finds those without a reason.

    Args:
        task: as it is now.
        fields: what was asked for.
        reasons: field that is not as asked -> why.
    """
    found = tuple(WriteWarning(name, fields[name], getattr(task, name), why) for name, why in reasons.items())
    return replace(task, warnings=(*task.warnings, *found)) if found else task
