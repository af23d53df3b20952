import numpy as np

from eegwarn.evaluate import warning_times_s
from eegwarn.events.event import SeizureEvent

SEIZURE = [SeizureEvent(1000, 1060)]


def test_a_warning_before_the_onset_counts_as_positive_and_one_after_it_as_negative():
    assert warning_times_s(SEIZURE, [SeizureEvent(980, 1010)]).tolist() == [20]
    assert warning_times_s(SEIZURE, [SeizureEvent(1007, 1010)]).tolist() == [-7]


def test_the_first_of_several_alarms_counts():
    assert warning_times_s(SEIZURE, [SeizureEvent(1050, 1070), SeizureEvent(1003, 1005)]).tolist() == [-3]


def test_an_alarm_far_from_the_seizure_is_not_its_warning():
    assert np.isnan(warning_times_s(SEIZURE, [SeizureEvent(400, 410), SeizureEvent(1121, 1130)])).tolist() == [True]
    assert np.isnan(warning_times_s(SEIZURE, [])).tolist() == [True]


def test_within_the_horizon_an_early_alarm_counts_and_no_more_than_the_horizon_is_credited():
    assert warning_times_s(SEIZURE, [SeizureEvent(600, 610)], horizon_s=600).tolist() == [400]
    assert warning_times_s(SEIZURE, [SeizureEvent(0, 2000)], horizon_s=600).tolist() == [600]
    assert warning_times_s(SEIZURE, [SeizureEvent(0, 2000)]).tolist() == [30]


def test_every_seizure_has_its_own_warning_time():
    seizures = [SeizureEvent(5000), *SEIZURE]
    assert warning_times_s(seizures, [SeizureEvent(1010, 1020), SeizureEvent(4990, 4995)]).tolist() == [10, -10]
    assert warning_times_s([], [SeizureEvent(1010, 1020)]).shape == (0,)


def test_an_alarm_by_the_seizure_before_is_no_early_warning_of_the_next():
    seizures = [SeizureEvent(1000, 1060), SeizureEvent(1500, 1560)]
    by_the_first = [SeizureEvent(1010, 1100)]
    assert np.array_equal(warning_times_s(seizures, by_the_first, horizon_s=600), [-10, np.nan], equal_nan=True)
    between = [*by_the_first, SeizureEvent(1200, 1210)]
    assert warning_times_s(seizures, between, horizon_s=600).tolist() == [-10, 300]
    lasting = [SeizureEvent(1010, 1480)]
    assert warning_times_s(seizures, lasting, horizon_s=600).tolist() == [-10, 490]
