"""However the lessons of some contacts are cut and repeated, the summaries are the same."""

import tempfile
from datetime import timedelta
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.contact import Disposition
from domain.customer_lessons import ContactEnded
from domain.mood import Mood
from store.opening import open_store
from tests.customer_support import ANNA, BERT, told
from tests.store_support import START, HandClock, arrived, contact_id

CONTACTS = 8
ENDS = st.lists(
    st.builds(
        ContactEnded,
        contact_id=st.integers(0, CONTACTS - 1).map(contact_id),
        at=st.integers(0, 500_000).map(lambda seconds: START + timedelta(seconds=seconds)),
        queue_id=st.sampled_from(["billing", "sales"]),
        disposition=st.sampled_from([Disposition.AGENT_ENDED, Disposition.ABANDONED]),
        agent_id=st.sampled_from([None, "anna", "bert"]),
        mood=st.sampled_from(Mood),
    ),
    max_size=CONTACTS,
    unique_by=lambda ended: ended.contact_id,
)


async def summaries(batches):
    """Return what is known of both customers after these batches of lessons."""
    with tempfile.TemporaryDirectory() as name:
        async with open_store(Path(name), HandClock(), history_days=365) as store:
            await store.directory.put([told("C-1", phones=[ANNA])])
            for number in range(CONTACTS):
                caller = ANNA if number % 2 else BERT
                await store.contacts.open(arrived(number, caller=caller))
            new = 0
            for batch in batches:
                new += await store.directory.memory.take(batch)
            known = []
            for number in (0, 1):
                view = await store.directory.of_contact(contact_id(number))
                known.append(None if view is None else (view.summary, view.recent))
            return new, known


@settings(max_examples=25, deadline=None, derandomize=True)
@given(ENDS, st.integers(0, CONTACTS), st.integers(0, CONTACTS), st.integers(0, CONTACTS))
async def test_cuts_and_repeats_change_nothing(ends, cut, begin, end):
    once = await summaries([ends])
    # After a kill some lessons come again, from a place that was kept before.
    repeated = await summaries([ends[:cut], ends[begin:end], ends[:cut] + ends[cut:], ends])
    if begin <= cut:
        assert repeated == once
    assert repeated[0] == once[0] == len(ends)
