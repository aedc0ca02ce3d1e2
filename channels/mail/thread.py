"""To which conversation a mail belongs, and the names by which answers find theirs.

    token in a recipient's address   support+TOKEN@example.org
    token in the subject             [#TOKEN]
    In-Reply-To, References          a Message-ID that we know

The first that tells decides. A subject alone never does: two customers write "My order". A token
is the conversation's id with an authentication code, so nobody can make one for a conversation
that he has had no mail of.
"""

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Protocol

from channels.mail.parsed import ParsedMail
from domain.conversation import Conversation
from domain.proof import Proof

CODE_BYTES: Final = 10
"""80 bits of authentication code: to guess one takes more mails than were ever sent."""
KEY_BYTES_MIN: Final = 16
LOCAL_CHARACTERS_MAX: Final = 64
"""Of an address before the @ (RFC 5321 section 4.5.3.1.1)."""
IDS_MAX: Final = 50
"""Message-IDs of one mail that are looked up: the newest."""
_ID_BYTES: Final = 16
_TOKEN: Final = re.compile(r"[a-z2-7]{42}")
"""Base32 of 26 bytes without padding: relays and people change the case of letters."""
_IN_SUBJECT: Final = re.compile(r"\[#([A-Za-z2-7]{42})\]")
_IN_MESSAGE_ID: Final = re.compile(r"<([0-9a-f]{32})\.([a-z2-7]{16})@([^<>@\s]+)>", re.IGNORECASE)


class ThreadedBy(StrEnum):
    """What told to which conversation a mail belongs."""

    ADDRESS = "address"
    SUBJECT = "subject"
    REFERENCE = "reference"


@dataclass(frozen=True, slots=True)
class Thread:
    """The conversation that a mail belongs to.

    Attributes:
        conversation: As it was found already; None: its id alone is known.
    """

    conversation_id: str
    by: ThreadedBy
    conversation: Conversation | None = None


class Found(Protocol):
    """A conversation, as far as it matters here."""

    @property
    def conversation_id(self) -> str:
        """Its id."""
        ...


class KnownIds(Protocol):
    """Which Message-ID belongs to which conversation. It may raise `StoreError`."""

    async def find(self, references: Sequence[str]) -> Found | None:
        """Return the conversation of the newest one that is known, the newest last; None: none."""
        ...


class Threads:
    """Makes the names that go out, and reads them when they come back."""

    def __init__(self, keys: Sequence[bytes], domain: str) -> None:
        """Take the keys.

        Args:
            keys: The first one signs, all are believed: so a key can be changed.
            domain: Of our Message-IDs.

        Raises:
            ValueError: There is no key, or one is shorter than `KEY_BYTES_MIN`.
        """
        if not keys or min(map(len, keys)) < KEY_BYTES_MIN:
            raise ValueError(f"mail tokens need keys of at least {KEY_BYTES_MIN} bytes")
        self._keys: Final = tuple(keys)
        self._domain: Final = domain.lower()

    def token(self, conversation_id: str) -> str:
        """Return a conversation's token, 42 letters and digits.

        Args:
            conversation_id: 32 hexadecimal digits.
        """
        raw = bytes.fromhex(conversation_id)
        assert len(raw) == _ID_BYTES, "a conversation's id has 32 hexadecimal digits"
        return _base32(raw + _code(self._keys[0], b"conversation", raw))

    def conversation_of(self, token: str) -> str | None:
        """Return the conversation of a token; None: it is none of ours."""
        plain = token.lower()
        if not _TOKEN.fullmatch(plain):
            return None
        try:
            whole = base64.b32decode(plain.upper() + "======")
        except binascii.Error:
            return None
        raw, code = whole[:_ID_BYTES], whole[_ID_BYTES:]
        # Several texts decode to the same bytes: only the one that we make is ours.
        if _base32(whole) != plain or not self._signed(b"conversation", raw, code):
            return None
        return raw.hex()

    def reply_to(self, address: str, conversation_id: str) -> str:
        """Return a mailbox's address with the token of a conversation.

        A mailbox whose name is too long for one keeps its plain address: then the subject and the
        Message-ID tell.
        """
        local, _, domain = address.rpartition("@")
        named = f"{local.partition('+')[0]}+{self.token(conversation_id)}"
        return f"{named}@{domain}" if len(named) <= LOCAL_CHARACTERS_MAX else address

    def subject(self, subject: str, conversation_id: str) -> str:
        """Return a subject with the conversation's tag behind it, once."""
        plain = " ".join(_IN_SUBJECT.sub("", subject).split())
        return f"{plain} [#{self.token(conversation_id)}]".strip()

    def plain_subject(self, subject: str) -> str:
        """Return a subject without our tags, as people read it."""
        return " ".join(_IN_SUBJECT.sub("", subject).split())

    def message_id(self, message_id: str) -> str:
        """Return the Message-ID of one of our messages: always the same, and provably ours.

        Args:
            message_id: 32 hexadecimal digits.
        """
        code = _code(self._keys[0], b"message", bytes.fromhex(message_id))
        return f"<{message_id.lower()}.{_base32(code)}@{self._domain}>"

    def message_of(self, mail_id: str) -> str | None:
        """Return which of our messages a Message-ID is of; None: we have not made it."""
        found = _IN_MESSAGE_ID.fullmatch(mail_id)
        if found is None or found[3].lower() != self._domain:
            return None
        try:
            code = base64.b32decode(found[2].upper())
        except binascii.Error:
            return None
        return found[1].lower() if self._signed(b"message", bytes.fromhex(found[1]), code) else None

    async def thread(
        self, mail: ParsedMail, recipients: Iterable[str], known: KnownIds
    ) -> Thread | None:
        """Return the conversation that a mail belongs to; None: it begins one.

        Args:
            mail: As it was read.
            recipients: Of the envelope: they tell even where the header names somebody else.
            known: The Message-IDs of mails that came and went.
        """
        shown = [one.address for one in (*mail.to, *mail.cc)]
        for address in (*recipients, *shown):
            local = address.rpartition("@")[0]
            _, plus, token = local.rpartition("+")
            conversation_id = self.conversation_of(token) if plus else None
            if conversation_id is not None:
                return Thread(conversation_id, ThreadedBy.ADDRESS)
        for token in _IN_SUBJECT.findall(mail.subject):
            conversation_id = self.conversation_of(token)
            if conversation_id is not None:
                return Thread(conversation_id, ThreadedBy.SUBJECT)
        # What he answers is newer than all that it refers to.
        ids = (*mail.references, *mail.in_reply_to)[-IDS_MAX:]
        found = await known.find(ids) if ids else None
        if found is None:
            return None
        whole = found if isinstance(found, Conversation) else None
        return Thread(found.conversation_id, ThreadedBy.REFERENCE, whole)

    def _signed(self, purpose: bytes, raw: bytes, code: bytes) -> bool:
        # All keys are tried always, so that the time tells nothing.
        fits = [hmac.compare_digest(_code(key, purpose, raw), code) for key in self._keys]
        return any(fits)


def joined_proof(proof: Proof, sender: str, address: str) -> Proof:
    """Return what speaks for a sender in the conversation that his mail joins.

    A reply from another address than the conversation's may be the customer's own, from home, or
    a forward to somebody else: it is shown to the agent and raises nothing.

    Args:
        proof: For the address that he has written from.
        sender: That address.
        address: The conversation's.
    """
    if sender.strip().lower() == address.strip().lower():
        return proof
    return min(proof, Proof.SUSPECTED, key=lambda one: one.strength)


def _code(key: bytes, purpose: bytes, raw: bytes) -> bytes:
    # The purpose keeps a code for a message from being one for a conversation.
    return hmac.new(key, b"warmline mail " + purpose + b"\0" + raw, hashlib.sha256).digest()[
        :CODE_BYTES
    ]


def _base32(raw: bytes) -> str:
    return base64.b32encode(raw).decode("ascii").rstrip("=").lower()
