"""What the tests of conversations share: conversations and messages by number."""

from datetime import timedelta
from typing import Any

from domain.attachment import Attachment
from domain.contact import Channel
from domain.conversation import Conversation, ConversationState
from domain.customer import Identifier, IdentifierKind
from domain.message import Author, Inbound, Message
from domain.proof import Proof
from store.conversation_schema import ATTACHMENTS
from store.message_rows import sealed_name
from store.opening import KEY_FILE
from store.statements import Step
from store.vault import open_vault
from tests.store_support import START

ANNA = Identifier(IdentifierKind.MAIL, "Anna@Example.org")
ANNAS_ID, BERTS_ID = "a" * 32, "b" * 32


def hexed(number: int, kind: str = "0") -> str:
    """Return an id that tells what it is of, rising with its number."""
    return f"{kind}{number:031x}"


def conversation(number: int = 1, **more: Any) -> Conversation:
    """Return a mail conversation that waits."""
    return Conversation(
        **{
            "conversation_id": hexed(number, "c"),
            "source": "mail",
            "channel": Channel.MAIL,
            "queue_id": "sales",
            "address": ANNA,
            "language": "zh",
            "opened_at": START,
            "last_at": START,
            "proof": Proof.PRESENTED,
            "state": ConversationState.WAITING,
            **more,
        }
    )


def message(number: int = 1, **more: Any) -> Message:
    """Return a customer's message, that of its number in the first conversation."""
    return Message(
        **{
            "message_id": hexed(number, "d"),
            "conversation_id": hexed(1, "c"),
            "sequence": number,
            "channel": Channel.MAIL,
            "author": Author.CUSTOMER,
            "at": START + timedelta(seconds=number),
            "text": f"Message {number}",
            "language": "zh",
            **more,
        }
    )


def inbound(client_id: str = "m-1", **more: Any) -> Inbound:
    return Inbound(
        **{
            "source": "mail",
            "channel": Channel.MAIL,
            "sender": ANNA,
            "proof": Proof.PRESENTED,
            "client_id": client_id,
            "queue_id": "sales",
            "text": "",
            **more,
        }
    )


def attachment(number: int = 1, **more: Any) -> Attachment:
    return Attachment(
        **{
            "attachment_id": hexed(number, "f"),
            "name": f"Rechnung {number}.pdf",
            "media_type": "application/pdf",
            "bytes": 1_000 + number,
            "content_hash": f"{number:064x}",
            "uploaded_at": START,
            **more,
        }
    )


async def put_files(store: Any, folder: Any, *files: Attachment) -> None:
    """Write attachments that belong to nothing yet."""
    vault = open_vault(folder / KEY_FILE, create=False)
    rows = tuple(
        {
            "attachment_id": one.attachment_id,
            "message_id": None,
            "place": 0,
            "content_hash": one.content_hash,
            "name": sealed_name(one.attachment_id, one.name, vault),
            "media_type": one.media_type,
            "bytes": one.bytes,
            "inline_id": one.inline_id,
            "scan": one.scan.value,
            "uploaded_at": one.uploaded_at,
        }
        for one in files
    )
    await store.database.write("attachments", Step(ATTACHMENTS.insert(), rows))
