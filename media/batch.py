"""One batch: a frame of every ear that has one, judged and measured together.

Calling numpy costs more than what it computes on one call's frame, so all calls share
each step. The WebRTC detector alone is asked ear by ear, because it has a memory.
"""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from media.activity import louder
from media.background import stands_out
from media.ear import Ear, TapFrame
from media.level import powers
from media.listener import Listener
from media.pcm import HOP_SAMPLES, HOPS_PER_FRAME, Samples, hops_of
from media.pitch import WINDOW_SAMPLES, candidates
from media.spectrum import spectra
from media.tones import tonal

Heard = tuple[Listener, Ear, TapFrame]


def hear(listeners: Iterable[Listener]) -> tuple[list[TapFrame], int]:
    """Hear one waiting frame of each ear.

    Returns:
        The frames that were heard, and the number of those refused.
    """
    due: list[Heard] = []
    refused = 0
    for listener in listeners:
        for ear in listener.due():
            frame = ear.backlog.popleft()
            if listener.arrive(ear, frame).refusal is None:
                due.append((listener, ear, frame))
            else:
                refused += 1
    if due:
        hops = hops_of([frame.pcm for _, _, frame in due])
        voiced, clear = _judge(due, hops)
        _measure(due, hops, voiced)
        rows = zip(due, voiced.tolist(), clear.tolist(), strict=True)
        for (listener, ear, _), judged, sure in rows:
            listener.judge(ear, judged, sure)
    return [frame for _, _, frame in due], refused


def _judge(due: list[Heard], hops: Samples) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Say of each hop whether it holds speech, and whether it does so without doubt.

    Both are of shape (len(due), HOPS_PER_FRAME).
    """
    frames = louder([frame.pcm for _, _, frame in due])
    ears = [ear for _, ear, _ in due]
    power = spectra(hops)
    voiced, clear = stands_out([ear.background for ear in ears], power)
    voiced &= np.array(
        [ear.activity.judge(frame) for ear, frame in zip(ears, frames, strict=True)],
        dtype=np.bool_,
    )
    tones = np.zeros_like(voiced)
    rows = np.flatnonzero(voiced.any(axis=1))
    if rows.size:
        tones[rows] = tonal(power[rows])
    toned = set(np.flatnonzero(tones.any(axis=1)).tolist())
    for row, ear in enumerate(ears):
        if row in toned or ear.tone_tail.running:
            voiced[row] &= np.array(ear.tone_tail.admit(tones[row].tolist()))
    return voiced, clear


def _measure(due: list[Heard], hops: Samples, voiced: NDArray[np.bool_]) -> None:
    """Measure the customers' voiced hops; agents have no `voice`, so none of theirs."""
    customers = [(row, ear, ear.voice) for row, (_, ear, _) in enumerate(due) if ear.voice]
    if not customers:
        return
    rows = [row for row, _, _ in customers]
    own, speaks = hops[rows], voiced[rows]
    history: Samples = np.stack([voice.history for _, _, voice in customers])
    if speaks.any():
        sound = np.concatenate([history, own], axis=1).reshape(len(rows), -1)
        windows = np.lib.stride_tricks.sliding_window_view(sound, WINDOW_SAMPLES, axis=1)
        found = candidates(windows[:, ::HOP_SAMPLES][speaks])
        power = powers(own[speaks])
        done = 0
        for (_, ear, voice), spoken in zip(customers, speaks, strict=True):
            here = np.flatnonzero(spoken)
            if here.size:
                if not ear.segmenter.speaking:
                    voice.forget_before(ear.segmenter.unsettled_from)
                part = slice(done, done + here.size)
                voice.keep(ear.segmenter.hops + here, power[part], found[part])
                done += here.size
    kept = slice(HOPS_PER_FRAME - history.shape[1], None)
    for (_, _, voice), last in zip(customers, own, strict=True):
        voice.history[:] = last[kept]
