"""The id under which a mail is stored once, however often and by whatever way it comes.

It is made of the mail's Message-ID, the mailbox and a hash of its content: the same mail by SMTP
and by IMAP has the same id, and two mails to which a broken program gave one Message-ID have not.
"""

import hashlib
import re
from typing import Final, NamedTuple

from domain.message import CLIENT_ID_CHARACTERS_MAX

_HASH_DIGITS: Final = 12
"""48 bits; it only has to tell mails with the same Message-ID apart."""
_FORM: Final = re.compile(r"^(?P<mail_id><[^<>\s]+>)#(?P<box>[a-z0-9_-]*)\.[0-9a-f]{12}$")
_HEADER_END: Final = re.compile(rb"\r?\n\r?\n")


class ClientId(NamedTuple):
    """What a client id tells.

    Attributes:
        mail_id: The Message-ID with angle brackets; "" where it did not fit.
        box_id: The mailbox that the mail came to; "" where it did not fit.
    """

    mail_id: str
    box_id: str


def client_id_of(mail_id: str, box_id: str, raw: bytes) -> str:
    """Return the id of a mail.

    Args:
        mail_id: Its Message-ID with angle brackets; "" without.
        box_id: The mailbox.
        raw: The whole mail. Its header is left out of the hash: every server on the way adds to
            it. Line ends and trailing blank lines are, too.
    """
    end = _HEADER_END.search(raw)
    body = raw[end.end() :] if end else b""
    if not mail_id:
        # Nothing but the content tells it from others, header and all.
        body = raw
    content = hashlib.sha256(body.replace(b"\r\n", b"\n").rstrip()).hexdigest()
    text = f"{mail_id}#{box_id}.{content[:_HASH_DIGITS]}"
    if mail_id and len(text) <= CLIENT_ID_CHARACTERS_MAX and _FORM.match(text):
        return text
    whole = hashlib.sha256(f"{mail_id}\0{box_id}\0{content}".encode()).hexdigest()
    return f"sha256:{whole}"


def read_client_id(text: str) -> ClientId:
    """Return what an id tells; of one that is not a mail's, nothing."""
    match = _FORM.match(text)
    return ClientId(match["mail_id"], match["box"]) if match else ClientId("", "")
