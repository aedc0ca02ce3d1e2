"""Telephone numbers as carriers and people write them, made comparable."""

from typing import Final

_SEPARATORS: Final = str.maketrans("", "", "-.() ")
"""Visual separators of RFC 3966 section 5.1.1, and the space that people add."""


def canonical(number: str) -> str:
    """Return a number without separators and plus sign: the same number in either form."""
    return number.translate(_SEPARATORS).removeprefix("+")
