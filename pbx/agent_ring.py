"""The agent's side of a contact, from the offer to the end of the conversation."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import uuid4

from domain.contact import Interaction
from domain.offer import DeclineReason, Offer


@dataclass(slots=True)
class AgentRing:
    """One agent's telephone, ringing or talking.

    Attributes:
        leg: None until the cell has told its number.
        settled: The offer is accepted or over, so the leg's end declines nothing.
    """

    offer: Offer
    started_at: datetime
    started_s: float
    leg: int | None = None
    settled: bool = False

    def interaction(self, outcome: str, *, now_s: float, talk_s: float = 0.0) -> Interaction:
        """Return the record of this agent's part, which ends now."""
        took_s = now_s - self.started_s
        return Interaction(
            interaction_id=uuid4().hex,
            contact_id=self.offer.contact_id,
            agent_id=self.offer.agent_id,
            started_at=self.started_at,
            ended_at=self.started_at + timedelta(seconds=took_s),
            outcome=outcome,
            ring_s=max(0.0, took_s - talk_s),
            talk_s=talk_s,
        )


def decline_reason(status: int) -> DeclineReason:
    """Say what a final answer of an agent's telephone means (RFC 3261 section 21)."""
    if status in {486, 600}:
        return DeclineReason.BUSY
    if status == 603:
        return DeclineReason.DECLINED
    return DeclineReason.UNREACHABLE
