"""Customers, their contacts and summaries as rows and back; what names somebody is sealed."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import msgspec
import structlog
from sqlalchemy import Row

from domain.contact import Channel, Disposition
from domain.customer import Customer, Identifier, IdentifierKind, Purchase
from domain.customer_history import PastContact, Summary
from domain.errors import StoreError
from domain.mood import Mood
from domain.proof import Proof
from store.vault import Vault

_PLAIN: Final = (
    "customer_id",
    "value",
    "language",
    "region",
    "product",
    "version",
    "preferred_agent_id",
    "profiling",
    "open_tickets",
)
"""Columns of `customer_records` that are fields of the same name."""
_RECORDS: Final = {"table": "customer_records", "column": "details"}
_IDENTIFIERS: Final = {"table": "customer_identifiers", "column": "sealed"}

_log = structlog.get_logger(__name__)


class _Details(msgspec.Struct, frozen=True):
    """What is sealed of a customer."""

    number: str = ""
    name: str = ""
    address: str = ""
    preferences: dict[str, str] = {}


def record_row(
    customer: Customer, vault: Vault, number_mark: bytes | None, now: datetime
) -> Mapping[str, Any]:
    """Return the columns of `customer_records`."""
    details = _Details(
        number=customer.number,
        name=customer.name,
        address=customer.address,
        preferences=dict(customer.preferences),
    )
    sealed = None
    if details != _Details():
        text = msgspec.json.encode(details).decode()
        sealed = vault.seal(text, **_RECORDS, row=customer.customer_id)
    row = {name: getattr(customer, name) for name in _PLAIN}
    return {**row, "number_mark": number_mark, "details": sealed, "changed_at": now}


def plain_customer(row: Row[Any]) -> Customer:
    """Return the customer of a row of `customer_records` without what is sealed."""
    return Customer(**{name: getattr(row, name) for name in _PLAIN})


def whole_customer(
    row: Row[Any], identifiers: Sequence[Row[Any]], purchases: Sequence[Row[Any]], vault: Vault
) -> Customer:
    """Return the customer of a row with all that belongs to him.

    A field that the vault cannot open is shown as empty, and the log says so.
    """
    details = _Details()
    if row.details is not None:
        try:
            text = vault.open(row.details, **_RECORDS, row=row.customer_id)
            details = msgspec.json.decode(text, type=_Details)
        except (StoreError, msgspec.DecodeError) as error:
            _log.error("a customer's details cannot be read", cause=str(error))
    found = [identifier_of(one, vault) for one in identifiers if one.sealed is not None]
    return Customer(
        **{name: getattr(row, name) for name in _PLAIN},
        number=details.number,
        name=details.name,
        address=details.address,
        preferences=details.preferences,
        identifiers=tuple(sorted(one for one in found if one is not None)),
        purchases=tuple(
            Purchase(one.bought_on, one.product, one.amount, one.noted_at)
            for one in sorted(purchases, key=lambda one: one.place)
        ),
    )


def identifier_rows(
    customer_id: str,
    identifier: Identifier,
    forms: Sequence[str],
    vault: Vault,
    proof: Proof = Proof.PRESENTED,
) -> Sequence[Mapping[str, Any]]:
    """Return the rows of one identifier: one for each form in which it may arrive.

    Args:
        customer_id: Whose it is.
        identifier: As it is shown again.
        forms: The canonical one first.
        vault: Seals and marks.
        proof: What speaks for it that it is his.
    """
    canonical = forms[0]
    rows = []
    for form in forms:
        mark = vault.mark(form)
        sealed = None
        if form == canonical:
            row = _place(customer_id, identifier.kind, mark)
            sealed = vault.seal(identifier.value, **_IDENTIFIERS, row=row)
        rows.append(
            {
                "kind": identifier.kind.value,
                "mark": mark,
                "customer_id": customer_id,
                "sealed": sealed,
                "proof": proof.value,
            }
        )
    return rows


def identifier_of(row: Row[Any], vault: Vault) -> Identifier | None:
    """Return the identifier of a row; None when the vault cannot open it."""
    kind = IdentifierKind(row.kind)
    try:
        place = _place(row.customer_id, kind, row.mark)
        return Identifier(kind, vault.open(row.sealed, **_IDENTIFIERS, row=place))
    except StoreError as error:
        _log.error("a customer's identifier cannot be read", cause=str(error))
        return None


def _place(customer_id: str, kind: IdentifierKind, mark: bytes) -> str:
    return f"{customer_id}/{kind}/{mark.hex()}"


def purchase_rows(
    customer: Customer, before: Customer, now: datetime
) -> Sequence[Mapping[str, Any]]:
    """Return the rows of what a customer has bought.

    Args:
        customer: As he is now.
        before: As he was: what he had bought by then keeps the time at which it was entered,
            for a list of purchases is always told anew as a whole.
        now: When the others are entered, wall time, UTC.
    """
    noted = {(one.bought_on, one.product): one.noted_at for one in before.purchases}
    return [
        {
            "customer_id": customer.customer_id,
            "place": place,
            "bought_on": one.bought_on,
            "product": one.product,
            "amount": one.amount,
            "noted_at": noted.get((one.bought_on, one.product)) or now,
        }
        for place, one in enumerate(customer.purchases)
    ]


def past_row(customer_id: str, contact: PastContact) -> Mapping[str, Any]:
    """Return the columns of `customer_contacts`."""
    return {
        "contact_id": contact.contact_id,
        "customer_id": customer_id,
        "at": contact.at,
        "channel": contact.channel.value,
        "queue_id": contact.queue_id,
        "topic": contact.topic,
        "disposition": contact.disposition.value,
        "agent_id": contact.agent_id,
        "mood": contact.mood.value,
        "resolved": contact.resolved,
        "satisfied": contact.satisfied,
    }


def past_of(row: Row[Any]) -> PastContact:
    """Return the contact of a row of `customer_contacts`."""
    return PastContact(
        contact_id=row.contact_id,
        at=row.at,
        channel=Channel(row.channel),
        queue_id=row.queue_id,
        topic=row.topic,
        disposition=Disposition(row.disposition),
        agent_id=row.agent_id,
        mood=Mood(row.mood),
        resolved=row.resolved,
        satisfied=row.satisfied,
    )


def summary_text(summary: Summary) -> str:
    """Return a summary as it is kept."""
    return msgspec.json.encode(summary).decode()


def summary_of(text: str | None) -> Summary | None:
    """Return the summary that was kept; None for none, and for one of another form."""
    if text is None:
        return None
    try:
        return msgspec.json.decode(text, type=Summary)
    except (msgspec.DecodeError, msgspec.ValidationError) as error:
        # It is made of contacts to come again; a customer must not be lost for it.
        _log.error("a customer's summary cannot be read", cause=str(error))
        return None
