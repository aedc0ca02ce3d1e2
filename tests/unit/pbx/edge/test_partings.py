"""Requests of the edge's own: sent again, answered, given up."""

from pbx.edge.flow import Flow
from pbx.edge.partings import Partings
from pbx.edge.post import Post
from tests.edge_support import CoreBench

UDP = Flow("udp", "203.0.113.9", 5060, 0)


def begin(flow=UDP):
    post = Post(names=CoreBench().names, secret=b"k")
    partings = Partings(post)
    partings.begin("b1", "BYE", flow, b"bye", 0.0)
    return post, partings


def test_pauses_double_up_to_four_seconds():
    post, _ = begin()
    post.take()
    times = []
    while (due_s := post.agenda.next_s()) is not None:
        post.agenda.wake(due_s)
        times += [due_s] * len(post.take())
    assert times == [0.5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5, 23.5, 27.5, 31.5]
    assert post.counts["partings_unanswered"] == 1


def test_a_provisional_answer_ends_nothing():
    post, partings = begin()
    assert partings.answered("b1", "BYE", 100)
    assert len(partings) == 1
    assert partings.answered("b1", "BYE", 481)
    assert len(partings) == 0
    assert post.agenda.next_s() is None


def test_an_answer_to_something_else_is_not_ours():
    _, partings = begin()
    assert not partings.answered("b1", "CANCEL", 200)
    assert not partings.answered("b2", "BYE", 200)


def test_the_same_request_is_begun_once():
    post, partings = begin()
    partings.begin("b1", "BYE", UDP, b"bye", 1.0)
    assert len(post.take()) == 1


def test_over_a_connection_it_is_sent_once():
    post, _ = begin(UDP._replace(transport="tcp"))
    assert len(post.take()) == 1
    assert post.agenda.next_s() == 32.0
