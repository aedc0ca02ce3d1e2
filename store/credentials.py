"""The passwords of softphones: a file of digest HA1, written by `users` and read by the node.

An HA1 cannot be turned back into a password, but it opens the same realm as the password does
(RFC 7616 section 5.13 says to guard it alike), so the file is the owner's alone (mode 0600).

    {"version": 1,
     "softphones": {"anna": {"realm": "pbx.example.org", "set_at": "2026-01-31T12:00:00Z",
                             "ha1": {"anna": {"MD5": "…", "SHA-256": "…"},
                                     "21": {"MD5": "…", "SHA-256": "…"}}}}}
"""

import contextlib
import fcntl
import os
import secrets
import stat
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec
import structlog

from domain.errors import StoreError
from domain.ports import Clock

VERSION: Final = 1
STAT_EVERY_S: Final = 1.0
"""A REGISTER storm must not become a storm of stat(2); a new password works a second later."""
BYTES_MAX: Final = 16_777_216
"""About 30,000 softphones."""

_log = structlog.get_logger(__name__)


class Softphone(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The credentials of one agent.

    Attributes:
        realm: The digest realm they were made for, `sip.domain` at that time.
        set_at: When the password was set, UTC.
        ha1: Hexadecimal HA1 by algorithm ("MD5", "SHA-256"), by user name.
    """

    realm: str
    set_at: datetime
    ha1: dict[str, dict[str, str]]


class _Content(msgspec.Struct, frozen=True, kw_only=True):
    version: int = VERSION
    softphones: dict[str, Softphone] = {}


class CredentialFile:
    """Implements `ports.CredentialSource` over one file, which it re-reads when it changes.

    A file that cannot be read leaves the last good content in force: an agent who can register
    now shall still be able to after a slip of an editor.

    Attributes:
        refusals: How often the file was found unreadable.
    """

    def __init__(self, path: Path, clock: Clock, *, realm: str | None = None) -> None:
        """Read from `path` when first asked.

        Args:
            path: The file; missing means no softphones.
            clock: Says when to look at the file again.
            realm: Leave out credentials of other realms, which no longer work; None: none.
        """
        self.refusals = 0
        self._path = path
        self._clock = clock
        self._realm = realm
        self._look_at_s = float("-inf")
        self._version: tuple[int, int, int] | None = None
        self._agents: dict[str, str] = {}
        self._ha1: dict[tuple[str, str], str] = {}

    def ha1(self, username: str, algorithm: str) -> str | None:
        """Return the hexadecimal HA1 of RFC 7616 section 3.4.2; None for no such user."""
        self._refresh()
        return self._ha1.get((username, algorithm))

    def agent_id(self, username: str) -> str | None:
        """Return whose user name that is; None for nobody's."""
        self._refresh()
        return self._agents.get(username)

    def _refresh(self) -> None:
        now_s = self._clock.monotonic_s()
        if now_s < self._look_at_s:
            return
        self._look_at_s = now_s + STAT_EVERY_S
        try:
            state = self._path.stat()
        except FileNotFoundError:
            self._version = None
            self._take({})
            return
        except OSError as error:
            self._refuse(error.strerror or str(error))
            return
        version = (state.st_ino, state.st_mtime_ns, state.st_size)
        if version == self._version:
            return
        self._version = version
        if state.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            _log.warning("credential file is open to others, make it 0600", file=str(self._path))
        try:
            self._take(read_softphones(self._path))
        except StoreError as error:
            self._refuse(str(error))

    def _take(self, softphones: Mapping[str, Softphone]) -> None:
        self._agents = {}
        self._ha1 = {}
        for agent_id, softphone in softphones.items():
            if self._realm is not None and softphone.realm != self._realm:
                continue
            for username, hashes in softphone.ha1.items():
                self._agents[username] = agent_id
                for algorithm, value in hashes.items():
                    self._ha1[username, algorithm] = value

    def _refuse(self, reason: str) -> None:
        self.refusals += 1
        _log.error("credential file cannot be read", file=str(self._path), reason=reason)


def read_softphones(path: Path) -> Mapping[str, Softphone]:
    """Return the credentials of all agents, by agent id; none when there is no file.

    Raises:
        StoreError: The file cannot be read or is none of ours.
    """
    try:
        with path.open("rb") as file:
            raw = file.read(BYTES_MAX + 1)
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise StoreError(f"{path}: {error.strerror or error}") from error
    if len(raw) > BYTES_MAX:
        raise StoreError(f"{path}: over {BYTES_MAX} bytes")
    try:
        content = msgspec.json.decode(raw, type=_Content)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise StoreError(f"{path}: not a credential file: {error}") from error
    if content.version != VERSION:
        raise StoreError(f"{path}: version {content.version}; this program reads {VERSION}")
    return content.softphones


def put_softphone(path: Path, agent_id: str, softphone: Softphone) -> None:
    """Store the credentials of an agent in the place of his old ones.

    A user name that was another agent's before (an extension that was given on) is taken from
    him, so that a name never leads to two agents.

    Raises:
        StoreError: The file cannot be read or written.
    """
    with _locked(path):
        softphones = dict(read_softphones(path))
        for other, theirs in list(softphones.items()):
            left = {name: ha1 for name, ha1 in theirs.ha1.items() if name not in softphone.ha1}
            if other != agent_id and len(left) < len(theirs.ha1):
                softphones[other] = msgspec.structs.replace(theirs, ha1=left)
        softphones[agent_id] = softphone
        _write(path, softphones)


def remove_softphone(path: Path, agent_id: str) -> bool:
    """Remove the credentials of an agent; False when he had none.

    Raises:
        StoreError: The file cannot be read or written.
    """
    with _locked(path):
        softphones = dict(read_softphones(path))
        if softphones.pop(agent_id, None) is None:
            return False
        _write(path, softphones)
        return True


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Keep two commands from losing each other's changes."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = os.open(f"{path}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        _give_to_owner(lock, path.parent)
    except OSError as error:
        raise StoreError(f"{path}: {error.strerror or error}") from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def _give_to_owner(descriptor: int, folder: Path) -> None:
    """Let the folder's owner read what root wrote: the node does not run as root."""
    if os.geteuid() == 0:
        owner = folder.stat()
        os.fchown(descriptor, owner.st_uid, owner.st_gid)


def _write(path: Path, softphones: Mapping[str, Softphone]) -> None:
    """Replace the file in one step: a reader sees the old content or the new, never a half."""
    content = _Content(softphones=dict(sorted(softphones.items())))
    raw = msgspec.json.format(msgspec.json.encode(content), indent=2) + b"\n"
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            with open(descriptor, "wb") as file:  # noqa: PTH123 - a descriptor, not a path
                _give_to_owner(file.fileno(), path.parent)
                file.write(raw)
                file.flush()
                os.fsync(file.fileno())
            fresh.replace(path)
        except BaseException:
            fresh.unlink(missing_ok=True)
            raise
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as error:
        raise StoreError(f"{path}: {error.strerror or error}") from error
