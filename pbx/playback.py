"""What the customer hears of us: one prompt, announcement or music at a time."""

from collections.abc import Sequence
from pathlib import Path

from pbx.actions import Action, Play, StopPlay
from pbx.prompts import PromptSource


class Playback:
    """Plays to one leg. Methods return the actions; none where there is no file.

    Attributes:
        leg: The customer's; set when he has come.
        playing: Name of what plays now.
    """

    def __init__(self, prompts: PromptSource, language: str, music: str | None) -> None:
        """Play prompts in this language, and this music between them."""
        self.leg: int | None = None
        self.playing: str | None = None
        self._prompts = prompts
        self._language = language
        self._music = music

    @property
    def is_speaking(self) -> bool:
        """Whether something plays that says something."""
        return self.playing not in (None, self._music)

    def prompt(self, name: str | None) -> list[Action]:
        """Play a prompt once."""
        file = None if name is None else self._prompts.path(name, self._language)
        return [] if name is None or file is None else self._play(name, [file])

    def music(self) -> list[Action]:
        """Play music until something else plays."""
        name = self._music
        file = None if name is None else self._prompts.path(name, self._language)
        return [] if name is None or file is None else self._play(name, [file], loop=True)

    def announcement(self, position: int, expected_wait_s: float | None) -> list[Action]:
        """Say a place in the queue and how long it may take."""
        files = self._prompts.announcement(position, expected_wait_s, self._language)
        return self._play("position", files) if files else []

    def choice(self, name: str, key: str) -> list[Action]:
        """Say what a key is good for: a prompt, and then the key."""
        paths = (self._prompts.path(each, self._language) for each in (name, f"number-{key}"))
        files = [path for path in paths if path is not None]
        return self._play(name, files) if files else []

    def stop(self) -> list[Action]:
        """Play nothing more."""
        assert self.leg is not None
        self.playing = None
        return [StopPlay(self.leg)]

    def ended(self, leg: int) -> str | None:
        """Return the name of what has come to its end on that leg; None: nothing of ours."""
        if leg != self.leg:
            return None
        name, self.playing = self.playing, None
        return name

    def _play(self, name: str, files: Sequence[Path], *, loop: bool = False) -> list[Action]:
        assert self.leg is not None
        self.playing = name
        return [Play(self.leg, tuple(files), loop)]
