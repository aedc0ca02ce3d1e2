"""What must hold of a call's flow whatever happens, in whatever order."""

from collections import Counter, deque
from collections.abc import Callable

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from config.schema import QueueEntry
from domain.commands import WithdrawReason
from domain.contact import Channel, Contact, ContactState, Disposition
from domain.errors import LimitExceeded, NotKnown
from domain.events import ContactClosed, ContactQueued
from domain.leg import RtpFigures
from domain.offer import DeclineReason, Offer
from domain.ports import QueuePosition
from pbx import actions as do
from pbx.flow import CallFlow
from pbx.flow_end import RELEASE_S_MAX
from tests.flow_scene import CUSTOMER, HandClock, Shelf

CALL_S_MAX = 300.0
FATE = st.sampled_from((False, False, False, False, True))
"""What ends a call must be rare, or no call gets anywhere."""
PROMPTS = ("greeting", "disclosure", "music", "queue-full", "wait-exceeded", "agent-left")


class ModelRouter:
    """The router's side of one contact, strict: what the real one must not be asked fails here.

    Its commands lie in `mail` until the flow takes them, as they do in a call's inbox.
    """

    def __init__(self) -> None:
        self.standing = "unknown"
        self.pending: Offer | None = None
        self.settled: Counter[str] = Counter()
        self.connects = self.finishes = 0
        self.refuses: type[Exception] | None = None
        self.known_position = True
        self.mail: deque[Callable[[CallFlow], list[do.Action]]] = deque()
        self._answered: set[str] = set()

    def enqueue(self, queued: ContactQueued) -> None:
        assert self.standing == "unknown", "it waits already, or an agent talks with it"
        if self.refuses is LimitExceeded:
            raise LimitExceeded("queue support waiting_max", 3, 2)
        if self.refuses is NotKnown:
            raise NotKnown("queue", "support")
        self.standing = "waiting"

    def keep_place(self, contact_id: str) -> None:
        """The model's contacts wait as long as they like."""

    def leave(self, contact_id: str) -> None:
        assert self.standing != "talking", "finish, not leave"
        self.standing = "unknown"
        self.withdraw(WithdrawReason.CONTACT_LEFT)

    def accept(self, offer_id: str) -> bool:
        self._answer_once(offer_id)
        if self.pending is None or self.pending.offer_id != offer_id:
            return False
        self._settle()
        self.standing = "talking"
        self.connects += 1
        return True

    def decline(self, offer_id: str, reason: DeclineReason) -> None:
        self._answer_once(offer_id)
        if self.pending is not None and self.pending.offer_id == offer_id:
            self._settle()

    def finish(self, contact_id: str) -> None:
        assert self.standing == "talking", "finished, but not connected"
        self.standing = "unknown"
        self.finishes += 1

    def position(self, contact_id: str) -> QueuePosition | None:
        if self.standing != "waiting" or not self.known_position:
            return None
        return QueuePosition(position=1, expected_wait_s=None)

    def offer(self, offer: Offer) -> None:
        self.pending = offer
        self.mail.append(lambda flow: flow.offered(offer))

    def withdraw(self, reason: WithdrawReason) -> None:
        offer = self.pending
        if offer is not None:
            self._settle()
            self.mail.append(lambda flow: flow.withdrawn(offer, reason))

    def release(self) -> None:
        self.standing = "unknown"
        self.mail.append(lambda flow: flow.released(Disposition.WAIT_EXCEEDED))

    def _settle(self) -> None:
        assert self.pending is not None
        self.settled[self.pending.offer_id] += 1
        self.pending = None

    def _answer_once(self, offer_id: str) -> None:
        assert offer_id not in self._answered, "an offer is answered once"
        self._answered.add(offer_id)


class FlowMachine(RuleBasedStateMachine):
    """Is the cell, the router and the clock of one call, and keeps books of what it wants.

    The cell tells of a leg in any order until the leg has ended; it may tell of things that
    crossed with a command on their way.
    """

    def __init__(self) -> None:
        super().__init__()
        self.wanted: list[do.Action] = []
        self.living: set[int] = set()
        self.leaving: set[int] = set()
        self.answered: set[int] = set()
        self.bridged: int | None = None
        self.last_leg = CUSTOMER
        self.offers = 0
        self.came = self.dead = False

    @initialize(
        silent=st.sets(st.sampled_from(PROMPTS), max_size=2),
        announces=st.booleans(),
        first_s=st.sampled_from((0.0, 10.0)),
        steps=st.sampled_from((0, 2, 4, 6, 8)),
    )
    def begin(self, silent: set[str], announces: bool, first_s: float, steps: int) -> None:
        self.clock = HandClock()
        self.router = ModelRouter()
        self.contact = Contact(
            contact_id="c1",
            channel=Channel.VOICE,
            queue_id="support",
            language="en",
            arrived_at=self.clock.utc(),
            arrived_s=self.clock.now_s,
        )
        self.flow = CallFlow(
            self.contact,
            QueueEntry(
                id="support",
                name="Support",
                numbers=["800"],
                announce_position=announces,
                announce_first_s=first_s,
            ),
            prompts=Shelf(*silent),
            routing=self.router,
            clock=self.clock,
            call_s_max=CALL_S_MAX,
        )
        for _ in range(steps):
            self.all_goes_well()

    def do(self, actions: list[do.Action]) -> None:
        """Carry out, as the call's task does it."""
        for action in actions:
            assert do.Release() not in self.wanted, "nothing after the release"
            self.wanted.append(action)
            match action:
                case do.HangUp(leg):
                    self.to_living(leg)
                    self.leaving.add(leg)
                    if leg == self.bridged:
                        self.bridged = None
                case do.Bridge(one, other):
                    self.to_living(one, other)
                    assert one == CUSTOMER
                    assert self.bridged is None, "one agent at a time"
                    self.bridged = other
                case do.Answer(leg) | do.Play(leg) | do.StopPlay(leg) | do.Tap(leg):
                    self.to_living(leg)
                case do.CallAgent(offer):
                    self.dial(offer)

    def to_living(self, *legs: int) -> None:
        for leg in legs:
            # With its cell dead the flow may not know yet.
            assert self.dead or leg in self.living, "a command for a leg that has ended"
            assert leg not in self.leaving, "a command for a leg that was told to end"

    def dial(self, offer: Offer) -> None:
        if self.dead:
            return  # The command fails, and the end of the cell is told next.
        if offer.agent_id == "nobody":
            self.do(self.flow.agent_not_dialled(offer.offer_id))
            return
        self.last_leg += 1
        self.living.add(self.last_leg)
        self.do(self.flow.agent_dialled(offer.offer_id, self.last_leg))

    @precondition(lambda self: not self.dead and not self.flow.over)
    @rule()
    def all_goes_well(self) -> None:
        """Take the next step towards a conversation, or back to it."""
        if not self.came:
            self.invite_comes()
            self.leg_is_answered(number=0)
        elif self.contact.state is ContactState.ARRIVED:
            self.play_finishes(heard=True, number=0)
        elif self.router.mail:
            self.mail_comes()
        elif self.contact.state is ContactState.QUEUED and self.router.standing == "waiting":
            self.router_offers("anna")
        elif self.contact.state is ContactState.OFFERED:
            self.leg_is_answered(number=len(self.living) - 1)

    # The cell.

    @precondition(lambda self: not self.came and not self.dead and not self.flow.over)
    @rule()
    def invite_comes(self) -> None:
        self.came = True
        self.living.add(CUSTOMER)
        self.do(self.flow.incoming(CUSTOMER))

    numbers = st.integers(0, 3)

    def living_leg(self, number: int) -> int:
        return sorted(self.living)[number % len(self.living)]

    @precondition(lambda self: self.living)
    @rule(number=numbers)
    def leg_is_answered(self, number: int) -> None:
        leg = self.living_leg(number)
        if leg not in self.answered:
            self.answered.add(leg)
            self.do(self.flow.answered(leg))

    @precondition(lambda self: self.living and self.answered)
    @rule(heard=st.booleans(), number=numbers)
    def play_finishes(self, heard: bool, number: int) -> None:
        self.do(self.flow.played(self.living_leg(number), heard=heard))

    @precondition(lambda self: self.living)
    @rule(number=numbers, what=st.sampled_from(("ringing", "hold", "unhold", "digit", "silent")))
    def leg_tells(self, number: int, what: str) -> None:
        leg = self.living_leg(number)
        match what:
            case "ringing":
                if leg not in self.answered:
                    self.do(self.flow.ringing(leg))
            case "hold" | "unhold":
                self.do(self.flow.held(leg, what == "hold"))
            case "digit":
                self.do(self.flow.digit(leg, "5"))
            case "silent":
                self.do(self.flow.silent(leg))

    @precondition(lambda self: self.living)
    @rule(number=numbers, status=st.sampled_from((0, 200, 408, 480, 486, 487, 603)), fate=FATE)
    def leg_ends(self, number: int, status: int, fate: bool) -> None:
        leg = self.living_leg(number)
        if not fate and leg == CUSTOMER:
            return
        self.living.remove(leg)
        if leg == self.bridged:
            self.bridged = None
        self.do(self.flow.ended(leg, status=status, reason="", figures=RtpFigures(received=7)))

    @precondition(lambda self: not self.dead)
    @rule(fate=FATE)
    def cell_dies(self, fate: bool) -> None:
        if not fate:
            return
        self.dead = True
        self.living.clear()
        self.bridged = None
        self.do(self.flow.cell_gone("signal 6"))

    # The router.

    @rule(refuses=st.sampled_from((None, None, LimitExceeded, NotKnown)), known=st.booleans())
    def router_thinks_otherwise(self, refuses: type[Exception] | None, known: bool) -> None:
        self.router.refuses, self.router.known_position = refuses, known

    @precondition(lambda self: self.router.standing == "waiting" and self.router.pending is None)
    @rule(agent_id=st.sampled_from(("anna", "anna", "nobody")))
    def router_offers(self, agent_id: str) -> None:
        self.offers += 1
        self.router.offer(
            Offer(
                offer_id=f"o{self.offers}",
                contact_id="c1",
                agent_id=agent_id,
                queue_id="support",
                made_at_s=self.clock.now_s,
                expires_at_s=self.clock.now_s + 20,
            )
        )

    @precondition(lambda self: self.router.pending is not None)
    @rule(
        reason=st.sampled_from((WithdrawReason.EXPIRED, WithdrawReason.AGENT_GONE)),
        crosses=st.booleans(),
    )
    def router_withdraws(self, reason: WithdrawReason, crosses: bool) -> None:
        """The agent may answer in the same moment."""
        self.router.withdraw(reason)
        if crosses and self.living:
            self.leg_is_answered(number=len(self.living) - 1)

    @precondition(lambda self: self.router.standing == "waiting" and self.router.pending is None)
    @rule(fate=FATE)
    def router_releases(self, fate: bool) -> None:
        if fate:
            self.router.release()

    @precondition(lambda self: self.router.mail)
    @rule()
    def mail_comes(self) -> None:
        self.do(self.router.mail.popleft()(self.flow))

    # The clock and the node.

    @rule(seconds=st.sampled_from((0.5, 1.0, 3.0, 5.0, 12.0, 50.0)))
    def time_goes_on(self, seconds: float) -> None:
        self.clock.now_s += seconds
        self.do(self.flow.tick(self.clock.now_s))

    @precondition(lambda self: self.came)
    @rule(disposition=st.sampled_from((Disposition.HUNG_UP, Disposition.DRAINED)), fate=FATE)
    def node_ends_it(self, disposition: Disposition, fate: bool) -> None:
        if not fate:
            return
        self.do(self.flow.end(disposition, "asked to"))

    # What must hold at every moment.

    @invariant()
    def it_is_written_down_in_order(self) -> None:
        opened = self.wanted.count(do.OpenRecord())
        closed = [n for n, action in enumerate(self.wanted) if isinstance(action, do.CloseRecord)]
        assert opened == self.came
        assert len(closed) <= 1
        if closed:
            rest = self.wanted[closed[0] + 1 :]
            assert isinstance(rest[0], do.Publish)
            assert isinstance(rest[0].event, ContactClosed)
            assert all(isinstance(action, do.HangUp | do.Release) for action in rest[1:])

    @invariant()
    def the_router_thinks_the_same(self) -> None:
        if not hasattr(self, "router"):
            return
        state = self.contact.state
        assert all(times == 1 for times in self.router.settled.values())
        assert (state is ContactState.CONNECTED) == (self.router.standing == "talking")
        if state is ContactState.CLOSED:
            assert self.router.standing == "unknown", "it waits, though it has ended"
            assert self.router.pending is None, "an agent's telephone that nobody silences"
        if state is ContactState.QUEUED and not self.router.mail:
            assert self.router.standing == "waiting"
            assert self.router.pending is None, "an offer that nobody answers"
        assert self.router.connects - self.router.finishes == (state is ContactState.CONNECTED)

    @invariant()
    def no_telephone_rings_for_nothing(self) -> None:
        agents = self.living - self.leaving - {CUSTOMER}
        if agents and not self.flow.over:
            assert self.contact.state in {ContactState.OFFERED, ContactState.CONNECTED}
            assert len(agents) == 1

    @invariant()
    def it_is_over_when_it_says_so(self) -> None:
        if not hasattr(self, "flow"):
            return
        assert self.flow.over == (do.Release() in self.wanted)
        if self.flow.over:
            assert self.flow.next_deadline_s() is None
            assert self.contact.state is ContactState.CLOSED
        assert (self.contact.disposition is None) == (self.contact.state is not ContactState.CLOSED)

    def teardown(self) -> None:
        """Time alone ends every call: nobody hangs up, and no telephone answers any more."""
        if not hasattr(self, "flow"):
            return
        ends_s = self.clock.now_s + CALL_S_MAX + 2 * RELEASE_S_MAX
        while not self.flow.over:
            while self.router.mail:
                self.mail_comes()
            due_s = self.flow.next_deadline_s()
            assert due_s is not None, "it waits for nothing"
            self.clock.now_s = max(self.clock.now_s, due_s)
            assert self.clock.now_s <= ends_s, "it goes on without end"
            self.do(self.flow.tick(self.clock.now_s))
        while self.router.mail:
            self.mail_comes()
        self.it_is_written_down_in_order()
        self.the_router_thinks_the_same()
        self.it_is_over_when_it_says_so()
        closed = [action for action in self.wanted if isinstance(action, do.CloseRecord)]
        assert len(closed) == 1
        assert sum(self.router.settled.values()) == self.offers


TestFlow = FlowMachine.TestCase
TestFlow.settings = settings(
    deadline=None, max_examples=300, stateful_step_count=40, derandomize=True
)
