"""What hypothesis draws in the tests of events."""

from hypothesis import strategies as st

from eegwarn.events import SeizureEvent

milliseconds = st.integers(0, 86_400_000).map(lambda ms: ms / 1000)
kinds = st.sampled_from(["sz", "sz_foc", "sz_foc_ia", "sz_gen_m_tonicClonic"])


@st.composite
def seizure_events(draw: st.DrawFn, *, onset_only: bool = True) -> SeizureEvent:
    onset_s = draw(milliseconds)
    duration_s = draw(st.none() | st.integers(1, 3_600_000).map(lambda ms: ms / 1000) if onset_only else milliseconds)
    return SeizureEvent(
        onset_s,
        None if duration_s is None else onset_s + duration_s,
        draw(kinds),
        draw(st.none() | st.integers(0, 100).map(lambda percent: percent / 100)),
        draw(st.lists(st.sampled_from(["FP1-F7", "T7-P7", "CZ"]), max_size=3, unique=True).map(tuple)),
    )
