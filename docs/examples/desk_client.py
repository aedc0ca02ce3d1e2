"""An agent's desk on the command line: takes every chat that is offered and answers it.

    WARMLINE_TOKEN=... python docs/examples/desk_client.py ws://127.0.0.1:8080 alice

What you type goes to the customer who wrote last; an empty line ends his contact. It needs
nothing but the package `websockets`, and docs/protocols/desk.md.
"""

import asyncio
import json
import os
import sys

from websockets.asyncio.client import ClientConnection, connect


class Desk:
    """One agent at one connection."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.asked = 0
        self.talking_in: str | None = None

    async def ask(self, kind: str, **more: object) -> None:
        """Ask for something; its answer comes as `done` or `error` with this ref."""
        self.asked += 1
        await self.socket.send(json.dumps({"type": kind, "ref": str(self.asked), **more}))

    async def listen(self) -> None:
        """Take offers, show what is said, and say that it was read."""
        async for text in self.socket:
            told = json.loads(text)
            if told["type"] == "hello":
                print(f"at the desk of {told['name']}, {told['state']}")
            elif told["type"] == "offer":
                print(f"offered: {told['preview']}")
                await self.ask("accept", offer_id=told["offer_id"])
            elif told["type"] == "message" and told["message"]["author"] == "customer":
                said = told["message"]
                self.talking_in = said["conversation_id"]
                print(f"customer: {said['text']}")
                await self.ask("mark", conversation_id=self.talking_in, sequence=said["sequence"])
            elif told["type"] == "done" and "conversation" in told:
                self.talking_in = told["conversation"]["conversation"]["conversation_id"]
                for said in told["conversation"]["messages"]:
                    print(f"{said['author']}: {said['text']}")
            elif told["type"] == "error":
                print(f"refused: {told['detail']}")

    async def talk(self) -> None:
        """Send each line that is typed."""
        while line := await asyncio.to_thread(sys.stdin.readline):
            if self.talking_in is None:
                print("nobody is there")
            elif text := line.strip():
                where = {"conversation_id": self.talking_in}
                await self.ask("say", **where, client_id=os.urandom(8).hex(), text=text)
            else:
                await self.ask("close", conversation_id=self.talking_in)


async def main(node: str, agent_id: str) -> None:
    """Connect, be ready, and serve until the input ends."""
    headers = {"Authorization": f"Bearer {os.environ['WARMLINE_TOKEN']}"}
    address = f"{node}/api/v1/agents/{agent_id}/desk"
    async with connect(address, additional_headers=headers) as socket:
        desk = Desk(socket)
        await desk.ask("state", state="ready")
        listening = asyncio.create_task(desk.listen())
        await desk.talk()
        listening.cancel()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:3]))
