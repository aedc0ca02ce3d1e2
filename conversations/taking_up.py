"""What the run before has left open is taken up again."""

from collections.abc import Sequence
from datetime import timedelta

from conversations.actions import Action
from conversations.entries import Entries, Entry
from conversations.rules import Rules
from conversations.thread import Thread
from domain.conversation_ports import ConversationStore
from domain.ports import Clock, ContactLedger


async def take_up(
    store: ConversationStore,
    ledger: ContactLedger,
    entries: Entries,
    *,
    rules: Rules,
    clock: Clock,
) -> Sequence[tuple[Entry, list[Action]]]:
    """Return the conversations that are not idle, the oldest first, and what is to be done.

    A waiting one waits on with the time it has waited, one that was served waits again and first
    for the same agent, a parked one stays parked.

    Raises:
        StoreError: They cannot be read.
    """
    found: list[tuple[Entry, list[Action]]] = []
    for conversation in await store.unsettled():
        thread = Thread(conversation, rules=rules, clock=clock)
        contact, queued_at = None, None
        if conversation.contact_id is not None:
            record = await ledger.get(conversation.contact_id)
            if record is not None:
                # Its times are seconds since its arrival; here they are those of this clock.
                contact = record.contact
                age_s = (clock.utc() - contact.arrived_at).total_seconds()
                waited_from_s = 0.0 if contact.queued_s is None else contact.queued_s
                queued_at = contact.arrived_at + timedelta(seconds=waited_from_s)
                contact.arrived_s = clock.monotonic_s() - age_s
        entry = entries.put(thread)
        found.append((entry, thread.restored(contact, queued_at=queued_at)))
    return found
