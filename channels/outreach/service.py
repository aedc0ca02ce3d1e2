"""Sends templates to customers: once for each key, by the channel that the customer prefers."""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

import structlog

from config.outreach import Template
from config.values import Language
from domain.consent import Answer
from domain.contact import Channel
from domain.customer import Customer, Identifier
from domain.errors import NotKnown, OutreachMistake
from domain.message import Draft, Message
from domain.outreach import (
    VALUE_CHARACTERS_MAX,
    Audience,
    OutreachRecord,
    OutreachStore,
    OutreachWish,
    Refused,
    Writer,
    addresses_of,
    channels_for,
)
from domain.ports import Clock

AT_ONCE_MAX: Final = 8
"""Customers written to at the same time; more wait for their turn."""

_log = structlog.get_logger(__name__)

SourceOf = Callable[[Channel, Identifier], str | None]
"""Where a message to an address on a channel goes out; None: nowhere."""
Way = tuple[Channel, Identifier, str]
"""Channel, address and source."""


class OutreachService:
    """Implements `domain.outreach.OutreachDesk`."""

    def __init__(
        self,
        templates: Iterable[Template],
        *,
        store: OutreachStore,
        audience: Audience,
        writer: Writer,
        source_of: SourceOf,
        clock: Clock,
        new_id: Callable[[], str],
    ) -> None:
        """Join who is written to with who writes.

        Args:
            templates: From the configuration.
            store: What became of each.
            audience: Who the customers are.
            writer: Conversations.
            source_of: Where a message to an address goes out.
            clock: Gives wall times.
            new_id: Gives ids.
        """
        self._templates: Mapping[str, Template] = {}
        self._store = store
        self._audience = audience
        self._writer = writer
        self._source_of = source_of
        self._clock = clock
        self._new_id = new_id
        self._turns = asyncio.Semaphore(AT_ONCE_MAX)
        self._keys: dict[str, asyncio.Lock] = {}
        self.reload(templates)

    def reload(self, templates: Iterable[Template]) -> None:
        """Take other templates."""
        self._templates = {one.id: one for one in templates}

    async def send(self, wish: OutreachWish) -> OutreachRecord:
        """Write to a customer, or say why not; the same key again returns the first answer.

        Raises:
            NotKnown: No such template or customer.
            OutreachMistake: A variable is missing, is none of the template's, or is too long.
            StoreError: It is not known whether it was sent; ask again under the same key.
        """
        template = self._templates.get(wish.template_id)
        if template is None:
            raise NotKnown("template", wish.template_id)
        _check(template, wish.variables)
        lock = self._keys.setdefault(wish.key, asyncio.Lock())
        try:
            async with lock, self._turns:
                found = await self._store.find(wish.key)
                return found if found is not None else await self._send(template, wish)
        finally:
            if not lock.locked():
                self._keys.pop(wish.key, None)

    async def of_customer(self, customer_id: str, *, limit: int = 50) -> Sequence[OutreachRecord]:
        """Return what a customer was written, the newest first.

        Raises:
            NotKnown: There is no such customer.
            StoreError: The database cannot be read.
        """
        records = await self._store.of_customer(customer_id, limit=limit)
        if not records and await self._audience.customer(customer_id) is None:
            raise NotKnown("customer", customer_id)
        return records

    async def _send(self, template: Template, wish: OutreachWish) -> OutreachRecord:
        customer = await self._audience.customer(wish.customer_id)
        if customer is None:
            raise NotKnown("customer", wish.customer_id)
        client_id = f"outreach/{wish.key}"
        # Were the node to die before the record is written, the message is there all the same:
        # it counts, whatever the customer has changed since.
        said = await self._writer.said_under(client_id)
        refused: Refused | None = None
        if said is None:
            way = await self._way(template, wish, customer)
            if isinstance(way, Refused):
                refused = way
            else:
                said = await self._write(way, template, wish, customer, client_id)
        record = OutreachRecord(
            outreach_id=self._new_id(),
            template_id=template.id,
            customer_id=customer.customer_id,
            at=self._clock.utc(),
            channel=None if said is None else said.channel,
            message_id=None if said is None else said.message_id,
            refused=refused,
        )
        await self._store.add(wish.key, record)
        _log.info(
            "outreach",
            outreach_id=record.outreach_id,
            template=template.id,
            channel=record.channel,
            refused=record.refused,
        )
        return record

    async def _write(
        self,
        way: Way,
        template: Template,
        wish: OutreachWish,
        customer: Customer,
        client_id: str,
    ) -> Message:
        """Fill the template in the customer's language, and have it committed and sent."""
        channel, address, source = way
        language = _language(template, customer)
        values = {"name": customer.name, **wish.variables}
        return await self._writer.write_to(
            source,
            channel,
            address,
            Draft(
                client_id=client_id,
                text=_filled(template.text, language, values),
                subject=_filled(template.subject, language, values),
            ),
            queue_id=template.queue_id,
            language=language,
        )

    async def _way(
        self, template: Template, wish: OutreachWish, customer: Customer
    ) -> Way | Refused:
        """Return the way to a customer, or why there is none."""
        if template.purpose == "offers":
            answer = await self._audience.offers_answer(customer.customer_id)
            if answer is not Answer.GRANTED:
                return Refused.NO_CONSENT
        wanted = [Channel(name) for name in template.channels]
        channels = channels_for(customer, wanted, wish.channel)
        if not channels:
            return Refused.NOT_WISHED
        for channel in channels:
            for address in addresses_of(customer, channel):
                source = self._source_of(channel, address)
                if source is not None:
                    return channel, address, source
        return Refused.NO_ADDRESS


def _language(template: Template, customer: Customer) -> str:
    """Return the language of a text for a customer: his, or English."""
    primary = (customer.language or "en").partition("-")[0]
    return next((one for one in template.text if one == primary), "en")


def _filled(texts: Mapping[Language, str], language: str, values: Mapping[str, str]) -> str:
    """Return a text in a language, with values in the place of names in braces."""
    text = next((told for name, told in texts.items() if name == language), "")
    return text.format_map(values)


def _check(template: Template, variables: Mapping[str, str]) -> None:
    for name in template.variables:
        if name not in variables:
            raise OutreachMistake(f"variables.{name}", "nothing", f"a value for {template.id}")
    for name, value in variables.items():
        if name not in template.variables:
            told = ", ".join(template.variables) or "none"
            raise OutreachMistake("variables", name, f"those of {template.id}: {told}")
        if len(value) > VALUE_CHARACTERS_MAX:
            raise OutreachMistake(
                f"variables.{name}",
                f"{len(value)} characters",
                f"at most {VALUE_CHARACTERS_MAX}",
            )
