"""Weights and rules of routing as the schema takes them, and what is said of wrong ones."""

from typing import get_args

import pytest

from config.mistake import Mistake
from config.routing import WEIGHT_MAX, WeightName, Weights
from config.schema import AgentEntry, QueueEntry
from tests.config_support import RIGHT, loaded, mistakes

LAST = len(RIGHT.splitlines())
"""The line before the section `router`."""
WEIGHTS_LINE = 19
"""Of the first weight of the one queue."""
RANGE = "a number from 0 to 10000 seconds"


def in_router(*lines: str) -> str:
    return RIGHT + "router:\n" + "".join(f"  {line}\n" for line in lines)


def in_queue(*lines: str) -> str:
    """Return the right text with a section `routing` in its queue, which begins on line 17."""
    numbers = '    numbers: ["800"]\n'
    block = "".join(f"      {line}\n" for line in lines)
    return RIGHT.replace(numbers, f"{numbers}    routing:\n{block}")


def in_agent(line: str) -> str:
    return RIGHT.replace("    skills: {billing: 4}\n", f"    skills: {{billing: 4}}\n    {line}\n")


def only(text: str) -> Mistake:
    (mistake,) = mistakes(text)
    return mistake


def test_every_weight_can_be_set_for_a_queue_and_has_a_bound():
    assert set(get_args(WeightName)) == set(Weights.model_fields)
    for name in Weights.model_fields:
        text = in_queue("weights:", f"  {name}: {WEIGHT_MAX}")
        (queue,) = loaded(text).configuration.queues
        assert queue.routing.weights == {name: WEIGHT_MAX}
        assert only(in_queue("weights:", f"  {name}: {WEIGHT_MAX + 1}")).path.endswith(name)


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("-1", "'-1'"),
        ("-0.001", "'-0.001'"),
        ("10001", "'10001'"),
        ("much", "'much'"),
        ("true", "'true'"),
        (".nan", "'.nan'"),
        (".inf", "'.inf'"),
        ("[1]", "a list"),
        ("~", "nothing"),
    ],
)
def test_a_weight_that_is_none_is_told_with_line_value_and_limit(value, found):
    mistake = only(in_router(f"language_weight_s: {value}"))
    assert (mistake.path, mistake.line) == ("router.language_weight_s", LAST + 2)
    assert (mistake.found, mistake.allowed) == (found, RANGE)
    mistake = only(in_queue("weights:", f"  language_weight_s: {value}"))
    assert mistake.path == "queues[0].routing.weights.language_weight_s"
    assert mistake.line == WEIGHTS_LINE
    assert (mistake.found, mistake.allowed) == (found, RANGE)


def test_an_unknown_weight_is_told_with_those_there_are_and_the_one_that_was_meant():
    for text, path, line in (
        (in_router("languge_weight_s: 3"), "router.languge_weight_s", LAST + 2),
        (
            in_queue("weights:", "  languge_weight_s: 3"),
            "queues[0].routing.weights.languge_weight_s",
            WEIGHTS_LINE,
        ),
    ):
        mistake = only(text)
        assert (mistake.path, mistake.line) == (path, line)
        assert all(name in mistake.allowed for name in Weights.model_fields)
        assert mistake.hint == "did you mean language_weight_s?"
    assert only(in_queue("weights:", "  zzz: 3")).hint == ""


def test_several_bad_weights_are_told_in_one_go_in_the_order_of_the_file():
    text = in_queue("weights:", "  region_weight_s: -2", "  product_weight_s: x")
    text += "router:\n  unserved_s: 99999\n"
    assert [mistake.found for mistake in mistakes(text)] == ["'-2'", "'x'", "'99999'"]
    assert [mistake.line for mistake in mistakes(text)] == [19, 20, LAST + 6]


@pytest.mark.parametrize(
    ("line", "path", "allowed"),
    [
        ("channel_urgency: {fax: 1}", "channel_urgency.fax", "voice, chat, message, mail"),
        ("channel_urgency: {voice: 11}", "channel_urgency.voice", "from 0 to 10"),
        ("channel_urgency: {voice: -1}", "channel_urgency.voice", "from 0 to 10"),
        ("decline_pause_s: -1", "decline_pause_s", "from 0 to 3600 seconds"),
        ("decline_pause_s: 3601", "decline_pause_s", "from 0 to 3600 seconds"),
        ("exclusions: [[voice]]", "exclusions[0]", "a list of 2 entries"),
        ("exclusions: [[voice, chat, mail]]", "exclusions[0]", "a list of 2 entries"),
        ("exclusions: [[voice, fax]]", "exclusions[0][1]", "voice, chat, message, mail"),
        ("learning: {control_share: 0}", "learning.control_share", "from 0.01 to 0.5"),
        ("learning: {control_share: 0.6}", "learning.control_share", "from 0.01 to 0.5"),
        ("learning: {load_gain_max: 2}", "learning.load_gain_max", "from 0 to 1"),
        ("learning: {half_life_days: 0.5}", "learning.half_life_days", "from 1 to 3650"),
        ("learning: {enabled: maybe}", "learning.enabled", "true or false"),
        ("learning: {control: 0.1}", "learning.control", "control_share"),
    ],
)
def test_rules_for_all_have_bounds(line, path, allowed):
    mistake = only(in_router(line))
    assert (mistake.path, mistake.line) == (f"router.{path}", LAST + 2)
    assert allowed in mistake.allowed


def test_a_team_rule_has_bounds():
    text = in_router("team_rules: [{id: a b, team: x, queues: [], serving_max: -1}]")
    assert {mistake.path.removeprefix("router.team_rules[0].") for mistake in mistakes(text)} == {
        "id", "team", "queues", "serving_max",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("line", "path", "allowed"),
    [
        ("language_min: 0", "language_min", "from 1 to 5"),
        ("language_min: 6", "language_min", "from 1 to 5"),
        ("preferred_s: -1", "preferred_s", "from 0 to 600"),
        ("preferred_s: 601", "preferred_s", "from 0 to 600"),
        ("relax: [{after_s: 0}]", "relax[0].after_s", "over 0 and at most 3600"),
        ("relax: [{skills: {}}]", "relax[0].after_s", "over 0 and at most 3600"),
        ("relax: [{after_s: 1, language_min: 0}]", "relax[0].language_min", "from 1 to 5"),
        ("rings: [{after_s: -1}]", "rings[0].after_s", "from 0 to 3600"),
        ("overflow: {queue: service, after_s: 0}", "overflow.after_s", "over 0"),
        ("rings: [{team: [x]}]", "rings[0].team", "teams"),
    ],
)
def test_rules_of_a_queue_have_bounds(line, path, allowed):
    found = {mistake.path: mistake for mistake in mistakes(in_queue(line))}
    assert allowed in found[f"queues[0].routing.{path}"].allowed


@pytest.mark.parametrize(
    ("name", "times", "told"),
    [
        ("relax", (30, 30), "not 30, 30"),
        ("relax", (30, 10), "not 30, 10"),
        ("rings", (0, 20, 5), "not 0, 20, 5"),
        ("rings", (5, 20), "must begin at 0, not 5 s"),
    ],
)
def test_steps_stand_in_the_order_of_time(name, times, told):
    lines = [f"  - {{after_s: {time}}}" for time in times]
    mistake = only(in_queue("preferred_s: 0", f"{name}:", *lines))
    assert (mistake.path, mistake.line) == (f"queues[0].routing.{name}", 20)
    assert told in mistake.hint


@pytest.mark.parametrize(
    ("line", "path", "allowed"),
    [
        ("capacity: {voice: 51}", "capacity.voice", "from 0 to 50"),
        ("capacity: {voice: -1}", "capacity.voice", "from 0 to 50"),
        ("capacity: {fax: 1}", "capacity.fax", "voice, chat, message, mail"),
        ("ratings: {offer: 0.5}", "ratings.offer", "from 1 to 5"),
        ("ratings: {offer: 6}", "ratings.offer", "from 1 to 5"),
        ("seniority: 6", "seniority", "from 1 to 5"),
        ("emotion_handling: 0", "emotion_handling", "from 1 to 5"),
        ('shifts: [{days: [], begin: "08:00", end: "09:00"}]', "shifts[0].days", "at least 1"),
        ('shifts: [{days: [mo], begin: "08:00", end: "09:00"}]', "shifts[0].days[0]", "mon, tue"),
        ('shifts: [{days: [mon], begin: "8", end: "09:00"}]', "shifts[0].begin", "time of day"),
        ('shifts: [{days: [mon], begin: "08:00", end: "24:00"}]', "shifts[0].end", "time of day"),
    ],
)
def test_what_decides_whom_an_agent_serves_has_bounds(line, path, allowed):
    mistake = only(in_agent(line))
    assert (mistake.path, mistake.line) == (f"agents[0].{path}", 13)
    assert allowed in mistake.allowed


def test_nothing_need_be_said():
    configuration = loaded(RIGHT).configuration
    assert configuration.router.exclusions == [["voice", "chat"], ["voice", "message"]]
    assert configuration.router.learning.control_share == 0.1
    (queue,) = configuration.queues
    assert queue.routing.weights == {}
    assert (queue.routing.preferred_s, queue.routing.overflow) == (15.0, None)
    (agent,) = configuration.agents
    assert agent.capacity == {"voice": 1, "chat": 3, "message": 3, "mail": 5}
    assert isinstance(agent, AgentEntry)
    assert isinstance(queue, QueueEntry)
