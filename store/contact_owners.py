"""Whose contacts are: by assignment, else by the address under which they came.

A contact that was recognised or that an agent has assigned stands in a timeline; one in writing
belongs to the customer of its conversation; any other is looked for by its address. Merged
customers are one: whose own the address is learns, and all of them are told.
"""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Row, Select, and_, bindparam, case, func, or_, select

from domain.customer import CHANNEL_KINDS, Identifier, IdentifierKind
from domain.proof import Proof
from domain.recognition import Candidate, Choice, choose
from store.conversation_schema import CONVERSATIONS, CUSTOMER_MEMBERS, TIMELINE
from store.customer_records import derived_id
from store.customers import HIDDEN
from store.schema import CONTACTS, CUSTOMER_IDENTIFIERS, CUSTOMER_RECORDS, CUSTOMER_SUMMARIES
from store.vault import Vault

_KIND: Final = func.coalesce(
    CONVERSATIONS.c.address_kind,
    case(
        {channel.value: kind.value for channel, kind in CHANNEL_KINDS.items()},
        value=CONTACTS.c.channel,
    ),
)
_ASSIGNED: Final = func.coalesce(TIMELINE.c.customer_id, CONVERSATIONS.c.customer_id)
_ROOT: Final = func.coalesce(CUSTOMER_MEMBERS.c.customer_id, CUSTOMER_RECORDS.c.customer_id)
_PARTS: Final = CUSTOMER_MEMBERS.alias("parts")
WHO: Final[Select[Any]] = (
    select(
        CONTACTS.c.contact_id,
        CONTACTS.c.channel,
        CONTACTS.c.queue_id,
        CONTACTS.c.language.label("served_in"),
        CONTACTS.c.caller,
        CONTACTS.c.caller_mark,
        CONTACTS.c.conversation_id,
        CONTACTS.c.arrived_at,
        _KIND.label("kind"),
        _ASSIGNED.label("assigned"),
        func.coalesce(TIMELINE.c.proof, CONVERSATIONS.c.proof).label("assured"),
        CONVERSATIONS.c.proof.label("shown"),
        CUSTOMER_IDENTIFIERS.c.proof,
        CUSTOMER_RECORDS,
        CUSTOMER_SUMMARIES.c.summary,
        CUSTOMER_SUMMARIES.c.changed_at.label("summed_at"),
        _ROOT.label("root"),
        # Of a customer who is one with others; the others are read only then.
        select(func.count())
        .select_from(_PARTS)
        .where(_PARTS.c.customer_id == _ROOT)
        .correlate(CUSTOMER_MEMBERS, CUSTOMER_RECORDS)
        .scalar_subquery()
        .label("parts"),
    )
    .outerjoin(CONVERSATIONS, CONVERSATIONS.c.conversation_id == CONTACTS.c.conversation_id)
    .outerjoin(TIMELINE, TIMELINE.c.entry_id == CONTACTS.c.contact_id)
    .outerjoin(
        CUSTOMER_IDENTIFIERS,
        and_(
            _ASSIGNED.is_(None),
            CUSTOMER_IDENTIFIERS.c.kind == _KIND,
            CUSTOMER_IDENTIFIERS.c.mark == CONTACTS.c.caller_mark,
        ),
    )
    .outerjoin(
        CUSTOMER_RECORDS,
        CUSTOMER_RECORDS.c.customer_id
        == func.coalesce(_ASSIGNED, CUSTOMER_IDENTIFIERS.c.customer_id),
    )
    .outerjoin(
        CUSTOMER_SUMMARIES, CUSTOMER_SUMMARIES.c.customer_id == CUSTOMER_RECORDS.c.customer_id
    )
    .outerjoin(CUSTOMER_MEMBERS, CUSTOMER_MEMBERS.c.member_id == CUSTOMER_RECORDS.c.customer_id)
)
"""Contacts with each customer that they may be of, one row at least."""

OF_CONTACT: Final = WHO.where(CONTACTS.c.contact_id == bindparam("which"))
"""Of one contact; built once, for it is asked at every arrival."""


def group_where(root: str) -> Any:
    """Return the condition on `customer_records` for a customer and all who are part of him."""
    parts = select(CUSTOMER_MEMBERS.c.member_id).where(CUSTOMER_MEMBERS.c.customer_id == root)
    return or_(CUSTOMER_RECORDS.c.customer_id == root, CUSTOMER_RECORDS.c.customer_id.in_(parts))


class ContactOwners:
    """Judges rows of `WHO`."""

    def __init__(self, vault: Vault) -> None:
        """Open addresses with a vault."""
        self._vault = vault
        self._hidden = frozenset(vault.mark(name) for name in HIDDEN)

    def shown(self, row: Row[Any]) -> bool:
        """Return whether a contact came under an address that it does not hide."""
        return row.caller_mark is not None and row.caller_mark not in self._hidden

    def identifier(self, row: Row[Any]) -> Identifier | None:
        """Return under what a contact came; None when that is hidden.

        Raises:
            StoreError: It cannot be opened.
        """
        if row.caller is None or not self.shown(row):
            return None
        caller = self._vault.open(row.caller, table="contacts", column="caller", row=row.contact_id)
        return Identifier(IdentifierKind(row.kind), caller)

    def proof(self, row: Row[Any]) -> Proof:
        """Return what speaks for a contact's address: a caller's number anybody could show."""
        return Proof.PRESENTED if row.shown is None else Proof(row.shown)

    def choice(self, rows: Sequence[Row[Any]]) -> Choice:
        """Return whose contact it is, of all whose it may be."""
        first = rows[0]
        known = [row for row in rows if row.customer_id is not None]
        candidates = [
            Candidate(
                customer_id=row.customer_id,
                root=row.root,
                proof=Proof(row.proof or Proof.PRESENTED),
                entered=row.number_mark is not None,
            )
            for row in known
        ]
        if first.assigned is not None and candidates:
            assured = Proof(first.assured)
            sure = assured if assured.joins else Proof.PRESENTED
            return Choice(chosen=candidates[0], proof=sure, roots=(candidates[0].root,))
        if not self.shown(first):
            return Choice(chosen=None, proof=Proof.NONE, roots=())
        return choose(candidates, self.proof(first))

    def chosen(self, rows: Sequence[Row[Any]]) -> Row[Any] | None:
        """Return the row of the one customer of a contact; None for none, and for one of two."""
        choice = self.choice(rows)
        if choice.chosen is None:
            return None
        return next(row for row in rows if row.customer_id == choice.chosen.customer_id)

    def whose(self, rows: Sequence[Row[Any]]) -> str | None:
        """Return the customer_id, that of a new one where nobody is known by the address."""
        row = self.chosen(rows)
        if row is not None:
            customer_id: str = row.customer_id
            return customer_id
        first = rows[0]
        is_new = self.shown(first) and first.customer_id is None
        # A browser's token is nobody, until somebody says who he is.
        if not is_new or first.kind == IdentifierKind.VISITOR or not self.proof(first).joins:
            return None
        return derived_id(first.caller_mark)
