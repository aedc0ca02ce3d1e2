"""From the event to the sentence: what is published is stored and told over HTTP."""

from dataclasses import replace

import httpx

from bus.local import LocalBus
from channels.http.app import build_app
from domain.contact import Interaction
from domain.offer_events import OfferExplained
from server.journal import EventRecorder
from store.opening import open_store
from tests.store_support import START, HandClock, closed, contact_id
from tests.unit.channels.http.fakes import BEARER, TOKEN, Node, http_settings
from tests.unit.store.test_decisions import DECISION


async def test_an_offer_is_explained_over_http_in_both_languages(tmp_path):
    clock = HandClock()
    async with open_store(tmp_path, clock) as store:
        bus = LocalBus(clock)
        async with EventRecorder(bus, "decisions", store.decisions.append):
            bus.publish(OfferExplained(decision=replace(DECISION, at=None)))
        await store.contacts.close(closed(1), "")
        await store.contacts.add_interaction(
            Interaction(
                interaction_id=contact_id(77),
                contact_id=contact_id(1),
                agent_id="anna",
                started_at=START,
                ended_at=START,
                outcome="answered",
                ring_s=4.0,
                talk_s=60.0,
            )
        )
        ports = replace(Node().ports(), contacts=store.contacts, decisions=store.decisions)
        app = build_app(http_settings(), ports, token=TOKEN)
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(
            transport=transport, base_url="http://node", headers=BEARER
        ) as client:
            path = f"/api/v1/contacts/{contact_id(1)}/decisions"
            english = (await client.get(path)).json()["decisions"][0]
            chinese = (await client.get(f"{path}?language=zh")).json()["decisions"][0]
    assert english["at"] == "2026-03-01T09:00:00Z"
    assert english["fate"] == "accepted"
    assert english["sentences"][0] == "Offered to anna after 0 s of waiting."
    assert "anna answered after 4 s of ringing at 2026-03-01 09:00:04 UTC." in english["sentences"]
    assert chinese["sentences"][-1] == "anna在振铃 4 秒后接听（2026-03-01 09:00:04 UTC）。"
    # Numbers are the same in every language.
    assert {**english, "sentences": 0} == {**chinese, "sentences": 0}
