"""What hearing a customer costs, from the tapped frame to the judgement of emotion.

Processor time of this process for a second of audio and call, by stage; beside it, in the same
run, openSMILE's eGeMAPS features and Silero VAD alone on the same audio. Agents are not in it:
their legs cost what `bench hearing` says, and none of them is judged.
"""

import json as json_text
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any, Final

import numpy as np
import onnxruntime
from numpy.lib.stride_tricks import sliding_window_view

from bench.tables import print_table
from bench.voice_rig import Crowd, Stages, customer, stages
from domain.tap import TAP_FRAME_SAMPLES, TAP_RATE_HZ
from media.features.framing import WINDOW_SAMPLES_MAX, batch_of
from media.features.functionals import features
from media.pcm import Samples, from_s16le
from media.second_stage import ChunkedStage, EarMemory, SecondStage
from media.timeline import FRAME_US
from models.voice_activity import (
    CHUNK_SAMPLES,
    CONTEXT_SAMPLES,
    STATE_SHAPE,
    VoiceActivityNetwork,
    available,
    weights,
)
from server.analysis_worker import judge_of

TALK_SHARES: Final = (0.5, 1.0)
SECONDS: Final = 5.4
BATCHES: Final = (1, 50, 150)
WEIGHTS: Final = {"prosody-open": (1, 50, 100, 200), "prosody-research": (50,)}
"""And how many calls each is measured with."""
PEER_SECONDS: Final = 20.0
WINDOWS: Final = (1, 10, 50, 200)
ROUNDS: Final = 3
"""Each thing is timed so often, and the least counts: others use the machine too."""
OPENSMILE: Final = "pip install -r requirements/bench.in"


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """Another's cost for a second of audio of one call; None: not installed."""

    what: str
    ms_per_s: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureCost:
    """What the features of windows of 3 s cost."""

    windows: int
    ms_per_window: float


def run(json: bool = False) -> dict[str, object]:
    """Measure and print; as one JSON object if asked for. Return what was measured.

    A process of its own measures, whose numerics have one thread, as a worker's have: a second
    one that waits for work would be counted.

    Raises:
        subprocess.CalledProcessError: That process failed.
    """
    alone = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"), "1")
    measured = subprocess.run(
        [sys.executable, "-m", "bench.emotion"],
        env={**os.environ, **alone},
        cwd=Path(__file__).resolve().parent.parent,
        stdout=subprocess.PIPE,
        check=True,
    )
    result: dict[str, list[dict[str, object]]] = json_text.loads(measured.stdout)
    if json:
        print(json_text.dumps(result))
        return {**result}
    for title, rows in result.items():
        print_table(title, rows)
    if not available():
        print("\nno second stage: silero-vad is not installed (make setup)")
    if _opensmile() is None:
        print(f"\nopenSMILE is not installed: {OPENSMILE}")
    return {**result}


def measure() -> dict[str, list[dict[str, object]]]:
    """Return all tables."""
    stage = second_stage()
    tables: dict[str, list[dict[str, object]]] = {}
    for share in TALK_SHARES:
        pcm = customer(share)
        for name, crowds in WEIGHTS.items():
            tables[f"{name}, customer speaks {share:.0%} of the time, ms per second"] = [
                asdict(whole(calls, pcm, name, stage)) for calls in crowds
            ]
    speaks = customer(1.0)
    tables["others, customer speaks all the time"] = [asdict(one) for one in peers(speaks, stage)]
    tables["features, windows of 3 s"] = [asdict(one) for one in features_cost(speaks)]
    return tables


def second_stage() -> SecondStage | None:
    """Return the second stage of voice activity, if it is installed."""
    return ChunkedStage(VoiceActivityNetwork.load()) if available() else None


def whole(calls: int, pcm: Sequence[bytes], weights: str, stage: SecondStage | None) -> Stages:
    """Hear some calls for SECONDS, all stages."""
    ticks = round(SECONDS * 1e6 / FRAME_US)
    judge = judge_of(weights)
    return stages(calls, [Crowd(calls, judge, stage).run(pcm, ticks) for _ in range(ROUNDS)])


def peers(pcm: Sequence[bytes], stage: SecondStage | None) -> list[Peer]:
    """Measure others on the audio of one customer, and the second stage on all of it."""
    sound = from_s16le(b"".join(pcm))[: round(PEER_SECONDS * TAP_RATE_HZ)]
    found = [Peer(what="openSMILE eGeMAPSv02, functionals", ms_per_s=_opensmile_cost(sound))]
    for calls in BATCHES:
        cost = None if stage is None else _onnx_cost(sound, calls)
        found.append(Peer(what=f"Silero VAD, onnxruntime, batches of {calls}", ms_per_s=cost))
    for calls in BATCHES:
        cost = None if stage is None else _network_cost(stage, sound, calls)
        found.append(Peer(what=f"Silero VAD, second stage, batches of {calls}", ms_per_s=cost))
    return found


def features_cost(pcm: Sequence[bytes]) -> list[FeatureCost]:
    """Measure the features by themselves, of a row of windows one second apart."""
    sound = from_s16le(b"".join(pcm))
    starts = np.arange(max(WINDOWS)) * TAP_RATE_HZ % (sound.size - WINDOW_SAMPLES_MAX)
    cut = [sound[start : start + WINDOW_SAMPLES_MAX] for start in starts]
    costs = []
    for windows in WINDOWS:
        batch = batch_of(cut[:windows])
        spent = _least_ms(partial(features, batch))
        costs.append(FeatureCost(windows=windows, ms_per_window=round(spent / windows, 2)))
    return costs


def _onnx_cost(sound: Samples, calls: int) -> float:
    """Measure the network's file as its own distribution runs it, but for PyTorch."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4
    session = onnxruntime.InferenceSession(weights(), options, providers=["CPUExecutionProvider"])
    chunks = sliding_window_view(sound, CONTEXT_SAMPLES + CHUNK_SAMPLES)[::CHUNK_SAMPLES]
    state = np.zeros((STATE_SHAPE[0], calls, STATE_SHAPE[1]), dtype=np.float32)
    rate, at = np.array(TAP_RATE_HZ, dtype=np.int64), np.arange(calls)
    steps = max(len(chunks) // calls, 10)
    spent = []
    for step in range(steps):
        together = chunks[(at * 7 + step) % len(chunks)]
        before = time.process_time()
        _, state = session.run(None, {"input": together, "state": state, "sr": rate})
        spent.append(time.process_time() - before)
    return round(float(np.median(spent)) * 1_000 * TAP_RATE_HZ / CHUNK_SAMPLES / calls, 3)


def _network_cost(stage: SecondStage, sound: Samples, calls: int) -> float:
    ears = [EarMemory() for _ in range(calls)]
    frames = sound[: sound.size // TAP_FRAME_SAMPLES * TAP_FRAME_SAMPLES].reshape(
        -1, TAP_FRAME_SAMPLES
    )
    ticks = max(len(frames) // max(calls // 10, 1), ROUNDS)
    passed = np.ones(calls, dtype=np.bool_)
    at = np.arange(calls)
    spent = []
    for tick in range(ticks):
        together = frames[(at + tick) % len(frames)]
        before = time.process_time()
        stage.judge(ears, together, passed)
        spent.append(time.process_time() - before)
    return round(float(np.median(spent)) * 1e9 / FRAME_US / calls, 3)


def _opensmile_cost(sound: Samples) -> float | None:
    library = _opensmile()
    if library is None:
        return None
    smile = library.Smile(
        feature_set=library.FeatureSet.eGeMAPSv02,
        feature_level=library.FeatureLevel.Functionals,
        num_workers=1,
    )
    spent = _least_ms(lambda: smile.process_signal(sound, TAP_RATE_HZ))
    return round(spent / (sound.size / TAP_RATE_HZ), 3)


def _opensmile() -> Any:
    try:
        return import_module("opensmile")
    except ImportError:
        return None


def _least_ms(work: Callable[[], object]) -> float:
    spent = []
    for _ in range(ROUNDS):
        before = time.process_time()
        work()
        spent.append(time.process_time() - before)
    return min(spent) * 1_000


if __name__ == "__main__":
    print(json_text.dumps(measure()))
