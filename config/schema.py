"""What a configuration file may say. Unknown keys are refused; every number has a unit.

The string under a field is for the operator: it becomes the description in the JSON Schema
(`check --schema`) and in docs/configuration.md. It says what the field is for and why the
default is what it is.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import Field

from config.attachments import Attachments
from config.business_hours import CALENDARS_MAX, Calendar
from config.callback import Callback, Outbound
from config.chat import Chat
from config.conversations import Conversations
from config.customers import Customers
from config.emotion import Emotion
from config.mail import Mail
from config.messengers import MESSENGERS_MAX, Messenger
from config.opening import Opening
from config.outreach import Outreach
from config.routing import QueueRouting, Routing, Skilled
from config.secret import Secret
from config.section import Section
from config.suggestions import Suggestions
from config.tickets import Tickets
from config.values import (
    Address,
    Extension,
    FilePath,
    Host,
    Identifier,
    Language,
    LanguageTag,
    Network,
    Number,
    Port,
    PortOrFree,
    Proficiency,
    PromptName,
    ReachableAddress,
    SipUri,
    rule,
)
from config.webhooks import WEBHOOKS_MAX, Webhook

PORTS_PER_CELL: Final = 40
"""UDP ports that one cell takes: four legs with RTP and RTCP, and room for re-INVITEs that
open new sockets before the old ones are closed."""

FEATURE_CODES: Final[Mapping[str, str]] = {
    "*60": "ready",
    "*61": "not_ready",
    "*62": "logged_out",
}
"""What an agent dials to change his state."""


class Node(Section):
    """The process as a whole."""

    name: Annotated[str, Field(min_length=1, max_length=63)] = "warmline"
    """How this node calls itself in logs and metrics."""
    data_folder: Annotated[FilePath, Field(validate_default=True)] = Path("data")
    """Folder for the database, softphone passwords and queue_log; made when missing."""
    drain_grace_s: Annotated[float, Field(ge=0, le=3600)] = 30.0
    """How long running calls may go on after a stop was asked for; then they are cut. Service
    managers usually wait 90 s before they kill."""
    log_format: Literal["console", "json"] = "console"
    """`json` writes one object a line, for log collectors."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    """The least severe log line that is written."""


class SipListen(Section):
    """One address where SIP is heard."""

    transport: Literal["udp", "tcp", "tls"] = "udp"
    """SIP transport; tls needs `certificate` and `private_key`."""
    address: Address = "0.0.0.0"
    """Local address to listen on; 0.0.0.0 is every IPv4 address."""
    port: PortOrFree = 5060
    """Port to listen on; 5060 is that of SIP, 5061 that of SIP over TLS. 0 takes a free one,
    for tests."""
    certificate: FilePath | None = None
    """PEM file with the certificate and its chain, for tls."""
    private_key: FilePath | None = None
    """PEM file with the unencrypted private key, for tls."""


class Registrar(Section):
    """Softphones that register (RFC 3261 section 10)."""

    expires_min_s: Annotated[int, Field(ge=10)] = 60
    """A shorter registration is refused with 423: each one costs a digest check."""
    expires_max_s: Annotated[int, Field(ge=10)] = 3600
    """A longer registration is shortened to this."""
    expires_default_s: Annotated[int, Field(ge=10)] = 300
    """For a telephone that asks for none; a vanished telephone is rung in vain no longer than
    this."""
    bindings_per_agent_max: Annotated[int, Field(ge=1, le=20)] = 5
    """Telephones an agent may have registered at once; all of them ring."""
    nonce_lifetime_s: Annotated[int, Field(ge=10)] = 300
    """How long a digest challenge may be answered (RFC 7616 section 3.3)."""
    keepalive_s: Annotated[int, Field(ge=5)] = 25
    """How often a telephone behind NAT is sent a packet; many routers forget a UDP mapping
    after 30 s."""


class Admission(Section):
    """Who is heard, and how much of it."""

    requests_per_source_per_s: Annotated[float, Field(gt=0)] = 20.0
    """Requests a second from one address that is no trunk; more are dropped."""
    requests_per_source_burst: Annotated[int, Field(ge=1)] = 60
    """Requests that may come at once before the rate above holds."""
    trunk_calls_per_s: Annotated[float, Field(gt=0)] = 100.0
    """New calls a second from one trunk; more are answered with 503."""
    failures_before_ban: Annotated[int, Field(ge=1)] = 10
    """Wrong passwords or unknown users within the window after which a source is not heard."""
    failure_window_s: Annotated[int, Field(ge=1)] = 60
    """How long a failure counts."""
    ban_s: Annotated[int, Field(ge=1)] = 3600
    """How long a banned source is not heard."""
    sources_max: Annotated[int, Field(ge=100)] = 50_000
    """Sources remembered for rates and bans; the one unseen longest is forgotten. About
    20 MB when full."""
    message_bytes_max: Annotated[int, Field(ge=1_000, le=65_535)] = 32_768
    """A longer SIP message is refused; ordinary ones have under 4,000 bytes."""
    connections_max: Annotated[int, Field(ge=1)] = 2_000
    """TCP and TLS connections at once; more are closed."""


class Sip(Section):
    """The edge: where SIP is heard and how we name ourselves."""

    domain: Host
    """The name in the addresses of the agents, `sip:AGENT@domain`, and the realm of their
    passwords: after a change every softphone password has to be set again."""
    listen: Annotated[list[SipListen], Field(min_length=1)]
    """Where SIP is heard."""
    advertised_address: ReachableAddress | None = None
    """Our address as seen from outside, when this machine is behind NAT; nothing: the address
    of the socket."""
    local_networks: list[Network] = []
    """Networks on our side of the NAT, whose telephones are told our own address and not the
    advertised one."""
    digest_algorithms: Annotated[list[Literal["MD5", "SHA-256"]], Field(min_length=1)] = ["MD5"]
    """Ways to prove a password that telephones and trunks are offered, the preferred first.
    RFC 8760 wants a way that is not known passed over, but many telephones give up instead
    (baresip 1.0 among them): write `[SHA-256, MD5]` when all of yours have learnt SHA-256."""
    registrar: Registrar = Registrar()
    """Softphones that register."""
    admission: Admission = Admission()
    """Who is heard, and how much of it."""


class Rtp(Section):
    """Where media is received; open this UDP range in the firewall."""

    address: Address = "0.0.0.0"
    """Local address for media."""
    advertised_address: ReachableAddress | None = None
    """Address for media as seen from outside; nothing: that of `sip`."""
    port_min: Port = 20_000
    """First UDP port for media."""
    port_max: Port = 39_999
    """Last UDP port for media; the range holds 40 ports for each of `cells.max`."""


class Cells(Section):
    """The processes that hold the calls, each of them one at a time."""

    warm: Annotated[int, Field(ge=1, le=200)] = 8
    """Cells kept ready, so that a new call need not wait for a process to start. A cell is free
    again a second after its call, so twice the new calls of a busy second are enough. Up to half
    as many again are kept while calls come and go."""
    max: Annotated[int, Field(ge=1, le=1000)] = 300
    """Calls at once; a further one is answered with 503."""
    nice: Annotated[int, Field(ge=-20, le=19)] = -10
    """Scheduling priority of cells, so that audio goes before everything else; below 0 needs
    the right to (CAP_SYS_NICE), otherwise 0 is taken."""
    realtime: bool = True
    """Whether the clock of each call, which sends its audio every 20 ms, runs in the kernel's
    real-time class (SCHED_RR 1): it works for a hundredth of that time, and no other work of the
    machine makes it late. Needs the right to (LimitRTPRIO, CAP_SYS_NICE), else it does without."""
    heartbeat_s: Annotated[float, Field(ge=0.5)] = 5.0
    """A cell that is silent for three of these is taken for dead."""
    memory_mib_max: Annotated[int, Field(ge=16)] = 64
    """A cell with more private memory is ended; an ordinary one has 6 MiB."""
    call_s_max: Annotated[int, Field(ge=60)] = 14_400
    """A call is ended after this time: a forgotten one costs money. Four hours."""


class Digest(Section):
    """A name and password that a trunk must know."""

    username: Annotated[str, Field(min_length=1, max_length=64)]
    """The name in the trunk's Authorization header."""
    password: Secret
    """Where the password stands."""


class Trunk(Section):
    """A carrier or another PBX that may bring calls: known by address, by digest or both."""

    id: Identifier
    """Name of the trunk in records and metrics."""
    addresses: list[Network] = []
    """Addresses its calls come from."""
    digest: Digest | None = None
    """Name and password it must show, with or without addresses."""
    numbers: list[Number] = []
    """Called numbers that this trunk may bring; empty: every number of every queue."""
    calls_max: Annotated[int, Field(ge=1)] = 300
    """Calls of this trunk at once, either way; a further one is answered with 503."""
    outbound: Outbound | None = None
    """How customers are called back by this trunk; nothing: no call goes out by it."""


class AgentEntry(Skilled):
    """A person who serves."""

    id: Identifier
    """Name of the agent in records; also the user name of his softphone."""
    name: Annotated[str, Field(min_length=1, max_length=100)]
    """The name shown to people."""
    extension: Extension
    """His short number; also a user name of his softphone."""
    skills: dict[Identifier, Proficiency] = {}
    """What he can do, and how well: 1 to 5."""
    languages: Annotated[dict[LanguageTag, Proficiency], Field(min_length=1)] = {"en": 5}
    """What he speaks, and how well: 1 to 5."""
    contact: SipUri | None = None
    """Fixed SIP URI of a telephone on another PBX; such an agent does not register."""
    ready_on_register: bool = False
    """READY as soon as the telephone registers, without dialling *60."""


class Prompts(Section):
    """Names of WAV files without language and ending, found in `prompts.folder`."""

    greeting: PromptName | None = "greeting"
    """First thing a caller hears; nothing: silent, as for all of these."""
    disclosure: PromptName | None = "disclosure"
    """That the call is analysed. Leave it out only where you tell callers by other means:
    in most countries they have to know. Where `emotion` is enabled, our `disclosure-emotion` or
    `disclosure-emotion-consent` take the place of `disclosure`; your own prompt must say it."""
    music: PromptName | None = "music"
    """Played in a loop while the caller waits."""
    queue_full: PromptName | None = "queue-full"
    """When `waiting_max` is reached; then we hang up."""
    wait_exceeded: PromptName | None = "wait-exceeded"
    """When `wait_s_max` is over; then we hang up."""
    closed: PromptName | None = "closed"
    """Outside the opening hours, where no other queue takes over; then we hang up."""
    transfer: PromptName | None = "transfer"
    """When an agent hands the caller over to a colleague; then he waits for that one."""
    agent_left: PromptName | None = "agent-left"
    """When the agent's side is lost in the middle of a call; then the caller waits again."""


class ServiceLevel(Section):
    """Share of answered contacts that shall be answered within the target."""

    target_s: Annotated[float, Field(gt=0)] = 20.0
    """A contact answered within this time counts as in time."""
    share: Annotated[float, Field(gt=0, le=1)] = 0.8
    """The share aimed at; 80 % in 20 s is the usual aim of call centres."""


class QueueEntry(Section):
    """Waiting contacts under one policy."""

    id: Identifier
    """Name of the queue in records and metrics."""
    name: Annotated[str, Field(min_length=1, max_length=100)]
    """The name shown to people."""
    numbers: Annotated[list[Number], Field(min_length=1)]
    """Numbers that lead here, exactly as the trunk sends them."""
    language: Language = "en"
    """Language of the prompts and of the caller."""
    skills: dict[Identifier, Proficiency] = {}
    """What an agent must be able to do, and at least how well: 1 to 5."""
    priority: Annotated[int, Field(ge=0, le=10)] = 0
    """Higher goes first; `router.priority_weight_s` says by how much."""
    service_level: ServiceLevel = ServiceLevel()
    """What the figures are measured against."""
    ring_s: Annotated[float, Field(ge=1, le=120)] = 20.0
    """How long an agent's telephone rings before he is set NOT_READY and another is rung."""
    wrap_up_s: Annotated[float, Field(ge=0, le=3600)] = 15.0
    """Time after a call in which the agent is not rung."""
    waiting_max: Annotated[int, Field(ge=1, le=10_000)] = 200
    """Contacts that may wait at once; a further caller hears `queue_full`."""
    wait_s_max: Annotated[float, Field(ge=1)] = 3600.0
    """After this time a waiting caller hears `wait_exceeded`."""
    announce_position: bool = True
    """Whether a waiting caller is told his place and the expected wait."""
    announce_first_s: Annotated[float, Field(ge=0)] = 10.0
    """First announcement, counted from the beginning of the wait: shorter waits are not
    disturbed."""
    announce_every_s: Annotated[float, Field(ge=5)] = 45.0
    """Time from one announcement to the next."""
    routing: QueueRouting = QueueRouting()
    """How its contacts find an agent."""
    opening: Opening | None = None
    """When it is open; nothing: day and night."""
    callback: Callback = Callback()
    """Callers may hang up and are called back when it is their turn."""
    prompts: Prompts = Prompts()
    """What callers of this queue hear."""


class PromptFolder(Section):
    """Where the operator's own WAV files lie; what is missing there is taken from ours."""

    folder: FilePath | None = None
    """Folder with `en/NAME.wav`, `zh/NAME.wav` or, for any language, `NAME.wav`: mono,
    16 bit, 8,000 samples a second."""


class Analysis(Section):
    """Hearing: voice activity, level, pitch, turns."""

    workers: Annotated[int, Field(ge=0, le=64)] = 1
    """Analysis processes, about one for 200 calls; 0 switches the analysis off."""
    aggressiveness: Annotated[int, Field(ge=0, le=3)] = 2
    """How much the voice detector discards as noise; 3 discards most."""
    pause_s: Annotated[float, Field(ge=0.1, le=3)] = 0.5
    """A longer silence ends a speech segment."""


class Http(Section):
    """The API."""

    address: Address = "127.0.0.1"
    """Local address to listen on; put a TLS proxy in front before you open it to others."""
    port: PortOrFree = 8080
    """Port to listen on; 0 takes a free one, for tests."""
    token: Secret
    """Where the bearer token stands that every request to /api/v1 must bring; at least 16
    characters."""
    event_readers_max: Annotated[int, Field(ge=1)] = 100
    """Readers of /api/v1/events at once; each may hold 10,000 events in memory."""
    event_heartbeat_s: Annotated[float, Field(ge=1, le=300)] = 15.0
    """Seconds of silence after which a reader of the events is told that all is well."""
    event_send_s_max: Annotated[float, Field(gt=0, le=120)] = 10.0
    """A reader of the events that takes nothing for so many seconds is closed."""
    metrics_token: Secret | None = None
    """Where the token stands that /metrics asks for; nothing: whoever reaches the port may read."""
    connections_max: Annotated[int, Field(ge=2)] = 500
    """TCP connections at once; one more is closed."""
    request_bytes_max: Annotated[int, Field(ge=256)] = 65_536
    """Largest body of a request in bytes."""
    import_bytes_max: Annotated[int, Field(ge=256, le=67_108_864)] = 8_388_608
    """Largest body of an import of customers in bytes, about 50,000 rows; larger tables are cut
    up, or imported with `run_pbx.py customers import`. At most two are taken at once."""
    request_s_max: Annotated[float, Field(gt=0, le=300)] = 10.0
    """Seconds that a client may take to send its whole request."""
    auth_failures_max: Annotated[int, Field(ge=1)] = 10
    """Wrong tokens from one address within `auth_window_s`; after that it is not heard."""
    auth_window_s: Annotated[int, Field(ge=1, le=3600)] = 60
    """Seconds over which wrong tokens are counted, and that an address is not heard."""
    desk: bool = False
    """Whether the agents' page is served at /desk/; it asks for the token and the agent."""
    desks_max: Annotated[int, Field(ge=1, le=10_000)] = 500
    """WebSockets of agents at /api/v1/agents/AGENT/desk at once; one more is refused."""
    allowed_origins: list[str] = []
    """Origins of web pages that may call the API from a browser (CORS)."""
    proxies: list[Network] = []
    """Networks of the reverse proxies whose X-Forwarded-For is believed."""


class Store(Section):
    """Where records are kept."""

    url: (
        Annotated[
            str,
            Field(
                pattern=r"^(sqlite\+aiosqlite|postgresql\+asyncpg)://",
                json_schema_extra=rule(
                    "an SQLAlchemy URL that begins with sqlite+aiosqlite:// or"
                    " postgresql+asyncpg://"
                ),
            ),
        ]
        | None
    ) = None
    """SQLAlchemy URL, without a password; nothing: SQLite in the data folder."""
    queue_log: bool = True
    """Whether calls are also written to a file in the format of Asterisk's queue_log."""
    queue_log_caller: bool = False
    """Whether that file names who called, in the clear: personal data, readable by reporting."""
    synchronous: Literal["normal", "full"] = "normal"
    """SQLite: "normal" loses no committed record when the node is killed, and at worst the
    last ones in a power cut; "full" none then either, and each commit waits for the disk."""
    journal_events_max: Annotated[int, Field(ge=1_000)] = 1_000_000
    """Events kept for readers that come back; the oldest are deleted. About 300 bytes each."""


class Configuration(Section):
    """The whole file."""

    node: Node = Node()
    """The process as a whole."""
    sip: Sip
    """The edge: where SIP is heard and how we name ourselves."""
    rtp: Rtp = Rtp()
    """Where media is received."""
    cells: Cells = Cells()
    """The processes that hold the calls, each of them one at a time."""
    trunks: list[Trunk] = []
    """Carriers or other PBXs that may bring calls."""
    agents: list[AgentEntry] = []
    """The people who serve."""
    queues: Annotated[list[QueueEntry], Field(min_length=1)]
    """Waiting contacts under one policy each."""
    prompts: PromptFolder = PromptFolder()
    """Where your own WAV files lie."""
    router: Routing = Routing()
    """How the router decides: the weights of its cost, and rules for all queues."""
    suggestions: Suggestions = Suggestions()
    """What customers are likely to need next, told to the agent."""
    analysis: Analysis = Analysis()
    """Hearing: voice activity, level, pitch, turns."""
    emotion: Emotion = Emotion()
    """How the customer feels: whether it is read, and what is done about it."""
    customers: Customers = Customers()
    """What is remembered of customers, and who else is asked about them."""
    business_hours: Annotated[list[Calendar], Field(max_length=CALENDARS_MAX)] = []
    """When people work, by calendar."""
    tickets: Tickets = Tickets()
    """Matters that outlive the contact, until they are settled."""
    conversations: Conversations = Conversations()
    """Chats, messages and mails: how they wait, are served and end."""
    attachments: Attachments = Attachments()
    """Files that come with messages: which are taken in, and how they are scanned."""
    chat: Chat = Chat()
    """Chat with customers: the web widget and apps."""
    mail: Mail = Mail()
    """Mail: customers write to mailboxes, agents answer."""
    http: Http
    """The API."""
    webhooks: Annotated[list[Webhook], Field(max_length=WEBHOOKS_MAX)] = []
    """Programs elsewhere that are told of events as they happen."""
    messengers: Annotated[list[Messenger], Field(max_length=MESSENGERS_MAX)] = []
    """Other systems through which customers write, each joined by an adapter."""
    outreach: Outreach = Outreach()
    """What customers may be written of our own accord."""
    store: Store = Store()
    """Where records are kept."""
