"""One node for all SIPp tests; each test has a lane of its own."""

from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio

from config.business_hours import DAYS
from tests.certificates import write_certificate
from tests.node_rig import TRUNK_PASSWORD, NodeRig, configuration, lanes, running_node
from tests.programs import require_program

NOTHING = {"greeting": None, "disclosure": None, "queue_full": None, "wait_exceeded": None}
GREETED = {**NOTHING, "greeting": "greeting", "disclosure": "disclosure"}

LANES: Mapping[str, Mapping[str, Any]] = {
    "served": {},
    "agent-ends": {},
    "api-ends": {},
    "cancelled": {},
    "cancelled-late": {},
    "early": {"prompts": GREETED},
    "waiting": {},
    "ringing": {},
    "busy": {"agents": 2},
    "declining": {},
    "unreachable": {},
    "missed": {"agents": 2, "ring_s": 2},
    "full": {"waiting_max": 1},
    "patience": {"wait_s_max": 1},
    "told": {"wait_s_max": 1, "prompts": {**NOTHING, "wait_exceeded": "minute"}},
    "tcp-customer": {},
    "tls-customer": {},
    "tcp-agent": {},
    "tls-agent": {},
    "digest": {},
    "customer-holds": {},
    "agent-holds": {},
    "timer": {},
    "info": {},
    "rtp-events": {},
    "after-malformed": {},
    "wished": {},
    "in-order": {},
    "forked": {"agents": 0},
    "refers": {},
    "logged": {"agents": 2, "ring_s": 2},
    "logged-abandoned": {},
    "redirected": {},
    "handed-over": {"agents": 2, "wrap_up_s": 60},
    "closed": {"opening": {"calendar": "never"}, "prompts": {**NOTHING, "closed": "minute"}},
    "relieved": {"agents": 0, "opening": {"calendar": "never", "other_queue": "night"}},
    "night": {},
}
_TODAY = datetime.now(UTC).date()
NEVER = {
    "id": "never",
    "timezone": "UTC",
    "hours": {day: ["00:00-24:00"] for day in DAYS},
    "holidays": [str(_TODAY + timedelta(days=ahead)) for ahead in range(-1, 3)],
}
"""Closed for as long as the tests may run."""
REGISTERED = {
    **dict.fromkeys(
        ("anna", "boris", "codes", "short", "moved", "wired", "sealed", "renamed", "fraud"), ""
    ),
    "forked": "forked",
}
DIGEST_TRUNK = {
    "id": "by-digest",
    "digest": {"username": "other-pbx", "password": {"env": "TRUNK_PASSWORD"}},
}


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def rig(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[NodeRig]:
    """A node that hears UDP, TCP and TLS."""
    require_program("sipp")
    folder = tmp_path_factory.mktemp("node")
    certificate, key = write_certificate(folder, "127.0.0.1")
    listen = [
        {"transport": "udp", "address": "127.0.0.1", "port": 0},
        {"transport": "tcp", "address": "127.0.0.1", "port": 0},
        {
            "transport": "tls",
            "address": "127.0.0.1",
            "port": 0,
            "certificate": str(certificate),
            "private_key": str(key),
        },
    ]
    made = lanes(LANES)
    wanted = configuration(
        made,
        registered=REGISTERED,
        over={"business_hours": [NEVER]},
        trunks=[DIGEST_TRUNK],
        listen=listen,
    )
    environ = {"TRUNK_PASSWORD": TRUNK_PASSWORD}
    async with running_node(folder, made, wanted, passwords=REGISTERED, environ=environ) as running:
        yield running
