"""Machines are told from people by what they mark, not by what people might write."""

from typing import Any

import pytest

from channels.mail.auto import MailRate, classify
from channels.mail.parsed import Automatic


def kind(*, subject: str = "Question", sender: str = "a@example.com",
         envelope: str | None = "a@example.com", bounce: bool = False, own: tuple[str, ...] = (),
         **headers: str) -> Automatic:  # fmt: skip
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return classify(named, subject=subject, sender=sender, envelope_sender=envelope,
                    is_bounce=bounce, own_addresses=own)  # fmt: skip


@pytest.mark.parametrize(
    ("headers", "subject", "expected"),
    [
        ({"auto_submitted": "auto-replied; owner-email=a@example.com"}, "x", Automatic.REPLY),
        ({"auto_submitted": "AUTO-GENERATED"}, "x", Automatic.NOTICE),
        ({"auto_submitted": "auto-generated"}, "Automatic reply: x", Automatic.REPLY),
        ({"auto_submitted": "no"}, "Out of office", Automatic.NO),
        ({"x_autoreply": "yes"}, "x", Automatic.REPLY),
        ({"precedence": "bulk"}, "x", Automatic.LIST),
        ({"precedence": "bulk"}, "自动回复: x", Automatic.REPLY),
        ({"list_unsubscribe": "<mailto:u@example.com>"}, "x", Automatic.LIST),
        ({"x_auto_response_suppress": "All"}, "x", Automatic.NOTICE),
        ({"x_auto_response_suppress": "OOF"}, "x", Automatic.NO),
        ({"x_auto_response_suppress": "OOF"}, "休假中", Automatic.REPLY),
        ({}, "Vacation plans", Automatic.NO),
        ({"precedence": "first-class"}, "x", Automatic.NO),
    ],
)
def test_by_its_marks(headers: dict[str, Any], subject: str, expected: Automatic) -> None:
    assert kind(subject=subject, **headers) is expected


def test_by_its_senders() -> None:
    assert kind(envelope="") is Automatic.NOTICE
    assert kind(envelope=None) is Automatic.NO
    assert kind(sender="noreply+abc@example.com") is Automatic.NOTICE
    assert kind(sender="norbert@example.com") is Automatic.NO


def test_what_comes_from_us_goes_round() -> None:
    assert kind(sender="Support@example.org", own=("support@example.org",)) is Automatic.LOOP
    own = ("support@example.org", "mx.example.net")
    assert kind(sender="support+token@example.org", own=own) is Automatic.LOOP
    for host in ("Example.org", " mx.example.net"):
        assert kind(x_warmline_loop=host, bounce=True, own=own) is Automatic.LOOP
    assert kind(sender="", x_warmline_loop="", own=own) is Automatic.NO


def test_a_mail_of_another_centre_is_no_loop() -> None:
    assert kind(x_warmline_loop="example.com", own=("support@example.org",)) is Automatic.NO


def test_a_bounce_is_one_whatever_else_it_is() -> None:
    assert kind(bounce=True, auto_submitted="auto-replied") is Automatic.BOUNCE


def test_nothing_answers_a_machine() -> None:
    assert [one for one in Automatic if one.is_answered] == [Automatic.NO]


class Clock:
    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def test_the_rate_is_that_of_the_last_hour() -> None:
    clock = Clock()
    rate = MailRate(clock, mails_max=3, window_s=3_600.0)
    assert [rate.add("a@example.com") for _ in range(4)] == [False, False, False, True]
    assert rate.add("A@Example.com")
    assert not rate.add("b@example.com")
    clock.now_s = 3_600.0
    assert not rate.add("a@example.com")


def test_the_counter_is_bounded() -> None:
    rate = MailRate(Clock(), mails_max=1, addresses_max=2)
    rate.add("a@example.com")
    rate.add("b@example.com")
    rate.add("c@example.com")
    assert not rate.add("a@example.com"), "the oldest was forgotten"
    assert rate.add("c@example.com")
