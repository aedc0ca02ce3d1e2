"""The desk passes on to what is built after it, and does no harm before that."""

from types import SimpleNamespace
from typing import Any, cast

from care.service import CareService
from domain.baseline import Baseline
from domain.commands import WithdrawReason
from domain.contact import Disposition
from domain.customer_profile import CustomerProfile
from domain.emotion import EmotionScore
from domain.offer import Offer
from pbx.call_control import CallControl
from pbx.edge.call import InboundCall, Placement, Refusal
from router.policy import RouterPolicy
from server.desk import TARGET_S, Desk
from tests.config_support import RIGHT, loaded


class FakeControl:
    def __init__(self) -> None:
        self.told: list[tuple[object, ...]] = []

    def contact_of(self, contact_id: str) -> SimpleNamespace:
        return SimpleNamespace(caller=f"caller of {contact_id}")

    async def place(self, call: InboundCall) -> Placement:
        return Placement(address=("127.0.0.1", 40_001))

    def __getattr__(self, name: str) -> Any:
        return lambda *words: self.told.append((name, *words))


INBOUND = InboundCall(
    sip_call_id="x",
    origin="trunk",
    trunk_id="carrier",
    agent_id=None,
    dialled="800",
    caller="",
    display_name="",
)
OFFER = Offer(
    offer_id="o1",
    contact_id="c1",
    agent_id="anna",
    queue_id="service",
    made_at_s=0.0,
    expires_at_s=20.0,
)


async def test_before_call_control_is_there_calls_are_refused_and_nothing_is_lost() -> None:
    desk = Desk()
    placed = await desk.place(INBOUND)
    assert isinstance(placed, Refusal)
    assert (placed.status, placed.retry_after_s) == (503, 1)
    assert desk.caller_of("c1") == ""
    assert desk.queues_of("anna") == []
    desk.offer_contact(OFFER)
    desk.withdraw_offer(OFFER, WithdrawReason.EXPIRED)
    desk.release_contact("c1", Disposition.WAIT_EXCEEDED)


async def test_the_desk_passes_on_to_call_control() -> None:
    desk, control = Desk(), FakeControl()
    desk.control = cast("CallControl", control)
    assert await desk.place(INBOUND) == Placement(address=("127.0.0.1", 40_001))
    assert desk.caller_of("c1") == "caller of c1"
    desk.offer_contact(OFFER)
    desk.withdraw_offer(OFFER, WithdrawReason.EXPIRED)
    desk.release_contact("c1", Disposition.WAIT_EXCEEDED)
    assert control.told == [
        ("offer_contact", OFFER),
        ("withdraw_offer", OFFER, WithdrawReason.EXPIRED),
        ("release_contact", "c1", Disposition.WAIT_EXCEEDED),
    ]


def test_an_agent_serves_the_queues_that_he_has_the_skills_for() -> None:
    text = RIGHT.replace(
        "http:",
        """\
  - id: billing
    name: Billing
    numbers: ["801"]
    skills: {billing: 4}
  - id: experts
    name: Experts
    numbers: ["802"]
    skills: {billing: 5}
  - id: chinese
    name: Chinese
    numbers: ["803"]
    language: zh
http:""",
    )
    desk = Desk()
    desk.policy = RouterPolicy.of(loaded(text).configuration)
    assert desk.queues_of("anna") == ["service", "billing"]
    assert desk.queues_of("nobody") == []


def test_the_language_must_be_spoken_as_well_as_the_queue_asks_for() -> None:
    text = RIGHT.replace(
        '    numbers: ["800"]\n', '    numbers: ["800"]\n    routing: {language_min: X}\n'
    )
    text = text.replace("    skills: {billing: 4}\n", "    languages: {en: 3}\n")
    desk = Desk()
    for least, served in (("3", ["service"]), ("4", [])):
        desk.policy = RouterPolicy.of(loaded(text.replace("X", least)).configuration)
        assert desk.queues_of("anna") == served


def test_a_queue_that_is_configured_no_longer_has_the_usual_target() -> None:
    text = RIGHT.replace(
        '    numbers: ["800"]\n', '    numbers: ["800"]\n    service_level: {target_s: 45}\n'
    )
    desk = Desk()
    assert desk.target_of("service") == TARGET_S
    desk.policy = RouterPolicy.of(loaded(text).configuration)
    assert desk.target_of("service") == 45
    assert desk.target_of("gone") == TARGET_S


class FakeReader:
    """Care, or whoever takes profiles."""

    def __init__(self) -> None:
        self.told: list[tuple[object, ...]] = []

    def __getattr__(self, name: str) -> Any:
        return lambda *words: self.told.append((name, *words))


def test_what_is_heard_and_known_reaches_care_and_the_router_once_they_are_there() -> None:
    desk, care, profiles = Desk(), FakeReader(), FakeReader()
    score, baseline = cast("EmotionScore", object()), cast("Baseline", object())
    profile = CustomerProfile(customer_id="k")
    for _ in range(2):
        desk.observe("c1", score, 3.0)
        desk.learnt("c1", baseline)
        desk.customer_known("c1", profile)
        desk.declined(("127.0.0.1", 40_001))
        desk.care, desk.profiles = cast("CareService", care), cast("Any", profiles)
    assert care.told == [("observe", "c1", score, 3.0), ("learnt", "c1", baseline)]
    assert profiles.told == [("customer_known", "c1", profile)]
