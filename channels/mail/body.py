"""What a mail says: the parts that are to be read, in order, and those that are files."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Final

from channels.mail.charsets import decode
from channels.mail.files import file_of, name_of
from channels.mail.html import cleaned
from channels.mail.mime import Part
from channels.mail.parsed import FileKind, MailFile
from channels.mail.text import from_cleaned, stripped

_OPAQUE: Final = frozenset(("application/pkcs7-mime", "application/x-pkcs7-mime"))
TEXT_BYTES_MAX: Final = 2 << 20
"""Of one part that is read; ten times what a message holds."""
_PGP: Final = "-----BEGIN PGP MESSAGE-----"
_QUOTES: Final = re.compile(r">+ ?")


@dataclass(slots=True)
class Section:
    """A piece of the mail in one form or both; `html` as it came, not cleaned yet."""

    text: str = ""
    html: str = ""


@dataclass(slots=True)
class Body:
    """What is gathered while the parts are gone through.

    Attributes:
        status: A report of delivery, as it came; empty without.
        returned: The mail, or its header, that a report returns.
    """

    hint: str = ""
    sections: list[Section] = field(default_factory=list)
    files: list[MailFile] = field(default_factory=list)
    status: bytes = b""
    returned: bytes = b""
    protected: str = ""
    defects: set[str] = field(default_factory=set)

    def gather(self, part: Part, *, whole: bool = False) -> None:
        """Take a part and all within it.

        Args:
            part: The mail itself, or a part of it.
            whole: It is the mail itself.
        """
        kind, named = part.media
        children = part.children()
        if not children:
            self._leaf(part, kind, named, whole=whole)
        elif kind == "multipart/alternative":
            self._alternative(children)
        elif kind == "multipart/signed":
            self.protected = self.protected or "signed"
            self.gather(children[0])
            for child in children[1:]:
                self._file(child, FileKind.SIGNATURE)
        elif kind == "multipart/encrypted":
            self.protected = "encrypted"
            for child in children:
                self._file(child, FileKind.ENCRYPTED)
        else:
            for child in children:
                self.gather(child)

    def _alternative(self, children: Sequence[Part]) -> None:
        """Of several forms of the same, keep the first in plain text and the last in HTML."""
        chosen = Section()
        more: list[Section] = []
        before = self.sections
        for child in children:
            self.sections = []
            self.gather(child)
            text = "\n\n".join(one.text for one in self.sections if one.text)
            html = "\n".join(one.html for one in self.sections if one.html)
            chosen.text = chosen.text or text
            chosen.html = html or chosen.html
        self.sections = [*before, chosen, *more]

    def _leaf(self, part: Part, kind: str, named: dict[str, str], *, whole: bool) -> None:
        disposition, _ = part.disposition
        if kind.startswith("multipart/"):
            self.defects.add("multipart without parts")
            kind = "text/plain"
        if kind == "message/delivery-status" and not self.status:
            self.status, _ = part.content()
        elif kind in {"text/rfc822-headers", "message/rfc822"} and not self.returned:
            self.returned, _ = part.content()
        is_read = kind in {"text/plain", "text/html"} and (
            whole or (disposition != "attachment" and not name_of(part))
        )
        if is_read and disposition != "attachment":
            self._section(part, kind, named)
            return
        if kind in _OPAQUE:
            signed = named.get("smime-type", "").lower() == "signed-data"
            self.protected = "signed" if signed else "encrypted"
        if kind == "message/delivery-status":
            return
        self._file(part)

    def _section(self, part: Part, kind: str, named: dict[str, str]) -> None:
        content, defect = part.content()
        if len(content) > TEXT_BYTES_MAX:
            # A log, a dump: read as far as a message goes, and kept whole.
            self._file(part)
            self.defects.add("text too long")
            # Not within a character: between two lines.
            content = content[:TEXT_BYTES_MAX].rpartition(b"\n")[0] or content[:TEXT_BYTES_MAX]
        charset = named.get("charset", "")
        text, wrong = decode(content, charset, hint=self.hint)
        self.defects.update(filter(None, (defect, wrong)))
        if kind == "text/html":
            if text.strip():
                self.sections.append(Section(html=text))
            return
        if named.get("format", "").lower() == "flowed":
            text = flowed(text, joined=named.get("delsp", "").lower() == "yes")
        if _PGP in text:
            self.protected = self.protected or "encrypted"
        if text.strip():
            self.sections.append(Section(text=text))

    def _file(self, part: Part, kind: FileKind | None = None) -> None:
        if children := part.children():
            for child in children:
                self._file(child, kind)
            return
        _, defect = part.content()
        if defect:
            self.defects.add(defect)
        self.files.append(file_of(part, len(self.files) + 1, self.hint, kind))

    def forms(self) -> tuple[str, str]:
        """Return the whole in plain text and in cleaned HTML; the latter "" when nothing is HTML.

        HTML that cannot be cleaned is kept as a file, and only its words are shown.
        """
        texts: list[str] = []
        htmls: list[str] = []
        for section in self.sections:
            safe = cleaned(section.html) if section.html else ""
            if safe is None:
                self.defects.add("html too large")
                self._keep(section.html, "message.html", "text/html")
                texts.append(section.text or stripped(section.html))
                continue
            texts.append(section.text.strip("\n") or from_cleaned(safe))
            htmls.append(
                safe or f"<p>{escape(section.text, quote=False)}</p>".replace("\n", "<br>")
            )
        html = "\n".join(htmls).strip() if any(one.html for one in self.sections) else ""
        return "\n\n".join(filter(None, texts)).strip("\n"), html if "<" in html else ""

    def keep_text(self, text: str) -> None:
        """Keep a text that is too long for a message as a file."""
        self.defects.add("text too long")
        self._keep(text, "message.txt", "text/plain")

    def _keep(self, text: str, name: str, kind: str) -> None:
        self.files.append(MailFile(name=name, claimed_type=kind, content=text.encode()))


def flowed(text: str, *, joined: bool) -> str:
    """Return text whose lines were broken for transfer (RFC 3676) with its own lines.

    Args:
        text: Lines that end in a space go on in the next one of the same quotation.
        joined: That space is no part of the text (DelSp): languages without spaces.
    """
    lines: list[str] = []
    pieces: list[str] = []
    depth = -1
    for line in text.split("\n"):
        mark = _QUOTES.match(line)
        level = line[: mark.end()].count(">") if mark else 0
        content = line[mark.end() :] if mark else line.removeprefix(" ")
        if pieces and (level != depth or content == "-- "):
            lines.append("".join(pieces))
            pieces = []
        depth = level
        if not pieces and level:
            pieces.append(">" * level + " ")
        if content.endswith(" ") and content != "-- ":
            pieces.append(content[:-1] if joined else content)
            continue
        lines.append("".join((*pieces, content)))
        pieces = []
    if pieces:
        lines.append("".join(pieces))
    return "\n".join(lines)
