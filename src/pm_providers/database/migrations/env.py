"""Alembic environment: runs on the connection that it is given, in the transaction that is open there."""

from alembic import context

from pm_providers.database import schema_jobs, schema_sync  # noqa: F401 - their tables belong to the metadata
from pm_providers.database.schema import metadata

VERSION_TABLE = "pm_schema_version"

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table=VERSION_TABLE,
)
with context.begin_transaction():
    context.run_migrations()
