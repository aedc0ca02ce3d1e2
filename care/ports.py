"""What care asks of hearing, of the router and of the store; `server/wiring.py` hands them in."""

from typing import Protocol

from domain.baseline import Baseline
from domain.consent import Answer, Purpose
from domain.known_customer import KnownCustomer


class Voices(Protocol):
    """Who may be judged by his voice. Every call returns at once."""

    def permit(self, contact_id: str, baseline: Baseline | None = None) -> None:
        """Let a contact's customer be judged from now on."""
        ...

    def forbid(self, contact_id: str) -> None:
        """Let him be judged no longer, and forget what was kept for it."""
        ...

    def forget(self, contact_id: str) -> None:
        """Hand on no more judgements of a contact that is over."""
        ...


class Line(Protocol):
    """Who is served earlier."""

    def add_priority(self, contact_id: str, steps: int) -> bool:
        """Let a waiting contact be served earlier; False: it does not wait."""
        ...


class Memory(Protocol):
    """What is remembered of customers from one contact to the next.

    Whose contact it is, the store knows. Every method may raise StoreError.
    """

    async def known(self, contact_id: str) -> KnownCustomer | None:
        """Return what is remembered of a contact's customer; None: nothing, or nobody knows him."""
        ...

    async def keep_answer(self, contact_id: str, purpose: Purpose, answer: Answer) -> None:
        """Remember what he has said; who refuses emotion has his baseline forgotten."""
        ...

    async def keep_baseline(self, contact_id: str, baseline: Baseline) -> None:
        """Remember how he speaks."""
        ...
