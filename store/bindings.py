"""Registrations, so that a restart of the node does not make the telephones unreachable."""

from collections.abc import Mapping, Sequence

from sqlalchemy import bindparam, delete, insert, select

from domain.binding import Binding
from store.database import Database
from store.schema import BINDINGS
from store.statements import Step
from store.write_behind import WriteBehind


class Bindings:
    """Implements `BindingStore`; async context manager."""

    def __init__(self, database: Database) -> None:
        """Keep bindings in a database that is open."""
        self._database = database
        self._behind: WriteBehind[Sequence[Binding]] = WriteBehind("bindings", self._write)
        self._remove = delete(BINDINGS).where(BINDINGS.c.agent_id == bindparam("whose"))
        self._add = insert(BINDINGS)

    async def __aenter__(self) -> "Bindings":
        await self._behind.__aenter__()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._behind.__aexit__(*exc)

    @property
    def behind(self) -> WriteBehind[Sequence[Binding]]:
        """What still waits to be written, for the figures."""
        return self._behind

    async def load(self) -> Sequence[Binding]:
        """Return every stored binding, expired ones too.

        Raises:
            StoreError: The database cannot be read.
        """
        query = select(BINDINGS).order_by(BINDINGS.c.agent_id, BINDINGS.c.place)
        async with self._database.reading("bindings") as connection:
            rows = (await connection.execute(query)).all()
        return [
            Binding(**{name: value for name, value in row._mapping.items() if name != "place"})
            for row in rows
        ]

    def save(self, agent_id: str, bindings: Sequence[Binding]) -> None:
        """Put these in the place of the agent's stored bindings; written soon, never waits."""
        assert all(binding.agent_id == agent_id for binding in bindings)
        self._behind.put(agent_id, tuple(bindings))

    async def _write(self, by_agent: Mapping[str, Sequence[Binding]]) -> None:
        steps = [Step(self._remove, tuple({"whose": agent_id} for agent_id in by_agent))]
        rows = tuple(
            {
                "agent_id": binding.agent_id,
                "place": place,
                "contact_uri": binding.contact_uri,
                "flow": binding.flow,
                "call_id": binding.call_id,
                "cseq": binding.cseq,
                "instance": binding.instance,
                "q": binding.q,
                "user_agent": binding.user_agent,
                "expires_at": binding.expires_at,
            }
            for bindings in by_agent.values()
            for place, binding in enumerate(bindings)
        )
        if rows:
            steps.append(Step(self._add, rows))
        await self._database.write(f"bindings of {len(by_agent)} agents", *steps, urgent=False)
