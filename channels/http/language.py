"""Which language an answer's sentences are in: what is asked for, else what the client prefers."""

from typing import Annotated

from fastapi import Depends, Header, Query

from config.values import Language
from domain.decision_words import LANGUAGES

ACCEPT_MAX = 200
"""Characters of `Accept-Language` that are looked at."""


def preferred(accept: str) -> Language:
    """Return the language of ours that a client likes best; English where there is none.

    Args:
        accept: The header field `Accept-Language` (RFC 9110 section 12.5.4).
    """
    best: tuple[float, Language] = (0.0, "en")
    for part in accept[:ACCEPT_MAX].split(","):
        tag, _, weight = part.strip().partition(";")
        primary = tag.strip().partition("-")[0].lower()
        if primary not in LANGUAGES:
            continue
        name, _, value = weight.strip().partition("=")
        try:
            quality = float(value) if name.strip() == "q" else 1.0
        except ValueError:
            continue
        if quality > best[0]:
            best = (quality, "zh" if primary == "zh" else "en")
    return best[1]


def spoken(
    language: Annotated[
        Language | None,
        Query(description="Of the sentences; nothing: see `Accept-Language`.", examples=["zh"]),
    ] = None,
    accept_language: Annotated[
        str, Header(description="Decides where `language` is not given.", examples=["zh-CN,en"])
    ] = "",
) -> Language:
    """Return the language that a request asks for."""
    return language if language is not None else preferred(accept_language)


Spoken = Annotated[Language, Depends(spoken)]
