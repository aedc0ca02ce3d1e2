"""Players: WAV files played to a leg, one after the other without a gap."""

import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, Final

from pjsua2 import pjsua2 as pj

from pbx.cell import wire

REST_S: Final = 0.25
"""An object of the library is freed so long after its last use, when no callback into it
can still be on its way."""


class Grave:
    """Players that wait to be freed outside of their own callbacks."""

    def __init__(self) -> None:
        """Begin empty."""
        self._waiting: deque[tuple[float, object]] = deque()

    def bury(self, thing: object, now_s: float) -> None:
        """Keep a last reference for REST_S."""
        self._waiting.append((now_s + REST_S, thing))

    def sweep(self, now_s: float) -> None:
        """Free what has rested."""
        while self._waiting and self._waiting[0][0] <= now_s:
            self._waiting.popleft()


class Player(pj.AudioMediaPlayer):  # type: ignore[misc]  # pjsua2 is untyped
    """One file, or a list of files of one format."""

    def __init__(self, on_end: Callable[["Player"], None]) -> None:
        """Take what shall be called at the end, from a thread of the library."""
        super().__init__()
        self._on_end = on_end

    def onEof2(self) -> None:  # noqa: N802  # pjsua2's name
        """Pass it on: a player must not be destroyed inside its own callback."""
        self._on_end(self)


class Playback:
    """What plays to one leg: the player now, and the files for the next ones."""

    def __init__(self, leg: int, files: Sequence[str], *, loop: bool, number: int) -> None:
        """Take the files in order."""
        self.leg = leg
        self.number = number
        self.files = deque(files)
        self.loop = loop
        self.player: Player | None = None


class Players:
    """The players of a cell, at most one a leg."""

    def __init__(
        self,
        report: Callable[[wire.CellEvent], None],
        post: Callable[[Callable[[Player], None], Player], None],
        audio_of: Callable[[int], Any | None],
        grave: Grave,
    ) -> None:
        """Take where events go and how to get back to the PJSIP thread.

        Args:
            report: Sends an event to the node.
            post: Has a function called on the PJSIP thread, from any thread.
            audio_of: A leg's audio in the conference, None while it has none.
            grave: Where players go that have played.
        """
        self._report = report
        self._post = post
        self._audio_of = audio_of
        self._grave = grave
        self._playing: dict[int, Playback] = {}

    def start(self, leg: int, files: Sequence[str], *, loop: bool, number: int) -> None:
        """Play to a leg in the place of what plays there.

        Args:
            leg: Which.
            files: WAV files, one after the other.
            loop: Begin again at the end.
            number: What events about this play call it.

        Raises:
            pj.Error: The first file cannot be opened.
        """
        playback = Playback(leg, files, loop=loop, number=number)
        player = self._opened(playback)
        self.stop(leg)
        playback.player = player
        self._playing[leg] = playback
        self.wire(leg)

    def stop(self, leg: int) -> None:
        """Stop what plays to a leg; harmless when nothing does."""
        playback = self._playing.pop(leg, None)
        if playback is not None:
            self._retire(playback)

    def wire(self, leg: int) -> None:
        """Connect what plays to the leg's audio; needed again after a re-INVITE."""
        playback = self._playing.get(leg)
        audio = self._audio_of(leg)
        if playback is not None and playback.player is not None and audio is not None:
            playback.player.startTransmit(audio)

    def _opened(self, playback: Playback) -> Player:
        if len(playback.files) > 1:
            player = Player(self._ended)
            try:
                options = 0 if playback.loop else pj.PJMEDIA_FILE_NO_LOOP
                player.createPlaylist(_strings(playback.files), "", options)
            except pj.Error:
                # A playlist takes 16-bit PCM of one rate alone. Files of an operator's
                # own making may differ; they are played one by one.
                self._grave.bury(player, time.monotonic())
            else:
                playback.files.clear()
                return player
        player = Player(self._ended)
        only = len(playback.files) == 1
        name = playback.files.popleft()
        if playback.loop and not only:
            playback.files.append(name)
        endless = playback.loop and only
        player.createPlayer(name, 0 if endless else pj.PJMEDIA_FILE_NO_LOOP)
        return player

    def _ended(self, player: Player) -> None:
        self._post(self._go_on, player)

    def _go_on(self, player: Player) -> None:
        playback = next((p for p in self._playing.values() if p.player is player), None)
        if playback is None or (playback.loop and not playback.files):
            return
        self._retire(playback)
        if playback.files:
            try:
                playback.player = self._opened(playback)
            except pj.Error as error:
                del self._playing[playback.leg]
                failed = wire.PlayFailed(
                    leg=playback.leg, play=playback.number, reason=error.reason
                )
                self._report(failed)
            else:
                self.wire(playback.leg)
            return
        del self._playing[playback.leg]
        self._report(wire.PlayFinished(leg=playback.leg, play=playback.number))

    def _retire(self, playback: Playback) -> None:
        player, playback.player = playback.player, None
        if player is None:
            return
        audio = self._audio_of(playback.leg)
        if audio is not None:
            player.stopTransmit(audio)
        self._grave.bury(player, time.monotonic())


def _strings(names: Sequence[str] | deque[str]) -> Any:
    vector = pj.StringVector()
    for name in names:
        vector.append(name)
    return vector
