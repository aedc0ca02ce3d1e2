"""What the tests of mail share: a clock, a section of the configuration, mails and a reader."""

import asyncio
import email
import email.policy
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from channels.mail.parsed import (
    Automatic,
    Envelope,
    FileKind,
    MailAddress,
    MailFile,
    ParsedMail,
    Quarantined,
    Refused,
)
from channels.mail.ports import ReadMail
from config.mail import Mail
from domain.proof import Proof

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
KEY = b"k" * 32


class MovableClock:
    """A clock that runs, and that a test moves on."""

    def __init__(self) -> None:
        self._begin_s = time.monotonic()
        self.ahead_s = 0.0

    def monotonic_s(self) -> float:
        return time.monotonic() - self._begin_s + self.ahead_s

    def utc(self) -> datetime:
        return NOW + timedelta(seconds=self.monotonic_s())


def mail_section(**fields: Any) -> Mail:
    """Return the section of a node with one mailbox."""
    return Mail.model_validate(
        {
            "enabled": True,
            "host": "mx.example.org",
            "boxes": [
                {
                    "id": "support",
                    "addresses": ["support@example.org", "help@example.org"],
                    "queue": "service",
                    "name": "Example Support",
                }
            ],
            **fields,
        }
    )


def mail_bytes(
    *,
    text: str = "Hello,\r\nmy parcel is missing.\r\n",
    subject: str = "Parcel",
    sender: str = "customer@example.com",
    to: str = "support@example.org",
    mail_id: str = "<1@example.com>",
    more: str = "",
) -> bytes:
    """Return a small mail."""
    return (
        f"From: {sender}\r\nTo: {to}\r\nSubject: {subject}\r\nMessage-ID: {mail_id}\r\n"
        f"Date: Mon, 2 Mar 2026 09:00:00 +0000\r\n{more}\r\n{text}"
    ).encode()


async def until(condition: Callable[[], bool], seconds: float = 10) -> None:
    """Wait for what another task or process does."""
    pause_s = 0.01
    ends_s = time.monotonic() + seconds
    while time.monotonic() < ends_s:
        if condition():
            return
        await asyncio.sleep(pause_s)
        pause_s = min(0.2, pause_s * 1.2)
    raise AssertionError("it did not come")


class PlainReader:
    """Reads well-formed mail with the standard library; stands in for the guarded reader."""

    def __init__(self) -> None:
        self.verdict: Refused | Quarantined | None = None
        self.threads: dict[str, str] = {}
        self.parsed: dict[str, Any] = {}

    async def read(self, raw: bytes, envelope: Envelope) -> ReadMail | Refused | Quarantined:
        if self.verdict is not None:
            return self.verdict
        mail = email.message_from_bytes(raw, policy=email.policy.default)
        body = mail.get_body(("plain",))
        page = mail.get_body(("html",))
        files = [
            MailFile(
                name=part.get_filename() or "file",
                claimed_type=part.get_content_type(),
                content=part.get_payload(decode=True) or b"",  # type: ignore[arg-type]
                content_id=str(part["Content-ID"] or "").strip("<>"),
                kind=FileKind.INLINE if part["Content-ID"] else FileKind.FILE,
            )
            for part in mail.walk()
            if part.get_filename()
        ]
        addresses = mail["From"].addresses if mail["From"] else ()
        references = tuple(str(mail["References"] or "").split())
        parsed = ParsedMail(
            message_id=str(mail["Message-ID"] or "").strip(),
            subject=str(mail["Subject"] or ""),
            text=body.get_content().replace("\r\n", "\n").strip() if body else "",
            html=page.get_content() if page else "",
            senders=tuple(
                MailAddress(address=_text(one.addr_spec), name=_text(one.display_name))
                for one in addresses
            ),
            references=references,
            in_reply_to=tuple(str(mail["In-Reply-To"] or "").split()),
            files=tuple(files),
            automatic=(
                Automatic.REPLY if str(mail["Auto-Submitted"] or "no") != "no" else Automatic.NO
            ),
        )
        if self.parsed:
            parsed = replace(parsed, **self.parsed)
        found = next(
            (self.threads[one] for one in reversed(references) if one in self.threads), None
        )
        return ReadMail(
            mail=parsed, proof=Proof.PRESENTED, evidence={"spf": "none"}, conversation_id=found
        )


def _text(raw: str) -> str:
    """Return raw UTF-8 of a header as text."""
    return raw.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


class PlainNames:
    """Names that tell all: `ThreadNames` without secrets."""

    def reply_to(self, address: str, conversation_id: str) -> str:
        local, _, domain = address.rpartition("@")
        return f"{local}+{conversation_id}@{domain}"

    def subject(self, subject: str, conversation_id: str) -> str:
        return f"{subject} [#{conversation_id}]"

    def message_id(self, message_id: str) -> str:
        return f"<{message_id}@mx.example.org>"


class Places:
    """`ImapPlaces` in memory."""

    def __init__(self) -> None:
        self.kept: dict[str, int] = {}

    async def load(self) -> Mapping[str, int]:
        return dict(self.kept)

    def save(self, reader: str, sequence: int) -> None:
        self.kept[reader] = sequence
