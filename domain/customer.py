"""A customer as the operator knows him: identifiers, value, what he has and what he wishes.

All of it is personal data, some of it names him: it never enters an event, a log line or a
metric label.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Final

from domain.contact import Channel
from domain.customer_profile import VALUE_MIN

NUMBER_CHARACTERS_MAX: Final = 63
"""Of the operator's own customer number."""
TEXT_CHARACTERS_MAX: Final = 200
"""Of a name, an address or the value of a preference."""
WORD_CHARACTERS_MAX: Final = 63
"""Of a region, product, version, agent's id or the name of a preference."""
IDENTIFIERS_MAX: Final = 20
"""Of one customer: a person has few; a company's hundred lines belong to a hundred persons."""
PURCHASES_MAX: Final = 100
"""Of one customer, the newest: older ones tell little of what he will need next."""
PREFERENCES_MAX: Final = 20
TICKETS_MAX: Final = 1_000
_SEPARATORS: Final = str.maketrans("", "", "-.()/ \u00a0")


class IdentifierKind(StrEnum):
    """By what a customer is recognised."""

    PHONE = "phone"
    """A telephone number, with country code."""
    MAIL = "mail"
    """A mail address."""
    APP = "app"
    """His user id in the operator's app or web site, or in a messenger: "MESSENGER:ID"."""
    VISITOR = "visitor"
    """A token of one browser: it is he, but nobody knows who that is."""


CHANNEL_KINDS: Final[Mapping[Channel, IdentifierKind]] = {
    Channel.VOICE: IdentifierKind.PHONE,
    Channel.CHAT: IdentifierKind.APP,
    Channel.MESSAGE: IdentifierKind.APP,
    Channel.MAIL: IdentifierKind.MAIL,
}
"""What kind of identifier the address of a contact is."""


@dataclass(frozen=True, slots=True, order=True)
class Identifier:
    """One address under which a customer reaches us."""

    kind: IdentifierKind
    value: str = field(repr=False)

    def forms(self) -> tuple[str, ...]:
        """Return every form in which the same address may arrive, the canonical one first.

        Carriers send a number with separators or without, and with or without the plus sign of
        E.164 (as `config.coherence.canonical` takes queues' numbers). The domain of a mail
        address has no case (RFC 5321 section 2.4), and no mailbox is told from another by it in
        practice. An app's ids are compared as they are.
        """
        if self.kind is IdentifierKind.PHONE:
            digits = self.value.translate(_SEPARATORS).removeprefix("+")
            # As it came as well: a caller of another PBX need not be a number at all.
            return tuple(dict.fromkeys((f"+{digits}", digits, self.value)))
        if self.kind is IdentifierKind.MAIL:
            return (self.value.strip().lower(),)
        return (self.value,)


@dataclass(frozen=True, slots=True)
class Purchase:
    """Something that a customer has bought.

    Attributes:
        amount: In the operator's currency; None: not told.
        noted_at: When it was entered; None: it is not yet.
    """

    bought_on: date
    product: str
    amount: float | None = None
    noted_at: datetime | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Customer:
    """What is known of a customer beside his contacts.

    Attributes:
        customer_id: Ours, 32 hexadecimal digits.
        number: The operator's own customer number; "" for a caller whom nobody has entered.
        name, address: As people write them; "" when not known.
        identifiers: At most `IDENTIFIERS_MAX`.
        value: Value tier, 1 to 5.
        language: BCP 47 tag; None: that of the queue.
        region, product, version: None when unknown.
        purchases: The newest first, at most `PURCHASES_MAX`.
        preferences: What he wishes, in the operator's words, at most `PREFERENCES_MAX`.
        preferred_agent_id: The agent whom he or the operator has chosen.
        profiling: False: he does not want his contacts to be learnt from.
        open_tickets: How many matters of his are open elsewhere.
    """

    customer_id: str
    number: str = field(default="", repr=False)
    name: str = field(default="", repr=False)
    address: str = field(default="", repr=False)
    identifiers: tuple[Identifier, ...] = ()
    value: int = VALUE_MIN
    language: str | None = None
    region: str | None = None
    product: str | None = None
    version: str | None = None
    purchases: tuple[Purchase, ...] = ()
    preferences: Mapping[str, str] = field(default_factory=dict, repr=False)
    preferred_agent_id: str | None = None
    profiling: bool = True
    open_tickets: int = 0


CHANGEABLE: Final = frozenset(Customer.__dataclass_fields__) - {
    "customer_id",
    "number",
    "identifiers",
}
"""What a change may set by its name; the number says whose change it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerChange:
    """What somebody tells of a customer: an import, the API, another system.

    Attributes:
        number: The operator's own customer number; "": told by an identifier alone.
        fields: New values by the name of the field of `Customer`; what is not named stays.
        identifiers: All of a kind, in the place of those known; kinds that are not named stay.
        seen: Identifiers that belong to him as well.
    """

    number: str = field(default="", repr=False)
    fields: Mapping[str, Any] = field(default_factory=dict, repr=False)
    identifiers: Mapping[IdentifierKind, tuple[Identifier, ...]] = field(
        default_factory=dict, repr=False
    )
    seen: tuple[Identifier, ...] = field(default=(), repr=False)

    def __post_init__(self) -> None:
        assert self.fields.keys() <= CHANGEABLE

    def applied_to(self, customer: Customer) -> Customer:
        """Return the customer as he then is."""
        kept = [one for one in customer.identifiers if one.kind not in self.identifiers]
        told = [one for kind in self.identifiers.values() for one in kind]
        identifiers = tuple(dict.fromkeys((*self.seen, *told, *kept)))
        return replace(
            customer,
            **self.fields,
            number=self.number or customer.number,
            identifiers=tuple(sorted(identifiers[:IDENTIFIERS_MAX])),
        )
