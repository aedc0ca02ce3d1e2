"""A mail from its bytes to whose it seems to be."""

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime

import pytest

from channels.mail.limits import MailLimits
from channels.mail.origin import OriginCheck
from channels.mail.parsed import Automatic, Envelope, Quarantined, Refused
from channels.mail.pool import ReaderPool
from channels.mail.ports import MailReader, ReadMail
from channels.mail.reader import MailReading
from channels.mail.thread import Threads
from domain.contact import Channel
from domain.conversation import Conversation
from domain.customer import Identifier, IdentifierKind
from domain.proof import Proof
from tests import mail_hostility as hostile
from tests.unit.channels.mail.dns_double import Names
from tests.unit.channels.mail.signing import MAIL, pair, signed

THREADS = Threads([b"k" * 32], "example.org")
LIMITS = MailLimits(bytes_max=1 << 20)
ID = "a" * 32
AT = datetime(2026, 3, 2, tzinfo=UTC)
ENVELOPE = Envelope(sender="x@example.net", recipients=("support@example.org",))
RECORDS = {
    ("_dmarc.example.com", "TXT"): ["v=DMARC1; p=reject"],
    ("key1._domainkey.example.com", "TXT"): [pair()[1]],
}


class Kept:
    """One conversation, with an address."""

    def __init__(self, address: str) -> None:
        self._address = Identifier(IdentifierKind.MAIL, address)

    async def get(self, conversation_id: str) -> Conversation | None:
        if conversation_id != ID:
            return None
        return Conversation(
            conversation_id=ID, source="mail", channel=Channel.MAIL, queue_id="mail",
            address=self._address, language="en", opened_at=AT, last_at=AT,
        )  # fmt: skip

    async def find(self, references: Sequence[str]) -> Conversation | None:
        return await self.get(ID) if "<known@example.org>" in references else None


@pytest.fixture
async def pool() -> AsyncIterator[ReaderPool]:
    async with ReaderPool(LIMITS, processes=1) as started:
        yield started


def reading(pool: ReaderPool, address: str = "customer@mail.example.com") -> MailReader:
    kept = Kept(address)
    return MailReading(
        pool, OriginCheck(Names(RECORDS)), THREADS, kept, kept,
        own_addresses=["Support@example.org"], limits=LIMITS,
    )  # fmt: skip


async def test_a_signed_answer_from_the_customer(pool: ReaderPool) -> None:
    raw = signed(MAIL.replace(b"To: support@", f"To: support+{THREADS.token(ID)}@".encode()))
    found = await reading(pool).read(raw, ENVELOPE)
    assert isinstance(found, ReadMail)
    assert found.conversation_id == ID
    assert found.proof is Proof.PROVED
    assert found.evidence["dkim"] == "example.com"


async def test_a_signed_answer_from_elsewhere_proves_nothing_here(pool: ReaderPool) -> None:
    raw = signed(MAIL.replace(b"Subject:", b"In-Reply-To: <known@example.org>\r\nSubject:"))
    found = await reading(pool, "somebody@example.net").read(raw, ENVELOPE)
    assert isinstance(found, ReadMail)
    assert (found.conversation_id, found.proof) == (ID, Proof.SUSPECTED)


async def test_a_token_of_a_conversation_that_is_gone(pool: ReaderPool) -> None:
    raw = MAIL.replace(b"Subject: Signed", f"Subject: {THREADS.subject('Re', 'b' * 32)}".encode())
    found = await reading(pool).read(raw, ENVELOPE)
    assert isinstance(found, ReadMail)
    assert found.conversation_id is None
    assert found.mail.subject == "Re"
    assert found.proof is Proof.SUSPECTED


async def test_our_own_mail_has_come_back(pool: ReaderPool) -> None:
    raw = MAIL.replace(b"<s1@example.com>", THREADS.message_id(ID).encode())
    found = await reading(pool).read(raw, ENVELOPE)
    assert isinstance(found, ReadMail)
    assert found.mail.automatic is Automatic.LOOP
    own = await reading(pool).read(
        MAIL.replace(b"customer@mail.example.com", b"support@example.org"), ENVELOPE
    )
    assert isinstance(own, ReadMail)
    assert own.mail.automatic is Automatic.LOOP


async def test_a_verdict_is_handed_on(pool: ReaderPool) -> None:
    assert isinstance(await reading(pool).read(b"x" * (1 << 21), ENVELOPE), Refused)
    assert isinstance(await reading(pool).read(hostile.levels(100), ENVELOPE), Quarantined)
