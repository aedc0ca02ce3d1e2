import pytest

from domain.contact import Channel
from domain.errors import SimulationError
from router.simulation.arrivals_csv import COLUMNS, read_rows, with_arrivals
from tests.unit.router.simulation.rig import centre

HEAD = ",".join(COLUMNS)
GOOD = f"{HEAD}\n60,voice,sales,en,3,offer,anna,90\n30.5,chat,sales,,,,,\n"


def test_a_table_is_read_and_what_is_empty_is_drawn() -> None:
    rows = read_rows(GOOD, "day.csv")
    assert [row.arrival_s for row in rows] == [60.0, 30.5]
    assert (rows[1].value, rows[1].patience_s, rows[1].customer) == (None, None, None)
    first, second = with_arrivals(rows, centre())
    assert (first.at_s, first.channel, first.topic in {"offer", "order"}) == (
        30.5,
        Channel.CHAT,
        True,
    )
    assert first.patience_s > 0
    assert (second.language, second.value, second.topic) == ("en", 3, "offer")
    assert (second.customer_id, second.patience_s) == ("=anna", 90.0)


def test_columns_may_stand_in_any_order() -> None:
    names = list(reversed(COLUMNS))
    text = f"{','.join(names)}\n90,anna,offer,3,en,sales,voice,60\n"
    assert (
        read_rows(text, "x")[0] == read_rows(f"{HEAD}\n60,voice,sales,en,3,offer,anna,90\n", "x")[0]
    )


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("-1,voice,sales,en,3,offer,a,90", "day.csv:2: arrival_s: found '-1'; allowed: seconds"),
        ("nan,voice,sales,en,3,offer,a,90", "day.csv:2: arrival_s: found 'nan'"),
        (",voice,sales,en,3,offer,a,90", "day.csv:2: arrival_s: found ''"),
        ("1,fax,sales,en,3,offer,a,90", "channel: found 'fax'; allowed: one of voice, chat"),
        ("1,voice,,en,3,offer,a,90", "queue: found ''; allowed: 1 to 63 characters"),
        ("1,voice,sales,en,6,offer,a,90", "value: found '6'; allowed: 1 to 5"),
        ("1,voice,sales,en,2.5,offer,a,90", "value: found '2.5'"),
        ("1,voice,sales,en,3,Big Offer,a,90", "topic: found 'Big Offer'"),
        ("1,voice,sales,en,3,offer,a,1e9", "patience_s: found '1e9'; allowed: seconds from 0 to"),
        ("1,voice,sales", "day.csv:2: found 3 values; allowed: 8"),
        ('1,"voice', "is no CSV"),
    ],
)
def test_a_mistake_is_named_with_its_place(line: str, said: str) -> None:
    with pytest.raises(SimulationError) as caught:
        read_rows(f"{HEAD}\n{line}\n", "day.csv")
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "found no column 'arrival_s'"),
        (f"{HEAD}\n", "found no rows"),
        ("arrival_s,channel\n", "found no column 'queue'"),
        (f"{HEAD},colour\n", "found column 'colour'"),
        (f"{HEAD},topic\n", "found column 'topic'; allowed: each once"),
    ],
)
def test_a_wrong_header_is_named(text: str, said: str) -> None:
    with pytest.raises(SimulationError, match=said):
        read_rows(text, "day.csv")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("1,voice,nowhere,en,3,offer,a,90", "day.csv:2: queue: found 'nowhere'; allowed: one of"),
        ("1,voice,sales,fr,3,offer,a,90", "day.csv:2: queue sales: no agent can serve voice in"),
    ],
)
def test_a_row_that_does_not_fit_is_named(line: str, said: str) -> None:
    with pytest.raises(SimulationError) as caught:
        with_arrivals(read_rows(f"{HEAD}\n{line}\n", "day.csv"), centre())
    assert said in str(caught.value)
