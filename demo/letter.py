"""The customer's mail with a picture, handed over by the operator's mail server."""

import smtplib
import struct
import zlib
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from typing import Final

from demo.site import MAIL_ADDRESS, NAME

TO: Final = "support@warmline.test"
MAIL_SERVER: Final = "mx.warmline.test"
"""`mail.receive.authserv_id` of config/examples/demo.yaml: it is believed."""
PICTURE_NAME: Final = "invoice.png"
WIDTH: Final = 120
HEIGHT: Final = 80
SMTP_S_MAX: Final = 30.0


def picture() -> bytes:
    """Return a picture of lines on paper as PNG (RFC 2083): grey, 8 bits, no interlace."""
    rows = bytearray()
    for y in range(HEIGHT):
        line = y % 10 in (4, 5) and 5 < y < HEIGHT - 5
        rows.append(0)  # The row is not filtered.
        rows += bytes(80 if line and 10 < x < WIDTH - 10 - y % 30 else 245 for x in range(WIDTH))
    head = struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        (_chunk(b"IHDR", head), _chunk(b"IDAT", zlib.compress(bytes(rows))), _chunk(b"IEND", b""))
    )


def letter(text: str) -> EmailMessage:
    """Return the mail, with what the operator's mail server has found of its sender (RFC 8601)."""
    domain = MAIL_ADDRESS.rpartition("@")[2]
    mail = EmailMessage()
    mail["Authentication-Results"] = f"{MAIL_SERVER}; dmarc=pass header.from={domain}"
    mail["From"] = f"{NAME} <{MAIL_ADDRESS}>"
    mail["To"] = TO
    mail["Subject"] = "Invoice 4711"
    mail["Date"] = formatdate()
    mail["Message-ID"] = make_msgid(domain=domain)
    mail.set_content(text)
    mail.add_attachment(picture(), maintype="image", subtype="png", filename=PICTURE_NAME)
    return mail


def send(where: tuple[str, int], mail: EmailMessage) -> None:
    """Hand a mail over by SMTP; returns when it was committed.

    Raises:
        OSError: It was not taken; smtplib's errors are such.
    """
    with smtplib.SMTP(*where, local_hostname=MAIL_SERVER, timeout=SMTP_S_MAX) as server:
        server.send_message(mail, from_addr=MAIL_ADDRESS, to_addrs=[TO])


def _chunk(kind: bytes, content: bytes) -> bytes:
    checked = kind + content
    return struct.pack(">I", len(content)) + checked + struct.pack(">I", zlib.crc32(checked))
