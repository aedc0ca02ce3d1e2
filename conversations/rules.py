"""What the configuration says of conversations, in one place that a reload changes."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from config.conversations import Conversations, LineName
from config.schema import AgentEntry, QueueEntry
from conversations.lines import line_of
from domain.contact import Channel
from domain.opening import ALWAYS_OPEN, OpeningHours


class Rules:
    """Settings, queues and names of agents as they are in force.

    Attributes:
        settings: The section `conversations`.
        analysed: Whether customers are told that a chat may be analysed.
    """

    def __init__(
        self,
        settings: Conversations,
        queues: Iterable[QueueEntry],
        agents: Iterable[AgentEntry],
        *,
        analysed: bool = False,
        hours: OpeningHours = ALWAYS_OPEN,
    ) -> None:
        self.settings = settings
        self.analysed = analysed
        self._queues: Mapping[str, QueueEntry] = {}
        self._agents: Mapping[str, AgentEntry] = {}
        self.reload(queues, agents, hours)

    def reload(
        self,
        queues: Iterable[QueueEntry],
        agents: Iterable[AgentEntry],
        hours: OpeningHours = ALWAYS_OPEN,
    ) -> None:
        """Take other queues, agents and opening hours."""
        self._hours = hours
        self._queues = {queue.id: queue for queue in queues}
        self._agents = {agent.id: agent for agent in agents}

    def queue(self, queue_id: str) -> QueueEntry | None:
        """Return a queue; None: it is configured no longer."""
        return self._queues.get(queue_id)

    def is_agent(self, agent_id: str) -> bool:
        """Tell whether there is such an agent."""
        return agent_id in self._agents

    def agent_name(self, agent_id: str | None) -> str:
        """Return the name that people are shown; "" for nobody."""
        agent = None if agent_id is None else self._agents.get(agent_id)
        return "" if agent is None else agent.name

    def is_open(self, queue_id: str, at: datetime) -> bool:
        """Tell whether somebody works in a queue at an aware time."""
        return self._hours.is_open(queue_id, at)

    def serving(self, queue_id: str, at: datetime) -> str:
        """Return the queue for a chat that begins at an aware time: another one, or itself."""
        return self._hours.serving(queue_id, at) or queue_id

    def line(
        self,
        name: LineName,
        language: str,
        *,
        agent_id: str | None = None,
        queue_id: str,
        at: datetime,
    ) -> str:
        """Return a line that a customer is told at an aware time, whose queue this is."""
        return line_of(
            self.settings.lines,
            name,
            language,
            agent=self.agent_name(agent_id),
            opens_at=None if self.is_open(queue_id, at) else self._hours.next_open(queue_id, at),
        )

    def due_at(self, channel: Channel, queue_id: str, written_at: datetime) -> datetime:
        """Return when what a customer has written shall be answered, in the queue's hours."""
        queue = self.queue(queue_id)
        answer_s = 0.0 if queue is None else queue.service_level.target_s
        for name, seconds in self.settings.answer_s.items():
            if name == channel.value:
                answer_s = seconds
        return self._hours.due(queue_id, written_at, answer_s)
