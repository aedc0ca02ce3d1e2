"""A customer as others write him down, read and checked: one set of rules for every way in.

CSV, JSON lines, the API and the answers of another system name the same fields:

| field | form |
| --- | --- |
| number | the operator's customer number, 1 to 63 printable characters |
| name, address | text of at most 200 characters |
| phones, mails, app_ids | lists; in CSV parted by `;` |
| value | whole number, 1 to 5 |
| language | BCP 47 tag such as `en` or `zh-Hant` |
| region, product, version, preferred_agent | text of at most 63 characters |
| purchases | list of `{date, product, amount}`; in CSV `2026-03-01 router 49.90; ...` |
| preferences | names and values; in CSV `name=value; ...` |
| profiling | true or false; false: he does not want to be profiled |
| open_tickets | whole number, 0 to 1000 |
"""

import math
import re
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, Final

from domain.customer import (
    IDENTIFIERS_MAX,
    NUMBER_CHARACTERS_MAX,
    PREFERENCES_MAX,
    PURCHASES_MAX,
    TEXT_CHARACTERS_MAX,
    TICKETS_MAX,
    WORD_CHARACTERS_MAX,
    CustomerChange,
    Identifier,
    IdentifierKind,
    Purchase,
)
from domain.customer_profile import VALUE_MAX, VALUE_MIN
from domain.errors import CustomerMistake

SHOWN_CHARACTERS_MAX: Final = 40
"""Of a refused value in an error."""
AMOUNT_MAX: Final = 1e9
LIST_SEPARATOR: Final = ";"
_LANGUAGE: Final = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8}){0,3}")
_PHONE: Final = re.compile(r"\+?[0-9][0-9 ./()\u00a0-]{2,30}")
_MAIL: Final = re.compile(r"[^@\s]{1,64}@[^@\s]{1,189}")
_TRUE: Final = frozenset(("true", "yes", "1"))
_FALSE: Final = frozenset(("false", "no", "0"))

_KINDS: Final = {
    "phones": (IdentifierKind.PHONE, _PHONE, "a telephone number with country code"),
    "mails": (IdentifierKind.MAIL, _MAIL, "a mail address"),
    "app_ids": (IdentifierKind.APP, re.compile(r"\S{1,128}"), "an id of 1 to 128 characters"),
}


def _refuse(name: str, value: object, allowed: str) -> CustomerMistake:
    shown = str(value)
    if len(shown) > SHOWN_CHARACTERS_MAX:
        shown = shown[: SHOWN_CHARACTERS_MAX - 1] + "…"
    return CustomerMistake(name, shown, allowed)


def _text(name: str, value: object, longest: int) -> str:
    if not isinstance(value, str):
        raise _refuse(name, value, "text")
    text = value.strip()
    if len(text) > longest or not text.isprintable():
        raise _refuse(name, text, f"at most {longest} printable characters")
    return text


def _word(name: str, value: object) -> str | None:
    return _text(name, value, WORD_CHARACTERS_MAX) or None


def _whole(name: str, value: object, low: int, high: int) -> int:
    allowed = f"a whole number from {low} to {high}"
    if isinstance(value, str) and re.fullmatch(r"\s*[0-9]{1,9}\s*", value, re.ASCII):
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise _refuse(name, value, allowed)
    return value


def _truth(name: str, value: object) -> bool:
    word = str(value).strip().lower()
    if word in _TRUE:
        return True
    if word in _FALSE:
        return False
    raise _refuse(name, value, "true or false")


def _language(name: str, value: object) -> str:
    text = _text(name, value, WORD_CHARACTERS_MAX)
    if not _LANGUAGE.fullmatch(text):
        raise _refuse(name, text, "a BCP 47 tag such as en or zh-Hant")
    return text


def _items(name: str, value: object, most: int) -> list[Any]:
    if isinstance(value, str):
        value = [part for part in value.split(LIST_SEPARATOR) if part.strip()]
    if not isinstance(value, list | tuple):
        raise _refuse(name, value, "a list")
    if len(value) > most:
        raise _refuse(name, f"{len(value)} of them", f"at most {most}")
    return list(value)


def _identifiers(name: str, value: object) -> list[Identifier]:
    kind, pattern, allowed = _KINDS[name]
    found = []
    for item in _items(name, value, IDENTIFIERS_MAX):
        text = _text(name, item, 254)  # RFC 5321 section 4.5.3.1.3, less the angle brackets.
        if not pattern.fullmatch(text):
            raise _refuse(name, text, allowed)
        # Which country's a number without a plus sign is, knows who keeps it.
        is_phone = kind is IdentifierKind.PHONE
        found.append(Identifier(kind, text if is_phone else Identifier(kind, text).forms()[0]))
    return found


def _amount(name: str, value: object) -> float | None:
    if value is None or value == "":
        return None
    try:
        amount = float(value) if not isinstance(value, bool) else math.nan  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        amount = math.nan
    if not 0 <= amount <= AMOUNT_MAX:
        raise _refuse(name, value, f"a number from 0 to {AMOUNT_MAX:.0f}")
    return amount


def _purchase(name: str, item: object) -> Purchase:
    allowed = "a date, a product and perhaps an amount, such as 2026-03-01 router 49.90"
    if isinstance(item, str):
        words = item.split()
        if len(words) not in (2, 3):
            raise _refuse(name, item, allowed)
        item = dict(zip(("date", "product", "amount"), words, strict=False))
    if not isinstance(item, Mapping):
        raise _refuse(name, item, allowed)
    try:
        bought_on = date.fromisoformat(str(item.get("date", "")).strip())
    except ValueError:
        raise _refuse(f"{name}.date", item.get("date"), "a date such as 2026-03-01") from None
    product = _text(f"{name}.product", item.get("product"), WORD_CHARACTERS_MAX)
    if not product:
        raise _refuse(f"{name}.product", product, "the name of a product")
    return Purchase(bought_on, product, _amount(f"{name}.amount", item.get("amount")))


def _purchases(name: str, value: object) -> tuple[Purchase, ...]:
    items = [_purchase(name, item) for item in _items(name, value, PURCHASES_MAX)]
    return tuple(sorted(items, key=lambda one: one.bought_on, reverse=True))


def _preferences(name: str, value: object) -> dict[str, str]:
    if isinstance(value, str):
        pairs = [part.partition("=") for part in _items(name, value, PREFERENCES_MAX)]
        if any(not equals for _, equals, _ in pairs):
            raise _refuse(name, value, "name=value, parted by ;")
        value = {key: text for key, _, text in pairs}
    if not isinstance(value, Mapping):
        raise _refuse(name, value, "names and values")
    if len(value) > PREFERENCES_MAX:
        raise _refuse(name, f"{len(value)} of them", f"at most {PREFERENCES_MAX}")
    return {
        _text(name, key, WORD_CHARACTERS_MAX): _text(f"{name}.{key}", text, TEXT_CHARACTERS_MAX)
        for key, text in value.items()
    }


_READERS: Final[Mapping[str, tuple[str, Callable[[str, object], Any], Any]]] = {
    "name": ("name", lambda name, value: _text(name, value, TEXT_CHARACTERS_MAX), ""),
    "address": ("address", lambda name, value: _text(name, value, TEXT_CHARACTERS_MAX), ""),
    "value": ("value", lambda name, value: _whole(name, value, VALUE_MIN, VALUE_MAX), VALUE_MIN),
    "language": ("language", _language, None),
    "region": ("region", _word, None),
    "product": ("product", _word, None),
    "version": ("version", _word, None),
    "preferred_agent": ("preferred_agent_id", _word, None),
    "purchases": ("purchases", _purchases, ()),
    "preferences": ("preferences", _preferences, {}),
    "profiling": ("profiling", _truth, True),
    "open_tickets": ("open_tickets", lambda name, value: _whole(name, value, 0, TICKETS_MAX), 0),
}
"""By the name of the field: the field of `Customer`, who reads it, what nothing means."""

FIELDS: Final = ("number", *_KINDS, *_READERS)
"""Every field, as CSV, JSON and docs/customers.md name it."""


def read_number(value: object) -> str:
    """Return the operator's customer number.

    Raises:
        CustomerMistake: It is empty, too long or not printable.
    """
    number = _text("number", value, NUMBER_CHARACTERS_MAX)
    if not number:
        raise _refuse("number", number, f"1 to {NUMBER_CHARACTERS_MAX} printable characters")
    return number


def read_change(told: Mapping[str, object], *, needs_number: bool = True) -> CustomerChange:
    """Return the change that somebody tells; fields that are not known are passed over.

    An empty text or None sets a field back to what it is when nothing is known.

    Args:
        told: By the names of `FIELDS`; values as text (CSV) or as JSON has them.
        needs_number: False for who tells of a customer by his address alone.

    Raises:
        CustomerMistake: A value cannot be used; it names field, value and what is allowed.
    """
    number = ""
    if needs_number or told.get("number"):
        number = read_number(told.get("number", ""))
    fields: dict[str, Any] = {}
    for name, (target, read, nothing) in _READERS.items():
        if name in told:
            value = told[name]
            empty = value is None or (isinstance(value, str) and not value.strip())
            fields[target] = nothing if empty else read(name, value)
    identifiers = {
        _KINDS[name][0]: tuple(dict.fromkeys(_identifiers(name, told[name] or ())))
        for name in _KINDS
        if name in told
    }
    count = sum(map(len, identifiers.values()))
    if count > IDENTIFIERS_MAX:
        raise _refuse("phones, mails, app_ids", f"{count} of them", f"at most {IDENTIFIERS_MAX}")
    return CustomerChange(number=number, fields=fields, identifiers=identifiers)
