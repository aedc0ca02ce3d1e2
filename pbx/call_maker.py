"""Calls that grow out of what was written: the customer is called as one who asked for it.

The way is that of a callback: the contact waits in its queue, an agent's telephone rings first,
and the rules of `callback.numbers` say which numbers may be called at all.
"""

from typing import Final

from domain.callback import CallbackRefusal
from domain.contact import Channel, Contact
from domain.errors import CallRefused
from domain.ports import Clock
from pbx.call_control import CallControl
from pbx.callback_desk import CallbackDesk
from pbx.callback_numbers import number_to_call
from pbx.contact_id import new_contact_id


class CallMaker:
    """Implements `domain.conversation_ports.CallMaker`."""

    def __init__(self, control: CallControl, clock: Clock) -> None:
        """Make calls by call control."""
        self._control = control
        self._clock: Final = clock

    async def call_back(
        self, *, number: str, queue_id: str, language: str, conversation_id: str, agent_id: str
    ) -> str:
        """Ring an agent and then a customer; return the contact_id of the call at once.

        Args:
            number: As the customer has given it.
            queue_id: Where the contact waits, and whose rules hold.
            language: BCP 47 tag he is served in.
            conversation_id: To which the call belongs.
            agent_id: Who shall make the call if he is present.

        Raises:
            CallRefused: The number may not be called, or no trunk dials out.
            NotKnown: There is no such queue.
            StoreError: It could not be committed.
        """
        desk, dialled = self._desk(queue_id), number_to_call(number)
        if dialled is None:
            raise CallRefused(queue_id, CallbackRefusal.NUMBER.value)
        trunk_id = desk.may_dial_by()
        if trunk_id is None:
            raise CallRefused(queue_id, CallbackRefusal.NO_TRUNK.value)
        contact = Contact(
            contact_id=new_contact_id(self._clock),
            channel=Channel.VOICE,
            queue_id=queue_id,
            language=language,
            arrived_at=self._clock.utc(),
            arrived_s=self._clock.monotonic_s(),
            caller=dialled,
            trunk_id=trunk_id,
            conversation_id=conversation_id,
        )
        await desk.promise(contact, agent_id)
        return contact.contact_id

    def belongs(self, contact_id: str, conversation_id: str) -> bool:
        """A running call belongs to a conversation from now on; False: no such call runs."""
        contact = self._control.contact_of(contact_id)
        if contact is None:
            return False
        contact.conversation_id = conversation_id
        return True

    def _desk(self, queue_id: str) -> CallbackDesk:
        desk = self._control.callback_desk
        if desk is None:
            raise CallRefused(queue_id, CallbackRefusal.NO_TRUNK.value)
        return desk
