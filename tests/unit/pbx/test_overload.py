from dataclasses import dataclass

import pytest

from pbx.overload import LATE_MAX, LATE_S, SETTING_UP_MAX, SettingUp


@dataclass
class Call:
    is_setting_up: bool = True


def test_calls_that_are_answered_in_time_are_never_too_many() -> None:
    setting_up = SettingUp()
    for number in range(10 * SETTING_UP_MAX):
        assert setting_up.refuses(number * 0.01) is None
        setting_up.add(Call(is_setting_up=False), number * 0.01)


def test_the_limit_of_calls_on_their_way() -> None:
    setting_up = SettingUp()
    calls = [Call() for _ in range(SETTING_UP_MAX)]
    for call in calls:
        assert setting_up.refuses(0.0) is None
        setting_up.add(call, 0.0)
    assert "64 calls" in str(setting_up.refuses(0.0))
    calls[7].is_setting_up = False
    assert setting_up.refuses(LATE_S) is not None, "the others are late"
    for call in calls:
        call.is_setting_up = False
    assert setting_up.refuses(LATE_S) is None


@pytest.mark.parametrize(("late", "refused"), [(LATE_MAX - 1, False), (LATE_MAX, True)])
def test_a_few_late_calls_are_borne(late: int, refused: bool) -> None:
    setting_up = SettingUp()
    for _ in range(late):
        setting_up.add(Call(), 0.0)
    for _ in range(5):
        setting_up.add(Call(is_setting_up=False), 0.0)
        setting_up.add(Call(), LATE_S)
    assert setting_up.refuses(LATE_S - 0.01) is None
    assert (setting_up.refuses(LATE_S) is not None) is refused
