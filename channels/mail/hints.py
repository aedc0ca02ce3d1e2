"""What a mail's words hint at: its language, and that its writer complains or is in a hurry.

Hints only: they decide who is asked first, never what a customer is told.
"""

import re
from collections.abc import Mapping
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
_LETTER: Final = re.compile(r"[^\W\d_]")
_WORD: Final = re.compile(r"[a-z']+")
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
_URGENT: Final = re.compile(
    r"\burgent(?:ly)?\b|\bimmediately\b|\basap\b|\bas soon as possible\b"
    r"|紧急|緊急|加急|急件|马上|馬上|尽快|盡快|立即",
    re.IGNORECASE,
)


def language_of(text: str) -> str:
    """Return "zh" or "en"; "" when it is neither, or too little to tell.

    Chinese is told by its characters (Japanese has kana among them), English by its most common
    words, which no other language written in Latin letters has so many of.
    """
    looked_at = text[:LOOKED_AT_CHARACTERS]
    letters = len(_LETTER.findall(looked_at))
    if not letters:
        return ""
    han = len(_HAN.findall(looked_at))
    if han and len(_KANA.findall(looked_at)) < han / 4 and han >= HAN_SHARE_MIN * letters:
        return "zh"
    words = _WORD.findall(looked_at.lower())
    if not words or han > letters / 2:
        return ""
    common = sum(word in _ENGLISH for word in words)
    return "en" if common >= STOP_WORDS_MIN * len(words) and common >= min(2, len(words)) else ""


def complains(subject: str, text: str) -> bool:
    """Tell whether the words are those of a complaint, in English or Chinese."""
    return _COMPLAINT.search(f"{subject}\n{text[:LOOKED_AT_CHARACTERS]}") is not None


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
    if _URGENT.search(f"{subject}\n{text[:LOOKED_AT_CHARACTERS]}"):
        return 1
    if "low" in marked or "non-urgent" in marked or number in {"4", "5"}:
        return -1
    return 0
