"""How the addresses of customers are written, so that one address is found in each of its forms."""

import re
from typing import Final, Protocol

from domain.customer import Identifier, IdentifierKind

_NUMBER: Final = re.compile(r"\+?[0-9][0-9 ./()\u00a0-]{2,30}")
"""What `domain.customer_form` takes for a telephone number."""


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
        """Return a number with a plus sign and without separators, a mail address without case."""
        if identifier.kind is IdentifierKind.PHONE and not _NUMBER.fullmatch(identifier.value):
            return identifier
        return Identifier(identifier.kind, identifier.forms()[0])

    def forms(self, identifier: Identifier) -> tuple[str, ...]:
        """Return `Identifier.forms`."""
        return identifier.forms()
