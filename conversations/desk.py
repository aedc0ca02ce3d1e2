"""What the router asks of conversations (`ContactDesk`), answered at once and without a lock."""

from conversations.actions import Action
from conversations.entries import Entry
from conversations.shell import PREVIEW_CHARACTERS_MAX, Shell
from domain.commands import WithdrawReason
from domain.contact import Disposition
from domain.conversation_ports import OfferShown
from domain.offer import DeclineReason, Offer


class RouterSide(Shell):
    """Implements `ContactDesk` for the contacts of conversations."""

    def owns(self, contact_id: str) -> bool:
        """Tell whether a contact is one of a conversation that is open here."""
        return contact_id in self._by_contact

    def offer_contact(self, offer: Offer) -> None:
        """Show an agent an offer; his answer is `accept` or `decline`."""
        entry = self._of(offer.contact_id)
        if entry is None:
            self._routing.decline(offer.offer_id, DeclineReason.UNREACHABLE)
            return
        self._perform(entry, entry.thread.offered(offer))
        if entry.thread.offer is offer:
            self._offers[offer.offer_id] = entry.thread.conversation.conversation_id
            self._start(self._show(entry, offer))

    def withdraw_offer(self, offer: Offer, reason: WithdrawReason) -> None:
        """Show it no longer."""
        self._offers.pop(offer.offer_id, None)
        entry = self._of(offer.contact_id)
        if entry is None:
            return
        actions = entry.thread.withdrawn(offer, reason)
        if actions:
            self._start(self._do(entry, actions))

    def release_contact(self, contact_id: str, disposition: Disposition) -> None:
        """Take up a contact that the router lets wait no longer."""
        entry = self._of(contact_id)
        if entry is not None:
            entry.thread.in_line = False
            conversation_id = entry.thread.conversation.conversation_id
            self._start(self._handle(conversation_id, lambda thread: thread.released(disposition)))

    def _of(self, contact_id: str) -> Entry | None:
        conversation_id = self._by_contact.get(contact_id)
        return None if conversation_id is None else self._entries.get(conversation_id)

    async def _do(self, entry: Entry, actions: list[Action]) -> None:
        async with self._entries.holding(entry.thread.conversation.conversation_id) as held:
            await self._carry_out(held, actions)

    async def _show(self, entry: Entry, offer: Offer) -> None:
        """Tell the agent's followers of an offer, with the beginning of what was written last."""
        if entry.preview is None:
            conversation = entry.thread.conversation
            newest = await self._store.messages(
                conversation.conversation_id,
                after=conversation.last_sequence - 1,
                limit=1,
                internal=False,
            )
            entry.preview = newest[0].text[:PREVIEW_CHARACTERS_MAX] if newest else ""
        if entry.thread.offer is offer:
            self.desks.tell(offer.agent_id, self._shown(entry, offer))

    def _shown(self, entry: Entry, offer: Offer) -> OfferShown:
        return OfferShown(
            offer_id=offer.offer_id,
            contact_id=offer.contact_id,
            conversation=entry.thread.conversation,
            expires_s=max(0.0, offer.expires_at_s - self._clock.monotonic_s()),
            preview=entry.preview or "",
        )
