"""Comparing what was written with what came back, for systems that spell values their own way."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pm_providers.contract import BasePMProvider
from pm_providers.model import Record
from pm_providers.toolkit.custom_fields import same_custom

__all__ = ["RemoteProvider"]


class RemoteProvider(BasePMProvider):
    """Base of providers whose system sorts lists of custom fields, and tells types without case."""

    def _holds(self, name: str, asked: Any, result: Record) -> bool:
        got = getattr(result, name)
        if name == "custom_fields" and isinstance(asked, Mapping):
            return same_custom(asked, got)
        if name == "type" and isinstance(asked, str) and isinstance(got, str):
            return asked.casefold() == got.casefold() or super()._holds(name, asked, result)
        return super()._holds(name, asked, result)
