"""Which codecs we answer with.

PJMEDIA answers with the first codec of the offer that it knows. Many telephones offer
G.722 first; in a conference at 8 kHz it costs work on both sides and carries nothing
more, so it is answered only to telephones that have no G.711.
"""

from typing import Final

_G711: Final = frozenset({"0", "8"})
_G722: Final = "9"
"""Static payload types of RFC 3551 table 4."""


def narrowed(own: str, offer: str) -> str | None:
    """Return our SDP without G.722; None when it stays as it is.

    Args:
        own: The SDP that we would answer with.
        offer: The SDP that we answer, "" when we make the offer.
    """
    if not any(_G711 & _payload_types(line) for line in offer.splitlines()):
        return None
    lines = own.splitlines()
    if not any(_G722 in _payload_types(line) for line in lines):
        return None
    kept = (line for line in lines if not line.startswith((f"a=rtpmap:{_G722} ", "a=fmtp:9 ")))
    return "".join(_without_g722(line) + "\r\n" for line in kept)


def _payload_types(line: str) -> set[str]:
    """Return the payload types of an audio media line (RFC 4566 section 5.14), or nothing."""
    return set(line.split()[3:]) if line.startswith("m=audio ") else set()


def _without_g722(line: str) -> str:
    if not line.startswith("m=audio "):
        return line
    words = line.split()
    return " ".join([*words[:3], *(word for word in words[3:] if word != _G722)])
