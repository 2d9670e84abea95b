"""Capabilities as data, choices, cursors, configuration."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pm_providers import (
    ConfigurationError,
    PMPriority,
    PMProviderConfig,
    PMRelation,
    PMStatus,
    UnsupportedError,
    ValidationError,
)
from pm_providers.contract import (
    BATCH_OPERATIONS,
    NATIVE,
    OPERATIONS,
    BasePMProvider,
    Capability,
    ChoiceBook,
    Limits,
    Setting,
    Support,
    config_from_settings,
    declare_fields,
    declare_operations,
    decode_cursor,
    encode_cursor,
    mapped,
    override,
    pack_ids,
    read_only,
    unpack_ids,
    unsupported,
)
from pm_providers.model import MODELS, Entity, RelationType
from tests.contract.memory import MemoryProvider

CAPS = MemoryProvider.CAPABILITIES


def test_operations_are_public_methods():
    """Every operation is a method of the interface, once."""
    assert len(set(OPERATIONS)) == len(OPERATIONS)
    assert all(callable(getattr(BasePMProvider, name)) for name in OPERATIONS)
    assert all(many in OPERATIONS and one in OPERATIONS for many, one in BATCH_OPERATIONS.items())


def test_support_levels():
    """What can be used, and what can be written."""
    levels = [NATIVE, mapped("m"), read_only("r"), unsupported("u")]
    assert [one.is_supported for one in levels] == [True, True, True, False]
    assert [one.is_writable for one in levels] == [True, True, False, False]
    assert [one.note for one in levels] == ["", "m", "r", "u"]
    assert levels[3] == Capability(Support.UNSUPPORTED, "u")


def test_declare_operations_is_total():
    """All operations have an entry; a name that is none is a mistake of the author."""
    table = declare_operations(default=unsupported("x"), native="get_task", delete_task=mapped("y"))
    assert set(table) == set(OPERATIONS)
    assert (table["get_task"], table["delete_task"], table["request"]) == (
        NATIVE,
        mapped("y"),
        unsupported("x"),
    )
    with pytest.raises(ValueError, match="no such operations: fly"):
        declare_operations(fly=NATIVE)
    with pytest.raises(ValueError, match="no such operations: swim"):
        declare_operations(native="swim")


def test_declare_fields_is_total():
    """A field that is forgotten, doubled or unknown is named."""
    with pytest.raises(ValueError, match=r"label fields: missing \['project_id'\]"):
        declare_fields(Entity.LABEL, native="name color")
    with pytest.raises(ValueError, match=r"unknown or doubled \['size'\]"):
        declare_fields(Entity.LABEL, native="name color project_id size")
    with pytest.raises(ValueError, match=r"unknown or doubled \['name'\]"):
        declare_fields(Entity.LABEL, native="name color project_id", name=read_only("x"))
    table = declare_fields(Entity.LABEL, native="name", rest=unsupported("none"))
    assert list(table) == ["name", "project_id", "color"]
    assert table["color"] == unsupported("none")
    with pytest.raises(ValueError, match="size"):
        declare_fields(Entity.LABEL, native="name size", rest=unsupported("none"))


def test_require_names_everything():
    """The refusal carries provider, operation and reason, as attributes and in its text."""
    CAPS.require("get_task", "memory")
    with pytest.raises(UnsupportedError) as caught:
        CAPS.require("request", "memory")
    error = caught.value
    assert (error.provider, error.operation, error.reason) == ("memory", "request", "memory does not have it")
    assert str(error) == "memory request: not supported: memory does not have it"


def test_narrowed_is_a_copy():
    """A connection's capabilities differ where said, and the class keeps its own."""
    less = CAPS.narrowed(
        operations={"get_task": unsupported("off")},
        fields={(Entity.TASK, "priority"): unsupported("old version")},
        limits=Limits(page_size=5),
    )
    assert not less.supports("get_task")
    assert CAPS.supports("get_task")
    assert less.field(Entity.TASK, "priority").note == "old version"
    assert CAPS.field(Entity.TASK, "priority") == NATIVE
    assert (less.limits.page_size, less.field(Entity.TASK, "title")) == (5, NATIVE)
    assert set(less.fields) == set(MODELS)


STATUSES = (
    PMStatus("1", "New", "todo", is_default=True),
    PMStatus("2", "Open", "todo"),
    PMStatus("3", "Closed", "completed", is_closed=True),
    PMStatus("4", "3", "blocked"),
)
BOOK = ChoiceBook(STATUSES, {one.id: one.status for one in STATUSES}, "status")


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("1", ["1"]),
        ("new", ["1"]),
        (" NEW ", ["1"]),
        ("todo", ["1", "2"]),
        ("completed", ["3"]),
        ("3", ["3", "4"]),
    ],
)
def test_choices_by_id_name_and_unified_value(value, found):
    """Id first, then name, then unified value with the default first."""
    assert [one.id for one in BOOK.candidates(value)] == found


def test_default_wins_ties():
    """A unified value means the system's default, wherever it stands."""
    statuses = (PMStatus("9", "Later", "todo"), PMStatus("8", "Now", "todo", is_default=True))
    book = ChoiceBook(statuses, {"9": "todo", "8": "todo"}, "status")
    assert [one.id for one in book.candidates("todo")] == ["8", "9"]


def test_unknown_choice_lists_what_exists():
    """The error names the field and all choices."""
    with pytest.raises(ValidationError) as caught:
        BOOK.candidates("nope")
    assert caught.value.fields == {"status": "'nope' is unknown; the system has: New, Open, Closed, 3"}
    assert (BOOK.read("3"), BOOK.read("77")) == ("completed", None)


def test_choices_of_priorities():
    """The same book serves priorities."""
    book = ChoiceBook((PMPriority("1", "Urgent", "highest"),), {"1": "highest"}, "priority")
    assert book.candidates("highest")[0].name == "Urgent"


def test_override_by_name_or_id():
    """The connection's own map wins by id or by name; a value that is not unified is a configuration error."""
    table = {" in REVIEW ": "blocked", "7": "completed", "8": "purple"}
    allowed = ["blocked", "completed"]
    assert override(table, "1", "In review", allowed, option="status_map") == "blocked"
    assert override(table, "7", "x", allowed, option="status_map") == "completed"
    assert override(table, "1", "x", allowed, option="status_map") is None
    with pytest.raises(
        ConfigurationError, match="status_map: 'purple' is not one of blocked, completed"
    ) as caught:
        override(table, "8", "x", allowed, option="status_map")
    assert caught.value.setting == "status_map"


class TestCursors:
    """Cursors are opaque, owned, and bounded."""

    @given(st.dictionaries(st.text(max_size=5), st.integers() | st.text() | st.none(), max_size=5))
    def test_round_trip(self, state):
        """Any JSON state comes back, through one URL-safe line."""
        cursor = encode_cursor("memory", state)
        assert cursor.isascii()
        assert not set(cursor) & set("+/= \n")
        assert decode_cursor("memory", cursor) == state

    @given(st.text(max_size=40))
    def test_anything_else_is_refused(self, text):
        """No text crashes the decoder."""
        with pytest.raises(ValidationError) as caught:
            decode_cursor("memory", text)
        assert set(caught.value.fields) == {"cursor"}

    @given(st.data())
    def test_damage_is_refused(self, data):
        """A cursor that lost or changed a character is no cursor."""
        cursor = encode_cursor("memory", {"n": 12, "text": "something that is longer"})
        place = data.draw(st.integers(0, len(cursor) - 2))
        with pytest.raises(ValidationError):
            decode_cursor("memory", cursor[:place] + cursor[place + 1 :])

    def test_owner_and_shape(self):
        """A cursor of another provider, or one that holds no state, is refused."""
        with pytest.raises(ValidationError, match="belongs to another provider"):
            decode_cursor("memory", encode_cursor("jira", {}))
        for state in ([], 5, None):
            with pytest.raises(ValidationError):
                decode_cursor("memory", encode_cursor("memory", state))

    def test_size_is_bounded(self):
        """A small cursor that unpacks to more than 64 MiB is refused without being unpacked."""
        bomb = encode_cursor("memory", {"x": "a" * (65 * 1024 * 1024)})
        assert len(bomb) < 200_000
        with pytest.raises(ValidationError):
            decode_cursor("memory", bomb)

    @given(
        st.sets(
            st.integers(0, 2**70).map(str) | st.text(min_size=1) | st.sampled_from(["007", "٣", "-1", "²"])
        )
    )
    def test_id_sets(self, ids):
        """Any set of ids comes back, numbers that are no plain numbers included."""
        assert unpack_ids(pack_ids(ids)) == ids

    def test_dense_id_sets_are_small(self):
        """Ten thousand neighbouring ids cost almost nothing."""
        assert len(pack_ids(str(n) for n in range(10_000))) < 200

    @pytest.mark.parametrize("text", ["", "nonsense", "ä", pack_ids(["1"])[:-2], pack_ids(["1"]) + "xxxxx"])
    def test_damaged_id_sets(self, text):
        """Damage is a `ValidationError` of the cursor."""
        with pytest.raises(ValidationError) as caught:
            unpack_ids(text)
        assert set(caught.value.fields) == {"cursor"}


SETTINGS = (
    Setting("X_URL", "base_url", "the address", "https://x.example.com", required=True),
    Setting("X_KEY", "api_key", "the key", "k-123", required=True, secret=True),
    Setting("X_DEPTH", "depth", "levels to read", "3"),
    Setting("X_TIMEOUT", "timeout_s", "seconds for one request", "30"),
)
GIVEN = {"X_URL": " https://x.test ", "X_KEY": "secret-1", "X_DEPTH": "4", "X_TIMEOUT": "2.5", "OTHER": "1"}


class TestConfiguration:
    """Settings become one record, or one clear error."""

    def test_complete(self):
        """Fields are filled, others become options, numbers are numbers."""
        config = config_from_settings("x", SETTINGS, GIVEN)
        assert (config.provider_type, config.base_url, config.api_key) == ("x", "https://x.test", "secret-1")
        assert (config.option("depth"), config.option("width", 7), config.timeout_s) == ("4", 7, 2.5)

    @pytest.mark.parametrize("value", ["", "   ", None])
    def test_missing(self, value):
        """The error names the variable, what it is, and an example; blank is missing."""
        given = (
            {**GIVEN, "X_URL": value}
            if value is not None
            else {k: v for k, v in GIVEN.items() if k != "X_URL"}
        )
        with pytest.raises(ConfigurationError) as caught:
            config_from_settings("x", SETTINGS, given)
        assert caught.value.setting == "X_URL"
        assert caught.value.example == "https://x.example.com"
        assert str(caught.value) == (
            "x: X_URL is not set: the address, for example X_URL=https://x.example.com"
        )

    @pytest.mark.parametrize("value", ["soon", "-1", "0", "nan", "inf"])
    def test_malformed_number(self, value):
        """Seconds that are no number are an error that names the variable."""
        with pytest.raises(
            ConfigurationError, match="X_TIMEOUT is no number above 0, for example X_TIMEOUT=30"
        ):
            config_from_settings("x", SETTINGS, {**GIVEN, "X_TIMEOUT": value})

    def test_secrets_do_not_show(self):
        """Neither keys nor options stand in the text of a configuration."""
        config = PMProviderConfig("x", api_key="k-1", api_token="t-2", additional_config={"password": "p-3"})
        assert config.secrets() == ("k-1", "t-2")
        assert not any(secret in repr(config) for secret in ("k-1", "t-2", "p-3"))
        assert PMProviderConfig().secrets() == ()


class TestRelationTypes:
    """Types of relations that the system does not have."""

    @staticmethod
    def provider() -> MemoryProvider:
        provider = MemoryProvider()
        table = {(Entity.RELATION, name): NATIVE for name in ("from_task_id", "to_task_id", "type")}
        provider._capabilities = provider.capabilities.narrowed(
            operations={"create_relation": NATIVE, "update_relation": NATIVE},
            fields=table,
            limits=replace(provider.capabilities.limits, relation_types=("relates", "blocks")),
        )
        return provider

    @pytest.mark.parametrize("kind", ["includes", "part_of", "precedes", "follows"])
    async def test_they_are_refused_by_name(self, kind):
        """By their own and by their inverse names, with those that there are, before the hook."""
        provider = self.provider()
        wrong = {"type": f"{kind!r} is unknown to the system; it has: relates, blocks"}
        with pytest.raises(ValidationError) as created:
            await provider.create_relation(PMRelation("", "1", "2", kind))
        assert (created.value.fields, created.value.operation) == (wrong, "create_relation")
        with pytest.raises(ValidationError) as updated:
            await provider.update_relation("1", {"type": kind})
        assert (updated.value.fields, updated.value.operation) == (wrong, "update_relation")

    @pytest.mark.parametrize("kind", ["relates", "blocks", "blocked_by"])
    async def test_others_reach_the_hook(self, kind):
        """Which memory does not have."""
        with pytest.raises(UnsupportedError):
            await self.provider().create_relation(PMRelation("", "1", "2", kind))

    async def test_what_is_no_type_is_refused_as_before(self):
        """Misspelt types are checked with the other fields."""
        with pytest.raises(ValidationError, match="is not one of relates, blocks"):
            await self.provider().create_relation(PMRelation("", "1", "2", "hates"))

    async def test_unsupported_comes_first(self):
        """Without relations at all, the type does not matter."""
        with pytest.raises(UnsupportedError):
            await MemoryProvider().create_relation(PMRelation("", "1", "2", "includes"))

    def test_all_by_default(self):
        """Who says nothing has them all."""
        assert Limits().relation_types == tuple(RelationType)
