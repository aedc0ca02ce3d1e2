"""Telephone numbers: one form of E.164, whoever writes it. The one door of `phonenumbers`.

A number comes in as people and carriers write it: `+49 30 1234567`, `0049301234567`,
`4930123456`, and with a region `030 1234567` too. A number without a plus sign is national when
it is written as that country writes its own (with the prefix or without), else it is taken as
international, which is how carriers send them. What is no number at all, such as an extension of
another PBX, stays as it came.
"""

from typing import Final

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumber, PhoneNumberFormat, ValidationResult

from domain.customer import Identifier, IdentifierKind
from domain.errors import ConfigurationError

_PLUS: Final = "+\uff0b"
_CHARACTERS_MAX: Final = 64
"""E.164 has 15 digits; beyond this it is something else, and is not looked at."""
_SHOWN_END: Final = 2


class Numbers:
    """Implements `domain.addressing.Addressing`."""

    def __init__(self, region: str | None = None) -> None:
        """Read national numbers as those of a region.

        Args:
            region: ISO 3166-1 alpha-2, such as "DE"; None: only international ones are read.

        Raises:
            ConfigurationError: There is no such region.
        """
        if region is not None and region not in phonenumbers.SUPPORTED_REGIONS:
            raise ConfigurationError(
                f"customers.region: {region!r} is no region with telephone numbers;"
                " allowed: ISO 3166-1 alpha-2, such as DE or CN"
            )
        self._region = region
        self._code = 0 if region is None else phonenumbers.country_code_for_region(region)

    def canonical(self, identifier: Identifier) -> Identifier:
        """Return a telephone number in E.164 where it can be one; what cannot, as it came."""
        number = self._read(identifier)
        if number is None:
            is_phone = identifier.kind is IdentifierKind.PHONE
            return identifier if is_phone else Identifier(identifier.kind, identifier.forms()[0])
        return Identifier(identifier.kind, _e164(number))

    def forms(self, identifier: Identifier) -> tuple[str, ...]:
        """Return every form in which the same address may arrive, the canonical one first.

        Of a number of the region that is its national form too, without separators, as carriers
        of that country send it; old rows are found by `Identifier.forms`.
        """
        number = self._read(identifier)
        if number is None:
            return identifier.forms()
        found = [*Identifier(identifier.kind, _e164(number)).forms()]
        if number.country_code == self._code:
            found.append(_national(number))
        # Not with a plus sign before what was read as national: that is another's number.
        written = (one for one in identifier.forms() if not one.startswith(tuple(_PLUS)))
        return tuple(dict.fromkeys((*found, *written)))

    def is_possible(self, value: str) -> bool:
        """Return whether a text can be a telephone number that somebody could dial."""
        return self._read(Identifier(IdentifierKind.PHONE, value)) is not None

    def _read(self, identifier: Identifier) -> PhoneNumber | None:
        value = identifier.value.strip()
        if identifier.kind is not IdentifierKind.PHONE or len(value) > _CHARACTERS_MAX:
            return None
        if value.startswith(tuple(_PLUS)):
            number = _parse(value, None)
            return number if number is not None and _is_possible(number) else None
        digits = phonenumbers.normalize_digits_only(value)
        national = None if self._region is None else _parse(value, self._region)
        if national is not None and not phonenumbers.is_valid_number(national):
            national = None
        if national is not None and _national(national) == digits:
            return national
        for written in (f"+{digits}", f"+{digits.removeprefix('00')}"):
            number = _parse(written, None)
            if number is not None and phonenumbers.is_valid_number(number):
                return number
        return national


def masked(value: str) -> str:
    """Return a telephone number with its country code and its last two digits alone.

    Of what is no international number nothing is shown.
    """
    number = _parse(value, None)
    if number is None or not _is_possible(number):
        return "…"
    return f"+{number.country_code}…{_e164(number)[-_SHOWN_END:]}"


def _parse(value: str, region: str | None) -> PhoneNumber | None:
    # Letters are digits on some keypads, but an address with letters is none of a telephone.
    if any(one.isalpha() for one in value):
        return None
    try:
        return phonenumbers.parse(value, region)
    except NumberParseException:
        return None


def _is_possible(number: PhoneNumber) -> bool:
    reason: int = phonenumbers.is_possible_number_with_reason(number)
    return reason == ValidationResult.IS_POSSIBLE


def _e164(number: PhoneNumber) -> str:
    written: str = phonenumbers.format_number(number, PhoneNumberFormat.E164)
    return written


def _national(number: PhoneNumber) -> str:
    written: str = phonenumbers.format_number(number, PhoneNumberFormat.NATIONAL)
    digits: str = phonenumbers.normalize_digits_only(written)
    return digits
