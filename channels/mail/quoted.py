"""A mail's own text, parted from what it quotes and from the signature.

Nothing marks a quotation but habit: a line that introduces it, or "> " before each line. The
habits of the common mail programs in English, Chinese, German, French and Spanish are known here.
Where all would be quotation the mail is a forward, and nothing is taken away.
"""

import re
from dataclasses import dataclass
from typing import Final

LINES_MAX: Final = 20_000
"""Longer texts are looked at so far; what follows is taken as it is."""
LINE_CHARACTERS_MAX: Final = 500
"""A longer line introduces nothing."""
SIGNATURE_LINES_MAX: Final = 15
"""After "-- "; four are good manners (RFC 3676 section 4.3), companies write ten."""
HEAD_LINES: Final = 7
"""Within so many lines the fields of a quoted mail stand."""
INTRODUCTIONS_MAX: Final = 1_000
"""Lines that look like one and are looked at closely; a thread of years has a hundred."""
INTRODUCTION_LINES: Final = 3
"""A mail program breaks its "On ... wrote:" into so many lines at most."""

_ORIGINAL: Final = re.compile(
    r"[-_=*\s]{2,}(?:original message|original appointment|forwarded message|reply message"
    r"|原始邮件|原邮件|邮件原件|原始信件|原始郵件|原郵件|回复的原邮件|转发的邮件|转发邮件|轉寄郵件|以下是转发的邮件"
    r"|ursprüngliche nachricht|original-?nachricht|weitergeleitete nachricht"
    r"|message d['’]origine|message original|message transféré|mensaje original"
    r"|mensaje reenviado)\s*[-_=*\s]{2,}|begin forwarded message:|以下是转发的邮件[:：]",
    re.IGNORECASE,
)
_WROTE: Final = re.compile(
    r"(?:on|at)\b.{6,}\bwrote\s?[:：]"
    r"|.{3,200}\bwrote on .{6,60}[:：]"
    r"|am\b.{6,}\bschrieb\b.{0,200}[:：]"
    r"|le\b.{6,}\ba écrit\s?[:：]"
    r"|el\b.{6,}\bescribió\s?[:：]"
    r"|[在于於].{4,}[写寫](?:道|到|了)?\s?[:：]"
    r"|.{2,200}[于於在]\s?\d{2,4}\s?[年/-].{4,}[写寫]道?\s?[:：]"
    r"|\d{4}[-/年]\d{1,2}[-/月]\d{1,2}日?.{2,120}<[^<>\s]+@[^<>\s]+>\s?[:：]",
    re.IGNORECASE,
)
_BEGINS: Final = re.compile(
    r"(?:on|at|am|le|el)\b\s.*\d|[在于於]\s?\d|\d{4}[-/年]\d|.*[于於]\s?\d{4}\s?年", re.IGNORECASE
)
"""How an introduction that is broken into lines begins."""
_FROM: Final = re.compile(r"\W{0,3}(?:from|von|de|发件人|寄件者|寄件人|發件人)\W{0,3}[:：]", re.I)
_FIELD: Final = re.compile(
    r"\W{0,3}(?:sent|date|to|cc|subject|gesendet|datum|an|betreff|envoyé|à|objet|enviado|para"
    r"|asunto|fecha|发送时间|发送日期|日期|时间|收件人|抄送|主题|傳送時間|寄件日期|收件者|副本|主旨|發送時間|主題)"
    r"\W{0,3}\s?[:：]",
    re.IGNORECASE,
)
_RULE: Final = re.compile(r"\s*[_-]{10,}\s*")
_MOBILE: Final = re.compile(
    r"(?:sent (?:from|via) (?:my |the )?\S.{0,60}|get outlook for \w+.{0,60}|发自我?的?\s?\S.{0,40}"
    r"|从我的.{1,30}发送|發自我?的?.{1,40}|來自.{1,30}手機|来自.{1,30}手机"
    r"|von meinem .{1,40} gesendet|gesendet (?:mit|von) .{1,60}|envoyé de(?:puis)? mon .{1,40}"
    r"|enviado desde mi .{1,40})",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Parted:
    """A text in its parts.

    Attributes:
        text: What the sender has written.
        quoted: What was left out, in order: quotations and the signature.
        signature: The signature alone; "" without.
    """

    text: str
    quoted: str
    signature: str


def part(text: str) -> Parted:
    """Part a text, lines parted by line feeds."""
    lines = text.split("\n")
    kinds = _kinds(lines[:LINES_MAX]) + [False] * max(len(lines) - LINES_MAX, 0)
    own = [line for line, quotes in zip(lines, kinds, strict=True) if not quotes]
    own, signature = _without_signature(own)
    mine = _joined(own)
    if not mine:
        # A forward, or an answer that says nothing: whoever reads it needs all of it.
        return Parted(text.strip("\n"), "", "")
    quoted = _joined([line for line, quotes in zip(lines, kinds, strict=True) if quotes])
    name = _joined(signature)
    return Parted(mine, "\n\n".join(filter(None, (name, quoted))), name)


def _kinds(lines: list[str]) -> list[bool]:
    """Return for each line whether it belongs to a quotation."""
    quotes = [line.lstrip(" ").startswith((">", "＞")) for line in lines]
    begins = tried = 0
    for at in _worth_a_look(lines):
        if at < begins or quotes[at]:
            continue
        if tried >= INTRODUCTIONS_MAX:
            break
        rest = _introduces_rest(lines, at)
        if rest is not None:
            return quotes[:rest] + [True] * (len(lines) - rest)
        ends = any(
            line.rstrip().endswith((":", "：")) for line in lines[at : at + INTRODUCTION_LINES]
        )
        length = _introduction(lines, at) if ends else 0
        tried += ends
        if length:
            after = _next_filled(lines, at + length)
            if after is None or not quotes[after]:
                return quotes[:at] + [True] * (len(lines) - at)
            quotes[at:after] = [True] * (after - at)
        begins = at + length
    return quotes


def _worth_a_look(lines: list[str]) -> list[int]:
    """Return the lines that can begin an introduction, in order: a mail has few of them.

    Each has a colon, begins with a rule of dashes or the like, or goes on in a line that ends
    with a colon.
    """
    found: set[int] = set()
    for at, line in enumerate(lines):
        if ":" in line or "：" in line:
            ends = line.rstrip().endswith((":", "："))
            found.update(range(max(at - INTRODUCTION_LINES + 1, 0), at) if ends else (), (at,))
        elif line.lstrip()[:1] in {"-", "_", "=", "*"}:
            found.add(at)
    return sorted(found)


def _introduces_rest(lines: list[str], at: int) -> int | None:
    """Return from where all is quotation, if this line says so."""
    line = lines[at].strip()
    if not line or len(line) > LINE_CHARACTERS_MAX:
        return None
    if _ORIGINAL.fullmatch(line):
        return at
    if _RULE.fullmatch(line):
        after = _next_filled(lines, at + 1)
        return at if after is not None and _is_head(lines, after) else None
    return at if _is_head(lines, at) else None


def _is_head(lines: list[str], at: int) -> bool:
    """Tell whether the fields of a quoted mail begin here: From and two others."""
    if not _FROM.match(lines[at][:60]):
        return False
    near = lines[at + 1 : at + 1 + HEAD_LINES]
    return sum(_FIELD.match(line[:60]) is not None for line in near) >= 2


def _introduction(lines: list[str], at: int) -> int:
    """Return how many lines introduce a quotation; 0: none."""
    if not _BEGINS.match(lines[at][:200].strip()) and not _WROTE.fullmatch(
        lines[at][:LINE_CHARACTERS_MAX].strip()
    ):
        return 0
    said = ""
    for length in range(1, INTRODUCTION_LINES + 1):
        if at + length > len(lines):
            break
        line = lines[at + length - 1].strip()
        if not line or line.startswith(">"):
            break
        said = f"{said} {line}".strip()
        if len(said) > LINE_CHARACTERS_MAX:
            break
        if _WROTE.fullmatch(said):
            return length
    return 0


def _next_filled(lines: list[str], at: int) -> int | None:
    return next((number for number in range(at, len(lines)) if lines[number].strip()), None)


def _without_signature(own: list[str]) -> tuple[list[str], list[str]]:
    last = len(own)
    while last and not own[last - 1].strip():
        last -= 1
    for at in range(last - 1, max(last - SIGNATURE_LINES_MAX - 2, -1), -1):
        if own[at].rstrip(" ") == "--" and at + 1 < last:
            return own[:at], own[at:last]
    at = last - 1
    if at > 0 and _MOBILE.fullmatch(own[at].strip()[:LINE_CHARACTERS_MAX]):
        return own[:at], own[at:last]
    return own, []


def _joined(lines: list[str]) -> str:
    return re.sub(r"\n{3,}", "\n\n", "\n".join(line.rstrip() for line in lines)).strip("\n")
