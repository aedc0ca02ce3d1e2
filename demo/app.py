"""The customer's app: a client of docs/protocols/chat.md."""

import asyncio
import json
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

from demo.json_socket import JsonSocket
from demo.site import WIDGET


class App(JsonSocket):
    """One connection of the app. Entering returns when the customer can write."""

    def __init__(self, chat: str, identity: str) -> None:
        """Connect to the chat at this URL, with the token that the site gave its user."""
        super().__init__("app", f"{chat.replace('http', 'ws', 1)}/chat/v1/socket")
        self._where = urlsplit(chat)
        self._identity = identity
        self._said = 0

    async def __aenter__(self) -> "App":
        given = await asyncio.to_thread(self._ticket)
        await super().__aenter__()
        await self.say(type="hello", version=1, ticket=given["ticket"], language="en")
        await self.told("welcome")
        await self.told("live")
        return self

    async def write(self, text: str) -> None:
        """Write a message; returns when it is committed.

        Raises:
            TimeoutError: It was not accepted in time.
            OSError: It was refused, or the connection ended.
        """
        self._said += 1
        client_id = f"app-{self._said}"
        await self.say(type="message", client_id=client_id, text=text)
        answer = await self.told(
            "accepted", "error", fits=lambda told: told["client_id"] == client_id
        )
        if answer["type"] == "error":
            raise OSError(f"app: a message was refused: {answer['code']}: {answer['what']}")

    async def hear(self) -> str:
        """Return the agent's next message, and tell that it was read."""
        message = await self.told("message", fits=lambda told: told["author"] == "agent")
        await self.say(type="mark", what="read", sequence=message["sequence"])
        return str(message["text"])

    def _ticket(self) -> dict[str, Any]:
        connection = HTTPConnection(self._where.hostname or "", self._where.port, timeout=30)
        try:
            body = json.dumps({"widget": WIDGET, "identity": self._identity})
            connection.request(
                "POST", "/chat/v1/tickets", body, {"Content-Type": "application/json"}
            )
            response = connection.getresponse()
            answer = response.read()
        finally:
            connection.close()
        if response.status != 201:
            raise OSError(f"app: no ticket: {response.status} {answer[:200]!r}")
        ticket: dict[str, Any] = json.loads(answer)
        return ticket
