from domain.speech import Speaker, SpeechKind, SpeechSpan
from media.turns import TurnKeeper

C, A = Speaker.CUSTOMER, Speaker.AGENT


def segment(speaker: Speaker, start_s: float, end_s: float) -> SpeechSpan:
    return SpeechSpan(kind=SpeechKind.SEGMENT, start_s=start_s, end_s=end_s, speaker=speaker)


def told(*segments: tuple[Speaker, float, float]) -> list[tuple[str, float, float]]:
    """Everything that a whole call yields, as (what, start, end) in order of start."""
    keeper = TurnKeeper()
    for one in segments:
        keeper.add(segment(*one))
    return sorted(map(short, keeper.finish()), key=lambda row: (row[1], row[2]))


def short(span: SpeechSpan) -> tuple[str, float, float]:
    name = span.kind.value if span.speaker is None else f"{span.kind} {span.speaker}"
    return name, span.start_s, span.end_s


def test_silence_yields_nothing() -> None:
    assert TurnKeeper().finish() == []


def test_question_and_answer() -> None:
    assert told((A, 1.0, 3.0), (C, 3.5, 5.0), (A, 5.2, 6.0)) == [
        ("turn agent", 1.0, 3.0),
        ("pause", 3.0, 3.5),
        ("turn customer", 3.5, 5.0),
        ("pause", 5.0, 5.2),
        ("turn agent", 5.2, 6.0),
    ]


def test_a_turn_goes_on_over_a_pause() -> None:
    assert told((C, 0.0, 1.0), (C, 2.0, 3.0)) == [
        ("turn customer", 0.0, 3.0),
        ("pause", 1.0, 2.0),
    ]


def test_hardly_a_gap_is_no_pause() -> None:
    assert told((C, 0.0, 1.0), (A, 1.1, 2.0)) == [
        ("turn customer", 0.0, 1.0),
        ("turn agent", 1.1, 2.0),
    ]


def test_who_interrupts_takes_the_floor() -> None:
    assert told((C, 0.0, 5.0), (A, 4.0, 8.0)) == [
        ("turn customer", 0.0, 5.0),
        ("overlap", 4.0, 5.0),
        ("turn agent", 4.0, 8.0),
    ]


def test_mhm_does_not_take_the_floor() -> None:
    assert told((C, 0.0, 9.0), (A, 4.0, 4.4)) == [
        ("turn customer", 0.0, 9.0),
        ("overlap", 4.0, 4.4),
    ]


def test_the_ragged_end_of_an_overlap_does_not_take_the_floor() -> None:
    assert told((C, 0.0, 5.0), (A, 4.0, 5.06), (C, 5.4, 6.0)) == [
        ("turn customer", 0.0, 6.0),
        ("overlap", 4.0, 5.0),
        ("pause", 5.06, 5.4),
    ]


def test_a_touch_is_no_overlap() -> None:
    assert told((C, 0.0, 5.0), (A, 4.95, 8.0)) == [
        ("turn customer", 0.0, 5.0),
        ("turn agent", 4.95, 8.0),
    ]


def test_the_floor_comes_back_to_who_is_left_alone() -> None:
    assert told((C, 0.0, 5.0), (A, 4.0, 8.0), (C, 6.0, 9.0)) == [
        ("turn customer", 0.0, 5.0),
        ("overlap", 4.0, 5.0),
        ("turn agent", 4.0, 8.0),
        ("overlap", 6.0, 8.0),
        ("turn customer", 6.0, 9.0),
    ]


def test_two_agents_overlap_a_customer_once() -> None:
    spans = told((C, 0.0, 10.0), (A, 2.0, 6.0), (A, 5.0, 8.0))
    assert [row for row in spans if row[0] == "overlap"] == [
        ("overlap", 2.0, 6.0),
        ("overlap", 6.0, 8.0),
    ]


def test_two_agents_at_once_are_one_side() -> None:
    assert told((A, 0.0, 4.0), (A, 2.0, 6.0)) == [("turn agent", 0.0, 6.0)]


def test_segments_may_come_in_any_order() -> None:
    row = [(A, 1.0, 3.0), (C, 3.5, 5.0), (A, 4.5, 6.0)]
    assert told(*row) == told(*reversed(row))


def test_nothing_is_settled_before_it_is_certain() -> None:
    keeper = TurnKeeper()
    keeper.add(segment(C, 0.0, 1.0))
    keeper.add(segment(C, 4.0, 5.0))
    assert keeper.advance(4.0) == []
    assert keeper.pending == 1
    keeper.add(segment(A, 2.0, 3.0))
    spans = keeper.advance(4.5)
    assert [short(span) for span in spans] == [
        ("pause", 1.0, 2.0),
        ("turn customer", 0.0, 1.0),
        ("pause", 3.0, 4.0),
        ("turn agent", 2.0, 3.0),
    ]
    assert [short(span) for span in keeper.finish()] == [("turn customer", 4.0, 5.0)]
    assert keeper.finish() == []
