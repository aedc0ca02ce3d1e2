from domain.decision import Scheme
from router.learning.lot import draw


def test_the_share_is_that_of_the_configuration() -> None:
    drawn = [draw(f"{number:032x}", 0.1, 0) for number in range(20_000)]
    control = [each for each in drawn if each == (Scheme.CONTROL, 0.1)]
    # Four standard deviations of 20,000 draws.
    assert abs(len(control) - 2_000) < 170
    assert all(each in {(Scheme.CONTROL, 0.1), (Scheme.LEARNED, 0.9)} for each in drawn)


def test_a_contact_has_one_lot_and_another_seed_draws_others() -> None:
    ids = [f"{number:032x}" for number in range(500)]
    assert [draw(each, 0.3, 5) for each in ids] == [draw(each, 0.3, 5) for each in ids]
    assert [draw(each, 0.3, 5) for each in ids] != [draw(each, 0.3, 6) for each in ids]


def test_a_larger_share_takes_whom_the_smaller_took() -> None:
    ids = [f"{number:032x}" for number in range(500)]
    small = {each for each in ids if draw(each, 0.1, 0)[0] is Scheme.CONTROL}
    large = {each for each in ids if draw(each, 0.3, 0)[0] is Scheme.CONTROL}
    assert small < large
