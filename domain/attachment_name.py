"""What a file may be called: the sender's name for it, without what harms whoever saves it."""

import re
import unicodedata
from typing import Final

NAME_CHARACTERS_MAX: Final = 200
"""File systems take 255 bytes; 200 characters of most names fit, and nobody reads more."""
ENDING_CHARACTERS_MAX: Final = 16
NAMELESS: Final = "file"

_SEPARATORS: Final = re.compile(r"[/\\]")
_FORBIDDEN: Final = frozenset('<>:"|?*')
"""Windows has files of none of these."""
_RESERVED: Final = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³])(\.|$)", re.I)
"""Devices of Windows, with any ending."""
_UNSEEN: Final = frozenset(("Cc", "Cf", "Cs", "Co", "Zl", "Zp"))
"""Control characters, and format characters such as U+202E, with which "gpj.exe" is shown
turned round (Unicode Technical Report 36, section 3.1)."""


def clean_name(name: str) -> str:
    """Return a name that is safe to show and to save under, in full Unicode; never "".

    Without folders, control, format and bidirectional characters, reserved names, leading dots
    and trailing dots and spaces; at most 200 characters, of which the ending is kept.
    """
    last = _SEPARATORS.split(unicodedata.normalize("NFC", name))[-1]
    kept = "".join(
        "_" if character in _FORBIDDEN else character
        for character in last
        if unicodedata.category(character) not in _UNSEEN
    )
    kept = " ".join(kept.split()).lstrip(". ").rstrip(". ")
    if _RESERVED.match(kept):
        kept = f"_{kept}"
    if len(kept) > NAME_CHARACTERS_MAX:
        stem, dot, ending = kept.rpartition(".")
        if not dot or len(ending) > ENDING_CHARACTERS_MAX:
            stem, dot, ending = kept, "", ""
        kept = stem[: NAME_CHARACTERS_MAX - len(dot + ending)].rstrip(". ") + dot + ending
    return kept or NAMELESS
