from importlib import metadata
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("onnxruntime")
import onnxruntime

from bench.material import VOWELS, at_level, noise, vowel
from domain.errors import ModelError
from media.pcm import Samples
from models import voice_activity
from models.voice_activity import (
    CHUNK_SAMPLES,
    CHUNKS_MAX,
    CONTEXT_SAMPLES,
    GATES,
    STATE_SHAPE,
    VoiceActivityNetwork,
    available,
    weights,
)

needs_weights = pytest.mark.skipif(
    not available(), reason="make setup installs silero-vad, which holds the network"
)


@pytest.fixture(scope="module")
def network() -> VoiceActivityNetwork:
    return VoiceActivityNetwork.load()


def chunks(sound: Samples) -> Samples:
    """Return a sound as the steps of one voice."""
    padded = np.concatenate([np.zeros(CONTEXT_SAMPLES, dtype=np.float32), sound])
    width = CONTEXT_SAMPLES + CHUNK_SAMPLES
    return np.lib.stride_tricks.sliding_window_view(padded, width)[::CHUNK_SAMPLES]


def heard(network: VoiceActivityNetwork, sounds: list[Samples]) -> Samples:
    """Return the probabilities of sounds of one length, heard together, shape (n, chunks)."""
    steps = np.stack([chunks(sound) for sound in sounds], axis=1)
    states = np.zeros((len(sounds), *STATE_SHAPE), dtype=np.float32)
    found = []
    for step in steps:
        probability, states = network.step(network.encode(step), states)
        found.append(probability)
    return np.stack(found, axis=1)


def sound_of(kind: str, seconds: float = 2.0) -> Samples:
    if kind == "voice":
        letters = [vowel(120 + 20 * n, 0.2, formants=VOWELS[x]) for n, x in enumerate("aieoa")]
        whole = np.concatenate(letters * 2)
    else:
        whole = noise("white", seconds, seed=2)
    return at_level(whole, -20).astype(np.float32)


@needs_weights
def test_a_voice_is_speech_and_noise_and_silence_are_not(network: VoiceActivityNetwork) -> None:
    voice, hiss = sound_of("voice"), sound_of("noise")
    found = heard(network, [voice, hiss, np.zeros_like(voice)])
    assert found[0, 10:].mean() > 0.8
    assert found[1, 10:].mean() < 0.2
    assert found[2].max() < 0.2


@needs_weights
def test_a_batch_hears_what_each_voice_alone_does(network: VoiceActivityNetwork) -> None:
    sounds = [sound_of("voice"), sound_of("noise")[:16_000]]
    together = heard(network, sounds)
    for row, sound in enumerate(sounds):
        np.testing.assert_allclose(together[row], heard(network, [sound])[0], atol=1e-5)


@needs_weights
def test_the_network_says_what_onnxruntime_makes_of_its_file(network: VoiceActivityNetwork) -> None:
    session = onnxruntime.InferenceSession(weights(), providers=["CPUExecutionProvider"])
    sounds = [sound_of("voice"), sound_of("noise")[:16_000], np.zeros(16_000, dtype=np.float32)]
    sounds.append(4 * sounds[0])
    steps = np.stack([chunks(sound) for sound in sounds], axis=1)
    ours = np.zeros((len(sounds), *STATE_SHAPE), dtype=np.float32)
    theirs = ours.transpose(1, 0, 2)
    for step in steps:
        found, ours = network.step(network.encode(step), ours)
        wanted, theirs = session.run(
            None, {"input": step, "state": theirs, "sr": np.array(8_000, dtype=np.int64)}
        )
        np.testing.assert_allclose(found, wanted[:, 0], atol=1e-5)
        np.testing.assert_allclose(ours, theirs.transpose(1, 0, 2), atol=1e-4)


@needs_weights
def test_the_state_matters(network: VoiceActivityNetwork) -> None:
    encoded = network.encode(chunks(sound_of("voice"))[:20])
    fresh = np.zeros((20, *STATE_SHAPE), dtype=np.float32)
    one_by_one = heard(network, [sound_of("voice")])[0, :20]
    assert np.abs(network.step(encoded, fresh)[0] - one_by_one).max() > 0.1


@needs_weights
def test_many_chunks_are_encoded_as_each_alone_is(network: VoiceActivityNetwork) -> None:
    sound = chunks(np.concatenate([sound_of("voice"), sound_of("noise", 9.0)]))
    whole = network.encode(sound)
    for place in (0, 127, 128, 300):
        alone = network.encode(sound[place : place + 1])
        np.testing.assert_allclose(whole[place], alone[0], atol=1e-4)


@needs_weights
def test_what_does_not_fit_is_refused(network: VoiceActivityNetwork) -> None:
    width = CONTEXT_SAMPLES + CHUNK_SAMPLES
    encoded = np.zeros((2, GATES), dtype=np.float32)
    with pytest.raises(ModelError, match=r"sound has shape \(1, 256\), and \(1, 288\) is wanted"):
        network.encode(np.zeros((1, CHUNK_SAMPLES), dtype=np.float32))
    with pytest.raises(ModelError, match=f"limit of {CHUNKS_MAX}"):
        network.encode(np.broadcast_to(np.float32(0), (CHUNKS_MAX + 1, width)))
    with pytest.raises(ModelError, match="states has shape"):
        network.step(encoded, np.zeros((1, *STATE_SHAPE), dtype=np.float32))
    with pytest.raises(ModelError, match="encoded has shape"):
        network.step(encoded[:, 1:], np.zeros((2, *STATE_SHAPE), dtype=np.float32))


@needs_weights
def test_nobody_to_hear(network: VoiceActivityNetwork) -> None:
    nothing = network.encode(np.zeros((0, CONTEXT_SAMPLES + CHUNK_SAMPLES), dtype=np.float32))
    found, states = network.step(nothing, np.zeros((0, *STATE_SHAPE), dtype=np.float32))
    assert found.shape == (0,)
    assert states.shape == (0, *STATE_SHAPE)


def test_a_network_without_its_constants_is_refused() -> None:
    with pytest.raises(ModelError, match=r"stft\.forward_basis_buffer has shape None"):
        VoiceActivityNetwork({})


def test_without_the_distribution_the_error_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(voice_activity, "DISTRIBUTION", "no-such-distribution")
    assert not available()
    with pytest.raises(ModelError, match=r"not installed.*pip install --no-deps.*bare\.lock"):
        VoiceActivityNetwork.load()


def test_a_distribution_without_the_file_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    class Empty:
        version = "9.9"

        def locate_file(self, name: str) -> Path:
            return tmp_path / name

    monkeypatch.setattr(metadata, "distribution", lambda _name: Empty())
    assert not available()
    with pytest.raises(ModelError, match=r"9\.9 is installed without silero_vad/data"):
        VoiceActivityNetwork.load()


def test_another_version_s_file_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    class Other:
        version = "9.9"

        def locate_file(self, name: str) -> Path:
            return tmp_path / Path(name).name

    (tmp_path / "silero_vad.onnx").write_bytes(b"another network")
    monkeypatch.setattr(metadata, "distribution", lambda _name: Other())
    assert available()
    with pytest.raises(ModelError, match="SHA-256"):
        VoiceActivityNetwork.load()
