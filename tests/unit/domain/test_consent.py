import itertools

import pytest

from domain.consent import (
    WORDS,
    Answer,
    Consent,
    EmotionPolicy,
    Ground,
    Permission,
    Purpose,
    may_judge,
)
from domain.speech import Speaker

NOTICE, OPT_IN, OFF = EmotionPolicy.NOTICE, EmotionPolicy.OPT_IN, EmotionPolicy.OFF


@pytest.mark.parametrize(
    ("policy", "answer", "told", "ground"),
    [
        (NOTICE, Answer.UNKNOWN, True, Ground.TOLD),
        (NOTICE, Answer.UNKNOWN, False, Ground.NOT_TOLD),
        (NOTICE, Answer.GRANTED, False, Ground.AGREED),
        (NOTICE, Answer.REFUSED, True, Ground.REFUSED),
        (OPT_IN, Answer.UNKNOWN, True, Ground.NOT_ASKED),
        (OPT_IN, Answer.GRANTED, True, Ground.AGREED),
        (OPT_IN, Answer.REFUSED, True, Ground.REFUSED),
        (OFF, Answer.GRANTED, True, Ground.SWITCHED_OFF),
    ],
)
def test_who_may_be_judged(policy, answer, told, ground):
    permission = may_judge(policy, Consent(emotion=answer), told=told, speaker=Speaker.CUSTOMER)
    assert permission.ground is ground
    assert permission.allowed is (ground in {Ground.AGREED, Ground.TOLD})


def test_an_agent_never_may_whatever_was_agreed():
    for policy, answer, told in itertools.product(EmotionPolicy, Answer, (True, False)):
        permission = may_judge(policy, Consent(emotion=answer), told=told, speaker=Speaker.AGENT)
        assert permission.ground is Ground.NOT_THE_CUSTOMER
        assert not permission.allowed


def test_who_has_refused_never_is():
    for policy, told in itertools.product(EmotionPolicy, (True, False)):
        consent = Consent(emotion=Answer.REFUSED, recording=Answer.GRANTED, offers=Answer.GRANTED)
        assert not may_judge(policy, consent, told=told, speaker=Speaker.CUSTOMER).allowed


def test_the_answers_are_apart_and_the_last_one_counts():
    consent = Consent().answered(Purpose.EMOTION, Answer.GRANTED)
    assert consent == Consent(emotion=Answer.GRANTED)
    consent = consent.answered(Purpose.RECORDING, Answer.REFUSED)
    consent = consent.answered(Purpose.EMOTION, Answer.REFUSED)
    assert [consent.to(purpose) for purpose in Purpose] == [
        Answer.REFUSED, Answer.REFUSED, Answer.UNKNOWN,
    ]  # fmt: skip
    with pytest.raises(ValueError, match="no answer"):
        consent.answered(Purpose.OFFERS, Answer.UNKNOWN)


def test_every_ground_has_its_words_in_every_language():
    for language, grounds in WORDS.items():
        assert set(grounds) == set(Ground)
        assert len(set(grounds.values())) == len(Ground), language
    assert Permission(ground=Ground.REFUSED).words("zh") == "不分析情绪：客户不愿意。"
    assert Permission(ground=Ground.REFUSED).words("fr") == WORDS["en"][Ground.REFUSED]
