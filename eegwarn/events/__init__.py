"""Seizure events: one type, readers, writers and window labels."""

from eegwarn.events.chbmit import ChbmitSummary, SummaryFile, read_chbmit_seizures, read_chbmit_summary
from eegwarn.events.clips import KnownStretch, known_labels, read_clips, write_clips
from eegwarn.events.edfplus import events_from_marks, export_edfplus
from eegwarn.events.event import SeizureEvent, in_time_order
from eegwarn.events.labels import LabelConfig, WindowLabels, WindowState, label_windows
from eegwarn.events.siena import SienaList, read_siena_list
from eegwarn.events.szcore import read_szcore_tsv, write_szcore_tsv
from eegwarn.events.tusz import read_tusz_csv

__all__ = [
    "SeizureEvent",
    "in_time_order",
    "read_chbmit_summary",
    "ChbmitSummary",
    "SummaryFile",
    "read_chbmit_seizures",
    "read_siena_list",
    "SienaList",
    "read_tusz_csv",
    "read_szcore_tsv",
    "write_szcore_tsv",
    "events_from_marks",
    "export_edfplus",
    "KnownStretch",
    "known_labels",
    "read_clips",
    "write_clips",
    "label_windows",
    "LabelConfig",
    "WindowLabels",
    "WindowState",
]
