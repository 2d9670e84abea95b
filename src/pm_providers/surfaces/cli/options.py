"""Options built from the models: one for each field, and the global ones on every command."""

from __future__ import annotations

import functools
import inspect
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from inspect import Parameter
from typing import Annotated, Any

import typer
import typer.core

from pm_providers.model import (
    INVERSE_RELATIONS,
    MODELS,
    Entity,
    FieldKind,
    FieldSpec,
    Owner,
    PMChecklistItem,
    field_specs,
)
from pm_providers.registry import provider_names
from pm_providers.surfaces.cli.state import State

__all__ = [
    "Group",
    "argument",
    "command",
    "field_help",
    "field_options",
    "given_fields",
    "known_providers",
    "option",
    "settable",
]

_GLOBAL = "Global options"
_HELP_LEFT_OUT = re.compile(r";? required on creation(, fixed after)?")
_ALIASES = {
    "label_ids": "--label",
    "items": "--item",
    "from_task_id": "--from",
    "to_task_id": "--to",
    "roles": "--role",
}
_METAVARS = {
    FieldKind.TEXT: "TEXT",
    FieldKind.CHOICE: "VALUE",
    FieldKind.INTEGER: "N",
    FieldKind.NUMBER: "N",
    FieldKind.DATE: "YYYY-MM-DD",
    FieldKind.HOURS: "HOURS",
    FieldKind.ID: "ID",
    FieldKind.IDS: "ID",
    FieldKind.NAMES: "NAME",
    FieldKind.ITEMS: "TITLE",
    FieldKind.MARKDOWN: "TEXT|-",
}
_LISTS = frozenset({FieldKind.IDS, FieldKind.NAMES, FieldKind.ITEMS})
_TYPES: dict[FieldKind, Any] = {
    FieldKind.IDS: list[str] | None,
    FieldKind.NAMES: list[str] | None,
    FieldKind.ITEMS: list[str] | None,
    FieldKind.HOURS: float | None,
    FieldKind.NUMBER: float | None,
    FieldKind.INTEGER: int | None,
    FieldKind.FLAG: bool | None,
}


class _Command(typer.core.TyperCommand):
    def get_params(self, ctx: Any) -> list[Any]:
        return _without_types(super().get_params(ctx))


class Group(typer.core.TyperGroup):
    """A group of commands whose help names no type beside `--help` and other plain flags."""

    def get_params(self, ctx: Any) -> list[Any]:
        """Its parameters, as the help shows them."""
        return _without_types(super().get_params(ctx))


def _without_types(parameters: list[Any]) -> list[Any]:
    for one in parameters:
        if getattr(one, "is_flag", False) and one.metavar is None:
            one.metavar = ""
        if isinstance(one, typer.core.TyperArgument):  # its name says more than `<list[str]>`
            vars(one)["display_type_rich"] = _no_type
    return parameters


def _no_type(ctx: Any) -> None:  # noqa: ARG001 - called so by the help
    return None


def known_providers() -> list[str]:
    """Names that can follow `--provider`, for shell completion."""
    return list(provider_names())


def option(name: str, kind: Any, help_text: str, *flags: str, default: Any = None, **more: Any) -> Parameter:
    """A parameter that is an option; `...` as default makes it required."""
    if kind is bool:
        more.setdefault("metavar", "")
    info = typer.Option(*flags, help=help_text, **more)
    value = Parameter.empty if default is ... else default
    return Parameter(name, Parameter.KEYWORD_ONLY, default=value, annotation=Annotated[kind, info])


def argument(name: str, kind: Any, help_text: str, **more: Any) -> Parameter:
    """A parameter that is a required argument."""
    info = typer.Argument(help=help_text, metavar=name.upper(), **more)
    return Parameter(name, Parameter.KEYWORD_ONLY, annotation=Annotated[kind, info])


def _global_flag(name: str, help_text: str, *flags: str) -> Parameter:
    return option(name, bool, help_text, *flags, default=False, rich_help_panel=_GLOBAL)


_GLOBALS = (
    option(
        "provider", str | None, "System to use, instead of PM_PROVIDER.", "--provider", "-p",
        metavar="NAME", rich_help_panel=_GLOBAL, autocompletion=known_providers,
    ),
    _global_flag("as_json", "JSON for programs.", "--json"),
    _global_flag("quiet", "No notes, no progress.", "--quiet", "-q"),
    _global_flag("no_color", "No colours.", "--no-color"),
    _global_flag("debug", "Tracebacks of errors.", "--debug"),
)  # fmt: skip


def command(
    group: typer.Typer, name: str, *, extra: Sequence[Parameter] = (), **settings: Any
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Register `function(state, ...)` as a command, with `extra` parameters and the global options."""

    def register(function: Callable[..., None]) -> Callable[..., None]:
        own = list(inspect.signature(function, eval_str=True).parameters.values())[1:]
        named = [one for one in own if one.kind is not Parameter.VAR_KEYWORD]
        context = Parameter("ctx", Parameter.POSITIONAL_OR_KEYWORD, annotation=typer.Context)
        parameters = [context, *(_keyword(one) for one in (*named, *extra, *_GLOBALS))]

        @functools.wraps(function)
        def wrapper(ctx: typer.Context, **given: Any) -> None:
            state: State = ctx.obj
            state.merge(**{one.name: given.pop(one.name) for one in _GLOBALS})
            function(state, **given)

        vars(wrapper)["__signature__"] = inspect.Signature(parameters)
        wrapper.__annotations__ = {one.name: one.annotation for one in parameters}
        group.command(name, cls=_Command, **settings)(wrapper)
        return wrapper

    return register


def _keyword(parameter: Parameter) -> Parameter:
    if parameter.kind is Parameter.POSITIONAL_OR_KEYWORD and parameter.name != "ctx":
        return parameter.replace(kind=Parameter.KEYWORD_ONLY)
    return parameter


def field_help(model: type) -> Mapping[str, str]:
    """Field -> what its docstring says about it, on one line."""
    section = inspect.getdoc(model) or ""
    _, _, attributes = section.partition("Attributes:\n")
    found: dict[str, str] = {}
    for match in re.finditer(r"^ {4}(\w+): (.*(?:\n {8,}.*)*)", attributes, re.MULTILINE):
        text = " ".join(match[2].split()).replace("`", "")
        text = _HELP_LEFT_OUT.sub("", text)
        found[match[1]] = text[:1].upper() + text[1:]
    return found


def settable(entity: Entity, *, creating: bool) -> dict[str, FieldSpec]:
    """Fields that have an option: those that callers write; custom fields have `--set`."""
    owners = {Owner.CALLER, Owner.CREATOR} if creating else {Owner.CALLER}
    return {
        name: spec
        for name, spec in field_specs(MODELS[entity]).items()
        if spec.owner in owners and spec.kind not in {FieldKind.MAP, FieldKind.OPAQUE}
    }


def field_options(entity: Entity, *, creating: bool, leave_out: Sequence[str] = ()) -> list[Parameter]:
    """One option for each field that callers write."""
    texts = field_help(MODELS[entity])
    return [
        _field_option(spec, texts.get(name, ""), required=creating and spec.required)
        for name, spec in settable(entity, creating=creating).items()
        if name not in leave_out
    ]


def _field_option(spec: FieldSpec, text: str, *, required: bool) -> Parameter:
    dashed = spec.name.replace("_", "-")
    flags = [f"--{dashed}/--no-{dashed}" if spec.kind is FieldKind.FLAG else f"--{dashed}"]
    alias = _ALIASES.get(spec.name) or (_short(spec.name) if spec.name.endswith("_id") else None)
    if alias:
        flags.append(alias)
    if spec.choices:
        inverse = tuple(INVERSE_RELATIONS) if spec.name == "type" else ()
        text += f" One of: {', '.join((*spec.choices, *inverse))}."
    if spec.kind in _LISTS:
        text += " Repeat for several."
    if spec.kind is FieldKind.MARKDOWN:
        text += " - reads standard input."
    more: dict[str, Any] = {"metavar": _METAVARS.get(spec.kind, "")}
    if spec.choices:
        more["autocompletion"] = lambda: list(spec.choices)
    kind = str if required and spec.kind not in _TYPES else _TYPES.get(spec.kind, str | None)
    if required and spec.kind is FieldKind.HOURS:
        kind = float
    required = required and not (spec.choices and spec.name == "type")
    return option(spec.name, kind, text, *flags, default=... if required else None, **more)


def _short(name: str) -> str:
    word = name.removesuffix("_id").removesuffix("_task").removesuffix("_project")
    return f"--{word}"


def given_fields(entity: Entity, given: Mapping[str, Any], *, creating: bool) -> dict[str, Any]:
    """Values of the options that were used, as the model takes them.

    Raises:
        typer.BadParameter: a date is no date.
    """
    found: dict[str, Any] = {}
    for name, spec in settable(entity, creating=creating).items():
        value: Any = given.get(name)
        if value is None or (spec.kind in _LISTS and not value):
            continue
        if spec.kind is FieldKind.DATE:
            value = _date(name, value)
        elif spec.kind is FieldKind.MARKDOWN and value == "-":
            value = sys.stdin.read()
        elif spec.kind is FieldKind.ITEMS:
            value = [PMChecklistItem(title=one) for one in value]
        found[name] = list(value) if spec.kind in _LISTS else value
    return found


def _date(name: str, value: str) -> date:
    try:
        return date.fromisoformat(value)
    except ValueError:
        hint = f"--{name.replace('_', '-')}"
        raise typer.BadParameter(f"{value!r} is no date (YYYY-MM-DD)", param_hint=hint) from None
