"""Conversations, files and waiting mail in a SQLite file, for tests of mail alone.

A plain stand-in for the store and the conversations: what it has answered is committed, and a
message is stored once.
"""

import hashlib
import json
import sqlite3
from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from domain.attachment import Attachment
from domain.contact import Channel
from domain.conversation import Conversation
from domain.conversation_ports import Outgoing, Receipt
from domain.customer import Identifier, IdentifierKind
from domain.errors import NotKnown, StoreError
from domain.message import Author, Delivery, Draft, Inbound, Message
from domain.ports import Clock
from domain.proof import Proof
from domain.quarantine import QuarantinedMail
from tests.mail_support import NOW


class SqliteMail:
    """`Conversations`, `MailRecords`, `OutgoingStore`, `AttachmentVault`, `MailIds` and
    `QuarantineStore`, as far as mail asks of them."""

    def __init__(self, path: Path, clock: Clock) -> None:
        self._clock = clock
        self._database = sqlite3.connect(path, isolation_level=None)
        self._database.execute("PRAGMA journal_mode = WAL")
        # As the store has it by default: a killed process loses nothing.
        self._database.execute("PRAGMA synchronous = NORMAL")
        self._database.executescript(
            """
            CREATE TABLE IF NOT EXISTS conversations (
                id TEXT PRIMARY KEY, sender TEXT, subject TEXT, language TEXT, name TEXT);
            CREATE TABLE IF NOT EXISTS messages (
                id TEXT PRIMARY KEY, conversation_id TEXT, sequence INTEGER, author TEXT,
                client_id TEXT, key TEXT UNIQUE, at TEXT, text TEXT, html TEXT, subject TEXT,
                files TEXT, automatic INTEGER, delivery TEXT, headers TEXT);
            CREATE TABLE IF NOT EXISTS files (
                id TEXT PRIMARY KEY, name TEXT, type TEXT, content BLOB, inline_id TEXT);
            CREATE TABLE IF NOT EXISTS outgoing (
                message_id TEXT PRIMARY KEY, conversation_id TEXT, destination TEXT,
                attempts INTEGER, due_at TEXT, remote_id TEXT, state TEXT, error TEXT);
            CREATE TABLE IF NOT EXISTS mail_ids (
                mail_id TEXT PRIMARY KEY, conversation_id TEXT, message_id TEXT);
            CREATE TABLE IF NOT EXISTS quarantine (id TEXT PRIMARY KEY, mail TEXT, hash TEXT);
            """
        )
        self.broken = False
        self.told: list[tuple[str, int, str]] = []
        self.inbound: list[Inbound] = []

    def close(self) -> None:
        self._database.close()

    def rows(self, query: str, *values: object) -> list[Any]:
        if self.broken:
            raise StoreError("the disk is full")
        return self._database.execute(query, values).fetchall()

    def write(self, *steps: tuple[str, tuple[object, ...]]) -> None:
        if self.broken:
            raise StoreError("the disk is full")
        self._database.execute("BEGIN IMMEDIATE")
        try:
            for statement, values in steps:
                self._database.execute(statement, values)
        except sqlite3.IntegrityError as error:
            self._database.execute("ROLLBACK")
            raise StoreError(str(error)) from error
        self._database.execute("COMMIT")

    def _id(self, *words: object) -> str:
        return hashlib.sha256(repr(words).encode()).hexdigest()[:32]

    def _next(self, conversation_id: str) -> int:
        ((last,),) = self.rows(
            "SELECT coalesce(max(sequence), 0) FROM messages WHERE conversation_id = ?",
            conversation_id,
        )
        return int(last) + 1

    async def receive(self, inbound: Inbound) -> Receipt:
        key = repr((inbound.sender.forms()[0], inbound.client_id))
        known = self.rows("SELECT id, conversation_id FROM messages WHERE key = ?", key)
        if known:
            message = await self.message(known[0][0])
            conversation = await self.get(known[0][1])
            assert message is not None
            assert conversation is not None
            return Receipt(message=message, conversation=conversation, duplicate=True)
        conversation_id = inbound.conversation_id
        steps: list[tuple[str, tuple[object, ...]]] = []
        if conversation_id is not None and await self.get(conversation_id) is None:
            raise NotKnown("conversation", conversation_id)
        if conversation_id is None:
            conversation_id = self._id("conversation", key)
            steps.append(
                (
                    "INSERT INTO conversations VALUES (?, ?, ?, ?, ?)",
                    (
                        conversation_id,
                        inbound.sender.value,
                        inbound.subject,
                        inbound.language,
                        inbound.name,
                    ),
                )
            )
        message_id = self._id("message", key)
        steps.append(
            (
                f"INSERT INTO messages VALUES ({', '.join('?' * 14)})",
                (
                    message_id,
                    conversation_id,
                    self._next(conversation_id),
                    "customer",
                    inbound.client_id,
                    key,
                    self._clock.utc().isoformat(),
                    inbound.text,
                    inbound.html,
                    inbound.subject,
                    json.dumps(inbound.attachments),
                    inbound.automatic,
                    "stored",
                    json.dumps(dict(inbound.headers)),
                ),
            )
        )
        if inbound.mail_id:
            steps.append(
                (
                    "INSERT OR IGNORE INTO mail_ids VALUES (?, ?, ?)",
                    (inbound.mail_id, conversation_id, message_id),
                )
            )
        self.write(*steps)
        self.inbound.append(inbound)
        message = await self.message(message_id)
        conversation = await self.get(conversation_id)
        assert message is not None
        assert conversation is not None
        return Receipt(message=message, conversation=conversation)

    async def say(self, conversation_id: str, draft: Draft) -> Message:
        conversation = await self.get(conversation_id)
        if conversation is None:
            raise NotKnown("conversation", conversation_id)
        message_id = self._id("said", conversation_id, draft.client_id)
        now = self._clock.utc().isoformat()
        if await self.message(message_id) is None:
            self.write(
                (
                    f"INSERT INTO messages VALUES ({', '.join('?' * 14)})",
                    (
                        message_id,
                        conversation_id,
                        self._next(conversation_id),
                        "agent" if draft.agent_id else "system",
                        draft.client_id,
                        message_id,
                        now,
                        draft.text,
                        draft.html,
                        draft.subject,
                        json.dumps(draft.attachments),
                        0,
                        "stored",
                        "{}",
                    ),
                ),
                (
                    "INSERT INTO outgoing VALUES (?, ?, ?, 0, ?, '', 'waiting', '')",
                    (message_id, conversation_id, conversation.address.value, now),
                ),
            )
        message = await self.message(message_id)
        assert message is not None
        return message

    async def mark(
        self, conversation_id: str, by: Author, delivery: Delivery, sequence: int
    ) -> None:
        self.told.append((conversation_id, sequence, delivery.value))

    async def failed(self, conversation_id: str, sequence: int, reason: str) -> None:
        self.told.append((conversation_id, sequence, f"failed: {reason}"))

    async def get(self, conversation_id: str) -> Conversation | None:
        rows = self.rows("SELECT * FROM conversations WHERE id = ?", conversation_id)
        if not rows:
            return None
        _, sender, subject, language, name = rows[0]
        return Conversation(
            conversation_id=conversation_id,
            source="mail",
            channel=Channel.MAIL,
            queue_id="service",
            address=Identifier(IdentifierKind.MAIL, sender),
            language=language,
            opened_at=NOW,
            last_at=NOW,
            proof=Proof.PRESENTED,
            name=name,
            subject=subject,
        )

    async def message(self, message_id: str) -> Message | None:
        rows = self.rows("SELECT * FROM messages WHERE id = ?", message_id)
        return self._message(rows[0]) if rows else None

    async def messages(
        self, conversation_id: str, *, after: int, limit: int, internal: bool
    ) -> Sequence[Message]:
        rows = self.rows(
            "SELECT * FROM messages WHERE conversation_id = ? AND sequence > ?"
            " ORDER BY sequence LIMIT ?",
            conversation_id,
            after,
            limit,
        )
        return [self._message(row) for row in rows]

    def _message(self, row: Any) -> Message:
        return Message(
            message_id=row[0],
            conversation_id=row[1],
            sequence=row[2],
            channel=Channel.MAIL,
            author=Author(row[3]),
            client_id=row[4],
            at=datetime.fromisoformat(row[6]),
            text=row[7],
            html=row[8],
            subject=row[9],
            attachments=tuple(self._attachment(one) for one in json.loads(row[10])),
            automatic=bool(row[11]),
            delivery=Delivery(row[12]),
        )

    def _attachment(self, attachment_id: str) -> Attachment:
        ((name, media_type, content, inline_id),) = self.rows(
            "SELECT name, type, content, inline_id FROM files WHERE id = ?", attachment_id
        )
        return Attachment(
            attachment_id=attachment_id,
            name=name,
            media_type=media_type,
            bytes=len(content),
            content_hash=hashlib.sha256(content).hexdigest(),
            uploaded_at=NOW,
            inline_id=inline_id,
        )

    async def put(
        self, content: AsyncIterator[bytes], *, name: str, claimed_type: str, inline_id: str = ""
    ) -> Attachment:
        whole = b"".join([piece async for piece in content])
        ((count,),) = self.rows("SELECT count(*) FROM files")
        attachment_id = self._id("file", whole, count)
        self.write(
            (
                "INSERT INTO files VALUES (?, ?, ?, ?, ?)",
                (attachment_id, name, claimed_type, whole, inline_id),
            )
        )
        return self._attachment(attachment_id)

    async def read(
        self, attachment: Attachment, *, begin: int = 0, end: int | None = None
    ) -> AsyncIterator[bytes]:
        ((content,),) = self.rows(
            "SELECT content FROM files WHERE id = ?", attachment.attachment_id
        )
        yield content[begin:end]

    async def keep(self, mail_ids: Sequence[str], conversation_id: str, message_id: str) -> None:
        self.write(
            *(
                (
                    "INSERT OR IGNORE INTO mail_ids VALUES (?, ?, ?)",
                    (one, conversation_id, message_id),
                )
                for one in mail_ids
            )
        )

    async def due(self, source: str, now: datetime, limit: int) -> Sequence[Outgoing]:
        rows = self.rows(
            "SELECT * FROM outgoing WHERE state = 'waiting' AND due_at <= ?"
            " ORDER BY due_at LIMIT ?",
            now.isoformat(),
            limit,
        )
        return [self._outgoing(row) for row in rows]

    def _outgoing(self, row: Any) -> Outgoing:
        return Outgoing(
            message_id=row[0],
            conversation_id=row[1],
            source="mail",
            destination=row[2],
            attempts=row[3],
            due_at=datetime.fromisoformat(row[4]),
            remote_id=row[5],
        )

    async def next_due(self, source: str) -> datetime | None:
        ((first,),) = self.rows("SELECT min(due_at) FROM outgoing WHERE state = 'waiting'")
        return datetime.fromisoformat(first) if first else None

    async def postpone(self, message_id: str, due_at: datetime, error: str) -> None:
        self.write(
            (
                "UPDATE outgoing SET attempts = attempts + 1, due_at = ?, error = ?"
                " WHERE message_id = ?",
                (due_at.isoformat(), error, message_id),
            )
        )

    async def settle(
        self, message_id: str, delivery: Delivery, *, remote_id: str = "", error: str = ""
    ) -> None:
        self.write(
            (
                "UPDATE outgoing SET state = ?, error = ? WHERE message_id = ?",
                (delivery.value, error, message_id),
            ),
            ("UPDATE messages SET delivery = ? WHERE id = ?", (delivery.value, message_id)),
        )

    async def by_remote_id(self, source: str, remote_id: str) -> Outgoing | None:
        rows = self.rows("SELECT * FROM outgoing WHERE remote_id = ?", remote_id)
        return self._outgoing(rows[0]) if rows else None

    async def set_remote_id(self, message_id: str, remote_id: str) -> None:
        self.write(
            ("UPDATE outgoing SET remote_id = ? WHERE message_id = ?", (remote_id, message_id))
        )

    async def add(self, mail: QuarantinedMail) -> None:
        text = json.dumps([mail.received_at.isoformat(), mail.reason, mail.bytes])
        self.write(
            (
                "INSERT OR IGNORE INTO quarantine VALUES (?, ?, ?)",
                (mail.quarantine_id, text, mail.content_hash),
            )
        )

    async def older_than(self, before: datetime, limit: int) -> Sequence[QuarantinedMail]:
        found = []
        for name, text, digest in self.rows("SELECT * FROM quarantine LIMIT ?", limit):
            at, reason, size = json.loads(text)
            if datetime.fromisoformat(at) < before:
                found.append(
                    QuarantinedMail(
                        quarantine_id=name,
                        received_at=datetime.fromisoformat(at),
                        reason=reason,
                        bytes=size,
                        content_hash=digest,
                        sender="",
                        recipients=(),
                    )
                )
        return found

    async def remove(self, quarantine_id: str) -> bool:
        ((digest,),) = self.rows("SELECT hash FROM quarantine WHERE id = ?", quarantine_id)
        self.write(("DELETE FROM quarantine WHERE id = ?", (quarantine_id,)))
        return bool(self.rows("SELECT 1 FROM quarantine WHERE hash = ?", digest))
