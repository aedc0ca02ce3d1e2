"""The demo's script against its recordings and the configuration it is played with."""

import wave
from ipaddress import ip_address, ip_network

import pytest

from config.disclosure import queues_that_tell
from config.load import load
from config.prompts.library import check_wav
from demo.command import CONFIGURATION
from demo.director import CALL_S_MAX, TRUNK_ADDRESS
from demo.effort import Effort
from demo.make_speech import EFFORTS, LINES, VOICES, effort_of
from demo.script import (
    AGENTS,
    ANGER_RULE,
    CALLS,
    JOURNEY_CALL,
    SLEEPER,
    SPEECH_FOLDER,
    WRITER,
    PlannedCall,
    seconds_of,
)
from domain.contact import Disposition


@pytest.fixture(scope="module")
def configuration():
    return load(CONFIGURATION, look_up_secrets=False).configuration


calls = pytest.mark.parametrize("call", [*CALLS, JOURNEY_CALL], ids=lambda call: call.name)


@pytest.mark.parametrize("name", sorted({name for call in CALLS for name in call.lines}))
def test_a_recording_is_there_and_can_be_played(name: str) -> None:
    assert 0.5 < check_wav(SPEECH_FOLDER / f"{name}.wav") < 15


def test_every_recording_is_said_and_can_be_made_again() -> None:
    recorded = {file.stem for file in SPEECH_FOLDER.glob("*.wav")}
    assert recorded == set(LINES)
    assert recorded == {name for call in CALLS for name in call.lines}
    assert {name.rpartition("-")[0] for name in LINES} <= set(VOICES)


@calls
def test_the_agent_speaks_first_and_then_each_in_turn(call: PlannedCall) -> None:
    speakers = [name.split("-")[1] for name in call.lines]
    assert speakers == ["agent", "customer"] * (len(call.lines) // 2)


@calls
def test_a_call_has_words_or_loses_its_patience(call: PlannedCall) -> None:
    assert call.ending in {each.value for each in Disposition}
    if call.ending == "abandoned":
        assert call.lines == ()
        assert call.patience_s > 0
    else:
        assert call.lines
        assert call.patience_s == 0


@calls
def test_a_number_that_is_dialled_leads_to_a_queue_in_that_language(
    call: PlannedCall, configuration
) -> None:
    (queue,) = [queue for queue in configuration.queues if call.dialled in queue.numbers]
    assert {name.split("-")[0] for name in call.lines} <= {queue.language}
    (trunk,) = configuration.trunks
    assert call.dialled in trunk.numbers


def test_callers_are_told_apart() -> None:
    everybody = (*CALLS, JOURNEY_CALL)
    assert len({call.name for call in everybody}) == len(everybody)
    assert len({call.number for call in everybody}) == len(everybody)
    assert [call.after_s for call in CALLS] == sorted(call.after_s for call in CALLS)


def test_no_number_belongs_to_anybody() -> None:
    # 555-0100 to 555-0199 are kept for fiction in North America.
    for call in (*CALLS, JOURNEY_CALL):
        assert "55501" in call.number


def test_the_agents_are_those_of_the_configuration(configuration) -> None:
    assert {agent.id: agent.extension for agent in configuration.agents} == AGENTS
    assert SLEEPER in AGENTS


def test_callers_come_from_where_the_configuration_expects_them(configuration) -> None:
    (trunk,) = configuration.trunks
    networks = [ip_network(str(address)) for address in trunk.addresses]
    assert any(ip_address(TRUNK_ADDRESS) in network for network in networks)


def test_there_is_time_for_all_of_it() -> None:
    spoken_s = sum(seconds_of(name) for call in CALLS for name in call.lines)
    assert spoken_s / (len(AGENTS) - len({WRITER})) < CALL_S_MAX / 2


def test_how_long_a_line_takes_is_known_without_playing_it() -> None:
    for name in LINES:
        with wave.open(str(SPEECH_FOLDER / f"{name}.wav")) as file:
            assert seconds_of(name) == pytest.approx(file.getnframes() / 8_000, abs=0.01)


def test_in_both_languages_somebody_grows_angry_and_somebody_stays_calm() -> None:
    for angry in (True, False):
        languages = {
            call.lines[0][:2] for call in CALLS if call.lines and call.grows_angry is angry
        }
        assert languages == {"en", "zh"}


@calls
def test_who_grows_angry_begins_calmly_and_only_he_gets_loud(call: PlannedCall) -> None:
    efforts = [effort_of(name) for name in call.lines[1::2]]
    if call.grows_angry:
        assert efforts == [Effort.NORMAL, Effort.RAISED, Effort.SHOUT, Effort.LOUD]
        assert 20 < sum(seconds_of(name) for name in call.lines[3::2]) < 30
    else:
        assert set(efforts) <= {Effort.NORMAL}


def test_every_line_of_another_effort_is_said() -> None:
    assert {f"{language}-{line}" for line in EFFORTS for language in ("en", "zh")} <= set(LINES)


def test_the_alert_that_must_rise_is_a_rule_and_every_caller_is_told_first(configuration) -> None:
    emotion = configuration.emotion
    assert emotion.enabled
    assert ANGER_RULE in {rule.id for rule in emotion.rules}
    for queue in queues_that_tell(configuration):
        assert queue.prompts.disclosure == "disclosure-emotion"


def test_who_loses_his_patience_finds_no_agent_free() -> None:
    # A Chinese caller is queued a second later than his call suggests: his prompts are longer.
    for place, call in enumerate(CALLS):
        if call.ending == "abandoned":
            before = [each for each in CALLS[:place] if each.after_s + 1.0 <= call.after_s]
            assert len(before) > len(AGENTS) - len({WRITER})


def test_who_writes_is_served_by_one_agent_who_takes_no_other_calls(configuration) -> None:
    (queue,) = [queue for queue in configuration.queues if JOURNEY_CALL.dialled in queue.numbers]
    able = {
        agent.id: [
            each.id for each in configuration.queues if each.skills.keys() <= agent.skills.keys()
        ]
        for agent in configuration.agents
    }
    assert able.pop(WRITER) == [queue.id]
    assert queue.id not in {each for queues in able.values() for each in queues}
    assert [widget.queue_id for widget in configuration.chat.widgets] == [queue.id]
    assert [box.queue for box in configuration.mail.boxes] == [queue.id]


def test_who_grows_angry_calls_first_for_his_call_is_long() -> None:
    angry = [call.grows_angry for call in CALLS]
    assert angry == sorted(angry, reverse=True)
