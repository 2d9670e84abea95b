"""Declared equals implemented, in both directions."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from pm_providers.contract import BATCH_OPERATIONS, OPERATIONS, BasePMProvider, Support
from pm_providers.model import MODELS, Entity, Owner, RelationType, field_specs
from pm_providers.testing.calls import HOOKS
from pm_providers.testing.checks import assert_refused
from pm_providers.testing.harness import ProviderHarness
from pm_providers.testing.suite.base import SuiteBase

__all__ = ["CapabilitySuite"]

_PUBLIC = sorted(
    name
    for name, member in inspect.getmembers(BasePMProvider)
    if callable(member) and not name.startswith("_")
)


class CapabilitySuite(SuiteBase):
    """What a provider says about itself is true."""

    async def test_declared_is_written(self, provider: BasePMProvider) -> None:
        """An operation has a hook of the provider's own exactly if it is declared supported."""
        kind, wrong = type(provider), []
        for operation in OPERATIONS:
            hooks = {HOOKS[operation]}
            declared = kind.CAPABILITIES.supports(operation)
            if declared and operation in BATCH_OPERATIONS:
                hooks.add(HOOKS[BATCH_OPERATIONS[operation]])
            written = any(getattr(kind, hook) is not getattr(BasePMProvider, hook) for hook in hooks)
            if written != declared:
                wrong.append(f"{operation}: declared {declared}, has a hook: {written}")
        assert wrong == []

    async def test_unsupported_is_refused_by_name(self, harness: ProviderHarness) -> None:
        """An unsupported operation raises `UnsupportedError` without asking the system."""
        capabilities = harness.provider.capabilities
        before = harness.request_count()
        for operation in OPERATIONS:
            if not capabilities.supports(operation):
                await assert_refused(harness.provider, operation)
            assert capabilities.operation(operation).support is not Support.READ_ONLY
        assert harness.request_count() == before

    async def test_declaration_is_total(self, provider: BasePMProvider) -> None:
        """Every operation and every field has its entry; all that is not plain has a note."""
        for capabilities in (type(provider).CAPABILITIES, provider.capabilities):
            assert set(capabilities.operations) == set(OPERATIONS)
            assert set(capabilities.fields) == set(Entity)
            for entity, model in MODELS.items():
                table = capabilities.fields[entity]
                assert set(table) == set(field_specs(model)) - {"id", "raw_data"}
            entries = [*capabilities.operations.items()]
            entries += [
                (f"{entity}.{name}", one)
                for entity, table in capabilities.fields.items()
                for name, one in table.items()
            ]
            for name, one in entries:
                assert one.support is Support.NATIVE or one.note.strip(), (
                    f"{name} is {one.support} without a note"
                )

    async def test_connection_only_narrows(self, provider: BasePMProvider) -> None:
        """A connection can do less than its class declares, never more."""
        best = type(provider).CAPABILITIES
        for operation in OPERATIONS:
            assert best.supports(operation) or not provider.capabilities.supports(operation), operation
        for entity, table in provider.capabilities.fields.items():
            for name, one in table.items():
                known = best.field(entity, name)
                assert known.is_supported or not one.is_supported, f"{entity}.{name}"
                assert known.is_writable or not one.is_writable, f"{entity}.{name}"

    async def test_fields_agree_with_operations(self, provider: BasePMProvider) -> None:
        """A record that cannot be listed has no fields; one that cannot be written has no writable ones."""
        for entity, table in provider.capabilities.fields.items():
            listed = Entity.CHECKLIST if entity is Entity.CHECKLIST_ITEM else entity
            if not provider.capabilities.supports(f"list_{listed.plural}"):
                claimed = [name for name, one in table.items() if one.is_supported]
                assert claimed == [], f"{entity} cannot be listed, but claims {claimed}"
                continue
            verbs = [
                verb for verb in ("create", "update") if provider.capabilities.supports(f"{verb}_{entity}")
            ]
            owners = {name: spec.owner for name, spec in field_specs(MODELS[entity]).items()}
            if not verbs:
                claimed = [n for n, one in table.items() if one.is_writable and owners[n] is not Owner.SERVER]
                assert claimed == [], f"{entity} cannot be written, but claims {claimed} as writable"

    async def test_limits_are_sensible(self, provider: BasePMProvider) -> None:
        """Limits are positive, and lengths name fields that exist."""
        limits = provider.capabilities.limits
        assert limits.concurrency >= 1
        assert limits.batch_size >= 1
        for bound in (limits.page_size, limits.assignees, limits.labels, limits.attachment_bytes):
            assert bound is None or bound >= 1
        assert set(limits.relation_types) <= set(RelationType)
        for path, length in limits.lengths.items():
            entity, _, name = path.partition(".")
            assert name in field_specs(MODELS[Entity(entity)])
            assert length >= 1

    async def test_public_methods_are_those_of_the_base(self, provider: BasePMProvider) -> None:
        """Nobody changes the signature of a public method, nor makes a coroutine of what is none."""
        for name in _PUBLIC:
            ours, base = (inspect.unwrap(getattr(kind, name)) for kind in (type(provider), BasePMProvider))
            assert inspect.iscoroutinefunction(ours) == inspect.iscoroutinefunction(base), name
            assert _parameters(ours) == _parameters(base), name

    async def test_hooks_take_what_the_base_gives(self, provider: BasePMProvider) -> None:
        """A hook has the parameters of the base, in order; others only with defaults."""
        for hook in HOOKS.values():
            ours, base = (_parameters(getattr(kind, hook)) for kind in (type(provider), BasePMProvider))
            assert len(ours) >= len(base), hook
            assert all(default is not inspect.Parameter.empty for _, _, default in ours[len(base) :]), hook

    async def test_every_gap_is_a_test(self) -> None:
        """A gap names a test of the suite; one that is misspelt would hide nothing, and nobody would know."""
        for gap in self.harness_class.gaps:
            assert hasattr(self, gap.test.partition("[")[0]), f"there is no test {gap.test}"


def _parameters(function: Callable[..., Any]) -> list[tuple[str, Any, Any]]:
    found = inspect.signature(function).parameters.values()
    return [(one.name, one.kind, one.default) for one in found]
