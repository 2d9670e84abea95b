"""The vendor's rich texts: XML in `<body>`, and what it is as plain text.

Facts: unknown entities and numeric references stay as raw text
[obs duckduckgo/apple-browsers#4894]; broken XML is
refused [doc]; a link is its address in the plain text [recorded]; a mention is completed by the server
[doc]. `<b>` and
`<i>` are taken as well [obs roychri/mcp-server-asana#28].
"""

from __future__ import annotations

import re
from collections.abc import Callable
from xml.parsers import expat
from xml.sax.saxutils import escape, quoteattr

from pm_providers.sandbox.asana.errors import bad

__all__ = ["MAX_SIZE", "clean", "from_text", "to_text"]

MAX_DEPTH = 64
MAX_SIZE = 262_144
EMPTY = "<body></body>"
_ENTITY = re.compile(r"&(?!(?:amp|lt|gt|quot|apos);)(#?\w{1,32};)")
_ALIAS = {"b": "strong", "i": "em"}
_ATTRIBUTES = {
    "a": {
        "href",
        "data-asana-gid",
        "data-asana-accessible",
        "data-asana-dynamic",
        "data-asana-type",
        "data-asana-project",
        "data-asana-tag",
    },
    "img": {"src", "alt", "data-asana-gid", "data-src-width", "data-src-height", "style"},
    "ol": {"start"},
}
_TAGS = {"body", "strong", "em", "u", "s", "code", "pre", "ol", "ul", "li", "a", "blockquote", "h1", "h2"}
_VOID = {"hr", "img"}
_BLOCKS = {"li", "h1", "h2", "blockquote", "pre"}
# gid to (type, name, address), None for what is not there
Mention = Callable[[str], tuple[str, str, str] | None]


class _Reader:
    """Checks a text and writes it anew."""

    def __init__(self, name: str, mention: Mention) -> None:
        self._name, self._mention = name, mention
        self._open: list[str] = []
        self._out: list[str] = []
        self._filled = False
        self.parser = expat.ParserCreate()
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text
        self.parser.StartDoctypeDeclHandler = self._refuse
        self.parser.CommentHandler = self._refuse
        self.parser.ProcessingInstructionHandler = self._refuse

    def read(self, text: str) -> str:
        try:
            self.parser.Parse(_ENTITY.sub(r"&amp;\1", text), True)
        except expat.ExpatError:
            raise _invalid(self._name) from None
        return "".join(self._out)

    def _refuse(self, *_parts: object) -> None:
        raise _invalid(self._name)

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        tag = _ALIAS.get(tag, tag)
        is_root = not self._open
        known = tag in _TAGS or tag in _VOID
        if not known or is_root != (tag == "body") or len(self._open) >= MAX_DEPTH:
            raise _invalid(self._name)
        self._open.append(tag)
        self._filled = False
        if tag == "a" and "data-asana-gid" in attributes:
            attributes = self._mentioned(attributes)
        wanted = {key: value for key, value in attributes.items() if key in _ATTRIBUTES.get(tag, ())}
        listed = "".join(f" {key}={quoteattr(value)}" for key, value in wanted.items())
        self._out.append(f"<{tag}{listed}/>" if tag in _VOID else f"<{tag}{listed}>")

    def _mentioned(self, attributes: dict[str, str]) -> dict[str, str]:
        found = self._mention(attributes["data-asana-gid"])
        if found is None:
            raise bad(f"{self._name}: Not a recognized ID: {attributes['data-asana-gid'][:80]}")
        kind, name, address = found
        self._pending = ("@" if kind == "user" else "") + name
        return {
            "href": address,
            "data-asana-gid": attributes["data-asana-gid"],
            "data-asana-accessible": "true",
            "data-asana-type": kind,
            "data-asana-dynamic": "true",
        }

    _pending = ""

    def _end(self, tag: str) -> None:
        self._open.pop()
        tag = _ALIAS.get(tag, tag)
        if tag in _VOID:
            return
        if tag == "a" and self._pending:
            if not self._filled:
                self._out.append(escape(self._pending))
            self._pending = ""
        self._out.append(f"</{tag}>")
        self._filled = True

    def _text(self, text: str) -> None:
        self._filled = True
        self._out.append(escape(text))


def _invalid(name: str) -> Exception:
    return bad(f"{name}: XML is invalid")


def clean(name: str, text: str, mention: Mention) -> str:
    """A rich text as it is kept.

    Args:
        name: of the member, for messages.
        text: as sent.
        mention: looks up what `data-asana-gid` of a link names.

    Raises:
        ApiError: 400 for broken XML, for tags that the vendor does not have, and without a `<body>`.
    """
    if len(text) > MAX_SIZE:
        raise bad(f"{name}: Value is too long")
    return _Reader(name, mention).read(text)


def from_text(text: str) -> str:
    """A plain text as a rich text; line ends stay as they are."""
    return f"<body>{escape(text)}</body>"


_PIECE = re.compile(r"<(/?)(\w+)([^>]*?)(/?)>|([^<]+)")
_HREF = re.compile(r'href=(?:"([^"]*)"|\'([^\']*)\')')
_NAMED = {"&lt;": "<", "&gt;": ">", "&quot;": '"', "&apos;": "'", "&amp;": "&"}


def to_text(html: str) -> str:
    """The plain text of a rich text that `clean` or `from_text` gave."""
    inner = html[len("<body>") : -len("</body>")]
    if "<" not in inner:
        return _plain(inner) if "&" in inner else inner
    out: list[str] = []
    address: str | None = None
    for closing, tag, attributes, _void, text in _PIECE.findall(html):
        if text:
            if address is None:
                out.append(_plain(text))
            continue
        if tag == "a":
            address = _link(out, attributes) if not closing else None
        elif closing and tag in _BLOCKS and out and not out[-1].endswith("\n"):
            out.append("\n")
    return "".join(out).removesuffix("\n") if html.endswith("></body>") else "".join(out)


def _plain(text: str) -> str:
    return re.sub(r"&(?:lt|gt|quot|apos|amp);", lambda m: _NAMED[m.group()], text)


def _link(out: list[str], attributes: str) -> str | None:
    if "data-asana-type" in attributes and '"user"' in attributes:
        return None
    found = _HREF.search(attributes)
    if found is None:
        return None
    target = _plain(found.group(1) or found.group(2) or "")
    out.append(target)
    return target
