"""The policies by name, and the router's core as one of them."""

from collections.abc import Callable, Sequence
from itertools import count
from typing import Final

from config.routing import Weights
from router import views
from router.core import Output, RouterCore
from router.inputs import Input
from router.learning.model import OutcomeModel
from router.policy import RouterPolicy
from router.simulation.baselines import Fifo, Rings, SkillsGreedy
from router.simulation.centre import Centre
from router.simulation.desk import Desk, Order
from router.simulation.dispatch import Dispatcher, Told

BASELINE: Final = "skills-greedy"
"""What the others are compared with."""
ORDERS: Final[dict[str, Callable[[], Order]]] = {
    "fifo": Fifo,
    "skills-greedy": SkillsGreedy,
    "rings": Rings,
    "skills-greedy-value": lambda: SkillsGreedy(value_s=Weights().value_weight_s),
}
LEARNING: Final = {"warmline": False, "warmline-learning": True}
NAMES: Final = ("fifo", "skills-greedy", "rings", "warmline", "warmline-learning")
"""Those that are compared when nothing else is said."""
ALL: Final = (*NAMES, "skills-greedy-value")


class Warmline:
    """The router's core itself, as the node runs it."""

    def __init__(
        self,
        policy: RouterPolicy,
        *,
        new_id: Callable[[], str],
        now_s: float,
        outcomes: OutcomeModel | None = None,
    ) -> None:
        """Begin with nobody waiting, and with what `outcomes` has learnt."""
        self.core = RouterCore(
            policy, new_id=new_id, now_s=now_s, outcomes=outcomes, explains=False
        )

    @property
    def wants_assignment(self) -> bool:
        """Offers are still to be made, or something has changed that may bring new ones."""
        return self.core.wants_assignment

    def handle(self, happened: Input, now_s: float) -> Sequence[Output]:
        """Take one input, after what is due by now."""
        return self.core.handle(happened, now_s)

    def advance(self, now_s: float) -> Sequence[Output]:
        """Do what is due by now."""
        return self.core.advance(now_s)

    def assign(self, now_s: float) -> Sequence[Output]:
        """Solve who serves whom and make the offers."""
        return self.core.assign(now_s)

    def next_deadline_s(self) -> float | None:
        """Return when `advance` must be called next."""
        return self.core.next_deadline_s()

    def told(self, contact_id: str, now_s: float) -> Told | None:
        """Return what the caller is told, as the API and the announcements tell it."""
        place = views.position(self.core, contact_id, now_s)
        if place is None or place.expected_wait_s is None:
            return None
        return Told(p50_s=place.expected_wait_s, p90_s=place.wait_p90_s)


def dispatcher(name: str, centre: Centre, *, now_s: float) -> Dispatcher:
    """Return a policy that begins with nobody waiting.

    Args:
        name: One of ALL.
        centre: Whom it serves.
        now_s: Virtual time.
    """
    numbers = count(1)

    def new_id() -> str:
        return f"o{next(numbers)}"

    order = ORDERS.get(name)
    if order is not None:
        return Desk(order(), centre.policy(), new_id=new_id, now_s=now_s)
    policy = centre.policy(learning=LEARNING[name])
    learning = policy.weights.learning
    outcomes = OutcomeModel(learning, seed=centre.seed) if learning.enabled else None
    return Warmline(policy, new_id=new_id, now_s=now_s, outcomes=outcomes)
