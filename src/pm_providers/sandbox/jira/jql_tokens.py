"""The pieces of a JQL query."""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = ["JqlError", "Token", "place", "tokens"]

_ESCAPES = {"t": "\t", "n": "\n", "r": "\r", '"': '"', "'": "'", "\\": "\\", " ": " "}
_SYMBOLS = re.compile(r"!=|!~|<=|>=|\|\||&&|[=<>~!()\[\],|&]")
_WORD = re.compile(r"(?:[^\s\"'=!<>()~,\[\]|&{}*/%+^$#@?;\\]|\\u[0-9a-fA-F]{4}|\\.)+")


class JqlError(Exception):
    """A query that cannot be read or means nothing here; `messages` are the vendor's texts."""

    def __init__(self, *messages: str) -> None:
        super().__init__("; ".join(messages))
        self.messages = list(messages)


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of a query; `kind` is word, string, symbol or end."""

    kind: str
    text: str
    at: int


def place(text: str, at: int) -> str:
    """A place as error texts name it."""
    line = text.count("\n", 0, at) + 1
    return f"(line {line}, character {at - (text.rfind(chr(10), 0, at) + 1) + 1})"


def tokens(text: str) -> list[Token]:
    """The pieces of a query, with one for its end.

    Raises:
        JqlError: characters that cannot stand there, bad escapes, a text without its end.
    """
    found: list[Token] = []
    at = 0
    while at < len(text):
        if text[at].isspace():
            at += 1
            continue
        token, at = _token(text, at)
        found.append(token)
    found.append(Token("end", "", len(text)))
    return found


def _token(text: str, at: int) -> tuple[Token, int]:
    if text[at] in "\"'":
        return _quoted(text, at)
    symbol = _SYMBOLS.match(text, at)
    if symbol:
        return Token("symbol", symbol.group(), at), symbol.end()
    word = _WORD.match(text, at)
    if word is None:
        char = text[at]
        raise JqlError(
            f"Error in the JQL Query: The character '{char}' is a reserved JQL character. You must enclose "
            f"it in a string or use the escape '\\u{ord(char):04x}' instead. {place(text, at)}"
        )
    return Token("word", _unescaped(text, word.group(), at), at), word.end()


def _quoted(text: str, at: int) -> tuple[Token, int]:
    mark, end = text[at], at + 1
    while end < len(text) and text[end] != mark:
        end += 2 if text[end] == "\\" else 1
    if end >= len(text):
        raise JqlError(
            f"Error in the JQL Query: The quoted string '{text[at + 1 :]}' has not been completed. "
            f"{place(text, at)}"
        )
    return Token("string", _unescaped(text, text[at + 1 : end], at), at), end + 1


def _unescaped(text: str, raw: str, at: int) -> str:
    if "\\" not in raw:
        return raw
    parts: list[str] = []
    n = 0
    while n < len(raw):
        if raw[n] != "\\":
            parts.append(raw[n])
            n += 1
        elif re.match(r"u[0-9a-fA-F]{4}", raw[n + 1 :]):
            parts.append(chr(int(raw[n + 2 : n + 6], 16)))
            n += 6
        elif raw[n + 1 : n + 2] in _ESCAPES:
            parts.append(_ESCAPES[raw[n + 1]])
            n += 2
        else:
            raise JqlError(
                f"Error in the JQL Query: '{raw[n : n + 2]}' is an illegal JQL escape sequence. The valid "
                f"escape sequences are \\', \\\", \\t, \\n, \\r, \\\\, '\\ ' and \\uXXXX. "
                f"{place(text, at + n)}"
            )
    return "".join(parts)
