"""The metrics of a node: every family there is, and how the figures of its parts become them.

Nothing here runs for a call. A part counts in plain integers; they are read when Prometheus
asks. Only what needs a distribution is observed as it happens (`server/measures.py`).

No label holds personal data, and every label's values come from the configuration, from an
enumeration or from a list here, so that nobody outside can make new time series.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

import structlog
from prometheus_client import (
    CollectorRegistry,
    GCCollector,
    PlatformCollector,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
)
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Family:
    """One metric with all its label values.

    Attributes:
        name: Without the "_total" that Prometheus' form adds to counters.
        meaning: One sentence; docs/metrics.md and the HELP line are made of it.
    """

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    meaning: str
    labels: tuple[str, ...] = ()


class Buckets(NamedTuple):
    """A distribution as a part counts it.

    Attributes:
        rows: Upper edge and how many values lie within it, rising, cumulative; the last
            edge is infinite.
        total: Sum of all values.
    """

    rows: Sequence[tuple[float, int]]
    total: float


class Figure(NamedTuple):
    """One value of one family."""

    family: str
    value: float | Buckets
    labels: tuple[str, ...] = ()


FigureSource = Callable[[], Iterable[Figure]]

_READ: Final = (
    Family("warmline_ready", "gauge", "1 when new calls are taken, else 0."),
    Family("warmline_draining", "gauge", "1 while running calls end and no new ones begin."),
    Family("warmline_build_info", "gauge", "Always 1; the version is a label.", ("version",)),
    Family(
        "warmline_scrape_failures",
        "counter",
        "Parts whose figures could not be read when Prometheus asked.",
        ("part",),
    ),
    Family("warmline_event_loop_lag_worst_seconds", "gauge", "Worst lag since the last scrape."),
    # Queues and agents
    Family("warmline_queue_waiting", "gauge", "Contacts that wait.", ("queue",)),
    Family("warmline_queue_offered", "gauge", "Contacts being offered to an agent.", ("queue",)),
    Family("warmline_queue_connected", "gauge", "Contacts being served.", ("queue",)),
    Family("warmline_queue_longest_wait_seconds", "gauge", "Of those waiting.", ("queue",)),
    Family("warmline_queue_agents_eligible", "gauge", "Agents with the skills.", ("queue",)),
    Family("warmline_queue_agents_ready", "gauge", "Of those, ready.", ("queue",)),
    Family(
        "warmline_queue_service_level_ratio",
        "gauge",
        "Answered within the target / answered; absent before the first answer.",
        ("queue",),
    ),
    Family("warmline_agents", "gauge", "Agents by state.", ("state",)),
    Family("warmline_agents_reachable", "gauge", "Agents whose telephone is registered."),
    Family(
        "warmline_assignments",
        "counter",
        "Assignments: the optimum, or perhaps a little short of it.",
        ("solution",),
    ),
    Family("warmline_assignment_seconds", "counter", "Time spent assigning."),
    Family("warmline_assignment_seconds_max", "gauge", "Longest assignment so far."),
    Family("warmline_contacts_turned_away", "counter", "Contacts refused by a full queue."),
    Family("warmline_contacts_overflowed", "counter", "Contacts that went on to another queue."),
    Family(
        "warmline_router_commands_failed",
        "counter",
        "Commands of the router that call control raised an error for.",
    ),
    # Calls and cells
    Family("warmline_calls_running", "gauge", "Running calls.", ("queue",)),
    Family("warmline_legs", "gauge", "Legs of running calls.", ("role", "state")),
    Family("warmline_cells", "gauge", "Cells by what they do.", ("state",)),
    Family("warmline_cells_max", "gauge", "cells.max of the configuration."),
    Family("warmline_cells_started", "counter", "Cells forked."),
    Family("warmline_cells_used_again", "counter", "Contacts given to a cell after its first."),
    Family("warmline_cells_crashed", "counter", "Cells that ended without being told to."),
    Family("warmline_calls_overload", "counter", "Calls refused with too many on their way."),
    Family("warmline_keys_dropped", "counter", "Keys and holds over the limit of a call."),
    Family("warmline_cells_refused", "counter", "Calls for which no cell was free."),
    Family("warmline_cells_killed", "counter", "Cells that the pool killed.", ("reason",)),
    Family("warmline_cell_private_bytes_max", "gauge", "Most private memory of a cell so far."),
    Family("warmline_cells_failed_starts", "counter", "Cells that ended while they started."),
    Family("warmline_zygote_restarts", "counter", "Zygotes started in place of a dead one."),
    Family("warmline_tap_frames_dropped", "counter", "Tap frames that cells could not send."),
    # Callbacks
    Family("warmline_callbacks_waiting", "gauge", "Who waits to be called back.", ("queue",)),
    Family(
        "warmline_callback_requests",
        "counter",
        "Callbacks asked for: kept, or why they were refused.",
        ("answer",),
    ),
    Family("warmline_callback_attempts", "counter", "Calls to customers by outcome.", ("outcome",)),
    # Edge
    Family("warmline_edge_admission", "counter", "Decisions on requests.", ("reason",)),
    Family("warmline_edge_answers", "counter", "Answers the edge gave itself.", ("status",)),
    Family("warmline_edge_registrations", "counter", "REGISTER by outcome.", ("outcome",)),
    Family("warmline_edge_events", "counter", "What else the edge counts, by name.", ("name",)),
    Family("warmline_edge_held", "gauge", "What the edge holds now, by kind.", ("kind",)),
    # Analysis
    Family("warmline_analysis_workers", "gauge", "Analysis workers by state.", ("state",)),
    Family("warmline_analysis_restarts", "counter", "Analysis workers that were started again."),
    Family("warmline_analysis_contacts", "gauge", "Contacts, assigned and heard.", ("state",)),
    Family("warmline_analysis_unheard_contacts", "counter", "Contacts whose worker ended."),
    Family("warmline_analysis_windows", "counter", "Windows of speech judged for emotion."),
    Family("warmline_analysis_waiting_frames", "gauge", "Tap frames that wait to be heard."),
    Family("warmline_analysis_busy_ratio", "gauge", "Share of one core, by worker.", ("worker",)),
    Family("warmline_analysis_frames", "counter", "Tap frames by what became of them.", ("fate",)),
    Family("warmline_analysis_overrun_frames", "counter", "Tap frames dropped for being late."),
    Family(
        "warmline_analysis_refused",
        "counter",
        "Packets, connections and reports refused or dropped.",
        ("what",),
    ),
    Family(
        "warmline_analysis_latency_seconds",
        "histogram",
        "From the end of a tap frame until it was heard.",
    ),
    # Care
    Family(
        "warmline_care_windows",
        "counter",
        "Judged windows of customers' speech: taken, of a contact not watched, or too late.",
        ("fate",),
    ),
    Family(
        "warmline_care_contacts", "gauge", "Running contacts, watched and permitted.", ("kind",)
    ),
    Family("warmline_care_refused_contacts", "counter", "Contacts not watched for want of room."),
    Family(
        "warmline_care_memories_lost",
        "counter",
        "Things to remember of customers that were not stored or read.",
        ("why",),
    ),
    Family("warmline_alerts", "counter", "Alerts, by what became of them.", ("step",)),
    Family("warmline_alerts_open", "gauge", "Alerts that are not cleared."),
    Family(
        "warmline_alert_latency_seconds",
        "histogram",
        "From the end of the judged speech to the alert.",
    ),
    # Webhooks
    Family(
        "warmline_webhook_messages",
        "counter",
        "Messages for receivers elsewhere, by how they ended.",
        ("hook", "outcome"),
    ),
    Family(
        "warmline_webhook_attempts_failed", "counter", "Attempts not answered by 2xx.", ("hook",)
    ),
    Family("warmline_webhook_waiting_messages", "gauge", "Messages that wait.", ("hook",)),
    Family(
        "warmline_webhook_delivery_seconds",
        "histogram",
        "From an event to the answer that took it.",
        ("hook",),
    ),
    # Conversations and messengers
    Family(
        "warmline_conversations",
        "gauge",
        "Conversations that ask something of us, by where they stand.",
        ("state",),
    ),
    Family(
        "warmline_conversation_customers_present", "gauge", "Customers who are connected to write."
    ),
    Family("warmline_desks_connected", "gauge", "Connections of agents' desks."),
    Family(
        "warmline_conversation_records_waiting",
        "gauge",
        "Writes of contacts in writing on their way to the store.",
    ),
    Family(
        "warmline_conversation_records_dropped",
        "counter",
        "Writes of contacts in writing given up: the store failed for too long.",
    ),
    Family(
        "warmline_messenger_messages",
        "counter",
        "Messages of messengers, by what became of them.",
        ("messenger", "outcome"),
    ),
    # Chat
    Family("warmline_chat_connections", "gauge", "Customers' connections."),
    Family("warmline_chat_refused", "counter", "Connections and tickets refused.", ("why",)),
    Family("warmline_chat_closed", "counter", "Connections that we have closed.", ("code",)),
    Family("warmline_chat_messages", "counter", "Customers' messages that were committed."),
    Family("warmline_chat_duplicates", "counter", "Of them, sent again and stored before already."),
    Family("warmline_chat_errors", "counter", "Customers' messages not taken.", ("code",)),
    Family("warmline_chat_told", "counter", "Messages sent to customers' clients."),
    Family("warmline_chat_uploads", "counter", "Files of customers."),
    Family("warmline_chat_pushes", "counter", "App pushes, by what became of them.", ("outcome",)),
    # Mail
    Family(
        "warmline_mail_taken",
        "counter",
        "Mails stored, by the way they came and their mailbox.",
        ("way", "mailbox"),
    ),
    Family(
        "warmline_mail_outcomes", "counter", "What else became of mails that came.", ("outcome",)
    ),
    Family(
        "warmline_mail_quarantined",
        "counter",
        "Mails laid aside unread, by the rule that said so.",
        ("rule",),
    ),
    Family(
        "warmline_mail_turned_away", "counter", "Connections not served, by the limit.", ("limit",)
    ),
    Family(
        "warmline_mail_refused_recipients", "counter", "Recipients that are no mailbox of ours."
    ),
    Family("warmline_mail_connections", "gauge", "Connections open that bring mail."),
    Family(
        "warmline_mail_take_seconds", "histogram", "From the last byte of a mail to its answer."
    ),
    Family(
        "warmline_mail_sent",
        "counter",
        "Mails handed over, and tries that came to nothing.",
        ("outcome",),
    ),
    Family("warmline_mail_in_flight", "gauge", "Mails being handed over."),
    Family(
        "warmline_mail_way_seconds", "histogram", "From an agent's word to the next server's yes."
    ),
    Family(
        "warmline_mail_imap_fetched",
        "counter",
        "Mails fetched from mailboxes elsewhere.",
        ("account",),
    ),
    Family(
        "warmline_mail_imap_failures",
        "counter",
        "Connections to mailboxes elsewhere that broke.",
        ("account",),
    ),
    # Customers
    Family(
        "warmline_customers_loaded",
        "counter",
        "Contacts whose customer was looked for, by what came of it.",
        ("outcome",),
    ),
    Family("warmline_customer_lessons", "counter", "Changes of customers' summaries."),
    Family(
        "warmline_customer_lessons_failed",
        "counter",
        "Times that such changes were not written; they are tried again.",
    ),
    Family(
        "warmline_customer_events_passed_over",
        "counter",
        "Times that events were no longer kept when customers were to be learnt from.",
    ),
    Family(
        "warmline_customer_lookups",
        "counter",
        "Contacts about which another system was to be asked, by what came of it.",
        ("outcome",),
    ),
    Family(
        "warmline_customer_lookup_resting",
        "gauge",
        "1 while that system is left alone because it failed.",
    ),
    # Store and events
    Family("warmline_store_writes", "counter", "Writes by outcome.", ("outcome",)),
    Family("warmline_store_commits", "counter", "Transactions that carried the writes."),
    Family("warmline_store_waiting_writes", "gauge", "Writes that wait for their commit."),
    Family("warmline_records_lost", "counter", "Records that were never stored.", ("what",)),
    Family("warmline_events", "counter", "Events published."),
    Family("warmline_event_inbox_waiting", "gauge", "Events in a reader's inbox.", ("reader",)),
    Family(
        "warmline_event_inbox_lost", "counter", "Events a reader was too slow for.", ("reader",)
    ),
    # HTTP
    Family("warmline_http_requests", "counter", "Answers.", ("method", "route", "status")),
    Family(
        "warmline_http_request_seconds",
        "counter",
        "Time spent on requests, except WebSockets.",
        ("method", "route"),
    ),
    Family("warmline_http_refused", "counter", "Requests and connections refused.", ("why",)),
    Family("warmline_http_sources_forgotten", "counter", "Dropped from the table of wrong tokens."),
    Family("warmline_http_event_readers", "gauge", "WebSockets that follow the events."),
    Family("warmline_http_desks", "gauge", "WebSockets of agents' desks."),
    Family("warmline_http_events_sent", "counter", "Events written to WebSockets."),
    # Learning and suggestions
    Family("warmline_learning_outcomes", "counter", "Outcomes that were learnt from."),
    Family(
        "warmline_learning_compared",
        "gauge",
        "Outcomes of the last year that the effect of learning is measured by.",
        ("scheme",),
    ),
    Family(
        "warmline_learning_uplift",
        "gauge",
        "Good outcomes with learning less those without, -1 to 1, with the ends of its 95 %"
        " interval; absent as long as there are too few.",
        ("bound",),
    ),
    Family(
        "warmline_learning_failures",
        "counter",
        "Times it was not stored or taken up.",
        ("learner",),
    ),
    Family(
        "warmline_suggestions", "counter", "Contacts by what became of suggestions.", ("outcome",)
    ),
    Family("warmline_suggestion_steps", "counter", "Steps of histories that were learnt from."),
    Family("warmline_suggestion_failures", "counter", "Readings of histories that failed."),
    Family(
        "warmline_suggestion_gain_nats",
        "gauge",
        "What the model of needs knows beyond the most popular, nats a step.",
    ),
    Family("warmline_suggestion_proven", "gauge", "1 when that is more than chance, else 0."),
    Family(
        "warmline_suggestion_hits_ratio",
        "gauge",
        "Share of steps that were named first, of late.",
        ("by",),
    ),
    # Tickets
    Family(
        "warmline_tickets",
        "gauge",
        "Tickets that are not closed, as of the last half minute.",
        ("queue", "state"),
    ),
    Family(
        "warmline_tickets_overdue",
        "gauge",
        "Tickets whose due time has passed, as of the last half minute.",
        ("queue",),
    ),
    Family("warmline_tickets_opened", "counter", "Tickets opened, by why.", ("reason",)),
    Family(
        "warmline_tickets_undone",
        "counter",
        "Times that the store did not take what was to be done about tickets; it is tried again.",
    ),
    Family(
        "warmline_tickets_passed_over",
        "counter",
        "Events that nothing was done about: by mistake, or gone before they were read.",
        ("cause",),
    ),
)
FAMILIES: Final[Mapping[str, Family]] = {family.name: family for family in _READ}


class NodeCollector(Collector):
    """Reads the figures of every part when Prometheus asks."""

    def __init__(self, families: Mapping[str, Family] = FAMILIES) -> None:
        """Begin without parts."""
        self._families = families
        self._sources: dict[str, FigureSource] = {}
        self._failures: dict[str, int] = {}

    def add(self, part: str, source: FigureSource) -> None:
        """Read a part from now on.

        Args:
            part: Its name, once.
            source: Returns its figures at once, from the event loop's thread.
        """
        assert part not in self._sources, f"{part} is read twice"
        self._sources[part] = source
        self._failures[part] = 0

    def describe(self) -> Iterable[Metric]:
        """Return nothing, which keeps registering from reading the parts."""
        return []

    def collect(self) -> Iterable[Metric]:
        """Return every family that has a value now.

        A part that fails is left out, logged and counted; the others are shown.
        """
        metrics: dict[str, Metric] = {}
        for part, source in self._sources.items():
            try:
                figures = list(source())
                for figure in figures:
                    self._add(metrics, figure)
            except Exception:
                self._failures[part] += 1
                _log.exception("figures could not be read", part=part)
        for part, failures in self._failures.items():
            self._add(metrics, Figure("warmline_scrape_failures", failures, (part,)))
        return metrics.values()

    def _add(self, metrics: dict[str, Metric], figure: Figure) -> None:
        family = self._families[figure.family]
        assert len(figure.labels) == len(family.labels), figure
        metric = metrics.get(family.name)
        if metric is None:
            metric = metrics[family.name] = _metric(family)
        labels = list(figure.labels)
        value = figure.value
        if isinstance(metric, HistogramMetricFamily):
            assert isinstance(value, Buckets), figure
            rows = [(_edge(edge), float(within)) for edge, within in value.rows]
            metric.add_metric(labels, rows, value.total)
        else:
            assert isinstance(metric, CounterMetricFamily | GaugeMetricFamily)
            assert not isinstance(value, Buckets), figure
            metric.add_metric(labels, value)


def _metric(family: Family) -> Metric:
    if family.kind == "counter":
        return CounterMetricFamily(family.name, family.meaning, labels=family.labels)
    if family.kind == "gauge":
        return GaugeMetricFamily(family.name, family.meaning, labels=family.labels)
    return HistogramMetricFamily(family.name, family.meaning, labels=family.labels)


def _edge(edge: float) -> str:
    """Return an upper edge as Prometheus writes it."""
    return "+Inf" if edge == math.inf else repr(float(edge))


def new_registry() -> CollectorRegistry:
    """Return a registry with the figures of the process itself: processor, memory, files."""
    # A second series for each counter that tells when it began; nobody asks for it.
    disable_created_metrics()  # type: ignore[no-untyped-call]
    registry = CollectorRegistry(auto_describe=False)
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    GCCollector(registry=registry)
    return registry


def text_of(registry: CollectorRegistry) -> bytes:
    """Return everything in the Prometheus text format, version 0.0.4."""
    return generate_latest(registry)
