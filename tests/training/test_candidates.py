"""Candidates: which windows, what the network sees of them, and that no recording is read twice."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from eegwarn.backbones import ResNet, ResNetConfig
from eegwarn.bedside.bundle import Bundle
from eegwarn.bedside.runtime import Runtime
from eegwarn.cohort import CohortRecording, read_cohort
from eegwarn.errors import ModelError
from eegwarn.signal import open_recording
from eegwarn.signal.recording import Recording
from eegwarn.signal.windows import Windows, stream_windows
from tests.models import amplitude_onnx, live_range_onnx
from tests.training.asking import DURATION_S, MARK_S, bundle, write_patients
from training.cache import cached_windows, content_version
from training.candidates import Described, GridConfig, describe_recordings
from training.catalogue import read_catalogue
from training.export import export_onnx
from training.export_int8 import export_int8
from training.network_view import NetworkView

GRID = GridConfig()


@pytest.fixture(scope="module")
def patients(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_patients(tmp_path_factory.mktemp("patients"), True, True, False)


def opened(counted: list[str]) -> Callable[[CohortRecording], Recording]:
    def count(recording: CohortRecording) -> Recording:
        counted.append(recording.name)
        return open_recording(recording.path)

    return count


def describe(folder: Path, cache: Path, model: Bundle | None = None, **more: object) -> tuple[Described, ...]:
    recordings = [(one, one.content()) for one in read_cohort(folder).recordings]
    described, skipped = describe_recordings(
        model or bundle(), recordings, GRID, cache=cache, signals=cache / "signals", **more
    )
    assert not skipped
    return described


def all_windows(recording: Recording) -> Windows:
    config = bundle().config
    stretches = list(stream_windows(recording, config.signal, config.windows))
    parts = {name: np.concatenate([getattr(one, name) for one in stretches]) for name in ("data", "start_s", "bad")}
    return Windows(**parts, window_s=4.0, usable=np.concatenate([one.usable for one in stretches]))


def test_candidates_lie_on_a_coarse_grid_everywhere_and_on_a_fine_one_around_marks(
    patients: Path, tmp_path: Path
) -> None:
    marked, _, calm = describe(patients, tmp_path)
    assert np.array_equal(calm.window % 16, np.zeros(len(calm.window)))
    near = (marked.window >= MARK_S - 60) & (marked.window <= MARK_S + 30)
    assert set(np.diff(marked.window[near])) == {2}
    assert (marked.window[~near] % 16 == 0).all()
    assert marked.window[-1] > DURATION_S - 4 - 16


def test_what_is_kept_is_what_the_network_says_of_the_recordings_windows(patients: Path, tmp_path: Path) -> None:
    for each in describe(patients, tmp_path):
        windows = all_windows(each.source.open())
        assert each.n_windows == len(windows)
        expected = Runtime(bundle()).logit(windows)[each.window]
        np.testing.assert_allclose(each.logit, expected, rtol=1e-4, atol=1e-4)
        rows = np.arange(len(each.window))
        np.testing.assert_allclose(
            each.features(rows), np.abs(windows.data[each.window]).mean(axis=2), rtol=1e-4, atol=1e-3
        )


def test_no_recording_is_read_again_wherever_it_moved(
    patients: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache, counted = tmp_path / "cache", list[str]()
    cache.mkdir()
    first = describe(patients, cache)
    moved = tmp_path / "elsewhere"
    shutil.copytree(patients, moved)
    (moved / "p1").rename(moved / "p0")
    monkeypatch.setattr(CohortRecording, "open", opened(counted))
    again = describe(moved, cache)
    assert not counted
    assert [one.source.path.parent.name for one in again] == ["p0", "p2", "p3"]
    for one, other in zip(first, again, strict=True):
        np.testing.assert_array_equal(one.logit, other.logit)
    config = bundle().config
    describe(moved, cache, replace(bundle(), config=replace(config, windows=replace(config.windows, hop_s=2.0))))
    assert len(counted) == 3


def test_an_interrupted_run_leaves_what_it_had_done(
    patients: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(step: str, done: int, total: int) -> None:
        if done == 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        describe(patients, tmp_path, progress=interrupt)
    n_kept = len(list(tmp_path.glob("*.npz")))
    counted: list[str] = []
    monkeypatch.setattr(CohortRecording, "open", opened(counted))
    assert n_kept >= 1
    assert len(describe(patients, tmp_path)) == 3
    assert len(counted) == 3 - n_kept


def test_a_damaged_file_of_the_cache_is_made_anew(patients: Path, tmp_path: Path) -> None:
    first = describe(patients, tmp_path)
    for number, file in enumerate(sorted(tmp_path.glob("*.npz"))):
        file.write_bytes(file.read_bytes()[: 100 * number])
    for one, other in zip(first, describe(patients, tmp_path), strict=True):
        np.testing.assert_array_equal(one.logit, other.logit)


def test_signals_that_training_left_are_used(patients: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = describe(patients, tmp_path)
    other = tmp_path / "other"
    config = bundle().config
    for one in read_cohort(patients).recordings:
        version = content_version(one, one.content())
        cached_windows(one.open(), version, config.signal, config.windows, cache=other / "signals")
    counted: list[str] = []
    monkeypatch.setattr(CohortRecording, "open", opened(counted))
    for one, found in zip(expected, describe(patients, other), strict=True):
        np.testing.assert_array_equal(one.window, found.window)
        np.testing.assert_allclose(one.logit, found.logit, atol=0.02)
    assert not counted


def test_memory_does_not_grow_with_the_length_of_a_recording(
    patients: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    longest: list[int] = []
    most: list[int] = []

    def long_recording(source: CohortRecording) -> Recording:
        short = open_recording(source.path)

        def read_uv(start: int, stop: int) -> np.ndarray:
            longest.append(stop - start)
            return short.read_uv(0, short.n_times).repeat(2, axis=1)[:, : stop - start]

        return replace(short, n_times=5 * short.n_times, read_uv=read_uv)

    described = NetworkView.describe

    def counted(view: NetworkView, windows: Windows, chosen: np.ndarray) -> object:
        most.append(windows.data.shape[0])
        return described(view, windows, chosen)

    monkeypatch.setattr(CohortRecording, "open", long_recording)
    monkeypatch.setattr(NetworkView, "describe", counted)
    first, *_ = describe(patients, tmp_path)
    assert first.n_windows > 1100
    assert max(longest) <= 120 * 128
    assert max(most) <= 125


def test_a_recording_without_a_window_to_judge_is_left_out_and_not_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write_patients(tmp_path / "patients", True, False)
    flat = read_cohort(folder).recordings[1]
    monkeypatch.setattr(
        CohortRecording,
        "open",
        lambda one: (
            replace(open_recording(one.path), read_uv=lambda start, stop: np.zeros((19, stop - start), "f4"))
            if one.name == flat.name
            else open_recording(one.path)
        ),
    )
    recordings = [(one, one.content()) for one in read_cohort(folder).recordings]
    for _ in range(2):
        described, skipped = describe_recordings(bundle(), recordings, GRID, cache=tmp_path, signals=tmp_path / "none")
        assert [one.source.name for one in described] == ["p1.edf"]
        assert skipped == (("p2.edf", "Recording 'p2.edf' has no window with enough good derivations."),)
        monkeypatch.setattr(CohortRecording, "open", lambda one: pytest.fail("read again"))


def test_a_network_is_seen_as_torch_sees_it_and_in_8_bits_as_the_bedside_does(patients: Path) -> None:
    torch.manual_seed(0)
    network = ResNet(ResNetConfig(widths=(8, 8), kernel=3)).eval()
    exported = export_onnx(network, n_channels=18, n_times=512)
    windows = all_windows(open_recording(patients / "p1" / "p1.edf"))
    chosen = np.arange(40, 140, 3)
    chosen = chosen[windows.usable[chosen]]
    eeg_uv = windows.data[chosen]
    features, logit = NetworkView(bundle(exported)).describe(windows, chosen)
    with torch.inference_mode():
        np.testing.assert_allclose(features, network.features(torch.from_numpy(eeg_uv)), rtol=1e-4, atol=1e-4)
        np.testing.assert_allclose(logit, network(torch.from_numpy(eeg_uv)), rtol=1e-4, atol=1e-4)
    small = bundle(export_int8(exported, eeg_uv, reduced_range=True))
    features, logit = NetworkView(small).describe(windows, chosen)
    assert features.shape == (len(chosen), network.n_features)
    np.testing.assert_array_equal(logit, Runtime(small).logit(windows)[chosen])


@pytest.mark.parametrize("onnx", [amplitude_onnx(), live_range_onnx()])
def test_a_network_that_ends_in_no_linear_layer_is_refused(onnx: bytes) -> None:
    with pytest.raises(ModelError, match="does not end in a linear layer"):
        NetworkView(bundle(onnx))


def test_a_folder_is_listed_anew_only_when_a_file_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, cache = write_patients(tmp_path / "patients", True), tmp_path / "cache"
    cache.mkdir()
    first = read_catalogue(folder, cache)
    assert first.cohort == read_cohort(folder)
    with monkeypatch.context() as patched:
        patched.setattr("training.catalogue.read_cohort", lambda *_, **__: pytest.fail("read again"))
        assert read_catalogue(folder, cache) == first
    write_patients(folder / "more", False)
    assert len(read_catalogue(folder, cache).fingerprints) == 2
