"""Whether what the routing rules name is there."""

import pytest

from tests.config_support import RIGHT, mistakes, told

PEOPLE = """\
  - id: ben
    name: Ben
    extension: "22"
    team: blue
    skills: {billing: 2}
"""
QUEUES = """\
  - id: sales
    name: Sales
    numbers: ["801"]
    skills: {billing: 4, french: 3}
    routing: {}
  - id: late
    name: Late
    numbers: ["802"]
"""
BASE = RIGHT.replace("queues:\n", f"{PEOPLE}queues:\n").replace("http:\n", f"{QUEUES}http:\n")
ROUTING_LINE = 1 + BASE.splitlines().index("    routing: {}")
LAST = len(BASE.splitlines())


def with_routing(routing: str) -> str:
    return BASE.replace("routing: {}", f"routing: {routing}")


def with_router(text: str) -> str:
    return f"{BASE}router:\n  {text}\n"


def only(text: str) -> tuple[str, int, str, str, str]:
    """Return path, line, what was found, what is allowed and the hint of the one mistake."""
    (mistake,) = mistakes(text)
    return mistake.path, mistake.line, mistake.found, mistake.allowed, mistake.hint


def test_what_is_right_is_right():
    assert mistakes(BASE) == []
    relax = "[{after_s: 5, skills: {french: 2}}, {after_s: 9, skills: {french: 0, billing: 4}}]"
    rings = "[{teams: [blue]}, {after_s: 5, agents: [anna]}, {after_s: 9}]"
    text = with_routing(f"{{relax: {relax}, rings: {rings}, overflow: {{queue: late}}}}")
    rule = "{id: keep, team: blue, queues: [sales, late], serving_max: 0}"
    text += f"router:\n  timezone: Asia/Shanghai\n  team_rules: [{rule}]\n"
    assert mistakes(text) == []


@pytest.mark.parametrize(
    ("ring", "path", "found", "allowed", "hint"),
    [
        ("teams: [bleu]", "teams[0]", "'bleu'", "the team of an agent", "did you mean blue?"),
        ("teams: [blue, x]", "teams[1]", "'x'", "the team of an agent", ""),
        ("agents: [ana]", "agents[0]", "'ana'", "the id of an agent", "did you mean anna?"),
        ("agents: [blue]", "agents[0]", "'blue'", "the id of an agent", ""),
    ],
)
def test_a_ring_of_teams_and_agents_that_are_there(ring, path, found, allowed, hint):
    text = with_routing(f"{{rings: [{{after_s: 0}}, {{after_s: 5, {ring}}}]}}")
    assert only(text) == (
        f"queues[1].routing.rings[1].{path}", ROUTING_LINE, found, allowed, hint,
    )  # fmt: skip


def test_a_requirement_is_relaxed_and_never_tightened():
    text = with_routing("{relax: [{after_s: 5, skills: {billing: 5}}]}")
    path, line, found, allowed, hint = only(text)
    assert (path, line) == ("queues[1].routing.relax[0].skills.billing", ROUTING_LINE)
    assert (found, allowed) == ("5", "at most 4, which was asked for before")
    assert "never tightened" in hint
    steps = "{after_s: 5, skills: {billing: 2}}, {after_s: 6, skills: {billing: 3}}"
    path, _, found, allowed, _ = only(with_routing(f"{{relax: [{steps}]}}"))
    assert path == "queues[1].routing.relax[1].skills.billing"
    assert (found, allowed) == ("3", "at most 2, which was asked for before")
    steps = "{after_s: 5, skills: {billing: 5}}, {after_s: 6, skills: {billing: 4}}"
    assert only(with_routing(f"{{relax: [{steps}]}}"))[0].endswith("relax[0].skills.billing")


def test_only_what_was_asked_for_can_be_relaxed():
    text = with_routing("{relax: [{after_s: 5, skills: {frensh: 2}}]}")
    assert only(text) == (
        "queues[1].routing.relax[0].skills.frensh", ROUTING_LINE, "'frensh'",
        "the skill of the queue", "did you mean french?",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("first", "steps", "path", "allowed"),
    [
        (3, (4,), "relax[0]", "at most 3, as before"),
        (3, (2, 3), "relax[1]", "at most 2, as before"),
        (None, (2,), "relax[0]", "at most 1, as before"),
    ],
)
def test_the_command_of_the_language_is_relaxed_too(first, steps, path, allowed):
    relax = ", ".join(
        f"{{after_s: {n}, language_min: {level}}}" for n, level in enumerate(steps, 1)
    )
    least = "" if first is None else f"language_min: {first}, "
    where, _, _, may, _ = only(with_routing(f"{{{least}relax: [{relax}]}}"))
    assert where == f"queues[1].routing.{path}.language_min"
    assert may == allowed


def test_a_step_that_says_nothing_of_the_language_changes_nothing():
    relax = "[{after_s: 1, language_min: 2}, {after_s: 2}, {after_s: 3, language_min: 2}]"
    assert mistakes(with_routing(f"{{language_min: 3, relax: {relax}}}")) == []


def test_what_the_schema_refuses_is_not_judged_a_second_time():
    text = with_routing("{language_min: x, relax: [{after_s: 1, language_min: 2}]}")
    assert only(text)[0] == "queues[1].routing.language_min"
    text = with_routing("{relax: [{after_s: 1, skills: {billing: much}}]}")
    assert only(text)[0] == "queues[1].routing.relax[0].skills.billing"


def test_an_overflow_into_nothing_or_into_itself():
    assert only(with_routing("{overflow: {queue: lates}}")) == (
        "queues[1].routing.overflow.queue", ROUTING_LINE, "'lates'", "the id of a queue",
        "did you mean late?",
    )  # fmt: skip
    path, _, found, allowed, hint = only(with_routing("{overflow: {queue: sales}}"))
    assert path == "queues[1].routing.overflow.queue"
    assert found == "sales -> sales"
    assert "does not lead back" in allowed
    assert "for ever" in hint


def test_overflows_in_a_circle_are_told_at_each_queue_of_it_and_at_no_other():
    text = with_routing("{overflow: {queue: late}}")
    late = '    numbers: ["802"]\n'
    text = text.replace(late, f"{late}    routing: {{overflow: {{queue: sales}}}}\n")
    service = '    numbers: ["800"]\n'
    text = text.replace(service, f"{service}    routing: {{overflow: {{queue: late}}}}\n")
    found = {mistake.path: mistake.found for mistake in mistakes(text)}
    assert found == {
        "queues[1].routing.overflow.queue": "sales -> late -> sales",
        "queues[2].routing.overflow.queue": "late -> sales -> late",
    }


@pytest.mark.parametrize(
    ("rule", "path", "allowed", "hint"),
    [
        ("{id: a, team: blu, queues: [sales], serving_max: 1}", "team", "the team of an agent",
         "did you mean blue?"),
        ("{id: a, team: blue, queues: [late, sale], serving_max: 1}", "queues[1]",
         "the id of a queue", "did you mean sales?"),
    ],
)  # fmt: skip
def test_a_team_rule_about_teams_and_queues_that_are_there(rule, path, allowed, hint):
    where, line, _, may, told_hint = only(with_router(f"team_rules: [{rule}]"))
    assert (where, line) == (f"router.team_rules[0].{path}", LAST + 2)
    assert (may, told_hint) == (allowed, hint)


def test_a_name_of_a_team_rule_stands_once():
    rule = "{id: a, team: blue, queues: [sales], serving_max: 1}"
    path, _, found, _, _ = only(with_router(f"team_rules: [{rule}, {rule}]"))
    assert (path, found) == ("router.team_rules[1].id", "'a' a second time")


@pytest.mark.parametrize("name", ["Europe/Berln", "''", "../etc", "Europe", "CEST+1"])
def test_a_time_zone_that_nobody_knows(name):
    path, line, found, allowed, _ = only(with_router(f"timezone: {name}"))
    assert (path, line) == ("router.timezone", LAST + 2)
    assert name.strip("'") in found
    assert "IANA" in allowed


def test_a_shift_lasts():
    shift = '{days: [mon], begin: "09:00", end: "09:00"}'
    text = BASE.replace("    team: blue\n", f"    team: blue\n    shifts: [{shift}]\n")
    path, _, found, _, _ = only(text)
    assert path == "agents[1].shifts[0].end"
    assert found == "09:00, which is also begin"
    assert mistakes(text.replace('end: "09:00"', 'end: "08:59"')) == [], "until the next day"


def test_a_channel_does_not_exclude_itself():
    path, _, found, allowed, _ = only(with_router("exclusions: [[voice, chat], [mail, mail]]"))
    assert path == "router.exclusions[1]"
    assert (found, allowed) == ("mail and itself", "two channels")
    assert told(with_router("exclusions: [[voice, chat], [chat, voice]]")) == []
