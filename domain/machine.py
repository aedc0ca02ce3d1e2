"""How every state machine here takes a step: a table, and unlisted means illegal."""

from collections.abc import Mapping
from enum import StrEnum
from typing import TypeVar

from domain.errors import IllegalTransition

State = TypeVar("State", bound=StrEnum)
Trigger = TypeVar("Trigger", bound=StrEnum)


def step(
    transitions: Mapping[tuple[State, Trigger], State], state: State, trigger: Trigger
) -> State:
    """Return the state that `trigger` leads to from `state`.

    Raises:
        IllegalTransition: The table does not list that step.
    """
    try:
        return transitions[state, trigger]
    except KeyError:
        raise IllegalTransition(type(state).__name__, state.value, trigger.value) from None
