"""The operator's recordings as calls: what is taken, what it becomes, what is refused."""

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("soundfile")

import soundfile

from config.prompts.library import check_wav
from demo.audio import FILES_MAX, NAME_CHARACTERS_MAX, SECONDS_MAX, plan_calls, read
from demo.script import CannotBePlayed, recording, seconds_of


def tone(path: Path, *, rate: int = 16_000, seconds: float = 1.0, channels: int = 1) -> Path:
    time = np.arange(round(seconds * rate)) / rate
    samples = 0.25 * np.sin(2 * np.pi * 440 * time)
    soundfile.write(str(path), np.repeat(samples[:, np.newaxis], channels, axis=1), rate)
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "own"
    made.mkdir()
    return made


@pytest.mark.parametrize(
    ("name", "rate", "channels"),
    [("a.wav", 8_000, 1), ("a.flac", 44_100, 2), ("a.ogg", 48_000, 1), ("a.aiff", 11_025, 1)],
)
def test_any_form_becomes_what_a_telephone_plays(
    folder: Path, tmp_path: Path, name: str, rate: int, channels: int
) -> None:
    tone(folder / name, rate=rate, channels=channels)
    (call,) = plan_calls(folder, tmp_path / "into")
    assert check_wav(recording(call.lines[1])) == pytest.approx(1.0, abs=0.01)
    assert seconds_of(call.lines[1]) == pytest.approx(1.0, abs=0.01)
    samples = read(folder / name)
    middle = samples[800:-800]
    # As loud as it was, and as high.
    assert np.sqrt(2 * np.mean(middle**2)) == pytest.approx(0.25, rel=0.03)
    assert np.argmax(np.abs(np.fft.rfft(middle))) * 8_000 / len(middle) == pytest.approx(440, abs=2)


def test_files_are_calls_in_the_order_of_their_names(folder: Path, tmp_path: Path) -> None:
    for name in ("b.wav", "zh-2.wav", "a.wav", "zhou.wav", "ZH.flac"):
        tone(folder / name)
    (folder / "notes.txt").write_text("no recording")
    (folder / ".hidden.wav").write_bytes(b"")
    (folder / "more.wav").mkdir()
    calls = plan_calls(folder, tmp_path / "into")
    names = [call.name for call in calls]
    assert names == ["1 ZH.flac", "2 a.wav", "3 b.wav", "4 zh-2.wav", "5 zhou.wav"]
    assert [call.dialled for call in calls] == ["801", "800", "800", "801", "800"]
    assert [call.lines[0] for call in calls if call.dialled == "801"] == ["zh-agent-hello"] * 2
    assert len({call.lines[1] for call in calls}) == len({call.number for call in calls}) == 5
    for call in calls:
        assert "55501" in call.number, "kept for fiction"
        assert all(recording(line).exists() for line in call.lines)
        assert call.foreign
        assert call.ending == "caller_ended"


def test_a_long_name_is_cut(folder: Path, tmp_path: Path) -> None:
    tone(folder / ("x" * 200 + ".wav"))
    (call,) = plan_calls(folder, tmp_path / "into")
    assert call.name == "1 " + "x" * (NAME_CHARACTERS_MAX - 3) + "..."


def test_what_is_no_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CannotBePlayed, match=r"none: not a folder"):
        plan_calls(tmp_path / "none", tmp_path / "into")
    with pytest.raises(CannotBePlayed, match=r"a\.wav: not a folder"):
        plan_calls(tone(tmp_path / "a.wav"), tmp_path / "into")


def test_a_folder_without_recordings_is_refused(folder: Path, tmp_path: Path) -> None:
    (folder / "notes.txt").write_text("no recording")
    with pytest.raises(CannotBePlayed, match=r"own: no recording in it; .*\.flac.*\.wav"):
        plan_calls(folder, tmp_path / "into")


def test_too_many_are_refused(folder: Path, tmp_path: Path) -> None:
    for number in range(FILES_MAX + 1):
        tone(folder / f"{number}.wav", seconds=0.6)
    with pytest.raises(CannotBePlayed, match=r"13 recordings; allowed: at most 12"):
        plan_calls(folder, tmp_path / "into")


def test_what_cannot_be_read_is_named(folder: Path, tmp_path: Path) -> None:
    (folder / "broken.wav").write_bytes(b"RIFF and nothing more")
    with pytest.raises(CannotBePlayed, match=r"broken\.wav: cannot be read as a recording"):
        plan_calls(folder, tmp_path / "into")


@pytest.mark.parametrize(
    ("seconds", "rate", "found"),
    [
        (0.1, 8_000, "0.1 seconds; allowed: 0.5 to 120"),
        (SECONDS_MAX + 1, 4_000, "121 seconds; allowed: 0.5 to 120"),
        (1.0, 2_000, "2000 samples a second; allowed: 4000 to 192000"),
    ],
)
def test_what_is_out_of_its_limits_is_named(
    folder: Path, seconds: float, rate: int, found: str
) -> None:
    path = tone(folder / "a.wav", rate=rate, seconds=seconds)
    with pytest.raises(CannotBePlayed, match=f"a.wav: {found}"):
        read(path)


def test_samples_that_are_no_numbers_are_refused(folder: Path) -> None:
    samples = np.zeros(8_000)
    samples[7] = np.nan
    soundfile.write(str(folder / "a.wav"), samples, 8_000, subtype="FLOAT")
    with pytest.raises(CannotBePlayed, match=r"a\.wav: holds samples that are no numbers"):
        read(folder / "a.wav")
