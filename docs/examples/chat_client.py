"""A customer at the command line: `python chat_client.py https://chat.example.org ORIGIN`.

Written from docs/protocols/chat.md alone. Lines that are typed are sent; what comes is printed.
"""

import asyncio
import json
import random
import sys
import uuid
from typing import Any

import httpx
import websockets


class Customer:
    """One customer: his visitor's token, what he has seen, what is not accepted yet."""

    def __init__(self, url: str, origin: str) -> None:
        self.url, self.origin = url.rstrip("/"), origin
        self.visitor, self.conversation, self.after = "", "", 0
        self.waiting: dict[str, str] = {}
        self.failures = 0
        self.socket: websockets.ClientConnection | None = None

    async def say(self, text: str) -> None:
        """Send a message now, or as soon as there is a connection."""
        client_id = str(uuid.uuid4())
        self.waiting[client_id] = text
        if self.socket is not None:
            await self.send(type="message", client_id=client_id, text=text)

    async def send(self, **message: Any) -> None:
        """Send one message of the protocol."""
        assert self.socket is not None
        await self.socket.send(json.dumps(message))

    async def run(self) -> None:
        """Connect, and again after every loss."""
        while True:
            try:
                await self.connect()
            except (OSError, httpx.HTTPError, websockets.WebSocketException):
                self.socket, self.failures = None, self.failures + 1
                await asyncio.sleep(min(30, 0.5 * 2**self.failures) * random.uniform(0.5, 1))

    async def connect(self) -> None:
        """Serve one connection until it is lost."""
        headers = {"Origin": self.origin}
        async with httpx.AsyncClient(headers=headers) as http:
            answer = await http.post(f"{self.url}/chat/v1/tickets", json={"visitor": self.visitor})
        given = answer.raise_for_status().json()
        self.visitor = given["visitor"]
        place = self.url.replace("http", "ws", 1) + "/chat/v1/socket"
        async with websockets.connect(place, additional_headers=headers) as self.socket:
            resume = {"conversation_id": self.conversation, "after": self.after}
            has = resume if self.conversation else None
            await self.send(type="hello", version=1, ticket=given["ticket"], resume=has)
            while True:
                await self.take(json.loads(await self.socket.recv()))

    async def take(self, message: dict[str, Any]) -> None:
        """Do what a message of the server asks for."""
        kind = message["type"]
        if kind == "welcome" and not message["resumed"]:
            self.after = 0
        elif kind == "live":
            self.failures = 0
            for client_id, text in list(self.waiting.items()):
                await self.send(type="message", client_id=client_id, text=text)
        elif kind == "accepted":
            self.conversation = message["conversation_id"]
            self.waiting.pop(message["client_id"], None)
        elif kind == "message":
            self.conversation, self.after = message["conversation_id"], message["sequence"]
            print(f"{message['author']}: {message['text']}")
            await self.send(type="mark", what="read", sequence=self.after)
        elif kind in ("status", "error"):
            print(f"[{message.get('state') or message.get('code')}]")


async def main(url: str, origin: str) -> None:
    """Send what is typed, print what comes."""
    customer = Customer(url, origin)
    running = asyncio.create_task(customer.run())
    while line := await asyncio.to_thread(sys.stdin.readline):
        await customer.say(line.strip())
    running.cancel()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:3]))
