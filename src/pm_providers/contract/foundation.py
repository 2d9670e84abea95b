"""What all parts of the interface stand on: life cycle, checked writes, bounded streams."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Mapping
from contextlib import aclosing, contextmanager, nullcontext
from dataclasses import replace
from typing import Any, ClassVar, Self, TypeVar, cast

from pm_providers.contract.capabilities import Capabilities
from pm_providers.contract.comparison import holds, same_document
from pm_providers.contract.config import PMProviderConfig, Setting
from pm_providers.contract.validation import Fields, compare_written, draft_fields, patch_fields
from pm_providers.contract.values import check_id
from pm_providers.effects import watched
from pm_providers.errors import PMError, UnsupportedError, ValidationError
from pm_providers.model import Entity, Record

__all__ = ["ProviderFoundation"]

R = TypeVar("R", bound=Record)
T = TypeVar("T")

_WRITES = frozenset({"create", "update", "delete", "add", "remove"})
"""First words of operations that write."""


class ProviderFoundation:
    """Life cycle, checks and error context of a provider; no operation yet.

    Attributes:
        name: registered name; stored with data, so never renamed.
        title: name of the system for people.
        CAPABILITIES: what the vendor can do at best.
        SETTINGS: what the environment must and may give.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    CAPABILITIES: ClassVar[Capabilities]
    SETTINGS: ClassVar[tuple[Setting, ...]] = ()

    def __init__(self, config: PMProviderConfig) -> None:
        self.config = config
        self._capabilities = self.CAPABILITIES

    @classmethod
    def from_config(cls, config: PMProviderConfig, *, db_session: Any = None) -> Self:
        """Build a provider; `db_session` is for those that live in a database.

        Raises:
            ConfigurationError: a setting is missing or malformed.
        """
        del db_session
        return cls(config)

    @property
    def capabilities(self) -> Capabilities:
        """What this connection can do; narrowed once `connect()` has looked at the system."""
        return self._capabilities

    async def connect(self) -> Self:
        """Look at the system: version, modules, rights. Called by `async with`; harmless when repeated.

        Raises:
            PMError: the system cannot be reached, or does not know the credentials.
        """
        with self._operation("connect"):
            await self._connect()
        return self

    async def _connect(self) -> None:
        """Hook: discover the system and narrow `self._capabilities`."""

    async def aclose(self) -> None:
        """Release connections. The provider cannot be used afterwards."""

    async def __aenter__(self) -> Self:
        try:
            return await self.connect()
        except BaseException:
            await self.aclose()
            raise

    async def __aexit__(self, *exc: object) -> None:
        await self.aclose()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.config.base_url or ''})"

    @contextmanager
    def _operation(self, operation: str) -> Iterator[None]:
        """Name the provider and the public operation in every error that leaves it.

        Errors of a write that are raised when something was written already are marked `maybe_applied`.
        """
        writes = operation.partition("_")[0] in _WRITES
        try:
            with watched() if writes else nullcontext():
                yield
        except PMError as error:
            error.provider = error.provider or self.name
            error.operation = error.operation or operation
            raise

    def _refuse(self, operation: str) -> UnsupportedError:
        """The error of an operation without a hook."""
        reason = self.CAPABILITIES.operation(operation).note or "this provider does not have it"
        return UnsupportedError(
            f"not supported: {reason}", reason=reason, provider=self.name, operation=operation
        )

    async def _resolve(self, entity: Entity, fields: Fields) -> Fields:
        """Hook: turn keys and names in checked fields into ids, before the write and its comparison."""
        del entity
        return fields

    def _holds(self, name: str, asked: Any, result: Record) -> bool:
        """Hook: whether a stored record holds what was asked for in a field.

        Texts of systems that do not keep Markdown are compared as documents, not letter by letter.
        """
        if holds(name, asked, result):
            return True
        return self.capabilities.text_format != "markdown" and same_document(name, asked, result)

    async def _create(
        self, entity: Entity, record: R, hook: Callable[[Fields], Any], operation: str | None = None
    ) -> R:
        """Check, write, compare. `hook` gets the checked fields and returns the stored record."""
        operation = operation or f"create_{entity.value}"
        with self._operation(operation):
            self.capabilities.require(operation, self.name)
            asked = await self._resolve(entity, draft_fields(self.capabilities, entity, record))
            return cast("R", self._reported(asked, await hook(asked)))

    async def _update(
        self,
        entity: Entity,
        identifier: str,
        updates: Mapping[str, Any],
        hook: Callable[[str, Fields], Any],
        *,
        expected_version: str | None = None,
    ) -> Any:
        """Check, write, compare. `hook` gets the id and the checked fields."""
        with self._operation(f"update_{entity.value}"):
            self.capabilities.require(f"update_{entity.value}", self.name)
            identifier = check_id(identifier, f"{entity.value}_id")
            self._check_version(entity, expected_version)
            checked = patch_fields(self.capabilities, entity, updates)
            if not checked:
                raise ValidationError("updates are empty: nothing to change")
            asked = await self._resolve(entity, checked)
            return self._reported(asked, await hook(identifier, asked))

    def _check_version(self, entity: Entity, expected_version: object) -> None:
        """A guard that the system cannot keep is refused, not ignored."""
        if expected_version is None:
            return
        if not isinstance(expected_version, str) or not expected_version:
            raise ValidationError(fields={"expected_version": "must be the `version` of a record (a string)"})
        capability = self.capabilities.field(entity, "version")
        if not capability.is_supported:
            text = f"expected_version is not supported: {capability.note}"
            raise UnsupportedError(text, reason=capability.note)

    async def _delete(self, entity: Entity, identifier: str, hook: Callable[[str], Any]) -> bool:
        with self._operation(f"delete_{entity.value}"):
            self.capabilities.require(f"delete_{entity.value}", self.name)
            return bool(await hook(check_id(identifier, f"{entity.value}_id")))

    async def _call(self, operation: str, hook: Callable[[], Any]) -> Any:
        """Any other operation: support checked, errors named."""
        with self._operation(operation):
            self.capabilities.require(operation, self.name)
            return await hook()

    def _reported(self, asked: Fields, result: Record) -> Record:
        """The stored record with a warning for each field that is not as asked; an error in strict mode."""
        noted: tuple[Any, ...] = getattr(result, "warnings", ())
        known = {warning.field for warning in noted}
        found = compare_written(
            {name: value for name, value in asked.items() if name not in known}, result, self._holds
        )
        warnings = (*noted, *found)
        if warnings and self.config.option("strict_writes", False):
            error = ValidationError(
                "written, but not as asked: " + "; ".join(map(str, warnings)),
                fields={warning.field: str(warning) for warning in warnings},
            )
            error.maybe_applied = True
            raise error
        return replace(result, warnings=warnings) if warnings else result  # type: ignore[call-arg]

    async def _stream(
        self, operation: str, source: Callable[[], AsyncIterator[T]], limit: int | None
    ) -> AsyncGenerator[T, None]:
        """Records of a hook, at most `limit` of them; the hook is closed when the caller stops early."""
        with self._operation(operation):
            self.capabilities.require(operation, self.name)
            if limit is not None and (isinstance(limit, bool) or not isinstance(limit, int) or limit < 0):
                raise ValidationError(fields={"limit": f"must be a whole number from 0, not {limit!r}"})
            if limit == 0:
                return
            count = 0
            async with aclosing(cast("AsyncGenerator[T, None]", source())) as records:
                async for record in records:
                    yield record
                    count += 1
                    if count == limit:
                        return

    @property
    def _window(self) -> int:
        """Pages in flight while a list is collected."""
        return max(1, self.capabilities.limits.concurrency)
