import itertools

import pytest

from domain.errors import IllegalTransition
from domain.machine import step
from domain.offer import TRANSITIONS, OfferState, OfferTrigger


@pytest.mark.parametrize(("first", "second"), list(itertools.permutations(OfferTrigger, 2)))
def test_what_settles_an_offer_first_wins(first: OfferTrigger, second: OfferTrigger) -> None:
    settled = step(TRANSITIONS, OfferState.PENDING, first)
    with pytest.raises(IllegalTransition):
        step(TRANSITIONS, settled, second)
