from pathlib import Path

import numpy as np
import pytest

soundfile = pytest.importorskip("soundfile")

from models.emotion import LABELS  # noqa: E402
from models.training.corpora import UNTOLD_SAMPLES, labels_of, read, sound  # noqa: E402

HEAD = "file,corpus,speaker,gender,language,emotion,intensity,sentence_id,seconds\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "emotion").mkdir()
    rows = [
        f"ased/s{speaker}/{n}.flac,ased,s{speaker},f,am,{emotion},,1,3\n"
        for speaker in range(8)
        for n, emotion in enumerate(("angry", "calm"))
    ]
    (tmp_path / "emotion" / "ased.csv").write_text(HEAD + "".join(rows))
    return tmp_path


def test_a_speaker_is_in_one_fold_and_calm_is_neutral(folder: Path) -> None:
    clips = read(folder, ("ased",), 1)
    folds = {clip.speaker: {c.fold for c in clips if c.speaker == clip.speaker} for clip in clips}
    assert all(len(fold) == 1 for fold in folds.values())
    assert {LABELS[clip.label] for clip in clips} == {"angry", "neutral"}
    assert labels_of(clips)["ased"].sum() == 2


def test_the_length_of_ased_is_hidden_and_silence_is_cut(folder: Path) -> None:
    clip = read(folder, ("ased",), 1)[0]
    path = folder / "emotion" / clip.path
    path.parent.mkdir(parents=True)
    speech = np.sin(np.arange(24_000) / 3) * 0.3
    soundfile.write(path, speech, 8_000)
    assert sound(folder, clip, None).size == UNTOLD_SAMPLES
    soundfile.write(path, np.concatenate([np.zeros(8_000), speech[:8_000]]), 8_000)
    assert sound(folder, clip, None).size == pytest.approx(8_000, abs=640)
