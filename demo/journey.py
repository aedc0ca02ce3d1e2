"""One customer on three ways: he chats, is cut off, calls, then mails a picture."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from demo.api import Api
from demo.app import App
from demo.board import Board
from demo.desk import Desk
from demo.letter import letter, picture, send
from demo.node import NodeProcess
from demo.script import JOURNEY_CALL, WRITER, PlannedCall
from demo.site import identity
from demo.timeline import Timeline

TIMELINE_S_MAX: Final = 15.0
"""The end of a contact is written a moment after it."""
LOOK_EVERY_S: Final = 0.25

FIRST_WORDS: Final = "Good morning. Invoice 4711 has the router on it twice."
ANSWER: Final = "Good morning, I see the invoice. Which of the two lines is wrong?"
LAST_WORDS: Final = "The second one, I can send you a"
MAIL_WORDS: Final = "As promised on the telephone, here is a picture of the invoice.\n"


class Journey:
    """The customer, and the agent who serves him on each way.

    Attributes:
        call: What he says on the telephone.
        timeline: As it was found in the end.
        wrong: What is not as it should be, in words.
    """

    call: Final[PlannedCall] = JOURNEY_CALL

    def __init__(self, node: NodeProcess, token: str, site_key: str, board: Board) -> None:
        """Go through this node.

        Args:
            node: Serves config/examples/demo.yaml.
            token: Of its API.
            site_key: With which the operator's site signs.
            board: Is told how far he is.
        """
        self._node = node
        self._token = token
        self._site_key = site_key
        self._board = board
        self._api = Api(node.http, token)
        self._step = "desk"
        self.timeline = Timeline()
        self.wrong: list[str] = []

    async def make(self, place: Callable[[], Awaitable[None]]) -> None:
        """Go the whole way; the agents must be at work.

        Args:
            place: Places the call, and returns when it is over.
        """
        try:
            async with Desk(self._node.http, self._token, WRITER) as desk:
                customer_id = await self._chat(desk)
                self._step = "call"
                await place()
                await self._mail(desk, customer_id)
                self._step = "timeline"
                await self._look(customer_id)
        except (OSError, TimeoutError) as error:
            self._fail(str(error))

    async def _chat(self, desk: Desk) -> str:
        """Chat until the connection is cut; return whom he was recognised as."""
        self._step = "chat"
        async with App(self._node.chat, identity(self._site_key, self.call.number)) as app:
            await app.write(FIRST_WORDS)
            taken = (await desk.take("chat"))["conversation"]
            conversation_id = taken["conversation_id"]
            self._tell(f"chats with {WRITER}")
            await desk.ask("say", conversation_id=conversation_id, client_id="desk-1", text=ANSWER)
            if await app.hear() != ANSWER:
                self._fail("the customer did not get the agent's words")
            await app.write(LAST_WORDS)
            app.cut()
        await desk.absent(conversation_id)
        self._tell("was cut off in the middle of his chat")
        await desk.ask("close", conversation_id=conversation_id, disposition="caller_ended")
        if taken["customer_id"] is None:
            raise OSError("nobody was recognised, though the site vouches for him")
        return str(taken["customer_id"])

    async def _mail(self, desk: Desk, customer_id: str) -> None:
        self._step = "mail"
        if self._node.smtp is None:
            raise OSError("the node receives no mail")
        await asyncio.to_thread(send, self._node.smtp, letter(MAIL_WORDS))
        self._tell("mailed a picture")
        taken = await desk.take("mail")
        conversation = taken["conversation"]
        if conversation["customer_id"] != customer_id:
            self._fail("the sender was not recognised as the customer who had chatted")
        shown = [file["name"] for message in taken["messages"] for file in message["attachments"]]
        self._tell(f"{WRITER} has the mail, with {', '.join(shown) or 'no file'}")
        conversation_id = conversation["conversation_id"]
        await desk.ask("close", conversation_id=conversation_id, disposition="handled")

    async def _look(self, customer_id: str) -> None:
        """Look until nothing is missing; what still is after a while is a fault."""
        faults: list[str] = []
        try:
            async with asyncio.timeout(TIMELINE_S_MAX):
                while True:
                    page = await self._api.get(f"/customers/{customer_id}/timeline?limit=200")
                    self.timeline = Timeline(page["entries"][::-1])
                    faults = list(self.timeline.faults())
                    if not faults:
                        break
                    await asyncio.sleep(LOOK_EVERY_S)
        except TimeoutError:
            for fault in faults:
                self._fail(fault)
            return
        (file,) = self.timeline.attachments
        content = await self._api.content(f"/attachments/{file['attachment_id']}/content")
        if content != picture():
            self._fail(f"{file['name']} is not the picture that was mailed")

    def _tell(self, text: str) -> None:
        self._board.tell(f"{self.call.name} {text}")

    def _fail(self, what: str) -> None:
        self.wrong.append(f"{self._step}: {what}")
