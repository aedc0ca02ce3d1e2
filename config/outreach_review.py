"""Whether what the section `outreach` names is there."""

from config.document import Keys
from config.explain import nearest
from config.review import Review


def check(review: Review) -> None:
    """Run every check of this file."""
    known = [name for queue in review.items("queues") if (name := review.text(*queue, "id"))]
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
        queue = review.text(*item, "queue_id")
        if queue is not None and queue not in known:
            meant = nearest(queue, known)
            hint = f"did you mean {meant}?" if meant else ""
            review.refuse(
                (*item, "queue_id"), f"{queue!r}, which is no queue", "the name of a queue", hint
            )
