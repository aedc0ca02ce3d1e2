import pytest

from domain.alert import Alert, AlertState, ClearReason
from domain.errors import IllegalTransition


def risen() -> Alert:
    return Alert(alert_id="a", contact_id="c", queue_id="q", rule_id="angry", risen_at_s=1.0)


def test_from_risen_over_acknowledged_to_cleared():
    alert = risen()
    assert alert.is_open
    alert.acknowledge("anna", 2.0)
    assert (alert.state, alert.acknowledged_by) == (AlertState.ACKNOWLEDGED, "anna")
    assert alert.is_open
    alert.clear(ClearReason.LEVEL_GONE, 3.0)
    assert (alert.state, alert.reason) == (AlertState.CLEARED, ClearReason.LEVEL_GONE)
    assert (alert.acknowledged_at_s, alert.cleared_at_s) == (2.0, 3.0)
    assert not alert.is_open


def test_it_is_taken_up_once_and_ends_once():
    alert = risen()
    alert.acknowledge("anna", 2.0)
    with pytest.raises(IllegalTransition):
        alert.acknowledge("bob", 3.0)
    assert (alert.acknowledged_by, alert.acknowledged_at_s) == ("anna", 2.0)
    alert.clear(ClearReason.CONTACT_ENDED, 4.0)
    for act in (
        lambda: alert.acknowledge("bob", 5.0),
        lambda: alert.clear(ClearReason.RULE_GONE, 5.0),
    ):
        with pytest.raises(IllegalTransition):
            act()
    assert (alert.reason, alert.cleared_at_s) == (ClearReason.CONTACT_ENDED, 4.0)
