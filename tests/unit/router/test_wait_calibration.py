import random

import pytest

from domain.wait_forecast import WaitForecast
from router import wait_calibration
from router.wait_calibration import FACTOR_MAX, Calibration, ForecastBook


def forecast(p50_s: float, p90_s: float) -> WaitForecast:
    return WaitForecast(p50_s=p50_s, p90_s=p90_s, mean_s=p50_s)


def test_a_forecast_that_is_too_short_grows_until_it_covers():
    rng = random.Random(1)
    calibration = Calibration()
    hits = []
    for _ in range(3_000):
        told = calibration.corrected(forecast(50.0, 100.0))
        waited_s = rng.expovariate(1 / 120)
        hits.append((waited_s <= told.p50_s, waited_s <= told.p90_s))
        calibration.answer(told, waited_s)
    late = hits[1_000:]
    assert sum(p50 for p50, _ in late) / len(late) == pytest.approx(0.5, abs=0.03)
    assert sum(p90 for _, p90 in late) / len(late) == pytest.approx(0.9, abs=0.03)
    assert calibration.answered == 3_000
    assert calibration.within_p50 == sum(p50 for p50, _ in hits)
    assert calibration.within_p90 == sum(p90 for _, p90 in hits)


def test_customers_who_leave_do_not_make_a_right_forecast_shorter():
    rng = random.Random(2)
    calibration = Calibration()
    for _ in range(4_000):
        told = calibration.corrected(forecast(83.2, 276.3))
        waited_s, patience_s = rng.expovariate(1 / 120), rng.expovariate(1 / 100)
        if patience_s < waited_s:
            calibration.leave(told, patience_s)
        else:
            calibration.answer(told, waited_s)
    for factor in calibration.factors:
        assert 0.8 < factor < 1.25


def test_the_correction_has_a_limit():
    calibration = Calibration()
    for _ in range(1_000):
        calibration.answer(calibration.corrected(forecast(10.0, 20.0)), 1e6)
    assert calibration.factors == pytest.approx((FACTOR_MAX, FACTOR_MAX))
    for _ in range(3_000):
        calibration.answer(calibration.corrected(forecast(10.0, 20.0)), 0.0)
    assert calibration.factors[0] == pytest.approx(1 / FACTOR_MAX)


def test_at_once_teaches_nothing():
    calibration = Calibration()
    calibration.answer(forecast(0.0, 0.0), 500.0)
    calibration.leave(forecast(0.0, 0.0), 500.0)
    assert calibration.answered == 0
    assert calibration.factors == (1.0, 1.0)


def test_a_percentile_is_never_below_the_median():
    calibration = Calibration()
    for _ in range(500):
        calibration.answer(calibration.corrected(forecast(50.0, 51.0)), 50.5)
    told = calibration.corrected(forecast(50.0, 51.0))
    assert told.p50_s <= told.p90_s


def test_a_contact_is_judged_by_its_first_forecast_and_once():
    book = ForecastBook()
    book.tell("c1", "sales", forecast(50.0, 90.0), 100.0)
    book.tell("c1", "sales", forecast(5.0, 9.0), 140.0)
    book.tell("c2", "sales", forecast(50.0, 90.0), 100.0)
    assert len(book) == 2
    book.answered("c1", 130.0)
    book.answered("c1", 999.0)
    book.left("c2", 110.0)
    book.left("nobody", 110.0)
    assert len(book) == 0
    assert (book.of("sales").answered, book.of("sales").within_p50) == (1, 1)
    book.forget_queue("sales")
    assert book.of("sales").answered == 0


def test_the_oldest_forecast_is_forgotten(monkeypatch):
    monkeypatch.setattr(wait_calibration, "TOLD_MAX", 2)
    book = ForecastBook()
    for name in ("c1", "c2", "c3"):
        book.tell(name, "sales", forecast(50.0, 90.0), 0.0)
    assert len(book) == 2
    book.answered("c1", 10.0)
    assert book.of("sales").answered == 0
