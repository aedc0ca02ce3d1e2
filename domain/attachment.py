"""An attachment: a file that came with a message, kept by its content outside the database."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final

SHOWN: Final = frozenset(("image/png", "image/jpeg", "image/gif", "image/webp"))
"""Types that may be shown inside a page: nothing in them runs. All others are saved."""


class Scan(StrEnum):
    """What is known of a file's harmlessness."""

    NONE = "none"
    """No scanner is configured."""
    WAITING = "waiting"
    """The scanner could not be reached yet; nobody may open it meanwhile."""
    CLEAN = "clean"
    INFECTED = "infected"
    """It is kept shut; its content is never handed out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """One file of one message.

    Attributes:
        attachment_id: 32 hexadecimal digits.
        name: As the sender called it, cleaned of paths and control characters; personal data.
        media_type: What its bytes say it is, such as "image/png"; never what the sender claims
            where that disagrees.
        bytes: Its size.
        content_hash: SHA-256 of its bytes, 64 hexadecimal digits: the name under which it is kept.
        inline_id: Content-ID by which the HTML of a mail shows it; "" when it does not.
    """

    attachment_id: str
    name: str = field(repr=False)
    media_type: str
    bytes: int
    content_hash: str
    uploaded_at: datetime
    scan: Scan = Scan.NONE
    inline_id: str = ""

    @property
    def opens(self) -> bool:
        """Whether its content may be handed out."""
        return self.scan in {Scan.NONE, Scan.CLEAN}
