"""The section `customers` of the schema: what is remembered of customers, and who is asked."""

from typing import Annotated

from pydantic import Field

from config.secret import Secret
from config.section import Section
from config.webhooks import WebhookUrl


class Lookup(Section):
    """Another system that knows your customers, such as a CRM, asked when a contact arrives.

    It never delays a contact: what it tells is taken into account whenever it comes.
    docs/customers.md describes question and answer.
    """

    url: WebhookUrl
    """Where to ask. `https`, whose certificate must be valid; `http` only to this machine, to an
    address of a private network, or with `allow_http`. The customer's address is sent there."""
    secret: Secret
    """Where the key of the signature stands: `whsec_` and 24 to 64 bytes in Base64, made with
    `echo whsec_$(openssl rand -base64 32)`."""
    timeout_s: Annotated[float, Field(gt=0, le=10)] = 0.5
    """How long one question may take, from the connection to the answer. After half a second an
    agent has often been found already."""
    cache_s: Annotated[float, Field(ge=0, le=86_400)] = 300.0
    """How long a customer who comes again is not asked for anew, for the answer is stored; 0: he
    is asked for each time."""
    cache_max: Annotated[int, Field(ge=1, le=100_000)] = 10_000
    """Customers remembered for `cache_s`; the oldest is forgotten. About 300 bytes each."""
    at_once_max: Annotated[int, Field(ge=1, le=100)] = 16
    """Questions at once; a contact that arrives beyond them is served without an answer."""
    failures_max: Annotated[int, Field(ge=1, le=100)] = 5
    """After so many failures in a row the other system is left alone."""
    retry_s: Annotated[float, Field(ge=1, le=3_600)] = 30.0
    """For so long; then one question tries whether it is back."""
    allow_http: bool = False
    """Whether `http` is allowed to any host: who customers are can then be read on the way."""


class Customers(Section):
    """What is remembered of customers, and what the router may know of them."""

    history_days: Annotated[int, Field(ge=0, le=3650)] = 365
    """How long it is remembered what a customer has contacted us about, who served him and how it
    came out, after his last contact; 0: nothing is learnt of anybody, and what was learnt is
    deleted. What you have entered yourself stays. A customer who does not want to be profiled is
    never learnt from."""
    region: Annotated[str, Field(pattern=r"^[A-Z]{2}$")] | None = None
    """Country whose national telephone numbers are understood, ISO 3166-1 alpha-2 such as `DE`:
    `030 1234567` is then `+49301234567`, whether a carrier sends it or somebody has entered it so.
    Nothing: only numbers with country code are brought into one form."""
    lookup: Lookup | None = None
    """Another system that is asked who a customer is; nothing: only what is stored here counts."""
