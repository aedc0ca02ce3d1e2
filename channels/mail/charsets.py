"""Bytes into text: what senders call a character set, and what they have really used."""

import codecs
import re
from collections.abc import Iterator
from typing import Final

import charset_normalizer

SAMPLE_BYTES_MAX: Final = 16 << 10
"""By so much a character set is guessed; more takes long and tells no more."""
GUESSABLE_BYTES_MIN: Final = 24
"""In less, letters of one script are as likely as those of another."""

LOST_SHARE: Final = 5
"""A text of which one letter beyond ASCII in so many is lost may still be what it was said to
be; one of which more is lost is another."""

_WIDER: Final = {
    # What is called GB2312 holds characters of its successors as a rule.
    **dict.fromkeys(("gb2312", "gbk", "gb18030", "hz_gbk"), "gb18030"),
    **dict.fromkeys(("big5", "cp950", "big5hkscs"), "big5hkscs"),
    **dict.fromkeys(("shift_jis", "cp932"), "cp932"),
    **dict.fromkeys(("euc_kr", "cp949"), "cp949"),
    # The WHATWG's Encoding Standard, section 4.2: what is called Latin-1 is Windows' set.
    **dict.fromkeys(("ascii", "iso8859-1"), "cp1252"),
    "iso8859-9": "cp1254",
    "iso8859-11": "cp874",
}
"""Python's name of a codec -> one that holds all of its characters and those that are in use."""
_ALIASES: Final = {
    **dict.fromkeys(("x-gbk", "gb-2312", "gb-2312-80", "gb2312-80", "cn-gb", "chinese"), "gb18030"),
    **dict.fromkeys(("x-x-big5", "x-big5", "big5-eten", "cn-big5"), "big5hkscs"),
    **dict.fromkeys(("x-sjis", "windows-31j", "ms-kanji", "x-ms-cp932"), "cp932"),
    **dict.fromkeys(("ks-c-5601-1987", "ks-c-5601", "x-windows-949"), "cp949"),
    **dict.fromkeys(("utf8", "utf-8mb4", "unicode-utf-8", "x-utf-8", "cp65001"), "utf_8"),
    **dict.fromkeys(("iso-8859-8-i", "iso-8859-8-e"), "iso8859-8"),
    **dict.fromkeys(("cp50220", "cp50221", "csiso2022jp", "iso-2022-jp-ms"), "iso2022_jp"),
    "hz-gb-2312": "hz",
    "x-mac-roman": "mac_roman",
    "macintosh": "mac_roman",
    "tis-620": "cp874",
    "windows-874": "cp874",
    "iso-8859-8-logical": "iso8859-8",
}
_TEXT_CODECS: Final = re.compile(
    r"ascii|utf-8|utf-16(-[bl]e)?|utf-32(-[bl]e)?|cp\d{3,4}|iso8859-\d{1,2}|mac-\w+"
    r"|koi8-[rtu]|kz1048|ptcp154|gb2312|gbk|gb18030|hz|big5(hkscs)?|shift_jis(_2004|x0213)?"
    r"|euc_(jp|jis_2004|jisx0213|kr)|iso2022_(jp(_1|_2|_2004|_3|_ext)?|kr)|johab|tis-620"
)
"""Python knows codecs that are no character sets, and some that take time without bound."""
_SINGLE_BYTE: Final = re.compile(r"ascii|cp(?!932|936|949|950)\d+|iso8859-\d+|koi8-\w|mac-\w+")
_ISO_2022: Final = re.compile(rb"\x1b(?:\$[@AB]|\$\([CD]|\([IJ])")
_GUESSES: Final = ("gb18030", "big5", "cp932", "euc_jp", "cp949", "cp1252", "cp1251", "koi8_r")
_BEYOND: Final = re.compile(r"[^\x00-\x7f]")
_CHINESE: Final = re.compile("[\x00-\x7f\u2010-\u203f\u3000-\u303f\u4e00-\u9fff\uff00-\uffef]*")
_HOSTILE: Final = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff\ufeff"
    "\u202a-\u202e\u2066-\u2069]"
)
"""Controls, halves of characters, what is no character; and what turns the reading direction,
which hides a file's ending."""


class Unreadable(Exception):
    """A character set that is known and not read."""


def codec_of(name: str) -> str | None:
    """Return the codec for what a sender calls a character set; None: nobody knows it.

    Raises:
        Unreadable: UTF-7, which no sender of today needs and which hides markup from filters.
    """
    plain = name.strip().strip("\"'").partition("*")[0].lower().replace("_", "-")[:64]
    if "utf-7" in plain or plain == "utf7":
        raise Unreadable
    wanted = _ALIASES.get(plain, plain)
    if not re.fullmatch(r"[a-z0-9_.:()-]+", wanted):
        return None
    try:
        found = codecs.lookup(wanted).name
    except (LookupError, ValueError):
        return None
    return _WIDER.get(found, found) if _TEXT_CODECS.fullmatch(found) else None


def decode(raw: bytes, declared: str = "", *, hint: str = "") -> tuple[str, str]:
    """Return text, and what was wrong with it.

    Args:
        raw: Whatever came.
        declared: The sender's word for the character set; "" when he gives none.
        hint: Another that the same mail declares elsewhere.

    Returns:
        The text, cleaned, and the name of a defect: "" when the bytes are what they were said
        to be, else "utf-7", "charset unknown", "charset wrong" or "charset missing".
    """
    defect = ""
    codec: str | None = None
    if declared:
        try:
            codec = codec_of(declared)
        except Unreadable:
            # As if it were ASCII: what UTF-7 hides stays hidden, and nothing of it is markup.
            return clean(raw.decode("ascii", "replace")), "utf-7"
        defect = "" if codec else "charset unknown"
    if codec is not None:
        text = _declared(raw, codec)
        if text is not None:
            return clean(text), ""
        defect = "charset wrong"
    elif raw.isascii() and not _ISO_2022.search(raw):
        return clean(raw.decode("ascii")), defect
    return clean(_guessed(raw, codec, hint)), defect or "charset missing"


def clean(text: str) -> str:
    """Return text without controls and halves of characters; lines end with a line feed."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\u2028", "\n")
    return _HOSTILE.sub(lambda found: "\ufffd" if "\ud800" <= found[0] <= "\udfff" else "", text)


def _declared(raw: bytes, codec: str) -> str | None:
    """Return text by the declared codec; None where its bytes cannot be of that set."""
    if _SINGLE_BYTE.fullmatch(codec):
        if codec == "cp1252" and raw.isascii():
            return None if _ISO_2022.search(raw) else raw.decode("ascii")
        # Any bytes are some text in such a set; but text that is UTF-8 throughout, by chance,
        # there is none.
        if not raw.isascii() and _strictly(raw, "utf_8") is not None:
            return None
    if codec == "iso2022_jp":
        return next(
            (
                text
                for name in ("iso2022_jp", "iso2022_jp_ext", "iso2022_jp_2004")
                if (text := _strictly(raw, name)) is not None
            ),
            None,
        )
    if codec == "big5hkscs":
        text = _strictly(raw, codec)
        return text if text is not None else _strictly(raw, "cp950")
    return _strictly(raw, codec)


def _strictly(raw: bytes, codec: str) -> str | None:
    try:
        return raw.decode(codec)
    except (UnicodeError, LookupError):
        return None


def _guessed(raw: bytes, codec: str | None, hint: str) -> str:
    """Return the likeliest text of bytes that are not what they were said to be."""
    for text in _readings(raw, codec, hint):
        if text is not None:
            return text
    return raw.decode(codec or "cp1252", "replace")


def _readings(raw: bytes, codec: str | None, hint: str) -> Iterator[str | None]:
    """Yield what the bytes may mean, the likeliest first; None where they cannot."""
    if _ISO_2022.search(raw):
        yield _declared(raw, "iso2022_jp")
    else:
        yield _strictly(raw, "utf_8")
    try:
        hinted = codec_of(hint) if hint else None
    except Unreadable:
        hinted = None
    if hinted is not None and hinted != codec:
        yield _declared(raw, hinted)
    if codec is not None:
        # Most of it is what it was said to be: a byte was lost, or a character cut in two.
        mended = raw.decode(codec, "replace")
        lost = mended.count("\ufffd")
        yield mended if lost * LOST_SHARE <= len(_BEYOND.findall(mended)) else None
    # Chinese before others: it is what our customers write, and few other texts pass for it.
    yield _strictly(raw, "gb2312")
    if len(raw) >= GUESSABLE_BYTES_MIN:
        best = charset_normalizer.from_bytes(
            raw[:SAMPLE_BYTES_MAX], cp_isolation=list(_GUESSES), steps=5, enable_fallback=False
        ).best()
        yield None if best is None else raw.decode(best.encoding, "replace")
    chinese = _strictly(raw, "gb18030")
    yield chinese if chinese is not None and _CHINESE.fullmatch(chinese) else None
