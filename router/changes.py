"""What is new since the last assignment, so that only that is looked at.

After an exact assignment nobody who still waits can be served by anybody who is still free. So a
contact that comes is looked at with those who are free, an agent who becomes free with those who
wait, and nobody twice.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray


@dataclass(slots=True)
class Changes:
    """What has changed.

    Attributes:
        everything: So much that all are to be looked at again.
        contacts: Ids of contacts that came, came back or ask for something else by now.
        columns: Columns of agents who may be offered more than before.
    """

    everything: bool = True
    contacts: set[str] = field(default_factory=set)
    columns: set[int] = field(default_factory=set)

    def __bool__(self) -> bool:
        return self.everything or bool(self.contacts) or bool(self.columns)

    def clear(self) -> None:
        """All of it was looked at."""
        self.everything = False
        self.contacts.clear()
        self.columns.clear()

    @property
    def contacts_alone(self) -> bool:
        """Whether only contacts have changed."""
        return not self.everything and not self.columns

    @property
    def agents_alone(self) -> bool:
        """Whether only agents have changed."""
        return not self.everything and not self.contacts

    def among(self, columns: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return those of some agents who have changed, in their order."""
        if not self.agents_alone:
            return columns
        return columns[np.isin(columns, np.fromiter(self.columns, np.int64, len(self.columns)))]
