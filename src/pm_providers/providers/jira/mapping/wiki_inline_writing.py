r"""Inlines of the tree written as wiki markup.

A line is put together of text and markup first; what of the text would be read as markup then is escaped, and
marks that stand where none may stand take braces (`{*}`). So plain prose stays as it is. Marks do not go over
line ends, each line gets its own.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace

from pm_providers.providers.jira.mapping.wiki_inline_reading import (
    ADDRESS,
    DIALECT,
    ENTITY,
    PICTURE,
    can_close,
    can_open,
    is_link,
)
from pm_providers.text import (
    Code,
    Colour,
    Emphasis,
    HardBreak,
    HtmlInline,
    Image,
    Inline,
    Link,
    Mark,
    OpaqueInline,
    SoftBreak,
    Strike,
    Strong,
    Subscript,
    Superscript,
    Text,
    Underline,
)

__all__ = ["write_wiki_line"]

_SIGNS: dict[type, str] = {
    Strong: "*",
    Emphasis: "_",
    Strike: "-",
    Underline: "+",
    Superscript: "^",
    Subscript: "~",
}
_BREAK = r"\\ "
_BODY = re.compile(r"\[([^\]\[\n]+)\]")
_CITE = {"<cite>": "??", "</cite>": "??"}
_START = re.compile(r"[ \t]*(?:(h[1-6]|bq)(?=\.(?:\s|$))|(?=[*#]+\s|-+\s|-{4,}[ \t]*$|\|))", re.MULTILINE)
_CODE_ESCAPES = re.compile(r"[*_\-+^~{}\[\]!?|#]")

Leaf = tuple[Inline, tuple[Mark, ...]]


class _Line:
    """The characters of a line, and which of them are markup."""

    def __init__(self) -> None:
        self.characters: list[str] = []
        self.is_text: list[bool] = []
        self.inside: list[frozenset[str]] = []
        self.signs: list[tuple[int, str, int]] = []  # place, sign, number of its pair
        self.open: frozenset[str] = frozenset()

    def add(self, string: str, *, text: bool) -> None:
        self.characters.extend(string)
        self.is_text.extend([text] * len(string))
        self.inside.extend([self.open] * len(string))

    def sign(self, sign: str, pair: int) -> None:
        self.signs.append((len(self.characters), sign, pair))
        self.add(sign, text=False)


def write_wiki_line(inlines: Sequence[Inline], *, cell: bool = False, single: bool = False) -> str:
    r"""Wiki markup of inlines.

    Args:
        inlines: in normal form.
        cell: bars are escaped, too.
        single: the result has to be one line: breaks are `\\`.
    """
    line = _Line()
    _Writer(line, single=single or cell).write(_leaves(inlines))
    return _finished(line, cell=cell)


def _leaves(inlines: Sequence[Inline], marks: tuple[Mark, ...] = ()) -> list[Leaf]:
    """Inlines without marks, each with those around it; a mark inside its own kind is none."""
    found: list[Leaf] = []
    for inline in inlines:
        if isinstance(inline, Mark):
            again = any(type(mark) is type(inline) for mark in marks) and not isinstance(inline, Colour)
            found.extend(_leaves(inline.children, marks if again else (*marks, inline)))
        elif isinstance(inline, HardBreak):
            found.append((inline, tuple(mark for mark in marks if isinstance(mark, Colour))))
        else:
            found.append((inline, marks))
    return found


class _Writer:
    def __init__(self, line: _Line, *, single: bool) -> None:
        self.line = line
        self.single = single
        self.pairs = 0

    def write(self, leaves: Sequence[Leaf], depth: int = 0) -> None:
        """Leaves with the marks they share around them, outermost first."""
        position = 0
        while position < len(leaves):
            leaf, marks = leaves[position]
            if len(marks) <= depth:
                self._leaf(leaf, leaves, position)
                position += 1
                continue
            end = position
            while end < len(leaves) and len(leaves[end][1]) > depth and leaves[end][1][depth] is marks[depth]:
                end += 1
            self._mark(marks[depth], leaves[position:end], depth)
            position = end

    def _mark(self, mark: Mark, leaves: Sequence[Leaf], depth: int) -> None:
        if isinstance(mark, Colour):
            self.line.add(f"{{color:{mark.color}}}", text=False)
            self.write(leaves, depth + 1)
            self.line.add("{color}", text=False)
            return
        sign = _SIGNS[type(mark)]
        self.pairs += 1
        pair, before = self.pairs, self.line.open
        self.line.sign(sign, pair)
        self.line.open = before | {sign}
        self.write(leaves, depth + 1)
        self.line.open = before
        self.line.sign(sign, pair)

    def _leaf(self, leaf: Inline, leaves: Sequence[Leaf], position: int) -> None:
        if isinstance(leaf, Text):
            self.line.add(leaf.text, text=True)
        elif isinstance(leaf, SoftBreak):
            self.line.add(" ", text=True)
        elif isinstance(leaf, HardBreak):
            self.line.add("\n" if self._is_simple(leaves, position) else _BREAK, text=False)
        else:
            self.line.add(_markup(leaf), text=isinstance(leaf, HtmlInline) and leaf.html not in _CITE)

    def _is_simple(self, leaves: Sequence[Leaf], position: int) -> bool:
        """Whether the break can be a line end: text on both sides, and more than one line allowed."""
        around = [leaves[place][0] for place in (position - 1, position + 1) if 0 <= place < len(leaves)]
        return not self.single and len(around) == 2 and not any(isinstance(one, HardBreak) for one in around)  # noqa: PLR2004


# --- leaves


def _markup(leaf: Inline) -> str:
    match leaf:
        case Code(text):
            return "{{" + _code(text) + "}}"
        case OpaqueInline(dialect, markup):
            return markup.replace("\n", " ") if dialect == DIALECT else "{{" + _code(markup) + "}}"
        case HtmlInline(html):
            return _CITE.get(html, html)
        case Image():
            return _image(leaf)
        case Link():
            return _link(leaf)
        case _:
            raise AssertionError(f"{leaf!r} is no leaf")


def _code(text: str) -> str:
    text = _referenced(text.replace("\n", " "))
    return _CODE_ESCAPES.sub(r"\\\g<0>", text.replace("\\", "&#92;"))


def _referenced(text: str) -> str:
    """The text with what looks like a character reference made to say itself."""
    return ENTITY.sub(lambda found: "&amp;" + found[0][1:], text)


def _image(image: Image) -> str:
    title, _, properties = image.title.partition("|")
    given = [
        f'{name}="{_property(value)}"'
        for name, value in (("alt", image.alt), ("title", title))
        if _property(value)
    ]
    shown = ",".join([*given, *filter(None, [re.sub(r"[!|\n]", " ", properties).strip()])])
    made = f"!{image.source}{'|' + shown if shown else ''}!"
    if PICTURE.fullmatch(made) and not re.search(r"[\[\]{}\\&]", image.source):
        return made
    return _bracketed(
        write_wiki_line((Text(image.alt if image.alt.strip() else image.source),), single=True),
        image.source,
        title,
    )


def _property(value: str) -> str:
    """A value that nothing inside ends: commas and the like are spaces."""
    return " ".join(re.sub(r'[!|,"\\&\[\]{}\n]', " ", value).split())


def _link(link: Link) -> str:
    target = link.target
    if target.startswith(("user:", "accountid:")) and (name := target.removeprefix("user:")):
        return f"[~{_address(name)}]"
    shown = write_wiki_line(_in_link(link.children), single=True)
    if not target:
        return shown
    if target.startswith("^") and link.children == (Text(target[1:]),):
        return f"[{_address(target)}]"
    if link.children == (Text(target),) and is_link(target) and not link.title and _address(target) == target:
        return f"[{target}]"
    return _bracketed(shown or write_wiki_line((Text(_address(target)),), single=True), target, link.title)


def _in_link(inlines: Sequence[Inline]) -> tuple[Inline, ...]:
    """Inlines of a link: a picture that needs a bar or a link of its own is its text."""
    found: list[Inline] = []
    for inline in inlines:
        if isinstance(inline, Mark):
            found.append(replace(inline, children=_in_link(inline.children)))
        elif isinstance(inline, Image) and re.search(r"[|\[]", _image(inline)):
            found.append(Text(inline.alt if inline.alt.strip() else inline.source))
        else:
            found.append(inline)
    return tuple(found)


def _bracketed(shown: str, target: str, title: str) -> str:
    if not target:
        return shown
    tip = _referenced(re.sub(r"[|\[\]\\\n]", " ", title)).strip()
    text = re.sub(r"(?<!\\)([|\]\[])", r"\\\1", shown)
    return f"[{text}|{_address(target)}{'|' + tip if tip else ''}]"


def _address(target: str) -> str:
    """An address that nothing inside ends."""
    return re.sub(r"[|\[\]\\\s{}]", lambda found: f"%{ord(found[0]):02X}", target)


# --- escapes


def _finished(line: _Line, *, cell: bool) -> str:
    text = "".join(line.characters)
    prefixes = dict.fromkeys(_escaped(line, text, cell=cell), "\\")
    prefixes.update(_starts(line, text))
    replaced = _braced(line, text)
    parts: list[str] = []
    for index, character in enumerate(text):
        if line.is_text[index] and character == "\\" and _is_risky(text, index):
            parts.append("&#92;")
        else:
            parts.append(prefixes.get(index, "") + replaced.get(index, character))
    return "".join(parts)


def _is_risky(text: str, index: int) -> bool:
    """Whether a backslash would escape what follows it."""
    after = text[index + 1 : index + 2]
    before = text[index - 1 : index]
    return not after or not (after.isalnum() or after.isspace()) or before == "\\"


def _braced(line: _Line, text: str) -> dict[int, str]:
    """Marks that are none where they stand, in braces; both of a pair."""
    wrong: set[int] = set()
    seen: set[int] = set()
    for place, _, pair in line.signs:
        check: Callable[[str, int], bool] = can_close if pair in seen else can_open
        if not check(text, place):
            wrong.add(pair)
        seen.add(pair)
    return {place: "{" + sign + "}" for place, sign, pair in line.signs if pair in wrong}


def _escaped(line: _Line, text: str, *, cell: bool) -> set[int]:
    """Places of text characters that would be markup."""
    safe = _addresses(line, text)
    last = _last_closers(text)
    found: set[int] = set()
    for index, character in enumerate(text):
        if not line.is_text[index] or index in safe:
            continue
        if (
            character == "{"
            or (cell and character == "|")
            or (character in last and _is_mark(line, text, index, last[character]))
        ):
            found.add(index)
    found.update(_spans(line, text, safe))
    return found


def _is_mark(line: _Line, text: str, index: int, last: int) -> bool:
    character = text[index]
    if character in line.inside[index]:
        return True
    beside = [place for place in (index - 1, index + 1) if 0 <= place < len(text)]
    if any(text[place] == character and not line.is_text[place] for place in beside):
        return True
    return can_open(text, index) and last > index


def _last_closers(text: str) -> dict[str, int]:
    """Where each sign could close for the last time."""
    found = dict.fromkeys(_SIGNS.values(), -1)
    for index, character in enumerate(text):
        if character in found and not text[index - 1 : index].isspace():
            found[character] = index
    return found


def _addresses(line: _Line, text: str) -> set[int]:
    """Places inside bare addresses, where nothing is markup."""
    found: set[int] = set()
    for match in ADDRESS.finditer(text):
        places = range(match.start(), match.end())
        if (
            all(line.is_text[place] for place in places)
            and not text[match.start() - 1 : match.start()].isalnum()
        ):
            found.update(places)
    return found


def _spans(line: _Line, text: str, safe: set[int]) -> set[int]:
    """Beginnings of what would be a link, a picture, a citation or a character reference."""
    found = {match.start() for match in _BODY.finditer(text) if is_link(match[1])}
    found.update(match.start() for match in PICTURE.finditer(text))
    found.update(match.start() for match in re.finditer(r"(?<!\?)\?\?(?!\?)", text))
    found.update(match.start() for match in ENTITY.finditer(text))
    return {place for place in found if line.is_text[place] and place not in safe}


def _starts(line: _Line, text: str) -> dict[int, str]:
    """What goes before characters at beginnings of lines that would make a block."""
    found: dict[int, str] = {}
    start = 0
    for part in text.split("\n"):
        match = _START.match(part)
        if match and start + match.end() < len(text) and line.is_text[start + match.end()]:
            found[start + match.end()] = "\\"
        start += len(part) + 1
    return found
