from pbx.cell.keys import KeyEcho


def test_presses_are_no_echoes() -> None:
    keys = KeyEcho()
    assert not keys.is_echo("1", 1.0)
    assert not keys.is_echo("1", 1.2)


def test_press_seen_again_by_the_next_stream_is_an_echo() -> None:
    keys = KeyEcho()
    keys.is_echo("1", 1.0)
    keys.stream_changed(1.1)
    assert keys.is_echo("1", 1.1)
    assert not keys.is_echo("1", 1.3)


def test_other_key_or_late_key_is_none() -> None:
    keys = KeyEcho()
    keys.is_echo("1", 1.0)
    keys.stream_changed(1.1)
    assert not keys.is_echo("2", 1.2)
    keys.stream_changed(1.3)
    assert not keys.is_echo("2", 3.3)


def test_first_key_after_a_change_is_none() -> None:
    keys = KeyEcho()
    keys.stream_changed(1.0)
    assert not keys.is_echo("1", 1.1)
