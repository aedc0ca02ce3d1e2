"""Whether the times of conversations fit together."""

from typing import Final

from config.conversations import Conversations
from config.review import Review

_SECTION: Final = "conversations"


def check(review: Review) -> None:
    """Run every check of this file."""
    default = Conversations()
    warn_s = review.number(default.idle_warn_s, _SECTION, "idle_warn_s")
    close_s = review.number(default.idle_close_s, _SECTION, "idle_close_s")
    if warn_s is not None and close_s is not None and warn_s >= close_s:
        review.refuse(
            (_SECTION, "idle_warn_s"),
            f"{warn_s:g}",
            f"less than idle_close_s, {close_s:g}",
            "a chat is warned before it closes, and not when it begins",
        )
    away_s = review.number(default.away_s, _SECTION, "away_s")
    if away_s is not None and close_s is not None and away_s > close_s:
        review.warn(
            (_SECTION, "away_s"),
            f"{away_s:g}",
            f"at most idle_close_s, {close_s:g}",
            "else a chat closes before anybody learns that its customer is away",
        )
