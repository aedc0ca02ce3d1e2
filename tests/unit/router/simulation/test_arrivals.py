from collections import Counter
from statistics import fmean

from config.workload import seconds_of
from router.simulation.arrivals import arrivals_of, pick
from tests.unit.router.simulation.rig import changed, workload


def test_the_same_seed_is_the_same_day_and_another_is_another() -> None:
    assert arrivals_of(workload(), 5, 0) == arrivals_of(workload(), 5, 0)
    assert arrivals_of(workload(), 5, 0) != arrivals_of(workload(), 6, 0)
    assert arrivals_of(workload(), 5, 1)[0].at_s > 86_400


def test_arrivals_follow_the_shape_of_the_day() -> None:
    shape = {"08:00": 1.0, "09:00": 3.0, "11:00": 3.0, "12:00": 0.0}
    day = arrivals_of(changed(contacts_per_day=9_500, shape=shape), 2, 0)
    times = [one.at_s for one in day]
    assert times == sorted(times)
    assert seconds_of("08:00") <= times[0] < times[-1] <= seconds_of("12:00")
    assert abs(len(day) - 9_500) < 5 * 9_500**0.5
    hours = Counter(int(time // 3_600) for time in times)
    # The area under the line: 2, 3, 3 and 1.5 of 9.5.
    for hour, area in ((8, 2), (9, 3), (10, 3), (11, 1.5)):
        expected = 9_500 * area / 9.5
        assert abs(hours[hour] - expected) < 5 * expected**0.5


def test_shares_and_patience_are_those_of_the_workload() -> None:
    day = arrivals_of(changed(contacts_per_day=8_000), 1, 0)
    assert abs(fmean(one.queue_id == "sales" for one in day) - 0.75) < 0.03
    sales = [one for one in day if one.queue_id == "sales"]
    assert abs(fmean(one.channel.value == "chat" for one in sales) - 0.25) < 0.03
    assert abs(fmean(one.topic == "offer" for one in sales) - 2 / 3) < 0.03
    calls = [one.patience_s for one in day if one.channel.value == "voice"]
    # The usual patience of callers has a median of 210 s.
    assert abs(fmean(patience < 210 for patience in calls) - 0.5) < 0.03


def test_pick_takes_the_name_at_a_place() -> None:
    shares = {"a": 1.0, "b": 3.0}
    assert [pick(shares, place) for place in (0.0, 0.2499, 0.25, 0.999, 1.0)] == list("aabbb")
