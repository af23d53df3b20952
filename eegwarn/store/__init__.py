"""Labels, alarms and what belongs to them, kept in SQLite or PostgreSQL; labels are only ever added."""

from eegwarn.store.store import Store, open_store

__all__ = ["open_store", "Store"]
