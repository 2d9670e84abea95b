"""What a provider is: the interface, its capabilities, its configuration, and the checks around them."""

from pm_providers.contract.capabilities import (
    BATCH_OPERATIONS,
    NATIVE,
    OPERATIONS,
    Capabilities,
    Capability,
    ChangeDetection,
    Limits,
    Support,
    declare_fields,
    declare_operations,
    mapped,
    read_only,
    unsupported,
)
from pm_providers.contract.comparison import holds
from pm_providers.contract.config import PMProviderConfig, Setting, config_from_settings
from pm_providers.contract.cursors import decode_cursor, encode_cursor, pack_ids, unpack_ids
from pm_providers.contract.provider import BasePMProvider
from pm_providers.contract.queries import ListQuery, TaskQuery
from pm_providers.contract.results import BatchOutcome, BatchResult, ChangePage, HealthReport, RawResponse
from pm_providers.contract.statuses import ChoiceBook, override
from pm_providers.contract.tasks import Progress
from pm_providers.contract.validation import Fields, draft_fields, patch_fields
from pm_providers.contract.values import check_id, check_text

__all__ = [
    "BATCH_OPERATIONS",
    "NATIVE",
    "OPERATIONS",
    "BasePMProvider",
    "BatchOutcome",
    "BatchResult",
    "Capabilities",
    "Capability",
    "ChangeDetection",
    "ChangePage",
    "ChoiceBook",
    "Fields",
    "HealthReport",
    "Limits",
    "ListQuery",
    "PMProviderConfig",
    "Progress",
    "RawResponse",
    "Setting",
    "Support",
    "TaskQuery",
    "check_id",
    "check_text",
    "config_from_settings",
    "declare_fields",
    "declare_operations",
    "decode_cursor",
    "draft_fields",
    "encode_cursor",
    "holds",
    "mapped",
    "override",
    "pack_ids",
    "patch_fields",
    "read_only",
    "unpack_ids",
    "unsupported",
]
