from datetime import UTC, datetime, timedelta, timezone

import pytest

from domain.intervals import AgentCounters, QueueCounters, next_quarter, quarter_of

AT = datetime(2027, 3, 1, 9, 44, 59, 999_999, tzinfo=UTC)


def test_a_quarter_of_an_hour_is_one_of_utc():
    assert quarter_of(AT) == datetime(2027, 3, 1, 9, 30, tzinfo=UTC)
    kathmandu = timezone(timedelta(hours=5, minutes=45))
    assert quarter_of(AT.astimezone(kathmandu)) == quarter_of(AT)
    assert next_quarter(quarter_of(AT)) == datetime(2027, 3, 1, 9, 45, tzinfo=UTC)
    with pytest.raises(ValueError, match="no UTC offset"):
        quarter_of(datetime(2027, 3, 1))


def test_shares_and_means_are_unknown_without_anything_to_share():
    queue, agent = QueueCounters(), AgentCounters(not_ready_s=50.0)
    assert queue.average_speed_of_answer_s is None
    assert queue.service_level is None
    assert queue.service_level_abandoned is None
    assert queue.average_handle_s is None
    assert agent.occupancy is None


def test_figures_are_put_together():
    queue = QueueCounters(answered=3, answered_in_target=3, longest_wait_s=5.0, answer_wait_s=6.0)
    queue.add(QueueCounters(answered=1, abandoned=1, longest_wait_s=9.0, answer_wait_s=9.0))
    assert queue.longest_wait_s == 9.0
    assert queue.average_speed_of_answer_s == 3.75
    assert queue.service_level == 0.75
    assert queue.service_level_abandoned == 0.6
    agent = AgentCounters(ready_s=30.0, busy_s=50.0)
    agent.add(AgentCounters(wrap_up_s=20.0))
    assert agent.occupancy == 0.5
