"""The agents' telephones: registrations, fixed contacts, and where to ring."""

from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Final

from config.schema import AgentEntry, Sip
from domain.binding import Binding
from domain.errors import SipError
from domain.ports import Clock
from pbx.edge.flow import Flow, numeric_host, parse_flow, parse_uri, via_transport
from pbx.edge.gate import Gate
from pbx.edge.invites import Target
from pbx.edge.message import Line, Message
from pbx.edge.post import Post, Reach, Save
from pbx.edge.registrar import BindingChange, RegisterRequest, Registrar
from pbx.sip.fields import name_addresses

LISTENERS_REMEMBERED_MAX: Final = 20_000
"""Flows whose listening socket is remembered: 1,000 agents, 20 telephones each."""


class Phones:
    """Who can be rung, and where."""

    def __init__(
        self,
        *,
        settings: Sip,
        gate: Gate,
        clock: Clock,
        post: Post,
        agents: Iterable[AgentEntry],
    ) -> None:
        """Know the agents of the configuration and no registration."""
        self._gate = gate
        self._clock = clock
        self._post = post
        self._registrar = Registrar(settings.registrar)
        self._agents: dict[str, AgentEntry] = {}
        self._fixed_hosts: dict[str, str] = {}
        self._listeners: OrderedDict[str, int] = OrderedDict()
        self._flow_owners: dict[str, str] = {}
        self.reload(agents)

    def reload(self, agents: Iterable[AgentEntry]) -> None:
        """Take other agents; one who is gone, or has a fixed contact now, is unbound."""
        before = self._agents
        self._agents = {agent.id: agent for agent in agents}
        for agent_id in before:
            now = self._agents.get(agent_id)
            if now is None or now.contact is not None:
                self._took(self._registrar.forget(agent_id))
            if now is None or now.contact is None:
                self._fixed_hosts.pop(agent_id, None)
        for agent in self._agents.values():
            if agent.contact is None:
                continue
            old = before.get(agent.id)
            if old is None or old.contact != agent.contact:
                self.set_fixed(agent.id, numeric_host(parse_uri(agent.contact).host))

    def load(self, stored: Iterable[Binding]) -> None:
        """Take the registrations of the last run, of agents who still register."""
        known = [
            binding
            for binding in stored
            if (agent := self._agents.get(binding.agent_id)) is not None and agent.contact is None
        ]
        self._took(
            self._registrar.load(known, now=self._clock.utc(), now_s=self._clock.monotonic_s())
        )

    def set_fixed(self, agent_id: str, host: str | None) -> None:
        """Say which IP address a fixed contact has; None: its name leads nowhere."""
        was = agent_id in self._fixed_hosts
        if host is None:
            self._fixed_hosts.pop(agent_id, None)
        else:
            self._fixed_hosts[agent_id] = host
        if was != (host is not None):
            self._post.actions.append(Reach(agent_id, host is not None))

    def fixed_hosts(self) -> Sequence[str]:
        """Return the IP addresses that fixed contacts have."""
        return tuple(self._fixed_hosts.values())

    def register(
        self, message: Message, agent_id: str, flow: Flow, now_s: float
    ) -> tuple[int, str, Sequence[Line]]:
        """Answer a REGISTER whose sender is proved: status, reason, header fields."""
        agent = self._agents.get(agent_id)
        to_user = _to_user(message)
        # RFC 3261 section 10.3 steps 4 and 5: his own address-of-record and no other.
        if agent is None or agent.contact is not None or self._gate.agent_id(to_user) != agent_id:
            return 403, "", ()
        request = RegisterRequest(
            call_id=message.call_id,
            cseq=message.cseq,
            contacts=[value for name, value in message.lines if name == "Contact"],
            expires=message.get("Expires"),
            user_agent=message.get("User-Agent"),
        )
        text = str(flow)
        registration = self._registrar.register(
            request, agent_id=agent_id, flow=text, now=self._clock.utc(), now_s=now_s
        )
        if registration.status == 200:
            self._listeners[text] = flow.listener
            self._listeners.move_to_end(text)
            if len(self._listeners) > LISTENERS_REMEMBERED_MAX:
                self._listeners.popitem(last=False)
        if registration.change is not None:
            self._took((registration.change,))
        return registration.status, registration.reason, registration.headers

    def targets(self, agent_id: str) -> list[Target] | None:
        """Return where to ring an agent; empty: nowhere now; None: no such agent."""
        agent = self._agents.get(agent_id)
        if agent is None:
            return None
        names = self._post.names
        if agent.contact is not None:
            host = self._fixed_hosts.get(agent_id)
            if host is None:
                return []
            uri = parse_uri(agent.contact)
            transport = via_transport(uri)
            port = uri.port or (5061 if transport == "tls" else 5060)
            flow = Flow(transport, host, port, names.listener_for(transport, host))
            return [Target(flow, agent.contact)]
        return [
            Target(way, binding.contact_uri)
            for binding in self.bindings(agent_id)
            if (way := self._flow(binding)) is not None
        ]

    def bindings(self, agent_id: str) -> Sequence[Binding]:
        """Return the live bindings of an agent, the preferred first."""
        return self._registrar.bindings(agent_id, now_s=self._clock.monotonic_s())

    def is_phone(self, flow: Flow) -> bool:
        """Return whether a telephone is registered on this very flow."""
        return str(flow) in self._flow_owners

    def is_at(self, agent_id: str, host: str) -> bool:
        """Return whether a telephone of this agent is registered from that address."""
        return any(
            way is not None and way.host == host for way in map(self._flow, self.bindings(agent_id))
        )

    def way_to(self, agent_id: str, lost: Flow) -> Flow:
        """Return the flow by which a telephone can be reached whose own was lost.

        One registered from the same address, else the agent's preferred; the lost one
        when he has none.
        """
        flows = [way for way in map(self._flow, self.bindings(agent_id)) if way is not None]
        near = [way for way in flows if way.host == lost.host]
        return (near or flows or [lost])[0]

    def udp_flows(self) -> list[Flow]:
        """Return the UDP flows of all registered telephones, for keep-alives."""
        return [
            parsed._replace(listener=self._listener(text, parsed))
            for text in self._flow_owners
            for parsed in (parse_flow(text, 0),)
            if parsed.transport == "udp"
        ]

    def flow_closed(self, flow: Flow) -> None:
        """A connection has ended."""
        if str(flow) in self._flow_owners:
            self._took(self._registrar.flow_closed(str(flow)))

    def sweep(self, now_s: float) -> None:
        """Remove what has expired."""
        self._took(self._registrar.sweep(now_s=now_s))

    def next_deadline_s(self) -> float | None:
        """Return when the next binding expires."""
        return self._registrar.next_deadline_s()

    def figures(self) -> Mapping[str, int]:
        """Return the registrar's counters."""
        figures = asdict(self._registrar.figures())
        return {f"registrar_{name}": value for name, value in figures.items()}

    def _took(self, changes: Iterable[BindingChange]) -> None:
        for change in changes:
            for text, owner in list(self._flow_owners.items()):
                if owner == change.agent_id:
                    del self._flow_owners[text]
            for binding in change.bindings:
                self._flow_owners[binding.flow] = change.agent_id
            self._post.actions.append(Save(change.agent_id, change.bindings))
            if change.reachable is not None:
                self._post.actions.append(Reach(change.agent_id, change.reachable))

    def _flow(self, binding: Binding) -> Flow | None:
        known = self._listeners.get(binding.flow)
        try:
            flow = parse_flow(binding.flow, known or 0)
        except SipError:
            return None
        if known is None:
            return flow._replace(listener=self._listener(binding.flow, flow))
        return flow

    def _listener(self, text: str, flow: Flow) -> int:
        known = self._listeners.get(text)
        if known is not None:
            return known
        return self._post.names.listener_for(flow.transport, flow.host)


def _to_user(message: Message) -> str:
    try:
        return parse_uri(name_addresses(message.get("To"))[0].uri).user or ""
    except SipError:
        return ""
