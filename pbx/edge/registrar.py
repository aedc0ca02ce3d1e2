"""The registrar: which telephones an agent can be reached at (RFC 3261 section 10.3).

A pure core: the edge parses and authenticates a REGISTER, hands it in with the time,
sends what comes back and saves the bindings. Of RFC 5626 it takes the instance (a
telephone that comes back replaces itself) and the flow (requests go back the way the
REGISTER came, and a closed connection takes its bindings along).
"""

import heapq
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from email.utils import format_datetime
from typing import Final

from sipmessage import URI

from config.schema import Registrar as RegistrarLimits
from domain.binding import Binding
from domain.errors import SipError
from pbx.sip.fields import NameAddress, name_addresses, quote

CONTACT_URI_CHARACTERS_MAX: Final = 512
"""Telephones' contact URIs have 30 to 200 characters."""
CONTACT_FIELD_CHARACTERS_MAX: Final = 4_096
USER_AGENT_CHARACTERS_MAX: Final = 128
"""Kept for the operator's eyes only."""
INSTANCE_CHARACTERS_MAX: Final = 128
"""RFC 5626 section 4.1 asks for a URN, which has 45 characters with a UUID."""
EXPIRES_S_MAX: Final = 2**32 - 1
"""RFC 3261 section 20.19."""
CALL_ID_CHARACTERS_MAX: Final = 256
"""Telephones' Call-IDs have 20 to 80 characters."""

_DECISIVE_PARAMETERS: Final = frozenset({"transport", "user", "ttl", "method", "maddr"})
"""Make two URIs differ when only one has them (RFC 3261 section 19.1.4)."""
_NUMBER: Final = re.compile(r"[0-9]{1,10}")
_Q: Final = re.compile(r"0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?")
"""qvalue of RFC 3261 section 25.1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterRequest:
    """What the registrar reads of a REGISTER, each field as received.

    Attributes:
        contacts: Values of all Contact fields; each may hold several, split by commas.
        expires: Value of Expires, "" when there is none.
    """

    call_id: str
    cseq: int
    contacts: Sequence[str]
    expires: str = ""
    user_agent: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class BindingChange:
    """An agent's bindings are others than before.

    Attributes:
        bindings: All that he has now, to be saved.
        reachable: True or False when he became so; None when that stays as it was.
    """

    agent_id: str
    bindings: tuple[Binding, ...]
    reachable: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """The answer to one REGISTER.

    Attributes:
        headers: Header fields of the response, in order.
        change: None when nothing changed.
    """

    status: int
    reason: str
    headers: tuple[tuple[str, str], ...] = ()
    change: BindingChange | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistrarFigures:
    """Counters since the start, and how many there are now."""

    bindings: int
    agents_reachable: int
    registered: int
    refreshed: int
    replaced: int
    removed: int
    expired: int
    refused: int


@dataclass(frozen=True, slots=True)
class _Held:
    """A binding with its deadline on the injected monotonic clock."""

    binding: Binding
    uri: URI
    expires_at_s: float


@dataclass(slots=True)
class _Counters:
    registered: int = 0
    refreshed: int = 0
    replaced: int = 0
    removed: int = 0
    expired: int = 0
    refused: int = 0


class _RefusedError(Exception):
    """A REGISTER that leaves everything as it was; the final response says why."""

    def __init__(self, status: int, reason: str, *headers: tuple[str, str]) -> None:
        super().__init__(reason)
        self.answer = Registration(status=status, reason=reason, headers=headers)


class Registrar:
    """The bindings of all agents."""

    def __init__(self, limits: RegistrarLimits) -> None:
        """Make a registrar without bindings."""
        self._limits = limits
        self._held: dict[str, tuple[_Held, ...]] = {}
        self._counters = _Counters()
        self._deadlines: list[tuple[float, str]] = []
        """A heap; an entry whose binding was refreshed or removed is passed over."""
        self._next_s: float | None = None
        self._next_is_known = True

    def load(
        self, stored: Iterable[Binding], *, now: datetime, now_s: float
    ) -> tuple[BindingChange, ...]:
        """Take in the bindings of the last run; return who is reachable by them.

        What has expired meanwhile, or would live longer than the limit allows, is not
        believed. A binding over a connection is left out: the connection is gone, and
        the telephone registers anew on its next.
        """
        changes: dict[str, BindingChange] = {}
        for binding in stored:
            left_s = (binding.expires_at - now).total_seconds()
            lives = 0 < left_s <= self._limits.expires_max_s
            held = self._held.get(binding.agent_id, ())
            if not lives or not binding.flow.startswith("udp:"):
                continue
            if len(held) >= self._limits.bindings_per_agent_max:
                continue
            try:
                uri = _contact_uri(binding.contact_uri)
            except _RefusedError:
                continue
            entry = _Held(binding, uri, now_s + left_s)
            changes[binding.agent_id] = self._commit(binding.agent_id, (*held, entry))
        return tuple(
            BindingChange(agent_id=agent_id, bindings=change.bindings, reachable=True)
            for agent_id, change in changes.items()
        )

    def register(
        self, request: RegisterRequest, *, agent_id: str, flow: str, now: datetime, now_s: float
    ) -> Registration:
        """Answer a REGISTER that `agent_id` has proved to be his; raises nothing.

        The address-of-record is the authenticated agent's, whatever To says. The edge
        refuses a To of another agent with 403 beforehand (section 10.3 step 4).

        Args:
            request: A REGISTER.
            agent_id: Who authenticated.
            flow: Where it came from, "udp:192.0.2.7:5062".
            now: Wall time, UTC, for `Binding.expires_at` and Date.
            now_s: The monotonic clock, for deadlines.
        """
        before, counters = self._live(agent_id, now_s), replace(self._counters)
        try:
            after = self._apply(request, before, agent_id=agent_id, flow=flow, now=now, now_s=now_s)
        except _RefusedError as refused:
            self._counters = replace(counters, refused=counters.refused + 1)
            return refused.answer
        change = None
        if after != self._held.get(agent_id, ()):
            change = self._commit(agent_id, after)
        headers = [("Contact", _contact_value(each, now_s)) for each in _preferred(after)]
        # Section 10.3 step 8: telephones without a clock set theirs by it.
        headers.append(("Date", format_datetime(now, usegmt=True)))
        return Registration(status=200, reason="OK", headers=tuple(headers), change=change)

    def bindings(self, agent_id: str, *, now_s: float) -> tuple[Binding, ...]:
        """Return the live bindings of an agent, the preferred (highest q, newest) first."""
        return tuple(each.binding for each in _preferred(self._live(agent_id, now_s)))

    def sweep(self, *, now_s: float) -> tuple[BindingChange, ...]:
        """Remove what has expired."""
        changes: list[BindingChange] = []
        if not self._deadlines or self._deadlines[0][0] > now_s:
            return ()
        self._next_is_known = False
        while self._deadlines and self._deadlines[0][0] <= now_s:
            _, agent_id = heapq.heappop(self._deadlines)
            held, live = self._held.get(agent_id, ()), self._live(agent_id, now_s)
            if len(live) < len(held):
                self._counters.expired += len(held) - len(live)
                changes.append(self._commit(agent_id, live))
        return tuple(changes)

    def next_deadline_s(self) -> float | None:
        """Return when to call `sweep` next; None while there is no binding."""
        # Asked after every message, and between two registrations always the same.
        if not self._next_is_known:
            self._next_s = self._first_s()
            self._next_is_known = True
        return self._next_s

    def flow_closed(self, flow: str) -> tuple[BindingChange, ...]:
        """Remove the bindings of a connection that has ended (RFC 5626 section 5.3)."""
        return self._remove(lambda each: each.binding.flow == flow)

    def forget(self, agent_id: str) -> tuple[BindingChange, ...]:
        """Remove the bindings of an agent who is no longer in the configuration."""
        return self._remove(lambda each: each.binding.agent_id == agent_id)

    def figures(self) -> RegistrarFigures:
        """Return the counters."""
        counters = self._counters
        return RegistrarFigures(
            bindings=sum(len(held) for held in self._held.values()),
            agents_reachable=len(self._held),
            registered=counters.registered,
            refreshed=counters.refreshed,
            replaced=counters.replaced,
            removed=counters.removed,
            expired=counters.expired,
            refused=counters.refused,
        )

    def _remove(self, condition: Callable[[_Held], bool]) -> tuple[BindingChange, ...]:
        changes: list[BindingChange] = []
        for agent_id, held in list(self._held.items()):
            kept = tuple(each for each in held if not condition(each))
            if len(kept) < len(held):
                self._counters.removed += len(held) - len(kept)
                changes.append(self._commit(agent_id, kept))
        return tuple(changes)

    def _live(self, agent_id: str, now_s: float) -> tuple[_Held, ...]:
        return tuple(each for each in self._held.get(agent_id, ()) if each.expires_at_s > now_s)

    def _first_s(self) -> float | None:
        while self._deadlines:
            expires_at_s, agent_id = self._deadlines[0]
            if any(each.expires_at_s == expires_at_s for each in self._held.get(agent_id, ())):
                return expires_at_s
            heapq.heappop(self._deadlines)
        return None

    def _commit(self, agent_id: str, held: tuple[_Held, ...]) -> BindingChange:
        self._next_is_known = False
        was_reachable = agent_id in self._held
        if held:
            self._held[agent_id] = held
            for each in held:
                heapq.heappush(self._deadlines, (each.expires_at_s, agent_id))
        else:
            self._held.pop(agent_id, None)
        self._compact()
        return BindingChange(
            agent_id=agent_id,
            bindings=_stored(held),
            reachable=bool(held) if bool(held) != was_reachable else None,
        )

    def _compact(self) -> None:
        """Keep the heap within twice what it is for, however often telephones refresh."""
        most = self._limits.bindings_per_agent_max * len(self._held)
        if len(self._deadlines) > 2 * most + 64:
            self._deadlines = [
                (each.expires_at_s, agent_id)
                for agent_id, held in self._held.items()
                for each in held
            ]
            heapq.heapify(self._deadlines)

    def _apply(
        self,
        request: RegisterRequest,
        held: tuple[_Held, ...],
        *,
        agent_id: str,
        flow: str,
        now: datetime,
        now_s: float,
    ) -> tuple[_Held, ...]:
        """Return the bindings after this request (section 10.3 steps 6 and 7).

        All or nothing: the first contact that cannot be served refuses the request.
        """
        call_id, cseq = request.call_id, request.cseq
        if not call_id or len(call_id) > CALL_ID_CHARACTERS_MAX:
            raise _RefusedError(400, "Bad Call-ID")
        if [value.strip() for value in request.contacts] == ["*"]:
            return self._remove_all(request, held)
        for contact in _contacts(request.contacts):
            uri = _contact_uri(contact.uri)
            expires_s = self._expires_s(contact, request)
            instance = contact.parameters.get("+sip.instance", "")
            if len(instance) > INSTANCE_CHARACTERS_MAX or _printable(instance) != instance:
                raise _RefusedError(400, "Bad Instance")
            same = [each for each in held if _is_same(each, uri, instance)]
            for each in same:
                _check_order(each, request)
            if expires_s == 0:
                self._counters.removed += len(same)
                held = tuple(each for each in held if each not in same)
                continue
            # A telephone that restarted has a new Call-ID (section 10.2) and often a new
            # contact URI, and one flow leads to one telephone: it would ring twice.
            stale = [
                each
                for each in held
                if each.binding.flow == flow
                and each.binding.call_id != call_id
                and each not in same
            ]
            kept = tuple(each for each in held if each not in same and each not in stale)
            if len(kept) >= self._limits.bindings_per_agent_max:
                limit = self._limits.bindings_per_agent_max
                raise _RefusedError(403, f"Too Many Bindings, The Limit Is {limit}")
            self._counters.refreshed += bool(same)
            self._counters.replaced += bool(stale)
            self._counters.registered += not same and not stale
            binding = Binding(
                agent_id=agent_id,
                contact_uri=contact.uri,
                flow=flow,
                call_id=call_id,
                cseq=cseq,
                instance=instance,
                q=_q(contact),
                user_agent=_printable(request.user_agent)[:USER_AGENT_CHARACTERS_MAX],
                expires_at=now + timedelta(seconds=expires_s),
            )
            held = (*kept, _Held(binding, uri, now_s + expires_s))
        return held

    def _remove_all(self, request: RegisterRequest, held: tuple[_Held, ...]) -> tuple[_Held, ...]:
        # Step 6: "*" stands alone and only with Expires: 0.
        if request.expires.strip() != "0":
            raise _RefusedError(400, "Contact * Needs Expires 0")
        for each in held:
            _check_order(each, request)
        self._counters.removed += len(held)
        return ()

    def _expires_s(self, contact: NameAddress, request: RegisterRequest) -> int:
        """Return the granted seconds; 0 removes (section 10.3 step 7)."""
        limits = self._limits
        asked = contact.parameters.get("expires", request.expires)
        # Something else than a number counts as nothing said (section 20.10).
        if not _NUMBER.fullmatch(asked.strip()):
            return min(limits.expires_default_s, limits.expires_max_s)
        seconds = min(int(asked), EXPIRES_S_MAX)
        if 0 < seconds < limits.expires_min_s:
            minimum = str(limits.expires_min_s)
            raise _RefusedError(423, "Interval Too Brief", ("Min-Expires", minimum))
        return min(seconds, limits.expires_max_s)


def _check_order(held: _Held, request: RegisterRequest) -> None:
    # Step 7: an older request that was overtaken must not undo a newer one.
    if held.binding.call_id == request.call_id and held.binding.cseq >= request.cseq:
        raise _RefusedError(500, "CSeq Out Of Order")


def _contacts(values: Sequence[str]) -> list[NameAddress]:
    if sum(len(value) for value in values) > CONTACT_FIELD_CHARACTERS_MAX:
        raise _RefusedError(400, "Contact Too Long")
    try:
        return [contact for value in values for contact in name_addresses(value)]
    except SipError:
        raise _RefusedError(400, "Bad Contact") from None


def _contact_uri(text: str) -> URI:
    if len(text) > CONTACT_URI_CHARACTERS_MAX:
        raise _RefusedError(400, "Contact Too Long")
    try:
        uri = URI.parse(text)
    except (ValueError, TypeError):
        # TypeError: a URI parameter named "self" meets a keyword argument.
        raise _RefusedError(400, "Bad Contact URI") from None
    if uri.scheme not in {"sip", "sips"}:
        raise _RefusedError(400, "Contact Is No SIP URI")
    if uri.port is not None and not 0 < uri.port <= 65_535:
        raise _RefusedError(400, "Bad Contact Port")
    return uri


def _q(contact: NameAddress) -> float:
    text = contact.parameters.get("q", "1")
    return float(text) if _Q.fullmatch(text) else 1.0


def _printable(text: str) -> str:
    return "".join(each for each in text if each.isprintable())


def _is_same(held: _Held, uri: URI, instance: str) -> bool:
    if instance and held.binding.instance:
        # RFC 5626 section 6: the instance decides, whatever the URI.
        return held.binding.instance == instance
    return _are_equivalent(held.uri, uri)


def _are_equivalent(one: URI, other: URI) -> bool:
    """Compare two URIs by RFC 3261 section 19.1.4."""
    if (one.scheme, one.user, one.password, one.port) != (
        other.scheme,
        other.user,
        other.password,
        other.port,
    ) or one.host.lower() != other.host.lower():
        return False
    mine, theirs = _lowered(one), _lowered(other)
    return all(
        mine.get(name) == theirs.get(name)
        for name in mine.keys() | theirs.keys()
        if name in _DECISIVE_PARAMETERS or (name in mine and name in theirs)
    )


def _lowered(uri: URI) -> dict[str, str]:
    return {name.lower(): (value or "").lower() for name, value in uri.parameters.items()}


def _preferred(held: Sequence[_Held]) -> list[_Held]:
    if len(held) < 2:
        return list(held)
    ordered = sorted(enumerate(held), key=lambda item: (-item[1].binding.q, -item[0]))
    return [each for _, each in ordered]


def _stored(held: Sequence[_Held]) -> tuple[Binding, ...]:
    return tuple(each.binding for each in held)


def _contact_value(held: _Held, now_s: float) -> str:
    """Return the Contact of a binding with the seconds it has left (step 8)."""
    binding = held.binding
    # Rounded up: a telephone that is told 0 believes it was removed.
    value = f"<{binding.contact_uri}>;expires={max(1, -int(-(held.expires_at_s - now_s) // 1))}"
    if binding.q != 1.0:
        value += f";q={binding.q:g}"
    if binding.instance:
        value += f";+sip.instance={quote(binding.instance)}"
    return value
