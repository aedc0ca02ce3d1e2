import wave

import numpy as np
import pytest

from config.prompts import PromptError, PromptLibrary
from config.prompts.library import OUR_FOLDER, RATE, check_wav
from config.prompts.make_prompts import (
    LEVEL_DBOV,
    MUSIC_LEVEL_DBOV,
    PEAK_MAX,
    active_level_dbov,
)
from config.prompts.texts import CHINESE, ENGLISH

OURS = sorted(OUR_FOLDER.rglob("*.wav"))
WAV_BYTES_MAX = 5_000_000


def write(path, *, rate=RATE, channels=1, width=2, frames=80):
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(width)
        file.setframerate(rate)
        file.writeframes(b"\0" * (width * channels * frames))
    return path


def samples(path):
    with wave.open(str(path), "rb") as file:
        raw = np.frombuffer(file.readframes(file.getnframes()), dtype="<i2")
    return raw.astype(np.float64) / 32_768


def test_every_text_has_its_file_and_every_file_its_text():
    assert {path.stem for path in (OUR_FOLDER / "en").glob("*.wav")} == set(ENGLISH)
    assert {path.stem for path in (OUR_FOLDER / "zh").glob("*.wav")} == set(CHINESE)
    assert {path.name for path in OUR_FOLDER.glob("*.wav")} == {"music.wav"}


def test_the_files_are_small_together():
    assert sum(path.stat().st_size for path in OURS) < WAV_BYTES_MAX


@pytest.mark.parametrize("path", OURS, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_our_files_can_be_played_and_are_equally_loud(path):
    assert 0.2 < check_wav(path) < 30.0
    heard = samples(path)
    assert np.max(np.abs(heard)) <= PEAK_MAX + 0.001
    wanted = MUSIC_LEVEL_DBOV if path.stem == "music" else LEVEL_DBOV
    assert active_level_dbov(heard) == pytest.approx(wanted, abs=1.0)
    assert abs(float(np.mean(heard))) < 0.001


def test_the_music_has_no_seam():
    heard = samples(OUR_FOLDER / "music.wav")
    steps = np.abs(np.diff(heard))
    assert abs(heard[0] - heard[-1]) <= np.max(steps)
    edge = np.concatenate((heard[-400:], heard[:400]))
    assert np.max(np.abs(np.diff(edge))) <= np.max(steps)


def test_ours_is_taken_when_there_is_no_other(tmp_path):
    assert PromptLibrary().path("greeting", "zh") == OUR_FOLDER / "zh" / "greeting.wav"
    assert PromptLibrary(tmp_path).path("greeting", "en") == OUR_FOLDER / "en" / "greeting.wav"


def test_music_needs_no_language():
    assert PromptLibrary().path("music", "en") == OUR_FOLDER / "music.wav"
    assert PromptLibrary().path("music", "zh") == OUR_FOLDER / "music.wav"


def test_what_there_is_not():
    assert PromptLibrary().path("nothing", "en") is None


def test_the_operators_file_goes_first(tmp_path):
    own = write(tmp_path / "zh" / "greeting.wav")
    library = PromptLibrary(tmp_path)
    assert library.path("greeting", "zh") == own
    assert library.path("greeting", "en") == OUR_FOLDER / "en" / "greeting.wav"


def test_the_operators_file_for_any_language(tmp_path):
    for_all = write(tmp_path / "greeting.wav")
    library = PromptLibrary(tmp_path)
    assert library.path("greeting", "zh") == for_all
    chinese = write(tmp_path / "zh" / "greeting.wav")
    assert library.path("greeting", "zh") == chinese
    assert library.path("greeting", "en") == for_all


def test_a_file_that_cannot_be_played_is_passed_over_until_it_is_mended(tmp_path):
    own = write(tmp_path / "en" / "greeting.wav", rate=16_000)
    library = PromptLibrary(tmp_path)
    assert library.path("greeting", "en") == OUR_FOLDER / "en" / "greeting.wav"
    write(own)
    assert library.path("greeting", "en") == own


def test_the_problems_of_the_operators_files(tmp_path):
    write(tmp_path / "en" / "good.wav")
    write(tmp_path / "zh" / "stereo.wav", channels=2)
    write(tmp_path / "fast.wav", rate=44_100)
    (tmp_path / "fr").mkdir()
    write(tmp_path / "fr" / "never-looked-at.wav", rate=1)
    told = [str(problem) for problem in PromptLibrary(tmp_path).problems()]
    assert [text.partition(":")[0] for text in told] == [
        f"{tmp_path}/fast.wav",
        f"{tmp_path}/zh/stereo.wav",
    ]
    assert PromptLibrary().problems() == []


def test_names_of_all_prompts(tmp_path):
    write(tmp_path / "zh" / "hello.wav")
    library = PromptLibrary(tmp_path)
    assert "hello" in library.names("zh")
    assert "hello" not in library.names("en")
    assert {"greeting", "music", "technical-difficulty"} <= set(library.names("en"))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"rate": 44_100}, "44100 samples a second"),
        ({"channels": 2}, "2 channels"),
        ({"width": 1}, "8 bit"),
        ({"frames": 0}, "empty"),
        ({"frames": 601 * RATE}, "at most 600 s"),
    ],
)
def test_what_cannot_be_played(tmp_path, options, words):
    path = write(tmp_path / "x.wav", **options)
    with pytest.raises(PromptError, match=words):
        check_wav(path)


def test_a_file_that_was_cut_off(tmp_path):
    path = write(tmp_path / "x.wav", frames=800)
    path.write_bytes(path.read_bytes()[:500])
    with pytest.raises(PromptError, match="cut off"):
        check_wav(path)


@pytest.mark.parametrize("content", [b"", b"RIFF", b"ID3\x03 an mp3 file", b"RIFF\0\0\0\0WAVE"])
def test_what_is_no_wav_file(tmp_path, content):
    path = tmp_path / "x.wav"
    path.write_bytes(content)
    with pytest.raises(PromptError, match="not a WAV file"):
        check_wav(path)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(PromptError, match=r"x\.wav"):
        check_wav(tmp_path / "x.wav")


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("position", [1, 2, 7, 15, 21, 100, 105, 110, 117, 342, 999, 1_000])
@pytest.mark.parametrize("wait_s", [None, 10.0, 60.0, 130.0, 1_500.0, 9_999.0])
def test_every_announcement_has_all_its_files(language, position, wait_s):
    library = PromptLibrary()
    from config.prompts.phrases import position_pieces, wait_pieces

    pieces = position_pieces(position, language) + wait_pieces(wait_s, language)
    files = library.announcement(position, wait_s, language)
    assert [path.stem for path in files] == pieces


def test_an_announcement_in_chinese():
    files = PromptLibrary().announcement(12, 100.0, "zh")
    assert [f"{path.parent.name}/{path.stem}" for path in files] == [
        "zh/you-are-number",
        "zh/number-12",
        "zh/in-the-queue",
        "zh/wait-about",
        "zh/number-2-counted",
        "zh/minutes",
    ]
