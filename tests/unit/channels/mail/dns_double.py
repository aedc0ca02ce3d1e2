"""A resolver that knows what a test tells it."""

from collections.abc import Mapping, Sequence

from channels.mail.resolver import LookupFailed


class Names:
    """Records by (name, kind); a name in `silent` cannot be asked about now."""

    def __init__(
        self, records: Mapping[tuple[str, str], Sequence[str]], silent: Sequence[str] = ()
    ) -> None:
        self._records = dict(records)
        self._silent = set(silent)
        self.asked: list[tuple[str, str]] = []

    async def records(self, name: str, kind: str) -> Sequence[str]:
        self.asked.append((name, kind))
        if name in self._silent:
            raise LookupFailed("silent")
        return self._records.get((name, kind), ())
