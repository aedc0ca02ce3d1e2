"""Whether what the section `mail` names is there, and fits together."""

from typing import Final

from config.document import Keys
from config.document import Mapping as MappingBranch
from config.explain import nearest
from config.mail import LOCAL_PART_BYTES_MAX
from config.resources import certificate, secret_value
from config.review import Review
from config.webhooks import is_near

_SECTION: Final = "mail"
TOKEN_LETTERS: Final = 45
"""A +, `b_` and 42 letters that name a mail in its return address; see channels/mail/verp.py."""
PEM: Final = b"PRIVATE KEY-----"
KEY_BYTES_MAX: Final = 65_536


def check(review: Review) -> None:
    """Run every check of this file."""
    _ids(review)
    _addresses(review)
    _queues(review)
    _accounts(review)
    _listeners(review)
    _sending(review)
    _keys(review)
    if review.yes(False, _SECTION, "enabled"):
        _something_to_do(review)


def _ids(review: Review) -> None:
    for section in ("boxes", "imap"):
        first: dict[str, Keys] = {}
        for item in review.items(_SECTION, section):
            name = review.text(*item, "id")
            if name is not None:
                _once(review, first, name, (*item, "id"))


def _once(review: Review, first: dict[str, Keys], name: str, keys: Keys) -> None:
    earlier = first.setdefault(name.casefold(), keys)
    if earlier != keys:
        review.refuse(
            keys,
            f"{name!r} a second time",
            "each once",
            f"the first is on line {review.line(earlier)}",
        )


def _addresses(review: Review) -> None:
    """Refuse an address of two mailboxes, and a return address with no room for its token."""
    first: dict[str, Keys] = {}
    for item in review.items(_SECTION, "boxes"):
        for keys, address in review.texts(*item, "addresses"):
            _once(review, first, address, keys)
    if not isinstance(review.document.at((_SECTION, "send")), MappingBranch):
        return
    place: Keys = (_SECTION, "bounces")
    if review.text(*place) is None:
        place = (_SECTION, "boxes", 0, "addresses", 0)
    local = (review.text(*place) or "").partition("@")[0]
    room = LOCAL_PART_BYTES_MAX - TOKEN_LETTERS
    if len(local.encode()) > room:
        review.refuse(
            place,
            f"a return address with {len(local.encode())} bytes before the @",
            f"at most {room} bytes: a token of {TOKEN_LETTERS} is added for each mail",
            "name a short one with mail.bounces, such as bounces@example.org",
        )


def _queues(review: Review) -> None:
    for item in review.items(_SECTION, "boxes"):
        review.known_queue(*item, "queue")
        for topic in review.items(*item, "topics"):
            review.known_queue(*topic, "queue")


def _accounts(review: Review) -> None:
    """Refuse an account of no mailbox, without a password, or with one that all can read."""
    boxes = [name for box in review.items(_SECTION, "boxes") if (name := review.text(*box, "id"))]
    for item in review.items(_SECTION, "imap"):
        name = review.text(*item, "box")
        if name is not None and name not in boxes:
            meant = nearest(name, boxes)
            hint = f"did you mean {meant}?" if meant else ""
            keys = (*item, "box")
            review.refuse(keys, f"{name!r}, which is no mailbox", "the id of a mailbox", hint)
        secret_value(review, (*item, "password"))
        host = review.text(*item, "host")
        if review.text(*item, "tls") == "none" and host and not is_near(host):
            review.refuse(
                (*item, "tls"),
                f"none, while {host} is not of this machine or a private network",
                "tls or starttls",
                "the password and all mail could be read on the way",
            )


def _listeners(review: Review) -> None:
    smtp: Keys = (_SECTION, "receive", "smtp")
    if not isinstance(review.document.at(smtp), MappingBranch):
        return
    named = [review.text(*smtp, field) for field in ("certificate", "private_key")]
    required = review.yes(False, *smtp, "require_tls")
    if required or any(named):
        certificate(review, smtp, "STARTTLS")


def _sending(review: Review) -> None:
    send: Keys = (_SECTION, "send")
    if not isinstance(review.document.at(send), MappingBranch):
        return
    username = review.text(*send, "username")
    has_password = review.document.at((*send, "password")) is not None
    if (username is None) == has_password:
        review.refuse(
            (*send, "password" if has_password else "username"),
            "a password without username" if has_password else "a username without password",
            "both or neither",
        )
    if has_password:
        secret_value(review, (*send, "password"))
    host = review.text(*send, "host")
    if review.text(*send, "tls") == "none" and host and not is_near(host):
        review.refuse(
            (*send, "tls"),
            f"none, while {host} is not of this machine or a private network",
            "starttls or tls",
            "all mail could be read on the way",
        )


def _keys(review: Review) -> None:
    """Refuse a key that is missing or none, and two keys under one name."""
    first: dict[str, Keys] = {}
    for item in review.items(_SECTION, "dkim"):
        domain, selector = review.text(*item, "domain"), review.text(*item, "selector")
        if domain is not None and selector is not None:
            _once(review, first, f"{selector}._domainkey.{domain}", (*item, "selector"))
        path = review.file_at(*item, "key")
        if path is None or review.environ is None:
            continue  # Secrets are not looked up.
        keys = (*item, "key")
        try:
            with path.open("rb") as file:
                text = file.read(KEY_BYTES_MAX)
        except OSError as error:
            review.refuse(
                keys, f"{str(path)!r}: {error.strerror}", "a PEM file that this process may read"
            )
            continue
        if PEM not in text or b"ENCRYPTED" in text:
            review.refuse(keys, f"{str(path)!r}, no private key", "an unencrypted PEM file")


def _something_to_do(review: Review) -> None:
    """Refuse mail without mailboxes; warn of mailboxes that nothing reaches or answers."""
    keys: Keys = (_SECTION, "enabled")
    if not list(review.items(_SECTION, "boxes")):
        review.refuse(keys, "true, without a mailbox", "false, or an entry in mail.boxes")
        return
    ways = [(_SECTION, "receive", "smtp"), (_SECTION, "receive", "lmtp")]
    comes_in = any(isinstance(review.document.at(way), MappingBranch) for way in ways)
    if not comes_in and not list(review.items(_SECTION, "imap")):
        review.warn(
            keys,
            "true, while mail comes in nowhere",
            "mail.receive.smtp, mail.receive.lmtp or an entry in mail.imap",
        )
    if not isinstance(review.document.at((_SECTION, "send")), MappingBranch):
        review.warn(keys, "true, while no mail goes out", "mail.send, so that agents can answer")
    if not comes_in and isinstance(review.document.at((_SECTION, "send")), MappingBranch):
        review.warn(
            (_SECTION, "send"),
            "mail that goes out while none is received but by IMAP",
            "a mailbox that also holds mail to its own +tokens",
            "answers and bounces come back to them",
        )
