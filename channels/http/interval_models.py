"""What the API answers about figures by interval, as JSON and as CSV."""

import csv
import io
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from enum import StrEnum
from typing import Self

from pydantic import Field

from channels.http.models import AgentId, Answer, QueueId
from domain.agent import AgentState, AgentView
from domain.intervals import AgentInterval, QueueInterval
from domain.ports import QueueView


class IntervalLength(StrEnum):
    """How long each interval is."""

    QUARTER = "quarter"
    HOUR = "hour"
    DAY = "day"


class IntervalOut(Answer):
    """Where an interval lies."""

    begin: datetime = Field(description="UTC.", examples=["2027-03-01T09:15:00Z"])
    seconds: float = Field(
        description="Length; a day with a change of the clocks is an hour longer or shorter.",
        examples=[900.0],
    )


class QueueFiguresOut(IntervalOut):
    """Figures of one queue in one interval."""

    queue_id: QueueId
    arrived: int = Field(description="Contacts that joined the queue.", examples=[42])
    answered: int = Field(description="Contacts that an agent answered.", examples=[38])
    answered_in_target: int = Field(description="Within the queue's target.", examples=[33])
    abandoned: int = Field(description="Contacts whose customer left waiting.", examples=[3])
    abandoned_in_target: int = Field(description="Within the queue's target.", examples=[1])
    released: int = Field(description="Ended by the queue's longest wait.", examples=[0])
    refused: int = Field(description="Turned away by a full queue; never arrived.", examples=[0])
    lost: int = Field(description="Ended while waiting for another reason.", examples=[0])
    overflowed: int = Field(description="Went to another queue.", examples=[1])
    transferred: int = Field(description="Handed over by an agent.", examples=[2])
    offers: int = Field(description="Offers made to agents.", examples=[41])
    accepted: int = Field(description="Offers that an agent answered.", examples=[38])
    missed: int = Field(description="Ring no answer.", examples=[2])
    declined: int = Field(description="Declined, busy or out of reach.", examples=[1])
    withdrawn: int = Field(description="Taken back while ringing.", examples=[0])
    handled: int = Field(description="Conversations that ended.", examples=[37])
    answer_wait_s: float = Field(description="Sum of the waits of the answered.", examples=[418.0])
    abandon_wait_s: float = Field(description="Sum of the waits of the abandoned.", examples=[95.5])
    longest_wait_s: float = Field(description="Of those answered or abandoned.", examples=[71.0])
    talk_s: float = Field(description="Of the conversations that ended.", examples=[7_400.0])
    wrap_up_s: float = Field(description="Of the wrap-ups that ended.", examples=[370.0])
    average_speed_of_answer_s: float | None = Field(
        description="Mean wait of the answered.", examples=[11.0]
    )
    service_level: float | None = Field(
        description="Answered within the target / answered.", examples=[0.868]
    )
    service_level_abandoned: float | None = Field(
        description="(Answered + abandoned, within the target) / (answered + abandoned).",
        examples=[0.829],
    )
    average_handle_s: float | None = Field(
        description="Mean conversation and wrap-up.", examples=[210.0]
    )

    @classmethod
    def of(cls, row: QueueInterval) -> Self:
        """Return the answer for one queue in one interval."""
        counters = row.counters
        return cls(
            begin=row.begin,
            seconds=row.seconds,
            queue_id=row.queue_id,
            average_speed_of_answer_s=counters.average_speed_of_answer_s,
            service_level=counters.service_level,
            service_level_abandoned=counters.service_level_abandoned,
            average_handle_s=counters.average_handle_s,
            **asdict(counters),
        )


class AgentFiguresOut(IntervalOut):
    """Figures of one agent in one interval."""

    agent_id: AgentId
    offers: int = Field(description="Offers made to him.", examples=[12])
    accepted: int = Field(description="Offers that he answered.", examples=[10])
    missed: int = Field(description="Ring no answer.", examples=[1])
    declined: int = Field(description="Declined, busy or out of reach.", examples=[1])
    withdrawn: int = Field(description="Taken back while ringing.", examples=[0])
    transferred: int = Field(description="Customers whom he handed over.", examples=[1])
    handled: int = Field(description="Conversations that ended.", examples=[10])
    talk_s: float = Field(description="Of these conversations.", examples=[2_050.0])
    not_ready_s: float = Field(description="Seconds not ready.", examples=[300.0])
    ready_s: float = Field(description="Seconds ready and without work.", examples=[900.0])
    busy_s: float = Field(description="Seconds ringing or talking.", examples=[2_200.0])
    wrap_up_s: float = Field(description="Seconds of wrap-up.", examples=[200.0])
    occupancy: float | None = Field(
        description="busy_s / (ready_s + busy_s + wrap_up_s).", examples=[0.667]
    )

    @classmethod
    def of(cls, row: AgentInterval) -> Self:
        """Return the answer for one agent in one interval."""
        return cls(
            begin=row.begin,
            seconds=row.seconds,
            agent_id=row.agent_id,
            occupancy=row.counters.occupancy,
            **asdict(row.counters),
        )


class Span(Answer):
    """What was asked for, as it was understood."""

    begin: datetime = Field(
        description="Of the first interval, UTC.", examples=["2027-02-28T16:00:00Z"]
    )
    end: datetime = Field(
        description="Of the last interval, UTC; it may be to come.",
        examples=["2027-03-01T16:00:00Z"],
    )
    interval: IntervalLength = Field(description="Length of each.", examples=["day"])
    timezone: str = Field(description="In which days and hours begin.", examples=["Asia/Shanghai"])


class QueueFigureList(Span):
    """Figures of queues; an interval in which nothing happened in a queue is left out."""

    figures: list[QueueFiguresOut] = Field(description="In order of time and queue_id.")


class AgentFigureList(Span):
    """Figures of agents; an interval in which an agent was logged out is left out."""

    figures: list[AgentFiguresOut] = Field(description="In order of time and agent_id.")


class QueueNow(Answer):
    """A queue at this moment, with its figures of the quarter of an hour that is not over."""

    queue_id: QueueId
    waiting: int = Field(description="Contacts that wait.", examples=[3])
    longest_wait_s: float = Field(description="Of those waiting now.", examples=[48.2])
    agents_ready: int = Field(description="Agents who could be offered one.", examples=[0])
    figures: QueueFiguresOut | None = Field(description="Null while nothing has happened.")

    @classmethod
    def of(cls, view: QueueView, row: QueueInterval | None) -> Self:
        """Return the answer for one queue."""
        return cls(
            queue_id=view.queue_id,
            waiting=view.waiting,
            longest_wait_s=view.longest_wait_s,
            agents_ready=view.agents_ready,
            figures=None if row is None else QueueFiguresOut.of(row),
        )


class AgentNow(Answer):
    """An agent at this moment, with the figures of the quarter of an hour that is not over."""

    agent_id: AgentId
    state: AgentState = Field(description="Present state.", examples=["ready"])
    in_state_s: float = Field(description="Seconds in that state.", examples=[41.5])
    figures: AgentFiguresOut | None = Field(description="Null for who was logged out.")

    @classmethod
    def of(cls, view: AgentView, row: AgentInterval | None) -> Self:
        """Return the answer for one agent."""
        return cls(
            agent_id=view.agent.agent_id,
            state=view.state,
            in_state_s=view.in_state_s,
            figures=None if row is None else AgentFiguresOut.of(row),
        )


class LiveFigures(Answer):
    """Everything that a wallboard shows of this moment."""

    as_of: datetime = Field(description="This moment, UTC.", examples=["2027-03-01T09:21:07Z"])
    queues: list[QueueNow] = Field(description="Every queue, in order of queue_id.")
    agents: list[AgentNow] = Field(description="Every agent, in order of agent_id.")


def as_csv(kind: type[IntervalOut], figures: Sequence[IntervalOut]) -> str:
    """Return figures as CSV with a line of names (RFC 4180); an unknown value is empty."""
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(kind.model_fields))
    writer.writeheader()
    for row in figures:
        writer.writerow(row.model_dump(mode="json"))
    return text.getvalue()
