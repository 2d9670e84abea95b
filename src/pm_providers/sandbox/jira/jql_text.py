"""The `~` operator: words, phrases in quotation marks and wildcards, as the vendor's index finds them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from fnmatch import fnmatchcase

from pm_providers.sandbox.jira.jql_tokens import JqlError

__all__ = ["matcher"]

_TERM = re.compile(r'(?P<minus>[-!]?)(?:"(?P<phrase>[^"]*)"|(?P<word>\S+))')
_WORD = re.compile(r"[^\W_]+(?:['_][^\W_]+)*")


def matcher(text: str, name: str) -> Callable[[Iterable[str]], bool]:
    """A test whether texts hold all terms; a term matches whole words, in any case.

    Raises:
        JqlError: a term that starts with a wildcard, or nothing to look for.
    """
    tests = [_term(found, text, name) for found in _TERM.finditer(text)]
    tests = [test for test in tests if test is not None]
    if not tests:
        raise JqlError(f"The field '{name}' does not support searching for an empty string.")

    def matches(texts: Iterable[str]) -> bool:
        words = [word for one in texts for word in (*_words(one), "\0")]
        return all(test(words) for test in tests if test is not None)

    return matches


def _words(text: str) -> list[str]:
    return [word.casefold() for word in _WORD.findall(text)]


def _term(found: re.Match[str], text: str, name: str) -> Callable[[list[str]], bool] | None:
    phrase, word = found.group("phrase"), found.group("word") or ""
    if word.upper() in {"AND", "OR", "NOT"}:
        return None
    if word[:1] in {"*", "?"}:
        raise JqlError(
            f"The text query '{text}' for field '{name}' is not allowed to start with character '{word[0]}'."
        )
    if phrase is None and set(word) & {"*", "?"}:
        pattern = word.casefold()
        return lambda words: any(fnmatchcase(one, pattern) for one in words)
    wanted = _words(phrase if phrase is not None else word)
    if not wanted:
        return None
    if found.group("minus"):
        return lambda words: not _holds(words, wanted)
    return lambda words: _holds(words, wanted)


def _holds(words: list[str], wanted: list[str]) -> bool:
    if len(wanted) == 1:
        return wanted[0] in words
    size = len(wanted)
    return any(words[n : n + size] == wanted for n in range(len(words) - size + 1))
