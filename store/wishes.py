"""What each agent asked for last: a restart finds him ready if he was ready."""

from collections.abc import Mapping

from sqlalchemy import select

from domain.agent import AgentState
from domain.ports import Clock
from store.database import Database
from store.schema import WISHES
from store.statements import Row, Step, upsert
from store.write_behind import WriteBehind


class Wishes:
    """Implements `WishStore`; async context manager."""

    def __init__(self, database: Database, clock: Clock) -> None:
        """Keep wishes in a database that is open."""
        self._database = database
        self._clock = clock
        self._behind: WriteBehind[Row] = WriteBehind("wishes", self._write)
        self._put = upsert(database.dialect, WISHES)

    async def __aenter__(self) -> "Wishes":
        await self._behind.__aenter__()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._behind.__aexit__(*exc)

    @property
    def behind(self) -> WriteBehind[Row]:
        """What still waits to be written, for the figures."""
        return self._behind

    async def load(self) -> Mapping[str, tuple[AgentState, str]]:
        """Return state and reason by agent_id.

        Raises:
            StoreError: The database cannot be read.
        """
        async with self._database.reading("wishes") as connection:
            rows = (await connection.execute(select(WISHES))).all()
        return {row.agent_id: (AgentState(row.state), row.reason) for row in rows}

    def save(self, agent_id: str, state: AgentState, reason: str) -> None:
        """Keep READY, NOT_READY or LOGGED_OUT; written soon, never waits."""
        assert state in (AgentState.READY, AgentState.NOT_READY, AgentState.LOGGED_OUT)
        self._behind.put(
            agent_id,
            {
                "agent_id": agent_id,
                "state": state.value,
                "reason": reason,
                "asked_at": self._clock.utc(),
            },
        )

    async def _write(self, rows: Mapping[str, Row]) -> None:
        await self._database.write(
            f"wishes of {len(rows)} agents", Step(self._put, tuple(rows.values())), urgent=False
        )
