"""Requests that cannot be served: the right refusal, no cell, and the next call as ever."""

from typing import Any

import pytest

from tests.node_rig import NodeRig
from tests.sipp_party import all_done, caller, telephone

pytestmark = [pytest.mark.sipp, pytest.mark.asyncio(loop_scope="session")]

INVITE = "INVITE sip:[service]@[remote_ip]:[remote_port] SIP/2.0"
OFFER = """v=0
      o=- 1 1 IN IP4 [local_ip]
      s=-
      c=IN IP4 [local_ip]
      t=0 0
      m=audio 40000 RTP/AVP 0"""
WELL_FORMED = {
    "line": INVITE,
    "from": "<sip:+4930@[local_ip]>;tag=[pid]m",
    "to_tag": "",
    "cseq": "1 INVITE",
    "hops": "70",
    "extra": "",
    "type": "application/sdp",
    "body": f"      {OFFER}",
}


@pytest.mark.parametrize(
    ("status", "changes"),
    [
        (400, {"hops": "abc"}),
        (400, {"hops": "256"}),
        (400, {"from": "nobody at all;tag=[pid]m"}),
        (400, {"from": "<sip:" + 500 * "x" + "@[local_ip]>;tag=[pid]m"}),
        (405, {"line": INVITE.replace("INVITE", "BREW"), "cseq": "1 BREW"}),
        (415, {"type": "text/plain"}),
        (416, {"line": "INVITE mailto:a@b SIP/2.0"}),
        (420, {"extra": "\n      Require: teleportation"}),
        (481, {"line": INVITE.replace("INVITE", "BYE"), "cseq": "1 BYE", "to_tag": ";tag=gone"}),
        (481, {"to_tag": ";tag=gone"}),
        (483, {"hops": "0"}),
        (488, {"body": "      this is no session description"}),
        (488, {"body": f"      {OFFER.replace('m=audio 40000', 'm=audio 99999')}"}),
        (488, {"body": f"      {OFFER.replace('RTP/AVP 0', 'RTP/AVP 34')}"}),
        (505, {"line": INVITE.replace("SIP/2.0", "SIP/3.0")}),
    ],
)  # fmt: skip
async def test_request_is_refused(rig: NodeRig, status: int, changes: dict[str, str]) -> None:
    lane = rig.lanes["after-malformed"]
    values: dict[str, Any] = {**WELL_FORMED, **changes, "status": status}
    async with caller(rig, lane, "request", **values) as customer:
        await customer.done()
    assert rig.events.of("ContactArrived", queue_id=lane.name) == []


async def test_next_call_is_served(rig: NodeRig) -> None:
    lane = rig.lanes["after-malformed"]
    assert await rig.metric("warmline_cells_crashed") == 0
    await rig.state(lane.agent, "ready")
    async with telephone(rig, lane, talk_ms=100) as agent, caller(rig, lane) as customer:
        await all_done(agent, customer)
