"""How alembic reaches the store: through the connection, and inside the transaction, that opening it holds."""

from alembic import context

from eegwarn.store.schema import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
with context.begin_transaction():
    context.run_migrations()
