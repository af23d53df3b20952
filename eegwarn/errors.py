"""The errors that eegwarn raises for its users.

Every message shows the value at fault, what was allowed, and what to do about it, in one line:
the command line prints it as it is.
"""


class EegwarnError(Exception):
    """Base class of every error that a user can cause and mend."""


class ConfigError(EegwarnError):
    """A configuration has an unknown key or a value out of bounds."""


class RecordingError(EegwarnError):
    """A recording cannot be opened, read or used."""


class MontageError(RecordingError):
    """The derivations asked for cannot be formed from the channels at hand."""


class EventsError(EegwarnError):
    """A file of seizure events cannot be read or written."""


class CohortError(EegwarnError):
    """A folder does not hold a cohort, or lacks what the task needs."""


class SplitError(CohortError):
    """A split would let test data leak into training."""


class DownloadError(EegwarnError):
    """A public data set could not be fetched whole."""


class ModelError(EegwarnError):
    """A model file is unknown, altered or unfit for the task."""


class OutputError(EegwarnError):
    """A result cannot be written where it was asked for."""


class StoreError(EegwarnError):
    """The store of labels and alarms cannot be read or written."""


class EngineError(EegwarnError):
    """The processes that were to do the work cannot be reached, or were lost."""
