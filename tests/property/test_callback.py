"""A customer who was promised a call is not lost, whatever happens, in whatever order."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from config.schema import QueueEntry
from domain.callback import CallbackOutcome, CallbackRefusal
from domain.commands import WithdrawReason
from domain.contact import Channel, Contact, ContactState, Disposition
from domain.leg import RtpFigures
from domain.offer import Offer
from pbx import actions as do
from pbx.callback_flow import CallbackFlow
from pbx.flow import CallFlow
from pbx.flow_end import RELEASE_S_MAX
from tests.flow_scene import CUSTOMER, HandClock, Shelf
from tests.property.test_flow import ModelRouter

CALL_S_MAX = 300.0
QUEUE = QueueEntry.model_validate(
    {
        "id": "support",
        "name": "Support",
        "numbers": ["800"],
        "callback": {"enabled": True, "offer_after_s": 0, "expected_wait_s": 0},
    }
)
RARE = st.sampled_from((False, False, False, True))


class Places:
    """Nobody else waits."""

    def refusal(self, contact: Contact, queue: QueueEntry, *, is_hidden: bool) -> None:
        return None

    def earlier_wait_s(self, contact: Contact) -> None:
        return None


class CallbackMachine(RuleBasedStateMachine):
    """Is the cell, the router and the desk of one contact from its first call to its end."""

    @initialize(
        silent=st.sets(st.sampled_from(("callback-hello", "disclosure")), max_size=2),
        steps=st.sampled_from((0, 3, 5, 6, 7, 8, 10)),
    )
    def begin(self, silent: set[str], steps: int) -> None:
        self.clock = HandClock()
        self.router = ModelRouter()
        self.silent = silent
        self.contact = Contact(
            contact_id="c1",
            channel=Channel.VOICE,
            queue_id="support",
            language="en",
            arrived_at=self.clock.utc(),
            arrived_s=self.clock.now_s,
        )
        self.flow: CallFlow = CallFlow(
            self.contact,
            QUEUE,
            prompts=Shelf(*silent),
            routing=self.router,
            clock=self.clock,
            call_s_max=CALL_S_MAX,
            callbacks=Places(),
        )
        self.legs: set[int] = set()
        self.leaving: set[int] = set()
        self.answered: set[int] = set()
        self.last_leg = CUSTOMER
        self.offers = self.calls = self.records = 0
        self.promised = self.handed = False
        self.attempt = 1
        self.keeps = True
        self.legs.add(CUSTOMER)
        self.do(self.flow.incoming(CUSTOMER))
        self.leg_is_answered(0)
        while self.contact.state is ContactState.ARRIVED:
            self.do(self.flow.played(CUSTOMER))
        for _ in range(steps):
            self.all_goes_well()

    @precondition(lambda self: not self.flow.over or self.handed)
    @rule()
    def all_goes_well(self) -> None:
        """Take the next step towards a customer who is called back."""
        self.keeps = True
        if self.handed:
            self.desk_goes_on(again=True)
        elif self.router.mail:
            self.mail_comes()
        elif not isinstance(self.flow, CallbackFlow) and not self.promised:
            self.clock.now_s += 5
            self.do(self.flow.tick(self.clock.now_s))
            if CUSTOMER in self.legs - self.leaving:
                self.do(self.flow.digit(CUSTOMER, "1"))
        elif CUSTOMER in self.legs and not isinstance(self.flow, CallbackFlow):
            self.play_finishes(0, heard=True)
        elif self.contact.state is ContactState.OFFERED and self.legs:
            silent = self.legs - self.answered
            number = sorted(self.legs).index(min(silent)) if silent else len(self.legs) - 1
            if silent:
                self.leg_is_answered(number)
            else:
                self.play_finishes(number, heard=True)

    # The task.

    def do(self, actions: list[do.Action]) -> None:
        for action in actions:
            match action:
                case do.HangUp(leg):
                    assert leg in self.legs - self.leaving, "a leg that is told to end twice"
                    self.leaving.add(leg)
                case do.Bridge(one, other):
                    assert {one, other} <= self.legs - self.leaving
                case do.Play(leg) | do.Tap(leg) | do.StopPlay(leg):
                    assert leg in self.legs - self.leaving
                case do.CallAgent(offer):
                    self.do(self.flow.agent_dialled(offer.offer_id, self.new_leg()))
                case do.CallCustomer():
                    self.call_customer()
                case do.KeepCallback():
                    self.keep()
                case do.DropCallback():
                    assert self.promised
                    self.promised = False
                case do.HandOver(in_line, outcome):
                    assert self.promised, "only who was promised a call may leave the line"
                    assert self.router.standing == ("waiting" if in_line else "unknown")
                    self.handed = True
                    self.attempt += outcome is not None
                case do.CloseRecord():
                    self.records += 1

    def new_leg(self) -> int:
        self.last_leg += 1
        self.legs.add(self.last_leg)
        return self.last_leg

    def keep(self) -> None:
        if self.keeps:
            self.promised = True
            self.do(self.flow.callback_kept())
        else:
            self.do(self.flow.callback_refused(CallbackRefusal.NOT_STORED))

    def call_customer(self) -> None:
        assert isinstance(self.flow, CallbackFlow)
        assert self.router.standing == "talking", "no customer is called before an agent is there"
        self.calls += 1
        if self.keeps:
            self.do(self.flow.customer_dialled(self.new_leg()))
        else:
            self.do(self.flow.customer_not_dialled(CallbackOutcome.UNREACHABLE))

    @precondition(lambda self: self.flow.over and self.handed)
    @rule(again=st.booleans())
    def desk_goes_on(self, again: bool) -> None:
        """The next attempt begins when the router offers the contact again."""
        if self.router.standing == "unknown":
            self.router.standing = "waiting"
        if not again:
            return
        self.handed = False
        self.legs.clear()
        self.leaving.clear()
        self.router.mail.clear()
        self.flow = CallbackFlow(
            self.contact,
            QUEUE,
            attempt=self.attempt,
            prompts=Shelf(*self.silent),
            routing=self.router,
            clock=self.clock,
            call_s_max=CALL_S_MAX,
            callbacks=Places(),
        )
        self.calls = 0
        self.router_offers()
        self.mail_comes()

    # The cell.

    @precondition(lambda self: self.legs)
    @rule(number=st.integers(0, 3))
    def leg_is_answered(self, number: int) -> None:
        leg = sorted(self.legs)[number % len(self.legs)]
        if leg not in self.answered:
            self.answered.add(leg)
            self.do(self.flow.answered(leg))

    @precondition(lambda self: self.legs)
    @rule(
        number=st.integers(0, 3),
        status=st.sampled_from((200, 408, 486, 603, 404)),
        happens=RARE,
    )
    def leg_ends(self, number: int, status: int, happens: bool) -> None:
        leg = sorted(self.legs)[number % len(self.legs)]
        if not happens and not self.promised:
            return
        self.legs.remove(leg)
        self.leaving.discard(leg)
        self.do(self.flow.ended(leg, status=status, reason="", figures=RtpFigures()))

    @precondition(lambda self: self.legs)
    @rule(number=st.integers(0, 3), heard=st.booleans())
    def play_finishes(self, number: int, heard: bool) -> None:
        leg = sorted(self.legs)[number % len(self.legs)]
        if leg in self.answered:
            self.do(self.flow.played(leg, heard=heard))

    @precondition(lambda self: self.legs and not self.flow.over)
    @rule(number=st.integers(0, 3), digit=st.sampled_from("1112"), keeps=st.booleans())
    def key_is_pressed(self, number: int, digit: str, keeps: bool) -> None:
        self.keeps = keeps
        self.do(self.flow.digit(sorted(self.legs)[number % len(self.legs)], digit))

    @precondition(lambda self: not self.flow.over)
    @rule(how=st.sampled_from(("cell", "drained", "cancelled", "hung up")), happens=RARE)
    def it_is_cut(self, how: str, happens: bool) -> None:
        if not happens:
            return
        if how == "cell":
            self.legs.clear()
            self.do(self.flow.cell_gone("signal 9"))
            return
        ends = {
            "drained": Disposition.DRAINED,
            "cancelled": Disposition.CALLBACK_CANCELLED,
            "hung up": Disposition.HUNG_UP,
        }
        self.do(self.flow.end(ends[how], "asked to"))

    # The router and the clock.

    @precondition(
        lambda self: (
            not self.flow.over and self.router.standing == "waiting" and self.router.pending is None
        )
    )
    @rule()
    def router_offers(self) -> None:
        self.offers += 1
        now_s = self.clock.now_s
        self.router.offer(
            Offer(
                offer_id=f"o{self.offers}",
                contact_id="c1",
                agent_id="anna",
                queue_id="support",
                made_at_s=now_s,
                expires_at_s=now_s + 20,
            )
        )

    @precondition(lambda self: self.router.pending is not None)
    @rule()
    def router_withdraws(self) -> None:
        self.router.withdraw(WithdrawReason.EXPIRED)

    @precondition(lambda self: self.router.mail and not self.flow.over)
    @rule()
    def mail_comes(self) -> None:
        self.do(self.router.mail.popleft()(self.flow))

    @rule(seconds=st.sampled_from((0.5, 5.0, 31.0)), keeps=st.booleans())
    def time_goes_on(self, seconds: float, keeps: bool) -> None:
        self.keeps = keeps
        self.clock.now_s += seconds
        self.do(self.flow.tick(self.clock.now_s))

    # What must hold at every moment.

    @invariant()
    def a_promise_is_kept_or_taken_back_with_the_contact(self) -> None:
        if not hasattr(self, "flow"):
            return
        closed = self.contact.state is ContactState.CLOSED
        if closed:
            assert not self.promised
            assert self.router.standing == "unknown"
        if self.flow.over:
            assert closed != self.handed, "it is closed, or somebody has it"
            assert self.flow.next_deadline_s() is None
        if self.handed:
            assert self.promised
            assert self.contact.state is ContactState.QUEUED
        assert self.calls <= 1, "one call to the customer in one attempt"
        assert self.records <= 1

    @invariant()
    def the_agent_is_the_routers_too(self) -> None:
        if hasattr(self, "flow") and self.contact.state is ContactState.CONNECTED:
            assert self.router.standing == "talking"

    def teardown(self) -> None:
        """Time alone ends every attempt; the promise outlives it or the contact is closed."""
        if not hasattr(self, "flow"):
            return
        ends_s = self.clock.now_s + CALL_S_MAX + 2 * RELEASE_S_MAX
        while not self.flow.over:
            due_s = self.flow.next_deadline_s()
            assert due_s is not None, "it waits for nothing"
            self.clock.now_s = max(self.clock.now_s, due_s)
            assert self.clock.now_s <= ends_s
            self.do(self.flow.tick(self.clock.now_s))
        self.a_promise_is_kept_or_taken_back_with_the_contact()


TestCallback = CallbackMachine.TestCase
TestCallback.settings = settings(
    deadline=None, max_examples=200, stateful_step_count=40, derandomize=True
)
