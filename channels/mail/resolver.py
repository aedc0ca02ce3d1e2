"""What is asked of DNS about a sender, within a time that somebody waits."""

import asyncio
from collections.abc import Sequence
from typing import Final, Protocol

import dns.asyncresolver
import dns.exception
import dns.name
import dns.rdatatype
import dns.resolver

LOOKUP_S_MAX: Final = 5.0
"""Of one question; RFC 7208 section 4.6.4 recommends 20 s for a whole check."""
RECORDS_MAX: Final = 50
"""Of one answer."""


class LookupFailed(Exception):
    """Nobody can say now: a server is silent or broken."""


class Resolver(Protocol):
    """Answers to questions about names."""

    async def records(self, name: str, kind: str) -> Sequence[str]:
        """Return the records of a kind: TXT joined, A and AAAA as addresses, MX and PTR as names.

        Nothing at all: there is no such name or record.

        Raises:
            LookupFailed: Nobody can say now.
        """
        ...


class DnsResolver:
    """Asks the servers of the machine, or others."""

    def __init__(self, servers: Sequence[str] = ()) -> None:
        """Prepare.

        Args:
            servers: Addresses; empty: those of the machine.
        """
        self._resolver: Final = dns.asyncresolver.Resolver(configure=not servers)
        if servers:
            self._resolver.nameservers = list(servers)
        self._resolver.lifetime = LOOKUP_S_MAX

    async def records(self, name: str, kind: str) -> Sequence[str]:
        """See `Resolver`."""
        try:
            async with asyncio.timeout(LOOKUP_S_MAX + 1.0):
                answer = await self._resolver.resolve(name, kind, raise_on_no_answer=False)
        except dns.resolver.NXDOMAIN:
            return ()
        except (dns.exception.DNSException, OSError, TimeoutError, UnicodeError) as error:
            raise LookupFailed(type(error).__name__) from None
        return (
            [] if answer.rrset is None else [_text(one, kind) for one in answer.rrset[:RECORDS_MAX]]
        )


def _text(record: object, kind: str) -> str:
    if kind == "TXT":
        strings: tuple[bytes, ...] = getattr(record, "strings", ())
        return b"".join(strings).decode("utf-8", "replace")
    if kind in {"A", "AAAA"}:
        return str(getattr(record, "address", ""))
    target = getattr(record, "exchange", None) or getattr(record, "target", "")
    return str(target).rstrip(".")
