"""The section `tickets` of the schema: which are opened by rule, and by when they are settled."""

from collections.abc import Mapping
from typing import Annotated, Final, Literal

from pydantic import Field

from config.section import Section
from config.values import Identifier
from domain.contact import Channel
from domain.mood import Mood

RULES_MAX: Final = 100
WORDS_MAX: Final = 500
DUE_S_MAX: Final = 7_776_000.0
"""Ninety days and nights."""

Reached = Literal[Channel.VOICE, Channel.CHAT, Channel.MESSAGE, Channel.MAIL]
Priority = Annotated[int, Field(ge=1, le=4)]
Word = Annotated[str, Field(min_length=1, max_length=60)]
DueSeconds = Annotated[float, Field(ge=60, le=DUE_S_MAX)]


class TicketRule(Section):
    """When a ticket is opened by itself. The first rule that fits decides, and opens one."""

    id: Identifier
    """Name of the rule; the ticket's first note says it."""
    when: Literal["complaint", "unresolved", "angry", "unanswered"]
    """`complaint`: the customer writes one of `words`. `unresolved`: an agent or a survey says
    that the matter is not settled. `angry`: the customer's mood at the end of a call is `mood_min`
    or worse. `unanswered`: he was not served."""
    channels: list[Reached] = []
    """Only these ways of reaching us; empty: all."""
    queues: list[Identifier] = []
    """Only what came to these queues; empty: all."""
    topics: list[Identifier] = []
    """Only what is about these topics; empty: all, and what nobody has named."""
    words: Annotated[list[Word], Field(max_length=WORDS_MAX)] = []
    """Words of a complaint, in the place of ours in English and Chinese. Case does not matter; a
    word is found at the beginning of a longer one, Chinese anywhere."""
    mood_min: Literal[Mood.UNEASY, Mood.UPSET, Mood.ANGRY] = Mood.ANGRY
    """Of `angry`: the mildest mood that opens a ticket. Nothing is read where `emotion` is not
    enabled or the customer has refused it."""
    wait_s_min: Annotated[float, Field(ge=0)] = 30.0
    """Of `unanswered`: who gave up sooner has mostly dialled wrong. It holds for those alone who
    gave up; whoever we turned away has a ticket however long he waited."""
    priority: Priority = 2
    """1 low, 2 ordinary, 3 high, 4 urgent."""
    queue_id: Identifier | None = None
    """Queue of the ticket; nothing: that of the contact."""
    owner: Identifier | None = None
    """The agent who has it from the beginning; nothing: nobody."""
    topic: Identifier | None = None
    """Topic of the ticket; nothing: that of the contact."""


class TicketDue(Section):
    """Business time until a ticket shall be settled; nothing: such a ticket is never due."""

    low_s: DueSeconds | None = 144_000.0
    """Priority 1: five days of eight hours."""
    ordinary_s: DueSeconds | None = 57_600.0
    """Priority 2: two days of eight hours."""
    high_s: DueSeconds | None = 28_800.0
    """Priority 3: a day of eight hours."""
    urgent_s: DueSeconds | None = 7_200.0
    """Priority 4: two hours."""

    def by_priority(self) -> Mapping[int, float]:
        """Return business seconds by priority, without those that are never due."""
        times = enumerate((self.low_s, self.ordinary_s, self.high_s, self.urgent_s), start=1)
        return {priority: seconds for priority, seconds in times if seconds is not None}


class Tickets(Section):
    """Matters that outlive the contact, until they are settled."""

    enabled: bool = True
    """Whether rules open tickets and customers' messages move them on; by hand they can always be
    opened."""
    rules: Annotated[list[TicketRule], Field(max_length=RULES_MAX)] = []
    """When one is opened by itself; empty: never."""
    due: TicketDue = TicketDue()
    """By when it shall be settled."""
    calendar: Identifier | None = None
    """The calendar of `business_hours` in which due times run; nothing: day and night."""
    close_solved_after_days: Annotated[float, Field(gt=0, le=365)] = 7.0
    """A solved ticket is closed after this time; until then one step opens it again."""
    reopen_days: Annotated[float, Field(gt=0, le=3650)] = 30.0
    """What the customer writes within this time of the solution belongs to the matter: a solved
    ticket opens again, and after a closed one a new ticket begins that is linked to it. Later
    nothing happens by itself."""
