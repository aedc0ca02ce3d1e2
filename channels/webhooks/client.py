"""The client to other systems of the operator: signed JSON, and no settings of the environment."""

import ssl
from typing import Final

import httpx

ANSWER_BYTES_MAX: Final = 65_536
"""Of an answer: a customer with everything at its limit has half of that, and what a webhook's
receiver says is read only to use the connection again."""
CAUSE_CHARACTERS_MAX: Final = 200
"""Of an error in a log line."""
KEEP_ALIVE_S: Final = 30.0
"""A connection that was not used for so long is closed; web servers keep one for 5 to 75 s."""


def client(
    tls: ssl.SSLContext, *, timeout_s: float, connections_max: int, user_agent: str
) -> httpx.AsyncClient:
    """Return a client that sends JSON.

    Args:
        tls: Says whose certificates are believed.
        timeout_s: Of one step. Who asks limits the whole, for a peer that sends a byte now and
            then is never too slow in a single step.
        connections_max: At once.
        user_agent: How we name ourselves.
    """
    return httpx.AsyncClient(
        verify=tls,
        # A proxy or a password of the environment is not what the operator wrote down.
        trust_env=False,
        follow_redirects=False,
        timeout=timeout_s,
        limits=httpx.Limits(
            max_connections=connections_max,
            max_keepalive_connections=connections_max,
            keepalive_expiry=KEEP_ALIVE_S,
        ),
        headers={
            "User-Agent": user_agent,
            "Content-Type": "application/json",
            # An answer that unpacks to a thousand times its size is none.
            "Accept-Encoding": "identity",
        },
    )


def cause_of(error: Exception) -> str:
    """Return what a log line says of an error."""
    return f"{type(error).__name__}: {error}"[:CAUSE_CHARACTERS_MAX]
