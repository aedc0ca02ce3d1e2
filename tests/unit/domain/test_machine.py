"""What holds of every state machine: its table, and that what is not in it is illegal."""

import itertools
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import pytest

from domain import agent, contact, offer, ticket
from domain.errors import IllegalTransition
from domain.machine import step
from pbx import cell_process


@dataclass(frozen=True)
class Machine:
    table: Mapping[Any, StrEnum]
    states: type[StrEnum]
    triggers: type[StrEnum]
    first: StrEnum
    final: Collection[StrEnum]


MACHINES = {
    "contact": Machine(
        contact.TRANSITIONS,
        contact.ContactState,
        contact.ContactTrigger,
        contact.ContactState.ARRIVED,
        {contact.ContactState.CLOSED},
    ),
    "agent": Machine(
        agent.TRANSITIONS,
        agent.AgentState,
        agent.AgentTrigger,
        agent.AgentState.LOGGED_OUT,
        set(),
    ),
    "offer": Machine(
        offer.TRANSITIONS,
        offer.OfferState,
        offer.OfferTrigger,
        offer.OfferState.PENDING,
        set(offer.OfferState) - {offer.OfferState.PENDING},
    ),
    "ticket": Machine(
        ticket.TRANSITIONS,
        ticket.TicketState,
        ticket.TicketTrigger,
        ticket.TicketState.NEW,
        {ticket.TicketState.CLOSED},
    ),
    "cell": Machine(
        cell_process.TRANSITIONS,
        cell_process.CellState,
        cell_process.CellTrigger,
        cell_process.CellState.STARTING,
        {cell_process.CellState.GONE},
    ),
}


@pytest.fixture(params=MACHINES)
def machine(request: pytest.FixtureRequest) -> Machine:
    return MACHINES[request.param]


def test_every_pair_is_a_listed_step_or_illegal(machine: Machine) -> None:
    for state, trigger in itertools.product(machine.states, machine.triggers):
        if (state, trigger) in machine.table:
            assert step(machine.table, state, trigger) is machine.table[state, trigger]
        else:
            with pytest.raises(IllegalTransition):
                step(machine.table, state, trigger)


def test_the_table_speaks_of_its_own_states_and_triggers(machine: Machine) -> None:
    for (state, trigger), after in machine.table.items():
        assert state in machine.states
        assert trigger in machine.triggers
        assert after in machine.states
    assert {trigger for _, trigger in machine.table} == set(machine.triggers)


def test_every_state_can_be_reached(machine: Machine) -> None:
    reached = {machine.first}
    for _ in machine.states:
        reached |= {after for (state, _), after in machine.table.items() if state in reached}
    assert reached == set(machine.states)


def test_what_is_final_has_no_way_out_and_all_else_has(machine: Machine) -> None:
    assert set(machine.states) - {state for state, _ in machine.table} == set(machine.final)


def test_an_illegal_step_names_machine_state_and_trigger() -> None:
    with pytest.raises(IllegalTransition) as caught:
        step(offer.TRANSITIONS, offer.OfferState.EXPIRED, offer.OfferTrigger.ACCEPT)
    assert str(caught.value) == "OfferState: no step 'accept' from state 'expired'"
    assert (caught.value.machine, caught.value.state) == ("OfferState", "expired")
    assert caught.value.trigger == "accept"
