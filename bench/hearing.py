"""How much hearing costs, and how well it hears.

Cost: one analysis worker, fed through its sockets with two legs a call; only its own
processor time counts. Accuracy: prompts spoken by a synthesiser, in noise, through the
telephone band and G.711, hop by hop against what the clean sound says; and both stages of
voice activity, if the second is installed.
"""

import json as json_text
import socket
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bench.lines import LEVEL_DBOV, Truth, frames, labelled, prompts, segments
from bench.material import (
    RATE_HZ,
    VOWELS,
    Sound,
    at_level,
    band,
    g711,
    noise,
    vowel,
)
from bench.second_stage import spoken_lines, unspoken_lines
from bench.tables import print_table
from domain.speech import Speaker, SpeechKind
from domain.tap import TAP_HEADER, TAP_VERSION, TapKind
from media.activity import VoiceActivity
from media.batch import hear
from media.ear import TapFrame
from media.level import levels_dbov, powers
from media.listener import Listener
from media.pcm import (
    FRAME_BYTES,
    HOP_MS,
    HOP_SAMPLES,
    HOPS_PER_S,
    to_s16le,
)
from media.pitch import WINDOW_SAMPLES, candidates, settle
from media.report import Heartbeat, decode
from media.settings import EarSettings
from media.timeline import FRAME_US
from media.worker import TICK_S, Worker, listen
from models.voice_activity import available

CALLS: Final = (1, 50, 150, 250)
COST_SECONDS: Final = 6.0
WARM_TICKS: Final = 4
CONDITIONS: Final[Sequence[tuple[str, float | None]]] = (
    ("white", None),
    ("white", 20),
    ("white", 10),
    ("white", 5),
    ("pink", 10),
    ("hum", 10),
    ("gusts", 10),
    ("digits", 0),
)
PITCHES_HZ: Final = (80, 100, 125, 160, 200, 250, 315, 400)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What one worker takes for some calls at once."""

    calls: int
    ms_per_call_second: float
    core_share: float
    times_real_time: float
    tick_ms_max: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Accuracy:
    """Mean of the shares of speech and of silence that were told right."""

    noise: str
    snr_db: float | None
    ours: float
    webrtc_alone: float
    energy_fixed: float
    energy_adaptive: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PitchError:
    """Vowels whose fundamental the line has filtered out."""

    snr_db: float | None
    windows: int
    gross_percent: float
    unvoiced_percent: float
    median_cents: float


def run(json: bool = False) -> dict[str, object]:
    """Measure and print; as one JSON object if asked for. Return what was measured."""
    speech = list(prompts())
    result: dict[str, object] = {
        "cost": [asdict(cost(calls, speech)) for calls in CALLS],
        "activity": [asdict(accuracy(kind, snr_db, speech)) for kind, snr_db in CONDITIONS],
        "pitch": [asdict(pitch_error(snr_db)) for snr_db in (None, 20, 10)],
    }
    if available():
        result["second stage"] = [asdict(line) for line in spoken_lines()]
        result["second stage, nobody speaks"] = [asdict(line) for line in unspoken_lines()]
    if json:
        print(json_text.dumps(result))
    else:
        for title, rows in result.items():
            assert isinstance(rows, list)
            print_table(f"{title} (hops of {HOP_MS} ms)" if title == "activity" else title, rows)
    return result


def cost(calls: int, speech: Sequence[Sound]) -> Cost:
    """Feed one worker with calls in which customer and agent speak half of the time."""
    now_us = [1_000_000_000]
    both = _conversation(speech)
    with tempfile.TemporaryDirectory() as folder:
        node, report = socket.socketpair()
        path = Path(folder) / "tap.sock"
        worker = Worker(listen(path), report, EarSettings(), lambda: now_us[0])
        cells = [_cell(path, number, worker) for number in range(calls)]
        spent: list[float] = []
        ticks = round(COST_SECONDS / TICK_S)
        for frame in range(ticks + WARM_TICKS):
            now_us[0] += FRAME_US
            for number, cell in enumerate(cells):
                for leg, pcm in enumerate(both):
                    at = (frame + 37 * number) * FRAME_BYTES % (len(pcm) - FRAME_BYTES)
                    at -= at % FRAME_BYTES
                    head = TAP_HEADER.pack(TAP_VERSION, TapKind.AUDIO, leg, frame + 1, now_us[0])
                    cell.send(head + pcm[at : at + FRAME_BYTES])
            before = time.process_time()
            while worker.tick():
                pass
            spent.append(time.process_time() - before)
            _drain(node)
        spent = spent[WARM_TICKS:]
        for cell in cells:
            cell.close()
        with ThreadPoolExecutor(1) as readers:
            node.setblocking(True)
            rest = readers.submit(_read_all, node)
            worker.finish()
            last = rest.result().splitlines()[-1]
        node.close()
    beat = decode(last)
    assert isinstance(beat, Heartbeat)
    assert beat.lost == 0
    assert beat.frames == 2 * calls * (ticks + WARM_TICKS)
    share = sum(spent) / (ticks * TICK_S)
    return Cost(
        calls=calls,
        ms_per_call_second=round(share / calls * 1_000, 3),
        core_share=round(share, 4),
        times_real_time=round(calls / share, 1),
        tick_ms_max=round(max(spent) * 1_000, 2),
    )


def accuracy(kind: str, snr_db: float | None, speech: Sequence[Sound]) -> Accuracy:
    """Compare what is taken for speech with what is, for us and for simpler ways."""
    line, spoken = labelled(kind, snr_db, speech)

    def score(hops: Truth) -> float:
        found = segments(hops)
        said = float((found & spoken).sum() / spoken.sum())
        silent = float((~found & ~spoken).sum() / (~spoken).sum())
        return round((said + silent) / 2, 3)

    level = levels_dbov(powers(line.reshape(-1, HOP_SAMPLES)))
    floor = np.array([level[max(0, at - 150) : at + 1].min() for at in range(level.size)])
    return Accuracy(
        noise=kind if snr_db is not None else "none",
        snr_db=snr_db,
        ours=score(_heard(line)),
        webrtc_alone=score(_webrtc(line)),
        energy_fixed=score(level > -45),
        energy_adaptive=score(level > floor + 6),
    )


def pitch_error(snr_db: float | None) -> PitchError:
    """Track moving vowels through 300 to 3,400 Hz and both laws of G.711."""
    seconds = 0.8
    moving = 1 + 0.05 * np.sin(2 * np.pi * 3 * np.arange(round(seconds * RATE_HZ)) / RATE_HZ)
    off: list[NDArray[np.float64]] = []
    for f0_hz in PITCHES_HZ:
        for formants in VOWELS.values():
            sound = at_level(band(vowel(f0_hz * moving, seconds, formants=formants)), LEVEL_DBOV)
            if snr_db is not None:
                sound = sound + at_level(
                    band(noise("white", seconds, seed=f0_hz)), LEVEL_DBOV - snr_db
                )
            for law in ("mu", "a"):
                line = g711(sound, law).astype(np.float32)
                cut = np.lib.stride_tricks.sliding_window_view(line, WINDOW_SAMPLES)[::HOP_SAMPLES]
                found = settle(candidates(cut))
                true = f0_hz * moving[np.arange(found.size) * HOP_SAMPLES + WINDOW_SAMPLES // 2]
                off.append(1_200 * np.log2(found / true))
    cents = np.concatenate(off)
    voiced = np.abs(cents[~np.isnan(cents)])
    return PitchError(
        snr_db=snr_db,
        windows=cents.size,
        gross_percent=round(float((voiced > 200).mean() * 100), 2),
        unvoiced_percent=round(float(np.isnan(cents).mean() * 100), 2),
        median_cents=round(float(np.median(voiced)), 1),
    )


def _conversation(speech: Sequence[Sound]) -> list[bytes]:
    """Return two sides that speak in turn."""
    sides: list[list[Sound]] = [[], []]
    for number, sound in enumerate(speech[:12]):
        sides[number % 2].append(sound)
        sides[1 - number % 2].append(np.zeros(sound.size))
    hiss = at_level(band(noise("pink", 60.0)), -60)
    return [
        to_s16le((whole := np.concatenate(side)) + np.resize(hiss, whole.size)) for side in sides
    ]


def _cell(path: Path, number: int, worker: Worker) -> socket.socket:
    cell = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    cell.connect(str(path))
    for leg, speaker in enumerate((Speaker.CUSTOMER, Speaker.AGENT)):
        said = json_text.dumps({"contact_id": f"c{number}", "speaker": speaker}).encode()
        cell.send(TAP_HEADER.pack(TAP_VERSION, TapKind.OPEN, leg, 0, 0) + said)
    worker.tick()
    return cell


def _read_all(stream: socket.socket) -> bytes:
    text = b""
    while piece := stream.recv(1 << 20):
        text += piece
    return text


def _drain(stream: socket.socket) -> bytes:
    stream.setblocking(False)
    text = b""
    try:
        while piece := stream.recv(1 << 20):
            text += piece
    except BlockingIOError:
        pass
    return text


def _heard(line: Sound) -> Truth:
    """Return the hops of the segments that a listener reports."""
    listener = Listener("c", EarSettings())
    listener.open(0, Speaker.AGENT)
    spans = []
    for number, frame in enumerate(frames(line)):
        listener.put(listener.ears[0], TapFrame(number + 1, (number + 100) * FRAME_US, frame))
        hear([listener])
        spans += listener.settle()
    hops = np.zeros(line.size // HOP_SAMPLES, dtype=np.bool_)
    for span in spans + listener.finish():
        if span.kind is SpeechKind.SEGMENT:
            hops[round(span.start_s * HOPS_PER_S) : round(span.end_s * HOPS_PER_S)] = True
    return hops


def _webrtc(line: Sound) -> Truth:
    activity = VoiceActivity(EarSettings().aggressiveness)
    return np.array([hop for frame in frames(line) for hop in activity.judge(frame)])


if __name__ == "__main__":
    run()
