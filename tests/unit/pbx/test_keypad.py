import pytest

from domain.consent import Answer, Purpose
from domain.contact import ContactState, ContactTrigger
from domain.events import ConsentChanged, DisclosurePlayed
from domain.leg import LegRole
from pbx import actions as do
from pbx.keypad import ConsentKeys, Keypad
from tests.flow_scene import CUSTOMER, Scene
from tests.store_support import arrived

KEYS = ConsentKeys(agree="1", refuse="9")


def pad(state: ContactState = ContactState.ARRIVED, keys: ConsentKeys = KEYS) -> Keypad:
    contact = arrived(1)
    if state is not ContactState.ARRIVED:
        contact.step(ContactTrigger.ENQUEUE)
    if state is ContactState.CONNECTED:
        contact.step(ContactTrigger.OFFER)
        contact.step(ContactTrigger.CONNECT)
    return Keypad(contact, keys)


def test_keys_are_counted_and_not_told() -> None:
    keypad = pad()
    assert [keypad.press(LegRole.CUSTOMER).number for _ in range(3)] == [1, 2, 3]


@pytest.mark.parametrize(
    ("digit", "asked", "answer"),
    [
        ("1", True, Answer.GRANTED),
        ("1", False, None),
        ("9", True, Answer.REFUSED),
        ("9", False, Answer.REFUSED),
        ("5", True, None),
    ],
)
def test_a_key_answers(digit: str, asked: bool, answer: Answer | None) -> None:
    said = pad().answer(LegRole.CUSTOMER, digit, asked=asked)
    assert (None if said is None else said.answer) is answer
    assert said is None or said.purpose is Purpose.EMOTION


def test_an_agent_answers_for_nobody() -> None:
    assert pad().answer(LegRole.AGENT, "1", asked=True) is None


def test_in_conversation_keys_are_only_keys() -> None:
    assert pad(ContactState.QUEUED).answer(LegRole.CUSTOMER, "1", asked=True) is not None
    for digit in "19":
        assert pad(ContactState.CONNECTED).answer(LegRole.CUSTOMER, digit, asked=True) is None


def test_where_no_key_is_named_none_answers() -> None:
    for digit in "0123456789*#":
        assert pad(keys=ConsentKeys()).answer(LegRole.CUSTOMER, digit, asked=True) is None


def published(actions: list[do.Action], kind: type) -> list[object]:
    found = [action.event for action in actions if isinstance(action, do.Publish)]
    return [event for event in found if isinstance(event, kind)]


def played(actions: list[do.Action]) -> list[str]:
    return [action.files[0].stem for action in actions if isinstance(action, do.Play)]


def scene() -> Scene:
    made = Scene(consent_keys=KEYS)
    made.flow.incoming(CUSTOMER)
    return made


def test_an_answer_during_the_disclosure_is_confirmed_after_it() -> None:
    made = scene()
    made.flow.answered(CUSTOMER)
    made.flow.played(CUSTOMER)
    pressed = made.flow.digit(CUSTOMER, "9")
    assert len(published(pressed, ConsentChanged)) == 1
    assert played(pressed) == []
    after = made.flow.played(CUSTOMER)
    assert len(published(after, DisclosurePlayed)) == 1
    assert played(after) == ["emotion-refused"]


def test_an_answer_while_waiting_is_confirmed_at_once() -> None:
    made = scene()
    made.flow.answered(CUSTOMER)
    for _ in range(2):
        made.flow.played(CUSTOMER)
    assert played(made.flow.digit(CUSTOMER, "1")) == ["emotion-agreed"]
    assert played(made.flow.played(CUSTOMER)) == ["music"]


def test_nobody_agrees_to_what_he_has_not_heard() -> None:
    made = scene()
    made.flow.answered(CUSTOMER)
    assert published(made.flow.digit(CUSTOMER, "1"), ConsentChanged) == []
