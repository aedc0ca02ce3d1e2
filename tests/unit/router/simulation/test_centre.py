import pytest

from config.workload_truth import Truth
from domain.contact import Channel
from domain.errors import SimulationError
from router.simulation.centre import Centre, Shift, shift_of, talents_of
from router.simulation.draws import key_of
from tests.unit.router.simulation.rig import TINY, centre, changed, workload


def correlation(pairs: list[tuple[float, float]]) -> float:
    n = len(pairs)
    mean_x, mean_y = sum(x for x, _ in pairs) / n, sum(y for _, y in pairs) / n
    over = sum((x - mean_x) * (y - mean_y) for x, y in pairs)
    under = sum((x - mean_x) ** 2 for x, _ in pairs) * sum((y - mean_y) ** 2 for _, y in pairs)
    return float(over / under**0.5)


def test_agents_are_drawn_from_their_teams() -> None:
    drawn = centre()
    assert list(drawn.staff) == ["desk-1", "desk-2", "desk-3", "desk-4", "zh-1", "zh-2"]
    for one in drawn.staff.values():
        assert 2 <= one.agent.skills["sales"] <= 5
        assert set(one.talent) == {"sales/offer", "sales/order", "help/other"}
        assert one.agent.capacity.slots[Channel.CHAT] == 3
    assert drawn.staff == centre().staff
    assert drawn.staff != centre(seed=2).staff


def test_what_nobody_can_serve_is_refused() -> None:
    with pytest.raises(SimulationError, match=r"queue sales: no agent can serve voice in .*'fr'"):
        Centre.of(workload(TINY.replace("en: 4, zh: 1", "en: 4, fr: 1")), 1)


def test_breaks_lie_in_the_shift_and_do_not_overlap() -> None:
    plan = workload().shifts[0].model_copy(update={"breaks_s": [600.0, 1200.0]})
    for number in range(200):
        shift = shift_of(plan, key_of(number))
        edges = [shift.begin_s, *(edge for pair in shift.breaks for edge in pair), shift.end_s]
        assert edges == sorted(edges)
        assert shift.paid_s == pytest.approx(4 * 3_600 - 1_800)
    assert Shift(0, 10).paid_s == 10


def test_skills_tell_as_much_of_talent_as_the_workload_says() -> None:
    for tells in (0.0, 0.5, 1.0):
        truth = Truth(skill_tells=tells, rating_tells=1.0)
        told = changed(truth=truth)
        pairs, rated = [], []
        for number in range(2_000):
            level = 1 + number % 5
            hidden, ratings = talents_of(told, {"sales": level}, key_of(number))
            pairs.append((float(level), hidden["sales/offer"]))
            rated.append((ratings["offer"], hidden["sales/offer"]))
        assert correlation(pairs) == pytest.approx(tells, abs=0.05)
        assert correlation(rated) > 0.98


def test_a_policy_without_agents_is_for_reloads() -> None:
    assert len(centre().policy(without=2).agents) == 4
    assert centre().policy(learning=True).weights.learning.enabled
    assert not centre().policy().weights.learning.enabled
