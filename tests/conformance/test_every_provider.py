"""Nothing is registered that the suite does not run on."""

from __future__ import annotations

from importlib import import_module

import pytest

from pm_providers import provider_names
from pm_providers.registry import provider_class
from pm_providers.testing import GapKind
from tests.conformance.harnesses import HARNESSES

BOUND = [
    member.harness_class
    for module in (import_module(f"tests.conformance.test_{name}") for name in HARNESSES)
    for title, member in vars(module).items()
    if title.startswith("Test")
]


@pytest.mark.parametrize("name", provider_names())
def test_registered_provider_has_a_harness(name):
    """A provider without a harness is a provider without proof."""
    assert HARNESSES.get(name), f"provider {name!r} has no conformance harness"
    assert provider_class(name).name == name


def test_every_harness_is_bound():
    """Each harness is run by a test class, and each class runs a harness of the table."""
    known = [harness for harnesses in HARNESSES.values() for harness in harnesses]
    assert sorted(BOUND, key=repr) == sorted(known, key=repr)


@pytest.mark.parametrize("harness", BOUND, ids=lambda harness: harness.__name__)
def test_gaps_are_the_vendors_own(harness):
    """No gap of ours is left: only what the vendor itself cannot do, with a reason."""
    for gap in harness.gaps:
        assert gap.kind is GapKind.NEVER, f"{gap.test}: {gap.reason}"
