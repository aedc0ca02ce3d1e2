"""Whether what the section `webhooks` names is there, and safe to send to."""

from typing import Final
from urllib.parse import urlsplit

from config import emotion_review
from config.document import Keys
from config.resources import secret_value
from config.review import Review
from config.webhooks import (
    ALERT_EVENTS,
    KEY_BYTES_MAX,
    KEY_BYTES_MIN,
    KEY_PREFIX,
    is_near,
    signing_key,
)
from domain.errors import ConfigurationError

_SECTION: Final = "webhooks"


def check(review: Review) -> None:
    """Run every check of this file."""
    keys_seen: dict[str, Keys] = {}
    for item in review.items(_SECTION):
        safe_url(review, item)
        _secret(review, item, keys_seen)
        for keys, _ in review.texts(*item, "queues"):
            review.known_queue(*keys)
        _never_sent(review, item)


def safe_url(review: Review, item: Keys) -> None:
    """Refuse to send over the open Internet what everybody on the way can read."""
    url = review.text(*item, "url")
    allowed = review.yes(False, *item, "allow_http")
    try:
        parts = urlsplit(url or "")
    except ValueError:
        return  # The schema has refused it.
    if parts.scheme == "http" and parts.hostname and not allowed and not is_near(parts.hostname):
        review.refuse(
            (*item, "url"),
            f"http to {parts.hostname}",
            "https, or http to localhost or an address of a private network",
            "or allow_http: true, where a private network has names",
        )


def signing_secret(review: Review, item: Keys) -> str | None:
    """Return the secret that signs; None: it is refused, or secrets are not looked up."""
    keys = (*item, "secret")
    value = secret_value(review, keys)
    if value is None:
        return None
    try:
        signing_key(value)
    except ConfigurationError as error:
        review.refuse(
            keys,
            str(error),
            f"{KEY_PREFIX} and {KEY_BYTES_MIN} to {KEY_BYTES_MAX} bytes in Base64",
            f"make one with: echo {KEY_PREFIX}$(openssl rand -base64 32)",
        )
        return None
    return value


def _secret(review: Review, item: Keys, seen: dict[str, Keys]) -> None:
    value = signing_secret(review, item)
    if value is None:
        return
    keys = (*item, "secret")
    first = seen.setdefault(value, keys)
    if first != keys:
        review.warn(
            keys,
            "the secret of another webhook",
            "one of its own",
            f"the first is on line {review.line(first)}; each receiver could sign for the other",
        )


def _never_sent(review: Review, item: Keys) -> None:
    """Warn of a webhook for alerts where no alert can rise."""
    wanted = [name for _, name in review.texts(*item, "events")] or list(ALERT_EVENTS)
    if set(wanted) <= set(ALERT_EVENTS) and not emotion_review.enabled(review):
        review.warn(
            item,
            "a webhook for alerts alone, while no emotion is read",
            "emotion.enabled true, or events of other types",
        )
