"""What most raters say is known; a tie and the unsure say nothing."""

from eegwarn.events import KnownStretch
from eegwarn.store import Store
from eegwarn.store.answer import Answer, Label
from eegwarn.store.consensus import known_stretches
from eegwarn.store.labels import add_label, label_log, present_labels
from eegwarn.store.recordings import add_clips
from tests.store.labelled import NOT_SEIZURE, SEIZURE, clips, recording


def test_most_votes_count_an_artefact_is_no_seizure_and_onsets_meet_in_the_middle(store: Store) -> None:
    tied, split, artefact, unsure = clips(store, 4)
    votes = {
        tied: (SEIZURE, NOT_SEIZURE, Answer(Label.UNSURE)),
        split: (Answer(Label.SEIZURE, onset_s=12.0), Answer(Label.SEIZURE, onset_s=16.0), NOT_SEIZURE),
        artefact: (Answer(Label.ARTEFACT),),
        unsure: (Answer(Label.UNSURE),),
    }
    for clip, answers in votes.items():
        for rater, answer in zip(("anna", "ben", "cora"), answers, strict=False):
            add_label(store, clip.id, answer, rater=rater)
    assert known_stretches(present_labels(label_log(store))) == {
        tied.recording.fingerprint: (
            KnownStretch(10, 14, seizure=False),
            KnownStretch(14, 20, seizure=True),
            KnownStretch(20, 30, seizure=False),
        )
    }


def test_clips_that_overlap_leave_out_the_time_about_which_they_say_both(store: Store) -> None:
    known = recording(store)
    spans_s = [(known.id, start_s, 10.0) for start_s in (0.0, 4.0, 12.0, 30.0)]
    for clip, answer in zip(add_clips(store, spans_s), (NOT_SEIZURE, SEIZURE, SEIZURE, NOT_SEIZURE), strict=True):
        add_label(store, clip.id, answer, rater="anna")
    (stretches,) = known_stretches(present_labels(label_log(store))).values()
    assert {(each.start_s, each.end_s, each.seizure) for each in stretches} == {
        (0, 4, False),
        (10, 12, True),
        (12, 14, True),
        (14, 22, True),
        (30, 40, False),
    }
    same = add_clips(store, [(known.id, 30.0, 9.0)])[0]
    add_label(store, same.id, SEIZURE, rater="anna")
    (stretches,) = known_stretches(present_labels(label_log(store))).values()
    assert (39, 40, False) in {(each.start_s, each.end_s, each.seizure) for each in stretches}
    assert not any(30 <= each.start_s < 39 for each in stretches)
