"""Run: what the command `analyse` was asked for, done and printed."""

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rich.table import Table
from rich.text import Text

from domain.errors import RecordingError
from media.pcm import Samples
from media.recordings import read, telephone
from models.card import Card
from server.analyse import show
from server.analyse.clips import Clip, Way, load_model, score_beside
from server.analyse.course import Course, Setting, hear_recording
from server.analyse.follow import Node, arrival, follow, line, look_up
from server.analyse.manifest import Manifest, ScoreTable
from server.analyse.truth import Comparison, trained_on
from server.analysis_worker import judge_of, second_stage
from server.commands.console import (
    EXIT_FAILED,
    EXIT_WRONG_INPUT,
    complain,
    console,
    fail,
    warn,
)

PIPE_COLUMNS: Final = 132
"""Width of the table where there is no terminal that has one."""


@dataclass(frozen=True, slots=True)
class Few:
    """Recordings, each shown by itself.

    Attributes:
        way: Model, line and channel.
        setting: Windows and rules.
        as_json: Print lines of JSON and no table.
    """

    way: Way
    setting: Setting
    as_json: bool

    def run(self, named: Sequence[tuple[Path, Path | None]]) -> int:
        """Show all of them; one that cannot be read is named, and the rest goes on."""
        card = load_model(self.way.weights).card
        code = shown = 0
        for file, picture in named:
            try:
                samples, course = self._heard(file)
                if picture is not None:
                    # Nobody else has to wait for matplotlib.
                    from server.analyse.plot import draw  # noqa: PLC0415

                    draw(
                        picture, file.name, samples, course, self.setting.policy.course.bands, card
                    )
            except RecordingError as error:
                complain(str(error))
                code = EXIT_FAILED
                continue
            self._show(file, course, card, first=not shown)
            shown += 1
            if picture is not None and not self.as_json:
                console().print(Text.assemble("picture: ", (str(picture), "bold")))
        return code

    def _heard(self, file: Path) -> tuple[Samples, Course]:
        recording = read(file, channel=self.way.channel)
        if recording.channels > 1 and self.way.channel is None:
            warn(
                f"{file}: {recording.channels} channels were mixed; if an agent speaks on one, "
                "name the customer's with --channel"
            )
        samples = telephone(recording.samples) if self.way.by_telephone else recording.samples
        # A judge of its own, so that nothing is carried from one recording to the next.
        return samples, hear_recording(
            samples, judge_of(self.way.weights), self.setting, second_stage()
        )

    def _show(self, file: Path, course: Course, card: Card, *, first: bool) -> None:
        out = console()
        if self.as_json:
            for row in show.json_lines(str(file), course, card):
                sys.stdout.write(row + "\n")
            return
        if not first:
            out.print()
        if course.moments:
            wide = console()
            if not wide.is_terminal:
                wide.width = PIPE_COLUMNS
            wide.print(show.table(course), soft_wrap=False)
            out.print()
        for words in show.summary(str(file), course, card):
            out.print(words)


@dataclass(frozen=True, slots=True)
class Many:
    """A manifest of recordings, each scored by itself.

    Attributes:
        manifest: Table of files.
        out: Where the table of scores goes.
        truth: Column of the true labels; None: nothing is compared.
        way: Model, line and channel.
        workers: Processes that score.
    """

    manifest: Path
    out: Path
    truth: str | None
    way: Way
    workers: int

    def run(self) -> int:
        """Write a row for each; return the exit code."""
        manifest = Manifest(self.manifest)
        if self.out.exists() and self.out.samefile(self.manifest):
            fail(f"{self.out}: is the manifest itself", EXIT_WRONG_INPUT)
        card = load_model(self.way.weights).card
        comparison = None
        if self.truth is not None:
            manifest.need(self.truth)
            comparison = Comparison(self.truth, claims_labels=card.claims_labels)
        totals = _Totals()
        try:
            with self.out.open("w", encoding="utf-8", newline="") as stream:
                table = ScoreTable(stream)
                for clip in score_beside(manifest.files(), self.way, self.workers):
                    table.put(clip)
                    totals.take(clip)
                    if comparison is not None:
                        comparison.take(clip)
        except OSError as error:
            fail(f"{self.out}: cannot be written: {error.strerror}")
        out = console()
        out.print(Text.assemble((str(self.out), "bold"), f": {totals}"))
        if comparison is not None:
            _tell(comparison, card)
        for words in show.licence(card):
            out.print(words)
        return EXIT_FAILED if totals.unread else 0


@dataclass(slots=True)
class _Totals:
    """What became of the rows; what is wrong with one is said at once."""

    files: int = 0
    unread: int = 0
    silent: int = 0

    def take(self, clip: Clip) -> None:
        """Count a clip."""
        self.files += 1
        if clip.fault is not None:
            self.unread += 1
            complain(clip.fault)
        elif clip.score is None:
            self.silent += 1
            warn(f"{clip.file}: there is no speech in it")

    def __str__(self) -> str:
        return (
            f"{self.files:,} files, {self.unread:,} could not be read, "
            f"{self.silent:,} without speech"
        )


def _tell(comparison: Comparison, card: Card) -> None:
    figures = comparison.figures()
    table = Table("corpus", "what", "figure", "95 % interval", "of", box=None, pad_edge=False)
    for each in figures:
        low_high = f"{each.low:.3g} to {each.high:.3g}"
        table.add_row(each.corpus, each.what, f"{each.value:.3g}", low_high, each.condition)
    out = console()
    out.print(table)
    if comparison.unknown or comparison.unscored:
        out.print(
            f"left out: {comparison.unknown:,} with a label that is none of ours, "
            f"{comparison.unscored:,} without a score"
        )
    for name in trained_on(figures, [corpus.name for corpus in card.corpora]):
        warn(f"{card.at} was trained on {name}: a figure of its speakers proves nothing")


async def follow_call(node: Node, contact_id: str, *, as_json: bool) -> None:
    """Print the emotional events of a call as they come, until it is over.

    Raises:
        FollowError: The node cannot be asked, or stops.
    """
    contact = await look_up(node, contact_id)
    begun = arrival(contact)
    out = console()
    if not as_json:
        out.print(
            f"{contact_id} in queue {contact['queue_id']}, since {begun:%Y-%m-%d %H:%M:%S} UTC"
        )
    async for told in follow(node, contact):
        if as_json:
            sys.stdout.write(json.dumps(told, ensure_ascii=False) + "\n")
            sys.stdout.flush()
        else:
            out.print(line(told, begun))
