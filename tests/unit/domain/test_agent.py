import pytest

from domain.agent import AgentState, AgentTrigger, next_agent_state
from domain.errors import IllegalTransition


@pytest.mark.parametrize(
    ("state", "trigger", "after"),
    [
        (AgentState.LOGGED_OUT, AgentTrigger.READY, AgentState.READY),
        (AgentState.READY, AgentTrigger.RESERVE, AgentState.BUSY),
        (AgentState.BUSY, AgentTrigger.MISS, AgentState.NOT_READY),
        (AgentState.BUSY, AgentTrigger.END, AgentState.WRAP_UP),
        (AgentState.WRAP_UP, AgentTrigger.WRAPPED_UP, AgentState.READY),
    ],
)
def test_the_day_of_an_agent(state: AgentState, trigger: AgentTrigger, after: AgentState) -> None:
    assert next_agent_state(state, trigger) is after


@pytest.mark.parametrize("state", sorted(set(AgentState) - {AgentState.READY}))
def test_only_who_is_ready_can_be_offered_a_contact(state: AgentState) -> None:
    with pytest.raises(IllegalTransition):
        next_agent_state(state, AgentTrigger.RESERVE)


@pytest.mark.parametrize(
    "wish", [AgentTrigger.READY, AgentTrigger.NOT_READY, AgentTrigger.LOG_OUT, AgentTrigger.LOG_IN]
)
def test_who_is_busy_can_only_wish(wish: AgentTrigger) -> None:
    with pytest.raises(IllegalTransition, match="'busy'"):
        next_agent_state(AgentState.BUSY, wish)
