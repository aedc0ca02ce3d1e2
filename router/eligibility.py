"""Why an agent may not be offered a contact, for every pair that somebody asks about."""

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from domain.decision import Obstacle
from router.cost import CHANNELS, CostBook, Row
from router.offers import Pauses
from router.roster import Roster
from router.standing import Standing
from router.waiting import WaitingContact, WaitingLine

_BY_ROW: Final = (
    (Row.SKILL, Obstacle.SKILL),
    (Row.LANGUAGE, Obstacle.LANGUAGE),
    (Row.RING, Obstacle.RING),
)
"""Rows of the cost that shut agents out, in the order in which reasons are told."""


class Eligibility:
    """Judges pairs as they stand at this moment."""

    def __init__(self, line: WaitingLine, roster: Roster, book: CostBook, pauses: Pauses) -> None:
        self._line = line
        self._roster = roster
        self._book = book
        self._pauses = pauses

    def obstacle(
        self, contact: WaitingContact, agent: Standing, kept_for: str | None, now_s: float
    ) -> Obstacle | None:
        """Return why this agent may not be offered this contact now; None: he may.

        Args:
            contact: Who waits.
            agent: Whom it is about.
            kept_for: The agent whom the contact is held for; None: for nobody.
            now_s: The injected clock's time.
        """
        if agent.column < 0 or (not agent.takes_more and agent.on_shift):
            return Obstacle.STATE
        shut = self._shut(contact)
        reasons = {
            Obstacle.SHIFT: not agent.on_shift,
            Obstacle.CAPACITY: not agent.has_slots()[CHANNELS.index(contact.channel)],
            **{obstacle: bool(mask[agent.column]) for obstacle, mask in shut.items()},
            Obstacle.PREFERRED: kept_for not in {None, agent.agent_id},
            Obstacle.PAUSED: agent.agent_id in self._pauses.agents(contact.contact_id, now_s),
        }
        return next((obstacle for obstacle, holds in reasons.items() if holds), None)

    def counts(
        self, contact: WaitingContact, kept_for: str | None, now_s: float
    ) -> dict[Obstacle, int]:
        """Return how many agents of the policy may not be offered a contact, by the first reason.

        Args:
            contact: Who waits, or waited until it was offered just now.
            kept_for: The agent whom the contact is held for; None: for nobody.
            now_s: The injected clock's time.
        """
        roster = self._roster
        takes_more = roster.takes_more
        left: NDArray[np.bool_] = np.ones(len(takes_more), dtype=np.bool_)
        masks: dict[Obstacle, NDArray[np.bool_]] = {
            Obstacle.STATE: ~takes_more & roster.on_shift,
            Obstacle.SHIFT: ~roster.on_shift,
            Obstacle.CAPACITY: ~roster.has_slot[CHANNELS.index(contact.channel)],
            **self._shut(contact),
        }
        counts: dict[Obstacle, int] = {}
        for obstacle, mask in masks.items():
            counts[obstacle] = int(np.count_nonzero(mask & left))
            left &= ~mask
        if kept_for is not None:
            counts[Obstacle.PREFERRED] = max(0, int(np.count_nonzero(left)) - 1)
        else:
            paused = self._pauses.agents(contact.contact_id, now_s)
            columns = [roster.get(name).column for name in paused if name in roster]
            # Whoever has left the policy and still serves has no column.
            counts[Obstacle.PAUSED] = sum(bool(left[one]) for one in columns if one >= 0)
        return {obstacle: count for obstacle, count in counts.items() if count}

    def able(self, contact: WaitingContact) -> NDArray[np.bool_]:
        """Tell which agents of the policy have what a contact asks for, shape (agents,)."""
        shut = self._shut(contact)
        barred: NDArray[np.bool_] = np.any(list(shut.values()), axis=0)
        return ~barred

    def kinds(
        self, contacts: Sequence[WaitingContact]
    ) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """Return what `able` tells for many contacts, once for those who ask for the same.

        Returns:
            The kind of each contact, shape (contacts,), and which agents of the policy are able
            for each kind, shape (kinds, agents).
        """
        rows = self._line.rows(self._line.places(contacts))[:, [row for row, _ in _BY_ROW]]
        known: dict[tuple[int, ...], int] = {}
        kind = [known.setdefault(tuple(one), len(known)) for one in rows.tolist()]
        able: NDArray[np.bool_] = np.ones((len(known), len(self._roster.on_shift)), dtype=np.bool_)
        asked = np.array(list(known), dtype=np.int64).reshape(len(known), len(_BY_ROW))
        for place, (row, _) in enumerate(_BY_ROW):
            able &= np.isfinite(self._book.tables[row].table[asked[:, place]])
        return np.array(kind, dtype=np.int64), able

    def _shut(self, contact: WaitingContact) -> Mapping[Obstacle, NDArray[np.bool_]]:
        (rows,) = self._line.rows(self._line.places([contact]))
        return {
            obstacle: np.isinf(self._book.tables[row].table[rows[row]]) for row, obstacle in _BY_ROW
        }
