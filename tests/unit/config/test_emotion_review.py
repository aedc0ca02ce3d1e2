import pytest

from tests.config_support import RIGHT, loaded, mistakes, told, warned

RULE = """\
emotion:
  enabled: true
  rules:
    - id: angry
      mood: angry
      windows: {at_least: 2, of: 3}
"""
LAST = len(RIGHT.splitlines())
"""The line before the section `emotion`."""


def with_emotion(text: str) -> str:
    return f"{RIGHT}emotion:\n{text}"


def with_rule(*lines: str) -> str:
    return RIGHT + RULE + "".join(f"      {line}\n" for line in lines)


def only(text: str) -> tuple[str, str, str]:
    """Return path, what was found and what is allowed of the one mistake."""
    (mistake,) = mistakes(text)
    return mistake.path, mistake.found, mistake.allowed


def test_nothing_need_be_said_and_emotion_is_off():
    emotion = loaded(RIGHT).configuration.emotion
    assert not emotion.enabled
    assert emotion.weights == "prosody-open"
    assert emotion.consent == "notice"
    assert [rule.id for rule in emotion.rules] == ["angry", "growing-upset"]


def test_an_empty_section_and_a_right_one():
    assert mistakes(RIGHT + "emotion:\n") == []
    assert mistakes(RIGHT + RULE) == []
    assert warned(RIGHT + RULE) == []


SILENT = RIGHT.replace(
    '    numbers: ["800"]\n', '    numbers: ["800"]\n    prompts: {disclosure: ~}\n'
)


def test_who_is_not_told_cannot_object():
    (mistake,) = mistakes(SILENT + "emotion: {enabled: true}\n")
    assert mistake.path == "queues[0].prompts.disclosure"
    assert mistake.line == 17
    assert "emotion.consent is notice" in mistake.found


@pytest.mark.parametrize(
    "emotion",
    ["{}", "{enabled: false}", "{enabled: true, consent: opt_in}", "{enabled: true, consent: off}"],
)
def test_who_is_asked_or_not_judged_need_not_be_told_by_a_prompt(emotion):
    assert mistakes(f"{SILENT}emotion: {emotion}\n") == []


def test_somebody_must_listen():
    text = RIGHT + "analysis: {workers: 0}\nemotion: {enabled: true}\n"
    assert told(text) == [(LAST + 1, "analysis.workers")]
    assert mistakes(text.replace("enabled: true", "enabled: true, consent: off")) == []


def test_weights_for_research_are_odd_in_a_business():
    text = with_emotion("  enabled: true\n  weights: prosody-research\n")
    assert warned(text) == [(LAST + 3, "emotion.weights")]
    assert warned(text.replace("enabled: true", "enabled: false")) == []


@pytest.mark.parametrize(
    ("windows", "field"),
    [("{hop_s: 3}", "hop_s"), ("{length_s: 1, hop_s: 1, voiced_s_min: 2}", "voiced_s_min")],
)
def test_windows_that_leave_speech_unheard(windows, field):
    path, _, allowed = only(with_emotion(f"  windows: {windows}\n"))
    assert path == f"emotion.windows.{field}"
    assert "length_s" in allowed


@pytest.mark.parametrize(
    ("moods", "field", "allowed"),
    [
        ("{uneasy_leave: 0.37}", "uneasy_leave", "less than uneasy_enter, 0.35"),
        ("{angry_enter: 0.65, angry_leave: 0.65}", "angry_leave", "less than angry_enter, 0.65"),
        ("{upset_enter: 0.7, upset_leave: 0.45}", "angry_enter", "milder mood, 0.7"),
        ("{upset_leave: 0.2}", "upset_leave", "milder mood, 0.25"),
        ("{uneasy_leave: 0}", "uneasy_leave", "milder mood, 0"),
        ("{angry_enter: 0.6}", "angry_enter", "more than 0.6"),
        ("{angry_enter: 1.2}", "angry_enter", "a number from 0 to 1"),
        ("{angry_enter: high}", "angry_enter", "a number from 0 to 1"),
    ],
)
def test_moods_that_are_no_scale(moods, field, allowed):
    path, _, may = only(with_emotion(f"  moods: {moods}\n"))
    assert path == f"emotion.moods.{field}"
    assert allowed in may


@pytest.mark.parametrize(
    ("rule", "path", "allowed"),
    [
        ("{id: r, windows: {}}", "", "one of them"),
        ("{id: r, mood: angry}", "", "one of them"),
        ("{id: r, mood: angry, label: angry, level: 0.5, windows: {}}", ".mood", "one of label"),
        ("{id: r, mood: angry, windows: {}, seconds: 3}", ".seconds", "one of windows and seconds"),
        ("{id: r, label: angry, windows: {}}", "", "level, from 0 to 1"),
        ("{id: r, label: sad, level: 0.5, windows: {}}", ".label", "angry"),
        ("{id: r, mood: angry, windows: {at_least: 4, of: 3}}", ".windows.at_least", "at most of"),
        ("{id: r, mood: angry, windows: {of: 2}}", ".windows.at_least", "at most of, 2"),
        ("{id: r, mood: calm, windows: {}}", ".mood", "uneasy, upset, angry"),
        ("{id: r, label: angry, level: 1.5, windows: {}}", ".level", "from 0 to 1"),
        ("{id: r, label: angry, level: 0, windows: {}}", ".level", "more than 0"),
        ("{id: r, mood: angry, clear_level: 0.3, windows: {}}", ".clear_level", "both or neither"),
        (
            "{id: r, label: angry, level: 0.5, clear_level: 0.5, windows: {}}",
            ".clear_level",
            "less than level, 0.5",
        ),
        ("{id: r, mood: angry, windows: {}, tell: [boss]}", ".tell[0]", "supervisor, agent"),
        ("{id: r, mood: angry, windows: {}, tell: [agent]}", ".tell", "advice"),
        ("{id: r, mood: angry, windows: {}, advice: calm-down}", ".advice", "tell with agent"),
        ("{id: r, mood: angry, windows: {}, priority_step: -1}", ".priority_step", "from 0 to 10"),
        ("{id: r, mood: angry, windows: {}, queues: [service, x]}", ".queues[1]", "of a queue"),
        ("{id: r, mood: angry, windows: {}, transfer: {skill: x}}", ".transfer.skill", "skill"),
        (
            "{id: r, mood: angry, windows: {}, transfer: {skill: billing, proficiency_min: 5}}",
            ".transfer.skill",
            "so well",
        ),
    ],
)
def test_a_rule_that_looks_for_nothing_can_never_rise_or_names_nothing(rule, path, allowed):
    where, _, may = only(with_emotion(f"  rules:\n    - {rule}\n"))
    assert where == f"emotion.rules[0]{path}"
    assert allowed in may


def test_a_label_that_the_weights_know():
    text = with_emotion(
        "  weights: prosody-research\n  rules: [{id: r, label: sad, level: 0.5, seconds: 3}]\n"
    )
    assert mistakes(text) == []


def test_a_slip_of_the_pen_is_guessed():
    for line, meant in (
        ("queues: [servise]", "service"),
        ("transfer: {skill: biling}", "billing"),
    ):
        (mistake,) = mistakes(with_rule(line))
        assert mistake.hint == f"did you mean {meant}?"
    (mistake,) = mistakes(with_rule("tell: [agent]", "advice: calm-dwn"))
    assert mistake.hint == "did you mean calm-down?"


CHINESE_QUEUE = """\
  - id: chinese
    name: 中文
    numbers: ["801"]
    language: zh
"""
ENGLISH_PHRASE = "  phrases: [{id: own, en: I see.}]\n"


def in_two_languages(*lines: str) -> str:
    text = with_rule("tell: [agent]", "advice: own", *lines) + ENGLISH_PHRASE
    return text.replace("http:\n", CHINESE_QUEUE + "http:\n")


def test_a_phrase_in_the_language_of_every_queue_that_the_rule_looks_at():
    assert mistakes(with_rule("tell: [agent]", "advice: own") + ENGLISH_PHRASE) == []
    path, found, allowed = only(in_two_languages())
    assert path == "emotion.rules[0].advice"
    assert "no zh" in found
    assert "queue chinese" in allowed
    assert mistakes(in_two_languages("queues: [service]")) == []
    assert only(in_two_languages("queues: [chinese]"))[0] == "emotion.rules[0].advice"


def test_one_of_ours_fills_in_for_a_language_that_is_left_out():
    text = in_two_languages().replace("own", "calm-down")
    assert mistakes(text) == []


def test_names_that_stand_twice_and_a_phrase_that_says_nothing():
    twice = "    - {id: angry, mood: upset, seconds: 3}\n"
    (mistake,) = mistakes(RIGHT + RULE + twice)
    assert (mistake.path, mistake.hint) == (
        "emotion.rules[1].id", f"the first is on line {LAST + 4}",
    )  # fmt: skip
    phrases = "  phrases: [{id: a, en: Yes.}, {id: a, zh: 是。}, {id: b}]\n"
    assert [path for _, path in told(with_emotion(phrases))] == [
        "emotion.phrases[1].id", "emotion.phrases[2]",
    ]  # fmt: skip


def test_too_many_rules():
    rules = ", ".join(f"{{id: r{number}, mood: angry, seconds: 3}}" for number in range(33))
    assert told(with_emotion(f"  rules: [{rules}]\n")) == [(LAST + 2, "emotion.rules")]


@pytest.mark.parametrize(
    ("keys", "path"),
    [
        ("  agree_key: '5'\n  refuse_key: '5'\n", "emotion.refuse_key"),
        ("  refuse_key: '1'\n", "emotion.refuse_key"),
    ],
)
def test_one_key_cannot_mean_both(keys, path):
    assert only(with_emotion("  enabled: true\n" + keys))[0] == path


def test_keys_that_our_prompts_do_not_name_are_warned_of():
    assert warned(with_emotion("  enabled: true\n  refuse_key: '7'\n")) == [
        (LAST + 3, "emotion.refuse_key")
    ]
    assert warned(with_emotion("  enabled: true\n  refuse_key: ~\n")) == [
        (LAST + 3, "emotion.refuse_key")
    ]
    assert warned(with_emotion("  enabled: false\n  refuse_key: '7'\n")) == []


def test_who_must_agree_should_have_a_key_for_it():
    text = with_emotion("  enabled: true\n  consent: opt_in\n  agree_key: ~\n")
    assert warned(text) == [(LAST + 4, "emotion.agree_key")]


def test_a_key_is_one_that_telephones_have():
    (mistake,) = mistakes(with_emotion("  refuse_key: '10'\n"))
    assert mistake.path == "emotion.refuse_key"
