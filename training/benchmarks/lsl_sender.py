"""A process that sends EEG as a real LSL stream, and does with it what its standard input says.

``python -m training.benchmarks.lsl_sender NAME SFREQ LABEL,LABEL,...``; every channel is noise whose standard deviation
tells which electrode it comes of: 10 µV, and 1 µV more for every place in `ELECTRODES`. Lines understood: ``pause``,
``go``, ``nan``, ``flat``, ``loud``, ``normal``, ``jump SECONDS`` (of the stamps) and ``drop SECONDS`` (of samples).
"""

import os
import queue
import subprocess
import sys
import threading
import time
import uuid
from dataclasses import dataclass
from typing import Any

import numpy as np

from eegwarn.errors import EegwarnError

ELECTRODES = "FP1 FP2 F3 F4 C3 C4 P3 P4 O1 O2 F7 F8 T7 T8 P7 P8 FZ CZ PZ".split()


@dataclass
class Sender:
    """A stream's process."""

    name: str
    process: "subprocess.Popen[str]"

    def say(self, line: str) -> None:
        """Tell it what to do."""
        told: Any = self.process.stdin
        told.write(line + "\n")
        told.flush()

    def kill(self) -> None:
        """End it without a warning."""
        self.process.kill()
        self.process.communicate()


def new_name() -> str:
    """Give a name that no other stream has."""
    return f"eegwarn-test-{os.getpid()}-{uuid.uuid4().hex[:8]}"


def start_sender(name: str, *, sfreq: float = 128, labels: list[str] | None = None) -> Sender:
    """Begin to send, and return when there is a stream.

    Raises
    ------
    EegwarnError
        If the process ends instead.
    """
    process = subprocess.Popen(  # noqa: S603 - our own module
        [sys.executable, "-m", "training.benchmarks.lsl_sender", name, str(sfreq), ",".join(labels or ELECTRODES)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    said: Any = process.stdout
    if said.readline() != "sending\n":
        process.communicate()
        raise EegwarnError(f"No stream could be sent under the name {name!r}: its process ended. Is mne-lsl installed?")
    return Sender(name, process)


def main(name: str, sfreq: float, labels: list[str]) -> None:
    """Send without end."""
    from mne_lsl.lsl import StreamInfo, StreamOutlet, local_clock

    info = StreamInfo(name, "eeg", len(labels), sfreq, "float32", f"{name} {os.getpid()}")
    info.set_channel_names(labels)
    info.set_channel_units("microvolts")
    outlet = StreamOutlet(info)
    rng = np.random.default_rng(0)
    spread_uv = np.array([10.0 + ELECTRODES.index(label) if label in ELECTRODES else 10.0 for label in labels])
    lines: queue.SimpleQueue[str] = queue.SimpleQueue()
    threading.Thread(target=lambda: [lines.put(line) for line in sys.stdin], daemon=True).start()
    what, jump_s, begin_s, n_sent = "normal", 0.0, local_clock(), 0
    sys.stdout.write("sending\n")
    sys.stdout.flush()
    while True:
        time.sleep(0.04)
        while not lines.empty():
            words = lines.get().split()
            if words[0] == "jump":
                jump_s += float(words[1])
            elif words[0] == "drop":
                n_sent += round(float(words[1]) * sfreq)
            else:
                what = words[0]
        n_due = int((local_clock() - begin_s) * sfreq)
        if what == "pause":
            n_sent = n_due
        if n_due <= n_sent:
            continue
        number = np.arange(n_sent, n_due)
        data = rng.standard_normal((number.size, len(labels))) * spread_uv
        data = {"nan": data * np.nan, "flat": data * 0 + 7, "loud": data * 8}.get(what, data)
        outlet.push_chunk(data.astype(np.float32), timestamp=begin_s + number / sfreq + jump_s)
        n_sent = n_due


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]), sys.argv[3].split(","))
