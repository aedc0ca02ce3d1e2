"""Decisions as sentences: the story that somebody reads who asks why."""

from datetime import UTC, datetime, timedelta

import pytest

from domain.decision import Candidate, Decision, Obstacle, Reason, Scheme
from domain.decision_text import teller
from domain.decision_trail import Fate, TrailStep
from domain.decision_words import LANGUAGES

AT = datetime(2027, 3, 1, 9, 15, tzinfo=UTC)
NAMES = {"ann": "Ann Lee", "bob": "Bob Ray", "cy": "Cy Tan"}


def candidate(agent_id: str, offered_other: str | None = None, **terms: float) -> Candidate:
    told = {Reason(name): value for name, value in terms.items()}
    return Candidate(
        agent_id=agent_id, cost_s=sum(told.values()), terms=told, offered_other=offered_other
    )


DECISION = Decision(
    offer_id="o1",
    contact_id="c1",
    queue_id="sales",
    chosen=candidate("ann", skill=5, language=0, idle=-2),
    others=(
        candidate("bob", skill=0, language=20, idle=-5),
        candidate("cy", "c2", skill=2, language=0, idle=0),
    ),
    others_count=4,
    obstacles={Obstacle.SHIFT: 1, Obstacle.STATE: 3},
    waited_s=125.2,
    urgency_s=45.25,
    waiting=5,
    free=3,
    scheme=Scheme.CONTROL,
    propensity=0.1,
    relaxed=1,
    ring=2,
    language="es-MX",
    skills=("billing",),
    at=AT,
)
STEP = TrailStep(decision=DECISION, fate=Fate.EXPIRED, ring_s=20.0, at=AT + timedelta(seconds=20))


def test_a_decision_is_told_in_english():
    assert teller("en", NAMES).step(STEP) == [
        "Offered to Ann Lee after 2 min 5 s of waiting because, beside Bob Ray, Ann Lee"
        " speaks Spanish better (20 points).",
        "Bob Ray was 12 points worse: speaks Spanish less well (20 points); on the other hand"
        " Bob Ray is more proficient in billing (5 points), has been idle for longer (3 points).",
        "Cy Tan was 1 point better: is more proficient in billing (3 points); on the other hand"
        " Cy Tan has been idle for less time (2 points).",
        "At that moment Cy Tan was offered another contact, for whom that saved more.",
        "2 more agents could have been offered it.",
        "4 agents could not be offered it: 3 not ready, logged out or in wrap-up,"
        " 1 outside working hours.",
        "What is asked for had been relaxed by 1 step because of the wait.",
        "Of the rings of agents 2 were open.",
        "Waiting at that moment: 5; free agents: 3; leaving this contact waiting would have cost"
        " 45 points.",
        "Drawn by lot into the comparison group (chance 10 %): what was learnt from outcomes had"
        " no part in it, so that its effect can be measured.",
        "Ann Lee did not answer after 20 s of ringing at 2027-03-01 09:15:20 UTC.",
    ]


def test_a_decision_is_told_in_chinese():
    assert teller("zh-CN", NAMES).step(STEP) == [
        "等待 2 分钟 5 秒后分配给Ann Lee，因为与Bob Ray相比，Ann Lee的优势是："
        "西班牙语水平较高（20 分）。",
        "Bob Ray差 12 分：西班牙语水平较低（20 分）；另一方面，Bob Ray则billing的熟练程度较高"
        "（5 分），空闲时间较长（3 分）。",
        "Cy Tan好 1 分：billing的熟练程度较高（3 分）；另一方面，Cy Tan则空闲时间较短（2 分）。",
        "当时Cy Tan被分配了另一个联络，那样节省更多。",
        "另有 2 名座席也可以分配。",
        "4 名座席不能分配：3 名未就绪、已登出或正在话后处理，1 名不在工作时间内。",
        "由于等待时间较长，要求已放宽 1 级。",
        "已开放 2 个座席环。",
        "当时等待的联络：5 个；空闲座席：3 名；让此联络继续等待的代价为 45 分。",
        "抽签进入对照组（概率 10%）：未参考从以往结果中学到的内容，以便衡量其效果。",
        "Ann Lee在振铃 20 秒后未接听（2027-03-01 09:15:20 UTC）。",
    ]


def test_the_only_one_is_told_as_that():
    alone = Decision(offer_id="o", contact_id="c", queue_id="q", chosen=candidate("ann"))
    first, *_ = teller("en").decision(alone)
    assert first == "Offered to ann after 0 s of waiting: nobody else could be offered it."


def test_equals_and_those_who_were_better_are_told_as_that():
    decision = Decision(
        offer_id="o",
        contact_id="c",
        queue_id="q",
        chosen=candidate("ann", skill=5),
        others=(candidate("bob", skill=1), candidate("cy", skill=5)),
        others_count=2,
    )
    told = teller("en").decision(decision)
    assert told[0] == "Offered to ann after 0 s of waiting."
    assert told[1] == (
        "bob was 4 points better: is more proficient in what is asked for (4 points)."
    )
    assert told[2] == "All offers of that moment together cost less this way."
    assert told[3] == "cy was as well suited."


def test_only_the_largest_differences_are_told():
    terms = {
        Reason.SKILL: 1.0,
        Reason.LANGUAGE: 2.0,
        Reason.REGION: 3.0,
        Reason.PRODUCT: 4.0,
        Reason.RATING: 0.01,
    }
    decision = Decision(
        offer_id="o",
        contact_id="c",
        queue_id="q",
        chosen=candidate("ann"),
        others=(Candidate(agent_id="bob", cost_s=10.01, terms=terms),),
        others_count=1,
    )
    told = teller("en").decision(decision)[1]
    assert told == (
        "bob was 10 points worse: does not know the customer's product (4 points), does not know"
        " the customer's region (3 points), speaks the customer's language less well (2 points)."
    )


@pytest.mark.parametrize("language", LANGUAGES)
def test_whether_somebody_can_be_offered_a_contact_is_a_sentence(language):
    tell = teller(language, NAMES)
    for obstacle in Obstacle:
        told = tell.eligibility("ann", obstacle, None)
        assert "Ann Lee" in told
        assert "{" not in told
    assert tell.eligibility("ann", None, 3.0) != tell.eligibility("ann", None, -3.0)
    assert tell.eligibility("ann", None, None) != tell.eligibility("ann", None, 0.0)


def test_eligibility_in_both_languages():
    assert teller("en").eligibility("ann", None, 12.4) == (
        "ann can be offered this contact at a cost of 12 points."
    )
    assert teller("zh").eligibility("ann", Obstacle.LANGUAGE, None) == (
        "不能分配给ann：客户语言水平不够。"
    )


@pytest.mark.parametrize(
    ("seconds", "english", "chinese"),
    [
        (1.0, "1 point", "1 分"),
        (-1.04, "1 point", "1 分"),
        (0.25, "0.2 points", "0.2 分"),
        (9.96, "10 points", "10 分"),
        (1_234.5, "1,234 points", "1,234 分"),
        (float("-inf"), "over 1,000,000 points", "超过 1,000,000 分"),
        (float("nan"), "unknown", "未知"),
    ],
)
def test_points(seconds, english, chinese):
    assert teller("en").points(seconds) == english
    assert teller("zh").points(seconds) == chinese


def test_a_language_that_nobody_wrote_is_told_in_english():
    assert teller("fr").points(2.0) == "2 points"
