"""The sections `mail.send` and `mail.dkim`: how our mail goes out, and how it is signed."""

from typing import Annotated, Literal

from pydantic import Field

from config.secret import Secret
from config.section import Section
from config.values import FilePath, Host, Port, rule


class MailSend(Section):
    """The mail server that takes our mail and brings it to the customers' (a smarthost)."""

    host: Host
    """The server."""
    port: Port = 587
    """Its port: 587 with STARTTLS, 465 with TLS from the start, 25 between servers."""
    tls: Literal["starttls", "tls", "none"] = "starttls"
    """`starttls` and `tls` want a valid certificate; `none` only to a server of this machine or of
    a private network."""
    username: Annotated[str, Field(min_length=1, max_length=255)] | None = None
    """Name to log in with; nothing: it knows us by address."""
    password: Secret | None = None
    """Where the password stands, with `username`."""
    connections: Annotated[int, Field(ge=1, le=50)] = 4
    """Connections at once; each is used for many mails."""
    per_domain_max: Annotated[int, Field(ge=1, le=50)] = 2
    """Mails at once to recipients of one domain, so that one slow domain does not hold up the
    others."""
    per_s: Annotated[float, Field(gt=0, le=1_000)] = 20.0
    """Mails a second; many servers slow down or ban whoever sends faster."""
    retry_s: Annotated[
        list[Annotated[float, Field(ge=1, le=86_400)]], Field(min_length=1, max_length=20)
    ] = [60.0, 300.0, 900.0, 3_600.0, 7_200.0, 14_400.0]
    """Pauses after the first, second, ... try that came to nothing for now; the last one is used
    again and again. RFC 5321 section 4.5.4.1 wants 30 minutes and more in the end; greylisting
    lets one pass after a few."""
    give_up_s: Annotated[float, Field(ge=60, le=864_000)] = 172_800.0
    """After so long a mail is given up and the agent is told: two days. RFC 5321 wants four to
    five, but a customer has called long before."""
    timeout_s: Annotated[float, Field(ge=1, le=600)] = 120.0
    """How long the server may take for one answer (RFC 5321 section 4.5.3.2)."""


class MailDkim(Section):
    """A key that signs what we send for one domain (RFC 6376)."""

    domain: Host
    """The domain of the sender's address."""
    selector: Annotated[
        str,
        Field(
            pattern=r"^[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$",
            json_schema_extra=rule("a DKIM selector such as s2024: letters, digits, ., - and _"),
        ),
    ]
    """The public key stands in DNS under `SELECTOR._domainkey.DOMAIN`."""
    key: FilePath
    """PEM file with the unencrypted key: RSA of 2,048 bits, or Ed25519 (RFC 8463). Not every
    receiver knows Ed25519 yet: have a second entry of the same domain with an RSA key."""
