import io
import json
from dataclasses import replace

import pytest
from rich.console import Console

from server.analyse.course import Course
from server.analyse.show import clock, in_order, json_lines, licence, summary, table
from tests.unit.server.analyse.call_rig import CARD, grown_angry


@pytest.fixture(scope="module")
def course() -> Course:
    return grown_angry(calm_again_s=45)


def shown(course: Course) -> list[str]:
    out = io.StringIO()
    Console(file=out, width=132).print(table(course))
    return [line.rstrip() for line in out.getvalue().splitlines()]


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0.0, "0:00.0"), (7.44, "0:07.4"), (59.96, "1:00.0"), (67.4, "1:07.4"), (3_600.0, "60:00.0")],
)
def test_times(seconds, said):
    assert clock(seconds) == said


def test_a_line_for_each_window_and_alert(course):
    head, *lines = shown(course)
    assert head.split() == [
        "time", "mood", "intensity", "trend", "anger", "arousal", "confidence", "evidence",
    ]  # fmt: skip
    first = course.moments[0]
    assert lines[0].split()[:2] == [clock(first.at_s), first.point.mood]
    assert f"{first.score.anger:.2f}" in lines[0].split()
    (rises,) = [line for line in lines if "alert angry rises: tells supervisor, agent" in line]
    (clears,) = [line for line in lines if "alert angry clears after" in line]
    assert lines.index(rises) < lines.index(clears)


def test_alerts_stand_where_they_belong(course):
    times = [
        entry.at_s if not isinstance(entry, tuple) else
        entry[0].at_s if entry[1] else entry[0].cleared_at_s or 0.0
        for entry in in_order(course)
    ]  # fmt: skip
    assert times == sorted(times)


def test_the_summary_names_the_model_and_what_it_may_be_used_for(course):
    first, worst, *model = [line.plain for line in summary("a.wav", course, CARD)]
    assert first.startswith(f"a.wav: {course.seconds:.1f} s, {course.speech_s:.1f} s of speech")
    assert worst.startswith("worst mood angry, highest intensity 0.")
    assert f"{CARD.at} claims {', '.join(CARD.labels)}. A business may use it." in model[0]
    assert CARD.licence in model[0]
    assert "not of real calls" in model[1]
    research = licence(replace(CARD, business_use=False))
    assert "A business must not use it." in research[0].plain


def test_a_recording_without_speech_says_so():
    assert "too little speech to judge" in [
        line.plain for line in summary("a.wav", Course(3.0), CARD)
    ]


def test_lines_of_json(course):
    lines = [json.loads(line) for line in json_lines("a.wav", course, CARD)]
    assert {line["file"] for line in lines} == {"a.wav"}
    windows = [line for line in lines if line["type"] == "window"]
    assert len(windows) == len(course.moments)
    assert windows[0]["score"]["anger"] == course.moments[0].score.anger
    assert windows[-1]["mood"] == course.moments[-1].point.mood
    happened = [
        (line["happened"], line["rule_id"], line["reason"])
        for line in lines
        if line["type"] == "alert"
    ]
    assert ("raised", "angry", None) in happened
    assert ("cleared", "angry", "level_gone") in happened
    assert lines[-1]["type"] == "summary"
    assert lines[-1]["model"] == CARD.at
    assert lines[-1]["business_use"] is True
    assert (lines[-1]["windows"], lines[-1]["alerts"]) == (len(windows), len(course.alerts))
