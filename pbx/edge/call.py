"""What the edge and call control say to each other about a new call."""

from dataclasses import dataclass
from typing import Literal, Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class InboundCall:
    """A new call that was admitted and waits for a cell.

    Attributes:
        trunk_id: Set when `origin` is "trunk".
        agent_id: Set when `origin` is "agent"; the digest proved it.
        dialled: User part of the request-URI, unescaped: "+4930123", "*60", "800".
        caller: User part of P-Asserted-Identity (RFC 3325) when a trunk sent one, else
            of From. From a stranger's pen either way: a label, never an identity.
        display_name: As sent, "" when there was none.
        is_hidden: The caller has asked that his number be kept private.
    """

    sip_call_id: str
    origin: Literal["trunk", "agent"]
    trunk_id: str | None
    agent_id: str | None
    dialled: str
    caller: str
    display_name: str
    is_hidden: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """Where a call shall go.

    Attributes:
        address: IP address and UDP port of the cell's SIP socket.
    """

    address: tuple[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why a call gets no cell.

    Attributes:
        status: SIP status, 400 to 699.
        retry_after_s: Sent as Retry-After (RFC 3261 section 20.33).
    """

    status: int
    reason: str
    retry_after_s: int | None = None


class CallPlacer(Protocol):
    """Call control, as the edge sees it."""

    async def place(self, call: InboundCall) -> Placement | Refusal:
        """Take a cell for the call or say why there is none."""
        ...

    def declined(self, address: tuple[str, int]) -> None:
        """The cell at that address has refused the call that was placed with it.

        It may have done so before call control heard of the call: an INVITE whose
        Session-Expires is too small is answered 422 and comes again (RFC 4028 section 6).
        """
        ...


class CallsOut(Protocol):
    """The edge, as call control sees it when a customer is to be called."""

    def cell_known(self, address: tuple[str, int]) -> None:
        """Believe a cell that calls out before a call was placed with it."""
        ...

    def expect_call(self, cell: tuple[str, int], trunk_id: str, number: str) -> str:
        """Announce that a cell calls a number by a trunk.

        Returns:
            The word that the cell shall call in the place of the number, good once and soon.

        Raises:
            NotKnown: There is no such trunk, or it cannot dial out.
            LimitExceeded: Too many calls are announced and not made.
        """
        ...
