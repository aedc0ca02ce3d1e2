"""Which pieces say a place in the queue and an expected wait, in English and in Chinese.

The two languages do not share an order of words, nor their numbers. English: "You are number"
"twenty" "one" "in the queue". Chinese puts the number between 第 and the measure word 位, has
a zero in 一百零五, says 一十 and not 十 behind a hundred, and counts two things with 两 and
not with 二: 第二位, but 两分钟.
"""

import math
from typing import Final

POSITION_MAX: Final = 999
"""Further back a number is no comfort; the caller is thanked for waiting instead."""
MINUTES_SPOKEN_MAX: Final = 60
ROUND_FROM_MINUTES: Final = 10
"""From here on minutes are rounded up to five: a finer estimate would pretend to know more."""
GRACE_S: Final = 15.0
"""So much over a full minute is still called that minute."""


def position_pieces(position: int, language: str) -> list[str]:
    """Return the names of the prompts that say a place in the queue.

    Args:
        position: 1 is next.
        language: "en" or "zh".

    Raises:
        ValueError: The position is below 1.
    """
    if position < 1:
        raise ValueError(f"position {position}: the first place is 1")
    if position == 1:
        return ["you-are-next"]
    if position > POSITION_MAX:
        return ["thank-you-for-waiting"]
    return ["you-are-number", *number_pieces(position, language), "in-the-queue"]


def wait_pieces(expected_wait_s: float | None, language: str) -> list[str]:
    """Return the names of the prompts that say an expected wait; none when it is not known.

    It is rounded up, for a caller minds a wait that is longer than he was told.

    Args:
        expected_wait_s: Seconds; None or no finite number: nothing is said.
        language: "en" or "zh".
    """
    if expected_wait_s is None or not math.isfinite(expected_wait_s):
        return []
    if expected_wait_s < 60.0:
        return ["wait-under-one-minute"]
    minutes = math.ceil((expected_wait_s - GRACE_S) / 60.0)
    if minutes > ROUND_FROM_MINUTES:
        minutes = 5 * math.ceil(minutes / 5)
    if minutes > MINUTES_SPOKEN_MAX:
        return ["wait-over-one-hour"]
    number = number_pieces(minutes, language)
    if language == "zh":
        number = ["number-2-counted"] if minutes == 2 else number
        return ["wait-about", *number, "minutes"]
    return ["wait-about", *number, "minute" if minutes == 1 else "minutes"]


def number_pieces(number: int, language: str) -> list[str]:
    """Return the names of the prompts that say a number from 1 to 999.

    Raises:
        ValueError: The number is outside of that range.
    """
    if not 1 <= number <= POSITION_MAX:
        raise ValueError(f"number {number}: from 1 to {POSITION_MAX} can be said")
    hundreds, rest = divmod(number, 100)
    if hundreds == 0:
        return _below_hundred(rest)
    pieces = [f"number-{hundreds}", "hundred"]
    if rest == 0:
        return pieces
    if language != "zh":
        return [*pieces, *_below_hundred(rest)]
    if rest < 10:
        return [*pieces, "zero", f"number-{rest}"]
    if rest < 20:
        units = [f"number-{rest - 10}"] if rest > 10 else []
        return [*pieces, "ten-after-hundred", *units]
    return [*pieces, *_below_hundred(rest)]


def _below_hundred(number: int) -> list[str]:
    if number <= 20:
        return [f"number-{number}"]
    tens, units = divmod(number, 10)
    pieces = [f"number-{10 * tens}"]
    return [*pieces, f"number-{units}"] if units else pieces
