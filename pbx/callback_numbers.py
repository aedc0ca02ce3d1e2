"""Which numbers a queue may call back. Pure.

Whoever chooses the number that we dial can cost us money (toll fraud: calls to premium numbers
whose owner shares the fee). So only the number that a caller presented is called, and only
within these rules.
"""

from typing import Final

from config.callback import CallbackNumbers

_SEPARATORS: Final = str.maketrans("", "", "-.() ")
"""Visual separators of RFC 3966 section 5.1.1, and the space that people add."""
FULL_DIGITS_MIN: Final = 11
"""A number without plus sign may be a full one (E.164) from this length on: carriers leave the
sign out, and country code and national number together have hardly ever fewer digits."""


def number_to_call(caller: str) -> str | None:
    """Return the number of a caller as it may be dialled; None: he presented none.

    Args:
        caller: User part of From or P-Asserted-Identity, such as "+4930123" or "anonymous".
    """
    number = caller.partition(";")[0].translate(_SEPARATORS)
    digits = number.removeprefix("+")
    return number if digits.isascii() and digits.isdigit() else None


def may_call(number: str, rules: CallbackNumbers) -> bool:
    """Tell whether a number may be called.

    Args:
        number: From `number_to_call`.
        rules: Of the queue. Where it is not clear whether a number has its country code, it is
            denied if either reading is.
    """
    readings = _readings(number)
    digits = len(min(readings, key=len).removeprefix("+"))
    if not rules.digits_min <= digits <= rules.digits_max:
        return False
    if any(reading.startswith(prefix) for reading in readings for prefix in rules.denied):
        return False
    return not rules.allowed or any(
        reading.startswith(prefix) for reading in readings for prefix in rules.allowed
    )


def same_caller(number: str) -> str:
    """Return what the different spellings of one number have in common."""
    readings = _readings(number)
    return next((one for one in readings if one.startswith("+")), readings[0]).removeprefix("+")


def _readings(number: str) -> tuple[str, ...]:
    """Return how a number may be meant: with a plus sign as a full one, without as written."""
    if number.startswith("+"):
        return (number,)
    if number.startswith("00"):  # ITU-T E.123: the usual prefix of international calls.
        return (f"+{number[2:]}",)
    if len(number) >= FULL_DIGITS_MIN and not number.startswith("0"):
        return (number, f"+{number}")
    return (number,)
