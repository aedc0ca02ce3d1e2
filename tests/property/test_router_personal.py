"""What must hold of the router however much is known of customers, on several channels.

A referee of its own says in the plainest way who may be offered what: skills and language as they
are relaxed by then, rings, working hours, the agent a contact is kept for, capacity.
"""

from collections import Counter
from datetime import UTC, datetime
from itertools import count

from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from config.routing import Routing
from config.schema import AgentEntry, QueueEntry
from domain.agent import Agent, AgentState, language_proficiency
from domain.contact import Channel
from domain.customer_profile import CustomerProfile, Familiar
from domain.event_codec import decode, encode
from domain.events import ContactQueued, Envelope
from domain.mood import Mood
from domain.offer import DeclineReason
from domain.offer_events import (
    ContactOverflowed,
    OfferAccepted,
    OfferDeclined,
    OfferExpired,
    OfferExplained,
    OfferMade,
    OfferWithdrawn,
)
from router.core import Output, RouterCore
from router.inputs import (
    AgentStateRequested,
    ContactFinished,
    ContactLeft,
    CustomerKnown,
    Input,
    MoodObserved,
    OfferAnswered,
    OfferRefused,
    PolicyChanged,
    PriorityAdded,
    ReachabilityChanged,
    ShiftChanged,
)
from router.policy import AgentPolicy, RouterPolicy, requirements_of
from tests.property.examples import EXAMPLES

AGENTS = ("ann", "ben", "chen", "dora")
QUEUES = ("sales", "support")
APART = frozenset(
    {frozenset((Channel.VOICE, Channel.CHAT)), frozenset((Channel.VOICE, Channel.MESSAGE))}
)
AT = datetime(2026, 1, 1, tzinfo=UTC)
SOON_S = 1e-3

levels = st.integers(1, 5)
capacities = st.fixed_dictionaries(
    {"voice": st.integers(0, 1), "chat": st.integers(0, 2), "mail": st.integers(0, 2)}
)
agent_entries = st.builds(
    lambda name, tech, english, team, seniority, region, capacity: AgentEntry(
        id=name,
        name=name,
        extension=str(100 + AGENTS.index(name)),
        skills={"tech": tech},
        languages={"en": english},
        team=team,
        seniority=seniority,
        emotion_handling=seniority,
        regions=[region],
        ratings={"sales": float(tech)},
        capacity=capacity,
    ),
    st.sampled_from(AGENTS),
    levels,
    levels,
    st.sampled_from((None, "blue")),
    levels,
    st.sampled_from(("north", "south")),
    capacities,
)
routings = st.fixed_dictionaries(
    {
        "language_min": st.sampled_from((1, 3)),
        "preferred_s": st.sampled_from((0.0, 12.0)),
        "relax": st.sampled_from(
            (
                [],
                [{"after_s": 8, "skills": {"tech": 2}}],
                [
                    {"after_s": 4, "skills": {"tech": 3}},
                    {"after_s": 20, "skills": {"tech": 0}, "language_min": 1},
                ],
            )
        ),
        "rings": st.sampled_from(([], [{"teams": ["blue"]}, {"after_s": 10}])),
        "weights": st.sampled_from(({}, {"region_weight_s": 60.0}, {"wait_weight_per_s": 0.0})),
    }
)


def queues_of(first: dict, second: dict, least: int, overflow: bool) -> list[QueueEntry]:
    onward = {"overflow": {"queue": "support", "after_s": 30}} if overflow else {}
    common = {"numbers": ["1"], "ring_s": 10, "wrap_up_s": 5, "waiting_max": 8}
    return [
        QueueEntry(id="sales", name="s", skills={"tech": 4}, routing={**first, **onward}, **common),
        QueueEntry(id="support", name="t", skills={"tech": 1}, routing=second, **common),
    ]


policies = st.builds(
    lambda agents, queues: RouterPolicy(
        agents={entry.id: AgentPolicy.of(entry, APART) for entry in agents},
        queues={entry.id: entry for entry in queues},
        weights=Routing(decline_pause_s=30),
    ),
    st.lists(agent_entries, min_size=2, max_size=4, unique_by=lambda entry: entry.id),
    st.builds(queues_of, routings, routings, levels, st.booleans()),
)
profiles = st.builds(
    lambda value, region, friend, strength, preferred, frustration, profiling: CustomerProfile(
        customer_id="k",
        value=value,
        region=region,
        familiar=() if friend is None else (Familiar(agent_id=friend, strength=strength),),
        preferred_agent_id=preferred,
        frustration=frustration,
        profiling=profiling,
    ),
    levels,
    st.sampled_from((None, "north")),
    st.sampled_from((None, *AGENTS)),
    st.sampled_from((0.2, 0.9)),
    st.sampled_from((None, None, "ann", "gone")),
    st.sampled_from((0.0, 0.8)),
    st.sampled_from((True, True, False)),
)


class PersonalMachine(RuleBasedStateMachine):
    """Drives the core with everything that may be known, and keeps books of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.now_s = 1_000.0
        self.ids = count(1)
        self.waiting: dict[str, ContactQueued] = {}
        self.queue_of: dict[str, str] = {}
        self.queued_at_s: dict[str, float] = {}
        self.known: dict[str, CustomerProfile] = {}
        self.ringing: dict[str, OfferMade] = {}
        self.talking: dict[str, tuple[str, Channel]] = {}
        self.apart: dict[tuple[str, str], float] = {}
        self.off_shift: set[str] = set()
        self.explained: set[str] = set()
        self.channel_of: dict[str, Channel] = {}

    @initialize(policy=policies)
    def begin(self, policy: RouterPolicy) -> None:
        self.core = RouterCore(policy, new_id=lambda: f"o{next(self.ids)}", now_s=self.now_s)
        for agent_id in policy.agents:
            self.tell(ReachabilityChanged(agent_id, True))
            self.tell(AgentStateRequested(agent_id, AgentState.READY))

    def tell(self, happened: Input) -> None:
        self.note(self.core.handle(happened, self.now_s))
        self.settle()

    def settle(self) -> None:
        for _ in range(20):
            if not self.core.wants_assignment:
                return
            self.note(self.core.assign(self.now_s))
        raise AssertionError("the assignment never comes to an end")

    def note(self, outputs: list[Output]) -> None:
        for output in outputs:
            match output:
                case OfferMade():
                    self.judge(output)
                    self.ringing[output.offer_id] = output
                case OfferExplained(decision=decision):
                    told = Envelope(sequence=1, at=AT, event=output)
                    assert decode(encode(told)) == told, "it is not what the journal stores"
                    self.explained.add(decision.offer_id)
                    assert decision.chosen.agent_id == self.ringing[decision.offer_id].agent_id
                    assert all(
                        abs(sum(one.terms.values()) - one.cost_s) < 0.05
                        for one in (decision.chosen, *decision.others)
                    )
                case OfferAccepted():
                    made = self.ringing.pop(output.offer_id)
                    del self.waiting[made.contact_id]
                    channel = self.channel_of[made.contact_id]
                    self.talking[made.contact_id] = (made.agent_id, channel)
                case OfferDeclined() | OfferExpired():
                    made = self.ringing.pop(output.offer_id)
                    self.apart[made.contact_id, made.agent_id] = self.now_s + 30
                case OfferWithdrawn():
                    del self.ringing[output.offer_id]
                case ContactOverflowed():
                    assert self.queue_of[output.contact_id] == output.queue_id
                    self.queue_of[output.contact_id] = output.to_queue_id
                case _:
                    pass

    def judge(self, made: OfferMade) -> None:
        agent = self.core.policy.agents[made.agent_id].agent
        assert made.agent_id not in {other.agent_id for other in self.ringing.values()}
        assert made.contact_id not in {other.contact_id for other in self.ringing.values()}
        assert made.agent_id not in self.off_shift
        assert self.able(agent, made.contact_id), "offered to someone who may not"
        kept_for = self.kept_for(made.contact_id)
        assert kept_for in {None, made.agent_id}, "offered past the agent it is kept for"
        assert self.now_s >= self.apart.get((made.contact_id, made.agent_id), 0.0)
        load = self.load(made.agent_id)
        channel = self.channel_of[made.contact_id]
        assert agent.capacity.free(channel, load) > 0, "over his capacity"

    def load(self, agent_id: str) -> Counter:
        talks = (channel for who, channel in self.talking.values() if who == agent_id)
        rings = (
            self.channel_of[made.contact_id]
            for made in self.ringing.values()
            if made.agent_id == agent_id
        )
        return Counter([*talks, *rings])

    def able(self, agent: Agent, contact_id: str) -> bool:
        queue = self.core.policy.queues[self.queue_of[contact_id]]
        waited_s = self.now_s - self.queued_at_s[contact_id] + SOON_S
        least = dict(queue.skills)
        language_min = queue.routing.language_min
        for step in queue.routing.relax:
            if step.after_s <= waited_s:
                least |= {name: level for name, level in step.skills.items() if name in least}
                language_min = step.language_min or language_min
        rings = [ring for ring in queue.routing.rings if ring.after_s <= waited_s]
        inside = not queue.routing.rings or any(
            (not ring.teams and not ring.agents) or agent.team in ring.teams for ring in rings
        )
        return (
            inside
            and language_proficiency(agent.languages, "en") >= language_min
            and all(agent.skills.get(name, 0) >= level for name, level in least.items())
        )

    def kept_for(self, contact_id: str) -> str | None:
        profile = self.known.get(contact_id)
        queue = self.core.policy.queues[self.queue_of[contact_id]]
        waited_s = self.now_s - self.queued_at_s[contact_id] + SOON_S
        if profile is None or not profile.profiling or waited_s >= queue.routing.preferred_s:
            return None
        strong = [one.agent_id for one in profile.familiar if one.strength >= 0.5]
        wanted = profile.preferred_agent_id or (strong[0] if strong else None)
        if wanted is None or wanted not in self.core.policy.agents:
            return None
        standing = self.core.roster.get(wanted)
        present = standing.state in {AgentState.READY, AgentState.BUSY, AgentState.WRAP_UP}
        paused = self.now_s < self.apart.get((contact_id, wanted), 0.0)
        if not present or standing.wished is not None or wanted in self.off_shift or paused:
            return None
        return wanted if self.able(standing.policy.agent, contact_id) else None

    @rule(
        queue=st.sampled_from(QUEUES),
        channel=st.sampled_from((Channel.VOICE, Channel.VOICE, Channel.CHAT, Channel.MAIL)),
        profile=st.none() | profiles,
        priority=st.integers(0, 2),
    )
    def arrive(self, queue: str, channel: Channel, profile, priority: int) -> None:
        entry = self.core.policy.queues[queue]
        if sum(self.queue_of[one] == queue for one in self.waiting) >= entry.waiting_max:
            return
        contact_id = f"c{next(self.ids)}"
        if profile is not None:
            self.known[contact_id] = profile
            self.tell(CustomerKnown(contact_id, profile))
        queued = ContactQueued(
            contact_id=contact_id,
            queue_id=queue,
            language="en",
            priority=priority,
            requirements=requirements_of(entry),
            channel=channel,
        )
        self.waiting[contact_id] = queued
        self.queue_of[contact_id] = queue
        self.queued_at_s[contact_id] = self.now_s
        self.channel_of[contact_id] = channel
        self.tell(queued)

    @precondition(lambda self: self.waiting)
    @rule(choice=st.randoms(use_true_random=False), profile=profiles)
    def become_known(self, choice, profile: CustomerProfile) -> None:
        contact_id = choice.choice(sorted(self.waiting))
        self.known[contact_id] = profile
        self.tell(CustomerKnown(contact_id, profile))

    @precondition(lambda self: self.waiting)
    @rule(choice=st.randoms(use_true_random=False), mood=st.sampled_from(Mood))
    def feel(self, choice, mood: Mood) -> None:
        contact_id = choice.choice(sorted(self.waiting))
        self.tell(MoodObserved(contact_id, mood))
        self.tell(PriorityAdded(contact_id, 1))

    @precondition(lambda self: self.waiting)
    @rule(choice=st.randoms(use_true_random=False))
    def leave(self, choice) -> None:
        contact_id = choice.choice(sorted(self.waiting))
        del self.waiting[contact_id]
        self.tell(ContactLeft(contact_id))
        assert contact_id not in {made.contact_id for made in self.ringing.values()}

    @precondition(lambda self: self.ringing)
    @rule(choice=st.randoms(use_true_random=False))
    def answer(self, choice) -> None:
        self.tell(OfferAnswered(choice.choice(sorted(self.ringing))))

    @precondition(lambda self: self.ringing)
    @rule(choice=st.randoms(use_true_random=False))
    def refuse(self, choice) -> None:
        self.tell(OfferRefused(choice.choice(sorted(self.ringing)), DeclineReason.DECLINED))

    @precondition(lambda self: self.talking)
    @rule(choice=st.randoms(use_true_random=False))
    def finish(self, choice) -> None:
        contact_id = choice.choice(sorted(self.talking))
        del self.talking[contact_id]
        self.tell(ContactFinished(contact_id))

    @rule(
        agent_id=st.sampled_from(AGENTS),
        state=st.sampled_from((AgentState.READY, AgentState.READY, AgentState.NOT_READY)),
    )
    def ask(self, agent_id: str, state: AgentState) -> None:
        if agent_id in self.core.roster:
            self.tell(AgentStateRequested(agent_id, state, "test"))

    @rule(agent_id=st.sampled_from(AGENTS), on_shift=st.sampled_from((True, True, False)))
    def shift(self, agent_id: str, on_shift: bool) -> None:
        if agent_id not in self.core.roster:
            return
        (self.off_shift.discard if on_shift else self.off_shift.add)(agent_id)
        self.tell(ShiftChanged(agent_id, on_shift))

    @rule(weight_s=st.sampled_from((0.0, 10.0, 200.0)))
    def reweigh(self, weight_s: float) -> None:
        policy = self.core.policy
        weights = Routing(decline_pause_s=30, language_weight_s=weight_s)
        again = RouterPolicy(agents=policy.agents, queues=policy.queues, weights=weights)
        self.tell(PolicyChanged(again))

    @rule(step_s=st.sampled_from((0.5, 4.0, 10.0, 30.0)))
    def pass_time(self, step_s: float) -> None:
        until_s = self.now_s + step_s
        while (due_s := self.core.next_deadline_s()) is not None and due_s <= until_s:
            self.now_s = max(self.now_s, due_s)
            self.note(self.core.advance(self.now_s))
            self.settle()
        self.now_s = until_s

    @invariant()
    def nobody_is_lost(self) -> None:
        if hasattr(self, "core"):
            assert {contact.contact_id for contact in self.core.line} == set(self.waiting)
            assert set(self.ringing) == {offer.offer_id for offer in self.core.offers}
            assert self.explained >= set(self.ringing)

    @invariant()
    def nobody_has_more_than_his_capacity(self) -> None:
        if not hasattr(self, "core"):
            return
        for agent_id, entry in self.core.policy.agents.items():
            load = self.load(agent_id)
            for channel, taken in load.items():
                assert taken <= entry.agent.capacity.slots.get(channel, 0)
                for other in load:
                    assert frozenset((channel, other)) not in APART or channel is other

    @invariant()
    def nobody_waits_for_somebody_who_is_free(self) -> None:
        if not hasattr(self, "core"):
            return
        offered = {made.contact_id for made in self.ringing.values()}
        for contact_id in self.waiting.keys() - offered:
            channel = self.channel_of[contact_id]
            kept_for = self.kept_for(contact_id)
            for standing in self.core.roster:
                paused = self.now_s < self.apart.get((contact_id, standing.agent_id), 0.0)
                if not self.core.roster.is_free(standing, channel) or paused:
                    continue
                if kept_for not in {None, standing.agent_id}:
                    continue
                # Between two deadlines a step of time may be due that nothing has met yet.
                due_s = self.core.next_deadline_s()
                if due_s is not None and due_s <= self.now_s + SOON_S:
                    continue
                assert not self.able(standing.policy.agent, contact_id), "idle though one waits"


TestPersonal = PersonalMachine.TestCase
TestPersonal.settings = settings(
    deadline=None,
    max_examples=EXAMPLES,
    stateful_step_count=40,
    derandomize=True,
    phases=[Phase.generate],
)
