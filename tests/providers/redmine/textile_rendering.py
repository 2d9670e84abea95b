"""HTML of Textile by Redmine's own formatter, HTML of Markdown, and a form in which the two can be compared."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from dataclasses import dataclass, field
from functools import cache
from html.parser import HTMLParser
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

__all__ = ["Line", "lines", "markdown_html", "need_redmine", "redmine_help", "redmine_html"]

SCRIPT = Path(__file__).with_name("textile_rendering.rb")

_SAME = {"b": "strong", "i": "em", "ins": "u", "s": "del"}
_FORMATS = {"strong", "em", "u", "del", "sub", "sup", "code", "kbd"}
_PATH = {"ul", "ol", "blockquote"}
_KINDS = {"h1", "h2", "h3", "h4", "h5", "h6", "pre", "th", "td"}


def redmine_home() -> Path:
    """Folder of an installed Redmine."""
    return Path(os.environ.get("REDMINE_HOME", "/usr/share/redmine"))


def need_redmine() -> None:
    """Skips the calling test where Redmine's formatter or ruby is not installed."""
    formatter = redmine_home() / "lib/redmine/wiki_formatting/textile/redcloth3.rb"
    if shutil.which("ruby") is None or not formatter.exists():
        pytest.skip("ruby or Redmine's RedCloth3 is not here (REDMINE_HOME)")


def redmine_html(texts: list[str]) -> list[str]:
    """HTML of Textile texts, by one process."""
    done = subprocess.run(
        [str(shutil.which("ruby")), str(SCRIPT), str(redmine_home())],
        input=json.dumps(texts),
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
        env={**os.environ, "BUNDLER_VERSION": "2.3.15", "LANG": "C.UTF-8"},
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert len(found) == len(texts)
    return [str(html) for html in found]


@cache
def _markdown() -> MarkdownIt:
    return MarkdownIt("commonmark", {"breaks": True}).enable(["table", "strikethrough"])


def markdown_html(text: str) -> str:
    """HTML of Markdown, every line end a break: Redmine shows them so."""
    return str(_markdown().render(text))


@dataclass(frozen=True)
class Line:
    """One shown line: what it is, in which lists and quotes, and its text in runs of one look."""

    kind: str
    path: tuple[str, ...]
    runs: tuple[tuple[str, frozenset[str]], ...]


@dataclass
class _Lines(HTMLParser):
    done: list[Line] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[tuple[str, str]] = []
        self.runs: list[tuple[str, frozenset[str]]] = []

    def _names(self) -> list[str]:
        return [name for name, _ in self.open]

    def finish(self) -> None:
        names = self._names()
        kind = next((name for name in reversed(names) if name in _KINDS), "text")
        runs = _tidy(self.runs, keep=kind == "pre")
        self.runs = []
        if runs or kind == "td":
            self.done.append(Line(kind, tuple(name for name in names if name in _PATH), runs))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        name = _SAME.get(tag, tag)
        found = {key: value or "" for key, value in attrs}
        if name == "br" and "pre" in self._names():
            self.handle_data("\n")
        elif name == "br":
            self.finish()
        elif name == "hr":
            self.finish()
            self.done.append(Line("hr", tuple(n for n in self._names() if n in _PATH), ()))
        elif name == "img":
            self.runs.append((f"<{found.get('src')} {found.get('alt')}>", self._look()))
        else:
            if name not in _FORMATS | {"a", "span", "abbr"}:
                self.finish()
            self.open.append((name, found.get("href", "")))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        name = _SAME.get(tag, tag)
        if name not in self._names():
            return
        if name not in _FORMATS | {"a", "span", "abbr"}:
            self.finish()
            while self.open.pop()[0] != name:
                pass
            return
        at = max(index for index, entry in enumerate(self.open) if entry[0] == name)
        del self.open[at]

    def handle_data(self, data: str) -> None:
        self.runs.append((data, self._look()))

    def _look(self) -> frozenset[str]:
        names = self._names()
        look = {name for name in names if name in _FORMATS and "pre" not in names}
        return frozenset(look | {f"a {href}" for name, href in self.open if name == "a" and href})


def _tidy(runs: list[tuple[str, frozenset[str]]], *, keep: bool) -> tuple[tuple[str, frozenset[str]], ...]:
    """Runs of one look; white space has none, and outside of code it is one space at most."""
    plain: frozenset[str] = frozenset()
    shown: list[tuple[str, frozenset[str]]] = []
    for text, look in runs:
        for character in text.replace("<\u200b", "<"):
            if not keep and character in " \t\n":
                if shown and shown[-1][0] != " ":
                    shown.append((" ", plain))
            else:
                shown.append((character, look))
    if keep and shown and shown[0][0] == "\n":
        del shown[0]  # HTML ignores the first line end of code
    while shown and (shown[-1][0] in " \n\xa0"):
        shown.pop()
    result: list[tuple[str, frozenset[str]]] = []
    for character, look in shown:
        if result and result[-1][1] == look:
            result[-1] = (result[-1][0] + character, look)
        else:
            result.append((character, look))
    return _tidy_links(result)


def _tidy_links(runs: list[tuple[str, frozenset[str]]]) -> tuple[tuple[str, frozenset[str]], ...]:
    result: list[tuple[str, frozenset[str]]] = []
    for text, look in runs:
        own = _unlinked(text, look)
        if result and result[-1][1] == own:
            result[-1] = (result[-1][0] + text, own)
        else:
            result.append((text, own))
    return tuple(result)


def _unlinked(text: str, look: frozenset[str]) -> frozenset[str]:
    """Links that show their own address are one with the bare address."""
    own = {f"a {prefix}{text.strip()}" for prefix in ("", "mailto:", "http://")}
    return look - own


def lines(html: str) -> list[Line]:
    """The shown lines of an HTML text; how blocks are spaced and attributes other than addresses are left out."""
    parser = _Lines()
    parser.feed(html)
    parser.close()
    parser.finish()
    return parser.done


def redmine_help() -> str:
    """Redmine's own page on its Textile."""
    page = redmine_home() / "public/help/en/wiki_syntax_detailed_textile.html"
    if not page.exists():
        pytest.skip("Redmine's help pages are not here (REDMINE_HOME)")
    return page.read_text(encoding="utf-8")
