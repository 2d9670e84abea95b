"""Every field of every record: declared, held, changed, cleared, or refused by name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from pm_providers.contract import BasePMProvider, Support
from pm_providers.errors import UnsupportedError, ValidationError
from pm_providers.model import MODELS, Entity, FieldKind, Owner, PMTask, PMTimeEntry, Record, field_specs
from pm_providers.testing.calls import PLACEHOLDERS
from pm_providers.testing.checks import assert_holds, read, refusal
from pm_providers.testing.harness import ProviderHarness
from pm_providers.testing.samples import any_value, create, draft, place_of, sample_values
from pm_providers.testing.suite.base import SuiteBase

__all__ = ["FieldSuite"]

_ALONE = tuple(one for one in Entity if one is not Entity.CHECKLIST_ITEM)
"""Records that can be told by themselves; items of checklists have tests of their own, as have places."""
_WRITABLE = [
    pytest.param(entity, name, id=f"{entity}.{name}")
    for entity in _ALONE
    for name, spec in field_specs(MODELS[entity]).items()
    if spec.owner is not Owner.SERVER and name != "position"
]
_ALWAYS_SET = frozenset({"type", "activity", "email", "username", "is_public", "file_name", "lag_days"})
"""Fields that many systems never leave empty; `key` and choices are the same."""


def _empty(value: Any) -> bool:
    return value in (None, "", [], {})


class FieldSuite(SuiteBase):
    """What is written reads back equal; what cannot be written is refused before any request."""

    @pytest.mark.parametrize(("entity", "name"), _WRITABLE)
    async def test_field_is_held(self, harness: ProviderHarness, entity: Entity, name: str) -> None:
        """A field holds what it is created with and updated to, and is empty once cleared.

        A field that is declared `mapped` may hold something else where the harness tells why; then the write
        says so.
        """
        provider = harness.provider
        if not provider.capabilities.supports(f"create_{entity}"):
            pytest.skip(f"create_{entity} is unsupported")
        if not provider.capabilities.field(entity, name).is_writable:
            await _assert_not_writable(harness, entity, name)
            return
        first, second = await _two(harness, entity, name)
        written, fresh = await _created(harness, entity, name, first), await harness.fresh()
        spec = field_specs(MODELS[entity])[name]
        if spec.owner is Owner.CREATOR or not provider.capabilities.supports(f"update_{entity}"):
            return
        written = await harness.changeable(written)
        update = getattr(provider, f"update_{entity}")
        place = place_of(written)
        if f"{entity}.{name}" in harness.never_changed:
            await _assert_fixed(harness, fresh, written, entity, name, second)
            return
        await _check(harness, fresh, await update(written.id, {name: second}, **place), entity, name, second)
        if spec.kind is FieldKind.MAP:
            cleared = await update(written.id, {name: dict.fromkeys(second)}, **place)
            await _check(harness, fresh, cleared, entity, name, dict.fromkeys(second))
        if not spec.required:
            await _check_clearing(harness, fresh, written, entity, name)

    @pytest.mark.parametrize("entity", list(Entity))
    async def test_wrong_types_are_refused(
        self, harness: ProviderHarness, provider: BasePMProvider, entity: Entity
    ) -> None:
        """A value of the wrong type is refused before any request, naming the field and the value."""
        if not provider.capabilities.supports(f"create_{entity}"):
            pytest.skip(f"create_{entity} is unsupported")
        before = harness.request_count()
        for name, capability in provider.capabilities.fields[entity].items():
            if not capability.is_writable or field_specs(MODELS[entity])[name].owner is Owner.SERVER:
                continue
            async with refusal(provider, f"create_{entity}", ValidationError) as caught:
                await create(provider, entity, _with(PLACEHOLDERS[entity], name, object()))
            assert isinstance(caught.value, ValidationError)
            assert "object" in caught.value.fields[name]
        assert harness.request_count() == before

    @pytest.mark.parametrize("entity", _ALONE)
    async def test_declared_fields_are_filled(self, harness: ProviderHarness, entity: Entity) -> None:
        """A field that is declared supported is filled by some record, an unsupported one by none."""
        provider = harness.provider
        verb = f"list_{entity.plural}"
        if not provider.capabilities.supports(verb):
            pytest.skip(f"{verb} is unsupported")
        records = await _rich(harness, entity)
        for name in field_specs(MODELS[entity]):
            if name in {"id", "raw_data"}:
                continue
            values = [getattr(record, name) for record in records]
            filled = any(not _empty(value) and value is not False for value in values)
            if not provider.capabilities.field(entity, name).is_supported:
                default = getattr(MODELS[entity](), name)
                assert all(_empty(value) or value == default for value in values), (
                    f"{name} is filled: {values}"
                )
            elif f"{entity}.{name}" not in harness.rarely_filled and name not in {"is_archived", "is_admin"}:
                assert filled or _is_flag(entity, name), (
                    f"{entity}.{name} is declared supported, never filled"
                )


async def _created(harness: ProviderHarness, entity: Entity, name: str, value: Any) -> Record:
    """A new record with the field; refused by name, and made without it, where new ones cannot have it."""
    provider, path = harness.provider, f"{entity}.{name}"
    record = _with(await draft(harness, entity), name, value)
    needed = harness.companions.get(path, {})
    if path in harness.never_created or needed:
        with pytest.raises(ValidationError) as caught:
            await create(provider, entity, record)
        assert {name, *needed} & caught.value.fields.keys()
    if path in harness.never_created:
        return await create(provider, entity, await draft(harness, entity))
    for other, one in needed.items():
        setattr(record, other, one)
    written = await create(provider, entity, record)
    await _check(harness, await harness.fresh(), written, entity, name, value)
    return written


def _with(record: Record, name: str, value: Any) -> Record:
    changed = replace(record)
    setattr(changed, name, value)
    return changed


def _is_flag(entity: Entity, name: str) -> bool:
    return field_specs(MODELS[entity])[name].kind is FieldKind.FLAG


async def _two(harness: ProviderHarness, entity: Entity, name: str) -> Sequence[Any]:
    values = list(await sample_values(harness, entity, name))
    assert len(values) == 2, f"{entity}.{name}: the suite needs two values, the harness has {values}"
    return values


async def _assert_not_writable(harness: ProviderHarness, entity: Entity, name: str) -> None:
    provider, capability = harness.provider, harness.provider.capabilities.field(entity, name)
    expected = ValidationError if capability.support is Support.READ_ONLY else UnsupportedError
    before = harness.request_count()
    value = any_value(entity, name)
    with pytest.raises(expected) as caught:
        await create(provider, entity, _with(PLACEHOLDERS[entity], name, value))
    errors = [caught.value]
    spec = field_specs(MODELS[entity])[name]
    if provider.capabilities.supports(f"update_{entity}") and spec.owner is Owner.CALLER:
        with pytest.raises(expected) as caught:
            await getattr(provider, f"update_{entity}")("1", {name: value})
        errors.append(caught.value)
    for error in errors:
        assert error.provider == provider.name
        assert f"{entity}.{name}" in str(error)
        assert capability.note
        assert capability.note in str(error)
    assert harness.request_count() == before, "a request was made for a value that could never be written"


async def _check(
    harness: ProviderHarness, fresh: BasePMProvider, written: Record, entity: Entity, name: str, asked: Any
) -> None:
    """The write's result is what is stored, and holds what was asked for.

    A field that the harness names may hold something else, and the write says so.
    """
    found = await read(fresh, written)
    assert found == written, f"{name}: the write returned something else than what is stored"
    warned = {warning.field: warning for warning in getattr(written, "warnings", ())}
    if name not in warned:
        assert_holds(found, **{name: asked})
        return
    assert harness.provider.capabilities.field(entity, name).support is Support.MAPPED, (
        f"{name} is declared native, but {warned[name]}"
    )
    assert f"{entity}.{name}" in harness.not_as_asked, f"{name} does not come back, without a reason given"
    assert warned[name].got == getattr(found, name)


async def _assert_fixed(
    harness: ProviderHarness,
    fresh: BasePMProvider,
    written: Record,
    entity: Entity,
    name: str,
    value: Any,
) -> None:
    """A field that is given once: another value is refused by name, and nothing is written."""
    provider = harness.provider
    support = provider.capabilities.field(entity, name).support
    assert support is Support.MAPPED, f"{name} cannot be changed, and is declared native"
    with pytest.raises(ValidationError) as caught:
        await getattr(provider, f"update_{entity}")(written.id, {name: value}, **place_of(written))
    assert name in caught.value.fields
    assert await read(fresh, written) == written


async def _check_clearing(
    harness: ProviderHarness, fresh: BasePMProvider, written: Record, entity: Entity, name: str
) -> None:
    provider, spec = harness.provider, field_specs(MODELS[entity])[name]
    may_refuse = spec.kind in {FieldKind.CHOICE, FieldKind.MAP} or name in _ALWAYS_SET or name == "key"
    may_refuse = may_refuse or f"{entity}.{name}" in harness.never_empty
    try:
        update = getattr(provider, f"update_{entity}")
        cleared = await update(written.id, {name: None}, **place_of(written))
    except ValidationError as error:
        assert may_refuse, f"{name} cannot be cleared: {error}"
        assert name in error.fields
        return
    found = await read(fresh, cleared)
    assert found == cleared
    warned = any(warning.field == name for warning in cleared.warnings)
    mapped = provider.capabilities.field(entity, name).support is Support.MAPPED
    assert (
        _empty(getattr(found, name)) or (warned and (may_refuse or mapped)) or _is_custom_only(name, found)
    ), f"{name} was cleared, but holds {getattr(found, name)!r}"


def _is_custom_only(name: str, found: Record | None) -> bool:
    """Custom fields exist by name whether they are set or not: cleared means that each is empty."""
    return name == "custom_fields" and all(_empty(value) for value in getattr(found, name).values())


async def _rich(harness: ProviderHarness, entity: Entity) -> list[Record]:
    """Records of an entity in which everything is set that can be; and those that were there before."""
    provider = harness.provider
    found: list[Record] = []
    if provider.capabilities.supports(f"create_{entity}"):
        record = await draft(harness, entity)
        alone = await draft(harness, entity)
        for name, spec in field_specs(MODELS[entity]).items():
            settable = spec.owner is not Owner.SERVER and _empty(getattr(record, name))
            settable = settable and f"{entity}.{name}" not in harness.never_created
            if settable and provider.capabilities.field(entity, name).is_writable:
                # What is above a record may rule over its other fields, so that one is set alone.
                target = alone if name.startswith("parent_") else record
                setattr(target, name, (await _two(harness, entity, name))[0])
        for one in (_agreeing(record), alone):
            written = await create(provider, entity, one)
            if entity is Entity.TASK and provider.capabilities.supports("create_time_entry"):
                await provider.create_time_entry(PMTimeEntry("", written.id, 1.5, date(2026, 3, 2)))
            seen = await read(provider, written)
            found += [written] if seen is None else [written, seen]
            found += await _closed(provider, entity, written)
            found += await _updated(harness, entity, written)
    if entity is Entity.LABEL:
        await harness.labels((await harness.project()).id)
    if entity in {Entity.PROJECT, Entity.SPRINT, Entity.USER, Entity.LABEL}:
        found += await getattr(provider, f"list_{entity.plural}")()
    if entity is Entity.MEMBERSHIP and not found:
        found += await provider.list_memberships((await harness.project()).id)
    return found


def _agreeing(record: Record) -> Record:
    """`assignee_id` is the first of `assignee_ids`, and labels count together."""
    if isinstance(record, PMTask) and record.assignee_ids:
        return replace(record, assignee_id=record.assignee_ids[0])
    return record


async def _updated(harness: ProviderHarness, entity: Entity, written: Record) -> list[Record]:
    """The record with what only updates can write."""
    paths = (path for path in harness.never_created if path.startswith(f"{entity}."))
    names = [path.partition(".")[2] for path in paths]
    if not names:
        return []
    values = {name: (await _two(harness, entity, name))[0] for name in names}
    target = await harness.changeable(written)
    return [await getattr(harness.provider, f"update_{entity}")(target.id, values, **place_of(target))]


async def _closed(provider: BasePMProvider, entity: Entity, written: Record) -> list[Record]:
    if entity is not Entity.TASK:
        return []
    return [await provider.update_task(written.id, {"status": "completed"})]
