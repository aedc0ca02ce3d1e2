"""What the moving of mail asks of its reading, of threads and of the store."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from channels.mail.parsed import Envelope, ParsedMail, Quarantined, Refused
from domain.conversation import Conversation
from domain.message import Message
from domain.proof import Proof

SOURCE = "mail"
"""The `source` of conversations by mail, and the name of their `Outlet`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadMail:
    """A mail that was read, and what is known of where it comes from and belongs.

    Attributes:
        proof: What speaks for its sender.
        evidence: Results of SPF, DKIM and DMARC, kept with the message.
        conversation_id: The conversation that it belongs to; None: it begins one.
        priority: Steps more, or less, urgent than others, by what it says.
    """

    mail: ParsedMail
    proof: Proof
    evidence: Mapping[str, str] = field(default_factory=dict)
    conversation_id: str | None = None
    priority: int = 0


class MailReader(Protocol):
    """Reads a mail, whatever it holds; bounded in time and memory."""

    async def read(self, raw: bytes, envelope: Envelope) -> ReadMail | Refused | Quarantined:
        """Return what the mail says, or why it was not read."""
        ...


class ThreadNames(Protocol):
    """By what an answer finds its conversation."""

    def reply_to(self, address: str, conversation_id: str) -> str:
        """Return the mailbox's address with the token of a conversation."""
        ...

    def subject(self, subject: str, conversation_id: str) -> str:
        """Return a subject with the token behind it, for a mailbox that has no room for it."""
        ...

    def message_id(self, message_id: str) -> str:
        """Return the Message-ID, with angle brackets, of one of our messages: always the same."""
        ...


class MailIds(Protocol):
    """Which Message-ID belongs to which conversation. Every method may raise `StoreError`."""

    async def keep(self, mail_ids: Sequence[str], conversation_id: str, message_id: str) -> None:
        """Let Message-IDs lead to a conversation; one that leads somewhere already stays so."""
        ...


class MailRecords(Protocol):
    """The stored conversations as mail that goes out needs them; all may raise `StoreError`."""

    async def get(self, conversation_id: str) -> Conversation | None:
        """Return a conversation; None: there is none."""
        ...

    async def message(self, message_id: str) -> Message | None:
        """Return one message; None: there is none."""
        ...

    async def messages(
        self, conversation_id: str, *, after: int, limit: int, internal: bool
    ) -> Sequence[Message]:
        """Return messages with a higher sequence, in order."""
        ...


class ImapPlaces(Protocol):
    """Up to which mail a folder elsewhere was read; `domain.ports.CursorStore` is one."""

    async def load(self) -> Mapping[str, int]:
        """Return every place by its name."""
        ...

    def save(self, reader: str, sequence: int) -> None:
        """Keep a place; written soon, never waits."""
        ...


async def pieces(content: bytes, size: int = 262_144) -> AsyncIterator[bytes]:
    """Yield bytes in pieces, as `AttachmentVault.put` takes them."""
    for begin in range(0, len(content), size):
        yield content[begin : begin + size]
