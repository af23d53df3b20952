"""Folders of patients and recordings, splits that cannot leak, download and simulation."""
