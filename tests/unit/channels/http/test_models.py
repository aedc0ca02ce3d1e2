from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.http.models import (
    AgentOut,
    CallOut,
    ContactDetail,
    ContactOut,
    QueueOut,
    SpeechOut,
    mask,
)
from tests.unit.channels.http.fakes import FakeCalls, agent_view, queue_view, record


@pytest.mark.parametrize(
    ("address", "masked"),
    [
        ("+4930123456", "+49…56"),
        ("sip:+4930123456@carrier.example", "+49…56"),
        ("tel:+4930123456", "+49…56"),
        ("alice", "…"),
        ("1234567", "…"),
        ("12345678", "123…78"),
        ("", ""),
    ],
)
def test_an_address_is_masked(address: str, masked: str) -> None:
    assert mask(address) == masked


@given(st.text(min_size=1))
def test_a_mask_shows_five_characters_at_most(address: str) -> None:
    masked = mask(address)
    assert "…" in masked
    assert len(masked) <= 6


def test_an_agent_is_told_in_full() -> None:
    view = replace(agent_view("alice"), contact_id="a", contact_ids=("a", "b"))
    told = AgentOut.of(view).model_dump()
    assert told["agent_id"] == "alice"
    assert (told["contact_id"], told["contact_ids"]) == ("a", ["a", "b"])
    assert told["skills"] == {"billing": 4}
    assert told["in_state_s"] == 12.5


def test_a_queue_is_told_in_full() -> None:
    assert QueueOut.of(queue_view("support")).service_level_abandoned == 0.85


def test_the_caller_is_masked_unless_asked_for() -> None:
    assert ContactOut.of(record(1)).caller == "+49…56"
    assert ContactOut.of(record(1), caller_in_full=True).caller == "+4930123456"
    detail = ContactDetail.with_speech(record(1), [], caller_in_full=False)
    assert "4930123456" not in detail.model_dump_json()


def test_a_call_is_told_with_its_legs() -> None:
    (view,) = FakeCalls().calls()
    told = CallOut.of(view)
    assert [leg.role.value for leg in told.legs] == ["customer", "agent"]
    assert told.legs[0].figures is not None
    assert told.legs[0].figures.jitter_ms == 0.7
    assert told.legs[1].figures is None


def test_every_field_of_a_span_is_told() -> None:
    assert set(SpeechOut.model_fields) == {
        "kind",
        "start_s",
        "end_s",
        "speaker",
        "level_dbov",
        "pitch_hz",
        "pitch_range_semitones",
    }
