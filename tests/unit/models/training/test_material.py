from pathlib import Path

import numpy as np
import pytest

soundfile = pytest.importorskip("soundfile")

from media.features.functionals import NAMES  # noqa: E402
from models.training.corpora import read  # noqa: E402
from models.training.material import prepare  # noqa: E402


def test_features_come_from_the_cache_the_second_time(tmp_path: Path) -> None:
    head = "file,corpus,speaker,gender,language,emotion,intensity,sentence_id,seconds\n"
    emotion = tmp_path / "emotion"
    (emotion / "emodb").mkdir(parents=True)
    rows = []
    for n in range(4):
        name = f"emodb/{n}.flac"
        soundfile.write(emotion / name, np.sin(np.arange(8_000) * (0.1 + n / 50)) / 3, 8_000)
        rows.append(f"{name},emodb,s{n // 2},f,de,angry,,1,1\n")
    (emotion / "emodb.csv").write_text(head + "".join(rows))
    clips = read(tmp_path, ("emodb",), 1)
    first = prepare(tmp_path, tmp_path / "cache", clips, ("noisy",), seed=1, workers=1)["noisy"]
    assert first.functionals.shape == (4, len(NAMES))
    for each in emotion.glob("*/*.flac"):
        each.unlink()
    second = prepare(tmp_path, tmp_path / "cache", clips, ("noisy",), seed=1, workers=1)["noisy"]
    np.testing.assert_array_equal(first.log_mel, second.log_mel)
