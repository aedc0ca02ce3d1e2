"""A report as a page of Markdown: `sim --markdown FILE`, docs/measure/simulator.md."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from router.simulation.compare import mean_of
from server.simulate.show import COLUMNS, cell

SIGNS: Final = {True: "better", False: "worse"}


def page(report: Mapping[str, Any], command: str, date: str) -> str:
    """Return the page.

    Args:
        report: As `router.simulation.compare.report` makes it, or read from its JSON.
        command: That made it.
        date: When.
    """
    return "\n".join(_lines(report, command, date)) + "\n"


def _lines(report: Mapping[str, Any], command: str, date: str) -> Iterator[str]:
    policies: Mapping[str, Any] = report["policies"]
    baseline = report["baseline"]
    yield "# Simulator"
    yield ""
    yield f"{date}, `{command}`"
    yield ""
    yield (
        f"Workload {report['workload']}, {report['seeds']} seeds from {report['first_seed']}; mean "
        "and half of the 95 % interval (Student's t over seeds). What is assumed of people stands "
        "in [the simulator](../simulator.md). Waits, service level and abandonment are those of "
        "calls and chats; messages and mails stand below."
    )
    yield ""
    yield f"| figure | {' | '.join(policies)} |"
    yield f"| --- |{' ---: |' * len(policies)}"
    for figure, words, unit, decimals, _ in COLUMNS:
        cells = [cell(figures, figure, decimals) for figures in policies.values()]
        if any(cells):
            yield f"| {words}{', ' + unit if unit else ''} | {' | '.join(cells)} |"
    yield from _differences(policies, baseline)
    yield from _channels(policies)


def _differences(policies: Mapping[str, Any], baseline: str) -> Iterator[str]:
    others = {name: figures for name, figures in policies.items() if "difference" in figures}
    if not others:
        return
    yield ""
    yield f"## Against {baseline}"
    yield ""
    yield (
        "Differences in pairs: every policy was played with the same customers. A word stands "
        "beside a difference whose interval leaves out 0."
    )
    yield ""
    yield f"| figure | {' | '.join(others)} |"
    yield f"| --- |{' ---: |' * len(others)}"
    for figure, words, unit, decimals, direction in COLUMNS:
        cells = [
            _difference(figures["difference"], policies[baseline], figure, decimals, direction)
            for figures in others.values()
        ]
        if any(cells):
            yield f"| {words}{', ' + unit if unit else ''} | {' | '.join(cells)} |"


def _difference(
    figures: Mapping[str, Any],
    baseline: Mapping[str, Any],
    figure: str,
    decimals: int,
    direction: int,
) -> str:
    found, base = mean_of(figures, figure), mean_of(baseline, figure)
    if found is None or base is None:
        return ""
    mean, low, high = found
    text = f"{mean:+.{decimals}f} ± {(high - low) / 2:.{decimals}f}"
    if base[0]:
        text += f" ({100 * mean / base[0]:+.1f} %)"
    if direction and (low > 0 or high < 0):
        text += f" {SIGNS[mean * direction > 0]}"
    return text


def _channels(policies: Mapping[str, Any]) -> Iterator[str]:
    channels = {name for figures in policies.values() for name in figures.get("channels", {})}
    if not channels:
        return
    yield ""
    yield "## By channel"
    yield ""
    yield "| channel | policy | answer, s | p95 wait, s | abandoned, % | resolved first, % |"
    yield "| --- | --- | ---: | ---: | ---: | ---: |"
    for channel in sorted(channels):
        for name, figures in policies.items():
            row = figures["channels"].get(channel, {})
            cells = [
                cell(row, "asa_s", 1),
                cell(row, "p95_wait_s", 0),
                cell(row, "abandon_pct", 2),
                cell(row, "resolution_pct", 2),
            ]
            yield f"| {channel} | {name} | {' | '.join(cells)} |"
