"""All INVITE transactions: by their key, by their legs, by their calls and by their cells."""

from pbx.edge.dialogs import Address
from pbx.edge.flow import Flow
from pbx.edge.invites import Invite
from pbx.edge.legs import Leg
from pbx.edge.message import Message
from pbx.edge.post import Post


class InviteTable:
    """The INVITEs on their way, and those that are over and linger."""

    def __init__(self, post: Post) -> None:
        """Make an empty table."""
        self._post = post
        self._by_key: dict[str, Invite] = {}
        self._by_branch: dict[str, Leg] = {}
        self._by_call: dict[tuple[str, str, int], Invite] = {}
        self._by_cell: dict[Address, dict[str, Invite]] = {}

    def __len__(self) -> int:
        return len(self._by_key)

    def find(self, key: str) -> Invite | None:
        """Return the transaction that a request belongs to."""
        return self._by_key.get(key)

    def leg(self, branch: str) -> Leg | None:
        """Return the leg that a response belongs to."""
        return self._by_branch.get(branch)

    def merged(self, request: Message) -> bool:
        """Return whether the same request came by another way (section 8.2.2.2)."""
        return (request.call_id, request.from_tag, request.cseq) in self._by_call

    def of_cell(self, cell: Address) -> list[Invite]:
        """Return the transactions of a cell."""
        return list(self._by_cell.get(cell, {}).values())

    def bind(self, invite: Invite, cell: Address) -> None:
        """Note the cell of a transaction."""
        self._by_cell.setdefault(cell, {})[invite.key] = invite

    def on_flow(self, flow: Flow) -> list[Leg]:
        """Return the unsettled legs on a connection."""
        return [leg for leg in self._by_branch.values() if leg.flow == flow and not leg.is_settled]

    def add(self, invite: Invite) -> None:
        """Take a transaction in."""
        request = invite.request
        self._by_key[invite.key] = invite
        self._by_call[(request.call_id, request.from_tag, request.cseq)] = invite

    def remove(self, invite: Invite) -> None:
        """Forget a transaction; its legs linger for themselves."""
        request = invite.request
        self._post.agenda.at(None, invite)
        if self._by_key.get(invite.key) is invite:
            del self._by_key[invite.key]
        merged = (request.call_id, request.from_tag, request.cseq)
        if self._by_call.get(merged) is invite:
            del self._by_call[merged]
        if invite.cell is not None:
            at_cell = self._by_cell.get(invite.cell, {})
            at_cell.pop(invite.key, None)
            if not at_cell:
                self._by_cell.pop(invite.cell, None)

    def add_leg(self, leg: Leg) -> None:
        """Expect responses for a leg."""
        self._by_branch[leg.branch] = leg

    def remove_leg(self, leg: Leg) -> None:
        """Expect no more responses for a leg."""
        self._post.agenda.at(None, leg)
        if self._by_branch.get(leg.branch) is leg:
            del self._by_branch[leg.branch]
