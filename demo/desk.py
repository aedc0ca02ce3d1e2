"""An agent's desk: a client of docs/protocols/desk.md."""

from typing import Any

from demo.json_socket import JsonSocket


class Desk(JsonSocket):
    """One agent's desk. Entering returns when the agent can be offered conversations."""

    def __init__(self, http: str, token: str, agent_id: str) -> None:
        """Sit down at the desk of this agent, at the API with this URL and token."""
        super().__init__(
            f"desk of {agent_id}",
            f"{http.replace('http', 'ws', 1)}/api/v1/agents/{agent_id}/desk",
            {"Authorization": f"Bearer {token}"},
        )
        self._asked = 0

    async def __aenter__(self) -> "Desk":
        await super().__aenter__()
        await self.told("hello")
        return self

    async def take(self, channel: str) -> dict[str, Any]:
        """Wait until a conversation of this channel is offered, and accept it.

        Returns:
            The conversation with its last messages, `Open` of the protocol.
        """
        offer = await self.told(
            "offer", fits=lambda told: told["conversation"]["channel"] == channel
        )
        done = await self.ask("accept", offer_id=offer["offer_id"])
        taken: dict[str, Any] = done["conversation"]
        return taken

    async def absent(self, conversation_id: str) -> None:
        """Wait until the customer of a conversation is no longer connected."""
        await self.told(
            "standing",
            fits=lambda told: (
                told["conversation"]["conversation_id"] == conversation_id and not told["present"]
            ),
        )

    async def ask(self, kind: str, **more: object) -> dict[str, Any]:
        """Ask for something, and return what the node says when it is done.

        Raises:
            TimeoutError: It was not done in time.
            OSError: It cannot be done, or the connection ended.
        """
        self._asked += 1
        ref = str(self._asked)
        await self.say(type=kind, ref=ref, **more)
        done = await self.told("done", "error", fits=lambda told: told["ref"] == ref)
        if done["type"] == "error":
            raise OSError(f"{self.name}: {kind}: {done['problem']}: {done['detail']}")
        return done
