from pathlib import Path

from pbx import actions as do
from pbx.playback import Playback
from tests.flow_scene import CUSTOMER, Shelf


def playback(*silent: str, music: str | None = "music") -> Playback:
    made = Playback(Shelf(*silent), "en", music)
    made.leg = CUSTOMER
    return made


def test_a_prompt_is_played_once_and_its_end_is_known_by_name() -> None:
    played = playback()
    assert played.prompt("greeting") == [do.Play(CUSTOMER, (Path("en/greeting.wav"),))]
    assert played.playing == "greeting"
    assert played.ended(CUSTOMER) == "greeting"
    assert played.ended(CUSTOMER) is None


def test_music_is_played_in_a_loop() -> None:
    assert playback().music() == [do.Play(CUSTOMER, (Path("en/music.wav"),), loop=True)]


def test_where_there_is_no_file_nothing_is_played() -> None:
    played = playback("greeting", "music")
    assert played.prompt("greeting") == []
    assert played.prompt(None) == []
    assert played.music() == []
    assert played.playing is None
    assert playback(music=None).music() == []


def test_an_announcement_takes_the_place_of_the_music() -> None:
    played = playback()
    played.music()
    assert played.announcement(2, 90.0) == [do.Play(CUSTOMER, (Path("en/2.wav"),))]
    assert played.ended(CUSTOMER) == "position"


def test_an_announcement_without_pieces_leaves_the_music() -> None:
    class Mute(Shelf):
        def announcement(self, position: int, expected_wait_s: float | None, language: str):
            return []

    played = Playback(Mute(), "en", "music")
    played.leg = CUSTOMER
    played.music()
    assert played.announcement(2, None) == []
    assert played.playing == "music"


def test_what_plays_to_another_leg_is_none_of_ours() -> None:
    played = playback()
    played.music()
    assert played.ended(CUSTOMER + 1) is None
    assert played.playing == "music"


def test_after_a_stop_nothing_ends() -> None:
    played = playback()
    played.music()
    assert played.stop() == [do.StopPlay(CUSTOMER)]
    assert played.ended(CUSTOMER) is None
