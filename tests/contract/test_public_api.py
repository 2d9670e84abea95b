"""What may be imported, and that the suite tests what it seems to test."""

from __future__ import annotations

import importlib
import inspect

import pytest

import pm_providers
from pm_providers.contract import OPERATIONS, BasePMProvider
from pm_providers.testing.calls import CALLS, HOOKS
from pm_providers.testing.suite import AREAS, ConformanceSuite

DOCUMENTED = {
    "list_tasks": "(self, project_id=None, *, assignee_id=None, sprint_id=None, status=None, updated_since=None,"
    " include_archived=False, limit=None)",
    "list_users": "(self, project_id=None, *, limit=None)",
    "update_task": "(self, task_id, updates, *, expected_version=None)",
    "get_task": "(self, task_id)",
    "delete_task": "(self, task_id)",
    "changes": "(self, project_id, cursor=None, *, limit=None)",
}


@pytest.mark.parametrize("name", ["pm_providers", "pm_providers.contract", "pm_providers.model", "pm_providers.errors",
                                  "pm_providers.registry", "pm_providers.testing"])  # fmt: skip
def test_all_is_sorted_and_importable(name):
    """Every public name exists, stands once, and in order."""
    module = importlib.import_module(name)
    assert len(set(module.__all__)) == len(module.__all__)
    assert all(getattr(module, one) is not None for one in module.__all__)
    constants = [one for one in module.__all__ if one.isupper()]
    classes = [one for one in module.__all__ if one[0].isupper() and one not in constants]
    others = [one for one in module.__all__ if one[0].islower()]
    assert module.__all__ == [*sorted(constants), *sorted(classes), *sorted(others)]


def test_documented_import_line():
    """The imports of the documentation work as written, providers loaded when first touched."""
    from pm_providers import (
        OpenProjectProvider,
        PMProject,
        PMProviderConfig,
        PMSprint,
        PMTask,
        build_pm_provider,
    )

    for one in (PMProject, PMTask, PMSprint, OpenProjectProvider, PMProviderConfig):
        assert inspect.isclass(one)
    assert callable(build_pm_provider)
    assert issubclass(OpenProjectProvider, BasePMProvider)


def test_unknown_name():
    """The package has no other names."""
    with pytest.raises(AttributeError, match="has no attribute 'nope'"):
        pm_providers.nope  # noqa: B018


@pytest.mark.parametrize("name", DOCUMENTED)
def test_documented_signatures(name):
    """Signatures that callers rely on do not drift."""
    signature = inspect.signature(getattr(BasePMProvider, name))
    bare = [p.replace(annotation=p.empty) for p in signature.parameters.values()]
    assert str(signature.replace(parameters=bare, return_annotation=signature.empty)) == DOCUMENTED[name]


def test_every_list_has_a_stream_with_the_same_filters():
    """`iter_X` takes what `list_X` takes, and the number of pages in flight."""
    lists = [
        name
        for name in OPERATIONS
        if name.startswith("list_") and hasattr(BasePMProvider, f"iter_{name[5:]}")
    ]
    assert len(lists) == 11
    for name in lists:
        taken = list(inspect.signature(getattr(BasePMProvider, name)).parameters)
        streamed = list(inspect.signature(getattr(BasePMProvider, f"iter_{name[5:]}")).parameters)
        assert streamed == [*taken, "window"]


def test_public_methods_have_docstrings():
    """Every method of the interface says what its signature cannot."""
    for name, member in inspect.getmembers(BasePMProvider, inspect.isfunction):
        if not name.startswith("_"):
            assert inspect.getdoc(member), name


def test_suite_covers_every_operation():
    """Each operation has a call and a hook that exists."""
    assert set(CALLS) == set(HOOKS) == set(OPERATIONS)
    assert all(hasattr(BasePMProvider, hook) for hook in HOOKS.values())


def test_no_test_of_the_suite_hides_another():
    """Two areas with a test of the same name would run it once."""
    names = [name for area in AREAS for name in vars(area) if name.startswith("test_")]
    assert len(set(names)) == len(names) > 100
    assert set(names) == {name for name in dir(ConformanceSuite) if name.startswith("test_")}
    assert set(ConformanceSuite.__bases__) == set(AREAS)


def test_every_test_of_the_suite_states_its_expectation():
    """A docstring each, and a coroutine each."""
    for area in AREAS:
        for name, test in vars(area).items():
            if name.startswith("test_"):
                assert inspect.getdoc(test), f"{area.__name__}.{name}"
