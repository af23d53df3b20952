"""A real LSL stream from another process: its channels by name, its gaps by its stamps, and found again when lost."""

import time
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from eegwarn.signal.lsl import LslStream
from eegwarn.signal.stream import Stretch
from tests.lsl_streams import need_lsl, sending
from training.benchmarks.lsl_sender import ELECTRODES, new_name

pytestmark = pytest.mark.timeout(120)


@pytest.fixture
def stream() -> Iterator[LslStream]:
    need_lsl()
    source = LslStream(new_name())
    yield source
    source.close()


def read_until(stream: LslStream, done: Callable[[list[Stretch]], bool], *, most_s: float = 30) -> list[Stretch]:
    end_s = time.monotonic() + most_s
    got: list[Stretch] = []
    while not done(got):
        assert time.monotonic() < end_s, [each for each in got if each.trouble or each.notes][-3:]
        got.append(stream.read(0.2))
    return got


def samples(got: list[Stretch]) -> np.ndarray:
    return np.hstack([each.data_uv for each in got if each.layout is not None])


def seconds(n: float) -> Callable[[list[Stretch]], bool]:
    return lambda got: sum(np.isfinite(each.data_uv).all(axis=0).sum() for each in got if each.layout) >= n * 128


def spread_uv(got: list[Stretch]) -> np.ndarray:
    data_uv = samples(got)
    return np.nanstd(data_uv[:, np.isfinite(data_uv).any(axis=0)], axis=1)


EXPECTED_UV = 10.0 + np.arange(len(ELECTRODES))


def test_a_stream_is_waited_for_and_given_in_uv_by_name(stream: LslStream) -> None:
    nothing = stream.read(0.1)
    assert nothing.layout is None
    assert "no stream named" in nothing.trouble
    with sending(stream._name, labels=[*ELECTRODES, "ECG", "Trigger"]):
        got = read_until(stream, seconds(4))
        layout = got[-1].layout
        assert layout is not None
        assert [channel.name for channel in layout.channels] == ELECTRODES
        assert layout.sfreq == 128
        assert abs(layout.start.timestamp() - time.time()) < 20
        np.testing.assert_allclose(spread_uv(got), EXPECTED_UV, rtol=0.2)


def test_gaps_jumps_and_stalls_are_as_long_as_they_were(stream: LslStream) -> None:
    with sending(stream._name) as sender:
        first = read_until(stream, seconds(1))
        begin_s = time.monotonic()
        n_before = samples(first).shape[1]
        sender.say("drop 0.5")
        got = read_until(stream, lambda got: bool(got) and np.isnan(samples(got)).any() and seconds(1)(got))
        assert np.isnan(samples(got)).all(axis=0).sum() == pytest.approx(64, abs=2)
        sender.say("jump -3600")
        jumped = read_until(stream, lambda got: any(each.notes for each in got) and seconds(1)(got))
        assert "clock jumped" in " ".join(note for each in jumped for note in each.notes)
        sender.say("pause")
        stalled = read_until(stream, lambda got: any("stalled" in each.trouble for each in got))
        assert time.monotonic() - begin_s < 25
        still = read_until(stream, lambda got: sum(each.data_uv.shape[1] for each in got) > 128)
        assert np.isnan(samples(still)).all()
        sender.say("go")
        again = read_until(stream, seconds(1))
        assert not again[-1].trouble
        n_laid = sum(samples(part).shape[1] for part in (first, got, jumped, stalled, still, again))
        assert (n_laid - n_before) / 128 == pytest.approx(time.monotonic() - begin_s, abs=1.5)


def test_a_stream_that_comes_back_is_put_in_order_or_begins_anew_at_another_rate(stream: LslStream) -> None:
    with sending(stream._name):
        layout = read_until(stream, seconds(1))[-1].layout
    lost = read_until(stream, lambda got: bool(got) and bool(got[-1].trouble))
    assert np.isnan(samples(lost)[:, -10:]).all() or not samples(lost).size
    labels = [*ELECTRODES[::-1]]
    labels.remove("F7")
    with sending(stream._name, labels=labels):
        got = read_until(
            stream, lambda got: (np.isfinite(samples(got)).sum(axis=0) == 18).sum() > 4 * 128 if got else False
        )
        assert got[-1].layout is layout
        assert any("came back without F7" in note for each in got for note in each.notes)
        finite = samples(got)
        finite = finite[:, np.isfinite(finite).sum(axis=0) == 18]
        expected = EXPECTED_UV.copy()
        expected[ELECTRODES.index("F7")] = np.nan
        np.testing.assert_allclose(finite.std(axis=1), expected, rtol=0.2)
    with sending(stream._name, sfreq=200):
        got = read_until(stream, lambda got: bool(got) and got[-1].layout is not layout)
        after = got[-1].layout
        assert layout is not None
        assert after is not None
        assert after.sfreq == 200
        assert set(after.channels) == set(layout.channels)
        assert after.start > layout.start
        assert any("at 200 Hz" in note for each in got for note in each.notes)


def test_two_streams_under_one_name_are_a_trouble(stream: LslStream) -> None:
    with sending(stream._name), sending(stream._name):
        got = read_until(stream, lambda got: any("2 streams are named" in each.trouble for each in got), most_s=20)
        assert all(each.layout is None for each in got)
