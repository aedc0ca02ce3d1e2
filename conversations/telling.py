"""Tells followers what happens: how a conversation stands, who types, what place a customer has."""

from abc import ABC, abstractmethod
from collections import OrderedDict
from typing import Final

from conversations.entries import Entries, Entry
from conversations.followers import Followers, is_internal
from conversations.rules import Rules
from conversations.thread import Thread
from conversations.typing_marks import TypingMarks
from domain.conversation import ConversationState
from domain.conversation_ports import Standing, Typing, Update
from domain.deadlines import Deadlines
from domain.escalation_ports import WrittenRouting
from domain.message import Author
from domain.ports import Clock

PLACES_EVERY_S: Final = 0.2
PLACES_AT_ONCE: Final = 4
"""Places told in one go, and how often: a forecast takes 2 ms among 1,000 who wait, so telling
them takes 4 % of the event loop at most, and each of 100 is told every 5 s."""
PLACE: Final = "place told"
TYPING: Final = "typing ends"


class Telling(ABC):
    """The part of the shell that tells, with the threads and deadlines that it looks at."""

    def __init__(self, *, routing: WrittenRouting, clock: Clock, rules: Rules) -> None:
        self._routing = routing
        self._clock = clock
        self._rules = rules
        updates_max = rules.settings.follower_updates_max
        self.followers: Final = Followers(updates_max)
        self.desks: Final = Followers(updates_max, self._desk_left)
        self._entries = Entries(self._load)
        self._deadlines: Deadlines[tuple[str, ...]] = Deadlines()
        self._typing = TypingMarks()
        self._places: OrderedDict[str, float] = OrderedDict()

    @abstractmethod
    async def _load(self, conversation_id: str) -> Thread | None:
        """Read a conversation that is not in memory."""

    @abstractmethod
    def _desk_left(self, agent_id: str) -> None:
        """The last follower of an agent is gone."""

    def _at(self, name: tuple[str, ...], at_s: float | None) -> None:
        """Be woken at a time, or not at all."""
        if at_s is None:
            self._deadlines.drop(name)
        else:
            self._deadlines.set(name, at_s)

    def _tell(self, entry: Entry, update: Update) -> None:
        """Tell whoever follows the conversation, and the agent who has it."""
        thread = entry.thread
        if not is_internal(update):
            self.followers.tell(thread.conversation.conversation_id, update)
        if thread.is_held and thread.conversation.agent_id is not None:
            self.desks.tell(thread.conversation.agent_id, update)

    def _show_standing(self, entry: Entry) -> None:
        standing = self.standing(entry)
        self._tell(entry, standing)
        had = entry.shown_to
        if had is not None and not (
            entry.thread.is_held and had == entry.thread.conversation.agent_id
        ):
            self.desks.tell(had, standing)

    def standing(self, entry: Entry) -> Standing:
        """Return how a conversation stands, with its place in the line as it was told last."""
        thread = entry.thread
        if not thread.in_line:
            entry.place = (None, None)
        serves = thread.conversation.state is ConversationState.SERVED
        position, expected_wait_s = entry.place
        return Standing(
            conversation=thread.conversation,
            position=position,
            expected_wait_s=expected_wait_s,
            agent_name=self._rules.agent_name(thread.conversation.agent_id) if serves else "",
            present=thread.is_present,
        )

    def _await_place(self, conversation_id: str) -> None:
        """Let a waiting customer who follows be told his place, in his turn."""
        entry = self._entries.get(conversation_id)
        if entry is None or not entry.thread.in_line or conversation_id not in self.followers:
            self._places.pop(conversation_id, None)
            return
        now_s = self._clock.monotonic_s()
        self._places.setdefault(conversation_id, now_s)
        if (PLACE,) not in self._deadlines:
            self._at((PLACE,), now_s + PLACES_EVERY_S)

    def _tell_places(self, now_s: float) -> None:
        """Tell some of those who wait their place; with many each has his turn less often."""
        for _ in range(PLACES_AT_ONCE):
            conversation_id = next(iter(self._places), None)
            if conversation_id is None or self._places[conversation_id] > now_s:
                break
            del self._places[conversation_id]
            self._tell_place(conversation_id)
            self._await_place(conversation_id)
            if conversation_id in self._places:
                every_s = self._rules.settings.standing_every_s
                self._places[conversation_id] = now_s + every_s
        if self._places:
            due_s = max(now_s + PLACES_EVERY_S, next(iter(self._places.values())))
            self._at((PLACE,), due_s)

    def _tell_place(self, conversation_id: str) -> None:
        entry = self._entries.get(conversation_id)
        contact = None if entry is None else entry.thread.contact
        if entry is None or contact is None or not entry.thread.in_line:
            return
        found = self._routing.position(contact.contact_id)
        if found is None or (found.position, found.expected_wait_s) == entry.place:
            return
        entry.place = (found.position, found.expected_wait_s)
        self.followers.tell(conversation_id, self.standing(entry))

    def _tell_typing(self, conversation_id: str, author: Author, typing: bool) -> None:
        told = Typing(conversation_id=conversation_id, author=author, typing=typing)
        entry = self._entries.get(conversation_id)
        if entry is None:
            self.followers.tell(conversation_id, told)
        else:
            self._tell(entry, told)

    def _await_typing(self) -> None:
        self._at((TYPING,), self._typing.next_s())
