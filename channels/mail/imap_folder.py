"""Which mails of a folder elsewhere are new: pure; UIDs come in, and the place to be kept goes out.

A UID names a mail as long as the folder's UIDVALIDITY is the same (RFC 9051 section 2.3.1.1). The
place is the UID up to which every mail is done with. One that cannot be stored yet holds it, not
the mails behind it.
"""

import base64
from collections.abc import Iterable, Sequence


class FolderPlace:
    """How far one folder was read."""

    def __init__(self, validity: int | None = None, uid: int = 0) -> None:
        """Take the place that was kept.

        Args:
            validity: UIDVALIDITY under which it holds; None: none was kept.
            uid: Up to which every mail is done with.
        """
        self.validity = validity
        self.uid = uid
        self._done: set[int] = set()
        self._open: set[int] = set()

    def select(self, validity: int) -> bool:
        """The folder was opened; return whether it is not known: all its UIDs are new then."""
        if validity == self.validity:
            return False
        self.validity = validity
        self.uid = 0
        self._done.clear()
        self._open.clear()
        return True

    def found(self, uids: Iterable[int]) -> Sequence[int]:
        """Take the UIDs that the folder holds behind the place; return those to be fetched, rising.

        A search for `N:*` finds the last mail even where its UID is lower (RFC 9051 section 9).
        """
        self._open = {uid for uid in uids if uid > self.uid and uid not in self._done}
        return sorted(self._open)

    def pass_over(self, uids: Iterable[int]) -> None:
        """Mails that were there before us and are not wanted."""
        for uid in uids:
            if uid > self.uid:
                self._done.add(uid)
        self._advance()

    def done(self, uid: int) -> None:
        """A mail is done with."""
        self._open.discard(uid)
        if uid > self.uid:
            self._done.add(uid)
        self._advance()

    def _advance(self) -> None:
        """Move the place up to the first mail that is still open."""
        first_open = min(self._open, default=None)
        passed = {uid for uid in self._done if first_open is None or uid < first_open}
        if passed:
            self.uid = max(self.uid, *passed)
            self._done -= passed


def folder_name(name: str) -> str:
    """Return a folder's name as IMAP has it: quoted, in modified UTF-7.

    Source:
        RFC 3501 section 5.1.3.
    """
    encoded = ""
    run = ""
    for letter in (*name, ""):
        if letter and not 0x20 <= ord(letter) <= 0x7E:
            run += letter
            continue
        if run:
            coded = base64.b64encode(run.encode("utf-16-be")).decode().rstrip("=")
            encoded += f"&{coded.replace('/', ',')}-"
            run = ""
        encoded += "&-" if letter == "&" else letter
    return quoted(encoded)


def quoted(text: str) -> str:
    """Return a quoted string (RFC 9051 section 4.3)."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
