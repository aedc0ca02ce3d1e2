"""The section `conversations` of the schema: chats, messages and mails in the queues."""

from typing import Annotated, Final, Literal

from pydantic import Field

from config.section import Section

TEXT_CHARACTERS_MAX: Final = 500
"""Of a line that a customer reads in a chat window."""

WrittenChannel = Literal["chat", "message", "mail"]
LineName = Literal[
    "notice",
    "queued",
    "outside_hours",
    "joined",
    "left",
    "transferred",
    "idle_warning",
    "closed",
    "offline",
]
Said = Annotated[str, Field(min_length=1, max_length=TEXT_CHARACTERS_MAX)]


class Line(Section):
    """What a customer reads, in both languages.

    `{agent}` is the name of who serves him, `{opens}` when a closed queue opens.
    """

    en: Said
    """In English."""
    zh: Said
    """The same in Chinese."""


class Lines(Section):
    """Your own words for what the customer of a chat is told; what is left out is in ours."""

    notice: Line | None = None
    """That the chat may be analysed, told first where `emotion` is enabled."""
    queued: Line | None = None
    """That an agent will come."""
    outside_hours: Line | None = None
    """That nobody is there now, and when his message will be answered."""
    joined: Line | None = None
    """Who serves him."""
    left: Line | None = None
    """That his agent has lost the connection and he waits again."""
    transferred: Line | None = None
    """That he is handed over."""
    idle_warning: Line | None = None
    """That the chat closes soon."""
    closed: Line | None = None
    """That it is closed."""
    offline: Line | None = None
    """That he need not wait and will be answered."""


class Conversations(Section):
    """Chats, messages of apps and messengers, and mails: how they wait, are served and end."""

    away_s: Annotated[float, Field(ge=5, le=3600)] = 120.0
    """A chat whose customer is not connected for so long is served in its time, like a message: a
    page that is loaded again takes seconds, a lost mobile connection a minute."""
    idle_warn_s: Annotated[float, Field(ge=0, le=3600)] = 60.0
    """So long before a chat closes itself the customer is told; 0: he is not."""
    idle_close_s: Annotated[float, Field(ge=30, le=86_400)] = 900.0
    """A chat that an agent serves closes itself when nobody writes for so long; the slot is then
    free for another one. The conversation goes on when the customer writes again."""
    agent_away_s: Annotated[float, Field(ge=1, le=3600)] = 60.0
    """When an agent's desk is not connected for so long, his conversations wait again, first for
    him, and one step of priority higher."""
    offer_s: dict[WrittenChannel, Annotated[float, Field(ge=1, le=3600)]] = {
        "chat": 20.0,
        "message": 45.0,
        "mail": 60.0,
    }
    """How long an offer is shown to an agent before another one is asked, by channel; a channel
    that is left out takes the queue's `ring_s`."""
    answer_s: dict[WrittenChannel, Annotated[float, Field(gt=0, le=2_592_000)]] = {
        "message": 3_600.0,
        "mail": 86_400.0,
    }
    """When an answer is due after the customer has written, by channel; a channel that is left out
    takes the queue's `service_level.target_s`."""
    backlog_max: Annotated[int, Field(ge=0, le=1_000_000)] = 20_000
    """Messages and mails that wait in the database because their queue is at `waiting_max`, all
    queues together; one more is refused. About 2 KB of memory each."""
    parked_max: Annotated[int, Field(ge=0, le=10_000)] = 200
    """Conversations that one agent may have laid aside at once."""
    typing_s: Annotated[float, Field(ge=1, le=60)] = 10.0
    """So long somebody is shown to type when his program does not say otherwise."""
    standing_every_s: Annotated[float, Field(ge=1, le=300)] = 5.0
    """How often a waiting customer is told his place and the expected wait, if they change."""
    follower_updates_max: Annotated[int, Field(ge=10, le=100_000)] = 1_000
    """Updates that gather for one connection that does not take them; then it is ended."""
    keep_days: Annotated[int, Field(ge=0, le=36_500)] = 3650
    """A conversation that rests is forgotten with its messages and files when nobody has written in
    it for so many days; looked at every day. 0: never. Ten years is as long as the longest of the
    common duties to keep business letters."""
    lines: Lines = Lines()
    """Your own words for what the customer of a chat is told."""
