"""Customers and agents who write, against a node in a process of its own."""

import asyncio
import json
import smtplib
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import Any, Self

import httpx
import jwt
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from tests.node_events import EVENT_S_MAX
from tests.node_rig import Lane, NodeRig, configuration, free_port
from tests.unit.channels.webhooks.receiver import SECRET

ORIGIN = "https://shop.example.org"
JWT_KEY = "a key of the site that is 32 bytes long and more"
BEFORE_US = "filter.example.org"
"""The mail server before the node, whose word on senders is believed: no DNS is asked."""
ENVIRON = {"WARMLINE_JWT": JWT_KEY, "WARMLINE_MESSENGER": SECRET}

Told = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Ports:
    """Where a node takes chats and mail."""

    chat: int = field(default_factory=lambda: free_port("127.0.0.1"))
    mail: int = field(default_factory=lambda: free_port("127.0.0.1"))


def written_configuration(
    made: Mapping[str, Lane],
    ports: Ports,
    *,
    smarthost: int | None = None,
    messenger: tuple[str, Lane] | None = None,
    over: Mapping[str, Mapping[str, Any]] | None = None,
) -> dict[str, Any]:
    """Return the configuration of a node where each lane has a widget and a mailbox of its name.

    Args:
        made: Its queues.
        ports: Where customers come in.
        smarthost: Port of the mail server that takes what goes out; None: nothing goes out.
        messenger: Where a messenger's adapter is posted to, and the lane of its customers.
        over: Laid over whole sections, key by key.
    """
    send = None if smarthost is None else {"host": "127.0.0.1", "port": smarthost, "tls": "none"}
    wanted = configuration(
        made,
        over={
            "chat": {
                "enabled": True,
                "listen": {"address": "127.0.0.1", "port": ports.chat},
                "allowed_origins": [ORIGIN],
                "widgets": [{"id": lane.name, "queue_id": lane.name} for lane in made.values()],
                "identity": {
                    "issuer": ORIGIN,
                    "audience": "warmline",
                    "key": {"env": "WARMLINE_JWT"},
                },
                "messages_per_min": 600,
                "messages_burst": 100,
                "address_messages_per_min": 60_000,
                "tickets_per_min": 60_000,
            },
            "mail": {
                "enabled": True,
                "host": "mx.example.org",
                "boxes": [
                    {"id": lane.name, "addresses": [box_of(lane)], "queue": lane.name}
                    for lane in made.values()
                ],
                "receive": {
                    "smtp": {"address": "127.0.0.1", "port": ports.mail},
                    "authserv_id": BEFORE_US,
                    "connections_per_source_per_min": 10_000,
                },
                "send": send,
            },
            "http": {"desk": True},
            # An offer stays while a busy machine takes its time.
            "conversations": {"offer_s": {"chat": 60, "message": 60, "mail": 60}},
            **(over or {}),
        },
    )
    for agent in wanted["agents"]:
        agent["languages"] = {"en": 5, "zh": 5}
    if messenger is not None:
        url, lane = messenger
        wanted["messengers"] = [
            {
                "id": "chatty",
                "queue_id": lane.name,
                "url": url,
                "secret": {"env": "WARMLINE_MESSENGER"},
            }
        ]
    return wanted


def box_of(lane: Lane) -> str:
    """Return the mail address of a lane."""
    return f"{lane.name}@example.org"


def _all(told: Told) -> bool:
    return True


class Line:
    """A WebSocket whose messages are kept and waited for."""

    def __init__(self) -> None:
        self.told: list[Told] = []
        self.closed = False
        self._news = asyncio.Condition()
        self._socket: ClientConnection | None = None
        self._reading: asyncio.Task[None] | None = None

    async def open(self, url: str, headers: Mapping[str, str]) -> None:
        """Connect, forget what was told before, and read from now on."""
        self.told, self.closed = [], False
        self._socket = await connect(
            url, additional_headers=headers, proxy=None, open_timeout=EVENT_S_MAX
        )
        self._reading = asyncio.create_task(self._read(self._socket), name=url)

    async def close(self) -> None:
        """Hang up."""
        if self._socket is not None and self._reading is not None:
            await self._socket.close()
            await self._reading

    async def __aexit__(self, *exc: object) -> None:
        await self.close()

    async def send(self, **message: Any) -> None:
        """Send one message."""
        assert self._socket is not None
        await self._socket.send(json.dumps(message))

    def of(self, kind: str | None, where: Callable[[Told], bool] = _all) -> list[Told]:
        """Return the messages of a kind that came, in order; None: of all kinds."""
        return [told for told in self.told if kind in (None, told["type"]) and where(told)]

    async def next(
        self, kind: str | None, where: Callable[[Told], bool] = _all, *, nth: int = 1
    ) -> Told:
        """Return the nth message of a kind, as soon as it has come.

        Raises:
            ConnectionError: The other side has gone before.
        """
        try:
            async with asyncio.timeout(EVENT_S_MAX), self._news:
                await self._news.wait_for(lambda: self.closed or len(self.of(kind, where)) >= nth)
        except TimeoutError:
            raise AssertionError(f"no {kind} ({nth}); the last were {self.told[-5:]}") from None
        found = self.of(kind, where)
        if len(found) < nth:
            raise ConnectionError(f"closed before {kind} ({nth}); the last were {self.told[-5:]}")
        return found[nth - 1]

    async def _read(self, socket: ClientConnection) -> None:
        try:
            async for text in socket:
                message = json.loads(text)
                async with self._news:
                    self.told.append(message)
                    self._news.notify_all()
                await self.heard(message)
        except ConnectionClosed:
            pass  # The node was killed, which some tests do.
        finally:
            async with self._news:
                self.closed = True
                self._news.notify_all()

    async def heard(self, message: Told) -> None:
        """Do what a message asks for by itself: nothing."""


class ChatCustomer(Line):
    """A customer at a widget: a visitor, or a user of the site who is signed in.

    Attributes:
        ports: Where the node is, after a restart too.
        accepted: What was answered to his messages, by their client ids, the first answer each.
    """

    def __init__(self, ports: Ports, lane: Lane, *, user: str = "", name: str = "") -> None:
        super().__init__()
        self.ports = ports
        self.accepted: dict[str, Told] = {}
        self._lane, self._user, self._name = lane, user, name
        self._visitor = ""

    async def __aenter__(self) -> Self:
        await self.enter()
        return self

    async def enter(self) -> None:
        """Connect, as the same customer as before."""
        wish = {"widget": self._lane.name, "visitor": self._visitor}
        if self._user:
            wish["identity"] = identity(self._user, self._name)
        headers = {"Origin": ORIGIN}
        url = f"127.0.0.1:{self.ports.chat}/chat/v1"
        async with httpx.AsyncClient(trust_env=False, timeout=EVENT_S_MAX) as client:
            answer = await client.post(f"http://{url}/tickets", json=wish, headers=headers)
        assert answer.status_code == 201, answer.text
        self._visitor = answer.json()["visitor"]
        await self.open(f"ws://{url}/socket", headers)
        await self.send(type="hello", version=1, ticket=answer.json()["ticket"])
        await self.next("live")

    async def say(self, text: str, client_id: str = "") -> Told:
        """Say something; return what was answered when it was committed."""
        client_id = client_id or str(uuid.uuid4())
        await self.send(type="message", client_id=client_id, text=text)
        told = await self.next("accepted", lambda told: told["client_id"] == client_id)
        return self.accepted.setdefault(client_id, told)


def identity(user: str, name: str = "") -> str:
    """Return the token of the site for one of its users."""
    claims = {"iss": ORIGIN, "aud": "warmline", "sub": user, "exp": int(time.time()) + 600}
    return jwt.encode({**claims, "name": name}, JWT_KEY, algorithm="HS256")


class Desk(Line):
    """An agent who is connected by his desk; he takes what he is offered, or leaves it."""

    def __init__(self, rig: NodeRig, agent: str, *, takes: bool = True) -> None:
        super().__init__()
        self.rig, self.agent, self.takes = rig, agent, takes
        self._asked = 0
        self.taken: list[Told] = []

    async def __aenter__(self) -> Self:
        url = f"ws{self.rig.node.http.removeprefix('http')}/api/v1/agents/{self.agent}/desk"
        await self.open(url, {"Authorization": f"Bearer {self.rig.token}"})
        await self.next("hello")
        return self

    async def heard(self, message: Told) -> None:
        if message["type"] == "offer" and self.takes:
            self._asked += 1
            await self.send(type="accept", ref=f"take {self._asked}", offer_id=message["offer_id"])
        elif message["type"] == "done" and message["ref"].startswith("take"):
            self.taken.append(message["conversation"]["conversation"])

    async def ask(self, kind: str, **more: Any) -> Told:
        """Ask for something; return what was done.

        Raises:
            AssertionError: It was refused.
        """
        self._asked += 1
        ref = str(self._asked)
        await self.send(type=kind, ref=ref, **more)
        told = await self.next(None, lambda told: told.get("ref") == ref)
        assert told["type"] == "done", told
        return told

    async def has(self, conversation_id: str) -> Told:
        """Return a conversation, as soon as the agent has taken it."""

        def is_it(told: Told) -> bool:
            given = told.get("conversation")
            if not isinstance(given, dict) or "conversation" not in given:
                return False
            return bool(given["conversation"]["conversation_id"] == conversation_id)

        opened: Told = (await self.next("done", is_it))["conversation"]
        return opened


def mail(
    lane: Lane, sender: str, subject: str, text: str, *, mail_id: str = "", answers: str = ""
) -> EmailMessage:
    """Return a mail as the server before the node hands it over, its sender proved by DMARC."""
    message = EmailMessage()
    domain = sender.rpartition("@")[2]
    message["Authentication-Results"] = f"{BEFORE_US}; dmarc=pass header.from={domain}"
    message["From"] = sender
    message["To"] = box_of(lane)
    message["Subject"] = subject
    message["Message-ID"] = mail_id or f"<{uuid.uuid4().hex}@{domain}>"
    if answers:
        message["In-Reply-To"] = answers
    message.set_content(text)
    return message


async def hand_over(ports: Ports, *mails: EmailMessage) -> None:
    """Give mails to the node over SMTP; each is answered with 250."""

    def send() -> None:
        with smtplib.SMTP("127.0.0.1", ports.mail, timeout=EVENT_S_MAX) as server:
            for one in mails:
                server.send_message(one)

    await asyncio.to_thread(send)
