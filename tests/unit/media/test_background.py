import numpy as np
import pytest

from bench.material import Sound, at_level, band, noise
from media.background import MEMORIES, MEMORY_HOPS, Background, stands_out
from media.pcm import HOP_SAMPLES, HOPS_PER_FRAME, Samples
from media.spectrum import spectra
from tests.unit.media.sounds_rig import silence, voice


def frames_in(sound: Sound, hops: int = HOPS_PER_FRAME) -> Samples:
    """Return the whole frames of a sound, shape (n, hops, HOP_SAMPLES)."""
    whole = sound[: sound.size // (hops * HOP_SAMPLES) * hops * HOP_SAMPLES]
    return whole.reshape(-1, hops, HOP_SAMPLES).astype(np.float32)


def judged(sound: Sound, background: Background | None = None) -> list[bool]:
    background = background or Background()
    frames = frames_in(sound)[:, np.newaxis]
    return [
        hop for frame in frames for hop in stands_out([background], spectra(frame))[0][0].tolist()
    ]


@pytest.mark.parametrize("kind", ["white", "pink"])
@pytest.mark.parametrize("dbov", [-50, -30, -15])
def test_steady_noise_does_not_stand_out(kind: str, dbov: float) -> None:
    hops = judged(at_level(band(noise(kind, 20.0)), dbov))
    assert np.mean(hops) < 0.01


def test_silence_does_not_stand_out() -> None:
    assert not any(judged(silence(5)))


@pytest.mark.parametrize("snr_db", [20, 10, 5])
def test_a_voice_stands_out_of_noise(snr_db: float) -> None:
    sound = at_level(band(noise("pink", 4.0)), -20 - snr_db)
    sound[16_000:24_000] += voice(130, 1.0)
    hops = judged(sound)
    assert np.mean(hops[5:98]) < 0.03
    assert np.mean(hops[102:148]) > 0.95


def test_noise_that_sets_in_is_known_after_its_time() -> None:
    sound = np.concatenate([silence(2.4), at_level(band(noise("white", 8.0)), -30)])
    hops = judged(sound)
    known = 120 + (MEMORIES + 1) * MEMORY_HOPS
    assert all(hops[125:200])
    assert np.mean(hops[known:]) < 0.01


def test_legs_do_not_mix() -> None:
    alone = judged(voice(130, 0.9))
    one, other = Background(), Background()
    frames = frames_in(voice(130, 0.9))
    together = [
        stands_out([one, other], spectra(np.stack([frame, np.zeros_like(frame)])))[0]
        for frame in frames
    ]
    assert [hop for both in together for hop in both[0].tolist()] == alone
    assert not any(both[1].any() for both in together)


def test_runs_of_several_frames_are_judged_as_frames_one_by_one() -> None:
    """Frames of three hops: runs of several times the tapped ones would not fit into a memory."""
    sounds = [voice(130, 4.5), at_level(band(noise("pink", 4.5)), -30), silence(4.5)]
    frames = [spectra(frames_in(sound, hops=3)) for sound in sounds]
    one_by_one = [Background() for _ in sounds]
    apart = [
        [stands_out([leg], power[n : n + 1]) for n in range(75)]
        for leg, power in zip(one_by_one, frames, strict=True)
    ]
    legs = [Background() for _ in sounds]
    lengths, at = [4, 3, 1], [0, 0, 0]
    while all(start + length <= 75 for start, length in zip(at, lengths, strict=True)):
        runs = [
            power[start : start + length]
            for power, start, length in zip(frames, at, lengths, strict=True)
        ]
        standing, clear = stands_out(legs, np.concatenate(runs), lengths)
        done = 0
        for leg, length in enumerate(lengths):
            for n in range(length):
                alone = apart[leg][at[leg] + n]
                assert standing[done].tolist() == alone[0][0].tolist()
                assert clear[done].tolist() == alone[1][0].tolist()
                done += 1
        at = [start + length for start, length in zip(at, lengths, strict=True)]
    assert [leg.hops for leg in legs] == [216, 162, 54]
