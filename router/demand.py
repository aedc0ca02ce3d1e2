"""Those who wait, as the assignment sees them: what they ask for by now, and what it costs.

Everything that changes a contact's needs comes together here: time that passes, a customer who
becomes known, his mood, what outcomes have taught, another configuration.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import partial
from typing import Final

import numpy as np
from numpy.typing import NDArray

from config.routing import Weights
from config.schema import QueueEntry
from domain.deadlines import Deadlines
from domain.events import ContactQueued
from router import needs
from router.assignment.problem import Seconds
from router.changes import Changes
from router.columns import AgentColumns, Mask
from router.cost import CostBook, Urgency, may_decline, weights_of
from router.eligibility import Eligibility
from router.inputs import CustomerKnown, MoodObserved, OutcomeKnown, PlaceKept, PriorityAdded
from router.known import Kept, KnownContact, ServedContact
from router.lessons import Lessons, OutcomeModel
from router.offers import Pauses
from router.policy import RouterPolicy, requirements_of
from router.roster import Roster
from router.round import Round, Rounds
from router.waiting import WaitingContact, WaitingLine

ROWS_MAX: Final = 1_024
"""Rows of one term of the cost after which those that nobody waiting needs are forgotten."""
RENEWED_MAX: Final = 8
"""Expectations made anew before an assignment, 0.2 ms each: what was learnt from the last outcomes
may come some decisions later, and the event loop must not wait for all of it."""
STEP: Final = "contact asks for less"
"""The deadline at which time alone changes what a contact asks for."""
PAUSE_ENDS: Final = "pause ends"
"""The deadline at which a pair that was kept apart may meet again."""


class Demand:
    """The waiting line, and what each contact in it asks for and costs."""

    def __init__(
        self,
        roster: Roster,
        pauses: Pauses,
        deadlines: Deadlines[tuple[str, ...]],
        outcomes: OutcomeModel | None,
        changes: Changes,
    ) -> None:
        """Begin with nobody waiting; `take_over` must follow.

        Args:
            roster: The agents.
            changes: Told of contacts that are to be looked at.
            pauses: Pairs to be kept apart.
            deadlines: Takes the times at which `step` is to be called.
            outcomes: What outcomes have taught; None: nothing is learnt.
        """
        self._roster = roster
        self._changes = changes
        self.pauses: Final = pauses
        self._deadlines = deadlines
        self._lessons = Lessons(outcomes)
        self._known: Kept[KnownContact] = Kept()
        self._policy = RouterPolicy(agents={}, queues={})
        self._queues: Mapping[str, QueueEntry] = {}
        self.columns = AgentColumns(())
        self._book = CostBook({}, self._policy.weights, self.columns)
        self.line: Final = WaitingLine(self._book, Urgency.of({}, self._policy.weights))
        self.eligibility = Eligibility(self.line, roster, self._book, pauses)
        self._rounds = Rounds(self._policy, {}, self._book)
        self._rows_max = ROWS_MAX
        self._rules_hold = False
        self.patient = False

    def take_over(
        self, policy: RouterPolicy, queues: Mapping[str, QueueEntry], now_s: float
    ) -> None:
        """Take another policy; the roster has it already.

        Args:
            policy: Agents and weights.
            queues: Those of the policy, and those removed from it where somebody still waits.
            now_s: The injected clock's time.
        """
        self._policy = policy
        self._queues = queues
        self.columns = AgentColumns([entry.agent for entry in policy.agents.values()])
        # Where a team has room again, it is for agents who were free all the time.
        self._rules_hold = bool(policy.weights.team_rules)
        kinds = [weights_of(policy.weights, queue) for queue in queues.values()]
        self.patient = any(may_decline(weights) for weights in kinds)
        self._renew(now_s)

    def add(self, queued: ContactQueued, now_s: float) -> WaitingContact:
        """Let a contact wait."""
        contact = WaitingContact.of(queued, now_s)
        self._recall(contact)
        queue = self._queues[contact.queue_id]
        self.line.add(contact, needs.needs_of(contact, queue, now_s))
        self._await_step(contact, now_s)
        self._changes.contacts.add(contact.contact_id)
        if queued.avoided_agent_id is not None:
            self.begin_pause(contact.contact_id, queued.avoided_agent_id, now_s)
        if len(self._book) > self._rows_max:
            self._renew(now_s)
        return contact

    def remove(self, contact: WaitingContact) -> None:
        """Forget a contact that was answered, has left or may wait no longer."""
        self.line.remove(contact)
        self._changes.contacts.discard(contact.contact_id)
        self.pauses.forget(contact.contact_id)
        self._deadlines.drop((STEP, contact.contact_id))

    def take(
        self,
        happened: PriorityAdded | PlaceKept | CustomerKnown | MoodObserved | OutcomeKnown,
        now_s: float,
    ) -> None:
        """Take what is new about a contact, whether it waits already, still or no longer."""
        known = self._known.get(happened.contact_id) or KnownContact()
        match happened:
            case PriorityAdded(contact_id, steps):
                contact = self.line.get(contact_id)
                if contact is not None:
                    self.line.add_priority(contact, steps)
            case PlaceKept(contact_id):
                self._keep(contact_id, replace(known, kept=True), now_s)
            case CustomerKnown(contact_id, profile):
                if not profile.profiling:
                    profile = profile.unprofiled()
                self._keep(contact_id, replace(known, profile=profile), now_s)
            case MoodObserved(contact_id, mood):
                self._keep(contact_id, replace(known, distress=needs.degree_of(mood)), now_s)
            case OutcomeKnown():
                self._lessons.learn(happened, now_s)

    def forget(self, contact_id: str) -> None:
        """A contact has ended: who its customer is need not be known any more."""
        self._known.pop(contact_id)

    def begin_pause(self, contact_id: str, agent_id: str, now_s: float) -> None:
        """Keep a pair apart for a while: it came to nothing, or he has handed the contact on."""
        until_s = now_s + self._policy.weights.decline_pause_s
        self.pauses.begin(contact_id, agent_id, until_s)
        self._deadlines.set((PAUSE_ENDS, contact_id, agent_id), until_s)

    def end_pause(self, contact_id: str, agent_id: str) -> None:
        """A pair that was kept apart may meet again."""
        self.pauses.end(contact_id, agent_id)
        if contact_id in self.line:
            self._changes.contacts.add(contact_id)

    def note_serving(self, contact: WaitingContact, agent_id: str) -> None:
        """Remember who serves a contact, until its outcome is known."""
        self._lessons.served(
            contact.contact_id,
            ServedContact(
                agent_id=agent_id,
                queue_id=contact.queue_id,
                topic=self.line.needs(contact).topic,
                segment="" if contact.profile is None else contact.profile.segment,
                scheme=contact.scheme,
            ),
        )

    def step(
        self,
        contact_id: str,
        now_s: float,
        overflowed: Callable[[WaitingContact, str], None],
    ) -> None:
        """Time alone has changed what a contact asks for, or where it waits.

        Args:
            contact_id: Who waits.
            now_s: The injected clock's time.
            overflowed: Told of a contact that waits in another queue now, and where it came from.
        """
        contact = self.line.get(contact_id)
        assert contact is not None
        queue = self._queues[contact.queue_id]
        moves = contact.offered_to is None and needs.overflows(contact, queue, now_s)
        if moves and self._overflow(contact, queue):
            overflowed(contact, queue.id)
        self._refresh(contact, now_s)

    def pose(self, now_s: float) -> Round | None:
        """Return the problem as it stands; None when there is nothing to solve."""
        if self._lessons.have_changed():
            # Nobody can be served now who could not before: it is only told anew what he costs.
            self._book.outdate_expectations()
        self._book.renew_expectations(RENEWED_MAX)
        self._changes.everything |= self._rules_hold or self.patient
        return self._rounds.pose(
            self.line,
            self._roster,
            self.pauses,
            changes=self._changes,
            load_factor=partial(self._load_factor, now_s),
            now_s=now_s,
        )

    @property
    def queue_ids(self) -> Iterable[str]:
        """The queues of the policy, and those where somebody still waits."""
        return self._queues

    def weights(self, queue_id: str) -> Weights:
        """Return the weights of a queue."""
        return self._book.weights(queue_id)

    def able(self, queue_id: str) -> Mask:
        """Tell which agents may serve a queue as it is configured, shape (agents,)."""
        return self._book.able(queue_id)

    def waited_for(self, contact: WaitingContact, now_s: float) -> str | None:
        """Return the agent whom a contact is kept for; None: anybody who is able may take it."""
        return self._rounds.waited_for(contact, self.line, self._roster, self.pauses, now_s)

    def costs_s(self, contact: WaitingContact, now_s: float) -> Seconds:
        """Return what a contact would cost with each agent of the policy, shape (agents,)."""
        return self._rounds.costs_s(contact, self.line, self._roster, now_s)

    def _load_factor(self, now_s: float) -> NDArray[np.float32] | None:
        """Return by how much expectations count for each agent; those who are away are no peers."""
        columns = self._roster.working_columns()
        part = self._lessons.load_factor(partial(self._roster.occupancy.share, columns, now_s))
        if part is None:
            return None
        factor = np.ones(len(self.columns), dtype=np.float32)
        factor[columns] = part
        return factor

    def _overflow(self, contact: WaitingContact, queue: QueueEntry) -> bool:
        """Let a contact wait in another queue, if that one is there and has room."""
        assert queue.routing.overflow is not None
        other = self._policy.queues.get(queue.routing.overflow.queue)
        if other is None or self.line.in_queue(other.id) >= other.waiting_max:
            return False
        self.line.move(contact, other.id)
        contact.requirements = requirements_of(other)
        contact.priority = max(contact.priority, other.priority)
        return True

    def _keep(self, contact_id: str, known: KnownContact, now_s: float) -> None:
        self._known.put(contact_id, known)
        contact = self.line.get(contact_id)
        if contact is not None:
            self._recall(contact)
            self._refresh(contact, now_s)

    def _recall(self, contact: WaitingContact) -> None:
        """Bring what is known of a contact's customer to the contact."""
        known = self._known.get(contact.contact_id)
        if known is not None:
            contact.profile = known.profile
            contact.distress = known.distress
            contact.kept = known.kept
        contact.scheme, contact.propensity = self._lessons.scheme_of(
            contact.contact_id, contact.profile
        )

    def _refresh(self, contact: WaitingContact, now_s: float) -> None:
        self._changes.contacts.add(contact.contact_id)
        queue = self._queues[contact.queue_id]
        self.line.refresh(contact, needs.needs_of(contact, queue, now_s))
        self._await_step(contact, now_s)

    def _refresh_all(self, now_s: float) -> None:
        for contact in self.line:
            self._refresh(contact, now_s)

    def _await_step(self, contact: WaitingContact, now_s: float) -> None:
        at_s = needs.next_step_s(contact, self._queues[contact.queue_id], now_s)
        if at_s is None:
            self._deadlines.drop((STEP, contact.contact_id))
        else:
            self._deadlines.set((STEP, contact.contact_id), at_s)

    def _renew(self, now_s: float) -> None:
        """Make the cost anew: other weights, other agents, or too many rows."""
        routing, queues, columns = self._policy.weights, self._queues, self.columns
        expect = partial(self._lessons.expect, columns)
        self._book = CostBook(queues, routing, columns, expect)
        self._rounds = Rounds(self._policy, queues, self._book)
        self.line.replace_book(self._book, Urgency.of(queues, routing))
        self.eligibility = Eligibility(self.line, self._roster, self._book, self.pauses)
        self._refresh_all(now_s)
        self._changes.everything = True
        self._rows_max = max(ROWS_MAX, 2 * len(self._book))
