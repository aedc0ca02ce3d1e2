"""Whether the opening hours of a queue speak of calendars and queues that there are."""

from config.review import Review


def check(review: Review) -> None:
    """Run every check of this file."""
    for item in review.items("queues"):
        section = (*item, "opening")
        review.known_calendar(*section, "calendar")
        other = (*section, "other_queue")
        review.known_queue(*other)
        name = review.text(*other)
        if name is not None and name == review.text(*item, "id"):
            review.refuse(other, f"{name!r}, the queue itself", "another queue")
