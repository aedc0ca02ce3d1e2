"""A conversation's contact in the line: it waits, is offered, is handed back, and ends. Pure."""

from dataclasses import replace
from typing import Final

from conversations import actions as do
from conversations.actions import Action
from conversations.contact_words import AgentPart, changed, closing, requirements
from conversations.rules import Rules
from domain.contact import Channel, Contact, ContactState, ContactTrigger, Disposition
from domain.conversation import (
    Conversation,
    ConversationState,
    ConversationTrigger,
    next_conversation_state,
)
from domain.conversation_ports import OfferGone
from domain.customer import IdentifierKind
from domain.events import ContactQueued
from domain.offer import Offer
from domain.ports import Clock
from domain.skill import SkillRequirement


class ThreadLine:
    """What a thread knows of its conversation, and its part that concerns the line.

    Attributes:
        conversation: As it stands.
        contact: The open one; None while the conversation is idle.
        in_line: The router lets the contact wait, or offers it.
        is_outside: It waits outside the router's queue, which is full.
        part: Of the agent who is asked or serves; None: nobody.
        is_present: The customer's client is connected.
        is_asynchronous: Nobody waits in person: it is served in its time.
        is_answered: An agent had the last word.
        is_warned: The customer was told that the chat closes soon.
    """

    def __init__(self, conversation: Conversation, *, rules: Rules, clock: Clock) -> None:
        self.conversation = conversation
        self.contact: Contact | None = None
        self.in_line = False
        self.is_outside = False
        self.part: AgentPart | None = None
        self.is_present = False
        self.is_asynchronous = False
        self.is_answered = False
        self.is_warned = False
        self._rules: Final = rules
        self._clock: Final = clock
        self._needed: tuple[SkillRequirement, ...] = ()
        self._preferred: str | None = None
        self._since_s = clock.monotonic_s()
        self._line_channel = conversation.channel

    @property
    def is_chat(self) -> bool:
        """Whether both sides may be there at the same time."""
        return self.conversation.channel is Channel.CHAT

    @property
    def caller(self) -> str:
        """The customer's address as a contact has it; "" for a visitor whom nobody knows."""
        address = self.conversation.address
        return "" if address.kind is IdentifierKind.VISITOR else address.value

    @property
    def offer(self) -> Offer | None:
        """The offer that an agent is asked to take; None: nobody is asked."""
        asked = self.part is not None and self.part.connected_s is None
        return self.part.offer if asked and self.part is not None else None

    @property
    def waits_kept(self) -> bool:
        """Whether the queue's longest wait does not end it."""
        return self.is_asynchronous or not self.is_chat

    @property
    def is_held(self) -> bool:
        """Whether an agent serves it or has laid it aside."""
        return self.conversation.state in {ConversationState.SERVED, ConversationState.PARKED}

    @property
    def is_parked(self) -> bool:
        """Whether an agent has laid it aside."""
        return self.conversation.state is ConversationState.PARKED

    @property
    def _is_open(self) -> bool:
        """Whether somebody works in its queue now."""
        return self._rules.is_open(self.conversation.queue_id, self._clock.utc())

    def is_served_by(self, agent_id: str) -> bool:
        """Tell whether it is this agent who serves it."""
        serves = self.conversation.state is ConversationState.SERVED
        return serves and self.conversation.agent_id == agent_id

    @property
    def may_stay_away(self) -> bool:
        """Whether a chat's customer is away, and was there until lately."""
        open_ = self.conversation.state in {ConversationState.WAITING, ConversationState.SERVED}
        return self.is_chat and open_ and not self.is_present and not self.is_asynchronous

    def waited_s(self) -> float:
        """Return the seconds that it has waited, as the line counts them."""
        return self._clock.monotonic_s() - self._since_s

    def room(self) -> list[Action]:
        """There may be room in the queue for a conversation that waits outside."""
        if not self.is_outside:
            return []
        self.is_outside = False
        return self._join()

    def refused(self) -> list[Action]:
        """The queue is full: it waits outside until there is room."""
        self.in_line, self.is_outside = False, True
        return []

    def queue_gone(self) -> list[Action]:
        """The queue is configured no longer."""
        self.in_line = False
        return self.closed(Disposition.FAILED, f"queue {self.conversation.queue_id} is no more")

    def closed(self, disposition: Disposition, reason: str) -> list[Action]:
        """The contact ends, wherever it stands.

        Raises:
            IllegalTransition: No contact is open.
        """
        before, contact = self.conversation, self.contact
        self.conversation = self._ended(before)
        assert contact is not None
        actions: list[Action] = []
        if self.in_line:
            actions.append(do.Leave(contact.contact_id, is_kept=self.waits_kept))
        if before.state is ConversationState.SERVED:
            actions += [*self._end_part("answered", step=False), do.Finish(contact.contact_id)]
        else:
            actions += self._not_taken("withdrawn", "contact_left")
        self.in_line = self.is_outside = False
        contact.step(ContactTrigger.CLOSE)
        contact.closed_s = self._clock.monotonic_s()
        contact.disposition = disposition
        self.contact = None
        told = [do.Say("closed")] if self.is_chat else []
        return [
            *actions,
            do.CloseContact(contact, reason),
            do.Publish(closing(contact, reason)),
            do.Publish(changed(before, self.conversation)),
            do.ShowStanding(),
            *told,
        ]

    def _ended(self, conversation: Conversation) -> Conversation:
        after = self._stepped(conversation, ConversationTrigger.CLOSE)
        return replace(after, contact_id=None, parked_until=None, due_at=None)

    def _stepped(self, conversation: Conversation, trigger: ConversationTrigger) -> Conversation:
        return replace(conversation, state=next_conversation_state(conversation.state, trigger))

    def _join(
        self, *, anew: bool = False, preferred: str | None = None, avoided: str | None = None
    ) -> list[Action]:
        """Let the contact wait in the router's line.

        Args:
            anew: The wait begins now; otherwise what was waited counts.
            preferred: The agent whom it waits for first; None: as before.
            avoided: The agent who has handed it on.
        """
        contact, now_s = self.contact, self._clock.monotonic_s()
        assert contact is not None
        queue = self._rules.queue(contact.queue_id)
        if queue is None:
            return self.queue_gone()
        if contact.state is ContactState.ARRIVED:
            contact.step(ContactTrigger.ENQUEUE)
        if contact.queued_s is None:
            contact.queued_s = now_s
        self._since_s = now_s if anew else min(self._since_s, now_s)
        self._preferred = preferred or self._preferred
        chat = Channel.MESSAGE if self.is_asynchronous else Channel.CHAT
        self._line_channel = chat if self.is_chat else self.conversation.channel
        self.in_line = True
        queued = ContactQueued(
            contact_id=contact.contact_id,
            queue_id=contact.queue_id,
            language=contact.language,
            priority=contact.priority,
            requirements=requirements(queue.skills.items(), self._needed),
            waited_s=self.waited_s(),
            channel=self._line_channel,
            preferred_agent_id=self._preferred,
            avoided_agent_id=avoided,
        )
        return [do.Enqueue(queued, is_kept=self.waits_kept), do.UpdateContact(contact)]

    def _realigned(self) -> list[Action]:
        """Wait as what it is by now, a chat or a message; one who is asked may answer first."""
        contact = self.contact
        if contact is None or not self.in_line or self.part is not None:
            return []
        wanted = Channel.MESSAGE if self.is_asynchronous else Channel.CHAT
        if not self.is_chat or wanted is self._line_channel:
            return []
        return [do.Leave(contact.contact_id, is_kept=True), *self._join()]

    def _begin_part(self, offer: Offer) -> None:
        self.part = AgentPart(offer, self._clock.utc(), self._clock.monotonic_s())

    def _end_part(self, outcome: str, *, step: bool = True) -> list[Action]:
        """The agent who served it serves it no longer."""
        part, self.part = self.part, None
        contact = self.contact
        assert contact is not None
        if step:
            contact.step(ContactTrigger.REQUEUE)
            contact.connected_s = contact.agent_id = None
        if part is None:
            return []
        return [do.RecordInteraction(part.interaction(outcome, self._clock.monotonic_s()))]

    def _not_taken(self, outcome: str, reason: str) -> list[Action]:
        """The offer has come to nothing; the contact goes on waiting if it still does."""
        part, contact = self.part, self.contact
        if part is None or part.connected_s is not None or contact is None:
            return []
        self.part = None
        if contact.state is ContactState.OFFERED:
            contact.step(ContactTrigger.REQUEUE)
        record = part.interaction(outcome, self._clock.monotonic_s())
        return [do.RecordInteraction(record), self._offer_gone(part.offer, reason)]

    def _offer_gone(self, offer: Offer, reason: str) -> Action:
        gone = OfferGone(offer_id=offer.offer_id, contact_id=offer.contact_id, reason=reason)
        return do.TellAgent(offer.agent_id, gone)

    def _handed_back(
        self, outcome: str, *, preferred: str | None, avoided: str | None = None
    ) -> list[Action]:
        """The agent who served it is out of it, and it waits again with what it has waited."""
        before, contact = self.conversation, self.contact
        assert contact is not None
        after = self._stepped(before, ConversationTrigger.REQUEUE)
        self.conversation = replace(after, queue_id=contact.queue_id)
        ended = self._end_part(outcome)
        if contact.queued_s is not None:
            self._since_s = contact.queued_s
        self._preferred = None
        return [
            *ended,
            do.Finish(contact.contact_id),
            do.Publish(changed(before, self.conversation)),
            *self._join(preferred=preferred, avoided=avoided),
            do.ShowStanding(),
        ]
