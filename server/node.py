"""A node as it runs, what is shown of it, and whether it stands."""

from dataclasses import dataclass
from typing import Final

from bus.local import LocalBus
from care.service import CareService
from channels.http.access import ApiPorts
from channels.http.server import HttpServer
from channels.webhooks.service import Webhooks
from config.reload import Reloader
from config.schema import Configuration
from media.hearing import Hearing
from pbx.call_control import CallControl
from pbx.cells import CellPool
from pbx.edge.edge import Edge
from router.service import RouterService
from server import figures
from server.interval_recorder import IntervalRecorder
from server.journal import EventRecorder, JournalWriter
from server.observe import Observation
from server.speech_recorder import SpeechRecorder
from server.written import Written
from store.opening import Store

JOURNAL_LATE: Final = 5_000
"""Half of the journal's inbox: before events are lost no new calls are taken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Records:
    """Who records events, and who sends them on."""

    journal: JournalWriter
    decisions: EventRecorder
    intervals: IntervalRecorder
    webhooks: Webhooks


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """Everything that runs, joined."""

    configuration: Configuration
    store: Store
    bus: LocalBus
    router: RouterService
    hearing: Hearing
    care: CareService
    edge: Edge
    pool: CellPool
    control: CallControl
    http: HttpServer
    written: Written
    reloader: Reloader
    observation: Observation


def show(node: Node, ports: ApiPorts, records: Records, speech: SpeechRecorder) -> None:
    """Show how each part does, and ask each whether it stands."""
    metrics, readiness = node.observation.metrics, node.observation.readiness
    journal = records.journal
    metrics.add("desk", figures.desk_figures(node.router))
    metrics.add("router", figures.router_figures(node.router.figures))
    metrics.add(
        "calls",
        figures.call_figures(
            node.control, lambda: [queue.id for queue in node.reloader.in_force.queues]
        ),
    )
    metrics.add("control", figures.control_figures(node.control))
    if node.control.callback_desk is not None:
        metrics.add("callbacks", figures.callback_figures(node.control.callback_desk))
    metrics.add("cells", figures.cell_figures(node.pool.figures))
    metrics.add("hearing", figures.hearing_figures(node.hearing.figures))
    metrics.add("care", figures.care_figures(node.care.figures))
    metrics.add("store", figures.store_figures(node.store.database.figures))
    lost = {
        "events": lambda: journal.recorder.lost,
        "speech": lambda: speech.dropped,
        "calls": lambda: node.control.records_dropped,
        "decisions": lambda: records.decisions.lost,
        "figures": lambda: records.intervals.recorder.lost + records.intervals.dropped,
    }
    metrics.add("records", figures.record_figures(lost))
    metrics.add("edge", figures.edge_figures(node.edge.figures))
    metrics.add("bus", figures.bus_figures(node.bus))
    metrics.add("http", figures.http_figures(ports.figures))
    readiness.add("cells", lambda: _cells_ready(node.pool))
    readiness.add("edge", lambda: None if node.edge.listening else "no socket listens")
    readiness.add(
        "store",
        lambda: "events cannot be written" if journal.recorder.waiting > JOURNAL_LATE else None,
    )
    readiness.add("analysis", lambda: _analysis_ready(node.hearing, node.configuration))


def _cells_ready(pool: CellPool) -> str | None:
    now = pool.figures()
    busy = now.serving + now.leaving
    if now.warm or busy < now.cells_max:
        return None if now.warm or now.starting else "none is warm"
    return f"all {now.cells_max} are taken (cells.max)"


def _analysis_ready(hearing: Hearing, settings: Configuration) -> str | None:
    ready = hearing.figures().workers_ready
    if ready or not settings.analysis.workers:
        return None
    return f"none of {settings.analysis.workers} workers runs"
