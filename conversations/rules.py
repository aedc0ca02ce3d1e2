"""What the configuration says of conversations, in one place that a reload changes."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from config.conversations import Conversations, LineName
from config.schema import AgentEntry, QueueEntry
from conversations.lines import line_of
from domain.contact import Channel


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
    ) -> None:
        self.settings = settings
        self.analysed = analysed
        self._queues: Mapping[str, QueueEntry] = {}
        self._agents: Mapping[str, AgentEntry] = {}
        self.reload(queues, agents)

    def reload(self, queues: Iterable[QueueEntry], agents: Iterable[AgentEntry]) -> None:
        """Take other queues and agents."""
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

    def line(self, name: LineName, language: str, agent_id: str | None = None) -> str:
        """Return a line that a customer is told."""
        return line_of(self.settings.lines, name, language, self.agent_name(agent_id))

    def due_at(self, channel: Channel, queue_id: str, written_at: datetime) -> datetime:
        """Return when what a customer has written shall be answered."""
        for name, answer_s in self.settings.answer_s.items():
            if name == channel.value:
                return written_at + timedelta(seconds=answer_s)
        queue = self.queue(queue_id)
        target_s = 0.0 if queue is None else queue.service_level.target_s
        return written_at + timedelta(seconds=target_s)
