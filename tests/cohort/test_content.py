from pathlib import Path

import numpy as np

from eegwarn.cohort import content
from eegwarn.cohort.content import file_fingerprint


def test_a_fingerprint_tells_a_changed_byte_and_a_changed_length(tmp_path: Path) -> None:
    path = tmp_path / "a.edf"
    data = np.random.default_rng(0).bytes(300_000)
    prints = set()
    for each in (data, data[:-1], data + b"x", b"\x00" + data[1:], data[:150_000] + bytes(150_000)):
        path.write_bytes(each)
        prints.add(file_fingerprint(path))
    assert len(prints) == 5
    path.write_bytes(data)
    assert file_fingerprint(path) in prints


def test_a_large_file_is_not_read_whole(tmp_path: Path) -> None:
    path = tmp_path / "a.edf"
    with path.open("wb") as file:
        file.truncate(2**33)
    file_fingerprint(path)
    assert content._N_PROBES * content._PROBE_BYTES < 2**21
