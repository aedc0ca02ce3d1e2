"""Tokens lead to their conversation, and nothing else does."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from channels.mail.parsed import MailAddress, ParsedMail
from channels.mail.thread import Thread, ThreadedBy, Threads, joined_proof
from domain.proof import Proof

KEY = bytes(range(32))
ONE, TWO, THREE = ("1" * 32, "2" * 32, "3" * 32)
THREADS = Threads([KEY], "example.org")


class Known:
    def __init__(self, ids: Mapping[str, str] | None = None) -> None:
        self.ids = dict(ids or {})
        self.asked: list[str] = []

    async def find(self, references: Sequence[str]) -> Thread | None:
        self.asked += references
        known = [self.ids[one] for one in references if one in self.ids]
        return Thread(known[-1], ThreadedBy.REFERENCE) if known else None


def mail(**fields: Any) -> ParsedMail:
    return ParsedMail(
        **{"message_id": "<a@example.com>", "subject": "Re: Order", "text": "x", **fields}
    )


def to(address: str) -> tuple[MailAddress, ...]:
    return (MailAddress(address=address),)


async def test_the_address_decides_before_the_subject_before_the_references() -> None:
    known = Known({"<out@example.org>": THREE})
    answer = mail(
        to=to(THREADS.reply_to("support@example.org", ONE)),
        subject=THREADS.subject("Re: Order", TWO),
        references=("<out@example.org>",),
    )
    found = await THREADS.thread(answer, ["support@example.org"], known)
    assert found is not None
    assert (found.conversation_id, found.by) == (ONE, ThreadedBy.ADDRESS)
    assert known.asked == []
    found = await THREADS.thread(mail(subject=answer.subject), [], known)
    assert found is not None
    assert (found.conversation_id, found.by) == (TWO, ThreadedBy.SUBJECT)
    found = await THREADS.thread(mail(references=("<out@example.org>",)), [], known)
    assert found is not None
    assert (found.conversation_id, found.by) == (THREE, ThreadedBy.REFERENCE)


async def test_the_envelope_tells_where_the_header_is_silent() -> None:
    address = THREADS.reply_to("support@example.org", ONE).upper()
    found = await THREADS.thread(mail(), [address], Known())
    assert found is not None
    assert found.conversation_id == ONE


async def test_a_subject_alone_tells_nothing() -> None:
    assert await THREADS.thread(mail(), ["support+news@example.org"], Known()) is None


async def test_the_mail_that_is_answered_counts_more_than_those_before_it() -> None:
    known = Known({"<old@x>": ONE, "<new@x>": TWO})
    found = await THREADS.thread(mail(references=("<old@x>", "<new@x>")), [], known)
    assert found is not None
    assert found.conversation_id == TWO
    found = await THREADS.thread(
        mail(in_reply_to=("<old@x>",), references=("<old@x>", "<new@x>")), [], known
    )
    assert found is not None
    assert found.conversation_id == ONE


async def test_what_is_looked_up_is_bounded() -> None:
    known = Known()
    many = tuple(f"<{number}@x>" for number in range(100))
    await THREADS.thread(mail(references=many), [], known)
    assert len(known.asked) == 50
    assert known.asked[-1] == "<99@x>"


def test_a_token_is_read_whatever_the_case() -> None:
    token = THREADS.token(ONE)
    assert THREADS.conversation_of(token.upper()) == ONE
    assert len(token) == 42


@pytest.mark.parametrize("place", [0, 10, 25, 26, 40, 41])
def test_a_token_with_another_letter_is_none(place: int) -> None:
    token = THREADS.token(ONE)
    for letter in "abcdefghijklmnopqrstuvwxyz234567":
        if letter != token[place]:
            assert THREADS.conversation_of(token[:place] + letter + token[place + 1 :]) is None


def test_keys_can_be_changed() -> None:
    new = bytes(range(1, 33))
    token = THREADS.token(ONE)
    assert Threads([new, KEY], "example.org").conversation_of(token) == ONE
    assert Threads([new], "example.org").conversation_of(token) is None


@pytest.mark.parametrize("keys", [[], [b"short"], [KEY, b""]])
def test_a_key_has_to_be_one(keys: list[bytes]) -> None:
    with pytest.raises(ValueError, match="at least 16 bytes"):
        Threads(keys, "example.org")


def test_a_long_mailbox_keeps_its_address() -> None:
    long = "a" * 22 + "@example.org"
    assert THREADS.reply_to(long, ONE) == long
    assert (
        THREADS.reply_to("support+x@example.org", ONE)
        == f"support+{THREADS.token(ONE)}@example.org"
    )


def test_a_subject_has_one_tag() -> None:
    tagged = THREADS.subject(THREADS.subject("Order", ONE), TWO)
    assert tagged == f"Order [#{THREADS.token(TWO)}]"
    assert THREADS.plain_subject(f"Re: {tagged}") == "Re: Order"


def test_our_message_ids_are_known_again() -> None:
    mail_id = THREADS.message_id(ONE)
    assert mail_id == THREADS.message_id(ONE)
    assert THREADS.message_of(mail_id) == ONE
    assert THREADS.message_of(mail_id.replace("@example.org", "@example.net")) is None
    assert THREADS.message_of(mail_id.replace("1" * 32, "2" * 32)) is None
    assert THREADS.message_of("<x@example.org>") is None
    # A code for a message is none for a conversation.
    assert mail_id[34:50] != THREADS.token(ONE)[-16:]


@pytest.mark.parametrize("proof", list(Proof))
def test_a_reply_from_elsewhere_raises_nothing(proof: Proof) -> None:
    assert joined_proof(proof, "A@example.com", "a@EXAMPLE.com") is proof
    other = joined_proof(proof, "b@example.com", "a@example.com")
    assert other.strength <= Proof.SUSPECTED.strength
    assert other.strength <= proof.strength
    assert not other.tells_customer


def test_a_conversation_id_has_its_length() -> None:
    with pytest.raises(AssertionError):
        asyncio.run(_bad())


async def _bad() -> None:
    THREADS.token("12")
