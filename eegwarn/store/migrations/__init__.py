"""The way from every earlier schema of the store to the present one, for alembic; see `eegwarn.store.migrate`."""
