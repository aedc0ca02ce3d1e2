from pathlib import Path

import numpy as np
import pytest

from domain.emotion import EmotionLabel
from media.features.framing import batch_of
from media.features.functionals import features
from media.recordings import cut, read, telephone
from server.analyse import clips
from server.analyse.clips import ClipScorer, Named, Way, load_model, score_beside
from tests.unit.media.recordings_rig import words, write
from tests.unit.media.sounds_rig import silence

OPEN = Way("prosody-open", by_telephone=True)
RESEARCH = Way("prosody-research", by_telephone=True)


def named(*paths: Path) -> list[Named]:
    return [Named(path.name, path, {}) for path in paths]


def scorer(way: Way = OPEN, **more: object) -> ClipScorer:
    return ClipScorer(load_model(way.weights), way, **more)  # type: ignore[arg-type]


@pytest.fixture
def folder(tmp_path):
    """Four recordings: short, long, quiet and silent, and two that are none."""
    write(tmp_path / "a.wav", words(4))
    write(tmp_path / "b.flac", words(16, f0_hz=220.0))
    write(tmp_path / "c.wav", words(3, dbov=-45.0), 16_000)
    write(tmp_path / "d.wav", silence(2.0))
    (tmp_path / "e.wav").write_text("no sound")
    return tmp_path


def paths(folder: Path) -> list[Path]:
    return [folder / name for name in ("a.wav", "b.flac", "c.wav", "d.wav", "e.wav", "f.wav")]


def test_one_window_is_scored_as_the_model_scores_it(folder):
    (clip,) = scorer(RESEARCH).score(named(folder / "a.wav"))
    (piece,) = cut(telephone(read(folder / "a.wav").samples))
    heard = features(batch_of([piece.samples]))
    said = load_model("prosody-research").score(heard.log_mel, heard.active, heard.functionals)
    assert clip.score is not None
    assert list(clip.score.probabilities) == list(EmotionLabel)
    assert np.allclose(list(clip.score.probabilities.values()), said.probabilities[0], atol=1e-6)
    assert clip.score.label == list(EmotionLabel)[int(said.probabilities[0].argmax())]
    assert clip.score.arousal == pytest.approx(float(said.arousal[0]), abs=1e-6)
    assert clip.score.valence == pytest.approx(float(said.valence[0]), abs=1e-6)
    assert clip.speech_s == pytest.approx(1.6, abs=0.15)


def test_weights_that_claim_anger_say_nothing_else(folder):
    (clip,) = scorer().score(named(folder / "a.wav"))
    assert clip.score is not None
    assert list(clip.score.probabilities) == [EmotionLabel.ANGRY]
    assert clip.score.valence is None
    anger = clip.score.probabilities[EmotionLabel.ANGRY]
    assert clip.score.label == (EmotionLabel.ANGRY if anger >= 0.5 else None)


def test_each_is_scored_by_itself(folder):
    together = list(scorer(RESEARCH).score(named(*paths(folder))))
    assert [clip.file for clip in together] == [path.name for path in paths(folder)]
    for clip, path in zip(together, paths(folder), strict=True):
        (alone,) = scorer(RESEARCH).score(named(path))
        assert alone.fault == clip.fault
        assert alone.speech_s == clip.speech_s
        assert (alone.score is None) == (clip.score is None)
        if alone.score is not None and clip.score is not None:
            assert clip.score.probabilities == pytest.approx(alone.score.probabilities, abs=1e-5)


def test_what_is_not_there_to_be_scored(folder):
    *_, silent, text, missing = scorer().score(named(*paths(folder)))
    assert (silent.score, silent.fault, silent.speech_s) == (None, None, 0.0)
    assert text.score is None
    assert "no sound that can be read" in (text.fault or "")
    assert "no such file" in (missing.fault or "")


def test_windows_are_averaged_by_their_speech(folder):
    (clip,) = scorer().score(named(folder / "b.flac"))
    pieces = cut(telephone(read(folder / "b.flac").samples))
    assert len(pieces) > 3
    heard = features(batch_of([piece.samples for piece in pieces]))
    said = load_model("prosody-open").score(heard.log_mel, heard.active, heard.functionals)
    weight = np.array([piece.speech_s for piece in pieces])
    anger = said.anger.astype(float)
    log_odds = weight @ np.log(anger / (1 - anger)) / weight.sum()
    assert clip.score is not None
    assert clip.score.probabilities[EmotionLabel.ANGRY] == pytest.approx(
        1 / (1 + np.exp(-log_odds)), abs=1e-4
    )


def test_few_recordings_are_held_at_a_time(folder, monkeypatch):
    monkeypatch.setattr(clips, "BATCH_WINDOWS", 4)
    asked = 0

    def counted():
        nonlocal asked
        for _ in range(50):
            asked += 1
            yield from named(folder / "a.wav")

    given = scorer().score(counted())
    assert next(given).score is not None
    assert asked == 4
    monkeypatch.setattr(clips, "WAITING_MAX", 5)
    assert len(list(scorer().score(named(*[folder / "f.wav"] * 12)))) == 12


def test_time_is_shared_by_windows(folder):
    ticks = iter(range(1_000))
    # Each look at the clock is a second later: one for each recording's own work, one a batch.
    given = scorer(now_s=lambda: float(next(ticks))).score(
        named(folder / "a.wav", folder / "b.flac")
    )
    short, long = given
    windows = len(cut(read(folder / "b.flac").samples))
    assert short.spent_s == pytest.approx(1 + 1 / (windows + 1))
    assert long.spent_s == pytest.approx(1 + windows / (windows + 1))


def test_processes_beside_one_another_keep_the_order(folder, monkeypatch):
    monkeypatch.setattr(clips, "CHUNK_FILES", 2)
    files = named(*paths(folder), *paths(folder))
    alone = list(score_beside(files, OPEN, 1))
    beside = list(score_beside(files, OPEN, 2))
    assert [clip.file for clip in beside] == [file.file for file in files]
    assert [clip.score for clip in beside] == pytest.approx([clip.score for clip in alone])
