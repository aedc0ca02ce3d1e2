"""Whose a contact is: recognised when it arrives, asked of an agent when several could be meant.

A call goes by its number, a contact in writing by the address and the proof of its conversation.
What is recognised is written into the timeline of whose own address it is, and told by
`CustomerRecognised`; what is only suspected is written nowhere, and an agent is asked.
"""

import structlog

from customers.ports import ContactOrigins, ContactTimeline
from domain.conversation_events import CustomerRecognised
from domain.errors import NotKnown
from domain.identity_ports import Identities, Origin, Recognition
from domain.ports import EventPublisher
from domain.proof import Proof

_log = structlog.get_logger(__name__)


class Recogniser:
    """Implements `domain.identity_ports.IdentityDesk`."""

    def __init__(
        self,
        identities: Identities,
        origins: ContactOrigins,
        timeline: ContactTimeline,
        events: EventPublisher,
    ) -> None:
        """Join who knows customers, contacts and timelines, and where events go."""
        self._identities = identities
        self._origins = origins
        self._timeline = timeline
        self._events = events

    async def arrived(self, contact_id: str) -> Recognition | None:
        """Recognise whose contact it is, write it down and tell it.

        Returns:
            None: there is no such contact, it is assigned already, or nobody can be meant.

        Raises:
            StoreError: It cannot be read or written.
        """
        origin = await self._origins.origin(contact_id)
        if origin is None or origin.address is None:
            return None
        if origin.customer_id is not None:
            # Of a conversation that goes on: its new contact is the same customer's.
            recognition = await self._assigned(origin, origin.customer_id)
        else:
            recognition = await self._identities.recognise(origin.address, origin.proof)
        if recognition.customer_id is None and not recognition.candidates:
            return None
        await self._write(origin, recognition)
        return recognition

    async def told(self, contact_id: str) -> None:
        """Recognise a contact anew, because another system has told of its customer.

        Raises:
            StoreError: It cannot be read or written.
        """
        origin = await self._origins.origin(contact_id)
        if origin is None or origin.address is None:
            return
        recognition = await self._identities.recognise(origin.address, origin.proof)
        whose = recognition.member_id
        if whose is not None and whose != origin.customer_id:
            await self._write(origin, recognition)

    async def candidates(self, contact_id: str) -> Recognition:
        """Return what is thought of a contact; see `IdentityDesk.candidates`."""
        origin = await self._known(contact_id)
        if origin.customer_id is not None:
            return await self._assigned(origin, origin.customer_id)
        if origin.address is None:
            return Recognition(customer_id=None, proof=Proof.NONE)
        return await self._identities.recognise(origin.address, origin.proof)

    async def confirm(
        self, contact_id: str, customer_id: str, by: str, *, proof: Proof = Proof.PRESENTED
    ) -> Recognition:
        """Write what an agent says; see `IdentityDesk.confirm`.

        An address that is hidden belongs to nobody; the contact alone is then his.
        """
        origin = await self._known(contact_id)
        root = await self._identities.root(customer_id)
        if origin.address is not None:
            await self._identities.link(customer_id, origin.address, proof, by)
        else:
            await self._identities.identifiers(customer_id)  # Raises when there is no such one.
        recognition = Recognition(customer_id=root, proof=proof, member_id=customer_id)
        await self._write(origin, recognition)
        _log.info("whose contact it is was told", contact_id=contact_id, customer_id=customer_id)
        return recognition

    async def _assigned(self, origin: Origin, customer_id: str) -> Recognition:
        root = await self._identities.root(customer_id)
        proof = origin.proof if origin.proof.joins else Proof.PRESENTED
        return Recognition(customer_id=root, proof=proof, member_id=customer_id)

    async def _write(self, origin: Origin, recognition: Recognition) -> None:
        whose = recognition.member_id or recognition.customer_id
        if whose is not None and recognition.proof.joins:
            if origin.conversation_id is not None and whose != origin.customer_id:
                await self._timeline.assign(origin.conversation_id, whose, recognition.proof.value)
            await self._timeline.note_contact(
                origin.contact_id,
                whose,
                origin.channel,
                origin.conversation_id,
                origin.at,
                recognition.proof,
            )
        self._events.publish(
            CustomerRecognised(
                contact_id=origin.contact_id,
                conversation_id=origin.conversation_id,
                customer_id=recognition.customer_id,
                proof=recognition.proof,
                candidates=max(1, len(recognition.candidates)),
            )
        )

    async def _known(self, contact_id: str) -> Origin:
        origin = await self._origins.origin(contact_id)
        if origin is None:
            raise NotKnown("contact", contact_id)
        return origin
