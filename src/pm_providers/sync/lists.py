"""Lists of people and labels: merged by what was added and taken away, within what a side can hold. Pure."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

__all__ = ["Base", "cut", "is_full", "united"]


@dataclass(frozen=True, slots=True)
class Base:
    """What both sides said of a list when they agreed.

    Attributes:
        here: ids on the side that is carried.
        there: ids on the other.
        both: both sides changed it since.
    """

    here: Sequence[str] = ()
    there: Sequence[str] = ()
    both: bool = False


def is_full(value: Sequence[str], most: int | None) -> bool:
    """Whether a side may hold more than it can show."""
    return most is not None and len(value) >= most


def united(
    wanted: Sequence[str],
    current: Sequence[str],
    kept: Collection[str],
    shown: Collection[str | None] | None,
    base: Base | None,
    *,
    full: bool,
) -> list[str]:
    """A list for a side: what is wanted, and what the other side never showed.

    Who was taken away is replaced at its place, as the first of a list may mean more than the others.

    Args:
        wanted: what the other side says, in terms of this one.
        current: what stands here.
        kept: of that what the other side cannot say.
        shown: what the other side showed when both agreed, in terms of this one; `None` where not known.
        base: what was agreed on; what this side has taken away since is not put back.
        full: the other side cannot show more than it does.
    """
    gone = set() if base is None else {one for one in base.there if one not in current}
    asked = [one for one in wanted if one not in gone]
    stays = {one for one in current if one in kept or (one not in shown if shown is not None else full)}
    if not stays - set(asked):
        return asked
    news = [one for one in asked if one not in current]
    found: list[str] = []
    for one in current:
        if one in stays or one in asked:
            found.append(one)
        elif news:
            found.append(news.pop(0))
    return found + news


def cut(
    whole: Sequence[str],
    kept: Collection[str],
    current: Sequence[str],
    most: int | None,
    title: str,
    *,
    wanted: Collection[str] = (),
) -> tuple[list[str], str]:
    """As many as a side takes: first what is wanted there, and stands there already; last what is kept.

    Args:
        whole: a list for the side.
        kept: of that what the other side cannot say.
        current: what stands there.
        most: number that it takes; `None` for no bound.
        title: name of the side, for people.
        wanted: of the list what the other side says; empty where what stands there has as good a claim.

    Returns:
        The list, and what is left out in words; `""` for nothing.
    """
    if most is None or len(whole) <= most:
        return list(whole), ""
    ranked = sorted(whole, key=lambda one: (one in kept, one not in (wanted or current), one not in current))
    return ranked[:most], f"{title} takes {most}"
