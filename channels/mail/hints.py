"""What a mail's words hint at: its language, and that its writer complains or is in a hurry.

Hints only: they decide who is asked first, never what a customer is told.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Final

LOOKED_AT_CHARACTERS: Final = 5_000
"""Of a text; who writes more has shown his language by then."""
HAN_SHARE_MIN: Final = 0.15
"""Of the letters: Chinese texts on computers are full of Latin names, and one Chinese character
says as much as three or four letters."""
STOP_WORDS_MIN: Final = 0.08
"""Of the words: English has a fifth of these, German and French a twentieth at most."""
_HAN: Final = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]")
_KANA: Final = re.compile(r"[\u3040-\u30ff]")
_LETTERS: Final = re.compile(r"[^\W\d_]+")
_WORD: Final = re.compile(r"[a-z']+")
_NO_WORD: Final = {code: " " for code in range(128) if not chr(code).islower() and chr(code) != "'"}
"""What parts the words of a text that is all ASCII, found far quicker than by a search."""
_ENGLISH: Final = frozenset((
    "the", "be", "to", "of", "and", "a", "in", "that", "have", "i", "it", "for", "not",
    "on", "with", "he", "as", "you", "do", "at", "this", "but", "his", "by", "from", "they",
    "we", "say", "her", "she", "or", "an", "will", "my", "one", "all", "would", "there",
    "their", "what", "so", "up", "out", "if", "about", "who", "get", "which", "me", "when",
    "can", "is", "are", "was", "has", "had", "been", "your", "please", "hello", "dear",
    "thanks", "thank", "regards", "hi",
))  # fmt: skip
_COMPLAINT: Final = re.compile(
    r"\bcomplain(?:t|ts|ing|ed)?\b|\bunacceptable\b|\brefund\b|\bdisappointed\b|\blawyer\b"
    r"|\bterrible (?:service|experience)\b|\bconsumer protection\b|\bcancel my (?:contract|order)\b"
    r"|投诉|投訴|差评|差評|退款|赔偿|賠償|不满意|不滿意|太差|忍无可忍|消费者协会|消协|工商局|律师|律師|12315",
    re.IGNORECASE,
)
_COMPLAINT_SIGNS: Final = (
    *("complain", "unacceptable", "refund", "disappointed", "lawyer", "terrible ", "12315"),
    *("consumer protection", "cancel my ", "投诉", "投訴", "差评", "差評", "退款", "赔偿", "賠償"),
    *("不满意", "不滿意", "太差", "忍无可忍", "消费者协会", "消协", "工商局", "律师", "律師"),
)
"""Without one of these, case folded, there is no complaint; they are looked for far quicker."""
_URGENT: Final = re.compile(
    r"\burgent(?:ly)?\b|\bimmediately\b|\basap\b|\bas soon as possible\b"
    r"|紧急|緊急|加急|急件|马上|馬上|尽快|盡快|立即",
    re.IGNORECASE,
)
_URGENT_SIGNS: Final = (
    *("urgent", "immediately", "asap", "as soon as possible", "紧急", "緊急", "加急", "急件"),
    *("马上", "馬上", "尽快", "盡快", "立即"),
)


def language_of(text: str) -> str:
    """Return "zh" or "en"; "" when it is neither, or too little to tell.

    Chinese is told by its characters (Japanese has kana among them), English by its most common
    words, which no other language written in Latin letters has so many of.
    """
    looked_at = text[:LOOKED_AT_CHARACTERS]
    if looked_at.isascii():
        words = looked_at.lower().translate(_NO_WORD).split()
        return "en" if words and _is_english(words) else ""
    letters = sum(map(len, _LETTERS.findall(looked_at)))
    if not letters:
        return ""
    han = len(_HAN.findall(looked_at))
    if han and len(_KANA.findall(looked_at)) < han / 4 and han >= HAN_SHARE_MIN * letters:
        return "zh"
    words = _WORD.findall(looked_at.lower())
    if not words or han > letters / 2:
        return ""
    return "en" if _is_english(words) else ""


def _is_english(words: Sequence[str]) -> bool:
    common = sum(map(_ENGLISH.__contains__, words))
    return common >= STOP_WORDS_MIN * len(words) and common >= min(2, len(words))


def complains(subject: str, text: str) -> bool:
    """Tell whether the words are those of a complaint, in English or Chinese."""
    return _says(_COMPLAINT, _COMPLAINT_SIGNS, subject, text)


def urgency(headers: Mapping[str, str], subject: str, text: str) -> int:
    """Return steps of priority, -1 to 1: what the sender marks, then what he writes.

    Args:
        headers: The mail's kept fields: importance, x-priority, priority (RFC 2156, RFC 4021).
        subject: Decoded.
        text: His own words.
    """
    marked = " ".join(headers.get(name, "").lower() for name in ("importance", "priority"))
    number = headers.get("x-priority", "").strip()[:1]
    if "high" in marked or "urgent" in marked.replace("non-urgent", "low") or number in {"1", "2"}:
        return 1
    if _says(_URGENT, _URGENT_SIGNS, subject, text):
        return 1
    if "low" in marked or "non-urgent" in marked or number in {"4", "5"}:
        return -1
    return 0


def _says(wanted: re.Pattern[str], signs: Sequence[str], subject: str, text: str) -> bool:
    said = f"{subject}\n{text[:LOOKED_AT_CHARACTERS]}"
    folded = said.casefold()
    return any(sign in folded for sign in signs) and wanted.search(said) is not None
