"""Whole days on which everything fails at once, with the router itself and learning on.

Beyond what the referee of the simulator holds against the rules, books are kept here of who
is with whom, from the router's own events.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import pytest

from config.routing import Routing
from config.workload_truth import Faults
from domain.offer_events import (
    OfferAccepted,
    OfferDeclined,
    OfferExpired,
    OfferMade,
    OfferWithdrawn,
)
from router.core import Output
from router.inputs import ContactFinished, Input, PolicyChanged
from router.policy import RouterPolicy
from router.simulation.arrivals import arrivals_of
from router.simulation.case import End
from router.simulation.centre import Centre
from router.simulation.policies import Warmline, dispatcher
from router.simulation.referee import Referee
from router.simulation.world import World
from tests.unit.router.simulation.rig import TINY, centre, changed

FAULTS = Faults(
    no_answer=0.2, crashes_per_agent_day=6, dropped=0.2, removed=2,
    reloads=["08:40", "09:10", "09:40", "10:10", "10:40"],
)  # fmt: skip


@dataclass
class Books:
    """Who rings for whom and who talks with whom, as the router's own events tell it."""

    core: Warmline
    ringing: dict[str, tuple[str, str]] = field(default_factory=dict)
    talking: dict[str, str] = field(default_factory=dict)
    trace: list[Output] = field(default_factory=list)
    reloads: int = 0
    held_over_a_reload: int = 0

    def note(self, outputs: Sequence[Output]) -> Sequence[Output]:
        for output in outputs:
            self.trace.append(output)
            match output:
                case OfferMade(offer_id=offer_id, contact_id=contact_id, agent_id=agent_id):
                    rings = dict(self.ringing.values())
                    assert contact_id not in rings, f"{contact_id} is offered twice"
                    assert contact_id not in self.talking, f"{contact_id} is served"
                    assert agent_id not in rings.values(), f"{agent_id} has two telephones"
                    self.ringing[offer_id] = (contact_id, agent_id)
                case OfferAccepted(offer_id=offer_id):
                    contact_id, agent_id = self.ringing.pop(offer_id)
                    assert (contact_id, agent_id) == (output.contact_id, output.agent_id)
                    self.talking[contact_id] = agent_id
                case (
                    OfferDeclined(offer_id=offer_id)
                    | OfferExpired(offer_id=offer_id)
                    | OfferWithdrawn(offer_id=offer_id)
                ):
                    del self.ringing[offer_id]
                case _:
                    pass
        return outputs


class Watched:
    """The router's core as a policy, with every output written down."""

    def __init__(self, inner: Warmline) -> None:
        self.books = Books(inner)
        self._inner = inner
        self.told = inner.told
        self.next_deadline_s = inner.next_deadline_s

    @property
    def wants_assignment(self) -> bool:
        return self._inner.wants_assignment

    def handle(self, happened: Input, now_s: float) -> Sequence[Output]:
        books = self.books
        if isinstance(happened, ContactFinished):
            del books.talking[happened.contact_id]
        if isinstance(happened, PolicyChanged):
            books.reloads += 1
            books.held_over_a_reload += len(books.ringing) + len(books.talking)
        return books.note(self._inner.handle(happened, now_s))

    def advance(self, now_s: float) -> Sequence[Output]:
        return self.books.note(self._inner.advance(now_s))

    def assign(self, now_s: float) -> Sequence[Output]:
        return self.books.note(self._inner.assign(now_s))


def other_weights(policy: RouterPolicy) -> RouterPolicy:
    """Return a policy that decides otherwise, with a rule about a team and shorter waits."""
    rule = {"id": "keep", "team": "zh", "queues": ["help"], "serving_max": 1}
    changes = {"proficiency_weight_s": 60.0, "decline_pause_s": 5.0}
    weights = Routing.model_validate(policy.weights.model_dump() | changes | {"team_rules": [rule]})
    queues = {
        queue_id: one.model_copy(update={"wait_s_max": 900.0})
        for queue_id, one in policy.queues.items()
    }
    return replace(policy, weights=weights, queues=queues)


def day(seed: int, name: str = "warmline-learning") -> tuple[World, Books]:
    of: Centre = centre(seed, changed(TINY, faults=FAULTS, contacts_per_day=400.0))
    first = of.policy(learning=True)
    policies = [first, other_weights(of.policy(learning=True, without=FAULTS.removed))]
    inner = dispatcher(name, of, now_s=0.0)
    assert isinstance(inner, Warmline)
    watched = Watched(inner)
    world = World(
        of,
        watched,
        Referee(name, first),
        policies=policies,
        arrivals=arrivals_of(of.workload, of.seed, 0),
    )
    return world.run(), watched.books


@pytest.fixture(scope="module")
def played() -> tuple[World, Books]:
    return day(5)


def test_nobody_is_lost_though_everything_fails(played: tuple[World, Books]) -> None:
    world, books = played
    assert world.crashes >= 3
    assert world.no_answers > 10
    assert books.reloads == len(FAULTS.reloads)
    assert books.held_over_a_reload > 0, "reloads meet telephones that ring and people who talk"
    ends = Counter(case.end for case in world.cases.values())
    assert sum(ends.values()) == len(world.cases) > 350
    assert ends[End.SERVED] > 100
    served = {name for name, case in world.cases.items() if case.end is End.SERVED}
    accepted = [one.contact_id for one in books.trace if isinstance(one, OfferAccepted)]
    assert len(accepted) == len(set(accepted))
    assert set(accepted) == served


def test_what_the_router_still_holds_at_midnight_is_who_still_waits(
    played: tuple[World, Books],
) -> None:
    world, books = played
    core = books.core.core
    waits = {name for name, case in world.cases.items() if case.end is End.WAITING}
    assert {contact.contact_id for contact in core.line} == waits
    assert books.ringing == {}
    assert len(core.offers) == 0
    assert books.talking == {}
    assert not any(one.work for one in core.roster)
    figures = core.figures.values()
    assert sum(one.answered for one in figures) == len(
        [case for case in world.cases.values() if case.end is End.SERVED]
    )
    assert sum(one.connected for one in figures) == 0


def test_what_comes_of_contacts_is_learnt_through_it_all(played: tuple[World, Books]) -> None:
    lessons = played[1].core.core.demand._lessons
    assert lessons._model is not None
    assert lessons._model.version > 0
    schemes = {lessons._model.draw(f"x{n}")[0] for n in range(200)}
    assert len(schemes) == 2, "some are routed without it, to measure its effect"


def test_the_same_seed_is_the_same_day_event_by_event(played: tuple[World, Books]) -> None:
    world, books = played
    again, other = day(5)
    assert books.trace == other.trace
    assert {name: case.end for name, case in world.cases.items()} == {
        name: case.end for name, case in again.cases.items()
    }
