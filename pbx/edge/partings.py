"""BYE and CANCEL requests of the edge's own, sent until they are answered."""

from dataclasses import dataclass, field

from pbx.edge.flow import Flow
from pbx.edge.post import Post
from pbx.edge.timers import T1_S, T2_S, TRANSACTION_S


@dataclass(slots=True, eq=False)
class Parting:
    """One request on its way (the non-INVITE client transaction, RFC 3261 section 17.1.2)."""

    branch: str
    method: str
    flow: Flow
    request: bytes = field(repr=False)
    give_up_s: float
    table: "Partings" = field(repr=False)
    entry: int = 0
    pause_s: float = T1_S

    def wake(self, now_s: float) -> None:
        """Timer E sends again, timer F gives up."""
        post = self.table.post
        if now_s >= self.give_up_s:
            post.count("partings_unanswered")
            self.table.drop(self)
            return
        post.send(self.flow, self.request)
        self.pause_s = min(2 * self.pause_s, T2_S)
        post.agenda.at(min(now_s + self.pause_s, self.give_up_s), self)


class Partings:
    """Those that wait for their answer: at most one BYE a dialog and one CANCEL a leg."""

    def __init__(self, post: Post) -> None:
        """Make an empty table."""
        self.post = post
        self._waiting: dict[tuple[str, str], Parting] = {}

    def __len__(self) -> int:
        return len(self._waiting)

    def begin(self, branch: str, method: str, flow: Flow, request: bytes, now_s: float) -> None:
        """Send a request, again and again until it is answered or 32 s have passed."""
        key = (branch, method)
        if key in self._waiting:
            return
        parting = Parting(branch, method, flow, request, now_s + TRANSACTION_S, self)
        self._waiting[key] = parting
        self.post.send(flow, request)
        # Over a connection nothing is sent twice; only timer F runs.
        self.post.agenda.at(now_s + (TRANSACTION_S if flow.reliable else T1_S), parting)

    def answered(self, branch: str, method: str, status: int) -> bool:
        """Return whether a response was for one of these."""
        parting = self._waiting.get((branch, method))
        if parting is None:
            return False
        if status >= 200:
            self.drop(parting)
        return True

    def drop(self, parting: Parting) -> None:
        """Wait no longer."""
        self.post.agenda.at(None, parting)
        self._waiting.pop((parting.branch, parting.method), None)
