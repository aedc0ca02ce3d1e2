from dataclasses import fields

from care.alerts import AlertTotals
from care.figures import LATENCY_EDGES_S, CareFigures, new_latency


def test_every_total_of_the_alert_desk_is_a_figure():
    totals = {field.name for field in fields(AlertTotals)}
    assert totals <= {field.name for field in fields(CareFigures)}


def test_the_aim_for_alerts_can_be_read_from_the_distribution():
    latency = new_latency()
    latency.add(1.5)
    latency.add(1.6)
    assert 1.5 in LATENCY_EDGES_S
    assert dict(latency.rows())[1.5] == 1


def test_each_has_a_distribution_of_its_own():
    first = CareFigures()
    first.latency.add(1.0)
    assert CareFigures().latency.count == 0
