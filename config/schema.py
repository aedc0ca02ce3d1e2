"""What a configuration file may say. Unknown keys are refused; every number has a unit."""

from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Identifier = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$")]
Extension = Annotated[str, Field(pattern=r"^[0-9]{2,8}$")]
Port = Annotated[int, Field(ge=1, le=65535)]
Proficiency = Annotated[int, Field(ge=1, le=5)]
Language = Literal["en", "zh"]
Network = IPv4Network | IPv6Network


class Section(BaseModel):
    """A mapping in the file."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Secret(Section):
    """A secret that stands in an environment variable or a file, never in the YAML."""

    env: str | None = None
    file: Path | None = None


class Node(Section):
    """The process as a whole."""

    name: str = "warmline"
    data_folder: Path = Path("data")
    drain_grace_s: Annotated[float, Field(ge=0, le=3600)] = 30.0
    log_format: Literal["console", "json"] = "console"
    log_level: Literal["debug", "info", "warning", "error"] = "info"


class SipListen(Section):
    """One address where SIP is heard. Port 0 takes a free one, for tests."""

    transport: Literal["udp", "tcp", "tls"] = "udp"
    address: str = "0.0.0.0"
    port: Annotated[int, Field(ge=0, le=65535)] = 5060
    certificate: Path | None = None
    private_key: Path | None = None


class Registrar(Section):
    """RFC 3261 section 10."""

    expires_min_s: Annotated[int, Field(ge=10)] = 60
    expires_max_s: Annotated[int, Field(ge=10)] = 3600
    expires_default_s: Annotated[int, Field(ge=10)] = 300
    bindings_per_agent_max: Annotated[int, Field(ge=1, le=20)] = 5
    nonce_lifetime_s: Annotated[int, Field(ge=10)] = 300
    keepalive_s: Annotated[int, Field(ge=5)] = 25


class Admission(Section):
    """Who is heard, and how much of it."""

    requests_per_source_per_s: Annotated[float, Field(gt=0)] = 20.0
    requests_per_source_burst: Annotated[int, Field(ge=1)] = 60
    trunk_calls_per_s: Annotated[float, Field(gt=0)] = 100.0
    failures_before_ban: Annotated[int, Field(ge=1)] = 10
    failure_window_s: Annotated[int, Field(ge=1)] = 60
    ban_s: Annotated[int, Field(ge=1)] = 3600
    sources_max: Annotated[int, Field(ge=100)] = 50_000
    message_bytes_max: Annotated[int, Field(ge=1_000, le=65_535)] = 32_768
    connections_max: Annotated[int, Field(ge=1)] = 2_000


class Sip(Section):
    """The edge: where SIP is heard and how we name ourselves."""

    domain: str
    listen: Annotated[list[SipListen], Field(min_length=1)]
    advertised_address: str | None = None
    local_networks: list[Network] = []
    registrar: Registrar = Registrar()
    admission: Admission = Admission()


class Rtp(Section):
    """Where media is received; open this UDP range in the firewall."""

    address: str = "0.0.0.0"
    advertised_address: str | None = None
    port_min: Port = 20_000
    port_max: Port = 39_999


class Cells(Section):
    """The processes that hold one call each."""

    warm: Annotated[int, Field(ge=1, le=200)] = 8
    max: Annotated[int, Field(ge=1, le=1000)] = 300
    nice: Annotated[int, Field(ge=-20, le=19)] = -10
    heartbeat_s: Annotated[float, Field(ge=0.5)] = 5.0
    memory_mib_max: Annotated[int, Field(ge=16)] = 64
    call_s_max: Annotated[int, Field(ge=60)] = 14_400


class Digest(Section):
    """A name and password that a trunk must know."""

    username: str
    password: Secret


class Trunk(Section):
    """A carrier or another PBX that may bring calls: known by address, by digest or both."""

    id: Identifier
    addresses: list[Network] = []
    digest: Digest | None = None
    numbers: list[str] = []
    """Called numbers that this trunk may bring; empty: every number of every queue."""
    calls_max: Annotated[int, Field(ge=1)] = 300


class AgentEntry(Section):
    """A person who serves."""

    id: Identifier
    name: str
    extension: Extension
    skills: dict[Identifier, Proficiency] = {}
    languages: dict[Language, Proficiency] = {"en": 5}
    contact: str | None = None
    """Fixed SIP URI of a telephone on another PBX; such an agent does not register."""
    ready_on_register: bool = False


class Prompts(Section):
    """Names of WAV files without language and ending, found in `prompts.folder`; None: silent."""

    greeting: str | None = "greeting"
    disclosure: str | None = "disclosure"
    music: str | None = "music"
    queue_full: str | None = "queue-full"
    wait_exceeded: str | None = "wait-exceeded"
    agent_left: str | None = "agent-left"


class ServiceLevel(Section):
    """Share of answered contacts that shall be answered within the target."""

    target_s: Annotated[float, Field(gt=0)] = 20.0
    share: Annotated[float, Field(gt=0, le=1)] = 0.8


class QueueEntry(Section):
    """Waiting contacts under one policy."""

    id: Identifier
    name: str
    numbers: Annotated[list[str], Field(min_length=1)]
    language: Language = "en"
    skills: dict[Identifier, Proficiency] = {}
    priority: Annotated[int, Field(ge=0, le=10)] = 0
    service_level: ServiceLevel = ServiceLevel()
    ring_s: Annotated[float, Field(ge=1, le=120)] = 20.0
    wrap_up_s: Annotated[float, Field(ge=0, le=3600)] = 15.0
    waiting_max: Annotated[int, Field(ge=1, le=10_000)] = 200
    wait_s_max: Annotated[float, Field(ge=1)] = 3600.0
    announce_position: bool = True
    announce_first_s: Annotated[float, Field(ge=0)] = 10.0
    announce_every_s: Annotated[float, Field(ge=5)] = 45.0
    prompts: Prompts = Prompts()


class PromptFolder(Section):
    """Where the operator's own WAV files lie; what is missing there is taken from ours."""

    folder: Path | None = None


class Router(Section):
    """The weights of the solver's cost; `router/cost.py` says what each is for."""

    wait_weight_per_s: Annotated[float, Field(ge=0)] = 1.0
    priority_weight_s: Annotated[float, Field(ge=0)] = 60.0
    """Seconds of waiting that one step of priority is worth."""
    proficiency_weight_s: Annotated[float, Field(ge=0)] = 5.0
    idle_weight_per_s: Annotated[float, Field(ge=0)] = 0.05
    decline_pause_s: Annotated[float, Field(ge=0)] = 30.0
    """A contact is not offered again to an agent who just declined or missed it."""


class Analysis(Section):
    """Hearing: voice activity, level, pitch, turns."""

    workers: Annotated[int, Field(ge=0, le=64)] = 1
    aggressiveness: Annotated[int, Field(ge=0, le=3)] = 2
    pause_s: Annotated[float, Field(ge=0.1, le=3)] = 0.5


class Http(Section):
    """The API."""

    address: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8080
    token: Secret
    event_readers_max: Annotated[int, Field(ge=1)] = 100


class Store(Section):
    """Where records are kept."""

    url: str | None = None
    """SQLAlchemy URL; None: SQLite in the data folder."""
    queue_log: bool = True
    journal_events_max: Annotated[int, Field(ge=1_000)] = 1_000_000


class Configuration(Section):
    """The whole file."""

    node: Node = Node()
    sip: Sip
    rtp: Rtp = Rtp()
    cells: Cells = Cells()
    trunks: list[Trunk] = []
    agents: list[AgentEntry] = []
    queues: Annotated[list[QueueEntry], Field(min_length=1)]
    prompts: PromptFolder = PromptFolder()
    router: Router = Router()
    analysis: Analysis = Analysis()
    http: Http
    store: Store = Store()
