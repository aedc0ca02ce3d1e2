"""What a node has for what is written, joined as in a node: for benches of chat and mail.

Store, bus, journal, router, tickets, conversations, identities, chat and mail are those that
`server/` joins; cells, telephones and the HTTP API are left out.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from bus.local import LocalBus
from channels.mail.resolver import Resolver
from config.schema import Configuration
from conversations.followers import Follower
from conversations.service import ConversationService
from customers.identity import Identity
from domain.agent import AgentState
from domain.conversation_ports import OfferShown
from domain.errors import NotKnown
from router.policy import RouterPolicy
from router.service import RouterService
from server.clock import SystemClock
from server.desk import Desk
from server.journal import JournalWriter
from server.life import spare_what_is_loaded, take_turns_fairly
from server.router_feed import RouterFeed
from server.tickets import tickets_at_work
from server.written import Written, written_at_work
from store.opening import Store, open_store

AGENT_IDS: Final = tuple(f"agent{number}" for number in range(25))
CHATS_EACH: Final = 50
"""The most that the configuration allows."""


class NoCalls:
    """Where nobody calls."""

    async def call_back(self, **asked: Any) -> str:
        """Refuse."""
        raise NotKnown("way to call out of conversation", str(asked["conversation_id"]))

    def belongs(self, contact_id: str, conversation_id: str) -> bool:
        """Tell that it is no call of ours."""
        return False


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenNode:
    """All of it, at work."""

    written: Written
    store: Store
    router: RouterService


def settings(folder: Path, **parts: Any) -> Configuration:
    """Return a configuration with 25 agents for 50 chats each and one queue."""
    return Configuration.model_validate(
        {
            "node": {"name": "bench", "data_folder": str(folder)},
            "sip": {"domain": "pbx.example.org", "listen": [{"transport": "udp", "port": 5060}]},
            "http": {"token": {"env": "WARMLINE_TOKEN"}},
            "agents": [
                {
                    "id": agent_id,
                    "name": f"Agent {number}",
                    "extension": str(200 + number),
                    "languages": {"en": 5},
                    "capacity": {"chat": CHATS_EACH},
                }
                for number, agent_id in enumerate(AGENT_IDS)
            ],
            "queues": [{"id": "sales", "name": "Sales", "numbers": ["800"], "waiting_max": 10_000}],
            **parts,
        }
    )


@asynccontextmanager
async def at_work(
    configuration: Configuration, resolver: Resolver | None = None
) -> AsyncIterator[WrittenNode]:
    """Run it in this event loop."""
    clock = SystemClock()
    desk = Desk()
    desk.policy = RouterPolicy.of(configuration)
    async with open_store(configuration.node.data_folder, clock) as store:
        bus = LocalBus(clock)
        router = RouterService(desk.policy, events=bus, clock=clock, desk=desk, wishes=store.wishes)
        desk.profiles = router
        async with (
            JournalWriter(bus, store.journal),
            tickets_at_work(configuration, store, bus, clock, messages=store.conversations),
            router,
            RouterFeed(router, bus, clock),
            written_at_work(
                configuration,
                store,
                bus,
                clock,
                router=router,
                ledger=store.contacts,
                desk=desk,
                calls=NoCalls(),
                identities=Identity(store.directory.identities, bus),
                resolver=resolver,
            ) as written,
        ):
            # As in a node's own process.
            take_turns_fairly()
            spare_what_is_loaded()
            yield WrittenNode(written=written, store=store, router=router)


class Desks:
    """Agents who take whatever they are offered."""

    def __init__(self, node: WrittenNode) -> None:
        """Prepare."""
        self._node = node
        self.serves: dict[str, str] = {}
        """Who serves a conversation."""

    def sit(self, agent_id: str) -> Follower:
        """Let one of them be ready."""
        follower = self._node.written.conversations.follow_agent(agent_id)
        self._node.router.request_state(agent_id, AgentState.READY, "bench")
        return follower

    async def work(self, agent_id: str, follower: Follower) -> None:
        """Take what is offered, until cancelled."""
        async for update in follower:
            if isinstance(update, OfferShown):
                await self._take(agent_id, self._node.written.conversations, update)

    async def _take(self, agent_id: str, talk: ConversationService, offer: OfferShown) -> None:
        if await talk.accept(agent_id, offer.offer_id) is not None:
            self.serves[offer.conversation.conversation_id] = agent_id


class TableResolver:
    """Answers of DNS from a table; what is not in it is not there."""

    def __init__(self, records: Mapping[tuple[str, str], Sequence[str]]) -> None:
        """Take the records by (name, kind)."""
        self._records = records

    async def records(self, name: str, kind: str) -> Sequence[str]:
        """See `Resolver`."""
        return self._records.get((name, kind), ())
