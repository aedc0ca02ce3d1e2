"""The section `webhooks` of the schema: which programs elsewhere are told of which events."""

import base64
import binascii
import ipaddress
from typing import Annotated, Final
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from config.secret import Secret
from config.section import Section
from config.values import Identifier, rule
from domain.errors import ConfigurationError
from domain.events import EVENT_TYPES

WEBHOOKS_MAX: Final = 16
"""Each reads every event and holds up to 1,000 in memory; more receivers are a bus of their own,
which follows the event stream once."""
URL_CHARACTERS_MAX: Final = 2_048
"""What web servers take."""
KEY_PREFIX: Final = "whsec_"
KEY_BYTES_MIN: Final = 24
KEY_BYTES_MAX: Final = 64
"""Standard Webhooks 1.0.0: 192 to 512 bits."""
ALERT_EVENTS: Final = ("AlertRaised", "AlertAcknowledged", "AlertCleared")


def _url(value: str) -> str:
    if not (value.isascii() and value.isprintable() and " " not in value):
        raise ValueError("other characters than visible ASCII ones; write xn-- and %20")
    parts = urlsplit(value)
    if parts.scheme not in ("https", "http"):
        raise ValueError("only https: and http: URLs are called")
    if not parts.hostname:
        raise ValueError("the host is missing")
    if parts.username is not None or parts.password is not None:
        raise ValueError("a name or password in a URL stands in the file; the signature proves us")
    if parts.fragment:
        raise ValueError("a fragment is never sent")
    if parts.port == 0:
        raise ValueError("port 0 is none")
    return value


def _event_name(value: str) -> str:
    if value not in EVENT_TYPES:
        raise ValueError("docs/events.md lists them")
    return value


WebhookUrl = Annotated[
    str,
    Field(
        max_length=URL_CHARACTERS_MAX,
        json_schema_extra=rule("a URL such as https://desk.example.org/warmline"),
    ),
    AfterValidator(_url),
]
EventName = Annotated[
    str,
    AfterValidator(_event_name),
    Field(
        json_schema_extra={"enum": sorted(EVENT_TYPES), **rule("the name of a type of event")},
    ),
]


class Webhook(Section):
    """A program elsewhere that is told of events: each is posted to its URL as JSON, signed."""

    id: Identifier
    """Name of the webhook in logs and metrics. Its place in the stream of events is kept under
    this name, so that a restart loses nothing."""
    url: WebhookUrl
    """Where to. `https`, whose certificate must be valid; `http` only to this machine, to an
    address of a private network, or with `allow_http`."""
    secret: Secret
    """Where the key of the signature stands: `whsec_` and 24 to 64 bytes in Base64, made with
    `echo whsec_$(openssl rand -base64 32)`. Each webhook has its own."""
    events: Annotated[list[EventName], Field(min_length=1)] = list(ALERT_EVENTS)
    """The types of events that are sent; docs/events.md lists all."""
    queues: list[Identifier] = []
    """Only events of contacts of these queues; empty: all, those that concern no contact too."""
    timeout_s: Annotated[float, Field(gt=0, le=60)] = 15.0
    """How long one attempt may take, from the connection to the answer."""
    attempts_max: Annotated[int, Field(ge=1, le=20)] = 10
    """So often an event is sent before it is given up: 10 attempts are spread over some nine
    minutes, longer than a restart of the receiver takes."""
    allow_http: bool = False
    """Whether `http` is allowed to any host: what is sent can then be read on the way."""


def signing_key(secret: str) -> bytes:
    """Return the key that a secret stands for.

    Raises:
        ConfigurationError: It is no Base64, too short or too long. The secret is not repeated.

    Source:
        Standard Webhooks 1.0.0, signature scheme.
    """
    try:
        key = base64.b64decode(secret.removeprefix(KEY_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        raise ConfigurationError("a secret that is no Base64") from None
    if not KEY_BYTES_MIN <= len(key) <= KEY_BYTES_MAX:
        raise ConfigurationError(f"a secret of {len(key)} bytes")
    return key


def is_near(host: str) -> bool:
    """Tell whether a host is this machine or an address of a private network.

    A name is near only when it is `localhost`: where another leads, nobody can say here.
    """
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
    return address.is_loopback or address.is_private
