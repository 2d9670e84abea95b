"""How plans, runs and conflicts look: field by field for people, whole for programs."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from rich.console import RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from pm_providers.model import Entity
from pm_providers.service.sync import SyncResult
from pm_providers.service.sync_names import Naming
from pm_providers.service.sync_state import ConflictView
from pm_providers.surfaces.cli.tables import count_line, short
from pm_providers.surfaces.cli.text import clean, line, plain
from pm_providers.sync.decisions import Act, Clash, Decision, Step

__all__ = [
    "SHOWN",
    "conflict_dict",
    "conflict_parts",
    "counts_line",
    "decision_dict",
    "decision_parts",
    "has_writes",
    "held_lines",
    "project_word",
    "result_dict",
    "short_id",
    "value_text",
    "word_of",
]

SHOWN = 30
"""Items of a plan that are shown unless all are asked for."""

_LONG = 120
_LONGEST_ID = 16
_DIFF_LINES = 12
_SIGNS = {
    Act.CREATE: ("+", "green"),
    Act.UPDATE: ("~", "yellow"),
    Act.DELETE: ("-", "red"),
    Act.CLOSE: ("-", "red"),
    Act.DETACH: ("○", "magenta"),
    Act.WAIT: ("!", "bold magenta"),
}
_DONE = {
    "create": "created", "update": "updated", "delete": "deleted", "close": "closed",
    "detach": "taken out of step", "stale": "edited meanwhile", "failed": "failed", "unsure": "not known",
}  # fmt: skip
_KINDS = tuple(one for one in Entity if one is not Entity.TASK)
_PLANNED = {
    "create": "to create", "update": "to update", "delete": "to delete", "close": "to close",
    "detach": "to take out of step", "wait": "waiting for a decision", "settle": "agree already",
}  # fmt: skip
_WRITING = ("create", "update", "delete")


def short_id(one: str | None) -> str:
    """The end of one of our ids, which commands take."""
    return (one or "")[-8:]


def project_word(one: str) -> str:
    """A project's id in few characters: a long one is no word that anybody reads."""
    return one if len(one) <= _LONGEST_ID else f"…{one[-8:]}"


# decisions


def decision_parts(
    one: Decision, naming: Naming, width: int | None, *, clashes: bool = True
) -> list[RenderableType]:
    """One decision: a line that says what, then a line for each field, conflicts after them."""
    parts, is_whole = _heads(one, width)
    told = _told(one) if is_whole else one.steps
    rows = [_step_row(one.side, step, naming, new=one.act is Act.CREATE) for step in told]
    rows += [_clash_row(clash, naming) for clash in one.clashes] if clashes else []
    said = one.reason if one.act is Act.LEAVE else None
    rows += [(name, _held_text(one, name, why)) for name, why in one.held.items() if why != said]
    if rows:
        parts.append(Padding(_rows(rows), (0, 0, 0, 4), expand=False))
    return parts


def _heads(one: Decision, width: int | None) -> tuple[list[RenderableType], bool]:
    """The line that says what, with the reason beside or below it; whether the title stands there whole."""
    sign, style = _SIGNS.get(one.act, ("·", "dim"))
    head = Text.assemble(
        (f"{sign} {word_of(one)}", style), "  ", (line(one.title) or "without title", "bold")
    )
    room = width if width is not None else head.cell_len + len(one.reason) + 2
    folds = width is None or _is_told_by_its_title(one)
    is_whole = folds or head.cell_len <= room
    reason = Text(line(one.reason), style="dim")
    if one.reason and head.cell_len + reason.cell_len + 2 <= room:
        head = Text.assemble(head, "  ", reason)
        reason = Text()
    head.no_wrap = not folds
    return [head, *([Padding(reason, (0, 0, 0, 4), expand=False)] if reason else [])], is_whole


def _told(one: Decision) -> Sequence[Step]:
    """Fields to show; what of a part the title says already is said once."""
    if one.entity == Entity.TASK.value or one.act is not Act.CREATE or not one.steps:
        return one.steps
    first = str(one.steps[0].new)
    is_said = one.title.endswith(first) and line(first) == first
    return one.steps[1:] if is_said or one.entity == Entity.RELATION.value else one.steps


def _is_told_by_its_title(one: Decision) -> bool:
    """Whether no field below the title says which one it is, so that no end of the title may be missing."""
    if one.entity == Entity.TASK.value:
        return False
    return one.entity == Entity.RELATION.value or one.act is not Act.CREATE


def _held_text(one: Decision, name: str, why: str) -> Text:
    if _comes_later(one, name):
        return Text("as soon as the task above it is in step", style="dim")
    return Text(line(why) if one.act is Act.WAIT else f"kept back: {line(why)}", style="dim")


def _comes_later(one: Decision, name: str) -> bool:
    """Parents are created before their children, so what a plan of both misses is there by then."""
    return one.act is Act.CREATE and name == "parent"


def word_of(one: Decision) -> str:
    """`update on right`; what is no task is called by its name: `create comment on right`."""
    kind = "" if one.entity == Entity.TASK.value else f" {one.entity.replace('_', ' ')}"
    if one.act is Act.WAIT:
        return f"{'left alone' if one.side else 'undecided'}{kind}"
    return f"{one.act.value}{kind} on {one.side}" if one.side else f"{one.act.value}{kind}"


def _rows(rows: Iterable[tuple[str, RenderableType]]) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(style="cyan", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in rows:
        table.add_row(line(name).removeprefix("custom:").replace("_", " "), value)
    return table


def _step_row(side: str, step: Step, naming: Naming, *, new: bool) -> tuple[str, RenderableType]:
    old, wanted = naming.say(side, step.field, step.old), naming.say(side, step.field, step.new)
    if "\n" in old or "\n" in wanted:
        text = _lines_changed(old, wanted)
    elif new:
        text = Text(_cut(wanted))
    else:
        text = Text.assemble((_cut(old) or "none", "dim"), (" → ", "yellow"), _cut(wanted) or "none")
    if step.note:
        text.append(f"  ({line(step.note)})", style="yellow")
    return step.field, text


def _cut(text: str) -> str:
    text = line(text)
    return text if len(text) <= _LONG else f"{text[:_LONG]}…"


def _lines_changed(old: str, new: str) -> Text:
    """Changed lines of a long text, as version control shows them."""
    before, after = clean(old).splitlines(), clean(new).splitlines()
    found = [one for one in difflib.ndiff(before, after) if one[:2] in {"- ", "+ "}]
    text = Text()
    for number, one in enumerate(found[:_DIFF_LINES]):
        text.append(("\n" if number else "") + _cut_line(one), style="red" if one[0] == "-" else "green")
    if len(found) > _DIFF_LINES:
        text.append(f"\n… {len(found) - _DIFF_LINES} more lines", style="dim")
    return text


def _cut_line(text: str) -> str:
    return text if len(text) <= _LONG else f"{text[:_LONG]}…"


def _clash_row(clash: Clash, naming: Naming) -> tuple[str, RenderableType]:
    left = _cut(naming.say("left", clash.field, clash.left)) or "none"
    right = _cut(naming.say("right", clash.field, clash.right)) or "none"
    if clash.winner == "merged":
        return clash.field, Text(f"both edits merged: {line(clash.note)}", style="magenta")
    outcome = f"{clash.winner} wins" if clash.winner else "somebody must decide"
    text = Text.assemble(("conflict ", "bold magenta"), "left ", (left, "bold"), ", right ", (right, "bold"))
    text.append(f": {outcome}", style="magenta")
    if clash.winner and clash.note:
        text.append(f" ({line(clash.note)})", style="dim")
    return clash.field, text


def held_lines(decisions: Sequence[Decision]) -> list[Text]:
    """What is not carried, one line for each field and reason."""
    counts = Counter(
        (name, why)
        for one in decisions
        for name, why in one.held.items()
        if one.act is not Act.WAIT and not _comes_later(one, name)
    )
    return [
        Text.assemble(
            ("kept back ", "yellow"),
            line(name).removeprefix("custom:").replace("_", " "),
            (f" · {line(why)}" + (f" ({count} tasks)" if count > 1 else ""), "dim"),
        )
        for (name, why), count in counts.most_common()
    ]


def counts_line(counts: Mapping[str, int], *, done: bool, undoes: bool = False) -> str:
    """`5 to create, 1 to update, among them 3 comments`, or what was done."""
    words = _DONE if done else {**_PLANNED, "wait": "left alone"} if undoes else _PLANNED
    table = {name: counts.get(name, 0) for name in words}
    if not done:  # plans count what is no task apart: `comment create`
        for kind in _KINDS:
            for act in table:
                table[act] += counts.get(f"{kind.value} {act}", 0)
    parts = [f"{number} {words[name]}" for name, number in table.items() if number]
    among = [count_line(number, one) for one in _KINDS if (number := _number(counts, one, done=done))]
    if parts and among:
        parts.append(f"among them {', '.join(among)}")
    return ", ".join(parts) or ("nothing was written" if done else "nothing to do")


def _number(counts: Mapping[str, int], kind: Entity, *, done: bool) -> int:
    if done:
        return counts.get(kind.plural, 0)
    return sum(counts.get(f"{kind.value} {act}", 0) for act in _WRITING)


def has_writes(planned: Mapping[str, int]) -> bool:
    """Whether a plan writes anything."""
    acts = {*_WRITING, "close"}
    return any(number and name.rpartition(" ")[2] in acts for name, number in planned.items())


# for programs


def result_dict(result: SyncResult) -> dict[str, Any]:
    """A plan or run, whole."""
    report = result.report
    return {
        "mapping_id": result.mapping.id,
        "state": report.state,
        "plan_id": report.plan_id or None,
        "run_id": report.run_id or None,
        "planned": dict(report.planned),
        "counts": dict(report.counts),
        "writes": report.writes,
        "reason": report.reason or None,
        "next_step": report.next_step or None,
        "decisions": [decision_dict(one) for one in report.decisions],
        "held": dict(report.held),
        "doubtful": [{"item": title, "reason": why} for title, why in result.doubtful.items()],
        "more_doubtful": report.more_doubtful,
    }


def decision_dict(one: Decision) -> dict[str, Any]:
    """One decision with ids and values as they are stored."""
    return {
        "act": one.act.value,
        "entity": one.entity,
        "side": one.side or None,
        "title": one.title,
        "id": one.remote_id or None,
        "link_id": one.link_id,
        "reason": one.reason or None,
        "fields": [
            {"field": step.field, "old": step.old, "new": step.new, "note": step.note or None}
            for step in one.steps
        ],
        "held": dict(one.held),
        "conflicts": [
            {
                "field": clash.field,
                "left": clash.left,
                "right": clash.right,
                "base": clash.base,
                "winner": clash.winner or None,
                "note": clash.note or None,
            }
            for clash in one.clashes
        ],
    }


# conflicts


def conflict_dict(one: ConflictView) -> dict[str, Any]:
    """A conflict, whole."""
    found = one.conflict
    return {
        "id": found.id,
        "mapping_id": found.mapping_id,
        "title": one.title,
        "left_id": one.left_id,
        "right_id": one.right_id,
        "field": found.field,
        "left": _inner(found.left_value),
        "right": _inner(found.right_value),
        "base": _inner(found.base_value),
        "state": found.state,
        "decision": found.decision,
        "note": found.note,
        "created_at": plain(found.created_at),
        "resolved_at": plain(found.resolved_at),
    }


def _inner(value: Any) -> Any:
    return value.get("value") if isinstance(value, Mapping) else value


def value_text(name: str, value: Any, naming: Naming | None = None, side: str = "left") -> str:
    """A stored value for people."""
    return (naming or Naming()).say(side, name, _inner(value))


def conflict_parts(one: ConflictView) -> list[tuple[str, Text | str]]:
    """A conflict as names and values."""
    found = one.conflict
    values: list[tuple[str, Any]] = [
        ("base", found.base_value),
        ("left", found.left_value),
        ("right", found.right_value),
    ]
    say: Callable[[Any], str] = lambda value: value_text(found.field, value) or "none"  # noqa: E731
    facts: list[tuple[str, Text | str]] = [
        ("id", found.id),
        ("item", f"{line(one.title)} ({one.left_id} = {one.right_id})"),
        ("field", found.field),
        *((name, Text(clean(say(value)))) for name, value in values),
        ("state", found.state),
        ("decision", found.decision or ""),
        ("note", found.note or ""),
        ("seen", short(found.created_at) or ""),
    ]
    return [(name, value) for name, value in facts if value]
