"""What two versions of a sequence have in common."""

from __future__ import annotations

import pytest

from pm_providers.text.aligning import align, kept_whole, pair_up


@pytest.mark.parametrize(
    ("shown", "new", "kept"),
    [
        ([["a"], ["b"], ["c"]], ["a", "x", "c"], {0: 0, 2: 2}),
        ([["a", "b"], ["c"]], ["a", "b", "c"], {0: 0, 2: 1}),
        ([["a", "b"], ["c"]], ["a", "x", "b", "c"], {3: 1}),
        ([[], ["a"]], ["a"], {0: 1}),
        ([["a"], ["b"]], ["b", "a", "b"], {1: 0, 2: 1}),
        ([], ["a"], {}),
        ([["a"]], [], {}),
    ],
)
def test_pieces_are_kept_only_whole(shown: list[list[str]], new: list[str], kept: dict[int, int]) -> None:
    """A piece of which a part changed is not kept, and none that shows nothing is."""
    assert kept_whole(shown, new) == kept


def test_long_sequences_are_compared_at_their_ends_only() -> None:
    """Beyond 4,000 elements what is between common ends is not looked into."""
    old = [str(index) for index in range(10_000)]
    new = [*old[:10], "x", *old[10:9_000], "y", *old[9_000:]]
    assert align(old, new) == [
        (True, 0, 10, 0, 10),
        (False, 10, 9_000, 10, 9_002),
        (True, 9_000, 10_000, 9_002, 10_002),
    ]


def test_what_replaces_what_is_told_by_kind_and_words() -> None:
    """Only one kind is paired with itself, and the pairs rise."""
    assert pair_up([("p", "a b"), ("h", "c")], [("p", "x"), ("h", "y")]) == {0: 0, 1: 1}
    assert pair_up([("p", "a b"), ("p", "c d")], [("p", "c e")]) == {0: 1}
    assert pair_up([("p", "a")], [("h", "a"), ("l", "a")]) == {}
