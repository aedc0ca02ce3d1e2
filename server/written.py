"""What is written, joined: conversations, files, and the channels that carry messages."""

import ssl
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Final

from bus.local import LocalBus
from channels.chat.app import build_chat_app
from channels.chat.identity import SignedIdentity
from channels.chat.push import ChatPusher
from channels.chat.server import ChatServer
from channels.chat.service import ChatService
from channels.chat.visitor import VisitorTokens, load_key
from channels.mail.limits import MailLimits
from channels.mail.origin import OriginCheck
from channels.mail.pool import ReaderPool
from channels.mail.quarantine_desk import JudgedQuarantine
from channels.mail.reader import MailReading
from channels.mail.resolver import DnsResolver, Resolver
from channels.mail.service import MailService
from channels.mail.thread import Threads
from channels.messenger.gateway import Messengers
from channels.outreach.service import OutreachService
from channels.webhooks.poster import Poster
from config.mail import Mail, first_host
from config.opening_hours import opening_hours
from config.schema import Configuration
from config.webhooks import signing_key
from conversations.rules import Rules
from conversations.service import ConversationService
from conversations.shell import sortable_id
from domain.contact import Channel
from domain.conversation_ports import Outlet
from domain.customer import Identifier, IdentifierKind
from domain.escalation_ports import CallMaker
from domain.identity_ports import Identities
from domain.ports import Clock, ContactLedger
from domain.quarantine import QuarantineDesk
from router.service import RouterService
from server.attachments import attachments_at_work
from server.desk import Desk
from server.figures import chat_figures
from server.mail_figures import mail_figures
from server.metrics import FigureSource
from server.retention import Retention
from server.version import VERSION
from server.written_figures import conversation_figures, messenger_figures
from store.attachments import Attachments
from store.audience import Audience
from store.opening import Store

CHAT: Final = "chat"
MAIL: Final = "mail"
CHAT_KEY_FILE: Final = "chat.key"
_MAIL_SPARE_BYTES: Final = 1 << 20
"""What is read may be so much larger than what is let in: a server before us adds header fields."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What the rest of a node asks of it.

    Attributes:
        chat: Where customers' clients connect; None where chat is not enabled.
        mail: None where mail is not enabled.
        figures: For the metrics, by name.
    """

    conversations: ConversationService
    attachments: Attachments
    messengers: Messengers | None
    outreach: OutreachService
    quarantine: QuarantineDesk | None
    chat: ChatServer | None
    mail: MailService | None
    figures: Mapping[str, FigureSource]
    reload: Callable[[Configuration], None]


@asynccontextmanager
async def written_at_work(
    settings: Configuration,
    store: Store,
    bus: LocalBus,
    clock: Clock,
    *,
    router: RouterService,
    ledger: ContactLedger,
    desk: Desk,
    calls: CallMaker,
    identities: Identities,
    resolver: Resolver | None = None,
) -> AsyncIterator[Written]:
    """Take up what was written before, and take in and bring out what is written from now on.

    Enter it when the router and call control are at work. `resolver` is asked about senders of
    mail; None: the name servers of the machine are.

    Raises:
        ConfigurationError: A secret, a key or a certificate cannot be used.
        StoreError: What was open cannot be read.
    """
    async with AsyncExitStack() as exits:
        enter = exits.enter_async_context
        attachments = await enter(attachments_at_work(settings, store.database, store.vault, clock))
        rules = Rules(
            settings.conversations,
            settings.queues,
            settings.agents,
            analysed=settings.emotion.enabled,
            hours=opening_hours(settings),
        )
        # Filled below: a channel needs the conversations to be there, and they its way out.
        outlets: dict[str, Outlet] = {}
        talk = ConversationService(
            store=store.conversations,
            vault=attachments,
            ledger=ledger,
            routing=router,
            agents=router,
            events=bus,
            clock=clock,
            rules=rules,
            outlets=outlets,
            identities=identities,
            calls=calls,
        )
        figures: dict[str, FigureSource] = {"conversations": conversation_figures(talk.figures)}
        # Entering lets contacts wait, whose offers must find their way.
        desk.conversations = talk
        exits.callback(setattr, desk, "conversations", None)
        await enter(talk)
        store.forgetting.on_forgotten = talk.customer_forgotten
        exits.callback(setattr, store.forgetting, "on_forgotten", None)
        days = settings.conversations.keep_days
        await enter(Retention(store.forgetting, clock, days=days, on_forgotten=talk.forgotten))
        messengers: Messengers | None = None
        if settings.messengers:
            messengers = Messengers(
                settings.messengers,
                conversations=talk,
                attachments=attachments,
                outgoing=store.outgoing,
                message_of=store.conversations.message,
                clock=clock,
                version=VERSION,
            )
            outlets.update(messengers.outlets)
            await enter(messengers)
            figures["messengers"] = messenger_figures(messengers.figures)
        mail: MailService | None = None
        if settings.mail.enabled:
            mail = await enter(
                _mail(settings, store, clock, talk, attachments, resolver or DnsResolver())
            )
            outlets[MAIL] = mail
            figures["mail"] = mail_figures(lambda: mail.figures)
        chat: ChatServer | None = None
        if settings.chat.enabled:
            chat = await enter(_chat(settings, store, clock, talk, attachments, outlets, figures))
        outreach = OutreachService(
            settings.outreach.templates,
            store=store.outreach,
            audience=Audience(store.database, store.directory),
            writer=talk,
            source_of=_source_of(settings, outlets),
            clock=clock,
            new_id=sortable_id(clock),
        )

        def reload(new: Configuration) -> None:
            rules.reload(new.queues, new.agents, opening_hours(new))
            outreach.reload(new.outreach.templates)

        yield Written(
            conversations=talk,
            attachments=attachments,
            messengers=messengers,
            outreach=outreach,
            quarantine=None
            if mail is None
            else JudgedQuarantine(store.quarantine, mail.quarantine, mail.intake),
            chat=chat,
            mail=mail,
            figures=figures,
            reload=reload,
        )


@asynccontextmanager
async def _mail(
    settings: Configuration,
    store: Store,
    clock: Clock,
    talk: ConversationService,
    attachments: Attachments,
    resolver: Resolver,
) -> AsyncIterator[MailService]:
    mail = settings.mail
    host = first_host(mail)
    threads = Threads([store.vault.mark("mail threads")], host)
    bytes_max = max(mail.receive.bytes_max + _MAIL_SPARE_BYTES, MailLimits().bytes_max)
    limits = MailLimits(bytes_max=bytes_max)
    async with ReaderPool(limits) as pool:
        reader = MailReading(
            pool,
            OriginCheck(resolver, authserv_id=mail.receive.authserv_id),
            threads,
            known=store.mail_ids,
            conversations=store.conversations,
            own_addresses=[*_addresses(mail), host.lower()],
            limits=limits,
        )
        async with MailService(
            mail,
            queue_names={queue.id: queue.name for queue in settings.queues},
            conversations=talk,
            records=store.conversations,
            outgoing=store.outgoing,
            attachments=attachments,
            mail_ids=store.mail_ids,
            quarantine_store=store.quarantine,
            places=store.cursors,
            reader=reader,
            names=threads,
            key=store.vault.mark("mail return paths"),
            data_folder=settings.node.data_folder,
            clock=clock,
        ) as service:
            yield service


@asynccontextmanager
async def _chat(
    settings: Configuration,
    store: Store,
    clock: Clock,
    talk: ConversationService,
    attachments: Attachments,
    outlets: dict[str, Outlet],
    figures: dict[str, FigureSource],
) -> AsyncIterator[ChatServer]:
    chat = settings.chat
    service = ChatService(chat, talk, clock=clock)
    figures[CHAT] = chat_figures(service.figures)
    app = build_chat_app(
        service,
        visitors=VisitorTokens(load_key(settings.node.data_folder / CHAT_KEY_FILE)),
        identity=None if chat.identity is None else SignedIdentity(chat.identity),
        vault=attachments,
    )
    async with AsyncExitStack() as exits:
        if chat.push is not None:
            poster = Poster(
                chat.push.url,
                key=signing_key(chat.push.secret.read()),
                timeout_s=chat.push.timeout_s,
                clock=clock,
                tls=ssl.create_default_context(),
                user_agent=f"Warmline/{VERSION}",
            )
            await exits.enter_async_context(poster)
            pusher = ChatPusher(
                chat.push,
                poster,
                outgoing=store.outgoing,
                conversations=store.conversations,
                connected=service.connected,
                clock=clock,
                figures=service.figures,
            )
            outlets[CHAT] = pusher
            await exits.enter_async_context(pusher)
        yield await exits.enter_async_context(ChatServer(app, service))


def _addresses(mail: Mail) -> Sequence[str]:
    return [address.lower() for box in mail.boxes for address in box.addresses]


def _source_of(
    settings: Configuration, outlets: Mapping[str, Outlet]
) -> Callable[[Channel, Identifier], str | None]:
    """Return what tells where a message to an address goes out."""
    messengers = {messenger.id for messenger in settings.messengers}

    def source_of(channel: Channel, address: Identifier) -> str | None:
        if channel is Channel.MAIL:
            return MAIL if MAIL in outlets else None
        if address.kind is not IdentifierKind.APP:
            return None
        prefix, colon, _ = address.value.partition(":")
        if channel is Channel.MESSAGE:
            return prefix if colon and prefix in messengers else None
        # A user of the operator's own app: he is pushed what he does not see at once.
        return CHAT if CHAT in outlets and prefix not in messengers else None

    return source_of
