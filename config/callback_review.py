"""Whether the callbacks of a queue can be made as they are asked for."""

from collections.abc import Iterator

from config import emotion_review
from config.callback import Callback, CallbackNumbers
from config.document import Keys
from config.document import Mapping as MappingBranch
from config.emotion import Emotion
from config.numbers import canonical
from config.review import Review
from config.schema import QueueEntry


def check(review: Review) -> None:
    """Run every check of this file."""
    for item in review.items("queues"):
        section = (*item, "callback")
        if isinstance(review.document.at(section), MappingBranch):
            _lengths(review, section)
            _unlike(review, section)
            if review.yes(False, *section, "enabled"):
                _trunks(review, item)
                _keys(review, section)
                _room(review, item)
                _in_time(review, section)


def _trunks(review: Review, item: Keys) -> None:
    """Refuse callbacks of a queue none of whose trunks can dial out; warn where some cannot."""
    numbers = {canonical(number) for _, number in review.texts(*item, "numbers")}
    bringing = [trunk for trunk in review.items("trunks") if _brings(review, trunk, numbers)]
    mute = [
        trunk
        for trunk in bringing
        if not isinstance(review.document.at((*trunk, "outbound")), MappingBranch)
    ]
    keys = (*item, "callback", "enabled")
    if len(mute) == len(bringing):
        review.refuse(
            keys,
            "true, while no trunk that brings calls to this queue can dial out",
            "false, or a section outbound in such a trunk",
            "a customer is called back by the trunk that he came by",
        )
    for trunk in mute if len(mute) < len(bringing) else ():
        review.warn(
            keys,
            f"true, while trunk {review.text(*trunk, 'id')} cannot dial out",
            "a section outbound in every trunk that brings calls to this queue",
            "who comes by that trunk is not called back",
        )


def _brings(review: Review, trunk: Keys, numbers: set[str]) -> bool:
    own = {canonical(number) for _, number in review.texts(*trunk, "numbers")}
    return not own or bool(own & numbers)


def _keys(review: Review, section: Keys) -> None:
    """Refuse the key of a callback that says something about emotion as well."""
    if not emotion_review.enabled(review):
        return
    key = review.text(*section, "key") or Callback().key
    default = Emotion()
    for field in ("agree_key", "refuse_key"):
        standing = review.document.at(("emotion", field))
        other = getattr(default, field) if standing is None else review.text("emotion", field)
        if key == other:
            review.refuse(
                (*section, "key"),
                f"{key!r}, the key of emotion.{field}",
                "a key with one meaning",
                "write another one; our prompt names whatever key stands here",
            )


def _lengths(review: Review, section: Keys) -> None:
    default = CallbackNumbers()
    low = review.whole(default.digits_min, *section, "numbers", "digits_min")
    high = review.whole(default.digits_max, *section, "numbers", "digits_max")
    if low is not None and high is not None and low > high:
        keys = (*section, "numbers", "digits_min")
        review.refuse(keys, f"{low}", f"at most digits_max, {high}")


def _unlike(review: Review, section: Keys) -> None:
    """Warn of an allowed prefix of which every number is denied."""
    denied = [text for _, text in _prefixes(review, section, "denied")]
    for keys, allowed in _prefixes(review, section, "allowed"):
        stronger = next((one for one in denied if allowed.startswith(one)), None)
        if stronger is not None:
            review.warn(
                keys,
                f"{allowed!r}, which {stronger!r} under denied takes away",
                "a prefix that is not denied",
            )


def _prefixes(review: Review, section: Keys, field: str) -> Iterator[tuple[Keys, str]]:
    if review.document.at((*section, "numbers", field)) is None:
        for text in getattr(CallbackNumbers(), field):
            yield section, text
    yield from review.texts(*section, "numbers", field)


def _room(review: Review, item: Keys) -> None:
    """Warn of more callbacks than may wait in their queue at all."""
    waiting = review.whole(_default_waiting(), *item, "waiting_max")
    callbacks = review.whole(Callback().waiting_max, *item, "callback", "waiting_max")
    if waiting is not None and callbacks is not None and callbacks >= waiting:
        review.warn(
            (*item, "callback", "waiting_max"),
            f"{callbacks}",
            f"less than the queue's own waiting_max, {waiting}",
            "else callbacks alone can fill the queue",
        )


def _default_waiting() -> int:
    default: int = QueueEntry.model_fields["waiting_max"].default
    return default


def _in_time(review: Review, section: Keys) -> None:
    """Warn of a second attempt that always comes too late."""
    default = Callback()
    retry_s = review.number(default.retry_s, *section, "retry_s")
    hours = review.number(default.hours_max, *section, "hours_max")
    attempts = review.whole(default.attempts, *section, "attempts")
    if retry_s is None or hours is None or attempts is None or attempts == 1:
        return
    if retry_s >= hours * 3_600:
        review.warn(
            (*section, "retry_s"),
            f"{retry_s:g}",
            f"less than hours_max, {hours * 3_600:g} s",
            "else nobody is called a second time",
        )
