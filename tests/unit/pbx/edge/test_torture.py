"""RFC 4475 at the edge's core: every message gets the answer written beside it."""

import pytest

from pbx.edge.post import Place
from tests.edge_support import TRUNK_FLOW, CoreBench, sends
from tests.golden.torture.messages import DROPPED, MESSAGES, PLACED


@pytest.mark.parametrize("torture", MESSAGES, ids=lambda each: each.name)
def test_torture(torture):
    bench = CoreBench()
    actions = bench.receive(torture.data, TRUNK_FLOW)
    answers = [message.status for _, message in sends(actions)]
    placed = [action for action in actions if isinstance(action, Place)]
    assert bench.count("faults") == 0
    if torture.outcome == PLACED:
        assert placed
        assert answers == [100]
        ((_, at_cell),) = sends(bench.place(actions))
        assert at_cell.lacking == ""
    elif torture.outcome == DROPPED:
        assert actions == []
    else:
        assert answers == [torture.outcome]
        assert not placed


def test_they_are_all_there():
    assert len(MESSAGES) == 49
    assert len({each.name for each in MESSAGES}) == 49
