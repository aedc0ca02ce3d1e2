"""Conversations in any order of events: nothing acknowledged is lost, doubled or stuck."""

import asyncio
from collections import Counter
from datetime import timedelta
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from domain.agent import AgentState
from domain.contact import ContactState, Disposition
from domain.conversation import ConversationState
from domain.customer import Identifier, IdentifierKind
from domain.errors import IllegalTransition, LimitExceeded, NotServing, StoreError
from domain.message import Author
from tests.property.examples import EXAMPLES
from tests.unit.conversations.scene import House, agent, inbound, mail, note, queue

NAMES = ("ann", "bob")
CAPACITY = {"voice": 1, "chat": 2, "message": 1, "mail": 2}
CUSTOMERS = st.integers(1, 4)
WAITING = {ContactState.QUEUED, ContactState.OFFERED}


class ConversationsMachine(RuleBasedStateMachine):
    @initialize()
    def begin(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.given_rules: Any = {
            "agents": tuple(agent(name, capacity=CAPACITY) for name in NAMES),
            "queues": (queue(waiting_max=3, wait_s_max=2_000), queue("bills", waiting_max=5)),
        }
        self.house = House(**self.given_rules)
        self.number = 0
        self.sent: dict = {}
        self.run(self.house.__aenter__())
        for name in NAMES:
            self.run(self.house.at_desk(name))

    def run(self, work):
        result = self.loop.run_until_complete(work)
        self.loop.run_until_complete(self.house.settled())
        return result

    def entries(self, *states):
        held = [one for one in self.house.talk._entries if one.held is not None]
        return [one for one in held if one.thread.conversation.state in states]

    def pick(self, choice: int, *states):
        entries = self.entries(*states)
        return entries[choice % len(entries)].thread.conversation if entries else None

    # Customers.

    @rule(who=CUSTOMERS, written=st.booleans(), present=st.booleans(), automatic=st.booleans())
    def writes(self, who: int, written: bool, present: bool, automatic: bool) -> None:
        self.number += 1
        key = f"m{self.number}"
        if written:
            address = Identifier(IdentifierKind.MAIL, f"{who}@example.com")
            known = self.run(self.house.talk.open_with("mail", address))
            thread = None if known is None else known.conversation_id
            message = mail(number=key, sender=address, conversation_id=thread, automatic=automatic)
        else:
            address = Identifier(IdentifierKind.VISITOR, f"v{who}")
            message = inbound(number=key, sender=address, present=present)
        try:
            receipt = self.run(self.house.talk.receive(message))
        except LimitExceeded:
            assert message.present
            assert key not in {known[2] for known in self.house.records.keys}
            return
        assert not receipt.duplicate
        self.sent[key] = (message, receipt.message)

    @precondition(lambda self: self.sent)
    @rule(choice=st.integers(0, 100))
    def writes_the_same_again(self, choice: int) -> None:
        message, stored = self.sent[list(self.sent)[choice % len(self.sent)]]
        receipt = self.run(self.house.talk.receive(message))
        assert receipt.duplicate
        assert receipt.message.message_id == stored.message_id

    @rule(who=CUSTOMERS)
    def writes_to_a_full_disk(self, who: int) -> None:
        self.number += 1
        address = Identifier(IdentifierKind.VISITOR, f"v{who}")
        self.house.records.failing = True
        try:
            self.run(self.house.talk.receive(inbound(number=f"m{self.number}", sender=address)))
            raise AssertionError("acknowledged, and not stored")
        except (StoreError, LimitExceeded):
            pass
        finally:
            self.house.records.failing = False

    @rule(choice=st.integers(0, 100), present=st.booleans())
    def comes_or_goes(self, choice: int, present: bool) -> None:
        found = self.pick(choice, *ConversationState)
        if found is not None:
            self.run(self.come(found.conversation_id, present))

    async def come(self, conversation_id: str, present: bool) -> None:
        self.house.talk.presence(conversation_id, present)

    async def ask_for_work(self, name: str) -> None:
        self.house.router.request_state(name, AgentState.READY, "test")

    # Agents.

    @rule(name=st.sampled_from(NAMES), takes=st.booleans())
    def answers_an_offer(self, name: str, takes: bool) -> None:
        offer = self.house.offer(name)
        if offer is None:
            return
        if takes:
            served = self.run(self.house.talk.accept(name, offer.offer_id))
            assert served is not None
            assert served.agent_id == name
        else:
            self.run(self.house.talk.decline(name, offer.offer_id))

    @rule(choice=st.integers(0, 100), again=st.booleans())
    def says(self, choice: int, again: bool) -> None:
        found = self.pick(choice, ConversationState.SERVED)
        if found is None:
            return
        self.number += 1
        draft = note("Yes", found.agent_id, f"d{self.number}")
        said = self.run(self.house.talk.say(found.conversation_id, draft))
        if again:
            assert self.run(self.house.talk.say(found.conversation_id, draft)) == said

    @rule(choice=st.integers(0, 100), minutes=st.none() | st.integers(0, 60))
    def lays_aside(self, choice: int, minutes: int | None) -> None:
        found = self.pick(choice, ConversationState.SERVED)
        if found is None:
            return
        until = None
        if minutes is not None:
            until = self.house.clock.utc() + timedelta(minutes=minutes)
        try:
            self.run(self.house.talk.park(found.conversation_id, found.agent_id, until))
        except IllegalTransition:
            assert found.source == "chat"

    @rule(choice=st.integers(0, 100))
    def takes_up_again(self, choice: int) -> None:
        found = self.pick(choice, ConversationState.PARKED)
        if found is not None:
            self.run(self.house.talk.resume(found.conversation_id))

    @rule(choice=st.integers(0, 100), to_agent=st.booleans())
    def hands_on(self, choice: int, to_agent: bool) -> None:
        found = self.pick(choice, ConversationState.SERVED)
        if found is None:
            return
        whom: Any = {"to_agent": NAMES[choice % 2]} if to_agent else {"to_queue": "bills"}
        self.run(self.house.talk.transfer(found.conversation_id, found.agent_id, **whom))

    @rule(choice=st.integers(0, 100), by_agent=st.booleans())
    def ends(self, choice: int, by_agent: bool) -> None:
        found = self.pick(choice, *ConversationState)
        if found is None:
            return
        agent_id = "ann" if by_agent else None
        ending = Disposition.HANDLED if by_agent else Disposition.CALLER_ENDED
        try:
            self.run(
                self.house.talk.close(found.conversation_id, agent_id=agent_id, disposition=ending)
            )
        except IllegalTransition:
            assert found.state is ConversationState.IDLE
        except NotServing:
            assert found.agent_id != "ann" or found.state is not ConversationState.SERVED

    @rule(name=st.sampled_from(NAMES), there=st.booleans())
    def is_at_his_desk(self, name: str, there: bool) -> None:
        if there:
            self.run(self.house.desks[name].aclose())
            self.run(self.house.at_desk(name))
        else:
            self.run(self.house.desks[name].aclose())

    @rule(name=st.sampled_from(NAMES))
    def is_ready_again(self, name: str) -> None:
        try:
            self.run(self.ask_for_work(name))
        except IllegalTransition:
            assert name not in self.house.talk.desks

    # Time and death.

    @rule(seconds=st.sampled_from((1, 25, 70, 200, 1_000)))
    def time_passes(self, seconds: int) -> None:
        self.run(self.house.passes(seconds))

    @rule()
    def the_node_is_killed_and_starts(self) -> None:
        self.house = self.loop.run_until_complete(self.house.killed(**self.given_rules))
        self.run(self.house.__aenter__())
        for name in NAMES:
            self.run(self.house.at_desk(name))

    # What always holds.

    @invariant()
    def every_acknowledged_message_is_stored_once(self) -> None:
        if not hasattr(self, "loop"):
            return
        self.loop.run_until_complete(self.house.settled())
        records = self.house.records
        ids = Counter(one.message_id for known in records.in_order.values() for one in known)
        assert all(count == 1 for count in ids.values())
        for _, stored in self.sent.values():
            assert ids[stored.message_id] == 1
        for known in records.in_order.values():
            assert [one.sequence for one in known] == list(range(1, len(known) + 1))
        customer = [
            one
            for known in records.in_order.values()
            for one in known
            if one.author is Author.CUSTOMER
        ]
        assert len(customer) == len(self.sent)

    @invariant()
    def nothing_is_stuck(self) -> None:
        if not hasattr(self, "loop"):
            return
        core = self.house.router._core
        waiting = 0
        for name, stored in self.house.records.conversations.items():
            entry = self.house.talk._entries.get(name)
            if stored.state is ConversationState.IDLE:
                assert entry is None or entry.thread.contact is None
                continue
            assert entry is not None
            thread = entry.thread
            assert thread.conversation == stored, "what is stored is how it stands"
            assert thread.contact is not None
            contact_id = thread.contact.contact_id
            assert contact_id == stored.contact_id
            assert self.house.talk.owns(contact_id)
            in_line = contact_id in core.line
            waiting += in_line
            connected = contact_id in core._connected
            if stored.state is ConversationState.WAITING:
                assert (in_line, thread.is_outside) in {(True, False), (False, True)}
                assert in_line is thread.in_line
                assert thread.contact.state in WAITING
                assert not connected
            elif stored.state is ConversationState.SERVED:
                assert connected
                assert not in_line
                assert core._connected[contact_id].agent_id == stored.agent_id
                assert thread.contact.state is ContactState.CONNECTED
            else:
                assert not in_line
                assert not connected
        assert waiting == len(core.line)
        assert len(core._connected) == len(self.entries(ConversationState.SERVED))

    @invariant()
    def nobody_has_more_than_he_can_serve(self) -> None:
        if not hasattr(self, "loop"):
            return
        for name in NAMES:
            standing = self.house.router._core.roster.get(name)
            for channel, count in standing.load.items():
                assert count <= CAPACITY[channel.value]

    @invariant()
    def contacts_are_closed_with_their_conversation(self) -> None:
        if not hasattr(self, "loop"):
            return
        self.loop.run_until_complete(self.house.talk.records.settle())
        open_ = {
            one.contact_id
            for one in self.house.records.conversations.values()
            if one.contact_id is not None
        }
        rows = self.house.records.contacts.values()
        assert {row.contact_id for row in rows if row.state is not ContactState.CLOSED} == open_

    def teardown(self) -> None:
        if hasattr(self, "loop"):
            self.loop.run_until_complete(self.house.__aexit__(None, None, None))
            self.loop.close()


TestConversations = ConversationsMachine.TestCase
TestConversations.settings = settings(
    max_examples=EXAMPLES,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
