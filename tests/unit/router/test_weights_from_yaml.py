"""A weight changed in the file changes decisions while the router runs; a wrong one nothing.

The way is that of the node: text, `Reloader`, `RouterPolicy.of`, `RouterService.reload`.
"""

from pathlib import Path

import pytest

from config.load import load
from config.reload import Reloader, ReloadPlan
from domain.agent import AgentState
from domain.customer_profile import CustomerProfile
from router.policy import RouterPolicy
from router.service import RouterService
from tests.config_support import ENVIRON, RIGHT
from tests.unit.router.people import queued
from tests.unit.router.test_service import FakeClock, Journal, Phones

PEOPLE = """\
agents:
  - {id: fluent, name: F, extension: "21", languages: {en: 5}, ready_on_register: true}
  - {id: local, name: L, extension: "22", languages: {en: 4}, regions: [north],
     ready_on_register: true}
"""
TEXT = RIGHT[: RIGHT.index("agents:")] + PEOPLE + RIGHT[RIGHT.index("queues:") :]
LANGUAGE = "router: {language_weight_s: 100, region_weight_s: 10}\n"
REGION = "router: {language_weight_s: 10, region_weight_s: 100}\n"


class House:
    """A router that is told of a file."""

    def __init__(self, path: Path) -> None:
        path.write_text(TEXT + LANGUAGE)
        self.path, self.clock, self.phones = path, FakeClock(), Phones()
        loaded = load(path, environ=ENVIRON)
        self.router = RouterService(
            RouterPolicy.of(loaded.configuration),
            events=Journal(),
            clock=self.clock,
            desk=self.phones,
        )
        self.reloader = Reloader(loaded, self.apply, environ=ENVIRON, sighup=False)
        self.calls = 0

    def apply(self, plan: ReloadPlan) -> None:
        self.router.reload(RouterPolicy.of(plan.configuration))

    async def write(self, text: str) -> ReloadPlan | None:
        self.path.write_text(text)
        return await self.reloader.reload()

    def wait(self) -> str:
        """Let a customer from the north wait; return his contact."""
        self.calls += 1
        contact_id = f"c{self.calls}"
        known = CustomerProfile(customer_id="k", region="north")
        self.router.customer_known(contact_id, known)
        self.router.enqueue(queued(contact_id, "service"))
        return contact_id

    def who(self, contact_id: str) -> str:
        """Return who is rung for a contact, and let it go."""
        self.router.advance()
        (agent_id,) = (
            offer.agent_id for offer in self.phones.offers if offer.contact_id == contact_id
        )
        self.router.leave(contact_id)
        self.router.advance()
        return agent_id


@pytest.fixture
async def house(tmp_path: Path):
    made = House(tmp_path / "site.yaml")
    async with made.router:
        for name in ("fluent", "local"):
            made.router.set_reachable(name, True)
        yield made


async def test_a_weight_of_the_router_changes_decisions_at_once(house: House) -> None:
    assert house.who(house.wait()) == "fluent"
    plan = await house.write(TEXT + REGION)
    assert plan is not None
    assert set(plan.applied) == {"router.language_weight_s", "router.region_weight_s"}
    assert plan.needs_restart == ()
    assert house.who(house.wait()) == "local"
    await house.write(TEXT + LANGUAGE)
    assert house.who(house.wait()) == "fluent"


async def test_a_weight_of_the_queue_goes_before_that_of_the_router(house: House) -> None:
    own = '    numbers: ["800"]\n    routing: {weights: {region_weight_s: 500}}\n'
    plan = await house.write(TEXT.replace('    numbers: ["800"]\n', own) + LANGUAGE)
    assert plan is not None
    assert plan.needs_restart == ()
    assert house.who(house.wait()) == "local"


async def test_who_waits_already_is_decided_by_the_new_weights(house: House) -> None:
    for name in ("fluent", "local"):
        house.router.request_state(name, AgentState.NOT_READY, "")
    contact_id = house.wait()
    await house.write(TEXT + REGION)
    for name in ("fluent", "local"):
        house.router.request_state(name, AgentState.READY, "")
    assert house.who(contact_id) == "local"


@pytest.mark.parametrize(
    "wrong",
    [
        "router: {language_weight_s: 10, region_weight_s: -100}\n",
        "router: {language_weight_s: 10, region_weight_s: 100000}\n",
        "router: {language_weight_s: 10, region_weight: 100}\n",
        "router: {language_weight_s: 10, region_weight_s: much}\n",
        "router: {language_weight_s: [\n",
    ],
)
async def test_a_wrong_file_changes_nothing(house: House, wrong: str) -> None:
    before = house.reloader.in_force
    assert await house.write(TEXT + wrong) is None
    assert house.reloader.in_force is before
    assert house.reloader.mistakes
    assert house.reloader.refusals == 1
    assert house.who(house.wait()) == "fluent"
    assert await house.write(TEXT + REGION) is not None
    assert house.who(house.wait()) == "local"
