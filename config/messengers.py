"""The section `messengers` of the schema: other systems through which customers write."""

from typing import Annotated, Final

from pydantic import Field

from config.secret import Secret
from config.section import Section
from config.values import Identifier, LanguageTag
from config.webhooks import WebhookUrl

MESSENGERS_MAX: Final = 16
"""Each has a task that sends; more are a gateway of their own."""


class Messenger(Section):
    """Another system through which customers write, joined by a small program: its adapter.

    The adapter posts what customers write to `/messengers/v1/ID/messages`, and is posted what is
    written to them, both signed with one key. docs/protocols/messenger.md tells how.
    """

    id: Identifier
    """Name of the messenger in records, metrics and paths; what waits to go out is kept under
    it."""
    queue_id: Identifier
    """The queue where its customers wait."""
    language: LanguageTag = "en"
    """Language of a customer whose adapter names none."""
    url: WebhookUrl
    """Where the adapter takes what is written to customers."""
    secret: Secret
    """Where the key stands with which both sides sign: `whsec_` and 24 to 64 bytes in Base64, made
    with `echo whsec_$(openssl rand -base64 32)`."""
    timeout_s: Annotated[float, Field(gt=0, le=60)] = 15.0
    """How long one attempt to post may take."""
    attempts_max: Annotated[int, Field(ge=1, le=20)] = 12
    """So often a message is posted before it is given up and its agent is told: 12 attempts are
    spread over about an hour."""
    is_identity_proved: bool = False
    """Whether the messenger vouches for its users' ids, so that a customer is known by his own;
    else his id is believed as a caller's number is."""
    allow_http: bool = False
    """Whether `http` is allowed to any host: what is sent can then be read on the way."""
