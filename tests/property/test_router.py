"""What must hold of the router whatever happens, in whatever order."""

from itertools import count

from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from config.routing import Routing
from config.schema import AgentEntry, QueueEntry
from domain.agent import Agent, AgentState, language_proficiency
from domain.commands import OfferContact, ReleaseContact, WithdrawOffer, WithdrawReason
from domain.errors import IllegalTransition, LimitExceeded, NotKnown
from domain.events import ContactQueued
from domain.offer import DeclineReason
from domain.offer_events import (
    OfferAccepted,
    OfferDeclined,
    OfferExpired,
    OfferMade,
    OfferWithdrawn,
)
from domain.skill import meets
from router.core import Output, RouterCore
from router.inputs import (
    AgentStateRequested,
    ContactFinished,
    ContactLeft,
    Input,
    OfferAnswered,
    OfferRefused,
    PolicyChanged,
    ReachabilityChanged,
)
from router.policy import AgentPolicy, RouterPolicy, requirements_of
from tests.property.examples import EXAMPLES

AGENTS = ("ann", "ben", "chen", "dora")
QUEUES = ("sales", "support", "chinese")
SETTLED = OfferAccepted | OfferDeclined | OfferExpired | OfferWithdrawn

levels = st.integers(1, 5)
agent_entries = st.builds(
    lambda name, skills, languages, fixed, ready: AgentEntry(
        id=name,
        name=name,
        extension=str(100 + AGENTS.index(name)),
        skills=skills,
        languages=languages,
        contact=f"sip:{name}@192.0.2.1" if fixed else None,
        ready_on_register=ready,
    ),
    st.sampled_from(AGENTS),
    st.dictionaries(st.sampled_from(("billing", "tech")), levels, min_size=1),
    st.fixed_dictionaries({"en": levels}, optional={"zh": levels}),
    st.sampled_from((False, False, True)),
    st.booleans(),
)
queue_entries = st.builds(
    lambda name, skills, wait_s_max: QueueEntry(
        id=name,
        name=name,
        numbers=["1"],
        language="zh" if name == "chinese" else "en",
        skills=skills,
        ring_s=10,
        wrap_up_s=5,
        waiting_max=6,
        wait_s_max=wait_s_max,
    ),
    st.sampled_from(QUEUES),
    st.just({}) | st.dictionaries(st.sampled_from(("billing", "tech")), st.integers(1, 5)),
    st.sampled_from((40.0, 3600.0)),
)
policies = st.builds(
    lambda agents, queues, pause_s: RouterPolicy(
        agents={entry.id: AgentPolicy.of(entry) for entry in agents},
        queues={entry.id: entry for entry in queues},
        weights=Routing(decline_pause_s=pause_s),
    ),
    st.lists(agent_entries, min_size=2, max_size=4, unique_by=lambda entry: entry.id),
    st.lists(queue_entries, min_size=2, max_size=3, unique_by=lambda entry: entry.id),
    st.sampled_from((0.0, 30.0)),
)


def may_serve(agent: Agent, contact: ContactQueued) -> bool:
    """Say it again in the plainest way: the language, and every skill."""
    return language_proficiency(agent.languages, contact.language) > 0 and all(
        meets(requirement, agent.skills) for requirement in contact.requirements
    )


class RouterMachine(RuleBasedStateMachine):
    """Drives the core and keeps its own books of what it was told."""

    def __init__(self) -> None:
        super().__init__()
        self.now_s = 1_000.0
        self.ids = count(1)
        self.waiting: dict[str, ContactQueued] = {}
        self.queued_at_s: dict[str, float] = {}
        self.ringing: dict[str, OfferMade] = {}
        self.talking: dict[str, str] = {}
        self.settled: set[str] = set()
        self.made_at_s: dict[str, float] = {}
        self.left: set[str] = set()
        self.apart: dict[tuple[str, str], float] = {}
        self.to_ring: set[str] = set()

    @initialize(policy=policies, eager=st.booleans())
    def begin(self, policy: RouterPolicy, eager: bool) -> None:
        self.eager = eager
        self.core = RouterCore(policy, new_id=lambda: f"o{next(self.ids)}", now_s=self.now_s)
        self.note(self.core.advance(self.now_s))
        for agent_id in policy.agents:
            self.reach(agent_id, True)
            self.ask(agent_id, AgentState.READY)

    def tell(self, happened: Input) -> None:
        self.note(self.core.handle(happened, self.now_s))
        if self.eager and self.core.wants_assignment:
            self.note(self.core.assign(self.now_s))

    def note(self, outputs: list[Output]) -> None:
        for output in outputs:
            match output:
                case OfferMade():
                    self.note_offer(output)
                case OfferContact(offer=offer):
                    assert offer.offer_id in self.ringing
                    self.to_ring.add(offer.offer_id)
                case OfferAccepted() | OfferDeclined() | OfferExpired() | OfferWithdrawn():
                    self.note_settled(output)
                case WithdrawOffer(offer=offer, reason=reason):
                    assert offer.offer_id in self.to_ring, "silenced but never told to ring"
                    gone = offer.contact_id not in self.waiting
                    if reason is WithdrawReason.CONTACT_LEFT:
                        assert gone
                case ReleaseContact(contact_id=contact_id):
                    del self.waiting[contact_id]
                    self.left.add(contact_id)
                case ContactQueued() if output.contact_id in self.queued_at_s:
                    waited_s = self.now_s - self.queued_at_s[output.contact_id]
                    assert abs(output.waited_s - waited_s) < 1e-6, "lost its place"
                case _:
                    pass

    def note_offer(self, made: OfferMade) -> None:
        contact = self.waiting[made.contact_id]
        agent = self.core.policy.agents[made.agent_id].agent
        assert may_serve(agent, contact)
        assert self.core.roster.get(made.agent_id).reachable
        assert made.agent_id not in {other.agent_id for other in self.ringing.values()}
        assert made.agent_id not in self.talking.values(), "double-booked"
        assert made.contact_id not in {other.contact_id for other in self.ringing.values()}
        until_s = self.apart.get((made.contact_id, made.agent_id), 0.0)
        assert self.now_s >= until_s, "offered again within the pause"
        assert made.offer_id not in self.settled
        self.ringing[made.offer_id] = made
        self.made_at_s[made.offer_id] = self.now_s

    def note_settled(self, settled: SETTLED) -> None:
        made = self.ringing.pop(settled.offer_id)
        assert settled.offer_id not in self.settled, "settled twice"
        assert (settled.contact_id, settled.agent_id) == (made.contact_id, made.agent_id)
        self.settled.add(settled.offer_id)
        if isinstance(settled, OfferAccepted):
            del self.waiting[settled.contact_id]
            self.talking[settled.contact_id] = settled.agent_id
        elif not isinstance(settled, OfferWithdrawn):
            pause_s = self.core.policy.weights.decline_pause_s
            self.apart[settled.contact_id, settled.agent_id] = self.now_s + pause_s

    @rule(
        queues=st.lists(st.sampled_from(QUEUES), min_size=1, max_size=4), priority=st.integers(0, 2)
    )
    def arrive(self, queues: list[str], priority: int) -> None:
        for queue in queues:
            self.arrive_in(queue, priority)

    def arrive_in(self, queue: str, priority: int) -> None:
        entry = self.core.policy.queues.get(queue)
        contact_id = f"c{next(self.ids)}"
        queued = ContactQueued(
            contact_id=contact_id,
            queue_id=queue,
            language="en" if entry is None else entry.language,
            priority=priority,
            requirements=() if entry is None else requirements_of(entry),
        )
        self.waiting[contact_id] = queued
        self.queued_at_s[contact_id] = self.now_s
        try:
            self.tell(queued)
        except NotKnown:
            del self.waiting[contact_id]
            assert entry is None
        except LimitExceeded:
            del self.waiting[contact_id]
            mine = sum(other.queue_id == queue for other in self.waiting.values())
            assert entry is not None
            assert mine >= entry.waiting_max

    @precondition(lambda self: self.waiting)
    @rule(choice=st.randoms(use_true_random=False))
    def leave(self, choice) -> None:
        contact_id = choice.choice(sorted(self.waiting))
        rang = {made.offer_id for made in self.ringing.values() if made.contact_id == contact_id}
        del self.waiting[contact_id]
        self.left.add(contact_id)
        self.tell(ContactLeft(contact_id))
        assert not rang & self.ringing.keys(), "rings for nobody"

    @precondition(lambda self: self.ringing)
    @rule(choice=st.randoms(use_true_random=False))
    def answer(self, choice) -> None:
        made = self.ringing[choice.choice(sorted(self.ringing))]
        self.tell(OfferAnswered(made.offer_id))
        assert self.talking[made.contact_id] == made.agent_id

    @precondition(lambda self: self.ringing)
    @rule(choice=st.randoms(use_true_random=False), reason=st.sampled_from(DeclineReason))
    def refuse(self, choice, reason: DeclineReason) -> None:
        made = self.ringing[choice.choice(sorted(self.ringing))]
        self.tell(OfferRefused(made.offer_id, reason))
        assert made.offer_id in self.settled

    @precondition(lambda self: self.settled)
    @rule(choice=st.randoms(use_true_random=False))
    def answer_too_late(self, choice) -> None:
        offer_id = choice.choice(sorted(self.settled))
        before = dict(self.talking)
        self.tell(OfferAnswered(offer_id))
        self.tell(OfferRefused(offer_id, DeclineReason.BUSY))
        assert self.talking == before

    @precondition(lambda self: any(one.state is AgentState.NOT_READY for one in self.core.roster))
    @rule()
    def all_come_back(self) -> None:
        for standing in list(self.core.roster):
            if standing.state is AgentState.NOT_READY:
                self.ask(standing.agent_id, AgentState.READY)

    @precondition(lambda self: self.talking)
    @rule(choice=st.randoms(use_true_random=False))
    def finish(self, choice) -> None:
        contact_id = choice.choice(sorted(self.talking))
        del self.talking[contact_id]
        self.tell(ContactFinished(contact_id))

    @rule(
        agent_id=st.sampled_from(AGENTS),
        state=st.sampled_from((AgentState.READY, AgentState.NOT_READY, AgentState.LOGGED_OUT)),
    )
    def ask(self, agent_id: str, state: AgentState) -> None:
        if agent_id not in self.core.roster:
            return
        try:
            self.tell(AgentStateRequested(agent_id, state, "test"))
        except IllegalTransition:
            assert not self.core.roster.get(agent_id).reachable

    @rule(agent_id=st.sampled_from(AGENTS), reachable=st.sampled_from((True, True, False)))
    def reach(self, agent_id: str, reachable: bool) -> None:
        self.tell(ReachabilityChanged(agent_id, reachable))
        if not reachable and agent_id in self.core.roster:
            standing = self.core.roster.get(agent_id)
            if standing.policy.agent.contact_uri is None:
                assert agent_id not in {made.agent_id for made in self.ringing.values()}

    @rule(policy=policies, chance=st.integers(0, 4))
    def reload(self, policy: RouterPolicy, chance: int) -> None:
        if chance:
            return
        rang, talked = dict(self.ringing), dict(self.talking)
        self.tell(PolicyChanged(policy))
        assert rang.keys() <= self.ringing.keys(), "a reload touched a running offer"
        assert self.talking == talked

    @rule(step_s=st.sampled_from((0.5, 5.0, 10.0, 60.0)))
    def pass_time(self, step_s: float) -> None:
        """Move from deadline to deadline, as the shell does."""
        until_s = self.now_s + step_s
        while True:
            due_s = self.core.next_deadline_s()
            if due_s is None or due_s > until_s:
                break
            assert due_s >= self.now_s, "a deadline was not met"
            self.now_s = due_s
            self.note(self.core.advance(self.now_s))
            if self.eager:
                self.note(self.core.assign(self.now_s))
        self.now_s = until_s

    @rule()
    def assign(self) -> None:
        self.note(self.core.assign(self.now_s))
        assert not self.core.wants_assignment

    @invariant()
    def nobody_waits_for_an_idle_agent(self) -> None:
        if not hasattr(self, "core") or self.core.wants_assignment:
            return
        roster = self.core.roster
        free = [one.policy.agent for one in roster.free() if roster.is_free(one)]
        for contact in self.core.line.waiting:
            for agent in free:
                pause_s = self.apart.get((contact.contact_id, agent.agent_id), 0.0)
                able = may_serve(agent, self.waiting[contact.contact_id])
                assert not able or self.now_s < pause_s, (
                    "an agent is idle though someone waits for him"
                )

    def teardown(self) -> None:
        """In the end everyone is served.

        With agents who answer, finish and come back, nobody able to be served waits
        on.
        """
        if not hasattr(self, "core"):
            return
        for agent_id in AGENTS:
            self.reach(agent_id, True)
        for _ in range(4 * len(self.waiting) + 8):
            for offer_id in sorted(self.ringing):
                self.tell(OfferAnswered(offer_id))
            for contact_id in sorted(self.talking):
                del self.talking[contact_id]
                self.tell(ContactFinished(contact_id))
            for agent_id in AGENTS:
                self.ask(agent_id, AgentState.READY)
            self.assign()
            if not self.ringing and not self.talking:
                # Less than a ring lasts: what is offered meanwhile is answered in the next turn.
                self.pass_time(9.0)
        agents = [entry.agent for entry in self.core.policy.agents.values()]
        for queued in self.waiting.values():
            assert not any(may_serve(agent, queued) for agent in agents), "starved"

    @invariant()
    def nobody_is_lost(self) -> None:
        if not hasattr(self, "core"):
            return
        assert {contact.contact_id for contact in self.core.line} == set(self.waiting)
        assert {offer.offer_id for offer in self.core.offers} == set(self.ringing)
        rung = {offer_id for offer_id in self.to_ring if offer_id not in self.settled}
        assert rung == set(self.ringing), "an offer that no telephone was told of"

    @invariant()
    def agents_are_where_their_work_is(self) -> None:
        if not hasattr(self, "core"):
            return
        at_work = {made.agent_id for made in self.ringing.values()} | set(self.talking.values())
        busy = {
            standing.agent_id for standing in self.core.roster if standing.state is AgentState.BUSY
        }
        assert busy == at_work
        for standing in self.core.roster:
            if standing.state is AgentState.READY:
                assert standing.reachable

    @invariant()
    def nothing_outlasts_its_deadline(self) -> None:
        if not hasattr(self, "core"):
            return
        for offer_id in self.ringing:
            assert self.now_s <= self.made_at_s[offer_id] + 10, "rings too long"
        for standing in self.core.roster:
            if standing.state is AgentState.WRAP_UP:
                assert self.now_s <= standing.since_s + 5, "wraps up too long"
        for queued in self.waiting.values():
            contact = self.core.line.get(queued.contact_id)
            queue = self.core.policy.queues.get(queued.queue_id)
            if queue is not None and contact is not None and contact.offered_to is None:
                waited_s = self.now_s - self.queued_at_s[queued.contact_id]
                assert waited_s <= queue.wait_s_max, "waits too long"

    @invariant()
    def figures_add_up(self) -> None:
        if not hasattr(self, "core"):
            return
        for queue_id, figures in self.core.figures.items():
            waiting = sum(queued.queue_id == queue_id for queued in self.waiting.values())
            ended = figures.answered + figures.abandoned + figures.released
            assert figures.arrived == ended + waiting


TestRouter = RouterMachine.TestCase
TestRouter.settings = settings(
    deadline=None,
    max_examples=EXAMPLES,
    stateful_step_count=50,
    derandomize=True,
    phases=[Phase.generate],
)
