"""Commands about installation and connection: health, providers, capabilities, config, db, sandbox."""

from __future__ import annotations

import re
from typing import Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from pm_providers.contract import BasePMProvider, Capabilities, Capability, HealthReport, Support
from pm_providers.errors import ConfigurationError, PMError
from pm_providers.model import Entity
from pm_providers.registry import config_from_environment, provider_class, provider_names
from pm_providers.service.matrix import capability_tables
from pm_providers.service.settings import chosen_provider, describe_settings, env_file
from pm_providers.surfaces.cli.failures import UsageError, describe
from pm_providers.surfaces.cli.options import Group, command
from pm_providers.surfaces.cli.state import State
from pm_providers.surfaces.cli.tables import grid, plain_table
from pm_providers.surfaces.cli.text import plain, record_dict

__all__ = ["add_commands"]

_PANEL = "Installation and connection"
_SUPPORT_STYLES = {
    Support.NATIVE: ("● native", "green"),
    Support.MAPPED: ("◆ mapped", "cyan"),
    Support.READ_ONLY: ("◐ read only", "yellow"),
    Support.UNSUPPORTED: ("○ unsupported", "red"),
}


def add_commands(app: typer.Typer) -> None:
    """Register all of them."""
    command(app, "health", rich_help_panel=_PANEL)(health)
    command(app, "providers", rich_help_panel=_PANEL)(providers)
    command(app, "capabilities", rich_help_panel=_PANEL)(capabilities)
    config = typer.Typer(cls=Group, no_args_is_help=True, help="Settings.")
    command(config, "show")(config_show)
    app.add_typer(config, name="config", rich_help_panel=_PANEL)
    db = typer.Typer(cls=Group, no_args_is_help=True, help="The internal database.")
    command(db, "upgrade")(db_upgrade)
    command(db, "current")(db_current)
    app.add_typer(db, name="db", rich_help_panel=_PANEL)
    command(app, "sandbox", rich_help_panel=_PANEL)(sandbox)


# health


def health(state: State) -> None:
    """Ask the system who we are; exit code 0 only when it answers."""

    async def work(provider: BasePMProvider) -> HealthReport:
        try:
            await provider.connect()
        except PMError as error:
            return HealthReport(ok=False, provider=provider.name, error=error)
        return await provider.check_health()

    report = state.call(work, connect=False)
    if state.as_json:
        state.write_json(_health_dict(report))
    elif report.ok:
        state.show(grid(_health_facts(report)))
    if report.error is not None:
        raise report.error


def _health_dict(report: HealthReport) -> dict[str, Any]:
    return {
        "ok": report.ok,
        "provider": report.provider,
        "user": record_dict(report.user) if report.user else None,
        "latency_ms": report.latency_ms,
        "version": report.version,
        "quota_limit": report.quota_limit,
        "quota_remaining": report.quota_remaining,
        "quota_reset_at": plain(report.quota_reset_at),
        "details": dict(report.details),
        "error": describe(report.error) if report.error else None,
    }


def _health_facts(report: HealthReport) -> list[tuple[str, str | Text]]:
    user = report.user
    facts: list[tuple[str, str | Text]] = [
        ("provider", report.provider),
        ("health", Text("ok", style="green")),
        ("user", f"{user.name} ({user.id})" if user else ""),
        ("latency", f"{report.latency_ms or 0:.1f} ms"),
        ("version", report.version or ""),
    ]
    if report.quota_limit is not None:
        facts.append(("quota", _quota_text(report)))
    facts += [(name, value) for name, value in report.details.items()]
    return [(name, value) for name, value in facts if value]


def _quota_text(report: HealthReport) -> str:
    """Some systems tell the limit alone."""
    if report.quota_remaining is None:
        return f"{report.quota_limit} requests"
    return f"{report.quota_remaining} of {report.quota_limit} requests left"


# providers


def providers(state: State) -> None:
    """List the systems that this installation can talk to, plug-ins included."""
    found = [_provider_dict(name) for name in provider_names()]
    if state.as_json:
        state.write_json(found)
        return
    table = plain_table()
    for head in ("name", "system", "state", "settings"):
        table.add_column(head, overflow="fold")
    for one in found:
        style = "green" if one["state"] == "ready" else "yellow"
        names = " ".join(setting["name"] for setting in one["settings"])
        word = "needs settings" if one["state"].startswith("needs ") else one["state"]
        table.add_row(one["name"], one["title"] or "", Text(word, style=style), names)
    state.show(table)
    state.note("`pm-providers -p NAME config show` says what each setting is for")


def _provider_dict(name: str) -> dict[str, Any]:
    """`state` is `ready`, or what is missing."""
    try:
        found = provider_class(name)
    except ConfigurationError as error:
        return {"name": name, "title": None, "state": error.message, "settings": []}
    try:
        config_from_environment(name)
        ready = "ready"
    except ConfigurationError as error:
        ready = f"needs {error.setting}" if error.setting else error.message
    settings = [
        {
            "name": one.env,
            "required": one.required,
            "secret": one.secret,
            "help": one.help,
            "example": one.example,
        }
        for one in found.SETTINGS
    ]
    return {"name": name, "title": found.title, "state": ready, "settings": settings}


# capabilities


def capabilities(
    state: State,
    *,
    fields: Annotated[
        bool, typer.Option("--fields", help="Fields too, not only operations.", metavar="")
    ] = False,
    connect: Annotated[
        bool,
        typer.Option(
            "--connect", help="What this connection can do, not what the system can do at best.", metavar=""
        ),
    ] = False,
    markdown: Annotated[
        bool, typer.Option("--markdown", help="All providers as Markdown tables.", metavar="")
    ] = False,
) -> None:
    """Show what a system can do, and why not where it cannot."""
    if markdown:
        state.write(capability_tables({name: provider_class(name) for name in provider_names()}))
        return
    name = chosen_provider(state.provider)

    async def work(provider: BasePMProvider) -> Capabilities:
        return provider.capabilities

    found = state.call(work) if connect else provider_class(name).CAPABILITIES
    if state.as_json:
        state.write_json(_capabilities_dict(name, found))
        return
    state.show(_capability_table("operation", found.operations.items()))
    for entity in Entity if fields else ():
        state.show(Text(f"\n{entity.plural.replace('_', ' ')}", style="bold"))
        state.show(_capability_table("field", found.fields[entity].items()))


def _capability_table(head: str, items: Any) -> Table:
    table = plain_table()
    table.add_column(head, no_wrap=True)
    table.add_column("support", no_wrap=True)
    table.add_column("note", overflow="fold")
    for name, capability in items:
        label, style = _SUPPORT_STYLES[capability.support]
        table.add_row(name, Text(label, style=style), capability.note)
    return table


def _capabilities_dict(name: str, found: Capabilities) -> dict[str, Any]:
    def table(items: Any) -> dict[str, Any]:
        return {key: _capability_dict(one) for key, one in items}

    return {
        "provider": name,
        "operations": table(found.operations.items()),
        "fields": {entity.value: table(found.fields[entity].items()) for entity in Entity},
        "limits": plain(found.limits) | {"lengths": dict(found.limits.lengths)},
        "changes": plain(found.changes),
        "text_format": found.text_format,
        "conventions": dict(found.conventions),
    }


def _capability_dict(capability: Capability) -> dict[str, str]:
    return {"support": capability.support.value, "note": capability.note}


# config


def config_show(state: State) -> None:
    """Show the settings in force and where each comes from; secrets are masked."""
    name = chosen_provider(state.provider)
    settings = describe_settings(state.provider)
    path = env_file()
    if state.as_json:
        state.write_json({"provider": name, "env_file": path, "settings": plain(settings)})
        return
    table = plain_table()
    for head in ("setting", "value", "from", "meaning"):
        table.add_column(head, overflow="fold", no_wrap=head in {"setting", "from"})
    for one in settings:
        origin = Text(one.origin, style="" if one.value is not None else "red" if one.required else "dim")
        meaning = f"{one.help} (required)" if one.required else one.help
        table.add_row(one.name, Text(one.value or ""), origin, meaning)
    state.show(table)
    state.note(f".env file: {path}" if path else "no .env file found")


# db


def _safe_url() -> str:
    from sqlalchemy.engine import make_url

    from pm_providers.database import database_url

    return make_url(database_url()).render_as_string(hide_password=True)


def db_upgrade(
    state: State,
    *,
    revision: Annotated[
        str, typer.Option("--revision", help="Up to this revision.", metavar="REVISION")
    ] = "head",
) -> None:
    """Create the tables, or bring them up to date."""
    from pm_providers.database import upgrade

    _show_revision(state, upgrade(revision=revision))


def db_current(state: State) -> None:
    """Show the revision of the database's tables."""
    from pm_providers.database import current

    _show_revision(state, current())


def _show_revision(state: State, revision: str | None) -> None:
    from pm_providers.database import HEAD

    address = _safe_url()
    found = {
        "database": address,
        "revision": revision,
        "head": HEAD,
        "up_to_date": revision == HEAD,
    }
    if state.as_json:
        state.write_json(found)
        return
    status = Text("up to date", style="green")
    if revision != HEAD:
        status = Text(f"behind {HEAD}: run `pm-providers db upgrade`", style="yellow")
    state.show(grid([("database", address), ("revision", revision or "none"), ("state", status)]))


# sandbox


def _sandboxes() -> list[str]:
    try:
        from pm_providers.sandbox import SANDBOXES
    except ModuleNotFoundError:  # without the extra there is nothing to complete
        return []
    return sorted(SANDBOXES)


def sandbox(
    state: State,
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="Vendor, for example jira.", autocompletion=_sandboxes)
    ],
    *,
    host: Annotated[
        str, typer.Option("--host", help="Address to listen on.", metavar="ADDRESS")
    ] = "127.0.0.1",
    port: Annotated[
        int, typer.Option("--port", help="Port; 0 takes a free one.", min=0, max=65535, metavar="N")
    ] = 0,
    dataset: Annotated[
        str,
        typer.Option(
            "--dataset", help="empty or demo.", metavar="NAME", autocompletion=lambda: ["empty", "demo"]
        ),
    ] = "demo",
    scale: Annotated[int, typer.Option("--scale", help="So many more tasks.", min=0, metavar="N")] = 0,
    latency_ms: Annotated[
        float, typer.Option("--latency-ms", help="Wait before each answer.", min=0, metavar="MS")
    ] = 0,
    quota: Annotated[
        str | None, typer.Option("--quota", help="Requests a minute, or N/SECONDS.", metavar="N")
    ] = None,
    fault: Annotated[
        list[str] | None,
        typer.Option("--fault", help="Trouble to inject: KIND;match=REGEX;times=N. Repeat.", metavar="SPEC"),
    ] = None,
    server_version: Annotated[
        str | None,
        typer.Option("--server-version", help="Version of the vendor's server to be.", metavar="X.Y"),
    ] = None,
    plan: Annotated[
        str | None,
        typer.Option("--plan", help="What the account has paid for, for example free.", metavar="NAME"),
    ] = None,
    seed: Annotated[int, typer.Option("--seed", help="Of everything random.", metavar="N")] = 0,
) -> None:
    """Serve a stand-in of a vendor's API, print its settings as NAME=value lines, until interrupted."""
    try:
        from pm_providers.sandbox import SANDBOXES
        from pm_providers.sandbox.kit import Quota
    except ModuleNotFoundError as error:
        raise ConfigurationError(
            f"the sandbox needs {error.name}: pip install 'pm-providers[sandbox]'"
        ) from None
    if name not in SANDBOXES:
        raise UsageError(f"no sandbox {name!r}; there are: {', '.join(sorted(SANDBOXES))}")
    options: dict[str, Any] = {"dataset": dataset, "scale": scale, "latency_ms": latency_ms, "seed": seed}
    options |= {"faults": fault or (), **({"version": server_version} if server_version else {})}
    options |= {"plan": plan} if plan else {}
    try:
        limit, window = _quota(quota)
        box_ = SANDBOXES[name](**options, quota=Quota(limit, window_s=window) if limit else None)
    except ValueError as error:
        raise UsageError(str(error)) from None
    state.note(f"{name} sandbox; stop it with Ctrl+C")
    try:
        box_.run(host=host, port=port)
    except OSError as error:
        why = (error.strerror or str(error)).partition(" (")[0]
        raise UsageError(f"cannot listen on {host}:{port}: {why[:1].lower()}{why[1:]}") from None


def _quota(text: str | None) -> tuple[int, int]:
    if text is None:
        return 0, 0
    found = re.fullmatch(r"(\d{1,9})(?:/(\d{1,6}))?", text.strip())
    if found is None or int(found[1]) == 0:
        raise ValueError(f"--quota: {text!r} is neither a number nor N/SECONDS, for example 100 or 10/1")
    return int(found[1]), int(found[2] or 60)
