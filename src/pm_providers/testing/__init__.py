"""The conformance suite, for every provider: ours and those of third parties.

Needs the extra `testing`. A provider brings a `ProviderHarness` and binds the suite in its own tests::

    class TestNotes(ConformanceSuite):
        harness_class = NotesHarness

run by pytest with `asyncio_mode = "auto"`.
"""

try:
    import pytest
except ModuleNotFoundError as error:
    raise ImportError("the conformance suite needs pytest: install 'pm-providers[testing]'") from error

# Assertions of the suite shall show their values, so they are rewritten as those of test files are.
pytest.register_assert_rewrite("pm_providers.testing.suite", "pm_providers.testing.checks")

from pm_providers.testing.gaps import Gap, GapKind  # noqa: E402 - after the registration above
from pm_providers.testing.harness import ProviderHarness, unique  # noqa: E402
from pm_providers.testing.suite import ConformanceSuite  # noqa: E402

__all__ = ["ConformanceSuite", "Gap", "GapKind", "ProviderHarness", "unique"]
