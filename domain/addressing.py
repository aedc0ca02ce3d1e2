"""How the addresses of customers are written, so that one address is found in each of its forms."""

from typing import Protocol

from domain.customer import Identifier


class Addressing(Protocol):
    """Knows the one form that is kept of an address, and those in which it may arrive."""

    def canonical(self, identifier: Identifier) -> Identifier:
        """Return the address as it is kept; itself when nothing better is known."""
        ...

    def forms(self, identifier: Identifier) -> tuple[str, ...]:
        """Return every form in which the same address may arrive, the canonical one first."""
        ...


class PlainAddressing:
    """Goes by separators and the plus sign alone: a national number is not known as one."""

    def canonical(self, identifier: Identifier) -> Identifier:
        """Return the address as it came."""
        return identifier

    def forms(self, identifier: Identifier) -> tuple[str, ...]:
        """Return `Identifier.forms`."""
        return identifier.forms()
