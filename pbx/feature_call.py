"""An agent dials a feature code: the state changes, a prompt confirms it, the call ends. Pure."""

from typing import Final

from domain.agent import AgentState
from domain.contact import Disposition
from domain.errors import IllegalTransition, NotKnown
from domain.leg import RtpFigures
from domain.ports import AgentDesk, Clock
from pbx.actions import Action, Answer, HangUp, Play, Release
from pbx.flow_end import RELEASE_S_MAX
from pbx.prompts import PromptSource

FEATURE_CALL_S_MAX: Final = 20.0
"""The longest confirmation takes 4 s; a telephone that never hangs up must not keep a cell."""

CONFIRMATIONS: Final = {
    AgentState.READY: "ready",
    AgentState.NOT_READY: "not-ready",
    AgentState.LOGGED_OUT: "logged-out",
}


class FeatureCall:
    """One such call."""

    def __init__(
        self,
        agent_id: str,
        state: AgentState,
        *,
        language: str,
        prompts: PromptSource,
        desk: AgentDesk,
        clock: Clock,
    ) -> None:
        """Begin a call that asks for `state` on behalf of the agent."""
        self.over = False
        self._agent_id = agent_id
        self._state = state
        self._language = language
        self._prompts = prompts
        self._desk = desk
        self._clock = clock
        self._leg: int | None = None
        self._ends_at_s: float | None = clock.monotonic_s() + FEATURE_CALL_S_MAX

    def incoming(self, leg: int) -> list[Action]:
        """The INVITE has reached the cell."""
        self._leg = leg
        return [Answer(leg)]

    def answered(self, leg: int) -> list[Action]:
        """The agent hears us."""
        if self._leg is None:
            return []
        try:
            self._desk.request_state(self._agent_id, self._state, "feature code")
            prompt = CONFIRMATIONS[self._state]
        except (IllegalTransition, NotKnown):
            prompt = "not-allowed"
        file = self._prompts.path(prompt, self._language)
        return self._hang_up() if file is None else [Play(leg, (file,))]

    def played(self, leg: int, *, heard: bool = True) -> list[Action]:
        """The confirmation has been heard, or cannot be: the state has changed all the same."""
        return self._hang_up()

    def ended(self, leg: int, *, status: int, reason: str, figures: RtpFigures) -> list[Action]:
        """The agent has hung up, or we have."""
        return self._release()

    def never_came(self) -> list[Action]:
        """The INVITE did not reach the cell."""
        return self._release()

    def end(self, disposition: Disposition, reason: str) -> list[Action]:
        """End the call for a reason of our own; there is no contact to dispose."""
        return self._hang_up() or self._release()

    def cell_gone(self, reason: str) -> list[Action]:
        """Nothing is left to hang up."""
        return self._release()

    def next_deadline_s(self) -> float | None:
        """Return when `tick` wants to be called."""
        return self._ends_at_s

    def tick(self, now_s: float) -> list[Action]:
        """End a call that has lasted too long; then give the cell back in any case."""
        if self._ends_at_s is None or self._ends_at_s > now_s:
            return []
        return self._hang_up() or self._release()

    def _hang_up(self) -> list[Action]:
        leg, self._leg = self._leg, None
        if leg is None:
            return []
        self._ends_at_s = self._clock.monotonic_s() + RELEASE_S_MAX
        return [HangUp(leg)]

    def _release(self) -> list[Action]:
        self._leg = self._ends_at_s = None
        was_over, self.over = self.over, True
        return [] if was_over else [Release()]
