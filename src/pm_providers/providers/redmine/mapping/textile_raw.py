"""The parts of a Textile text in which nothing is markup: code, raw text, comments, macros."""

from __future__ import annotations

import re

from pm_providers.providers.redmine.mapping.textile_base import Mark, Marks, decoded

__all__ = ["mark_raw"]

_RAW_START = re.compile(
    r"<(pre|code|kbd|notextile)\b([^>\n]{0,400})>|<!--|\{\{\w|</(?:pre|code|kbd|notextile)\s*>", re.IGNORECASE
)
_RAW_END = {name: re.compile(rf"</{name}\s*>", re.IGNORECASE) for name in ("pre", "code", "kbd", "notextile")}
_MACRO = re.compile(r"\{\{\w{1,80}(?:\([^\n]{0,2000}?\))?\}\}")
_MACRO_BLOCK = re.compile(r"\{\{\w{1,80}(?:\([^\n]{0,2000}?\))?\n")


def mark_raw(text: str, marks: Marks) -> str:
    """Raw parts become marks; one that is never closed goes on to the end of the text, as in RedCloth."""
    pieces: list[str] = []
    at, open_ends = 0, True
    hopeless: set[str] = set()
    while open_ends:
        found = _RAW_START.search(text, at)
        if found is None:
            break
        made = _raw_part(text, found, hopeless)
        end, mark = made if made is not None else (found.end(), None)
        pieces.append(text[at : found.start()])
        pieces.append(text[found.start() : end] if mark is None else marks.put(mark))
        at = end
    pieces.append(text[at:])
    return "".join(pieces)


def _raw_part(text: str, found: re.Match[str], hopeless: set[str]) -> tuple[int, Mark] | None:
    """End and mark of the raw part that starts here; `None` where none does.

    `hopeless` collects the ends that are known to come no more.
    """
    if found[1]:
        closing = _RAW_END[found[1].lower()].search(text, found.end())
        inner_end, end = closing.span() if closing else (len(text), len(text))
        source = text[found.start() : end]
        return end, _raw_mark(found[1].lower(), found[2], text[found.end() : inner_end], source)
    if found[0].startswith("</"):  # has no beginning: it shows nothing
        return found.end(), Mark("opaque", found[0])
    if found[0] == "<!--":
        return _until(text, found.start(), "-->", "comment", hopeless)
    macro = _MACRO.match(text, found.start())
    if macro:
        return macro.end(), Mark("verbatim", macro[0], macro[0])
    if _MACRO_BLOCK.match(text, found.start()):
        return _until(text, found.start(), "\n}}", "macro", hopeless)
    return None


def _until(text: str, start: int, ending: str, kind: str, hopeless: set[str]) -> tuple[int, Mark] | None:
    end = -1 if ending in hopeless else text.find(ending, start)
    if end < 0:
        hopeless.add(ending)
        return None
    end += len(ending)
    return end, Mark(kind, text[start:end])


_CODE_IN_PRE = re.compile(
    r"\s*<code(?:\s+class=(?:\"([^\"\n]*)\"|'([^'\n]*)'))?\s*>(.*)", re.DOTALL | re.IGNORECASE
)
_CODE_END = re.compile(r"</code\s*>\s*\Z", re.IGNORECASE)
_CODE_CLASS = re.compile(r"\s+class=(?:\"([^\"\n]*)\"|'([^'\n]*)')\s*")
_HIDDEN_TAG = re.compile("<\u200b(?=\u200b*/?(?:pre|code|kbd|notextile)\\b)", re.IGNORECASE)


def _raw_mark(name: str, attributes: str, inner: str, source: str) -> Mark:
    if name == "notextile":
        return Mark("verbatim" if inner else "guard", source, inner)
    if name == "pre" and not attributes.strip():
        found = _CODE_IN_PRE.match(inner)
        language = decoded((found[1] or found[2] or "") if found else "")
        code = _CODE_END.sub("", found[3]) if found else inner
        return Mark("pre", source, _code_text(code), extra=language)
    if name == "code":
        found = _CODE_CLASS.fullmatch(attributes)
        language = (found[1] or found[2] or "") if found else ""
        if language.startswith("="):
            return Mark("opaque", source, _HIDDEN_TAG.sub("<", inner), extra=language)
        if "\n" in inner and (found or not attributes.strip()):
            return Mark("pre", source, _code_text(inner), extra=language)
        if not attributes.strip() and inner:
            return Mark("code", source, _HIDDEN_TAG.sub("<", inner))
    return Mark("opaque", source, inner)


def _code_text(code: str) -> str:
    return _HIDDEN_TAG.sub("<", code.removeprefix("\n").removesuffix("\n"))
