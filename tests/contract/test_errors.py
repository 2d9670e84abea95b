"""The error tree: what every error carries, and how it reads."""

from __future__ import annotations

import inspect

import pytest

from pm_providers import errors

CLASSES = [getattr(errors, name) for name in errors.__all__]


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
def test_one_root_and_a_message_of_its_own(kind):
    """Every error is a `PMError`; without a message the docstring's first line is the message."""
    assert issubclass(kind, errors.PMError)
    assert kind().message == kind.__doc__.splitlines()[0]
    assert str(kind("broken")) == "broken"


def test_text_names_provider_operation_and_request():
    """The text says where it happened; the message stays without that."""
    error = errors.ProviderError(
        "broken", provider="jira", operation="get_task", request_id="r-1", status=502
    )
    assert str(error) == "jira get_task: broken (request r-1)"
    assert (error.message, error.status, error.retryable, error.maybe_applied) == (
        "broken",
        502,
        False,
        False,
    )


def test_validation_error_reads_its_fields():
    """Without a message, the fields are the message."""
    error = errors.ValidationError(fields={"title": "is required", "due_date": "is no date"})
    assert str(error) == "title: is required; due_date: is no date"
    assert errors.ValidationError("m", fields={"a": "b"}).message == "m"


def test_unsupported_error_has_a_reason():
    """Reason and message stand in for each other."""
    assert errors.UnsupportedError(reason="r").message == "r"
    assert errors.UnsupportedError("m").reason == "m"
    assert (
        errors.UnsupportedError("m", reason="r").message,
        errors.UnsupportedError("m", reason="r").reason,
    ) == ("m", "r")


def test_retryable_is_a_fact_of_the_class_unless_said():
    """Quota and connection errors may be retried as they are; others not, unless the raiser knows better."""
    retryable = {kind for kind in CLASSES if kind().retryable}
    assert retryable == {errors.RateLimitedError, errors.TransportError}
    assert errors.ProviderError("x", retryable=True).retryable
    assert not errors.TransportError("x", retryable=False).retryable
    assert not errors.PMError.retryable


def test_special_attributes():
    """What callers act on is an attribute, not text."""
    assert errors.RateLimitedError("x", retry_after_s=2.5).retry_after_s == 2.5
    conflict = errors.ConflictError("x", fields=("title",), current_version="8")
    assert (conflict.fields, conflict.current_version) == (("title",), "8")
    setting = errors.ConfigurationError("x", setting="A", example="b")
    assert (setting.setting, setting.example) == ("A", "b")


def test_tree_in_the_docstring_is_complete():
    """The drawing at the top of the module names every class."""
    text = inspect.getdoc(errors)
    assert all(name in text for name in errors.__all__)
