from pbx.zygote_link import PAUSE_S_MAX, PAUSE_S_MIN, pause_s


def test_pause_doubles_up_to_its_limit() -> None:
    pauses = [pause_s(failures) for failures in range(20)]
    assert pauses[:3] == [PAUSE_S_MIN, 2 * PAUSE_S_MIN, 4 * PAUSE_S_MIN]
    assert pauses == sorted(pauses)
    assert max(pauses) == PAUSE_S_MAX
