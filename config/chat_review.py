"""Whether the section `chat` fits together: its widgets, its queues, its keys, its ports."""

from config.document import Mapping as MappingBranch
from config.resources import secret_value
from config.review import Review
from config.webhook_review import safe_url, signing_secret

KEY_BYTES_MIN = 32
"""RFC 7518 section 3.2: a key of HS256 has at least 256 bits."""


def check(review: Review) -> None:
    """Run every check of this file."""
    if not isinstance(review.document.at(("chat",)), MappingBranch):
        return
    _widgets(review)
    if isinstance(review.document.at(("chat", "push")), MappingBranch):
        safe_url(review, ("chat", "push"))
        signing_secret(review, ("chat", "push"))
    if isinstance(review.document.at(("chat", "identity")), MappingBranch):
        _identity(review)
    if review.yes(False, "chat", "enabled"):
        _usable(review)


def _widgets(review: Review) -> None:
    seen: dict[str, int] = {}
    for item in review.items("chat", "widgets"):
        widget_id = review.text(*item, "id")
        if widget_id is not None:
            first = seen.setdefault(widget_id, review.line(item))
            if first != review.line(item):
                review.refuse(
                    (*item, "id"),
                    f"{widget_id!r} a second time",
                    "each widget once",
                    f"the first is on line {first}",
                )
        review.known_queue(*item, "queue_id")


def _identity(review: Review) -> None:
    keys = ("chat", "identity", "key")
    value = secret_value(review, keys)
    if value is None:
        return
    algorithm = review.text("chat", "identity", "algorithm") or "HS256"
    is_pem = "-----BEGIN" in value
    if algorithm == "HS256" and (is_pem or len(value.encode()) < KEY_BYTES_MIN):
        found = "a key in PEM" if is_pem else f"a secret of {len(value.encode())} bytes"
        review.refuse(keys, found, f"a secret of at least {KEY_BYTES_MIN} bytes for HS256")
    elif algorithm != "HS256" and (not is_pem or "PRIVATE KEY" in value):
        found = "a private key" if is_pem else "no PEM"
        review.refuse(keys, found, f"a public key in PEM for {algorithm}")


def _usable(review: Review) -> None:
    """Refuse a chat that nobody can reach; warn of one that no page may show."""
    if not list(review.items("chat", "widgets")):
        review.refuse(
            ("chat", "enabled"),
            "true, without a widget",
            "at least one entry in chat.widgets",
            "a widget says in which queue its customers wait",
        )
    origins = list(review.texts("chat", "allowed_origins"))
    identity = isinstance(review.document.at(("chat", "identity")), MappingBranch)
    if not origins and not identity and not review.yes(False, "chat", "demo"):
        review.warn(
            ("chat", "enabled"),
            "true, while no page may connect",
            "the origin of your site in chat.allowed_origins",
            "programs need chat.identity",
        )
    for keys, origin in origins:
        host = origin.partition("://")[2].partition(":")[0]
        if origin.lower().startswith("http:") and host not in ("localhost", "127.0.0.1"):
            review.warn(
                keys,
                f"{origin!r}, a page without TLS",
                "an origin that begins with https://",
                "whoever is on the way can change such a page",
            )
