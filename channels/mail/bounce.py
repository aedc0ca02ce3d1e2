"""Reports of delivery: which of our mails came back, from whom and why.

A report as RFC 3464 has it is read field by field. Many servers write one of their own instead:
then the Message-ID is looked for in what they return of our mail, the address and the code in
what they say.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from channels.mail.headers import ADDRESS, message_ids
from channels.mail.parsed import Bounce, Failure, RecipientStatus
from channels.mail.words import decode_words, short

RECIPIENTS_MAX: Final = 100
"""Of one report."""
DIAGNOSTIC_CHARACTERS_MAX: Final = 500
LOOKED_AT_BYTES_MAX: Final = 64 << 10
"""Of a report that follows no standard; what matters stands at its beginning or in the returned
header."""
FIELDS_MAX: Final = 2_000

_STATUS: Final = re.compile(r"\b([245])\.(\d{1,3})\.(\d{1,3})\b")
_CODE: Final = re.compile(
    r"\b(?:said:|answered:|error|code|#|host\b[^\n]{0,200}?:)?\s*\b([45]\d\d)[ -]"
)
_RETURNED_ID: Final = re.compile(r"(?im)^[> \t]*+message-id:[ \t]*(?:\n[ \t]+)?(<[^<>\s]{3,512}>)")
_SUBJECT: Final = re.compile(
    r"undeliver|delivery (?:status|failure|failed|has failed)|returned mail|mail delivery"
    r"|failure notice|could not be delivered|non remis|unzustellbar|nicht zustellbar"
    r"|退信|系统退信|无法投递|投递失败|無法傳遞|未送达|未傳遞",
    re.IGNORECASE,
)
_DELAYED: Final = re.compile(r"delay|warning|still trying|延迟|延遲", re.IGNORECASE)


def blocks(content: bytes) -> list[dict[str, str]]:
    """Return the groups of fields of a message/delivery-status, names in lower case."""
    text = content[:LOOKED_AT_BYTES_MAX].replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    found: list[dict[str, str]] = []
    for block in re.split(rb"\n[ \t]*\n+", text.strip(b"\n"))[: RECIPIENTS_MAX + 1]:
        fields: dict[str, str] = {}
        unfolded = re.sub(rb"\n[ \t]+", b" ", block)
        for line in unfolded.split(b"\n")[:FIELDS_MAX]:
            name, colon, value = line.partition(b":")
            if colon:
                fields.setdefault(
                    name.strip().lower().decode("ascii", "replace"), decode_words(value.strip())
                )
        if fields:
            found.append(fields)
    return found


def standard(status: bytes, returned: bytes) -> Bounce | None:
    """Return what a report by RFC 3464 says; None: it names no recipient.

    Args:
        status: The part message/delivery-status.
        returned: The mail or header that it returns; empty without.
    """
    recipients = tuple(
        _recipient(fields)
        for fields in blocks(status)
        if "action" in fields or "final-recipient" in fields or "original-recipient" in fields
    )[:RECIPIENTS_MAX]
    if not recipients:
        return None
    return Bounce(message_id=returned_id(returned), recipients=recipients)


def looks_like_one(
    subject: str, senders: Iterable[str], envelope_sender: str | None, headers: Mapping[str, str]
) -> bool:
    """Tell whether a mail without a standard report is a bounce all the same.

    A subject alone proves nothing: customers forward bounces.
    """
    from_machine = any(
        address.partition("@")[0].lower() in {"mailer-daemon", "postmaster", "mail-daemon"}
        for address in senders
    )
    if "x-failed-recipients" in headers:
        return True
    return (envelope_sender == "" or from_machine) and _SUBJECT.search(subject) is not None


def irregular(
    text: str, files: Sequence[bytes], subject: str, headers: Mapping[str, str]
) -> Bounce | None:
    """Return what a report of another form says; None: it names neither a mail nor an address.

    Args:
        text: All that it says, what it quotes included.
        files: What it returns of our mail.
        subject: Its own.
        headers: Its kept fields.
    """
    looked_at = text[:LOOKED_AT_BYTES_MAX]
    message_id = next(filter(None, (returned_id(content) for content in files)), "")
    if not message_id:
        found = _RETURNED_ID.search(looked_at)
        message_id = found[1] if found else headers.get("in-reply-to", "")
    failed = headers.get("x-failed-recipients", "")
    named = [one.strip() for one in failed.split(",") if ADDRESS.fullmatch(one.strip())]
    if not named:
        # What follows is our own mail, with our own addresses in it.
        said = re.split(r"(?im)^[> \t]*+(?:received|return-path|message-id):", looked_at)[0]
        first = re.search(rf"(?<![\w.+-])<?({ADDRESS.pattern})>?", said[:8_000])
        named = [first[1].rstrip(".")] if first else []
    status = _STATUS.search(looked_at)
    code = _CODE.search(looked_at)
    enhanced = status[0] if status else (f"{code[1][0]}.0.0" if code else "")
    delayed = enhanced.startswith("4") or (not enhanced and _DELAYED.search(subject) is not None)
    if not message_id and not named:
        return None
    action = Failure.DELAYED if delayed else Failure.FAILED
    diagnostic = _sentence(looked_at, (status or code))
    return Bounce(
        message_id=message_ids(message_id)[0] if message_ids(message_id) else "",
        recipients=tuple(
            RecipientStatus(address=one, action=action, status=enhanced, diagnostic=diagnostic)
            for one in (named or [""])[:RECIPIENTS_MAX]
        ),
    )


def returned_id(returned: bytes) -> str:
    """Return the Message-ID in a returned mail or header; "" when there is none."""
    text = returned[:LOOKED_AT_BYTES_MAX].replace(b"\r\n", b"\n").decode("ascii", "replace")
    found = _RETURNED_ID.search(text)
    return found[1] if found else ""


def _recipient(fields: Mapping[str, str]) -> RecipientStatus:
    address = ""
    for name in ("original-recipient", "final-recipient"):
        kind, semicolon, value = fields.get(name, "").partition(";")
        address = (value if semicolon else kind).strip().strip("<>")
        if ADDRESS.fullmatch(address):
            break
        address = ""
    action = fields.get("action", "failed").partition("(")[0].strip().lower()
    status = _STATUS.search(fields.get("status", ""))
    diagnostic = fields.get("diagnostic-code", "")
    _, semicolon, said = diagnostic.partition(";")
    code = status or _STATUS.search(diagnostic)
    return RecipientStatus(
        address=address,
        action=Failure(action) if action in set(Failure) else Failure.FAILED,
        status=code[0] if code else "",
        diagnostic=short((said if semicolon else diagnostic).strip(), DIAGNOSTIC_CHARACTERS_MAX),
    )


def _sentence(text: str, found: "re.Match[str] | None") -> str:
    if found is None:
        return ""
    begin = text.rfind("\n", 0, found.start()) + 1
    end = text.find("\n", found.end())
    line = text[begin : end if end >= 0 else len(text)]
    return short(" ".join(line.split()), DIAGNOSTIC_CHARACTERS_MAX)
