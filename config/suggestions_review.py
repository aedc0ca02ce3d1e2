"""Whether each of the `suggestions` is about one thing, and which only once."""

from typing import Final

from config.document import Keys
from config.review import Review

_SECTION: Final = "suggestions"


def check(review: Review) -> None:
    """Run every check of this file."""
    names: dict[str, Keys] = {}
    needs: dict[tuple[str, str], Keys] = {}
    for item in review.items(_SECTION, "entries"):
        _about_one_thing(review, item, needs)
        name = review.text(*item, "id")
        if name is not None and names.setdefault(name, item) != item:
            review.refuse(
                (*item, "id"),
                f"{name!r} a second time",
                "each name once",
                _first(review, names[name]),
            )


def _about_one_thing(review: Review, item: Keys, seen: dict[tuple[str, str], Keys]) -> None:
    """Refuse neither or both of topic and product, and a need that another entry is about."""
    there = {kind: review.text(*item, kind) for kind in ("topic", "product")}
    given = {kind: name for kind, name in there.items() if name is not None}
    if len(given) != 1:
        found = "neither topic nor product" if not given else "topic and product"
        review.refuse(item, found, "one of them", "write two entries where it is about both")
        return
    (need,) = given.items()
    first = seen.setdefault(need, item)
    if first != item:
        kind, name = need
        review.refuse(
            (*item, kind), f"{name!r} a second time", f"each {kind} once", _first(review, first)
        )
    elif "product" not in given and review.document.at((*item, "again")) is not None:
        review.warn(
            (*item, "again"),
            "again, for a topic",
            "again beside product",
            "a matter may always come again",
        )


def _first(review: Review, item: Keys) -> str:
    return f"the first is on line {review.line(item)}"
