"""Whether what the section `messengers` names is there, and safe to send to."""

from typing import Final

from config.document import Keys
from config.explain import nearest
from config.review import Review
from config.webhook_review import safe_url, signing_secret

RESERVED: Final = ("chat", "mail")
"""Where conversations take place without a messenger."""


def check(review: Review) -> None:
    """Run every check of this file."""
    known = [name for queue in review.items("queues") if (name := review.text(*queue, "id"))]
    seen: dict[str, Keys] = {}
    for item in review.items("messengers"):
        safe_url(review, item)
        _name(review, item)
        _queue(review, item, known)
        _secret(review, item, seen)


def _name(review: Review, item: Keys) -> None:
    name = review.text(*item, "id")
    if name in RESERVED:
        told = ", ".join(RESERVED)
        review.refuse((*item, "id"), f"{name!r}", f"any other name than {told}")


def _queue(review: Review, item: Keys, known: list[str]) -> None:
    name = review.text(*item, "queue_id")
    if name is not None and name not in known:
        meant = nearest(name, known)
        hint = f"did you mean {meant}?" if meant else ""
        review.refuse(
            (*item, "queue_id"), f"{name!r}, which is no queue", "the name of a queue", hint
        )


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
