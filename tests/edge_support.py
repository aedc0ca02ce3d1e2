"""What tests of the edge share: a clock, passwords, messages, phones and cells in words."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from config.schema import AgentEntry, Sip, Trunk
from domain.binding import Binding
from pbx.edge.call import InboundCall, Placement, Refusal
from pbx.edge.flow import INSIDE, Flow
from pbx.edge.message import Message, parse
from pbx.edge.post import Action, Listener, Names, Place, Send
from pbx.edge.proxy import EdgeCore
from pbx.sip.digest import authorize, ha1

DOMAIN = "pbx.example.com"
INSIDE_ADDRESS = ("127.0.0.1", 7000)
CELL = ("127.0.0.1", 7101)
EDGE_HOST = "192.0.2.10"
TRUNK_HOST = "198.51.100.5"
PHONE_HOST = "203.0.113.20"
PASSWORDS = {"ann": "secret-ann", "bob": "secret-bob", "101": "secret-ann"}
AGENT_OF = {"ann": "ann", "101": "ann", "bob": "bob"}

OFFER = (
    b"v=0\r\no=- 1 1 IN IP4 203.0.113.20\r\ns=-\r\nc=IN IP4 203.0.113.20\r\nt=0 0\r\n"
    b"m=audio 40000 RTP/AVP 0 8 101\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\n"
    b"a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-16\r\na=ptime:20\r\na=sendrecv\r\n"
)
ANSWER = (
    b"v=0\r\no=- 7 7 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
    b"m=audio 20000 RTP/AVP 0 101\r\na=rtpmap:0 PCMU/8000\r\n"
    b"a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-16\r\na=sendrecv\r\n"
)


class FakeClock:
    """Time that stands still until a test moves it."""

    def __init__(self) -> None:
        self.now_s = 1_000.0

    def monotonic_s(self) -> float:
        return self.now_s

    def utc(self) -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=self.now_s)


class WallClock:
    """Real time, for real sockets."""

    def monotonic_s(self) -> float:
        return time.monotonic()

    def utc(self) -> datetime:
        return datetime.now(UTC)


class Passwords:
    """A CredentialSource over PASSWORDS."""

    def ha1(self, username: str, algorithm: str) -> str | None:
        password = PASSWORDS.get(username)
        return None if password is None else ha1(username, DOMAIN, password, algorithm)

    def agent_id(self, username: str) -> str | None:
        return AGENT_OF.get(username)


class MemoryBindings:
    """A BindingStore in memory."""

    def __init__(self, stored: Sequence[Binding] = ()) -> None:
        self.stored = list(stored)
        self.saved: dict[str, Sequence[Binding]] = {}

    async def load(self) -> Sequence[Binding]:
        return self.stored

    def save(self, agent_id: str, bindings: Sequence[Binding]) -> None:
        self.saved[agent_id] = bindings


@dataclass
class ScriptedPlacer:
    """Call control that gives the results in order, the last one again and again."""

    results: list[Placement | Refusal]
    calls: list[InboundCall] = field(default_factory=list)
    refused_by: list[tuple[str, int]] = field(default_factory=list)

    async def place(self, call: InboundCall) -> Placement | Refusal:
        self.calls.append(call)
        return self.results.pop(0) if len(self.results) > 1 else self.results[0]

    def declined(self, address: tuple[str, int]) -> None:
        self.refused_by.append(address)


def sip_settings(**changes: object) -> Sip:
    """Return the `sip` section of a small office behind NAT."""
    base: dict[str, object] = {
        "domain": DOMAIN,
        "listen": [
            {"transport": "udp", "address": "192.0.2.10", "port": 5060},
            {"transport": "tcp", "address": "192.0.2.10", "port": 5060},
            {
                "transport": "tls",
                "address": "192.0.2.10",
                "port": 5061,
                "certificate": "cert.pem",
                "private_key": "key.pem",
            },
        ],
    }
    return Sip.model_validate({**base, **changes})


def trunk(**changes: object) -> Trunk:
    """Return a trunk known by its address."""
    return Trunk.model_validate({"id": "carrier", "addresses": [f"{TRUNK_HOST}/32"], **changes})


def agents() -> list[AgentEntry]:
    """Return two agents who register and one on another PBX."""
    return [
        AgentEntry(id="ann", name="Ann", extension="101"),
        AgentEntry(id="bob", name="Bob", extension="102"),
        AgentEntry(id="cid", name="Cid", extension="103", contact="sip:cid@198.51.100.77:5070"),
    ]


def message(
    method: str,
    uri: str,
    *,
    branch: str,
    via: str = f"SIP/2.0/UDP {TRUNK_HOST}:5060",
    from_: str = "<sip:+4930111@carrier.example>;tag=f1",
    to: str = "<sip:800@pbx.example.com>",
    call_id: str = "call-1",
    cseq: int = 1,
    contact: str | None = f"<sip:+4930111@{TRUNK_HOST}:5060>",
    body: bytes = b"",
    extra: Sequence[str] = (),
    cseq_method: str | None = None,
) -> bytes:
    """Return a request."""
    lines = [
        f"{method} {uri} SIP/2.0",
        f"Via: {via};branch={branch};rport",
        "Max-Forwards: 70",
        f"From: {from_}",
        f"To: {to}",
        f"Call-ID: {call_id}",
        f"CSeq: {cseq} {cseq_method or method}",
    ]
    if contact is not None:
        lines.append(f"Contact: {contact}")
    lines += extra
    if body:
        lines.append("Content-Type: application/sdp")
    lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def response(
    request: Message,
    status: int,
    *,
    tag: str = "",
    contact: str | None = None,
    body: bytes = b"",
    extra: Sequence[str] = (),
) -> bytes:
    """Return a response as a user agent makes it of the request it got."""
    to = request.get("To")
    if tag and not request.to_tag:
        to += f";tag={tag}"
    lines = [f"SIP/2.0 {status} X"]
    lines += [f"Via: {value}" for value in request.values("Via")]
    lines += [f"Record-Route: {value}" for value in request.values("Record-Route")]
    lines += [
        f"From: {request.get('From')}",
        f"To: {to}",
        f"Call-ID: {request.call_id}",
        f"CSeq: {request.get('CSeq')}",
    ]
    if contact is not None:
        lines.append(f"Contact: {contact}")
    lines += extra
    if body:
        lines.append("Content-Type: application/sdp")
    lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def credentials(
    challenge: Message, *, method: str, uri: str, username: str, password: str, count: int = 1
) -> str:
    """Return the header line that answers a 401 or 407."""
    name = "WWW-Authenticate" if challenge.status == 401 else "Proxy-Authenticate"
    values = [value for key, value in challenge.lines if key == name]
    value = authorize(
        values[-1], method=method, uri=uri, username=username, password=password, count=count
    )
    return f"{'' if challenge.status == 401 else 'Proxy-'}Authorization: {value}"


TRUNK_FLOW = Flow("udp", TRUNK_HOST, 5060, 0)
PHONE_FLOW = Flow("udp", PHONE_HOST, 5062, 0)


def cell_flow(cell: tuple[str, int] = CELL) -> Flow:
    """Return the flow of a cell."""
    return Flow("udp", cell[0], cell[1], INSIDE)


class CoreBench:
    """An edge core with everything around it in the test's hands."""

    def __init__(
        self,
        *,
        settings: Sip | None = None,
        trunks: Sequence[Trunk] | None = None,
        media_address: str | None = None,
        entries: Sequence[AgentEntry] | None = None,
    ) -> None:
        self.clock = FakeClock()
        settings = settings or sip_settings()
        self.names = Names(
            settings=settings,
            media_address=media_address,
            listeners=[
                Listener(transport=each.transport, host=each.address, port=each.port)
                for each in settings.listen
            ],
            inside=INSIDE_ADDRESS,
            facing=lambda host: EDGE_HOST,
        )
        self.core = EdgeCore(
            settings=settings,
            names=self.names,
            trunks=[trunk()] if trunks is None else trunks,
            agents=agents() if entries is None else entries,
            numbers=["800", "+4930800", "*60"],
            credentials=Passwords(),
            clock=self.clock,
            secret=b"k" * 32,
        )
        self.core.wake(self.clock.now_s)

    def receive(self, data: bytes, flow: Flow) -> list[Action]:
        return self.core.receive(data, flow, self.clock.now_s)

    def sent(self, data: bytes, flow: Flow) -> list[tuple[Flow, Message]]:
        """Let the core receive, return what it sends."""
        return sends(self.receive(data, flow))

    def place(self, actions: Sequence[Action], cell: tuple[str, int] = CELL) -> list[Action]:
        (place,) = [action for action in actions if isinstance(action, Place)]
        return self.core.placed(place.token, Placement(address=cell), self.clock.now_s)

    def pass_s(self, seconds: float) -> list[tuple[Flow, Message]]:
        """Let time pass, waking the core at each deadline; return all it sends."""
        end_s = self.clock.now_s + seconds
        found: list[tuple[Flow, Message]] = []
        while (due_s := self.core.next_deadline_s()) is not None and due_s <= end_s:
            self.clock.now_s = max(self.clock.now_s, due_s)
            found += sends(self.core.wake(self.clock.now_s))
        self.clock.now_s = end_s
        return found

    def count(self, name: str) -> int:
        return self.core.figures().counted.get(name, 0)

    def register(self, *, user: str = "ann", flow: Flow = PHONE_FLOW, call_id: str = "") -> None:
        """Register a telephone of an agent."""
        uri = f"sip:{DOMAIN}"
        contact = f"<sip:{user}@{flow.host}:{flow.port}>"
        common: dict[str, Any] = {
            "via": f"SIP/2.0/{flow.transport.upper()} {flow.host}:{flow.port}",
            "from_": f"<sip:{user}@{DOMAIN}>;tag=r",
            "to": f"<sip:{user}@{DOMAIN}>",
            "call_id": call_id or f"reg-{flow.port}",
            "contact": contact,
        }
        first = message("REGISTER", uri, branch=f"z9hG4bKr1{flow.port}", **common)
        ((_, challenge),) = self.sent(first, flow)
        assert challenge.status == 401
        line = credentials(
            challenge, method="REGISTER", uri=uri, username=user, password=PASSWORDS[user]
        )
        second = message(
            "REGISTER", uri, branch=f"z9hG4bKr2{flow.port}", cseq=2, extra=[line], **common
        )
        ((_, ok),) = self.sent(second, flow)
        assert ok.status == 200, ok.reason

    def trunk_call(
        self, *, call_id: str = "call-1", cell: tuple[str, int] = CELL, flow: Flow = TRUNK_FLOW
    ) -> "CallInProgress":
        """Bring a trunk's INVITE to a cell."""
        invite = message(
            "INVITE",
            "sip:800@192.0.2.10",
            branch=f"z9hG4bKi{call_id}",
            call_id=call_id,
            body=OFFER,
            via=f"SIP/2.0/{flow.transport.upper()} {flow.host}:{flow.port}",
        )
        actions = self.receive(invite, flow)
        ((_, trying),) = sends(actions)
        assert trying.status == 100
        ((to_cell, at_cell),) = sends(self.place(actions, cell))
        assert to_cell == cell_flow(cell)
        return CallInProgress(self, invite, at_cell, cell, flow)


@dataclass
class CallInProgress:
    """A trunk's call that has reached its cell."""

    bench: CoreBench
    invite: bytes
    at_cell: Message
    cell: tuple[str, int]
    flow: Flow
    tag: str = "cell-tag"

    def from_cell(self, status: int, **more: object) -> list[tuple[Flow, Message]]:
        contact = f"<sip:{self.cell[0]}:{self.cell[1]}>"
        body = ANSWER if 200 <= status < 300 else b""
        data = response(
            self.at_cell,
            status,
            tag=self.tag,
            contact=contact,
            body=body,
            **more,  # type: ignore[arg-type]
        )
        return self.bench.sent(data, cell_flow(self.cell))

    def answered(self) -> Message:
        """Answer the call and acknowledge it; return the 200 as the trunk got it."""
        ((to, ok),) = self.from_cell(200)
        assert to == self.flow
        assert ok.status == 200
        ack = self.request("ACK", branch="z9hG4bKack1", cseq=1)
        ((to_cell, at_cell),) = self.bench.sent(ack, self.flow)
        assert to_cell == cell_flow(self.cell)
        assert at_cell.method == "ACK"
        return ok

    def request(self, method: str, *, branch: str, cseq: int, **more: object) -> bytes:
        """Return the trunk's request in the dialog."""
        more.setdefault(
            "via", f"SIP/2.0/{self.flow.transport.upper()} {self.flow.host}:{self.flow.port}"
        )
        return message(
            method,
            "sip:warmline@192.0.2.10:5060",
            branch=branch,
            cseq=cseq,
            call_id=self.at_cell.call_id,
            to=f"<sip:800@pbx.example.com>;tag={self.tag}",
            **more,  # type: ignore[arg-type]
        )

    def cell_request(self, method: str, *, branch: str, cseq: int, **more: object) -> bytes:
        """Return the cell's request in the dialog."""
        peer = self.at_cell.get("Contact").strip("<>")
        return message(
            method,
            peer,
            branch=branch,
            cseq=cseq,
            via=f"SIP/2.0/UDP {self.cell[0]}:{self.cell[1]}",
            from_=f"<sip:800@pbx.example.com>;tag={self.tag}",
            to="<sip:+4930111@carrier.example>;tag=f1",
            call_id=self.at_cell.call_id,
            contact=f"<sip:{self.cell[0]}:{self.cell[1]}>",
            **more,  # type: ignore[arg-type]
        )


def sends(actions: Sequence[Action]) -> list[tuple[Flow, Message]]:
    """Return what is sent, parsed."""
    return [(action.flow, parse(action.data)) for action in actions if isinstance(action, Send)]


class Ringing:
    """A cell that has called an agent."""

    def __init__(self, *flows, agent="ann"):
        self.bench = CoreBench()
        for flow in flows:
            self.bench.register(flow=flow)
        self.bench.trunk_call().from_cell(180)
        self.invite = self.cell("INVITE", cseq=1, body=OFFER)
        sent = self.bench.sent(self.invite, cell_flow())
        self.answers = [m for to, m in sent if to == cell_flow()]
        self.phones = {to: m for to, m in sent if to != cell_flow()}
        self.agent = agent

    def cell(self, method, *, cseq, to_tag="", branch=None, uri=f"sip:ann@{DOMAIN}", **more):
        tag = f";tag={to_tag}" if to_tag else ""
        return message(
            method,
            uri,
            branch=branch or "z9hG4bKcall",
            cseq=cseq,
            via="SIP/2.0/UDP {}:{}".format(*CELL),
            from_=f"<sip:+4930111@{DOMAIN}>;tag=cell",
            to=f"<sip:ann@{DOMAIN}>{tag}",
            call_id="leg-1",
            contact="<sip:{}:{}>".format(*CELL),
            **more,
        )

    def phone(self, flow, status, *, tag="p", body=b"", **more):
        """Return what the core sends when a phone answers."""
        contact = f"<sip:ann@192.168.1.7:{flow.port}>"
        data = response(self.phones[flow], status, tag=tag, contact=contact, body=body, **more)
        return self.bench.sent(data, flow)


def kinds(sent):
    return [(to, m.method if not m.status else m.status) for to, m in sent]
