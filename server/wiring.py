"""Builds every part from the configuration and joins them: the one place that knows all names.

    store -> bus -> recorders -> router -> hearing -> edge -> cells -> call control -> HTTP

Each part is entered after those it needs, and left before them.
"""

import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Final

import structlog

from bus.local import LocalBus, first_sequence
from bus.resume import Resume
from care.policy import CarePolicy
from care.service import CareService
from channels.http.access import ApiPorts
from channels.http.app import build_app
from channels.http.server import HttpServer
from channels.webhooks.service import Webhooks
from config.disclosure import queues_that_tell
from config.load import Loaded
from config.opening_hours import opening_hours
from config.prompts.library import PromptLibrary
from config.reload import Reloader, ReloadPlan
from config.schema import Configuration
from customers.identity import Identity
from customers.outcomes import Outcomes
from customers.recognition import Recogniser
from customers.telephone import Numbers
from domain.agent import Medium
from domain.errors import ConfigurationError
from domain.events import CellCrashed, CellStarted, ConfigurationReloaded, ContactClosed
from domain.ports import ContactRecord
from media.hearing import Hearing
from pbx.call_control import CallControl
from pbx.call_maker import CallMaker
from pbx.cells import Cell, CellPool
from pbx.edge.edge import Edge
from router.learning.model import OutcomeModel
from router.policy import RouterPolicy
from router.service import RouterService
from server import figures
from server.clock import SystemClock
from server.commands.softphones import credential_path
from server.customers import customers_at_work, learning_of_customers
from server.desk import Desk
from server.emotion import care_of, keys_of, settings_of
from server.interval_recorder import IntervalRecorder
from server.journal import EventRecorder, JournalWriter, QueueLogWriter
from server.learning import LearningKeeper
from server.learning_figures import learning_figures
from server.node import Node, Records, show
from server.observe import Observation
from server.router_feed import RouterFeed
from server.speech_recorder import SpeechRecorder
from server.suggestions import SuggestionsAtWork, suggestions_at_work
from server.tickets import TicketsAtWork, tickets_at_work
from server.timed_ledger import TimedLedger
from server.version import VERSION
from server.written import Written, written_at_work
from store.credentials import CredentialFile
from store.opening import Store, open_store
from store.queue_log import QueueLog
from store.queue_log_file import QueueLogFile

QUEUE_LOG_FILE: Final = "queue_log"
DECISIONS_GATHER_S: Final = 0.25
"""How long decisions wait for company before they are stored; a kill loses so much of them."""

_log = structlog.get_logger(__name__)


@asynccontextmanager
async def run_node(loaded: Loaded) -> AsyncIterator[Node]:
    """Start a node; entering returns when it takes calls, leaving stops it.

    Raises:
        WarmlineError: A part could not start; what had started is stopped again.
    """
    settings = loaded.configuration
    clock = SystemClock()
    folder = settings.node.data_folder
    async with open_store(
        folder,
        clock,
        url=settings.store.url,
        node=settings.node.name,
        journal_events_max=settings.store.journal_events_max,
        synchronous=settings.store.synchronous,
        remember_days=settings.emotion.remember_days,
        history_days=settings.customers.history_days,
        addressing=Numbers(settings.customers.region),
    ) as store:
        _, last = await store.journal.bounds()
        bus = LocalBus(clock, first=first_sequence(last, clean=store.stopped_cleanly))
        desk = Desk()
        desk.policy = RouterPolicy.of(settings)
        async with (
            JournalWriter(bus, store.journal) as journal,
            EventRecorder(
                bus, "decisions", store.decisions.append, gather_s=DECISIONS_GATHER_S
            ) as decisions,
            IntervalRecorder(
                bus, store.intervals, store.journal, clock, desk.target_of
            ) as intervals,
            Webhooks(
                settings.webhooks,
                stream=Resume(bus, store.journal),
                cursors=store.cursors,
                letters=store.dead_letters,
                journal=store.journal,
                ledger=store.contacts,
                clock=clock,
                node=settings.node.name,
                version=VERSION,
            ) as webhooks,
            learning_of_customers(store.directory.memory, store, bus, desk.customers),
            tickets_at_work(settings, store, bus, clock, messages=store.conversations) as tickets,
            _queue_log(settings, bus, clock, desk),
        ):
            for orphan in await store.contacts.close_orphans():
                bus.publish(_closed(orphan))
            records = Records(
                journal=journal, decisions=decisions, intervals=intervals, webhooks=webhooks
            )
            async with _calls(loaded, store, bus, clock, records, desk, tickets) as node:
                node.observation.metrics.add("webhooks", figures.webhook_figures(webhooks.figures))
                yield node


@asynccontextmanager
async def _queue_log(
    settings: Configuration, bus: LocalBus, clock: SystemClock, desk: Desk
) -> AsyncIterator[None]:
    if not settings.store.queue_log:
        yield
        return
    file = QueueLogFile(settings.node.data_folder / QUEUE_LOG_FILE)
    queue_log = QueueLog(
        queues_of=desk.queues_of,
        caller_of=desk.caller_of if settings.store.queue_log_caller else lambda _contact_id: "",
    )
    async with QueueLogWriter(bus, queue_log, file, clock):
        yield


@asynccontextmanager
async def _calls(
    loaded: Loaded,
    store: Store,
    bus: LocalBus,
    clock: SystemClock,
    records: Records,
    desk: Desk,
    tickets: TicketsAtWork,
) -> AsyncIterator[Node]:
    settings = loaded.configuration
    assert desk.policy is not None
    observation = Observation(clock=clock, stream=bus, version=VERSION)
    outcomes = OutcomeModel(settings.router.learning)
    router = RouterService(
        desk.policy,
        events=bus,
        clock=clock,
        desk=desk,
        wishes=store.wishes,
        outcomes=outcomes,
    )
    desk.profiles = router
    identity = Identity(store.directory.identities, bus)
    recogniser = Recogniser(identity, store.directory.origins, store.conversations, bus)
    ledger = TimedLedger(store.contacts, clock, observation.measures.store_commit_seconds.observe)
    with tempfile.TemporaryDirectory(prefix="warmline-") as sockets:
        async with (
            SpeechRecorder(ledger, bus) as speech,
            LearningKeeper("outcomes", outcomes, store.learning) as lessons,
            router,
            RouterFeed(router, bus, clock),
            customers_at_work(
                settings,
                store,
                bus,
                clock,
                taker=desk,
                figures=desk.customers,
                recogniser=recogniser,
            ) as known,
            suggestions_at_work(settings, store, bus, clock) as suggestions,
        ):
            hearing = Hearing(
                settings.analysis,
                Path(sockets),
                on_spans=speech.heard,
                on_lost=speech.lost,
                on_finished=lambda _contact_id: None,
                clock=clock,
                emotion=settings_of(settings.emotion),
                on_score=desk.observe,
                on_learnt=desk.learnt,
            )
            care = desk.care = care_of(
                settings,
                events=bus,
                clock=clock,
                voices=hearing,
                line=router,
                memory=store.customers,
            )
            edge = Edge(
                settings.sip,
                trunks=settings.trunks,
                agents=settings.agents,
                numbers=_numbers(settings),
                placer=desk,
                credentials=CredentialFile(
                    credential_path(settings), clock, realm=settings.sip.domain
                ),
                bindings=store.bindings,
                clock=clock,
                on_reachability=partial(router.set_reachable, medium=Medium.TELEPHONE),
                media_address=settings.rtp.advertised_address,
            )
            async with care, hearing, edge:
                pool = CellPool(
                    settings.cells,
                    settings.rtp,
                    outbound_proxy=edge.inside_address,
                    sip_domain=settings.sip.domain,
                    on_gone=lambda cell, reason: _cell_gone(bus, desk, edge, cell, reason),
                    on_ready=lambda cell: _cell_ready(bus, cell),
                )
                async with pool:
                    control = CallControl(
                        pool=pool,
                        prompts=PromptLibrary(settings.prompts.folder),
                        routing=router,
                        agents=router,
                        ledger=ledger,
                        hearing=hearing,
                        events=bus,
                        clock=clock,
                        queues=queues_that_tell(settings),
                        hours=opening_hours(settings),
                        consent_keys=keys_of(settings.emotion),
                        trunks=settings.trunks,
                        callbacks=store.callbacks,
                        calls_out=edge,
                        sip_domain=settings.sip.domain,
                        call_s_max=settings.cells.call_s_max,
                        on_cell_gone=edge.cell_gone,
                        on_cell_released=edge.cell_released,
                    )
                    desk.control = control
                    written_here = written_at_work(
                        settings,
                        store,
                        bus,
                        clock,
                        router=router,
                        ledger=ledger,
                        desk=desk,
                        calls=CallMaker(control, clock),
                        identities=identity,
                    )
                    async with control, written_here as written:
                        await control.restore()
                        reloader = Reloader(
                            loaded,
                            partial(
                                _apply,
                                desk=desk,
                                router=router,
                                outcomes=outcomes,
                                suggestions=suggestions,
                                tickets=tickets,
                                written=written,
                                care=care,
                                edge=edge,
                                control=control,
                                bus=bus,
                            ),
                        )
                        ports = ApiPorts(
                            clock=clock,
                            agents=router,
                            waiting=router,
                            contacts=store.contacts,
                            calls=control,
                            care=care,
                            decisions=store.decisions,
                            eligibility=router,
                            learning=outcomes,
                            suggestions=suggestions.desk,
                            tickets=tickets.desk,
                            intervals=records.intervals,
                            webhooks=records.webhooks,
                            customers=store.directory,
                            outcomes=Outcomes(store.directory, bus),
                            identities=identity,
                            identity_desk=recogniser,
                            timelines=store.timelines,
                            exporter=store.export,
                            messages=store.conversations,
                            conversations=written.conversations,
                            escalations=written.conversations,
                            attachments=written.attachments,
                            messengers=written.messengers,
                            outreach=written.outreach,
                            quarantine=written.quarantine,
                            stream=Resume(bus, store.journal),
                            journal=store.journal,
                            readiness=observation.readiness.reasons,
                            metrics=observation.text,
                            reload=lambda: _reload(reloader),
                        )
                        token = settings.http.metrics_token
                        app = build_app(
                            settings.http,
                            ports,
                            token=settings.http.token.read(),
                            metrics_token=None if token is None else token.read(),
                            version=VERSION,
                            attachment_settings=settings.attachments,
                        )
                        http = HttpServer(app, settings.http)
                        node = Node(
                            configuration=settings,
                            store=store,
                            bus=bus,
                            router=router,
                            hearing=hearing,
                            care=care,
                            edge=edge,
                            pool=pool,
                            control=control,
                            http=http,
                            written=written,
                            reloader=reloader,
                            observation=observation,
                        )
                        show(node, ports, records, speech)
                        observation.metrics.add("customers", known)
                        observation.metrics.add("suggestions", suggestions.figures)
                        observation.metrics.add("tickets", tickets.figures)
                        for name, source in written.figures.items():
                            observation.metrics.add(name, source)
                        kept = {
                            "outcomes": lambda: lessons.failures,
                            "needs": suggestions.failures,
                        }
                        observation.metrics.add("learning", learning_figures(outcomes, kept))
                        async with observation, reloader, http:
                            observation.readiness.started = True
                            yield node


def _cell_ready(bus: LocalBus, cell: Cell) -> None:
    bus.publish(CellStarted(cell_id=cell.cell_id, pid=cell.pid))


def _cell_gone(bus: LocalBus, desk: Desk, edge: Edge, cell: Cell, reason: str) -> None:
    bus.publish(CellCrashed(cell_id=cell.cell_id, contact_id=cell.contact_id, reason=reason))
    if desk.control is not None:
        desk.control.cell_gone(cell, reason)
    else:
        edge.cell_gone(cell.address)


def _apply(
    plan: ReloadPlan,
    desk: Desk,
    router: RouterService,
    outcomes: OutcomeModel,
    suggestions: SuggestionsAtWork,
    tickets: TicketsAtWork,
    written: Written,
    care: CareService,
    edge: Edge,
    control: CallControl,
    bus: LocalBus,
) -> None:
    new = plan.configuration
    desk.policy = RouterPolicy.of(new)
    outcomes.reload(new.router.learning)
    suggestions.reload(new.suggestions)
    tickets.reload(new)
    written.reload(new)
    router.reload(desk.policy)
    edge.reload(new.trunks, new.agents, _numbers(new))
    care.reload(CarePolicy.of(new))
    prompts = PromptLibrary(new.prompts.folder)
    control.reload(
        queues_that_tell(new), prompts, keys_of(new.emotion), new.trunks, opening_hours(new)
    )
    bus.publish(_reloaded(new))


def _numbers(configuration: Configuration) -> list[str]:
    return [number for queue in configuration.queues for number in queue.numbers]


def _reloaded(configuration: Configuration) -> ConfigurationReloaded:
    return ConfigurationReloaded(
        agents=len(configuration.agents),
        queues=len(configuration.queues),
        trunks=len(configuration.trunks),
    )


async def _reload(reloader: Reloader) -> ConfigurationReloaded:
    if await reloader.reload() is None:
        raise ConfigurationError("; ".join(str(mistake) for mistake in reloader.mistakes))
    return _reloaded(reloader.in_force)


def _closed(record: ContactRecord) -> ContactClosed:
    contact = record.contact
    assert contact.disposition is not None
    return ContactClosed(
        contact_id=contact.contact_id,
        queue_id=contact.queue_id,
        disposition=contact.disposition,
        agent_id=contact.agent_id,
        wait_s=record.wait_s,
        talk_s=record.talk_s,
        reason=record.reason,
    )
