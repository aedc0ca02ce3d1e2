"""SPF (RFC 7208): whether the server that has sent a mail may speak for its envelope's sender."""

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Any, Final

import spf

from channels.mail.parsed import Envelope
from channels.mail.resolver import LookupFailed, Resolver

CHECK_S_MAX: Final = 15.0
"""For all of its questions; RFC 7208 section 4.6.4 asks for 20 s at least where a limit is set,
but a sender's server waits for our answer."""
VOID_MAX: Final = 2
"""Questions without an answer (RFC 7208 section 4.6.4)."""
RESULTS: Final = frozenset(
    ("pass", "fail", "softfail", "neutral", "none", "permerror", "temperror")
)


def checked_domain(envelope: Envelope) -> str:
    """Return the domain that SPF is asked about; "" when there is none."""
    sender = envelope.sender or f"postmaster@{envelope.helo}"
    return sender.rpartition("@")[2].strip().rstrip(".").lower()


async def check(envelope: Envelope, resolver: Resolver) -> str:
    """Return one of `RESULTS`; "none" also where nobody can be asked about."""
    if envelope.sender is None or not envelope.client_ip or not checked_domain(envelope):
        return "none"
    loop = asyncio.get_running_loop()
    until_s = time.monotonic() + CHECK_S_MAX

    def ask(name: str, kind: str) -> Sequence[str]:
        left_s = until_s - time.monotonic()
        if left_s <= 0:
            raise spf.TempError("no time left")
        asked = asyncio.run_coroutine_threadsafe(_records(resolver, name, kind), loop)
        try:
            return asked.result(left_s)
        except TimeoutError:
            asked.cancel()
            raise spf.TempError("no answer in time") from None
        except LookupFailed as error:
            raise spf.TempError(str(error)) from None

    # The library asks one question after the other and waits: not on the event loop.
    return await asyncio.to_thread(_check, envelope, ask)


async def _records(resolver: Resolver, name: str, kind: str) -> Sequence[str]:
    return await resolver.records(name, kind)


def _check(envelope: Envelope, ask: Callable[[str, str], Sequence[str]]) -> str:
    try:
        query = _Query(envelope.client_ip, envelope.sender or "", envelope.helo or "unknown", ask)
        result, _, _ = query.check()
    except Exception:
        # A record may hold anything, and the library raises what its numbers and names make the
        # standard library raise.
        return "permerror"
    return str(result) if result in RESULTS else "permerror"


class _Query(spf.query):  # type: ignore[misc]
    """A check of the library that asks our resolver."""

    def __init__(
        self, ip: str, sender: str, helo: str, ask: Callable[[str, str], Sequence[str]]
    ) -> None:
        super().__init__(i=ip, s=sender, h=helo, receiver="unknown", strict=True, querytime=1)
        self._ask = ask

    def dns(
        self, name: str, qtype: str, cnames: Any = None, ignore_void: bool = False
    ) -> list[Any]:
        """Return records as the library expects them; counts questions without an answer."""
        del cnames
        plain = str(name).rstrip(".").lower()
        if not all(0 < len(label) < 64 for label in plain.split(".")):
            return []
        found = self.cache.get((plain, qtype))
        if found is None:
            records = self._ask(plain, qtype) if qtype != "SPF" else ()
            found = [_as_expected(record, qtype) for record in records]
            self.cache[plain, qtype] = found
        if not found and not ignore_void:
            self.void_lookups += 1
            if self.void_lookups > VOID_MAX:
                raise spf.PermError("too many questions without an answer")
        return list(found)


def _as_expected(record: str, kind: str) -> Any:
    if kind == "TXT":
        return (record.encode(),)
    if kind == "MX":
        return (0, record)
    return record
