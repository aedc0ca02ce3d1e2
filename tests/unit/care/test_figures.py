from dataclasses import fields

from care.alerts import AlertTotals
from care.figures import LATE_EDGES_S, CareFigures, LateHistogram


def test_every_total_of_the_alert_desk_is_a_figure():
    totals = {field.name for field in fields(AlertTotals)}
    assert totals <= {field.name for field in fields(CareFigures)}


def test_the_aim_for_alerts_can_be_read_from_the_histogram():
    late = LateHistogram()
    for late_s in (0.05, 1.5, 1.6, 60.0):
        late.observe(late_s)
    within = dict(late.buckets())
    assert 1.5 in LATE_EDGES_S
    assert (within[0.1], within[1.5], within[2.0], within[float("inf")]) == (1, 2, 3, 4)
    assert late.sum_s == 63.15


def test_nothing_is_counted_at_first():
    assert {count for _, count in LateHistogram().buckets()} == {0}
