"""The section `chat` of the schema: the web widget, apps, and how much they may ask."""

from typing import Annotated, Final, Literal

from pydantic import AfterValidator, Field

from config.secret import Secret
from config.section import Section
from config.values import Address, Identifier, Language, Network, PortOrFree, rule
from config.webhooks import WebhookUrl

WIDGETS_MAX: Final = 100
ORIGINS_MAX: Final = 100


def _origin(value: str) -> str:
    scheme, separator, rest = value.partition("://")
    if scheme not in ("https", "http") or not separator or not rest:
        raise ValueError("an origin begins with https:// or http:// and goes on with a host")
    if any(character in rest for character in "/?#@* ") or not value.isascii():
        raise ValueError("an origin ends with the host or its port: no path, no star")
    return value.lower()


Origin = Annotated[
    str,
    Field(
        max_length=255,
        json_schema_extra=rule("the origin of a web page, such as https://www.example.org"),
    ),
    AfterValidator(_origin),
]


class ChatListen(Section):
    """Where customers connect; apart from the API, so that a firewall can tell the two apart."""

    address: Address = "127.0.0.1"
    """Local address to listen on; put a TLS proxy in front before you open it to others."""
    port: PortOrFree = 8081
    """Port to listen on; 0 takes a free one, for tests."""


class ChatTexts(Section):
    """A text in both languages."""

    en: Annotated[str, Field(max_length=500)] = ""
    """In English."""
    zh: Annotated[str, Field(max_length=500)] = ""
    """In Chinese."""


class ChatWidget(Section):
    """One place from which customers write: a web site, or an app."""

    id: Identifier
    """By which page or app names it."""
    queue_id: Identifier
    """Queue where its conversations wait."""
    languages: Annotated[list[Language], Field(min_length=1, max_length=2)] = ["en", "zh"]
    """Languages that it is shown in; the first is shown to whose language is none of them."""
    title: ChatTexts = ChatTexts()
    """What stands at its head; empty: "Chat with us"."""
    notice: ChatTexts = ChatTexts()
    """What a customer is told before he writes, such as that conversations are analysed and kept;
    in most countries he has to know. Empty: nothing."""


class ChatIdentity(Section):
    """Signed-in users of your site: it vouches for each by a JSON Web Token."""

    issuer: Annotated[str, Field(min_length=1, max_length=255)]
    """Must stand in `iss`."""
    audience: Annotated[str, Field(min_length=1, max_length=255)]
    """Must stand in `aud`."""
    algorithm: Literal["HS256", "RS256", "ES256"] = "HS256"
    """How tokens are signed; a token that says otherwise is refused. One alone, so that no key is
    ever taken for one of another kind."""
    key: Secret
    """Where the key stands: for HS256 a shared secret of at least 32 bytes, otherwise a public key
    in PEM."""
    skew_s: Annotated[float, Field(ge=0, le=300)] = 30.0
    """So far the clocks of both machines may differ."""
    lifetime_s_max: Annotated[float, Field(ge=60, le=2_592_000)] = 86_400.0
    """A token may be good for so long at most; one for longer is refused: whoever steals it could
    use it as long."""


class ChatPush(Section):
    """Your app's server is told of messages to customers who are not connected."""

    url: WebhookUrl
    """Where to. `https`, whose certificate must be valid; `http` only to this machine, to an
    address of a private network, or with `allow_http`."""
    secret: Secret
    """Where the key of the signature stands: `whsec_` and 24 to 64 bytes in Base64, made with
    `echo whsec_$(openssl rand -base64 32)`."""
    push_after_s: Annotated[float, Field(ge=0, le=3_600)] = 15.0
    """A message that was not delivered for so long is pushed: short breaks of a connection are
    not worth one."""
    text: bool = True
    """Whether the push carries the message's text; false: only that there is one."""
    timeout_s: Annotated[float, Field(gt=0, le=60)] = 15.0
    """How long one attempt may take."""
    retry_s_max: Annotated[float, Field(ge=1, le=86_400)] = 600.0
    """Longest pause between two attempts."""
    hours_max: Annotated[float, Field(gt=0, le=720)] = 24.0
    """A push that came to nothing for so long is given up; the message waits for the customer in
    any case."""
    allow_http: bool = False
    """Whether `http` is allowed to any host: what is sent can then be read on the way."""


class Chat(Section):
    """Chat with customers: the web widget and apps. docs/protocols/chat.md is the protocol."""

    enabled: bool = False
    """Whether customers can chat."""
    listen: ChatListen = ChatListen()
    """Where they connect."""
    allowed_origins: Annotated[list[Origin], Field(max_length=ORIGINS_MAX)] = []
    """Origins of the web pages that show the widget. A page of another one cannot connect; a
    program without an origin needs a signed identity."""
    proxies: list[Network] = []
    """Networks of the reverse proxies whose X-Forwarded-For is believed."""
    widgets: Annotated[list[ChatWidget], Field(max_length=WIDGETS_MAX)] = []
    """Places from which customers write."""
    identity: ChatIdentity | None = None
    """How users who are signed in at your site are recognised; nothing: all are visitors."""
    push: ChatPush | None = None
    """Your app's server, told of messages to customers who are not connected; nothing: they find
    them when they come again."""
    demo: bool = False
    """Whether a page that shows the widget is served at /chat/v1/demo, to try it."""
    message_bytes_max: Annotated[int, Field(ge=1_024, le=262_144)] = 32_768
    """Of one frame from a customer; a longer one closes the connection."""
    text_characters_max: Annotated[int, Field(ge=100, le=50_000)] = 5_000
    """Of one message of a customer."""
    messages_per_min: Annotated[float, Field(gt=0, le=600)] = 30.0
    """Messages of one connection, sustained; a faster one is told when it may go on."""
    messages_burst: Annotated[int, Field(ge=1, le=100)] = 10
    """Messages that may come at once before the rate above holds."""
    address_messages_per_min: Annotated[float, Field(gt=0, le=60_000)] = 300.0
    """Messages of all connections from one address: an office behind one router is one address."""
    tickets_per_min: Annotated[float, Field(gt=0, le=60_000)] = 60.0
    """Connections begun from one address, sustained; three times as many may come at once."""
    tickets_max: Annotated[int, Field(ge=10, le=100_000)] = 10_000
    """Tickets handed out and not used yet; each is good for 30 s. About 1 KB each."""
    connections_max: Annotated[int, Field(ge=1, le=100_000)] = 10_000
    """Customers connected at once; one more is refused with 503. Each takes some 16 KB."""
    connections_per_address_max: Annotated[int, Field(ge=1, le=100_000)] = 100
    """From one address at once; one more is refused with 429."""
    connections_per_customer_max: Annotated[int, Field(ge=1, le=100)] = 8
    """Tabs and devices of one customer at once; one more is closed."""
    hello_s_max: Annotated[float, Field(gt=0, le=60)] = 10.0
    """A connection that says nothing for so long is closed."""
    ping_s: Annotated[float, Field(ge=1, le=300)] = 25.0
    """How often a connection is pinged; one that is silent for two of these is dropped. Many
    proxies close what is silent for 60 s."""
    send_s_max: Annotated[float, Field(gt=0, le=120)] = 10.0
    """A customer's client that takes nothing for so long is closed; it comes again and is sent
    what it missed."""
    send_bytes_max: Annotated[int, Field(ge=65_536, le=16_777_216)] = 1_048_576
    """So much may wait for one client; one that is further behind is closed."""
    history_max: Annotated[int, Field(ge=10, le=1_000)] = 100
    """Newest messages that a client is sent when it comes without any."""
    attachment_bytes_max: Annotated[int, Field(ge=1_024, le=104_857_600)] = 10_485_760
    """Of one file of a customer."""
    attachment_s_max: Annotated[float, Field(gt=0, le=600)] = 60.0
    """Seconds that a file may take to come in."""
    attachments_per_hour: Annotated[int, Field(ge=1, le=1_000)] = 30
    """Files of one connection in an hour."""
    uploads_max: Annotated[int, Field(ge=1, le=1_000)] = 32
    """Files that come in at once, of all customers."""
