"""Whether the rules of `tickets` speak of queues, people and calendars that there are."""

from typing import Final

from config import emotion_review
from config.document import Keys
from config.explain import nearest
from config.review import Review
from config.tickets import Tickets

_SECTION: Final = "tickets"
_ONLY: Final = {"words": "complaint", "mood_min": "angry", "wait_s_min": "unanswered"}
"""Fields that one kind of rule alone looks at."""


def check(review: Review) -> None:
    """Run every check of this file."""
    queues = _ids(review, "queues")
    agents = _ids(review, "agents")
    names: dict[str, Keys] = {}
    for item in review.items(_SECTION, "rules"):
        name = review.text(*item, "id")
        if name is not None and names.setdefault(name, item) != item:
            review.refuse(
                (*item, "id"),
                f"{name!r} a second time",
                "each name once",
                f"the first is on line {review.line(names[name])}",
            )
        for keys, queue in review.texts(*item, "queues"):
            _known(review, keys, queue, queues, "queue")
        for field, known, kind in (("queue_id", queues, "queue"), ("owner", agents, "agent")):
            text = review.text(*item, field)
            if text is not None:
                _known(review, (*item, field), text, known, kind)
        _fits(review, item)
    calendar = review.text(_SECTION, "calendar")
    if calendar is not None:
        keys = (_SECTION, "calendar")
        _known(review, keys, calendar, _ids(review, "business_hours"), "calendar of business_hours")
    _in_time(review)


def _fits(review: Review, item: Keys) -> None:
    """Warn of what a rule of this kind does not look at, and of one that never fits."""
    when = review.text(*item, "when")
    for field, kind in _ONLY.items():
        if when is not None and when != kind and review.document.at((*item, field)) is not None:
            review.warn(
                (*item, field), f"{field} in a rule for {when}", f"{field} beside when: {kind}"
            )
    if when == "angry" and not emotion_review.enabled(review):
        review.warn(
            (*item, "when"),
            "angry, while emotion is not enabled",
            "emotion.enabled: true",
            "no mood is known, so this rule opens nothing",
        )


def _in_time(review: Review) -> None:
    """Warn of solved tickets that customers cannot open again for as long as they are there."""
    default = Tickets()
    close = review.number(default.close_solved_after_days, _SECTION, "close_solved_after_days")
    reopen = review.number(default.reopen_days, _SECTION, "reopen_days")
    if close is not None and reopen is not None and reopen < close:
        keys = (_SECTION, "reopen_days")
        if review.document.at(keys) is None:
            keys = (_SECTION, "close_solved_after_days")
        review.warn(
            keys,
            f"reopen_days {reopen:g} under close_solved_after_days {close:g}",
            "reopen_days of at least close_solved_after_days",
            "what a customer writes in between would open nothing",
        )


def _ids(review: Review, section: str) -> list[str]:
    found = (review.text(*item, "id") for item in review.items(section))
    return [name for name in found if name is not None]


def _known(review: Review, keys: Keys, name: str, known: list[str], kind: str) -> None:
    if name not in known:
        meant = nearest(name, known)
        review.refuse(
            keys, f"{name!r}", f"the id of a {kind}", f"did you mean {meant}?" if meant else ""
        )
