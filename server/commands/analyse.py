"""`analyse`: the emotional course of recordings, the scores of many, a running call followed."""

import asyncio
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from rich.table import Table
from rich.text import Text

from config.emotion import Emotion
from config.schema import Analysis, Configuration
from domain.errors import ConfigurationError, RecordingError, WarmlineError
from media.recordings import read, telephone
from models.card import Card
from server.analyse import follow, show
from server.analyse.clips import Clip, Way, load_model, score_beside
from server.analyse.course import Course, Setting, hear_recording
from server.analyse.manifest import Manifest, ScoreTable
from server.analyse.truth import Comparison, trained_on
from server.analysis_worker import judge_of
from server.commands.console import (
    EXIT_FAILED,
    EXIT_WRONG_INPUT,
    complain,
    console,
    fail,
    load_or_exit,
    warn,
)

NAMES: Final = ("prosody-open", "prosody-research")
PICTURE: Final = ".png"
URL: Final = "http://127.0.0.1:8080"
WORKERS_MAX: Final = 64
PIPE_COLUMNS: Final = 132
"""Width of the table where there is no terminal that has one."""

Files = Annotated[
    list[Path] | None,
    typer.Argument(
        metavar="[FILE]...",
        help="Recordings in which the customer speaks, in any format and rate that soundfile "
        "reads. With --plot a name that ends with .png is the picture's.",
    ),
]
Config = Annotated[
    Path | None,
    typer.Option(
        "--config",
        "-c",
        envvar="WARMLINE_CONFIG",
        metavar="FILE",
        help="Take windows, moods, rules and weights from a configuration's section emotion; "
        "without: the section's defaults.",
    ),
]


def register(app: typer.Typer) -> None:
    """Add `analyse` to the application."""
    app.command()(analyse)


def analyse(
    files: Files = None,
    plot: Annotated[
        bool,
        typer.Option(
            "--plot",
            help="Draw a picture: NAME.png in the working folder, or the .png named among FILE.",
        ),
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the course, or events, as lines of JSON.")
    ] = False,
    model: Annotated[
        str | None,
        typer.Option(metavar="NAME", help=f"{' or '.join(NAMES)}; without: the configuration's."),
    ] = None,
    config: Config = None,
    queue: Annotated[
        str, typer.Option(metavar="ID", help="Apply the rules of this queue as well.")
    ] = "",
    channel: Annotated[
        int | None,
        typer.Option(
            min=1, metavar="N", help="The customer's channel, from 1; without: all are mixed."
        ),
    ] = None,
    by_telephone: Annotated[
        bool,
        typer.Option(
            "--telephone/--as-is",
            help="Send recordings over a plain telephone line first, as the models were trained: "
            "300 to 3,400 Hz, mu-law.",
        ),
    ] = True,
    manifest: Annotated[
        Path | None,
        typer.Option(metavar="CSV", help="Score many files, each by itself: column file."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="CSV", help="Where the scores of --manifest go.")
    ] = None,
    truth: Annotated[
        str | None,
        typer.Option(
            metavar="COLUMN",
            help="Compare with the true labels of this column of --manifest: accuracy, area under "
            "the curve of anger, calibration, by column corpus, with intervals over column "
            "speaker.",
        ),
    ] = None,
    workers: Annotated[
        int, typer.Option(min=1, max=WORKERS_MAX, metavar="N", help="Processes for --manifest.")
    ] = 1,
    contact: Annotated[
        str | None,
        typer.Option("--follow", metavar="CONTACT", help="Follow a running call of a node."),
    ] = None,
    url: Annotated[
        str | None,
        typer.Option(metavar="URL", help=f"Of the node; without: the configuration's, or {URL}."),
    ] = None,
    token: Annotated[
        str | None,
        typer.Option(
            envvar="WARMLINE_TOKEN", metavar="TOKEN", help="Of the node; without: its file's."
        ),
    ] = None,
) -> None:
    """Show the emotional course of recordings, score many files, or follow a running call.

    A recording goes through the ear, the model and the alert rules of a running call. Only a
    customer may be judged, and only with his consent; never an agent.
    """
    asked = [bool(files), manifest is not None, contact is not None]
    if sum(asked) != 1:
        fail("name recordings, or --manifest CSV --out CSV, or --follow CONTACT", EXIT_WRONG_INPUT)
    try:
        configuration = _configuration(config)
        if contact is not None:
            node = _node(configuration, url, token)
            asyncio.run(_follow(node, contact, as_json=as_json))
            return
        weights = model or _emotion(configuration).weights
        if weights not in NAMES:
            fail(f"no weights {weights!r}; there are {' and '.join(NAMES)}", EXIT_WRONG_INPUT)
        if manifest is not None:
            if out is None:
                fail("--manifest needs --out CSV", EXIT_WRONG_INPUT)
            code = _Many(manifest, out, truth, weights, by_telephone, channel, workers).run()
        else:
            named = _named(files or [], plot=plot)
            analysis = Analysis() if configuration is None else configuration.analysis
            setting = Setting.of(_emotion(configuration), analysis, queue)
            code = _Few(weights, setting, channel, by_telephone, as_json).run(named)
    except ConfigurationError as error:
        fail(str(error), EXIT_WRONG_INPUT)
    except WarmlineError as error:
        fail(str(error))
    raise typer.Exit(code)


def _configuration(config: Path | None) -> Configuration | None:
    return None if config is None else load_or_exit(config, look_up_secrets=False).configuration


def _emotion(configuration: Configuration | None) -> Emotion:
    return Emotion() if configuration is None else configuration.emotion


def _named(files: Sequence[Path], *, plot: bool) -> list[tuple[Path, Path | None]]:
    """Return each recording, and where its picture goes."""
    pictures = [file for file in files if plot and file.suffix.lower() == PICTURE]
    recordings = [file for file in files if file not in pictures]
    if not recordings:
        fail("name a recording", EXIT_WRONG_INPUT)
    if not plot:
        return [(file, None) for file in recordings]
    if not pictures:
        pictures = [Path(file.stem + PICTURE) for file in recordings]
    if len(pictures) != len(recordings) or len(set(pictures)) != len(pictures):
        fail(
            f"{len(recordings)} recordings and {len(set(pictures))} names of pictures; "
            "name one for each, or none where the recordings' names differ",
            EXIT_WRONG_INPUT,
        )
    return list(zip(recordings, pictures, strict=True))


@dataclass(frozen=True, slots=True)
class _Few:
    """Recordings, each shown by itself."""

    weights: str
    setting: Setting
    channel: int | None
    by_telephone: bool
    as_json: bool

    def run(self, named: Sequence[tuple[Path, Path | None]]) -> int:
        """Show all of them; one that cannot be read is named, and the rest goes on."""
        card = load_model(self.weights).card
        code = 0
        for number, (file, picture) in enumerate(named):
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
            self._show(file, course, card, first=number == 0)
            if picture is not None and not self.as_json:
                console().print(Text.assemble("picture: ", (str(picture), "bold")))
        return code

    def _heard(self, file: Path) -> tuple[Any, Course]:
        recording = read(file, channel=self.channel)
        if recording.channels > 1 and self.channel is None:
            warn(
                f"{file}: {recording.channels} channels were mixed; if an agent speaks on one, "
                "name the customer's with --channel"
            )
        samples = telephone(recording.samples) if self.by_telephone else recording.samples
        # A judge of its own, so that nothing is carried from one recording to the next.
        return samples, hear_recording(samples, judge_of(self.weights), self.setting)

    def _show(self, file: Path, course: Course, card: Card, *, first: bool) -> None:
        out = console()
        if self.as_json:
            for line in show.json_lines(str(file), course, card):
                sys.stdout.write(line + "\n")
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
class _Many:
    """A manifest of recordings, each scored by itself."""

    manifest: Path
    out: Path
    truth: str | None
    weights: str
    by_telephone: bool
    channel: int | None
    workers: int

    def run(self) -> int:
        """Write a row for each; return the exit code."""
        manifest = Manifest(self.manifest)
        if self.out.exists() and self.out.samefile(self.manifest):
            fail(f"{self.out}: is the manifest itself", EXIT_WRONG_INPUT)
        card = load_model(self.weights).card
        comparison = None
        if self.truth is not None:
            manifest.need(self.truth)
            comparison = Comparison(self.truth, claims_labels=card.claims_labels)
        totals = _Totals()
        way = Way(self.weights, self.by_telephone, self.channel)
        try:
            with self.out.open("w", encoding="utf-8", newline="") as stream:
                table = ScoreTable(stream)
                for clip in score_beside(manifest.files(), way, self.workers):
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
        for line in show.licence(card):
            out.print(line)
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
        low_high = f"{each.low:.3f} to {each.high:.3f}"
        table.add_row(each.corpus, each.what, f"{each.value:.3f}", low_high, each.condition)
    out = console()
    out.print(table)
    if comparison.unknown or comparison.unscored:
        out.print(
            f"left out: {comparison.unknown:,} with a label that is none of ours, "
            f"{comparison.unscored:,} without a score"
        )
    for name in trained_on(figures, [corpus.name for corpus in card.corpora]):
        warn(f"{card.at} was trained on {name}: a figure of its speakers proves nothing")


def _node(configuration: Configuration | None, url: str | None, token: str | None) -> follow.Node:
    if configuration is not None:
        http = configuration.http
        url = url or f"http://{_reachable(http.address)}:{http.port}"
        token = token or http.token.read()
    if not token:
        fail("--follow needs --token, WARMLINE_TOKEN or --config", EXIT_WRONG_INPUT)
    return follow.Node(url or URL, token)


def _reachable(address: str) -> str:
    """Return where a node is reached that listens there; one on all addresses is also here."""
    if address in {"0.0.0.0", "::"}:
        return "127.0.0.1"
    return f"[{address}]" if ":" in address else address


async def _follow(node: follow.Node, contact_id: str, *, as_json: bool) -> None:
    begun: datetime | None = None
    out = console()
    async for told in follow.follow(node, contact_id):
        if as_json:
            sys.stdout.write(json.dumps(told, ensure_ascii=False) + "\n")
            sys.stdout.flush()
            continue
        begun = begun or datetime.fromisoformat(told["at"])
        out.print(follow.line(told, begun))
