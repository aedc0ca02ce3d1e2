import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import MISSING, fields
from types import SimpleNamespace
from typing import Any, cast

from bus.local import LocalBus
from care.figures import CareFigures, LateHistogram
from channels.chat.figures import ChatFigures
from channels.http.figures import HttpFigures
from channels.lookup.figures import LookupFigures
from channels.mail.figures import MailFigures
from channels.messenger.figures import MessengerFigures
from channels.webhooks.figures import WebhookFigures
from config.routing import Learning
from conversations.figures import ConversationFigures
from customers.figures import CustomerFigures
from domain.agent import AgentState
from domain.decision import Scheme
from domain.events import CellStarted
from media.figures import HearingFigures
from pbx.call_control import CallControl
from pbx.callback_desk import CallbackDesk
from pbx.cells import PoolFigures
from pbx.edge.edge import EdgeFigures
from pbx.edge.proxy import CoreFigures
from router.learning.model import OutcomeModel
from router.prediction.service import SuggestionFigures
from router.service import RouterFigures
from server import figures
from server.learning_figures import learning_figures, suggestion_figures
from server.mail_figures import mail_figures
from server.metrics import FAMILIES, Buckets, Figure, FigureSource, NodeCollector
from server.tickets import ticket_figures
from server.written_figures import conversation_figures, messenger_figures
from store.writer import WriterFigures
from tests.unit.channels.http.fakes import FakeAgents, FakeCalls, FakeClock
from tickets.figures import TicketFigures


def filled(kind: Any, **known: Any) -> Any:
    """Return a dataclass of figures with 0 in every field that is not given."""
    names = [field.name for field in fields(kind) if field.default is MISSING]
    return kind(**{**dict.fromkeys(names, 0), **known})


CHAT = ChatFigures(
    refused=Counter(origin=1),
    closed=Counter({4430: 1}),
    errors=Counter(rate=1),
    pushes=Counter(taken=1),
)
POOL = filled(
    PoolFigures,
    warm=8,
    crashed=1,
    killed={"memory": 1},
    private_kib_max=5_000,
)
CALLBACKS = cast(
    CallbackDesk,
    SimpleNamespace(
        waiting=lambda: {"support": 2, "billing": 0},
        requests=Counter({"kept": 4, "hidden": 1}),
        attempts=Counter({"no_answer": 3}),
    ),
)
HEARING = HearingFigures(
    workers=2,
    workers_ready=1,
    restarts=3,
    contacts_heard=7,
    frames=100,
    lost=2,
    busy_shares=(0.25, 0.5),
    latency_buckets=((0.03, 90), (math.inf, 100)),
    latency_sum_s=2.5,
)
ROUTER = RouterFigures(
    refused=3,
    overflowed=4,
    assignments=9,
    inexact=2,
    assign_s=0.5,
    assign_s_max=0.25,
    desk_failures=1,
)
EDGE = filled(
    EdgeFigures,
    placing=1,
    connections=2,
    core=filled(
        CoreFigures,
        invites=3,
        dialogs=4,
        hops=5,
        partings=6,
        cells=7,
        timers=8,
        counted={
            "answered_486": 9,
            "admission_scanner": 10,
            "registrar_registered": 11,
            "registrar_bindings": 12,
            "registrar_agents_reachable": 13,
            "malformed": 14,
        },
    ),
    counted={"too_large": 15, "malformed": 1},
)


def found(source: FigureSource) -> dict[tuple[str, ...], float | Buckets]:
    """Return every figure by family and labels; each must fit its family, and come once."""
    made: dict[tuple[str, ...], float | Buckets] = {}
    for figure in source():
        assert len(figure.labels) == len(FAMILIES[figure.family].labels), figure
        key = (figure.family, *figure.labels)
        assert key not in made
        made[key] = figure.value
    return made


def test_queues_and_agents() -> None:
    desk = FakeAgents()
    made = found(figures.desk_figures(desk))
    assert made["warmline_queue_waiting", "support"] == 2
    assert made["warmline_queue_service_level_ratio", "billing"] == 0.9
    assert made["warmline_agents", "ready"] == 1
    assert made["warmline_agents", "wrap_up"] == 0
    assert {key[1] for key in made if key[0] == "warmline_agents"} == set(AgentState)
    assert made["warmline_agents_reachable",] == 2


def test_callbacks() -> None:
    made = found(figures.callback_figures(CALLBACKS))
    assert made["warmline_callbacks_waiting", "support"] == 2
    assert made["warmline_callback_requests", "kept"] == 4
    assert made["warmline_callback_requests", "hidden"] == 1
    assert made["warmline_callback_requests", "number"] == 0
    assert made["warmline_callback_attempts", "no_answer"] == 3
    assert made["warmline_callback_attempts", "answered"] == 0


def test_router() -> None:
    made = found(figures.router_figures(lambda: ROUTER))
    assert made["warmline_assignments", "exact"] == 7
    assert made["warmline_assignments", "inexact"] == 2
    assert made["warmline_assignment_seconds",] == 0.5
    assert made["warmline_assignment_seconds_max",] == 0.25
    assert made["warmline_contacts_turned_away",] == 3
    assert made["warmline_contacts_overflowed",] == 4
    assert made["warmline_router_commands_failed",] == 1


def test_calls() -> None:
    made = found(figures.call_figures(FakeCalls(), lambda: ["support", "billing"]))
    assert made["warmline_calls_running", "support"] == 1
    assert made["warmline_calls_running", "billing"] == 0
    assert made["warmline_legs", "customer", "answered"] == 1


def test_cells() -> None:
    made = found(figures.cell_figures(lambda: POOL))
    assert made["warmline_cells", "warm"] == 8
    assert made["warmline_cells_crashed",] == 1
    assert made["warmline_cells_killed", "memory"] == 1
    assert made["warmline_cell_private_bytes_max",] == 5_000 * 1_024


def test_hearing() -> None:
    made = found(figures.hearing_figures(lambda: HEARING))
    assert made["warmline_analysis_workers", "ready"] == 1
    assert made["warmline_analysis_busy_ratio", "1"] == 0.5
    assert made["warmline_analysis_frames", "lost"] == 2
    assert made["warmline_analysis_latency_seconds",] == Buckets(HEARING.latency_buckets, 2.5)


def test_hearing_without_workers() -> None:
    made = found(figures.hearing_figures(HearingFigures))
    assert made["warmline_analysis_workers", "configured"] == 0
    assert ("warmline_analysis_latency_seconds",) not in made


def test_edge() -> None:
    made = found(figures.edge_figures(lambda: EDGE))
    assert made["warmline_edge_answers", "486"] == 9
    assert made["warmline_edge_admission", "scanner"] == 10
    assert made["warmline_edge_registrations", "registered"] == 11
    assert made["warmline_edge_held", "bindings"] == 12
    assert made["warmline_edge_held", "agents_reachable"] == 13
    assert made["warmline_edge_held", "dialogs"] == 4
    assert made["warmline_edge_events", "malformed"] == 15
    assert made["warmline_edge_events", "too_large"] == 15


LATE = LateHistogram()
LATE.observe(1.25)
CARE = CareFigures(
    windows=30,
    unknown=2,
    late=1,
    refused=4,
    raised=6,
    acknowledged=5,
    cleared=3,
    open=7,
    watched=9,
    permitted=8,
    dropped=10,
    failed=11,
    late_buckets=LATE.buckets(),
    late_sum_s=LATE.sum_s,
)


def test_care() -> None:
    made = found(figures.care_figures(lambda: CARE))
    fates = {key[1]: value for key, value in made.items() if key[0] == "warmline_care_windows"}
    assert fates == {"taken": 30, "not_watched": 2, "late": 1}
    assert made["warmline_care_contacts", "watched"] == 9
    assert made["warmline_care_contacts", "permitted"] == 8
    assert made["warmline_care_refused_contacts",] == 4
    steps = {key[1]: value for key, value in made.items() if key[0] == "warmline_alerts"}
    assert steps == {"raised": 6, "acknowledged": 5, "cleared": 3}
    assert made["warmline_alerts_open",] == 7
    assert made["warmline_care_memories_lost", "dropped"] == 10
    assert made["warmline_care_memories_lost", "failed"] == 11
    assert made["warmline_alert_latency_seconds",] == Buckets(LATE.buckets(), 1.25)


def test_care_before_the_first_alert() -> None:
    made = found(figures.care_figures(CareFigures))
    assert made["warmline_alerts_open",] == 0
    assert ("warmline_alert_latency_seconds",) not in made


def test_webhooks() -> None:
    desk = WebhookFigures(hook_id="desk", delivered=5, failed=4, given_up=3, dropped=2, waiting=1)
    desk.seconds.add(0.75)
    both = [desk, WebhookFigures(hook_id="crm")]
    made = found(figures.webhook_figures(lambda: both))
    assert made["warmline_webhook_messages", "desk", "delivered"] == 5
    assert made["warmline_webhook_messages", "desk", "given_up"] == 3
    assert made["warmline_webhook_messages", "desk", "dropped"] == 2
    assert made["warmline_webhook_attempts_failed", "desk"] == 4
    assert made["warmline_webhook_waiting_messages", "desk"] == 1
    assert made["warmline_webhook_delivery_seconds", "desk"] == Buckets(desk.seconds.rows(), 0.75)
    assert made["warmline_webhook_messages", "crm", "delivered"] == 0


MAIL = MailFigures(
    taken=Counter({("smtp", "support"): 3}),
    outcomes=Counter(bounce=1),
    quarantined=Counter(depth=2),
    turned_away=Counter(rate=4),
    imap_fetched=Counter(old=5),
    imap_failures=Counter(old=6),
    sent=7,
    put_off=8,
)


def test_mail() -> None:
    made = found(mail_figures(lambda: MAIL))
    assert made["warmline_mail_taken", "smtp", "support"] == 3
    assert made["warmline_mail_quarantined", "depth"] == 2
    assert made["warmline_mail_sent", "sent"] == 7
    assert made["warmline_mail_sent", "put_off"] == 8
    assert made["warmline_mail_imap_failures", "old"] == 6


def test_store_and_lost_records() -> None:
    writer = filled(WriterFigures, waiting=1, written=2, commits=3, failed=4)
    made = found(figures.store_figures(lambda: writer))
    assert made["warmline_store_writes", "failed"] == 4
    assert made["warmline_store_waiting_writes",] == 1
    made = found(figures.record_figures({"events": lambda: 6, "speech": lambda: 7}))
    assert made["warmline_records_lost", "speech"] == 7


def test_customers() -> None:
    known, asked = CustomerFigures(learnt=4, unlearnt=1), LookupFigures(resting=True)
    known.loads["known"] = 3
    asked.asked["failed"] = 5
    made = found(figures.customer_figures(known, asked))
    assert made["warmline_customers_loaded", "known"] == 3
    assert made["warmline_customer_lessons",] == 4
    assert made["warmline_customer_lessons_failed",] == 1
    assert made["warmline_customer_lookups", "failed"] == 5
    assert made["warmline_customer_lookup_resting",] == 1
    without = found(figures.customer_figures(known, None))
    assert not any("lookup" in key[0] for key in without)


def test_bus_with_two_readers_of_one_name() -> None:
    bus = LocalBus(FakeClock(), first=1_000)
    first, second = bus.subscribe("x", inbox_max=1), bus.subscribe("x", inbox_max=1)
    for _ in range(3):
        bus.publish(CellStarted(cell_id="c", pid=1))
    made = found(figures.bus_figures(bus))
    assert made["warmline_events",] == 3
    assert made["warmline_event_inbox_waiting", "x"] == 2
    assert made["warmline_event_inbox_lost", "x"] == 4
    first.close()
    second.close()


def test_http() -> None:
    counted = HttpFigures(auth_failures=2, event_readers=3, desks=4, desks_slow=5)
    counted.answered("GET", "/healthz", 200, 0.5)
    counted.answered("GET", "/healthz", 200, 0.25)
    made = found(figures.http_figures(counted))
    assert made["warmline_http_requests", "GET", "/healthz", "200"] == 2
    assert made["warmline_http_request_seconds", "GET", "/healthz"] == 0.75
    assert made["warmline_http_refused", "token"] == 2
    assert made["warmline_http_event_readers",] == 3
    assert made["warmline_http_desks",] == 4
    assert made["warmline_http_refused", "slow_desk"] == 5


LEARNT = OutcomeModel(Learning())
for _n in range(200):
    LEARNT.note(Scheme.LEARNED, "t", "s", "a", 1.0)
    LEARNT.note(Scheme.CONTROL, "t", "s", "a", _n % 2)


def all_sources() -> Iterable[FigureSource]:
    counted = HttpFigures()
    counted.answered("GET", "/healthz", 200, 0.5)
    bus = LocalBus(FakeClock())
    bus.subscribe("x")
    writer = filled(WriterFigures)
    return (
        figures.desk_figures(FakeAgents()),
        figures.router_figures(lambda: ROUTER),
        figures.call_figures(FakeCalls(), list),
        figures.control_figures(cast(CallControl, SimpleNamespace(overloads=1, keys_dropped=2))),
        figures.callback_figures(CALLBACKS),
        figures.cell_figures(lambda: POOL),
        figures.hearing_figures(lambda: HEARING),
        figures.edge_figures(lambda: EDGE),
        figures.care_figures(lambda: CARE),
        figures.webhook_figures(lambda: [WebhookFigures(hook_id="desk")]),
        figures.customer_figures(CustomerFigures(), LookupFigures()),
        mail_figures(lambda: MAIL),
        figures.store_figures(lambda: writer),
        figures.record_figures({"events": lambda: 0}),
        figures.bus_figures(bus),
        figures.http_figures(counted),
        learning_figures(LEARNT, {"outcomes": lambda: 0}),
        suggestion_figures(SuggestionFigures),
        figures.chat_figures(CHAT),
        conversation_figures(lambda: filled(ConversationFigures)),
        messenger_figures(lambda: [MessengerFigures(messenger_id="chatty")]),
        ticket_figures(TicketFigures(), lambda: frozenset({"support"})),
    )


def test_every_family_has_a_source() -> None:
    node = {
        "warmline_ready",
        "warmline_draining",
        "warmline_build_info",
        "warmline_scrape_failures",
        "warmline_event_loop_lag_worst_seconds",
    }
    made = {figure.family for source in all_sources() for figure in source()}
    assert made | node == FAMILIES.keys()


def test_the_collector_takes_every_figure() -> None:
    collector = NodeCollector()
    for number, source in enumerate(all_sources()):
        collector.add(str(number), source)
    failures = next(m for m in collector.collect() if m.name == "warmline_scrape_failures")
    assert sum(sample.value for sample in failures.samples) == 0


def test_rows_of_a_mapping() -> None:
    rows = [("killed", "warmline_cells_killed", ())]
    assert list(figures.rows_of(POOL, rows)) == [Figure("warmline_cells_killed", 1, ("memory",))]
