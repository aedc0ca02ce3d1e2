"""Capacity: how many contacts of each channel one agent may serve at once."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from domain.contact import Channel


@dataclass(frozen=True, slots=True, kw_only=True)
class Capacity:
    """What one agent may serve at once.

    Attributes:
        slots: Contacts at once by channel; a channel that is not named is not served.
        apart: Pairs of channels that one agent never serves at the same time, such as voice
            and chat: nobody types well while he talks.
    """

    slots: Mapping[Channel, int] = field(default_factory=dict)
    apart: frozenset[frozenset[Channel]] = frozenset()

    def free(self, channel: Channel, load: Mapping[Channel, int]) -> int:
        """Return how many more contacts of a channel fit beside what is being served.

        Args:
            channel: Of the contacts to come.
            load: Contacts being served, offered or wrapped up, by channel.
        """
        for other, count in load.items():
            if count and frozenset((channel, other)) in self.apart and other is not channel:
                return 0
        return max(0, self.slots.get(channel, 0) - load.get(channel, 0))


VOICE_ALONE: Final = Capacity(slots={Channel.VOICE: 1})
"""One call at a time and nothing else."""
