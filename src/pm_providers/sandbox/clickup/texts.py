"""Descriptions: Markdown in, plain text out."""

from __future__ import annotations

import re

__all__ = ["plain"]

_STEPS = (
    (re.compile(r"^```[^\n]*$", re.MULTILINE), ""),
    (re.compile(r"!\[([^\]]*)\]\([^)\s]*\)"), r"\1"),
    (re.compile(r"\[([^\]]*)\]\([^)\s]*\)"), r"\1"),
    (re.compile(r"^ {0,3}#{1,6}\s+", re.MULTILINE), ""),
    (re.compile(r"^ {0,3}>\s?", re.MULTILINE), ""),
    (re.compile(r"^(\s*)[-*+]\s+(?:\[[ xX]\]\s+)?", re.MULTILINE), r"\1"),
    (re.compile(r"(\*\*|__|~~)(?=\S)(.+?)(?<=\S)\1"), r"\2"),
    (re.compile(r"(?<!\w)([*_])(?=\S)(.+?)(?<=\S)\1(?!\w)"), r"\2"),
    (re.compile(r"`([^`\n]+)`"), r"\1"),
    (re.compile(r"\\([\\`*_{}\[\]()#+.!|>~-])"), r"\1"),
    (re.compile(r"\n{2,}"), "\n"),
)


def plain(markdown: str) -> str:
    """The text without marks, paragraphs on lines of their own."""
    text = markdown
    for pattern, to in _STEPS:
        text = pattern.sub(to, text)
    return text.strip("\n")
