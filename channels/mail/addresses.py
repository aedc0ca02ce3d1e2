"""Mail addresses as they are compared, and which mailbox each of ours belongs to."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from config.mail import MailBox, MailTopic

POSTMASTER: Final = "postmaster"
"""Every domain that takes mail takes his (RFC 5321 section 4.5.1)."""


def split(address: str) -> tuple[str, str, str]:
    """Return name, what stands after the first + in it, and domain, as they are compared.

    Capital letters make no difference, and a domain may be written in Punycode (RFC 5890).
    """
    local, at, domain = address.strip().rpartition("@")
    if not at:
        local, domain = domain, ""
    name, _, token = local.partition("+")
    return name.casefold(), token.casefold(), _unicode(domain.rstrip(".").casefold())


def _unicode(domain: str) -> str:
    if "xn--" not in domain:
        return domain
    try:
        return domain.encode("ascii").decode("idna").casefold()
    except UnicodeError:
        return domain


@dataclass(frozen=True, slots=True)
class BoxPlace:
    """Where a mail waits.

    Attributes:
        topic: What it is about; "" when no word tells.
    """

    queue_id: str
    topic: str = ""
    priority: int = 0


def place_of(box: MailBox, subject: str, text: str) -> BoxPlace:
    """Return in which queue a mail waits, by the words in it."""
    words = f"{subject}\n{text}".casefold()
    for entry in box.topics:
        if any(word.casefold() in words for word in entry.words):
            return BoxPlace(entry.queue or box.queue, entry.topic, entry.priority)
    return BoxPlace(box.queue)


class Boxes:
    """The mailboxes by their addresses."""

    def __init__(self, boxes: Sequence[MailBox]) -> None:
        """Take the mailboxes of the configuration."""
        assert boxes, "mail without a mailbox is refused by the configuration"
        self._boxes: dict[str, MailBox] = {box.id: box for box in boxes}
        self._first = boxes[0]
        self._by_address: dict[tuple[str, str], MailBox] = {}
        for box in boxes:
            for address in box.addresses:
                name, _, domain = split(address)
                self._by_address.setdefault((name, domain), box)
        for box in boxes:
            for address in box.addresses:
                _, _, domain = split(address)
                self._by_address.setdefault((POSTMASTER, domain), box)

    def get(self, box_id: str) -> MailBox | None:
        """Return a mailbox by its id."""
        return self._boxes.get(box_id)

    def of_address(self, address: str) -> MailBox | None:
        """Return the mailbox of an address, with or without a token; None: it is not ours."""
        name, _, domain = split(address)
        if name == POSTMASTER and not domain:
            return self._first
        return self._by_address.get((name, domain))

    def of_queue(self, queue_id: str) -> MailBox:
        """Return the mailbox that brings mail to a queue; the first one when none does."""
        for box in self._boxes.values():
            if box.queue == queue_id:
                return box
        for box in self._boxes.values():
            if any(_leads(topic, queue_id) for topic in box.topics):
                return box
        return self._first

    def is_own(self, address: str) -> bool:
        """Tell whether an address is one of ours."""
        return self.of_address(address) is not None


def _leads(topic: MailTopic, queue_id: str) -> bool:
    return topic.queue == queue_id
