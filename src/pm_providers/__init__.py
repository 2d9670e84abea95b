"""One async Python interface over project-management systems.

Start with `build_pm_provider`. Everything that callers need stands here; provider classes are loaded when
first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from pm_providers.contract import (
    BasePMProvider,
    BatchOutcome,
    BatchResult,
    Capabilities,
    ChangePage,
    HealthReport,
    PMProviderConfig,
    RawResponse,
    Support,
)
from pm_providers.errors import (
    AuthenticationError,
    ConfigurationError,
    ConflictError,
    NotFoundError,
    PermissionDeniedError,
    PMError,
    ProviderError,
    RateLimitedError,
    TransportError,
    UnsupportedError,
    ValidationError,
)
from pm_providers.model import (
    Entity,
    PMAttachment,
    PMChecklist,
    PMChecklistItem,
    PMComment,
    PMField,
    PMLabel,
    PMMembership,
    PMPriority,
    PMProject,
    PMRelation,
    PMSprint,
    PMStatus,
    PMTask,
    PMTaskType,
    PMTimeEntry,
    PMTransition,
    PMUser,
    Priority,
    ProjectStatus,
    RelationType,
    SprintStatus,
    TaskStatus,
    WriteWarning,
)
from pm_providers.registry import build_pm_provider, provider_names

if TYPE_CHECKING:
    from pm_providers.providers.asana import AsanaProvider
    from pm_providers.providers.clickup import ClickUpProvider
    from pm_providers.providers.internal import InternalProvider
    from pm_providers.providers.jira import JIRAProvider, JiraProvider
    from pm_providers.providers.openproject import OpenProjectProvider
    from pm_providers.providers.redmine import RedmineProvider
    from pm_providers.providers.trello import TrelloProvider

__version__ = "0.1.0"

_LAZY = {
    "AsanaProvider": "pm_providers.providers.asana",
    "ClickUpProvider": "pm_providers.providers.clickup",
    "InternalProvider": "pm_providers.providers.internal",
    "JIRAProvider": "pm_providers.providers.jira",
    "JiraProvider": "pm_providers.providers.jira",
    "OpenProjectProvider": "pm_providers.providers.openproject",
    "RedmineProvider": "pm_providers.providers.redmine",
    "TrelloProvider": "pm_providers.providers.trello",
}

__all__ = [
    "AsanaProvider",
    "AuthenticationError",
    "BasePMProvider",
    "BatchOutcome",
    "BatchResult",
    "Capabilities",
    "ChangePage",
    "ClickUpProvider",
    "ConfigurationError",
    "ConflictError",
    "Entity",
    "HealthReport",
    "InternalProvider",
    "JIRAProvider",
    "JiraProvider",
    "NotFoundError",
    "OpenProjectProvider",
    "PMAttachment",
    "PMChecklist",
    "PMChecklistItem",
    "PMComment",
    "PMError",
    "PMField",
    "PMLabel",
    "PMMembership",
    "PMPriority",
    "PMProject",
    "PMProviderConfig",
    "PMRelation",
    "PMSprint",
    "PMStatus",
    "PMTask",
    "PMTaskType",
    "PMTimeEntry",
    "PMTransition",
    "PMUser",
    "PermissionDeniedError",
    "Priority",
    "ProjectStatus",
    "ProviderError",
    "RateLimitedError",
    "RawResponse",
    "RedmineProvider",
    "RelationType",
    "SprintStatus",
    "Support",
    "TaskStatus",
    "TransportError",
    "TrelloProvider",
    "UnsupportedError",
    "ValidationError",
    "WriteWarning",
    "build_pm_provider",
    "provider_names",
]


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        return getattr(import_module(_LAZY[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
