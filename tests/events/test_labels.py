import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eegwarn.errors import ConfigError
from eegwarn.events import LabelConfig, SeizureEvent, WindowLabels, WindowState, label_windows
from tests.events.strategies import seizure_events

CONFIG = LabelConfig(postictal_s=300, assumed_duration_s=60, inside_margin_s=10, outside_margin_s=600)


def label(start_s: list[float] | np.ndarray, *events: SeizureEvent, horizon_s: float = 0) -> WindowLabels:
    return label_windows(start_s, 4.0, events, horizon_s=horizon_s, config=CONFIG)


def states(start_s: list[float], *events: SeizureEvent, horizon_s: float = 0) -> list[str]:
    return [WindowState(state).name for state in label(start_s, *events, horizon_s=horizon_s).state]


def test_the_centre_of_a_window_decides() -> None:
    event = SeizureEvent(1000, 1100)
    assert states([997.9, 998, 1097.9, 1098], event) == ["INTERICTAL", "ICTAL", "ICTAL", "POSTICTAL"]
    assert states([877.9, 878, 997.9], event, horizon_s=120) == ["INTERICTAL", "PREICTAL", "PREICTAL"]
    assert states([1397.9, 1398], event) == ["POSTICTAL", "INTERICTAL"]


def test_preictal_goes_before_postictal() -> None:
    assert states([1150], SeizureEvent(1000, 1100), SeizureEvent(1200, 1250), horizon_s=60) == ["PREICTAL"]


def test_without_a_horizon_nothing_is_preictal() -> None:
    assert WindowState.PREICTAL not in label(np.arange(0, 2000, 0.5), SeizureEvent(1000, 1100)).state


def test_only_what_no_small_error_could_change_is_certain() -> None:
    event = SeizureEvent(1000, 1100)
    certain = label(np.arange(0.0, 2500.0), event).certain
    np.testing.assert_array_equal(np.flatnonzero(certain), [*range(397), *range(1010, 1087), *range(1700, 2500)])


def test_an_unmarked_end_is_never_certain() -> None:
    labels = label(np.arange(900.0, 1200.0), SeizureEvent(1000))
    assert np.count_nonzero(labels.state == WindowState.ICTAL) == 60
    assert not labels.certain.any()


def test_seizures_of_neighbouring_recordings_count() -> None:
    assert states([3500], SeizureEvent(3610, 3700), horizon_s=120) == ["PREICTAL"]
    assert states([10], SeizureEvent(-100, -20)) == ["POSTICTAL"]


def test_no_seizure_makes_everything_interictal_and_certain() -> None:
    labels = label([0.0, 50.0])
    assert labels.state.tolist() == [0, 0]
    assert labels.certain.all()
    assert label([]).state.shape == (0,)


@pytest.mark.parametrize(
    "settings", [{"postictal_s": -1}, {"assumed_duration_s": 0}, {"outside_margin_s": float("inf")}]
)
def test_impossible_margins_are_refused(settings: dict[str, float]) -> None:
    with pytest.raises(ConfigError):
        LabelConfig(**settings)


@pytest.mark.parametrize(("window_s", "horizon_s"), [(0, 0), (4, -1), (4, float("nan"))])
def test_impossible_windows_and_horizons_are_refused(window_s: float, horizon_s: float) -> None:
    with pytest.raises(ConfigError):
        label_windows([0.0], window_s, [], horizon_s=horizon_s)


def slow_label(start_s: float, events: list[SeizureEvent], horizon_s: float) -> tuple[WindowState, bool]:
    """The rules as the documentation words them, one window at a time."""
    bounds = [(one.onset_s, one.offset_s or one.onset_s + 60, one.offset_s is not None) for one in events]
    centre, end = start_s + 2, start_s + 4
    far = all(end + 600 <= on or start_s - 600 >= off for on, off, _ in bounds)
    if any(on <= centre < off for on, off, _ in bounds):
        return WindowState.ICTAL, False
    if any(centre < on <= centre + horizon_s for on, _, _ in bounds):
        return WindowState.PREICTAL, False
    if any(off <= centre < off + 300 for _, off, _ in bounds):
        return WindowState.POSTICTAL, False
    return WindowState.INTERICTAL, far


@given(
    st.lists(seizure_events(), max_size=6),
    st.lists(st.integers(0, 90_000_000), max_size=30),
    st.sampled_from([0, 60, 1800]),
)
def test_labels_follow_the_rules_for_any_events(events: list[SeizureEvent], ms: list[int], horizon_s: float) -> None:
    # Off the millisecond grid of the events, so that no rounding decides.
    near = [event.onset_s + shift for event in events for shift in (-700, -61, -3, 0, 30, 299, 650)]
    starts = [one / 1000 + 0.00031 for one in ms] + [one + 0.00031 for one in near]
    labels = label(np.array(starts), *events, horizon_s=horizon_s)
    for start_s, state, certain in zip(starts, labels.state, labels.certain, strict=True):
        wanted, wanted_certain = slow_label(start_s, events, horizon_s)
        assert state == wanted
        if wanted != WindowState.ICTAL:
            assert certain == wanted_certain
