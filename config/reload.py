"""A changed configuration file taken up while calls run, as far as that can be done.

Agents, queues, trunks, the router's weights and the prompts change at run time. Sockets, ports,
processes and stores do not: for those the plan names what needs a restart, and the old values
stay in force until then. A file with mistakes changes nothing.
"""

import asyncio
import contextlib
import hashlib
import signal
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import structlog

from config.load import Loaded, load
from config.mistake import ConfigurationMistakes, Mistake
from config.schema import Configuration
from config.section import Section

RUN_TIME_SECTIONS: Final = (
    *("trunks", "agents", "queues", "prompts", "router", "suggestions"),
    *("business_hours", "tickets"),
)
"""Sections that take effect at once; calls that run keep what they began with."""

RUN_TIME_FIELDS: Final = {
    "emotion": ("agree_key", "refuse_key", "moods", "rules", "phrases"),
}
"""Sections of which only these fields do: the rest is handed to processes at their start."""

POLL_S: Final = 1.0
"""How often the file is looked at. Looking is one stat(2), works on every file system (inotify
does not see changes over NFS or in a mounted Kubernetes ConfigMap) and on a file that is
replaced by a link, and a second is soon enough for a person who has just saved."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReloadPlan:
    """What becomes of a new configuration.

    Attributes:
        configuration: To be in force now: the new run-time sections in the old rest.
        applied: Paths that change now, such as `agents.anna.skills` or `queues.sales`.
        needs_restart: Paths that differ but keep their old value until a restart.
    """

    configuration: Configuration
    applied: tuple[str, ...]
    needs_restart: tuple[str, ...]

    @property
    def message(self) -> str:
        """Say in a sentence what happens."""
        if not self.applied and not self.needs_restart:
            return "nothing has changed"
        parts = []
        if self.applied:
            parts.append("now in force: " + ", ".join(self.applied))
        if self.needs_restart:
            parts.append("in force only after a restart: " + ", ".join(self.needs_restart))
        return "; ".join(parts)


def plan(old: Configuration, new: Configuration) -> ReloadPlan:
    """Return what of `new` can take the place of `old` at run time. Pure."""
    applied: list[str] = []
    needs_restart: list[str] = []
    changed: dict[str, Section] = {name: getattr(new, name) for name in RUN_TIME_SECTIONS}
    for name in Configuration.model_fields:
        before, after = getattr(old, name), getattr(new, name)
        fields = RUN_TIME_FIELDS.get(name, ())
        for path in _differences(name, before, after):
            now = name in RUN_TIME_SECTIONS or path.removeprefix(f"{name}.").startswith(fields)
            (applied if now else needs_restart).append(path)
        if fields:
            update = {field: getattr(after, field) for field in fields}
            changed[name] = before.model_copy(update=update)
    return ReloadPlan(
        configuration=old.model_copy(update=changed),
        applied=tuple(applied),
        needs_restart=tuple(needs_restart),
    )


def _differences(path: str, old: object, new: object) -> Iterable[str]:
    """Yield the paths that differ, as deep as both sides have the same thing there."""
    if old == new:
        return
    if isinstance(old, Section) and isinstance(new, Section):
        for name in type(old).model_fields:
            yield from _differences(f"{path}.{name}", getattr(old, name), getattr(new, name))
        return
    before, after = _by_id(old), _by_id(new)
    if before is None or after is None or (list(before) == list(after) and not before):
        yield path
        return
    shared_before = [name for name in before if name in after]
    shared_after = [name for name in after if name in before]
    if shared_before != shared_after:
        yield f"{path} (order)"
    for name in dict.fromkeys((*before, *after)):
        inner = f"{path}.{name}"
        if name not in after:
            yield f"{inner} (removed)"
        elif name not in before:
            yield f"{inner} (added)"
        else:
            yield from _differences(inner, before[name], after[name])


def _by_id(value: object) -> Mapping[str, Section] | None:
    """Return a list of sections with ids as a mapping; None for anything else."""
    if not isinstance(value, Sequence) or isinstance(value, str):
        return None
    if not all(isinstance(item, Section) and hasattr(item, "id") for item in value):
        return None
    return {item.id: item for item in value}


class FileChange(StrEnum):
    """What a look at the file has shown."""

    NONE = "none"
    UNSETTLED = "unsettled"
    """It differs but was still being written at the last look."""
    CHANGED = "changed"


class FileWatch:
    """Tells when a file has other content than before. Reads at most when its stat changed."""

    def __init__(self, path: Path, content: bytes) -> None:
        """Begin with the content that is in force."""
        self._path = path
        self._digest = hashlib.sha256(content).digest()
        self._seen: tuple[int, int, int] | None = None
        self._settled: tuple[int, int, int] | None = None

    def look(self) -> FileChange:
        """Look once.

        A change counts when two looks have shown the same stat, so that an editor or a copy
        that is still writing is not caught half way. A missing file is no change: many editors
        move the old one away before they put the new one in its place.
        """
        try:
            state = self._path.stat()
        except OSError:
            return FileChange.NONE
        seen = (state.st_ino, state.st_mtime_ns, state.st_size)
        if seen == self._settled:
            return FileChange.NONE
        if seen != self._seen:
            self._seen = seen
            return FileChange.UNSETTLED
        self._settled = seen
        try:
            digest = hashlib.sha256(self._path.read_bytes()).digest()
        except OSError:
            return FileChange.NONE
        if digest == self._digest:
            return FileChange.NONE
        self._digest = digest
        return FileChange.CHANGED

    def took(self, content: bytes) -> None:
        """Remember content that was taken up otherwise, such as after SIGHUP."""
        self._digest = hashlib.sha256(content).digest()


class Reloader:
    """Takes up a changed file: when it changes, on SIGHUP and when asked.

    Use as an async context manager inside the event loop; leaving stops the watch at once.

    Attributes:
        in_force: The configuration as it runs now.
        mistakes: Of the last file that was refused; empty after one that was taken.
        waiting_for_restart: Paths whose new value waits for a restart.
        reloads: How often a file was taken up.
        refusals: How often a file was refused.
    """

    def __init__(
        self,
        loaded: Loaded,
        apply: Callable[[ReloadPlan], None],
        *,
        environ: Mapping[str, str] | None = None,
        poll_s: float = POLL_S,
        sighup: bool = True,
    ) -> None:
        """Prepare the watch of the file that was loaded.

        Args:
            loaded: What is in force.
            apply: Puts a plan into force, in the event loop's thread; called after every
                accepted reload, even when nothing in the file differs.
            environ: Environment variables for secrets; None: those of this process.
            poll_s: Seconds between two looks at the file.
            sighup: Whether to reload on SIGHUP; only the main thread can.
        """
        self.in_force = loaded.configuration
        self.mistakes: Sequence[Mistake] = ()
        self.waiting_for_restart: tuple[str, ...] = ()
        self.reloads = 0
        self.refusals = 0
        self._file = loaded.file
        self._apply = apply
        self._environ = environ
        self._poll_s = poll_s
        self._sighup = sighup
        self._watch = FileWatch(loaded.file, loaded.source)
        self._asked = asyncio.Event()
        self._lock = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        """Begin to watch."""
        loop = asyncio.get_running_loop()
        if self._sighup:
            loop.add_signal_handler(signal.SIGHUP, self.ask)
        self._task = loop.create_task(self._run(), name="configuration reload")
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop watching; a reload that is half done is finished first."""
        if self._sighup:
            asyncio.get_running_loop().remove_signal_handler(signal.SIGHUP)
        async with self._lock:
            task, self._task = self._task, None
            if task is not None:
                task.cancel()
        if task is not None:
            await asyncio.gather(task, return_exceptions=True)

    def ask(self) -> None:
        """Ask for a reload, as SIGHUP does; it begins within the loop's next rounds."""
        self._asked.set()

    async def reload(self) -> ReloadPlan | None:
        """Read the file and take up what can be; None: it has mistakes and nothing changed."""
        async with self._lock:
            try:
                # Checking takes 0.3 s for 1,000 agents, too long for a loop that carries calls.
                loaded = await asyncio.to_thread(load, self._file, environ=self._environ)
            except ConfigurationMistakes as refused:
                self.mistakes = refused.mistakes
                self.refusals += 1
                _log.error(
                    "configuration refused, the old one stays in force",
                    file=str(self._file),
                    mistakes=[str(mistake) for mistake in refused.mistakes],
                )
                return None
            self._watch.took(loaded.source)
            made = plan(self.in_force, loaded.configuration)
            self.mistakes = ()
            self.waiting_for_restart = made.needs_restart
            self.reloads += 1
            # Also without a difference: the secrets behind it may have changed.
            self._apply(made)
            self.in_force = made.configuration
            _log.info(
                "configuration reloaded",
                file=str(self._file),
                applied=list(made.applied),
                needs_restart=list(made.needs_restart),
                warnings=[str(warning) for warning in loaded.warnings],
            )
            return made

    async def look(self) -> ReloadPlan | None:
        """Look at the file once and reload when it has changed."""
        change = await asyncio.to_thread(self._watch.look)
        return await self.reload() if change is FileChange.CHANGED else None

    async def _run(self) -> None:
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._asked.wait(), self._poll_s)
            try:
                if self._asked.is_set():
                    self._asked.clear()
                    await self.reload()
                else:
                    await self.look()
            except Exception:
                # The old configuration serves on, and the next change is another chance.
                self.refusals += 1
                _log.exception("configuration reload failed", file=str(self._file))
