"""Channel names: from what clinics write to one spelling."""

import re
from dataclasses import dataclass

REFERENCE = "REF"
"""The name of the common reference where a file names none."""

_OLD_TO_NEW = {"T3": "T7", "T4": "T8", "T5": "P7", "T6": "P8"}
_ELECTRODES = {
    *("FP1 FP2 FPZ AF3 AF4 AF7 AF8 AFZ F1 F2 F3 F4 F5 F6 F7 F8 F9 F10 FZ".split()),
    *("FC1 FC2 FC3 FC4 FC5 FC6 FCZ FT7 FT8 FT9 FT10 C1 C2 C3 C4 C5 C6 CZ".split()),
    *("T1 T2 T7 T8 T9 T10 TP7 TP8 TP9 TP10 CP1 CP2 CP3 CP4 CP5 CP6 CPZ".split()),
    *("P1 P2 P3 P4 P5 P6 P7 P8 P9 P10 PZ PO3 PO4 PO7 PO8 POZ O1 O2 OZ".split()),
    *("A1 A2 M1 M2 SP1 SP2 NZ IZ".split()),
}
# What an electrode may be recorded against besides another electrode: averages, linked ears, chb12's second reference.
_REFERENCES = {"REF", "LE", "AR", "AV", "AVG", "AVE", "LER", "CAR", "CS2", "A1A2", "A1+A2", "G", "GND", "VREF", "REF1"}
_NAMED_ELECTRODE = re.compile(r"^(?:EEG|POL)?[\s_:]*(.+)$")
_RUNNING_NUMBER = re.compile(r"^(.+-.+)-\d+$")


@dataclass(frozen=True)
class Channel:
    """What an EEG channel measures: the voltage of ``anode`` against ``cathode``.

    ``cathode`` is another electrode (a bipolar channel) or a reference (a referential one). Names are in capitals, with
    today's T7 T8 P7 P8 for the old T3 T4 T5 T6.
    """

    anode: str
    cathode: str = REFERENCE

    @property
    def name(self) -> str:
        """``"FP1-F7"`` for a bipolar channel, ``"FP1"`` for a referential one."""
        return f"{self.anode}-{self.cathode}" if self.is_bipolar else self.anode

    @property
    def is_bipolar(self) -> bool:
        """Whether both ends are electrodes of the scalp."""
        return self.cathode in _ELECTRODES - {"A1", "A2", "M1", "M2"}


def parse_channel(label: str) -> Channel | None:
    """Read a channel label as clinics and archives write it.

    Parameters
    ----------
    label : str
        For example ``EEG FP1-REF``, ``Fp1-Ref``, ``EEG Fp1``, ``FP1-F7``, ``T8-P8-1`` or ``T3``.

    Returns
    -------
    Channel or None
        None where the label names no EEG electrode: ECG, EMG, DC, SpO2, events, and dummies such as ``-`` and ``--0``.
    """
    text = label.strip().upper()
    running = _RUNNING_NUMBER.match(text)
    if running:
        text = running[1]
    named = _NAMED_ELECTRODE.match(text)
    if not named:
        return None
    anode, _, cathode = named[1].replace(" ", "").partition("-")
    anode_name = _electrode(anode)
    if anode_name is None:
        return None
    if not cathode or cathode.isdecimal():
        # MNE numbers the second of two equal labels: FP1-0, FP1-1.
        return Channel(anode_name)
    cathode_name = _electrode(cathode)
    if cathode_name is not None:
        return Channel(anode_name, cathode_name) if cathode_name != anode_name else None
    if cathode in _REFERENCES:
        return Channel(anode_name, cathode)
    return None


def _electrode(name: str) -> str | None:
    name = _OLD_TO_NEW.get(name, name)
    return name if name in _ELECTRODES else None
