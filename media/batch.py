"""One batch: a run of frames of every ear that has any, judged and measured together.

Calling numpy costs more than what it computes on one call's frame, so all calls share
each step. The WebRTC detector alone is asked ear by ear, because it has a memory.
"""

from collections.abc import Iterable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from media.activity import louder
from media.background import stands_out
from media.ear import Ear, TapFrame
from media.level import powers
from media.listener import Listener
from media.pcm import FRAMES_AT_ONCE, HOP_SAMPLES, HOPS_PER_FRAME, Samples, hops_of
from media.pitch import WINDOW_SAMPLES, candidates
from media.second_stage import SPEECH_MIN, SecondStage
from media.spectrum import BINS, spectra
from media.tones import STRETCH_HOPS, tonal
from media.voice import HISTORY_HOPS, Voice

Run = tuple[Listener, Ear, list[TapFrame]]
"""Frames without a gap between them."""

_WINDOW_HOPS: Final = np.arange(-HISTORY_HOPS, 1)
"""The hops of a pitch window, from the one that it is measured for."""
_NO_SPEECH: Final = np.zeros(HISTORY_HOPS, dtype=np.bool_)


def hear(
    listeners: Iterable[Listener], second_stage: SecondStage | None = None
) -> tuple[list[TapFrame], int]:
    """Hear up to FRAMES_AT_ONCE waiting frames of each ear.

    Args:
        listeners: Whose.
        second_stage: Judges what the first stage lets through, where windows of speech are cut
            of it; None: the first stage decides alone.

    Returns:
        The frames that were heard, and the number of those refused.
    """
    due: list[Run] = []
    refused = 0
    for listener in listeners:
        for ear in listener.due():
            frames = _take(listener, ear)
            if frames:
                due.append((listener, ear, frames))
            else:
                refused += 1
    if not due:
        return [], refused
    due.sort(key=lambda run: len(run[2]), reverse=True)
    heard = [frame for _, _, frames in due for frame in frames]
    hops = hops_of([frame.pcm for frame in heard])
    voiced, clear = _judge(due, heard, hops)
    _measure(due, hops.reshape(-1, HOP_SAMPLES), voiced.reshape(-1), second_stage)
    judged, sure = iter(voiced.tolist()), iter(clear.tolist())
    for listener, ear, frames in due:
        for _ in frames:
            listener.judge(ear, next(judged), next(sure))
    return heard, refused


def _take(listener: Listener, ear: Ear) -> list[TapFrame]:
    """Take the next frame and those that follow it without a gap; none if it is refused."""
    backlog, timeline = ear.backlog, ear.timeline
    frame = backlog.popleft()
    if listener.arrive(ear, frame).refusal is not None:
        return []
    frames = [frame]
    while backlog and len(frames) < FRAMES_AT_ONCE:
        if not timeline.continues(backlog[0].sequence, backlog[0].time_us):
            break
        frame = backlog.popleft()
        listener.arrive(ear, frame)
        frames.append(frame)
    return frames


def _judge(
    due: list[Run], heard: list[TapFrame], hops: Samples
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Say of each hop whether it holds speech, and whether it does so without doubt.

    Both are of shape (len(heard), HOPS_PER_FRAME).
    """
    power = spectra(hops)
    voiced, clear = stands_out(
        [ear.background for _, ear, _ in due], power, [len(frames) for _, _, frames in due]
    )
    ears = [ear for _, ear, frames in due for _ in frames]
    raised = louder([frame.pcm for frame in heard])
    voiced &= np.array(
        [ear.activity.judge(frame) for ear, frame in zip(ears, raised, strict=True)],
        dtype=np.bool_,
    )
    stretches = voiced.reshape(-1, STRETCH_HOPS)
    found = np.zeros_like(stretches)
    rows = np.flatnonzero(stretches.any(axis=1))
    if rows.size:
        found[rows] = tonal(power.reshape(-1, STRETCH_HOPS, BINS)[rows])
    tones = found.reshape(voiced.shape)
    toned = set(np.flatnonzero(tones.any(axis=1)).tolist())
    for row, ear in enumerate(ears):
        if row in toned or ear.tone_tail.running:
            voiced[row] &= np.array(ear.tone_tail.admit(tones[row].tolist()))
    return voiced, clear


def _measure(
    due: list[Run], hops: Samples, voiced: NDArray[np.bool_], second_stage: SecondStage | None
) -> None:
    """Measure the customers' voiced hops; agents have no `voice`, so none of theirs.

    Args:
        due: Whose hops they are.
        hops: Shape (n, HOP_SAMPLES).
        voiced: Shape (n,).
        second_stage: See `hear`.
    """
    customers: list[tuple[Ear, Voice, Samples, NDArray[np.bool_]]] = []
    end = 0
    for _, ear, frames in due:
        start, end = end, end + len(frames) * HOPS_PER_FRAME
        if ear.voice is not None:
            customers.append((ear, ear.voice, hops[start:end], voiced[start:end]))
    speaking = [one for one in customers if one[3].any()]
    if speaking:
        # Each one's hops follow those that the first windows reach back to.
        sound = np.concatenate(
            [part for _, voice, own, _ in speaking for part in (voice.history, own)]
        )
        speaks = np.concatenate([part for *_, here in speaking for part in (_NO_SPEECH, here)])
        at = np.flatnonzero(speaks)
        windows = sound[at[:, np.newaxis] + _WINDOW_HOPS]
        found = candidates(windows.reshape(-1, WINDOW_SAMPLES))
        power = powers(sound[at])
        done = 0
        for ear, voice, _, spoken in speaking:
            here = np.flatnonzero(spoken)
            if not ear.segmenter.speaking:
                voice.forget_before(ear.segmenter.unsettled_from)
            part = slice(done, done + here.size)
            voice.keep(ear.segmenter.hops + here, power[part], found[part])
            done += here.size
    for _, voice, own, _ in customers:
        voice.history[:] = own[-HISTORY_HOPS:]
    _cut([(ear, own, spoken) for ear, _, own, spoken in customers], second_stage)


def _cut(
    customers: list[tuple[Ear, Samples, NDArray[np.bool_]]], second_stage: SecondStage | None
) -> None:
    """Hand what was heard to the windows of those who may be judged.

    Noise that the first stage takes for speech would be judged as somebody's mood, so what it
    lets through is heard a second time. Segments and turns are told by the first stage alone: they
    are of both parties, and the second costs as much as all the rest (docs/measure/voice-cost.md).
    """
    watched = [(ear, own, spoken.copy()) for ear, own, spoken in customers if ear.windows]
    for start in range(0, FRAMES_AT_ONCE * HOPS_PER_FRAME, HOPS_PER_FRAME):
        part = slice(start, start + HOPS_PER_FRAME)
        rows = [one for one in watched if len(one[2]) > start]
        if second_stage is None or not rows:
            break
        frames = np.stack([own[part].reshape(-1) for _, own, _ in rows])
        passed = np.array([spoken[part].any() for *_, spoken in rows])
        sure = second_stage.judge([ear.memory for ear, *_ in rows], frames, passed) >= SPEECH_MIN
        for (*_, spoken), here in zip(rows, sure, strict=True):
            spoken[part] &= here
    for ear, own, spoken in watched:
        assert ear.windows is not None
        ear.windows.take(own, spoken)
