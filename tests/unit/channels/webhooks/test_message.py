import json
import math

import pytest

from channels.webhooks.message import message_of
from domain.alert import ClearReason
from domain.errors import EventCodecError
from domain.events import AlertCleared, Envelope
from tests.unit.channels.http.fakes import START, contact_id


def envelope(sequence=42, at=START, open_s=3.5):
    event = AlertCleared(
        alert_id="a" * 32,
        contact_id=contact_id(1),
        rule_id="客-1",
        reason=ClearReason.LEVEL_GONE,
        open_s=open_s,
    )
    return Envelope(sequence=sequence, at=at, event=event)


def test_the_body_tells_place_time_and_what_it_was():
    message = message_of(envelope(), "node")
    assert json.loads(message.body) == {
        "id": message.message_id,
        "sequence": 42,
        "at": "2027-03-01T09:00:00.000000+00:00",
        "type": "AlertCleared",
        "data": {
            "alert_id": "a" * 32,
            "contact_id": contact_id(1),
            "rule_id": "客-1",
            "reason": "level_gone",
            "open_s": 3.5,
        },
    }
    assert "客".encode() in message.body
    assert (message.kind, message.sequence, message.at) == ("AlertCleared", 42, START)


def test_an_id_is_the_same_after_a_restart_and_another_for_another_event():
    first = message_of(envelope(), "node.one").message_id
    assert first == message_of(envelope(), "node.one").message_id
    others = {
        message_of(envelope(43), "node.one").message_id,
        message_of(envelope(), "node.two").message_id,
        message_of(envelope(at=START.replace(year=2028)), "node.one").message_id,
    }
    assert len(others - {first}) == 3
    assert "." not in first


def test_what_json_has_no_form_for_is_refused():
    with pytest.raises(EventCodecError, match="open_s"):
        message_of(envelope(open_s=math.nan), "node")
