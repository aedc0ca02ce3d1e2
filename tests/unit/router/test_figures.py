import pytest

from router.figures import QueueFigures


def test_nothing_is_said_before_the_first():
    figures = QueueFigures()
    assert figures.service_level is None
    assert figures.service_level_abandoned is None
    assert figures.average_speed_of_answer_s is None


def test_both_formulas_of_the_service_level():
    figures = QueueFigures()
    for waited_s in (5, 20, 40):
        figures.note_answer(waited_s, target_s=20)
    figures.note_abandonment(3, target_s=20)
    figures.note_abandonment(50, target_s=20)
    assert figures.service_level == pytest.approx(2 / 3)
    assert figures.service_level_abandoned == pytest.approx(3 / 5)
    assert figures.average_speed_of_answer_s == pytest.approx(65 / 3)


def test_the_handle_time_follows_what_happens():
    figures = QueueFigures()
    figures.note_handled(100)
    assert figures.handle_s == 100
    for _ in range(200):
        figures.note_handled(300)
    assert figures.handle_s == pytest.approx(300, rel=0.01)
