"""What most raters say is known; a tie and the unsure say nothing."""

from eegwarn.events import KnownStretch
from eegwarn.store import Store
from eegwarn.store.answer import Answer, Label
from eegwarn.store.consensus import known_stretches
from eegwarn.store.labels import add_label, label_log, present_labels
from tests.store.labelled import NOT_SEIZURE, SEIZURE, clips


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
