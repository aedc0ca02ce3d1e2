"""What the tests of customers share: changes by number, and contacts of the past."""

from datetime import timedelta
from typing import Any

from domain.contact import Channel, Disposition
from domain.customer import CustomerChange
from domain.customer_form import read_change
from domain.customer_history import PastContact
from domain.mood import Mood
from tests.store_support import START, contact_id

ANNA, BERT = "+4930123456", "+4930999999"


def told(number: str = "C-1", **fields: Any) -> CustomerChange:
    return read_change({"number": number, **fields})


def past(number: int = 1, *, days: float = 0.0, **more: Any) -> PastContact:
    """Return a contact that was served `days` after the start, unless told otherwise."""
    return PastContact(
        **{
            "contact_id": contact_id(number),
            "at": START + timedelta(days=days),
            "channel": Channel.VOICE,
            "queue_id": "billing",
            "topic": "billing",
            "disposition": Disposition.CALLER_ENDED,
            "agent_id": "anna",
            "mood": Mood.UNKNOWN,
            **more,
        }
    )
