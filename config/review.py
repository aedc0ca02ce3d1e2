"""What a check of how things fit together reads and writes.

Such checks run on the raw tree and not on the finished configuration, so that they speak even
where the schema refuses something else: an operator mends everything in one go.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path

from config.document import Document, Keys
from config.explain import nearest
from config.mistake import Mistake


class Review:
    """A document, and what was said of it so far."""

    def __init__(self, document: Document, environ: Mapping[str, str] | None) -> None:
        """Begin with nothing said; without `environ` secrets are not looked up."""
        self.document = document
        self.environ = environ
        self.mistakes: list[Mistake] = []
        self.warnings: list[Mistake] = []

    def refuse(
        self, keys: Keys, found: str, allowed: str, hint: str = "", *, at_key: bool = False
    ) -> None:
        """Note a mistake; `at_key` points at the key and not at its value."""
        self.mistakes.append(self._remark(keys, found, allowed, hint, at_key))

    def warn(
        self, keys: Keys, found: str, allowed: str, hint: str = "", *, at_key: bool = False
    ) -> None:
        """Note something allowed but odd."""
        self.warnings.append(self._remark(keys, found, allowed, hint, at_key))

    def _remark(self, keys: Keys, found: str, allowed: str, hint: str, at_key: bool) -> Mistake:
        document = self.document
        place = document.key_place(keys) if at_key else document.place(keys)
        return Mistake(document.file, place, keys, found, allowed, hint)

    def text(self, *keys: str | int) -> str | None:
        """Return the text that stands there."""
        return self.document.text(keys)

    def items(self, *keys: str | int) -> Iterator[Keys]:
        """Yield the path of every item of a list."""
        return self.document.items(keys)

    def texts(self, *keys: str | int) -> Iterator[tuple[Keys, str]]:
        """Yield path and text of every text in a list."""
        for item in self.document.items(keys):
            text = self.document.text(item)
            if text is not None:
                yield item, text

    def known_queue(self, *keys: str | int) -> None:
        """Refuse the name that stands there, if any does, where no queue has it."""
        self._known("queues", "queue", keys)

    def known_calendar(self, *keys: str | int) -> None:
        """Refuse the name that stands there, if any does, where no calendar has it."""
        self._known("business_hours", "calendar of business_hours", keys)

    def _known(self, section: str, kind: str, keys: Keys) -> None:
        name = self.document.text(keys)
        if name is None:
            return
        known = [one for item in self.items(section) if (one := self.text(*item, "id"))]
        if name not in known:
            meant = nearest(name, known)
            hint = f"did you mean {meant}?" if meant else ""
            self.refuse(keys, f"{name!r}, which is no {kind}", f"the id of a {kind}", hint)

    def whole(self, default: int, *keys: str | int) -> int | None:
        """Return the whole number that stands there, the default where nothing stands.

        None: something else stands there, which the schema has refused already.
        """
        if self.document.at(keys) is None:
            return default
        text = self.document.text(keys)
        try:
            return int(text) if text is not None else None
        except ValueError:
            return None

    def number(self, default: float | None, *keys: str | int) -> float | None:
        """Return the number that stands there, the default where nothing stands.

        None: something else stands there, which the schema has refused already.
        """
        if self.document.at(keys) is None:
            return default
        text = self.document.text(keys)
        try:
            return float(text) if text is not None else None
        except ValueError:
            return None

    def yes(self, default: bool, *keys: str | int) -> bool:
        """Return whether true stands there, the default where nothing stands."""
        text = self.document.text(keys)
        return default if text is None else text.lower() in {"true", "yes", "on", "1", "y", "t"}

    def proficiencies(self, *keys: str | int) -> dict[str, int]:
        """Return the readable part of a mapping of names to proficiencies."""
        found: dict[str, int] = {}
        for name in self.document.keys(keys):
            value = self.whole(0, *keys, name)
            if value is not None:
                found[name] = value
        return found

    def line(self, keys: Keys) -> int:
        """Return the line where something stands."""
        return self.document.place(keys).line

    def file_at(self, *keys: str | int) -> Path | None:
        """Return the file that is named there; a relative path begins at the document's."""
        text = self.document.text(keys)
        if text is None:
            return None
        return self.document.file.absolute().parent / Path(text).expanduser()
