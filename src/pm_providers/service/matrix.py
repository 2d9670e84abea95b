"""The support matrix, generated from what the providers declare.

`python -m pm_providers.service.matrix --write FILE...` replaces the generated parts of the files, which stand
between `<!-- NAME:start -->` and `<!-- NAME:end -->`; `--check FILE...` fails when one is out of date. Names
are `support-matrix` (a few rows, for a README) and `capabilities` (every operation and field, with reasons).
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import methodcaller
from pathlib import Path

from pm_providers.contract import OPERATIONS, BasePMProvider, Capabilities, Capability, Support
from pm_providers.errors import PMError
from pm_providers.model import MODELS, Entity, Owner, field_specs
from pm_providers.registry import provider_class, provider_names

__all__ = ["BLOCKS", "capability_tables", "main", "own_providers", "render", "support_matrix"]

Providers = Mapping[str, type[BasePMProvider]]

_SYMBOLS = {Support.NATIVE: "●", Support.MAPPED: "◆", Support.READ_ONLY: "◐", Support.UNSUPPORTED: "○"}
_LEGEND = "● native · ◆ by a documented convention · ◐ read only · ○ not supported, refused by name"
_VERBS = frozenset({"get", "create", "update", "delete", "download", "add", "remove"})
_GROUPS: dict[str, tuple[str, ...]] = {
    "Watchers": ("list_watchers", "add_watcher", "remove_watcher"),
    "Search": ("search_tasks",),
    "Discovery": ("list_statuses", "list_priorities", "list_types", "list_transitions", "list_fields"),
    "Batch": ("create_tasks", "update_tasks", "delete_tasks"),
    "Changes": ("changes",),
    "Raw requests": ("request",),
}


def own_providers() -> dict[str, type[BasePMProvider]]:
    """Registered providers of this package, by name, the internal one first. Plug-ins are left out."""
    names = sorted(provider_names(), key=lambda name: (name != "internal", name))
    found = {name: provider_class(name) for name in names}
    return {name: one for name, one in found.items() if one.__module__.startswith("pm_providers.")}


def _title(entity: Entity) -> str:
    return entity.plural.replace("_", " ").capitalize()


def _operations(entity: Entity) -> tuple[str, ...]:
    """Operations of one kind of record, in reading order."""
    verbs = ("get", "create", "update", "delete", "download")
    names = {f"list_{entity.plural}", *(f"{verb}_{entity.value}" for verb in verbs)}
    if entity is Entity.USER:
        names.add("get_current_user")
    return tuple(name for name in OPERATIONS if name in names)


def support_matrix(providers: Providers) -> str:
    """A few rows: one for each kind of record and group of operations, one column for each provider."""
    caps = [one.CAPABILITIES for one in providers.values()]
    rows = [
        [_title(entity), *(_summary(one, _operations(entity), entity) for one in caps)] for entity in Entity
    ]
    rows += [[title, *(_summary(one, names) for one in caps)] for title, names in _GROUPS.items()]
    rows.append(["Deletes are seen by", *(one.changes.deletes for one in caps)])
    rows.append(["Text is stored as", *(one.text_format for one in caps)])
    heads = ["", *(one.title for one in providers.values())]
    legend = (
        "● all operations · ◆ all, some by a documented convention · ◐ some · ○ none · "
        "8/12: 8 of the 12 fields that callers set can be written"
    )
    return f"{_table(heads, rows)}\n\n{legend}"


def _summary(caps: Capabilities, names: Sequence[str], entity: Entity | None = None) -> str:
    missing = [name for name in names if not caps.supports(name)]
    if len(missing) == len(names):
        return "○"
    full = "◆" if any(caps.operation(name).support is Support.MAPPED for name in names) else "●"
    if entity is None:
        return f"◐ no {_listed(missing)}" if missing else full
    if {"create", "update", "delete"} <= {_verb(name) for name in missing}:
        return "◐ read only"
    count = _field_count(caps, entity)
    return f"◐ {count}, no {_listed(missing)}" if missing else f"{full} {count}"


def _listed(names: Sequence[str]) -> str:
    return ", ".join(_verb(name) for name in names)


def _verb(name: str) -> str:
    verb, _, rest = name.partition("_")
    return verb if verb in _VERBS else rest.replace("_", " ")


def _field_count(caps: Capabilities, entity: Entity) -> str:
    specs = field_specs(MODELS[entity])
    settable = [name for name in caps.fields[entity] if specs[name].owner is not Owner.SERVER]
    writable = [name for name in settable if caps.field(entity, name).is_writable]
    return f"{len(writable)}/{len(settable)}"


def capability_tables(providers: Providers) -> str:
    """Every operation and every field, with the reason of each that is not native."""
    notes = _Notes()
    parts = [_LEGEND, "", "## Operations", ""]
    groups = {_title(entity): _operations(entity) for entity in Entity} | _GROUPS
    rows = []
    for title, names in groups.items():
        rows += [
            [
                title if name == names[0] else "",
                f"`{name}`",
                *notes.cells(providers, methodcaller("operation", name)),
            ]
            for name in names
        ]
    heads = [one.title for one in providers.values()]
    parts += [_table(["", "operation", *heads], rows), "", "## Fields", ""]
    for entity in Entity:
        parts += [f"### {_title(entity)}", "", _field_table(providers, heads, entity, notes), ""]
    parts += ["## Limits and change detection", "", _limits(providers), ""]
    parts += _conventions(providers)
    parts += ["## Notes", "", *notes.lines()]
    return "\n".join(parts)


def _field_table(providers: Providers, heads: list[str], entity: Entity, notes: _Notes) -> str:
    rows = []
    for name, spec in field_specs(MODELS[entity]).items():
        if name in {"id", "raw_data"}:
            continue
        owner = {Owner.SERVER: "set by the system", Owner.CREATOR: "set on creation"}.get(spec.owner, "")
        cells = notes.cells(providers, methodcaller("field", entity, name))
        rows.append([f"`{name}`", spec.kind.value, owner, *cells])
    return _table(["field", "kind", "", *heads], rows)


class _Notes:
    """Numbered reasons; the same reason of the same provider has one number."""

    def __init__(self) -> None:
        self._numbers: dict[tuple[str, str], int] = {}

    def cells(self, providers: Providers, pick: Callable[[Capabilities], Capability]) -> list[str]:
        """One cell for each provider: symbol, and number of the note."""
        return [self._cell(one.title, pick(one.CAPABILITIES)) for one in providers.values()]

    def _cell(self, title: str, capability: Capability) -> str:
        symbol = _SYMBOLS[capability.support]
        if not capability.note:
            return symbol
        number = self._numbers.setdefault((title, capability.note), len(self._numbers) + 1)
        return f"{symbol} <sup>{number}</sup>"

    def lines(self) -> list[str]:
        """The notes as a numbered list."""
        return [f"{number}. {title}: {_inline(note)}" for (title, note), number in self._numbers.items()]


def _limits(providers: Providers) -> str:
    caps = [one.CAPABILITIES for one in providers.values()]
    rows = [
        ["records in a page", *(_bound(one.limits.page_size) for one in caps)],
        ["records in a bulk call", *(_bound(one.limits.batch_size) for one in caps)],
        ["requests in flight", *(_bound(one.limits.concurrency) for one in caps)],
        ["assignees of a task", *(_bound(one.limits.assignees) for one in caps)],
        ["labels of a task", *(_bound(one.limits.labels) for one in caps)],
        ["bytes of an attachment", *(_bound(one.limits.attachment_bytes) for one in caps)],
        ["longest texts", *(_lengths(one.limits.lengths) for one in caps)],
        ["types of relations", *(", ".join(one.limits.relation_types) or "○" for one in caps)],
        ["quota", *(_inline(one.limits.quota) or "○" for one in caps)],
        ["upserts are seen by", *(one.changes.upserts for one in caps)],
        ["deletes are seen by", *(one.changes.deletes for one in caps)],
        ["precision of changes", *(f"{one.changes.precision_s:g} s" for one in caps)],
        ["webhooks", *(", ".join(one.changes.webhooks) or "○" for one in caps)],
        ["text is stored as", *(one.text_format for one in caps)],
    ]
    return _table(["", *(one.title for one in providers.values())], rows)


def _bound(value: int | None) -> str:
    return "no bound" if value is None else f"{value:,}"


def _lengths(lengths: Mapping[str, int]) -> str:
    return ", ".join(f"`{name}` {most:,}" for name, most in sorted(lengths.items())) or "no bound"


def _conventions(providers: Providers) -> list[str]:
    found = [
        f"- {one.title}, {name}: {_inline(text)}"
        for one in providers.values()
        for name, text in sorted(one.CAPABILITIES.conventions.items())
    ]
    return ["## Conventions", "", *found, ""] if found else []


def _inline(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


BLOCKS: dict[str, Callable[[Providers], str]] = {
    "support-matrix": support_matrix,
    "capabilities": capability_tables,
}
"""Name of a generated part -> what writes it."""


def render(text: str, providers: Providers) -> tuple[str, int]:
    """The text with its generated parts made anew, and how many of them it has."""
    found = 0
    for name, write in BLOCKS.items():
        start, end = f"<!-- {name}:start -->\n", f"<!-- {name}:end -->"
        head, opened, rest = text.partition(start)
        _, closed, tail = rest.partition(end)
        if opened and closed:
            text = f"{head}{start}{write(providers)}\n{end}{tail}"
            found += 1
    return text, found


def main(arguments: Sequence[str]) -> int:
    """Run `--write FILE...` or `--check FILE...`; returns the exit code."""
    if len(arguments) < 2 or arguments[0] not in {"--write", "--check"}:  # noqa: PLR2004 - option and a file
        sys.stderr.write("usage: python -m pm_providers.service.matrix --write|--check FILE...\n")
        return 2
    try:
        providers = own_providers()
        return max(_handle(Path(name), providers, write=arguments[0] == "--write") for name in arguments[1:])
    except (OSError, PMError) as error:
        sys.stderr.write(f"error: {error}\n")
        return 2


def _handle(path: Path, providers: Providers, *, write: bool) -> int:
    before = path.read_text(encoding="utf-8")
    after, found = render(before, providers)
    if not found:
        sys.stderr.write(f"error: {path} has no generated part; known are {', '.join(BLOCKS)}\n")
        return 2
    if before == after:
        return 0
    if write:
        path.write_text(after, encoding="utf-8")
        return 0
    sys.stderr.write(f"error: {path} is out of date; write it anew with `make matrix`\n")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
