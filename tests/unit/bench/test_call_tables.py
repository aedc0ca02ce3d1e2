"""The tables of `bench calls` in a file, which is 100 columns wide."""

import io
import json
from dataclasses import asdict

import pytest
from rich.console import Console

from bench.call_figures import Crowd, Latency, Rate, Result
from bench.call_tables import tables
from bench.machine import MachineShare
from bench.streams import Arrival

MACHINE = MachineShare(idle_percent=12.3, stolen_percent=4.5)


def rate(per_s: float, *, failed: int = 0) -> Rate:
    return Rate(
        per_s=per_s,
        successful=1_200 - failed,
        failed=failed,
        answer=Latency.of([0.0101, 1.2345]),
        ring=Latency.of([0.0202, 2.3456]),
        cpu_ms_per_call={"node, main thread": 13.5, "node, other threads": 2.25, "cells": 16.0},
        machine=MACHINE,
    )


def crowd(calls: int, *, late: int = 0, alone: int = 0, buffer_mib: float = 16.0) -> Crowd:
    def arrival(late: int) -> Arrival:
        return Arrival(500, 1_234_567, 0, late, late * 1e6 / 1_234_567, 123.4)

    return Crowd(
        calls=calls,
        bridged=calls,
        server=arrival(late),
        control=arrival(7),
        clock=arrival(1),
        late_with_machine=0,
        late_with_control=late - alone,
        late_alone=alone,
        lost_here=0,
        tap_frames_dropped=0,
        cell=1.1,
        node=0.02,
        worker=0.3,
        rtp_peers=12.3,
        cell_private_mib=5.9,
        machine=MACHINE,
        peer_dropped=0,
        peer_buffer_mib=buffer_mib,
    )


def text(result: Result) -> str:
    console = Console(width=100, file=io.StringIO())
    for table in tables(result):
        console.print(table)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def cells(told: str, figure: str) -> list[str]:
    (line,) = [line for line in told.splitlines() if figure in line]
    return [cell.strip() for cell in line.strip("│ ").split("│")][1:]


def test_nothing_is_cut_with_every_rate_and_crowd() -> None:
    crowds = [crowd(calls, late=5_000, alone=1_000) for calls in (50, 100, 150, 200, 250)]
    told = text(Result(True, [rate(20), rate(40), rate(60)], crowds, Latency.of([0.02])))
    assert max(map(len, told.splitlines())) <= 100
    assert "…" not in told
    assert cells(told, "INVITE to 200 OK, p50 / p99 ms") == ["622.3 / 1222.3"] * 3
    assert cells(told, "not explained by the machine") == ["1,000"] * 5
    assert cells(told, "CPU ms per call: all") == ["31.75"] * 3
    assert cells(told, "packets heard") == ["1,234,567"] * 5


def test_what_was_reached_is_the_highest_that_was_clean() -> None:
    crowds = [crowd(50), crowd(100, late=3), crowd(150, late=3, alone=1)]
    told = text(Result(False, [rate(20), rate(40, failed=1)], crowds, None))
    assert cells(told, "without a failed call") == ["20", "40", "60"]
    assert cells(told, "no RTP lost, no gap over 40 ms") == ["50", "150", "250"]
    assert cells(told, "gaps that a control had too") == ["100", "150"]


@pytest.mark.parametrize(("buffer_mib", "session"), [(4.0, False), (16.0, True), (16.0, False)])
def test_what_spoils_figures_is_said(buffer_mib: float, session: bool) -> None:
    told = text(Result(session, [], [crowd(50, buffer_mib=buffer_mib)], None))
    assert ("receive buffers are below 8 MiB" in told) == (buffer_mib < 8)
    assert ("within this session" in told) == session


def test_nothing_measured_is_a_table_of_nothing() -> None:
    assert cells(text(Result(False)), "without a failed call") == ["0", "40", "60"]


def test_figures_are_one_json_object() -> None:
    result = Result(False, [rate(20)], [crowd(50)], Latency.of([0.02]))
    read = json.loads(json.dumps(asdict(result)))
    assert read["crowds"][0]["server"]["streams"] == 500
    assert read["rates"][0]["machine"]["stolen_percent"] == 4.5
