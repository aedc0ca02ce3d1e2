"""The desk: call control, the policy and care, for the parts that are built before them."""

from typing import Final

from care.service import CareService
from conversations.service import ConversationService
from customers.figures import CustomerFigures
from domain.baseline import Baseline
from domain.commands import WithdrawReason
from domain.contact import Disposition
from domain.customer_ports import ProfileTaker
from domain.customer_profile import CustomerProfile
from domain.emotion import EmotionScore
from domain.offer import Offer
from pbx.call_control import CallControl
from pbx.edge.call import InboundCall, Placement, Refusal
from router.policy import RouterPolicy, may_serve

TARGET_S: Final = 20.0
"""Of a queue that is configured no longer: the usual target of a service level."""


class Desk:
    """Call control and the policy, for the parts that are built before them."""

    def __init__(self) -> None:
        self.control: CallControl | None = None
        self.policy: RouterPolicy | None = None
        self.care: CareService | None = None
        self.profiles: ProfileTaker | None = None
        self.conversations: ConversationService | None = None
        self.customers: Final = CustomerFigures()

    def queues_of(self, agent_id: str) -> list[str]:
        """Return the queues that an agent has the language and the skills for."""
        policy = self.policy
        if policy is None or agent_id not in policy.agents:
            return []
        agent = policy.agents[agent_id].agent
        return [queue.id for queue in policy.queues.values() if may_serve(agent, queue)]

    def target_of(self, queue_id: str) -> float:
        """Return the target of a queue's service level, seconds."""
        queue = None if self.policy is None else self.policy.queues.get(queue_id)
        return TARGET_S if queue is None else queue.service_level.target_s

    def caller_of(self, contact_id: str) -> str:
        """Return a caller's address; empty when there is no such call."""
        contact = None if self.control is None else self.control.contact_of(contact_id)
        return "" if contact is None else contact.caller

    def observe(self, contact_id: str, score: EmotionScore, ended_s: float) -> None:
        """Hand a judged window to care."""
        if self.care is not None:
            self.care.observe(contact_id, score, ended_s)

    def learnt(self, contact_id: str, baseline: Baseline) -> None:
        """Hand a voice's baseline to care."""
        if self.care is not None:
            self.care.learnt(contact_id, baseline)

    def customer_known(self, contact_id: str, profile: CustomerProfile) -> None:
        """Tell the router who a contact's customer is."""
        if self.profiles is not None:
            self.profiles.customer_known(contact_id, profile)

    async def place(self, call: InboundCall) -> Placement | Refusal:
        """Hand a new call to call control."""
        if self.control is None:
            return Refusal(status=503, reason="Service Unavailable", retry_after_s=1)
        return await self.control.place(call)

    def declined(self, address: tuple[str, int]) -> None:
        """Tell call control that a placed call never came."""
        if self.control is not None:
            self.control.declined(address)

    def offer_contact(self, offer: Offer) -> None:
        """Ring an agent, or show him what was written."""
        written = self._written(offer.contact_id)
        if written is not None:
            written.offer_contact(offer)
        elif self.control is not None:
            self.control.offer_contact(offer)

    def withdraw_offer(self, offer: Offer, reason: WithdrawReason) -> None:
        """Stop ringing, or showing."""
        written = self._written(offer.contact_id)
        if written is not None:
            written.withdraw_offer(offer, reason)
        elif self.control is not None:
            self.control.withdraw_offer(offer, reason)

    def release_contact(self, contact_id: str, disposition: Disposition) -> None:
        """End a contact that may wait no longer."""
        written = self._written(contact_id)
        if written is not None:
            written.release_contact(contact_id, disposition)
        elif self.control is not None:
            self.control.release_contact(contact_id, disposition)

    def _written(self, contact_id: str) -> ConversationService | None:
        """Return the conversations if a contact is theirs."""
        found = self.conversations
        return found if found is not None and found.owns(contact_id) else None
