"""The legs of one call: whose each is, how it stands, and which were told to end. Pure."""

from collections.abc import Sequence

from domain.leg import LegRole, LegState, RtpFigures
from domain.ports import LegView
from pbx.actions import Action, HangUp


class CallLegs:
    """Legs by the numbers that the cell gave them; it gives none twice."""

    def __init__(self) -> None:
        """Begin without legs."""
        self._legs: dict[int, tuple[LegRole, LegState]] = {}
        self._figures: dict[int, RtpFigures] = {}
        self._leaving: set[int] = set()

    def begin(self, leg: int, role: LegRole, state: LegState) -> None:
        """Add a leg."""
        self._legs[leg] = (role, state)

    def role(self, leg: int) -> LegRole | None:
        """Return whose leg that is; None: it has ended, or is none of ours."""
        role, state = self._legs.get(leg, (None, LegState.ENDED))
        return None if state is LegState.ENDED else role

    def is_held(self, leg: int) -> bool:
        """Tell whether the leg's telephone has put us on hold."""
        return self._legs[leg][1] is LegState.HELD

    def stand(self, leg: int, state: LegState) -> None:
        """Note how a leg stands that has not ended."""
        self._legs[leg] = (self._legs[leg][0], state)

    def ended(self, leg: int, figures: RtpFigures) -> None:
        """Note that a leg is over, and what it carried."""
        self.stand(leg, LegState.ENDED)
        self._figures[leg] = figures

    def lost(self) -> None:
        """Note that every leg is over, with the cell that held them."""
        for leg in self._legs:
            self.stand(leg, LegState.ENDED)

    @property
    def all_ended(self) -> bool:
        """Whether no leg is left."""
        return all(state is LegState.ENDED for _, state in self._legs.values())

    def hang_up(self, leg: int) -> list[Action]:
        """End a leg, once; nothing for one that has ended or was told to end before."""
        if self.role(leg) is None or leg in self._leaving:
            return []
        self._leaving.add(leg)
        # An unanswered INVITE gets a final answer; 503 lets the carrier try elsewhere.
        return [HangUp(leg, 503 if self._legs[leg][1] is LegState.INCOMING else 0)]

    def hang_up_all(self, role: LegRole | None = None) -> list[Action]:
        """End every leg, or every leg of that role."""
        return [
            action
            for leg, (its_role, _) in self._legs.items()
            if role is None or its_role is role
            for action in self.hang_up(leg)
        ]

    def views(self) -> Sequence[LegView]:
        """Return the legs as the API shows them."""
        return [
            LegView(role=role, state=state, figures=self._figures.get(leg))
            for leg, (role, state) in self._legs.items()
        ]
