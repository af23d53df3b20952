"""Seizure events: one type, readers, writers and window labels."""
