"""Files of a mail: which parts they are, and names that harm nobody."""

import re
from typing import Final

from channels.mail.charsets import clean
from channels.mail.mime import Part
from channels.mail.parsed import FileKind, MailFile

NAME_CHARACTERS_MAX: Final = 150
"""With its ending; file systems allow 255 bytes, and a Chinese character has three."""
_FORBIDDEN: Final = re.compile(r'[<>:"|?*\x00-\x1f\x7f]')
_ENDINGS: Final = {
    "text/plain": ".txt",
    "text/html": ".html",
    "text/calendar": ".ics",
    "text/csv": ".csv",
    "text/vcard": ".vcf",
    "text/x-vcard": ".vcf",
    "image/png": ".png",
    "image/jpeg": ".jpg",
    "image/gif": ".gif",
    "image/webp": ".webp",
    "image/heic": ".heic",
    "application/pdf": ".pdf",
    "application/zip": ".zip",
    "application/ms-tnef": ".dat",
    "message/rfc822": ".eml",
    "message/delivery-status": ".txt",
    "text/rfc822-headers": ".txt",
    "application/pgp-signature": ".asc",
    "application/pgp-encrypted": ".asc",
    "application/pkcs7-mime": ".p7m",
    "application/pkcs7-signature": ".p7s",
    "audio/mpeg": ".mp3",
    "video/mp4": ".mp4",
}
_KINDS: Final = {
    "text/calendar": FileKind.CALENDAR,
    "application/ics": FileKind.CALENDAR,
    "message/rfc822": FileKind.MAIL,
    "message/global": FileKind.MAIL,
    "application/ms-tnef": FileKind.TNEF,
    "application/vnd.ms-tnef": FileKind.TNEF,
    "application/pgp-signature": FileKind.SIGNATURE,
    "application/pkcs7-signature": FileKind.SIGNATURE,
    "application/x-pkcs7-signature": FileKind.SIGNATURE,
    "application/pgp-encrypted": FileKind.ENCRYPTED,
    "application/pkcs7-mime": FileKind.ENCRYPTED,
    "application/x-pkcs7-mime": FileKind.ENCRYPTED,
}


def file_of(part: Part, number: int, hint: str, kind: FileKind | None = None) -> MailFile:
    """Return a part as a file.

    Args:
        part: A leaf.
        number: Of the file in its mail, from 1; names it when its sender does not.
        hint: The character set that the mail declares, for names that declare none.
        kind: What it is for; None: what its type says.
    """
    media, _ = part.media
    content, _ = part.content()
    name = cleaned_name(name_of(part, hint))
    if not name:
        name = f"{'message' if media.startswith('message/') else 'file'}-{number}"
    if "." not in name:
        name += _ENDINGS.get(media, "")
    if name.lower() == "winmail.dat":
        kind = kind or FileKind.TNEF
    return MailFile(
        name=name,
        claimed_type=media,
        content=content,
        content_id=part.content_id,
        kind=kind or _KINDS.get(media, FileKind.FILE),
    )


def name_of(part: Part, hint: str = "") -> str:
    """Return what its sender calls a part; "" without."""
    _, disposed = part.disposition
    _, typed = part.media
    del hint
    return disposed.get("filename", "") or typed.get("name", "")


def cleaned_name(name: str) -> str:
    """Return a name without folders, controls and tricks; "" when nothing is left.

    The ending is kept when the name is cut, for it says what opens it.
    """
    last = clean(name).replace("\\", "/").rpartition("/")[2]
    plain = " ".join(_FORBIDDEN.sub("", last).split()).strip(". ")
    if len(plain) > NAME_CHARACTERS_MAX:
        stem, dot, ending = plain.rpartition(".")
        if dot and len(ending) <= 10:
            plain = stem[: NAME_CHARACTERS_MAX - len(ending) - 1] + dot + ending
        else:
            plain = plain[:NAME_CHARACTERS_MAX]
    return plain
