"""What this package asks of others, besides the store of tickets."""

from typing import Protocol

from domain.message import Message


class MessageReader(Protocol):
    """Where a stored message is read; `domain.conversation_ports.ConversationStore` is one."""

    async def message(self, message_id: str) -> Message | None:
        """Return one message; None: there is none.

        Raises:
            StoreError: It cannot be read.
        """
        ...
