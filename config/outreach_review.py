"""Whether what the section `outreach` names is there."""

from config.document import Keys
from config.review import Review


def check(review: Review) -> None:
    """Run every check of this file."""
    seen: dict[str, Keys] = {}
    for item in review.items("outreach", "templates"):
        name = review.text(*item, "id")
        if name is not None:
            first = seen.setdefault(name, item)
            if first != item:
                review.refuse(
                    (*item, "id"),
                    f"{name!r} a second time",
                    "a name of its own",
                    f"the first is on line {review.line(first)}",
                )
        review.known_queue(*item, "queue_id")
