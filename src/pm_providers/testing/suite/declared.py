"""Declared equals implemented, in both directions."""

from __future__ import annotations

import inspect

import pytest

from pm_providers.contract import BATCH_OPERATIONS, OPERATIONS, BasePMProvider, Support
from pm_providers.model import MODELS, Entity, Owner, field_specs
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

    @pytest.mark.parametrize("operation", OPERATIONS)
    async def test_declared_is_written(self, provider: BasePMProvider, operation: str) -> None:
        """An operation has a hook of the provider's own exactly if it is declared supported."""
        kind = type(provider)
        hooks = {HOOKS[operation]}
        if operation in BATCH_OPERATIONS:
            hooks.add(HOOKS[BATCH_OPERATIONS[operation]])
        written = any(getattr(kind, hook) is not getattr(BasePMProvider, hook) for hook in hooks)
        declared = kind.CAPABILITIES.operation(operation)
        if declared.is_supported:
            assert written, f"{operation} is declared {declared.support}, but has no hook"
        else:
            own = getattr(kind, HOOKS[operation]) is not getattr(BasePMProvider, HOOKS[operation])
            assert not own, f"{operation} is declared unsupported, but has a hook"

    @pytest.mark.parametrize("operation", OPERATIONS)
    async def test_unsupported_is_refused_by_name(self, harness: ProviderHarness, operation: str) -> None:
        """An unsupported operation raises `UnsupportedError` without asking the system."""
        provider = harness.provider
        if provider.capabilities.supports(operation):
            assert provider.capabilities.operation(operation).support is not Support.READ_ONLY
            return
        before = harness.request_count()
        await assert_refused(provider, operation)
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
            if not provider.capabilities.supports(f"list_{entity.plural}"):
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
        for path, length in limits.lengths.items():
            entity, _, name = path.partition(".")
            assert name in field_specs(MODELS[Entity(entity)])
            assert length >= 1

    @pytest.mark.parametrize("name", _PUBLIC)
    async def test_public_methods_are_those_of_the_base(self, provider: BasePMProvider, name: str) -> None:
        """Nobody changes the signature of a public method, nor makes a coroutine of what is none."""
        ours, base = getattr(type(provider), name), getattr(BasePMProvider, name)
        if name == "from_config":
            ours, base = ours.__func__, base.__func__
        if ours is base:
            return
        assert inspect.iscoroutinefunction(ours) == inspect.iscoroutinefunction(base)
        wanted = [(p.name, p.kind, p.default) for p in inspect.signature(base).parameters.values()]
        found = [(p.name, p.kind, p.default) for p in inspect.signature(ours).parameters.values()]
        assert found == wanted

    @pytest.mark.parametrize("hook", sorted(set(HOOKS.values())))
    async def test_hooks_take_what_the_base_gives(self, provider: BasePMProvider, hook: str) -> None:
        """A hook has the parameters of the base, in order; others only with defaults."""
        ours = list(inspect.signature(getattr(type(provider), hook)).parameters.values())
        base = list(inspect.signature(getattr(BasePMProvider, hook)).parameters.values())
        assert len(ours) >= len(base)
        assert all(extra.default is not inspect.Parameter.empty for extra in ours[len(base) :])

    async def test_every_gap_is_a_test(self) -> None:
        """A gap names a test of the suite; one that is misspelt would hide nothing, and nobody would know."""
        for gap in self.harness_class.gaps:
            assert hasattr(self, gap.test.partition("[")[0]), f"there is no test {gap.test}"
