"""What is done about each thing that happens: words of customers, ends of contacts, the time."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from domain import ticket_changes
from domain.contact import Channel
from domain.ports import Clock
from domain.ticket import LinkKind, TicketLink, TicketState, TicketTrigger
from domain.ticket_changes import RUNNING, Changed
from domain.ticket_ports import TicketWish
from domain.ticket_store import StoredTicket, TicketStore
from tickets import rules
from tickets.ports import MessageReader
from tickets.rules import BY, Occasion, Written
from tickets.service import TicketService
from tickets.tracker import ContactOver, CustomerCalled, CustomerWrote, Matter, NotSettled

ROUND_MAX: Final = 200
"""Tickets of one kind that a round looks after; what is left has the next one."""


class Attendant:
    """Asks the service for what has to be done. Everything may be done a second time."""

    def __init__(
        self,
        service: TicketService,
        store: TicketStore,
        *,
        messages: MessageReader | None,
        clock: Clock,
    ) -> None:
        """Join them; without `messages` nobody writes on this node, and no message complains."""
        self._service = service
        self._store = store
        self._messages = messages
        self._clock = clock

    async def concerned(self, matters: Sequence[Matter]) -> frozenset[str]:
        """Return the conversations and contacts of these in which a word may move a ticket on.

        Raises:
            StoreError: They cannot be read.
        """
        return await self._store.concerned(
            [one.conversation_id for one in matters if isinstance(one, CustomerWrote)],
            [one.contact_id for one in matters if isinstance(one, CustomerCalled)],
        )

    async def attend(self, matter: Matter, concerned: frozenset[str]) -> None:
        """Do what has to be done about one thing that has happened.

        Raises:
            WarmlineError: It is not done.
        """
        if not self._service.policy.enabled:
            return
        match matter:
            case CustomerWrote(at=at, conversation_id=conversation_id) as wrote:
                if conversation_id in concerned:
                    await self._service.customer_wrote(LinkKind.CONVERSATION, conversation_id, at)
                await self._open(await self._complaint(wrote))
            case CustomerCalled(at=at, contact_id=contact_id):
                if contact_id in concerned:
                    await self._service.customer_wrote(LinkKind.CONTACT, contact_id, at)
            case ContactOver(contact_id=contact_id, queue_id=queue_id, ended=ended):
                if self._asks("angry", "unanswered"):
                    occasion = await self._occasion(contact_id, queue_id)
                    if occasion is not None:
                        policy = self._service.policy
                        await self._open(rules.for_end(policy.rules, occasion, ended))
            case NotSettled(contact_id=contact_id):
                if self._asks("unresolved"):
                    occasion = await self._occasion(contact_id, None)
                    if occasion is not None:
                        policy = self._service.policy
                        await self._open(rules.for_unresolved(policy.rules, occasion))

    async def go_round(self) -> None:
        """Tell of what is overdue, close what was solved long ago, count what stands where.

        Raises:
            StoreError: Not all of it is done; the next round does the rest.
        """
        now = self._clock.utc()
        service = self._service
        if service.policy.enabled:
            for stored in await self._store.untold(now, ROUND_MAX):
                await service.change(stored.ticket.ticket_id, self._overdue)
            until = now - timedelta(days=service.policy.close_solved_after_days)
            for stored in await self._store.solved_before(until, ROUND_MAX):
                await service.change(stored.ticket.ticket_id, self._closed)
        service.figures.standing = await self._store.counts(now)

    def _overdue(self, stored: StoredTicket) -> Sequence[Changed]:
        ticket, now = stored.ticket, self._clock.utc()
        if ticket.state not in RUNNING or ticket.due_at is None or ticket.due_at >= now:
            return ()
        return [ticket_changes.overdue(ticket, now, BY)]

    def _closed(self, stored: StoredTicket) -> Sequence[Changed]:
        if stored.ticket.state is not TicketState.SOLVED:
            return ()
        policy, now = self._service.policy.due, self._clock.utc()
        return [ticket_changes.stepped(stored.ticket, TicketTrigger.CLOSE, policy, now, BY)]

    async def _complaint(self, wrote: CustomerWrote) -> TicketWish | None:
        if self._messages is None or not self._asks("complaint"):
            return None
        message = await self._messages.message(wrote.message_id)
        link = TicketLink(LinkKind.CONVERSATION, wrote.conversation_id)
        target = await self._store.look(link)
        if message is None or target is None:
            return None
        occasion = Occasion(
            queue_id=wrote.queue_id,
            channel=wrote.channel,
            topic=target.topic,
            language=message.language or target.language,
            customer_id=target.customer_id,
            contact_id=wrote.contact_id,
            conversation_id=wrote.conversation_id,
        )
        written = Written(message_id=message.message_id, subject=message.subject, text=message.text)
        return rules.for_message(self._service.policy.rules, occasion, written)

    async def _occasion(self, contact_id: str, queue_id: str | None) -> Occasion | None:
        target = await self._store.look(TicketLink(LinkKind.CONTACT, contact_id))
        if target is None or target.queue_id is None or target.channel is None:
            return None
        return Occasion(
            # The queue where it ended, which may be another than the one it came to.
            queue_id=queue_id or target.queue_id,
            channel=Channel(target.channel),
            topic=target.topic,
            language=target.language,
            customer_id=target.customer_id,
            contact_id=contact_id,
            conversation_id=target.conversation_id,
        )

    async def _open(self, wish: TicketWish | None) -> None:
        if wish is not None:
            await self._service.open_or_join(wish)

    def _asks(self, *kinds: str) -> bool:
        return any(rule.entry.when in kinds for rule in self._service.policy.rules)
