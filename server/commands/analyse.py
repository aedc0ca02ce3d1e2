"""`analyse`: the emotional course of recordings, the scores of many, a running call followed."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Final

import typer

from config.emotion import Emotion
from config.schema import Analysis, Configuration
from domain.errors import ConfigurationError, WarmlineError
from server.commands.console import EXIT_WRONG_INPUT, fail, load_or_exit

NAMES: Final = ("prosody-open", "prosody-research")
PICTURE: Final = ".png"
URL: Final = "http://127.0.0.1:8080"
WORKERS_MAX: Final = 64

Files = Annotated[
    list[Path] | None,
    typer.Argument(
        metavar="FILE...",
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
    if manifest is None and (out is not None or truth is not None):
        fail("--out and --truth belong to --manifest", EXIT_WRONG_INPUT)
    if plot and not files:
        fail("--plot needs a recording", EXIT_WRONG_INPUT)
    # Models and filters take a second to load: nobody else waits for them.
    from server.analyse import run  # noqa: PLC0415
    from server.analyse.clips import Way  # noqa: PLC0415
    from server.analyse.course import Setting  # noqa: PLC0415
    from server.analyse.follow import Node  # noqa: PLC0415

    try:
        configuration = _configuration(config)
        if contact is not None:
            node = Node(*_whereabouts(configuration, url, token))
            asyncio.run(run.follow_call(node, contact, as_json=as_json))
            return
        weights = model or _emotion(configuration).weights
        if weights not in NAMES:
            fail(f"no weights {weights!r}; there are {' and '.join(NAMES)}", EXIT_WRONG_INPUT)
        if manifest is not None:
            if out is None:
                fail("--manifest needs --out CSV", EXIT_WRONG_INPUT)
            way = Way(weights, by_telephone, channel)
            code = run.Many(manifest, out, truth, way, workers).run()
        else:
            named = _named(files or [], plot=plot)
            analysis = Analysis() if configuration is None else configuration.analysis
            setting = Setting.of(_emotion(configuration), analysis, queue)
            code = run.Few(Way(weights, by_telephone, channel), setting, as_json).run(named)
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
            f"recordings: {len(recordings)}, different names of pictures: {len(set(pictures))}; "
            "name one for each, or none where the recordings' names differ",
            EXIT_WRONG_INPUT,
        )
    return list(zip(recordings, pictures, strict=True))


def _whereabouts(
    configuration: Configuration | None, url: str | None, token: str | None
) -> tuple[str, str]:
    """Return the URL and the token of the node, the configuration's where none are given."""
    if configuration is not None:
        http = configuration.http
        url = url or f"http://{_reachable(http.address)}:{http.port}"
        token = token or http.token.read()
    if not token:
        fail("--follow needs --token, WARMLINE_TOKEN or --config", EXIT_WRONG_INPUT)
    return url or URL, token


def _reachable(address: str) -> str:
    """Return where a node is reached that listens there; one on all addresses is also here."""
    if address in {"0.0.0.0", "::"}:
        return "127.0.0.1"
    return f"[{address}]" if ":" in address else address
