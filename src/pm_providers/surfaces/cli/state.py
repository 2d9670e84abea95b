"""What holds for one run of the command line: options, output, and the edge where the event loop runs."""

from __future__ import annotations

import asyncio
import re
import sys
import traceback
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, NoReturn, TextIO, TypeVar, cast

from rich.console import Console, RenderableType
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TaskID, TextColumn
from rich.text import Text

from pm_providers.contract import BasePMProvider
from pm_providers.errors import PMError
from pm_providers.model import Record
from pm_providers.registry import build_pm_provider
from pm_providers.service.settings import secret_values
from pm_providers.surfaces.cli.failures import OutputClosedError, describe, one_line
from pm_providers.surfaces.cli.text import clean, line, plain, to_json
from pm_providers.transport.redact import redact

__all__ = ["ProgressCall", "State"]

T = TypeVar("T")

_WIDE = 10_000
_BLANKS = re.compile(r"[ \t]+$", re.MULTILINE)
ProgressCall = Callable[[str, int, int | None], None]


class _Console(Console):
    def on_broken_pipe(self) -> NoReturn:
        raise OutputClosedError


class _Trimmed:
    """A text stream that gets no blanks at the ends of lines: tables fill their cells with them."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        return self._stream.write(_BLANKS.sub("", text))


@dataclass(slots=True)
class State:
    """Options of this run and everything that prints.

    Attributes:
        provider: name given by `--provider`; else the environment decides.
        as_json: programs read the output.
        debug: show tracebacks.
        quiet: no notes on stderr, only errors; no progress.
        no_color: no colours.
        secrets: values that are masked in whatever is printed.
    """

    provider: str | None = None
    as_json: bool = False
    debug: bool = False
    quiet: bool = False
    no_color: bool = False
    secrets: set[str] = field(default_factory=set)
    _out: Console | None = None
    _err: Console | None = None

    def merge(self, *, provider: str | None, as_json: bool, debug: bool, quiet: bool, no_color: bool) -> None:
        """Take options over; they may stand before or after the command."""
        self.provider = provider or self.provider
        self.as_json = self.as_json or as_json
        self.debug = self.debug or debug
        self.quiet = self.quiet or quiet
        self.no_color = self.no_color or no_color
        self._out = self._err = None

    # output

    @property
    def out(self) -> Console:
        """Standard output. Tables are as wide as they need where it is no terminal."""
        if self._out is None:
            self._out = self.console(width=None if sys.stdout.isatty() else _WIDE)
        return self._out

    @property
    def width(self) -> int | None:
        """Characters of a line of standard output; `None` where it is no terminal."""
        return self.out.width if sys.stdout.isatty() else None

    @property
    def err(self) -> Console:
        """Standard error: notes, warnings, errors, progress."""
        if self._err is None:
            self._err = self.console(stderr=True)
        return self._err

    def console(self, *, width: int | None = None, stderr: bool = False) -> Console:
        """A console with the options of this run; as wide as the terminal unless `width` says otherwise."""
        stream = sys.stderr if stderr else sys.stdout
        return _Console(
            file=stream if stream.isatty() else cast("TextIO", _Trimmed(stream)),
            width=width,
            no_color=self.no_color or None,
            highlight=False,
            markup=False,
            emoji=False,
        )

    def show(self, *parts: RenderableType) -> None:
        """Print for people."""
        for part in parts:
            text = Text(clean(part)) if isinstance(part, str) else part
            if isinstance(text, Text) and text.no_wrap:  # which printing forgets
                self.out.print(text, no_wrap=True, overflow="ellipsis")
            else:
                self.out.print(text)

    def write(self, text: str) -> None:
        """Write text as it is, for programs."""
        try:
            sys.stdout.write(f"{text}\n")
            sys.stdout.flush()
        except BrokenPipeError:
            raise OutputClosedError from None

    def write_json(self, value: Any) -> None:
        """Write JSON for programs."""
        self.write(to_json(plain(value)))

    def note(self, text: str) -> None:
        """A line for people on stderr, unless `--quiet`."""
        if not self.quiet:
            self._to_stderr(text, "dim")

    def warn(self, text: str) -> None:
        """A `warning:` line on stderr, `--quiet` or not: it says what did not happen as asked."""
        self._to_stderr(f"warning: {text}", "yellow")

    def warn_of(self, record: Record) -> None:
        """What the system did not store as asked."""
        for warning in getattr(record, "warnings", ()):
            self.warn(str(warning))

    def fail(self, error: BaseException) -> None:
        """Report an error: one line, or one JSON object; the traceback only with `--debug`."""
        self.learn_secrets()
        if self.debug:
            text = "".join(traceback.format_exception(error))
            self.err.print(Text(clean(redact(text, self.secrets)).rstrip()), soft_wrap=True)
        if self.as_json:
            self.err.print(Text(redact(to_json({"error": describe(error)}), self.secrets)), soft_wrap=True)
        else:
            text = one_line(error)
            if text:  # a command group without a command has shown its help, which says enough
                self._to_stderr(f"error: {text}", "red")

    def _to_stderr(self, text: str, style: str) -> None:
        shown = Text(line(redact(text, self.secrets)), style=style)
        self.err.print(shown, soft_wrap=True)

    def learn_secrets(self) -> None:
        """Secrets of the environment, so that no output holds one."""
        with suppress(PMError, OSError):
            self.secrets |= secret_values(self.provider)

    @contextmanager
    def progress(self) -> Iterator[ProgressCall]:
        """A progress bar on stderr, where that is a terminal; called with (stage, finished, total)."""
        if self.quiet or self.as_json or not self.err.is_terminal:
            yield lambda *_: None
            return
        columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
        with Progress(*columns, console=self.err, transient=True) as bar:
            tasks: dict[str, TaskID] = {}

            def step(stage: str, finished: int, total: int | None) -> None:
                if stage not in tasks:
                    for done in tasks.values():  # what had no total ends where it is
                        bar.update(done, total=bar.tasks[done].completed)
                    tasks[stage] = bar.add_task(stage.replace("_", " "), total=total)
                bar.update(tasks[stage], completed=finished, total=total)

            yield step

    # the edge

    def call(self, work: Callable[[BasePMProvider], Awaitable[T]], *, connect: bool = True) -> T:
        """Build the provider, run `work` on it in an event loop, and close it.

        Raises:
            PMError: as the provider does.
        """

        async def session() -> T:
            provider = build_pm_provider(provider=self.provider)
            self.secrets.update(provider.config.secrets())
            try:
                if connect:
                    await provider.connect()
                return await work(provider)
            finally:
                await provider.aclose()

        return asyncio.run(session())

    def confirm(self, question: str, *, yes: bool, names: Iterable[str] = ()) -> bool:
        """Whether a person agrees; `--yes` agrees beforehand.

        Raises:
            UsageError: nobody can be asked.
        """
        import typer

        from pm_providers.surfaces.cli.failures import UsageError

        if yes:
            return True
        if not sys.stdin.isatty():
            raise UsageError("this deletes, and there is no terminal to ask on; add --yes")
        for name in names:
            self.err.print(Text(f"  {line(name)}"))
        return typer.confirm(question, err=True)
