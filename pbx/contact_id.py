"""Names of new contacts."""

import secrets

from domain.ports import Clock


def new_contact_id(clock: Clock) -> str:
    """Return 32 hexadecimal digits that sort by time: 48 bits of milliseconds, 80 random."""
    return f"{int(clock.utc().timestamp() * 1_000):012x}{secrets.token_hex(10)}"
