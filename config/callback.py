"""The section `callback` of a queue, and how a trunk is dialled."""

from typing import Annotated, Final

from pydantic import AfterValidator, Field

from config.secret import Secret
from config.section import Section
from config.values import Number, rule
from domain.errors import ConfigurationError

DIGITS_MAX: Final = 15
"""ITU-T E.164 section 6.2.1: an international number has at most 15 digits."""
NUMBER_PLACES: Final = ("{number}", "{digits}")
URI_CHARACTERS_MAX: Final = 255


def _dial_uri(value: str) -> str:
    if len(value) > URI_CHARACTERS_MAX:
        raise ValueError(f"{len(value)} characters are over the limit of {URI_CHARACTERS_MAX}")
    if sum(value.count(place) for place in NUMBER_PLACES) != 1:
        raise ValueError("the number to call stands in it once, as {number} or {digits}")
    user, at, _ = value.partition("@")
    if not value.startswith("sip:") or not at or not any(place in user for place in NUMBER_PLACES):
        raise ValueError("only sip: URIs with the number before the @ are called")
    if any(character in value for character in ' <>?"') or not value.isascii():
        raise ValueError("a character that has no place in a URI")
    return value


DialUri = Annotated[
    str,
    AfterValidator(_dial_uri),
    Field(
        json_schema_extra=rule(
            "a sip: URI with {number} or {digits} before the @, such as"
            " sip:{number}@192.0.2.10:5060;transport=udp"
        )
    ),
]
Prefix = Annotated[
    str,
    Field(
        pattern=r"^\+?[0-9]{1,15}$",
        json_schema_extra=rule("the beginning of a number: an optional + and 1 to 15 digits"),
    ),
]
CallbackKey = Annotated[
    str, Field(pattern=r"^[1-9]$", json_schema_extra=rule("one of the keys 1 to 9"))
]


class OutboundDigest(Section):
    """The name and password that a trunk asks us for (401 or 407)."""

    username: Annotated[str, Field(min_length=1, max_length=64)]
    """Our name at the carrier."""
    password: Secret
    """Where the password stands."""


class Outbound(Section):
    """How calls go out by a trunk. No call does but callbacks that customers have asked for."""

    uri: DialUri
    """Where to call. In the place of `{number}` stands the number as the trunk has presented it,
    in the place of `{digits}` the same without a plus sign. A name is looked up as an address
    record, not as SRV."""
    caller: Number | None = None
    """Our number as the customer sees it; nothing: the number that he had called."""
    digest: OutboundDigest | None = None
    """Name and password, where the trunk asks for them; nothing: it knows us by address."""


class CallbackNumbers(Section):
    """Which numbers are called. Whoever chooses the number that we call can cost us money."""

    digits_min: Annotated[int, Field(ge=3, le=DIGITS_MAX)] = 7
    """A shorter number is not called: short ones are services and emergency calls."""
    digits_max: Annotated[int, Field(ge=3, le=DIGITS_MAX)] = DIGITS_MAX
    """A longer number is not called. ITU-T E.164 allows 15 digits."""
    allowed: list[Prefix] = []
    """Only numbers that begin with one of these are called; empty: every number that is not
    denied. `+49` means numbers of that country, however the trunk writes them (+49, 0049, 49);
    `0` without a plus sign means numbers written so."""
    denied: list[Prefix] = ["+870", "+881", "+882", "+883", "+979"]
    """Numbers that begin with one of these are never called, whatever is allowed: by default
    satellite and international networks and the international premium rate (ITU-T E.164, list of
    assigned codes). Add the premium numbers of your country, such as `+49900` or `+1900`."""


class Callback(Section):
    """Callers may hang up and are called back when it is their turn; they keep their place.

    The agent's telephone rings first and the customer is called when he has answered, so that
    nobody is called to wait. Only the number that the caller presented is called, and only by the
    trunk that he came by.
    """

    enabled: bool = False
    """Whether callbacks are offered. The trunk needs `outbound` for it."""
    key: CallbackKey = "1"
    """The key that asks for a callback; the prompt names it. Where `emotion` is enabled it must be
    another one than `emotion.agree_key` and `emotion.refuse_key`."""
    offer_after_s: Annotated[float, Field(ge=0)] = 30.0
    """So long into the wait a callback is offered for the first time: whoever is served soon is not
    asked."""
    expected_wait_s: Annotated[float, Field(ge=0)] = 120.0
    """It is offered only where at least so long a wait is still expected, or nothing can be
    said of it."""
    offer_every_s: Annotated[float, Field(ge=10)] = 90.0
    """Time from one offer to the next."""
    attempts: Annotated[int, Field(ge=1, le=10)] = 3
    """So often a customer who does not answer is called before the contact is closed."""
    retry_s: Annotated[float, Field(ge=10, le=86_400)] = 300.0
    """Pause after a call that was not answered; his place is kept meanwhile."""
    ring_s: Annotated[float, Field(ge=5, le=120)] = 30.0
    """How long the customer's telephone rings, while the agent waits on the line."""
    hours_max: Annotated[float, Field(gt=0, le=72)] = 4.0
    """A callback that could not be made within this time is closed: nobody expects it any more.
    The queue's `wait_s_max` does not end it."""
    waiting_max: Annotated[int, Field(ge=1, le=10_000)] = 50
    """Callbacks of this queue that may wait at once; a further caller hears that it is not
    possible. They count among the queue's own `waiting_max` too."""
    calls_per_min: Annotated[int, Field(ge=1, le=600)] = 30
    """Customers called back in a minute; a further one is called a minute later."""
    numbers: CallbackNumbers = CallbackNumbers()
    """Which numbers are called."""


def dial_uri(template: str, number: str) -> str:
    """Return the URI by which a trunk is asked for a number.

    Args:
        template: `Outbound.uri`.
        number: An optional plus sign and digits.

    Raises:
        ConfigurationError: The number is none.
    """
    digits = number.removeprefix("+")
    if not (digits.isascii() and digits.isdigit()):
        raise ConfigurationError(f"a number of {len(number)} characters that are not all digits")
    return template.replace("{number}", number).replace("{digits}", digits)
