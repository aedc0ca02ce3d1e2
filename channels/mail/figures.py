"""What mail counts, for `/metrics`."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Final

from domain.distribution import Distribution

TAKE_EDGES_S: Final = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0)
"""From one small mail to one with 25 MB of attachments on a busy machine."""
WAY_EDGES_S: Final = (0.5, 1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 3_600.0, 14_400.0, 86_400.0)
"""From a mail that goes out at once to one that was put off for a day."""


@dataclass(slots=True, kw_only=True)
class MailFigures:
    """Counters since the start, and what stands at this moment.

    Attributes:
        taken: Mails that were stored, by (way, mailbox); way: "smtp", "lmtp", "imap",
            "released" from quarantine.
        outcomes: What became of mails besides: "duplicate", "bounce", "automatic", "loop",
            "refused", "quarantined", "later", "auto_reply".
        quarantined: By the rule that did not let them be read.
        turned_away: Connections not served: "connections", "source", "rate".
        refused_recipients: Recipients that are not ours.
        connections: Open now.
        take_s: From the last byte of a mail to the answer.
        sent, failed, put_off: Mails that the next server has taken, that were given up, and tries
            that came to nothing for now.
        bounced: Mails that came back after they had been taken.
        in_flight: Being handed over now.
        way_s: From an agent's word to the next server's yes.
        imap_fetched, imap_failures: Mails fetched, and connections that broke, by account.
    """

    taken: Counter[tuple[str, str]] = field(default_factory=Counter)
    outcomes: Counter[str] = field(default_factory=Counter)
    quarantined: Counter[str] = field(default_factory=Counter)
    turned_away: Counter[str] = field(default_factory=Counter)
    refused_recipients: int = 0
    connections: int = 0
    take_s: Distribution = field(default_factory=lambda: Distribution(TAKE_EDGES_S))
    sent: int = 0
    failed: int = 0
    put_off: int = 0
    bounced: int = 0
    in_flight: int = 0
    way_s: Distribution = field(default_factory=lambda: Distribution(WAY_EDGES_S))
    imap_fetched: Counter[str] = field(default_factory=Counter)
    imap_failures: Counter[str] = field(default_factory=Counter)
