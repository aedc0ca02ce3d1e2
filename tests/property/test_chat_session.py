"""The session machine and its room: whatever comes in whatever order, what must hold holds."""

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from channels.chat.closing import CloseCode
from channels.chat.limits import Bucket
from channels.chat.protocol import (
    Hello,
    Leave,
    MalformedMessage,
    Mark,
    Say,
    Types,
    decode,
)
from channels.chat.session import (
    Close,
    Join,
    Part,
    Refuse,
    Session,
    SessionLimits,
    SessionState,
    Store,
    Tell,
)
from tests.property.examples import EXAMPLES

LIMITS = SessionLimits(text_characters=20, per_s=1, burst=3)

frames = st.one_of(
    st.binary(max_size=40),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
        max_leaves=5,
    ).map(lambda value: json.dumps(value).encode()),
    st.fixed_dictionaries(
        {
            "type": st.sampled_from(["hello", "message", "typing", "mark", "leave", "x"]),
            "version": st.sampled_from([1, 1, 1, 2]),
            "ticket": st.just("t"),
            "client_id": st.text(max_size=130),
            "text": st.text(max_size=25),
            "typing": st.booleans(),
            "what": st.sampled_from(["read", "delivered", "sent"]),
            "sequence": st.integers(-1, 2**60),
        }
    ).map(lambda value: json.dumps(value).encode()),
)


@settings(max_examples=EXAMPLES)
@given(st.lists(st.tuples(frames, st.floats(0, 2)), max_size=80))
def test_nothing_happens_before_hello_or_after_the_end(
    steps: list[tuple[bytes, float]],
) -> None:
    session = Session(LIMITS)
    now_s = 0.0
    joined = False
    stored: list[float] = []
    for frame, pause_s in steps:
        now_s += pause_s
        ended = session.state is SessionState.ENDED
        action = session.received(frame, now_s)
        if ended:
            assert action is None
        elif isinstance(action, Join):
            assert not joined, "hello is taken once"
            joined = True
            assert session.takes(1)
            session.joined()
        elif isinstance(action, Close):
            assert session.state is SessionState.ENDED
            assert action.code in (CloseCode.MALFORMED, CloseCode.VERSION, CloseCode.TOO_MANY)
            assert not session.takes(2**40), "nothing is sent after the end"
        else:
            assert joined
            assert isinstance(action, Store | Tell | Part | Refuse)
        if isinstance(action, Store):
            assert 0 < len(action.say.text) <= LIMITS.text_characters
            assert 0 < len(action.say.client_id) <= 128
            stored.append(now_s)
    # No window holds more messages than the burst and what the rate adds to it.
    for first, begin_s in enumerate(stored):
        for last in range(first, len(stored)):
            assert last - first + 1 <= LIMITS.burst + (stored[last] - begin_s) + 1e-6


@settings(max_examples=EXAMPLES)
@given(st.lists(st.integers(1, 50), max_size=60))
def test_every_message_goes_out_once_and_in_order(sequences: list[int]) -> None:
    session = Session(LIMITS)
    assert not session.takes(1), "nothing before the welcome"
    hello: dict[str, Any] = {"type": "hello", "version": 1, "ticket": "t"}
    assert isinstance(session.received(json.dumps(hello).encode(), 0.0), Join)
    sent = [sequence for sequence in sequences if session.takes(sequence)]
    assert sent == sorted(set(sent))


@settings(max_examples=EXAMPLES)
@given(st.binary(max_size=60) | st.text(max_size=60).map(lambda text: json.dumps(text).encode()))
def test_a_frame_is_a_message_or_malformed(frame: bytes) -> None:
    try:
        message = decode(frame)
    except MalformedMessage:
        return
    assert isinstance(message, Hello | Say | Types | Mark | Leave)


@settings(max_examples=EXAMPLES)
@given(
    st.floats(0.1, 100),
    st.integers(1, 20),
    st.lists(st.floats(0, 5), min_size=1, max_size=60),
)
def test_a_bucket_says_truly_when_it_has_one_again(
    per_s: float, burst: int, pauses: list[float]
) -> None:
    bucket = Bucket(per_s=per_s, burst=burst)
    now_s = 100.0
    for pause_s in pauses:
        now_s += pause_s
        wait_s = bucket.take(now_s)
        assert 0 <= wait_s <= 1 / per_s + 1e-6
        if wait_s:
            now_s += wait_s + 1e-6
            assert bucket.take(now_s) == 0
