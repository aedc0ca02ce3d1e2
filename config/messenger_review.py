"""Whether what the section `messengers` names is there, and safe to send to."""

from typing import Final

from config.document import Keys
from config.review import Review
from config.webhook_review import safe_url, signing_secret

RESERVED: Final = ("chat", "mail")
"""Where conversations take place without a messenger."""


def check(review: Review) -> None:
    """Run every check of this file."""
    seen: dict[str, Keys] = {}
    for item in review.items("messengers"):
        safe_url(review, item)
        _name(review, item)
        review.known_queue(*item, "queue_id")
        _secret(review, item, seen)


def _name(review: Review, item: Keys) -> None:
    name = review.text(*item, "id")
    if name in RESERVED:
        told = ", ".join(RESERVED)
        review.refuse((*item, "id"), f"{name!r}", f"any other name than {told}")


def _secret(review: Review, item: Keys, seen: dict[str, Keys]) -> None:
    value = signing_secret(review, item)
    if value is None:
        return
    keys = (*item, "secret")
    first = seen.setdefault(value, keys)
    if first != keys:
        review.warn(
            keys,
            "the secret of another messenger",
            "one of its own",
            f"the first is on line {review.line(first)}; each adapter could write for the other",
        )
