"""From one channel to another in memory."""

from dataclasses import dataclass, field

from domain.contact import Channel
from domain.conversation import Conversation
from domain.customer import Identifier
from domain.errors import CallRefused, NotKnown, NotServing
from domain.message import Draft, Message
from tests.unit.channels.conversation_fakes import conversation, hex_id

MAILED = 41


@dataclass
class FakeEscalations:
    """Implements `Escalations`: alice has every conversation, and 110 may not be called."""

    called: list[tuple[str, str, str]] = field(default_factory=list)
    mailed: list[tuple[str, Identifier, Draft, str, str]] = field(default_factory=list)
    refusal: str | None = None

    async def escalate_to_call(self, conversation_id: str, agent_id: str, number: str) -> str:
        if agent_id != "alice":
            raise NotServing(agent_id, conversation_id)
        if number == "110" or self.refusal:
            raise CallRefused("support", self.refusal or "number")
        self.called.append((conversation_id, agent_id, number))
        return hex_id(77)

    async def follow_up_by_mail(
        self, contact_id: str, address: Identifier, draft: Draft, *, queue_id: str, language: str
    ) -> Conversation:
        if queue_id == "nowhere":
            raise NotKnown("queue", queue_id)
        self.mailed.append((contact_id, address, draft, queue_id, language))
        return conversation(MAILED, channel=Channel.MAIL, source="mail", queue_id=queue_id)

    async def write_to(
        self,
        source: str,
        channel: Channel,
        address: Identifier,
        draft: Draft,
        *,
        queue_id: str,
        language: str,
    ) -> Message:
        raise AssertionError("outreach writes, and not these routes")
