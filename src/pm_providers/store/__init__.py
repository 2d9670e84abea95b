"""What the project itself remembers: connections, mappings, shared rate limits."""

from pm_providers.store.connections import (
    add_connection,
    config_for,
    get_connection,
    list_connections,
    remove_connection,
    rotate_keys,
    update_connection,
)
from pm_providers.store.mappings import (
    add_mapping,
    configure_mapping,
    get_mapping,
    list_mappings,
    pause_mapping,
    remove_mapping,
    resume_mapping,
    touch_mapping,
)
from pm_providers.store.quota import SqlGate
from pm_providers.store.records import Connection, SyncMapping

__all__ = [
    "Connection",
    "SqlGate",
    "SyncMapping",
    "add_connection",
    "add_mapping",
    "config_for",
    "configure_mapping",
    "get_connection",
    "get_mapping",
    "list_connections",
    "list_mappings",
    "pause_mapping",
    "remove_connection",
    "remove_mapping",
    "resume_mapping",
    "rotate_keys",
    "touch_mapping",
    "update_connection",
]
