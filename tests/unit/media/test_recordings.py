import numpy as np
import pytest
from scipy.signal import resample_poly

from domain.errors import RecordingError
from domain.tap import TAP_RATE_HZ
from media import recordings
from media.features.framing import WINDOW_SAMPLES_MAX, WINDOW_SAMPLES_MIN
from media.recordings import SPEECH_S_MIN, cut, read, speech, telephone
from tests.unit.media.recordings_rig import tone, words, write
from tests.unit.media.sounds_rig import silence


def spectrum_peak_hz(samples: np.ndarray) -> float:
    power = np.abs(np.fft.rfft(samples * np.hanning(samples.size)))
    return float(power.argmax() * TAP_RATE_HZ / samples.size)


@pytest.mark.parametrize("rate", [4_000, 8_000, 11_025, 16_000, 44_100, 48_000, 96_000])
def test_any_rate_becomes_that_of_taps(tmp_path, rate):
    recording = read(write(tmp_path / "a.wav", tone(440, 1.0, rate), rate))
    assert recording.samples.dtype == np.float32
    assert recording.seconds == pytest.approx(1.0, abs=0.001)
    assert (recording.rate_hz, recording.channels) == (rate, 1)
    assert spectrum_peak_hz(recording.samples) == pytest.approx(440, abs=2)
    assert np.abs(recording.samples[1_000:-1_000]).max() == pytest.approx(0.5, abs=0.01)


@pytest.mark.parametrize(
    ("name", "subtype"),
    [
        ("a.flac", "PCM_24"),
        ("a.ogg", "VORBIS"),
        ("a.wav", "ULAW"),
        ("a.aiff", None),
        ("a.mp3", None),
    ],
)
def test_any_format_is_read(tmp_path, name, subtype):
    recording = read(write(tmp_path / name, tone(440, 1.0, 16_000), 16_000, subtype))
    assert spectrum_peak_hz(recording.samples) == pytest.approx(440, abs=2)


@pytest.mark.parametrize("rate", [11_025, 44_100, 48_000])
def test_blocks_leave_no_seams(tmp_path, monkeypatch, rate):
    monkeypatch.setattr(recordings, "BLOCK_S", 1)
    sound = np.random.default_rng(1).uniform(-0.5, 0.5, 5 * rate + 17).astype(np.float32)
    path = write(tmp_path / "a.wav", sound, rate, "FLOAT")
    step = np.gcd(TAP_RATE_HZ, rate)
    whole = resample_poly(sound, TAP_RATE_HZ // step, rate // step)
    assert np.allclose(read(path).samples, whole, atol=1e-5)


def test_channels_are_mixed_or_one_is_taken(tmp_path):
    both = np.column_stack([tone(300, 1.0, 96_000), tone(1_000, 1.0, 96_000, 0.2)])
    path = write(tmp_path / "a.wav", both, 96_000)
    mixed, left, right = (read(path, channel=channel).samples for channel in (None, 1, 2))
    assert np.allclose(mixed, (left + right) / 2, atol=1e-6)
    assert spectrum_peak_hz(left) == pytest.approx(300, abs=2)
    assert spectrum_peak_hz(right) == pytest.approx(1_000, abs=2)
    with pytest.raises(RecordingError, match="there is no channel 3, it has 2"):
        read(path, channel=3)


def test_what_is_beyond_full_scale_is_clipped(tmp_path):
    path = write(tmp_path / "a.wav", np.full(8_000, 1e30), 8_000, "DOUBLE")
    assert read(path).samples.max() == 1.0


@pytest.mark.parametrize(
    ("content", "said"),
    [(None, "no such file"), (b"", "no sound"), (b"hello, I am a text\n" * 50, "no sound")],
)
def test_what_is_no_sound_is_named(tmp_path, content, said):
    path = tmp_path / "a.wav"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(RecordingError, match=said) as found:
        read(path)
    assert str(path) in str(found.value)


def test_a_folder_and_headerless_samples_are_no_recordings(tmp_path):
    with pytest.raises(RecordingError, match="no such file"):
        read(tmp_path)
    path = tmp_path / "a.raw"
    path.write_bytes(bytes(1_000))
    with pytest.raises(RecordingError, match="no sound that can be read"):
        read(path)


def test_a_sound_without_samples_or_with_what_is_no_number_is_refused(tmp_path):
    with pytest.raises(RecordingError, match="there is no sound in it"):
        read(write(tmp_path / "a.wav", np.zeros(0), 8_000))
    broken = tone(440, 1.0, 8_000)
    broken[4_000] = np.nan
    with pytest.raises(RecordingError, match="no numbers"):
        read(write(tmp_path / "b.wav", broken, 8_000, "FLOAT"))


def test_limits_name_value_and_limit(tmp_path, monkeypatch):
    with pytest.raises(RecordingError, match="a rate of 500 Hz is not from 1000 to 768000"):
        read(write(tmp_path / "a.wav", np.zeros(100), 500))
    monkeypatch.setattr(recordings, "SECONDS_MAX", 2)
    with pytest.raises(RecordingError, match="longer than the limit of 2 s"):
        read(write(tmp_path / "b.wav", np.zeros(17_000), 8_000))


def test_a_telephone_passes_its_band_alone():
    def passed_db(hz: float) -> float:
        sound = tone(hz, 1.0, TAP_RATE_HZ, 0.25).astype(np.float32)
        heard = telephone(sound)
        assert heard.shape == sound.shape
        return float(20 * np.log10(np.std(heard[1_000:-1_000]) / np.std(sound) + 1e-9))

    assert passed_db(1_000) == pytest.approx(0, abs=0.2)
    assert passed_db(300) == pytest.approx(0, abs=0.5)
    assert passed_db(3_400) == pytest.approx(0, abs=0.5)
    assert passed_db(100) < -40
    assert passed_db(3_800) < -40


def test_a_telephone_says_one_of_256_values_and_silence_stays_silent():
    noise = np.random.default_rng(1).uniform(-1, 1, 20_000).astype(np.float32)
    assert 200 < np.unique(telephone(noise)).size <= 256
    assert not telephone(np.zeros(1_000, dtype=np.float32)).any()
    assert telephone(np.zeros(0, dtype=np.float32)).size == 0
    assert telephone(np.full(2, 0.5, dtype=np.float32)).shape == (2,)


def test_a_short_recording_is_one_window():
    (piece,) = cut(words(4).astype(np.float32))
    assert piece.samples.size == 2 * TAP_RATE_HZ
    assert piece.start_s == 0
    assert piece.speech_s == pytest.approx(1.6, abs=0.15)


@pytest.mark.parametrize("samples", [1, 2, 100, WINDOW_SAMPLES_MIN - 1])
def test_what_is_too_short_is_padded(samples):
    sound = words(1).astype(np.float32)[:samples] + 0.01
    (piece,) = cut(sound)
    assert piece.samples.size == WINDOW_SAMPLES_MIN
    assert np.array_equal(piece.samples[:samples], sound)
    assert not piece.samples[samples:].any()


def test_windows_are_a_hop_apart_and_the_last_one_ends_with_the_recording():
    sound = words(13).astype(np.float32)
    pieces = cut(sound)
    assert [piece.start_s for piece in pieces] == [0, 1, 2, 3, 3.5]
    assert {piece.samples.size for piece in pieces} == {WINDOW_SAMPLES_MAX}
    assert np.array_equal(pieces[-1].samples, sound[-WINDOW_SAMPLES_MAX:])


def test_windows_without_enough_speech_are_left_out():
    quiet = silence(6.0)
    pieces = cut(np.concatenate([quiet, words(6), quiet]).astype(np.float32))
    assert [piece.start_s for piece in pieces] == [4, 5, 6, 7, 8]
    assert min(piece.speech_s for piece in pieces) >= SPEECH_S_MIN


def test_where_little_is_said_the_best_window_is_taken():
    sound = np.concatenate([silence(5.0), words(1), silence(4.0)]).astype(np.float32)
    (piece,) = cut(sound)
    assert piece.start_s <= 5.0 < piece.start_s + 3
    assert 0.3 < piece.speech_s < SPEECH_S_MIN


def test_silence_has_no_window():
    assert cut(silence(5.0).astype(np.float32)) == []
    assert cut(np.zeros(1, dtype=np.float32)) == []
    assert not speech(np.zeros(0, dtype=np.float32)).any()
