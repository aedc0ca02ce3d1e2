import numpy as np

from domain.wait_forecast import WaitForecast
from router.wait_forecaster import WaitForecaster
from router.waiting_time import Crew

TWO = Crew(np.array([30.0, 60.0]), ["sales", "sales"])


def taught() -> WaitForecaster:
    forecaster = WaitForecaster()
    for seconds in range(50, 250, 10):
        forecaster.handled("sales", float(seconds))
    return forecaster


def ask(
    forecaster: WaitForecaster,
    contact_id: str = "c1",
    *,
    ahead: float = 3.0,
    priority: int = 0,
    now_s: float = 1_000.0,
) -> WaitForecast | None:
    (found,) = forecaster.forecasts(
        forecaster.outlook(TWO),
        [(contact_id, "sales")],
        able=np.array([[True, True]]),
        kind=np.zeros(1, dtype=np.int64),
        ahead=np.array([ahead]),
        priorities=[priority],
        queue_ids=["sales", "help", "unknown"],
        shares=np.array([[1.0, 0.5, 1.0]]),
        now_s=now_s,
    )
    return found


def median(forecaster: WaitForecaster, **more: float) -> float:
    found = ask(forecaster, **more)  # type: ignore[arg-type]
    assert found is not None
    return found.p50_s


def test_before_the_first_contact_is_handled_nothing_is_said():
    assert ask(WaitForecaster()) is None
    assert ask(taught()) is not None


def test_ringing_is_a_part_of_the_wait():
    forecaster = taught()
    before = median(forecaster)
    forecaster.answered("c9", "sales", waited_s=10.0, rang_s=7.0, now_s=0.0)
    assert median(forecaster) == before + 7.0


def test_who_leaves_shortens_it_and_who_is_more_urgent_lengthens_it():
    forecaster = taught()
    before = median(forecaster)
    for number in range(100):
        forecaster.left(f"x{number}", "sales", waited_s=60.0, now_s=0.0)
    leaving = median(forecaster)
    assert leaving < before
    for number in range(4):
        forecaster.arrived("help", 1, 100.0 + 200.0 * number)
    assert median(forecaster) > leaving
    assert median(forecaster, priority=1) == leaving


def test_it_learns_from_how_its_forecasts_turn_out():
    forecaster = taught()
    before = median(forecaster)
    for number in range(60):
        ask(forecaster, f"c{number}")
        forecaster.answered(f"c{number}", "sales", waited_s=1e3, rang_s=0.0, now_s=1e6)
    assert forecaster.calibration("sales").answered == 60
    assert forecaster.calibration("sales").within_p90 == 0
    assert median(forecaster) > before
    ask(forecaster, "released", now_s=3_000.0)
    forecaster.released("released", 3_001.0)
    assert forecaster.calibration("sales").answered == 60
    forecaster.forget_queue("sales")
    assert forecaster.calibration("sales").answered == 0
