"""Threads of mail are told apart, however their mails come in, and tokens are not forged."""

import asyncio
from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from channels.mail.parse import read
from channels.mail.parsed import ParsedMail
from channels.mail.thread import Thread, ThreadedBy, Threads
from tests.property.examples import EXAMPLES

SETTINGS = settings(deadline=None, derandomize=True, max_examples=EXAMPLES)
KEYS = [b"k" * 32]
THREADS = Threads(KEYS, "example.org")
IDS = st.binary(min_size=16, max_size=16).map(bytes.hex)


class Ids(dict[str, str]):
    async def find(self, references: Sequence[str]) -> Thread | None:
        known = [self[one] for one in references if one in self]
        return Thread(known[-1], ThreadedBy.REFERENCE) if known else None


@st.composite
def histories(draw: st.DrawFn) -> list[tuple[int, str]]:
    """Draw answers in any order: (which conversation, by what it can be told)."""
    return draw(
        st.lists(
            st.tuples(st.integers(0, 4), st.sampled_from(["address", "subject", "reply", "chain"])),
            max_size=30,
        )
    )


@SETTINGS
@given(conversations=st.lists(IDS, min_size=5, max_size=5, unique=True), answers=histories())
def test_any_interleaving_is_told_apart(
    conversations: list[str], answers: list[tuple[int, str]]
) -> None:
    known = Ids()
    chains: dict[str, list[str]] = {}
    for number, conversation in enumerate(conversations):
        mail_id = THREADS.message_id(f"{number:032x}")
        known[mail_id] = conversation
        chains[conversation] = [mail_id]
    for number, (which, by) in enumerate(answers):
        conversation = conversations[which]
        chain = chains[conversation]
        mail = _answer(number, conversation, by, chain)
        found = asyncio.run(THREADS.thread(mail, [], known))
        assert found is not None
        assert found.conversation_id == conversation
        known[mail.message_id] = conversation
        chain.append(mail.message_id)


def _answer(number: int, conversation: str, by: str, chain: list[str]) -> ParsedMail:
    """Return an answer as it would be written, and as it is read: all have one subject."""
    to, subject, more = "support@example.org", "Re: My order", ""
    if by == "address":
        to = THREADS.reply_to(to, conversation)
    elif by == "subject":
        subject = f"AW: {THREADS.subject(subject, conversation)}"
    elif by == "reply":
        more = f"In-Reply-To: {chain[-1]}\n"
    else:
        more = f"References: <elsewhere-{number}@example.net>\n {chain[0]}\n"
    raw = (
        f"From: customer@example.com\nTo: {to}\nSubject: {subject}\n{more}"
        f"Message-ID: <in-{number}@example.com>\n\nText\n"
    )
    mail = read(raw.encode())
    assert isinstance(mail, ParsedMail)
    return mail


@SETTINGS
@given(one=IDS, other=IDS)
def test_tokens_do_not_collide(one: str, other: str) -> None:
    assert (THREADS.token(one) == THREADS.token(other)) == (one == other)
    assert THREADS.conversation_of(THREADS.token(one)) == one


@SETTINGS
@given(
    token=st.text("abcdefghijklmnopqrstuvwxyz234567", min_size=42, max_size=42),
    key=st.binary(min_size=32, max_size=32),
    one=IDS,
)
def test_tokens_are_not_forged(token: str, key: bytes, one: str) -> None:
    assert THREADS.conversation_of(token) is None
    if key != KEYS[0]:
        assert THREADS.conversation_of(Threads([key], "example.org").token(one)) is None
        assert THREADS.message_of(Threads([key], "example.org").message_id(one)) is None


@SETTINGS
@given(text=st.text(max_size=80))
def test_nothing_else_is_a_token(text: str) -> None:
    assert THREADS.conversation_of(text) is None
    assert THREADS.message_of(text) is None
