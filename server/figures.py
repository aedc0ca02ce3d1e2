"""How the figures of each part become figures of the metrics' families.

A part's figures are plain numbers in a dataclass of its own; which metric each of them is
stands here and nowhere else.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from bus.local import LocalBus
from care.figures import CareFigures
from channels.chat.figures import ChatFigures
from channels.http.figures import HttpFigures
from channels.lookup.figures import LookupFigures
from channels.webhooks.figures import WebhookFigures
from customers.figures import CustomerFigures
from domain.agent import AgentState
from domain.callback import CallbackOutcome, CallbackRefusal
from domain.ports import AgentDesk, CallDesk
from media.figures import HearingFigures
from pbx.call_control import CallControl
from pbx.callback_desk import CallbackDesk
from pbx.cells import PoolFigures
from pbx.edge.edge import EdgeFigures
from router.service import RouterFigures
from server.metrics import Buckets, Figure, FigureSource
from store.writer import WriterFigures

Row = tuple[str, str, tuple[str, ...]]
"""A field of a dataclass, the family that it is a figure of, and its labels. A field that is
a mapping has its keys as the last label."""


def rows_of(figures: object, rows: Sequence[Row]) -> Iterable[Figure]:
    """Return a dataclass' fields as figures.

    Args:
        figures: The dataclass.
        rows: Which field is a figure of which family.
    """
    for name, family, labels in rows:
        value: Any = getattr(figures, name)
        if isinstance(value, Mapping):
            for key in sorted(value, key=str):
                yield Figure(family, value[key], (*labels, str(key)))
        else:
            yield Figure(family, value, labels)


def desk_figures(desk: AgentDesk) -> FigureSource:
    """Return how queues and agents stand."""

    def read() -> Iterable[Figure]:
        for view in desk.queues():
            queue = (view.queue_id,)
            yield Figure("warmline_queue_waiting", view.waiting, queue)
            yield Figure("warmline_queue_offered", view.offered, queue)
            yield Figure("warmline_queue_connected", view.connected, queue)
            yield Figure("warmline_queue_longest_wait_seconds", view.longest_wait_s, queue)
            yield Figure("warmline_queue_agents_eligible", view.agents_eligible, queue)
            yield Figure("warmline_queue_agents_ready", view.agents_ready, queue)
            if view.service_level is not None:
                yield Figure("warmline_queue_service_level_ratio", view.service_level, queue)
        agents = desk.agents()
        states = Counter(view.state for view in agents)
        for state in AgentState:
            yield Figure("warmline_agents", states[state], (state.value,))
        yield Figure("warmline_agents_reachable", sum(view.reachable for view in agents))

    return read


def control_figures(control: CallControl) -> FigureSource:
    """Return what call control had to refuse."""

    def read() -> Iterable[Figure]:
        yield Figure("warmline_calls_overload", control.overloads)
        yield Figure("warmline_keys_dropped", control.keys_dropped)

    return read


def callback_figures(desk: CallbackDesk) -> FigureSource:
    """Return who waits to be called back, and what came of it."""

    def read() -> Iterable[Figure]:
        for queue_id, callbacks in sorted(desk.waiting().items()):
            yield Figure("warmline_callbacks_waiting", callbacks, (queue_id,))
        for answer in ("kept", *CallbackRefusal):
            yield Figure("warmline_callback_requests", desk.requests[answer], (str(answer),))
        for outcome in CallbackOutcome:
            yield Figure("warmline_callback_attempts", desk.attempts[outcome], (str(outcome),))

    return read


def call_figures(desk: CallDesk, queue_ids: Callable[[], Iterable[str]]) -> FigureSource:
    """Return what calls run.

    Args:
        desk: Call control.
        queue_ids: Of all queues, so that a queue without a call shows 0.
    """

    def read() -> Iterable[Figure]:
        views = desk.calls()
        running = Counter(dict.fromkeys(queue_ids(), 0))
        running.update(view.queue_id for view in views)
        for queue_id, calls in sorted(running.items()):
            yield Figure("warmline_calls_running", calls, (queue_id,))
        legs = Counter((leg.role.value, leg.state.value) for view in views for leg in view.legs)
        for labels, number in sorted(legs.items()):
            yield Figure("warmline_legs", number, labels)

    return read


_ROUTER: Final[Sequence[Row]] = (
    ("exact", "warmline_assignments", ("exact",)),
    ("inexact", "warmline_assignments", ("inexact",)),
    ("assign_s", "warmline_assignment_seconds", ()),
    ("assign_s_max", "warmline_assignment_seconds_max", ()),
    ("refused", "warmline_contacts_turned_away", ()),
    ("overflowed", "warmline_contacts_overflowed", ()),
    ("desk_failures", "warmline_router_commands_failed", ()),
)


def router_figures(read_router: Callable[[], RouterFigures]) -> FigureSource:
    """Return how the router does."""
    return lambda: rows_of(read_router(), _ROUTER)


_CELLS: Final[Sequence[Row]] = (
    ("starting", "warmline_cells", ("starting",)),
    ("warm", "warmline_cells", ("warm",)),
    ("serving", "warmline_cells", ("serving",)),
    ("resting", "warmline_cells", ("resting",)),
    ("leaving", "warmline_cells", ("leaving",)),
    ("cells_max", "warmline_cells_max", ()),
    ("started", "warmline_cells_started", ()),
    ("crashed", "warmline_cells_crashed", ()),
    ("killed", "warmline_cells_killed", ()),
    ("used_again", "warmline_cells_used_again", ()),
    ("refused", "warmline_cells_refused", ()),
    ("failed_starts", "warmline_cells_failed_starts", ()),
    ("zygote_restarts", "warmline_zygote_restarts", ()),
    ("taps_dropped", "warmline_tap_frames_dropped", ()),
)


def cell_figures(read_pool: Callable[[], PoolFigures]) -> FigureSource:
    """Return how the pool of cells stands."""

    def read() -> Iterable[Figure]:
        figures = read_pool()
        yield from rows_of(figures, _CELLS)
        yield Figure("warmline_cell_private_bytes_max", figures.private_kib_max * 1024)

    return read


_EDGE: Final[Sequence[Row]] = (
    ("invites", "warmline_edge_held", ("invites",)),
    ("dialogs", "warmline_edge_held", ("dialogs",)),
    ("hops", "warmline_edge_held", ("hops",)),
    ("partings", "warmline_edge_held", ("partings",)),
    ("cells", "warmline_edge_held", ("cells",)),
    ("timers", "warmline_edge_held", ("timers",)),
)
_EDGE_HELD: Final = {
    "registrar_bindings": "bindings",
    "registrar_agents_reachable": "agents_reachable",
}
"""Among the edge's counters these two are what there is now."""
_EDGE_PREFIXES: Final = (
    ("answered_", "warmline_edge_answers"),
    ("admission_", "warmline_edge_admission"),
    ("registrar_", "warmline_edge_registrations"),
)


def edge_figures(read_edge: Callable[[], EdgeFigures]) -> FigureSource:
    """Return what the edge holds and has counted."""

    def read() -> Iterable[Figure]:
        figures = read_edge()
        yield Figure("warmline_edge_held", figures.placing, ("placing",))
        yield Figure("warmline_edge_held", figures.connections, ("connections",))
        yield from rows_of(figures.core, _EDGE)
        counted = Counter(figures.core.counted)
        counted.update(figures.counted)
        for name, number in sorted(counted.items()):
            yield _edge_figure(name, number)

    return read


def _edge_figure(name: str, number: int) -> Figure:
    held = _EDGE_HELD.get(name)
    if held is not None:
        return Figure("warmline_edge_held", number, (held,))
    for prefix, family in _EDGE_PREFIXES:
        if name.startswith(prefix):
            return Figure(family, number, (name.removeprefix(prefix),))
    return Figure("warmline_edge_events", number, (name,))


_HEARING: Final[Sequence[Row]] = (
    ("workers", "warmline_analysis_workers", ("configured",)),
    ("workers_ready", "warmline_analysis_workers", ("ready",)),
    ("restarts", "warmline_analysis_restarts", ()),
    ("contacts_assigned", "warmline_analysis_contacts", ("assigned",)),
    ("contacts_heard", "warmline_analysis_contacts", ("heard",)),
    ("contacts_unheard", "warmline_analysis_unheard_contacts", ()),
    ("waiting", "warmline_analysis_waiting_frames", ()),
    ("windows", "warmline_analysis_windows", ()),
    ("frames", "warmline_analysis_frames", ("heard",)),
    ("lost", "warmline_analysis_frames", ("lost",)),
    ("overrun", "warmline_analysis_overrun_frames", ()),
    ("misplaced", "warmline_analysis_refused", ("frame",)),
    ("packets_refused", "warmline_analysis_refused", ("packet",)),
    ("connections_refused", "warmline_analysis_refused", ("connection",)),
    ("reports_dropped", "warmline_analysis_refused", ("report",)),
    ("assignments_refused", "warmline_analysis_refused", ("contact",)),
)


def hearing_figures(read_hearing: Callable[[], HearingFigures]) -> FigureSource:
    """Return how the analysis workers stand."""

    def read() -> Iterable[Figure]:
        figures = read_hearing()
        yield from rows_of(figures, _HEARING)
        for number, share in enumerate(figures.busy_shares):
            yield Figure("warmline_analysis_busy_ratio", share, (str(number),))
        if figures.latency_buckets:
            latency = Buckets(figures.latency_buckets, figures.latency_sum_s)
            yield Figure("warmline_analysis_latency_seconds", latency)

    return read


_CARE: Final[Sequence[Row]] = (
    ("windows", "warmline_care_windows", ("taken",)),
    ("unknown", "warmline_care_windows", ("not_watched",)),
    ("late", "warmline_care_windows", ("late",)),
    ("watched", "warmline_care_contacts", ("watched",)),
    ("permitted", "warmline_care_contacts", ("permitted",)),
    ("refused", "warmline_care_refused_contacts", ()),
    ("raised", "warmline_alerts", ("raised",)),
    ("acknowledged", "warmline_alerts", ("acknowledged",)),
    ("cleared", "warmline_alerts", ("cleared",)),
    ("open", "warmline_alerts_open", ()),
    ("dropped", "warmline_care_memories_lost", ("dropped",)),
    ("failed", "warmline_care_memories_lost", ("failed",)),
)


def care_figures(read_care: Callable[[], CareFigures]) -> FigureSource:
    """Return how customers' moods are followed and what alerts there were."""

    def read() -> Iterable[Figure]:
        figures = read_care()
        yield from rows_of(figures, _CARE)
        if figures.late_buckets:
            late = Buckets(figures.late_buckets, figures.late_sum_s)
            yield Figure("warmline_alert_latency_seconds", late)

    return read


def webhook_figures(read_webhooks: Callable[[], Iterable[WebhookFigures]]) -> FigureSource:
    """Return what webhooks have sent."""

    def read() -> Iterable[Figure]:
        for figures in read_webhooks():
            hook = (figures.hook_id,)
            for name in ("delivered", "given_up", "dropped"):
                yield Figure("warmline_webhook_messages", getattr(figures, name), (*hook, name))
            yield Figure("warmline_webhook_attempts_failed", figures.failed, hook)
            yield Figure("warmline_webhook_waiting_messages", figures.waiting, hook)
            seconds = Buckets(figures.seconds.rows(), figures.seconds.total)
            yield Figure("warmline_webhook_delivery_seconds", seconds, hook)

    return read


def chat_figures(figures: ChatFigures) -> FigureSource:
    """Return who is connected to the chat, and what was written."""

    def read() -> Iterable[Figure]:
        yield Figure("warmline_chat_connections", figures.connections)
        for name in ("messages", "duplicates", "told", "uploads"):
            yield Figure(f"warmline_chat_{name}", getattr(figures, name))
        for name in ("refused", "closed", "errors", "pushes"):
            for label, number in sorted(getattr(figures, name).items()):
                yield Figure(f"warmline_chat_{name}", number, (str(label),))

    return read


def customer_figures(figures: CustomerFigures, lookup: LookupFigures | None) -> FigureSource:
    """Return how customers are recognised, learnt from and asked for.

    Args:
        figures: Of this node's own knowledge.
        lookup: Of the other system; None: none is asked.
    """

    def read() -> Iterable[Figure]:
        for outcome, number in sorted(figures.loads.items()):
            yield Figure("warmline_customers_loaded", number, (outcome,))
        yield Figure("warmline_customer_lessons", figures.learnt)
        yield Figure("warmline_customer_lessons_failed", figures.unlearnt)
        yield Figure("warmline_customer_events_passed_over", figures.passed_over)
        if lookup is not None:
            for outcome, number in sorted(lookup.asked.items()):
                yield Figure("warmline_customer_lookups", number, (outcome,))
            yield Figure("warmline_customer_lookup_resting", lookup.resting)

    return read


_STORE: Final[Sequence[Row]] = (
    ("written", "warmline_store_writes", ("written",)),
    ("failed", "warmline_store_writes", ("failed",)),
    ("refused", "warmline_store_writes", ("refused",)),
    ("commits", "warmline_store_commits", ()),
    ("waiting", "warmline_store_waiting_writes", ()),
)


def record_figures(lost: Mapping[str, Callable[[], int]]) -> FigureSource:
    """Return what was never stored.

    Args:
        lost: By what it is, "events" or "speech".
    """
    return lambda: [Figure("warmline_records_lost", read(), (what,)) for what, read in lost.items()]


def store_figures(read_store: Callable[[], WriterFigures]) -> FigureSource:
    """Return what the store has written."""
    return lambda: rows_of(read_store(), _STORE)


def bus_figures(bus: LocalBus) -> FigureSource:
    """Return how many events there were, and how the readers keep up."""

    def read() -> Iterable[Figure]:
        yield Figure("warmline_events", bus.last - bus.first + 1)
        waiting: Counter[str] = Counter()
        lost: Counter[str] = Counter()
        for reader in bus.figures():
            # A name may stand for several readers; a label value only once for all.
            waiting[reader.name] += reader.waiting
            lost[reader.name] += reader.lost
        for name in sorted(waiting):
            yield Figure("warmline_event_inbox_waiting", waiting[name], (name,))
            yield Figure("warmline_event_inbox_lost", lost[name], (name,))

    return read


_HTTP: Final[Sequence[Row]] = (
    ("auth_failures", "warmline_http_refused", ("token",)),
    ("auth_refused", "warmline_http_refused", ("too_many_failures",)),
    ("bodies_refused", "warmline_http_refused", ("too_large",)),
    ("requests_timed_out", "warmline_http_refused", ("too_slow",)),
    ("connections_refused", "warmline_http_refused", ("too_many_connections",)),
    ("event_readers_refused", "warmline_http_refused", ("too_many_event_readers",)),
    ("event_readers_slow", "warmline_http_refused", ("slow_event_reader",)),
    ("uploads_refused", "warmline_http_refused", ("too_many_uploads",)),
    ("desks_refused", "warmline_http_refused", ("too_many_desks",)),
    ("desks_slow", "warmline_http_refused", ("slow_desk",)),
    ("desks", "warmline_http_desks", ()),
    ("auth_sources_forgotten", "warmline_http_sources_forgotten", ()),
    ("event_readers", "warmline_http_event_readers", ()),
    ("events_sent", "warmline_http_events_sent", ()),
)


def http_figures(figures: HttpFigures) -> FigureSource:
    """Return what the API has answered."""

    def read() -> Iterable[Figure]:
        for (method, route, status), number in sorted(figures.requests.items()):
            yield Figure("warmline_http_requests", number, (method, route, str(status)))
        for (method, route), seconds in sorted(figures.seconds.items()):
            yield Figure("warmline_http_request_seconds", seconds, (method, route))
        yield from rows_of(figures, _HTTP)

    return read
