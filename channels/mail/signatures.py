"""DKIM signatures of a mail (RFC 6376): which keys they need, and which of them hold.

Verifying works through every byte, so it is done in the reader's process; that process has no
DNS, so the keys are asked for before, by names that stand in the header.
"""

import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import dkim

from channels.mail.ed25519 import teach
from channels.mail.guard import header_end

SIGNATURES_MAX: Final = 5
"""Of one mail, the topmost; a mail through a list has three."""
VERIFIED_BYTES_MAX: Final = 80 << 20
"""Of all signatures of one mail together: 25 MB take 1.7 s for each."""
KEY_BITS_MIN: Final = 1_024
"""RFC 8301 section 3.2."""
_FIELD: Final = re.compile(rb"(?im)^dkim-signature[ \t]*:([^\n]*(?:\n[ \t][^\n]*)*)")
_NAME: Final = re.compile(r"(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.){1,20}[a-z0-9-]{1,63}")
_SILENT: Final = logging.getLogger("warmline.mail.dkim")
_SILENT.disabled = True
"""The library logs addresses and headers."""


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature, verified.

    Attributes:
        domain: Who signs, in lower case.
        result: "pass", "fail", "partial" (it vouches for the beginning of the text only, so
            anything may stand behind it), or "error" (no key, or broken).
    """

    domain: str
    result: str


def key_names(raw: bytes, header_bytes_max: int) -> tuple[str, ...]:
    """Return under which names the signatures' keys stand in DNS, the topmost first."""
    return tuple(
        name
        for tags in _signatures(raw, header_bytes_max)
        if (name := _key_name(tags)) and _NAME.fullmatch(name)
    )


def verify(
    raw: bytes, keys: Mapping[str, str], header_bytes_max: int, shown: str = ""
) -> tuple[Signature, ...]:
    """Return what each signature is worth.

    Of a large mail that has many, not all are looked at.

    Args:
        raw: The mail as it came.
        keys: TXT records by the names that `key_names` returns; one that is missing is an error.
        header_bytes_max: As for `key_names`.
        shown: The domain in From: signatures that may speak for it are looked at first, the others
            from the topmost on.
    """
    teach()
    wanted = [
        (number, domain, "l" in tags)
        for number, tags in enumerate(_signatures(raw, header_bytes_max))
        if _NAME.fullmatch(domain := tags.get("d", "").lower())
    ]
    wanted.sort(key=lambda one: not f".{shown.lower()}".endswith(f".{one[1]}"))
    found: list[Signature] = []
    for number, domain, has_length in wanted[: max(VERIFIED_BYTES_MAX // max(len(raw), 1), 1)]:
        result = _result(raw, number, keys)
        # Whoever adds text behind what is signed would speak with the signer's voice.
        partial = result == "pass" and has_length
        found.append(Signature(domain, "partial" if partial else result))
    return tuple(found)


def _result(raw: bytes, number: int, keys: Mapping[str, str]) -> str:
    def key(name: bytes, timeout: float = 0.0) -> bytes | None:
        del timeout
        record = keys.get(name.decode("ascii", "replace").rstrip(".").lower())
        return None if record is None else record.encode()

    try:
        signed = dkim.DKIM(raw, logger=_SILENT, minkey=KEY_BITS_MIN)
        return "pass" if signed.verify(idx=number, dnsfunc=key) else "fail"
    except Exception:
        # The library raises its own errors and whatever broken numbers, keys and dates make
        # the standard library raise: none of them is a signature that holds.
        return "error"


def _signatures(raw: bytes, header_bytes_max: int) -> list[dict[str, str]]:
    end = max(header_end(raw, header_bytes_max), 0)
    header = raw[:end].replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    return [_tags(found[1]) for found in _FIELD.finditer(header)][:SIGNATURES_MAX]


def _tags(value: bytes) -> dict[str, str]:
    text = b"".join(value.split()).decode("ascii", "replace")
    parts = (piece.partition("=") for piece in text.split(";"))
    return {name.lower(): content for name, equals, content in parts if equals}


def _key_name(tags: Mapping[str, str]) -> str:
    return f"{tags.get('s', '')}._domainkey.{tags.get('d', '')}".lower()
