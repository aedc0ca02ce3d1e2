"""Where contacts come from, for whoever recognises them."""

from domain.contact import Channel
from domain.identity_ports import Origin
from domain.proof import Proof
from store.contact_owners import OF_CONTACT, ContactOwners
from store.database import Database
from store.vault import Vault


class ContactOrigins:
    """Implements `customers.ports.ContactOrigins`."""

    def __init__(self, database: Database, vault: Vault) -> None:
        """Read from a database that is open; the vault opens addresses."""
        self._database = database
        self._owners = ContactOwners(vault)

    async def origin(self, contact_id: str) -> Origin | None:
        """Return where a contact comes from; None: there is no such contact.

        Raises:
            StoreError: The database cannot be read, or the address not opened.
        """
        which = {"which": contact_id}
        async with self._database.reading(f"origin of contact {contact_id}") as connection:
            row = (await connection.execute(OF_CONTACT, which)).first()
        if row is None:
            return None
        address = self._owners.identifier(row)
        return Origin(
            contact_id=contact_id,
            channel=Channel(row.channel),
            at=row.arrived_at,
            proof=Proof.NONE if address is None else self._owners.proof(row),
            address=address,
            conversation_id=row.conversation_id,
            customer_id=row.assigned,
        )
