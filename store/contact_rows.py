"""Contacts and speech as rows and back.

A contact's times of the monotonic clock are kept as seconds since its arrival, so a
contact that was read has `arrived_s` 0.
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Row

from domain.contact import Channel, Contact, ContactState, Disposition
from domain.speech import Speaker, SpeechKind, SpeechSpan


def contact_row(contact: Contact) -> Mapping[str, Any]:
    """Return the columns that the contact itself tells."""

    def after_s(moment_s: float | None) -> float | None:
        return None if moment_s is None else moment_s - contact.arrived_s

    return {
        "contact_id": contact.contact_id,
        "channel": contact.channel.value,
        "queue_id": contact.queue_id,
        "language": contact.language,
        "priority": contact.priority,
        "dialled": contact.dialled,
        "trunk_id": contact.trunk_id,
        "sip_call_id": contact.sip_call_id,
        "conversation_id": contact.conversation_id,
        "state": contact.state.value,
        "disclosed": contact.disclosed,
        "arrived_at": contact.arrived_at,
        "queued_after_s": after_s(contact.queued_s),
        "connected_after_s": after_s(contact.connected_s),
        "closed_after_s": after_s(contact.closed_s),
        "agent_id": contact.agent_id,
        "disposition": None if contact.disposition is None else contact.disposition.value,
        "wait_s": contact.wait_s,
        "talk_s": contact.talk_s,
        "rtp_lost": contact.rtp_lost,
        "rtp_received": contact.rtp_received,
    }


def contact_of(row: Row[Any], caller: str) -> Contact:
    """Return the contact of a row.

    Args:
        row: Of `CONTACTS`.
        caller: Opened by the vault.
    """
    return Contact(
        contact_id=row.contact_id,
        channel=Channel(row.channel),
        queue_id=row.queue_id,
        language=row.language,
        arrived_at=row.arrived_at,
        arrived_s=0.0,
        priority=row.priority,
        caller=caller,
        dialled=row.dialled,
        trunk_id=row.trunk_id,
        sip_call_id=row.sip_call_id,
        conversation_id=row.conversation_id,
        state=ContactState(row.state),
        disclosed=row.disclosed,
        queued_s=row.queued_after_s,
        connected_s=row.connected_after_s,
        closed_s=row.closed_after_s,
        agent_id=row.agent_id,
        disposition=None if row.disposition is None else Disposition(row.disposition),
        rtp_lost=row.rtp_lost,
        rtp_received=row.rtp_received,
    )


def span_row(contact_id: str, span: SpeechSpan) -> Mapping[str, Any]:
    """Return the columns of a span of a contact's time."""
    return {
        "contact_id": contact_id,
        "kind": span.kind.value,
        "speaker": None if span.speaker is None else span.speaker.value,
        "start_s": span.start_s,
        "end_s": span.end_s,
        "level_dbov": span.level_dbov,
        "pitch_hz": span.pitch_hz,
        "pitch_range_semitones": span.pitch_range_semitones,
    }


def span_of(row: Row[Any]) -> SpeechSpan:
    """Return the span of a row of `SPEECH_SPANS`."""
    return SpeechSpan(
        kind=SpeechKind(row.kind),
        start_s=row.start_s,
        end_s=row.end_s,
        speaker=None if row.speaker is None else Speaker(row.speaker),
        level_dbov=row.level_dbov,
        pitch_hz=row.pitch_hz,
        pitch_range_semitones=row.pitch_range_semitones,
    )
