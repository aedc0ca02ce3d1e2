"""The way of one conversation: asked, waiting, offered, served, parked, idle. Pure.

    idle -> waiting <-> offered -> served <-> parked
      ^________|___________________|__________|

A `Thread` is told what has happened and returns what shall be done, in order. It opens no socket
and reads no clock. What a message changes is first told by `after_...`, so that it can be committed
with the message, and taken by the call that follows.
"""

from dataclasses import replace
from datetime import datetime
from typing import Final
from uuid import uuid4

from config.conversations import LineName
from conversations import actions as do
from conversations.actions import Action
from conversations.contact_words import arrival, changed, stored
from conversations.rules import Rules
from conversations.thread_line import ThreadLine
from domain.commands import WithdrawReason
from domain.contact import Contact, ContactState, ContactTrigger, Disposition
from domain.conversation import Conversation, ConversationState, ConversationTrigger
from domain.errors import IllegalTransition, NotServing
from domain.events import ContactConnected, ContactTransferred
from domain.message import Author, Delivery, Inbound, Message
from domain.offer import DeclineReason, Offer
from domain.ports import Clock
from domain.skill import SkillRequirement

PRIORITY_MAX: Final = 20
"""The router knows no more steps."""


class Thread(ThreadLine):
    """One conversation's way; see the module's first lines."""

    def __init__(self, conversation: Conversation, *, rules: Rules, clock: Clock) -> None:
        """Begin where a conversation stands; one that is not idle must be `restored`."""
        super().__init__(conversation, rules=rules, clock=clock)
        self.last_words_s = clock.monotonic_s()

    # What the customer does.

    def after_customer(self, message: Message, inbound: Inbound) -> Conversation:
        """Return how the conversation stands with a message of the customer."""
        now = self.conversation
        after = replace(
            now,
            last_sequence=message.sequence,
            last_at=message.at,
            language=inbound.language or now.language,
            proof=max(now.proof, inbound.proof, key=lambda proof: proof.strength),
            name=inbound.name or now.name,
        )
        if message.automatic:
            return after
        if now.state is ConversationState.IDLE:
            after = self._stepped(after, ConversationTrigger.ASK)
            after = replace(after, contact_id=message.contact_id, queue_id=inbound.queue_id)
        elif now.state is ConversationState.PARKED:
            after = replace(self._stepped(after, ConversationTrigger.RESUME), parked_until=None)
        if now.due_at is None or now.state is ConversationState.IDLE:
            due_at = self._rules.due_at(now.channel, after.queue_id, message.at)
            after = replace(after, due_at=due_at)
        return after

    def customer_wrote(
        self, after: Conversation, message: Message, inbound: Inbound
    ) -> list[Action]:
        """His message is committed, and the conversation stands so."""
        before, self.conversation = self.conversation, after
        told: list[Action] = [do.Publish(stored(message, after.queue_id))]
        if message.automatic:
            return told
        self.is_answered = False
        self._words()
        if before.state is after.state:
            return told
        told.append(do.Publish(changed(before, after)))
        if before.state is ConversationState.PARKED:
            return [*told, *self._join(anew=True, preferred=after.agent_id), do.ShowStanding()]
        self.is_asynchronous = not (self.is_chat and inbound.present and self._is_open)
        return [*told, *self._asks(inbound)]

    def _asks(self, inbound: Inbound) -> list[Action]:
        """Open a contact and let it wait."""
        conversation, now_s = self.conversation, self._clock.monotonic_s()
        assert conversation.contact_id is not None
        queue = self._rules.queue(conversation.queue_id)
        priority = inbound.priority + (0 if queue is None else queue.priority)
        # A visitor's token is no address by which a customer could be known again.
        self.contact = Contact(
            contact_id=conversation.contact_id,
            channel=conversation.channel,
            queue_id=conversation.queue_id,
            language=conversation.language,
            arrived_at=conversation.last_at,
            arrived_s=now_s,
            priority=max(0, min(PRIORITY_MAX, priority)),
            caller=self.caller,
            conversation_id=conversation.conversation_id,
        )
        self._needed, self._preferred = (), None
        opened: list[Action] = [
            do.OpenContact(self.contact),
            do.Publish(arrival(self.contact)),
        ]
        lines: list[Action] = []
        if self.is_chat:
            if self._rules.analysed and conversation.last_sequence == 1:
                lines.append(do.Say("notice"))
            told: LineName = "offline" if self.is_asynchronous else "queued"
            lines.append(do.Say(told if self._is_open else "outside_hours"))
        return [*opened, *self._join(anew=True), do.ShowStanding(), *lines]

    def presence(self, present: bool) -> list[Action]:
        """The customer's client has connected, or his last one is gone."""
        if present is self.is_present:
            return []
        self.is_present = present
        if self.conversation.state is ConversationState.IDLE:
            return []
        if present and self.is_chat and (self._is_open or self.is_held):
            self.is_asynchronous = False
            return [*self._realigned(), do.ShowStanding()]
        return [do.ShowStanding()]

    def marked(self, by: Author, delivery: Delivery, sequence: int) -> bool:
        """One side has messages up to a sequence, or has read them; return whether that is new."""
        now = self.conversation
        if by is Author.SYSTEM:
            return True
        if by is Author.AGENT:
            after = replace(now, agent_read=max(now.agent_read, sequence))
        else:
            read = max(now.customer_read, sequence if delivery is Delivery.READ else 0)
            after = replace(now, customer_got=max(now.customer_got, sequence), customer_read=read)
        if after == now:
            return False
        self.conversation = after
        return True

    def stayed_away(self) -> list[Action]:
        """He has been away so long that a chat is no longer a talk of two who are there."""
        state = self.conversation.state
        if self.is_present or not self.is_chat or self.is_asynchronous:
            return []
        if state is ConversationState.SERVED and self.is_answered:
            return self.closed(Disposition.IDLE, "the customer is away, and his words are answered")
        if state not in {ConversationState.WAITING, ConversationState.SERVED}:
            return []
        self.is_asynchronous = True
        notice = [do.Say("offline")] if state is ConversationState.WAITING else []
        return [*self._realigned(), do.ShowStanding(), *notice]

    # What we write.

    def after_ours(self, message: Message) -> Conversation:
        """Return how the conversation stands with a message of an agent or of ours."""
        answers = message.author is Author.AGENT and not message.internal
        return replace(
            self.conversation,
            last_sequence=message.sequence,
            last_at=message.at,
            due_at=None if answers else self.conversation.due_at,
            subject=self.conversation.subject or message.subject,
        )

    def we_wrote(self, after: Conversation, message: Message) -> list[Action]:
        """Our message is committed, and the conversation stands so."""
        self.conversation = after
        if message.author is Author.AGENT and not message.internal:
            self.is_answered = True
            self._words()
        return [do.Publish(stored(message, after.queue_id))]

    # What the router tells.

    def offered(self, offer: Offer) -> list[Action]:
        """Ask this agent."""
        contact = self.contact
        if contact is None or not self.in_line or contact.state is not ContactState.QUEUED:
            return [do.Decline(offer.offer_id, DeclineReason.UNREACHABLE)]
        contact.step(ContactTrigger.OFFER)
        self._begin_part(offer)
        return [do.UpdateContact(contact)]

    def withdrawn(self, offer: Offer, reason: WithdrawReason) -> list[Action]:
        """Ask this agent no longer."""
        if self.offer is None or self.offer.offer_id != offer.offer_id:
            return []
        outcome = "ring_no_answer" if reason is WithdrawReason.EXPIRED else "withdrawn"
        return [*self._not_taken(outcome, reason.value), *self._realigned()]

    def released(self, disposition: Disposition) -> list[Action]:
        """The router lets the contact wait no longer, and has forgotten it.

        What a customer has written is answered all the same: he is told that he need not wait.
        """
        waits = self.conversation.state is ConversationState.WAITING
        if not waits or self.in_line or self.is_outside:
            return []
        gone = self._not_taken("withdrawn", "released")
        if disposition is not Disposition.WAIT_EXCEEDED:
            return [*gone, *self.closed(disposition, "released by the router")]
        was_told = self.is_asynchronous or not self.is_chat
        self.is_asynchronous = True
        told: list[Action] = [] if was_told else [do.Say("offline")]
        return [*gone, *self._join(), do.ShowStanding(), *told]

    # What the agent does.

    def accepted(self) -> list[Action]:
        """The router has taken his acceptance: he serves the conversation."""
        contact, part, before = self.contact, self.part, self.conversation
        assert contact is not None
        assert part is not None
        offer = part.offer
        part.connected_s = self._clock.monotonic_s()
        self.in_line = False
        self._preferred = None
        contact.step(ContactTrigger.CONNECT)
        contact.connected_s = part.connected_s
        contact.agent_id = offer.agent_id
        after = self._stepped(before, ConversationTrigger.SERVE)
        self.conversation = replace(after, agent_id=offer.agent_id)
        self._words()
        connected = ContactConnected(
            contact_id=contact.contact_id,
            queue_id=contact.queue_id,
            agent_id=offer.agent_id,
            wait_s=contact.wait_s or 0.0,
        )
        joined = [do.Say("joined", offer.agent_id)] if self.is_chat else []
        return [
            do.UpdateContact(contact),
            do.Publish(connected),
            do.Publish(changed(before, self.conversation)),
            self._offer_gone(offer, "accepted"),
            do.ShowStanding(),
            *joined,
        ]

    def declined(self, outcome: DeclineReason) -> list[Action]:
        """He refuses the offer, or cannot be asked."""
        offer = self.offer
        if offer is None:
            return []
        gone = self._not_taken(outcome.value, outcome.value)
        return [*gone, do.Decline(offer.offer_id, outcome)]

    def agent_gone(self) -> list[Action]:
        """The desk of the agent who serves it is not connected any more: it waits again."""
        assert self.contact is not None
        agent_id = self.conversation.agent_id
        self.contact.priority = min(PRIORITY_MAX, self.contact.priority + 1)
        told = [do.Say("left", agent_id)] if self.is_chat else []
        return [*self._handed_back("lost", preferred=agent_id), *told]

    def transferred(
        self,
        *,
        to_agent: str | None = None,
        to_queue: str | None = None,
        requirement: SkillRequirement | None = None,
    ) -> list[Action]:
        """The agent who serves it hands it on; the rules were asked whether he may."""
        contact, part = self.contact, self.part
        assert contact is not None
        assert part is not None
        from_queue = contact.queue_id
        if requirement is not None:
            self._needed = (*self._needed, requirement)
        if to_queue is not None:
            contact.queue_id = to_queue
            self._needed = ()
        event = ContactTransferred(
            contact_id=contact.contact_id,
            queue_id=from_queue,
            agent_id=part.offer.agent_id,
            requirement=requirement,
            talk_s=self._clock.monotonic_s() - (contact.connected_s or 0.0),
            to_agent_id=to_agent,
            to_queue_id=to_queue,
        )
        told = [do.Say("transferred")] if self.is_chat else []
        return [
            do.Publish(event),
            *self._handed_back(
                "transferred",
                preferred=to_agent,
                avoided=None if to_agent == part.offer.agent_id else part.offer.agent_id,
            ),
            *told,
        ]

    def parked(self, until: datetime | None) -> list[Action]:
        """The agent who serves it lays it aside.

        Raises:
            IllegalTransition: It is a chat whose customer is there.
        """
        contact, before = self.contact, self.conversation
        if self.is_chat and self.is_present:
            raise IllegalTransition("Conversation", "chat with its customer present", "park")
        after = self._stepped(before, ConversationTrigger.PARK)
        assert contact is not None
        self.conversation = replace(after, parked_until=until)
        ended = self._end_part("parked")
        return [
            *ended,
            do.Finish(contact.contact_id),
            do.UpdateContact(contact),
            do.Publish(changed(before, self.conversation)),
            do.ShowStanding(),
        ]

    def resumed(self) -> list[Action]:
        """A parked conversation is taken up again, next by the agent who parked it."""
        before = self.conversation
        after = self._stepped(before, ConversationTrigger.RESUME)
        self.conversation = replace(after, parked_until=None)
        told = do.Publish(changed(before, self.conversation))
        return [told, *self._join(anew=True, preferred=before.agent_id), do.ShowStanding()]

    # What ends it.

    def idled(self) -> list[Action]:
        """Nobody has written for so long that a chat is warned, or closed."""
        settings = self._rules.settings
        if not self.is_chat or self.conversation.state is not ConversationState.SERVED:
            return []
        quiet_s = self._clock.monotonic_s() - self.last_words_s
        if quiet_s >= settings.idle_close_s:
            return self.closed(Disposition.IDLE, f"nobody wrote for {settings.idle_close_s:g} s")
        if self.is_warned or quiet_s < settings.idle_close_s - settings.idle_warn_s:
            return []
        self.is_warned = True
        return [do.Say("idle_warning")]

    @property
    def idle_due_s(self) -> float | None:
        """When `idled` wants to be called, on the injected clock; None: not at all."""
        settings = self._rules.settings
        if not self.is_chat or self.conversation.state is not ConversationState.SERVED:
            return None
        closes_s = self.last_words_s + settings.idle_close_s
        return closes_s if self.is_warned else closes_s - settings.idle_warn_s

    def close_by(self, agent_id: str | None, disposition: Disposition) -> list[Action]:
        """An agent, or a program, ends the contact.

        Raises:
            NotServing: An agent who does not have it.
            IllegalTransition: No contact is open.
        """
        if agent_id is not None:
            self.check_has(agent_id, parked=True)
        if self.conversation.state is ConversationState.WAITING:
            # Whoever leaves before he was served has given up, whatever his program calls it.
            left = disposition is Disposition.CALLER_ENDED
            disposition = Disposition.ABANDONED if left else disposition
        return self.closed(disposition, "")

    def check_has(self, agent_id: str, *, parked: bool = False) -> None:
        """See to it that an agent has the conversation.

        Raises:
            NotServing: He does not, or has laid it aside and `parked` will not do.
        """
        allowed = {ConversationState.SERVED} | ({ConversationState.PARKED} if parked else set())
        conversation = self.conversation
        if conversation.state not in allowed or conversation.agent_id != agent_id:
            raise NotServing(agent_id, conversation.conversation_id)

    def _words(self) -> None:
        self.last_words_s = self._clock.monotonic_s()
        self.is_warned = False

    # After a restart.

    def restored(self, contact: Contact | None, *, queued_at: datetime | None) -> list[Action]:
        """Take up a conversation that the run before has left.

        Args:
            contact: Its contact as the ledger has it, on this clock; None: it was never written.
            queued_at: When it began to wait; None: not known.
        """
        before, now_s = self.conversation, self._clock.monotonic_s()
        if contact is not None and contact.state is ContactState.CLOSED:
            # The last step of the end was lost.
            self.conversation = self._ended(before)
            return [do.Publish(changed(before, self.conversation))]
        if contact is None:
            contact = Contact(
                contact_id=before.contact_id or uuid4().hex,
                channel=before.channel,
                queue_id=before.queue_id,
                language=before.language,
                arrived_at=before.last_at,
                arrived_s=now_s - (self._clock.utc() - before.last_at).total_seconds(),
                caller=self.caller,
                conversation_id=before.conversation_id,
            )
            self.conversation = replace(before, contact_id=contact.contact_id)
        self.contact = contact
        waited_s = 0.0 if queued_at is None else (self._clock.utc() - queued_at).total_seconds()
        contact.queued_s = now_s - max(0.0, waited_s)
        contact.connected_s = contact.agent_id = None
        contact.state = ContactState.QUEUED
        self._since_s = contact.queued_s
        # A message or mail waits for nobody's return; a chat's customer may connect again.
        self.is_asynchronous = not self.is_chat
        opened: list[Action] = [do.OpenContact(contact, is_new=False)]
        if before.state is ConversationState.PARKED:
            return opened
        preferred = before.agent_id
        if before.state is ConversationState.SERVED:
            # As when a desk is lost: who was served does not wait again behind all the others.
            contact.priority = min(PRIORITY_MAX, contact.priority + 1)
            self.conversation = self._stepped(self.conversation, ConversationTrigger.REQUEUE)
            opened.append(do.Publish(changed(before, self.conversation)))
        return [*opened, *self._join(preferred=preferred), do.ShowStanding()]
