"""How the edge calls itself towards each peer, and the branches only it can make."""

import pytest

from pbx.edge.flow import INSIDE, Flow
from pbx.edge.post import FACES_MAX, Listener, Names, Post
from tests.edge_support import sip_settings

FAR = Flow("udp", "203.0.113.9", 5060, 0)
NEAR = Flow("udp", "10.0.0.9", 5060, 0)


def names(**changes):
    asked = []

    def facing(host):
        asked.append(host)
        return "10.0.0.1"

    made = Names(
        settings=sip_settings(**changes),
        media_address=None,
        listeners=[
            Listener(transport="udp", host="0.0.0.0", port=5060),
            Listener(transport="tls", host="192.0.2.10", port=5061),
            Listener(transport="udp", host="::", port=5060),
        ],
        inside=("127.0.0.1", 7000),
        facing=facing,
    )
    return made, asked


def test_without_an_advertised_address_it_is_the_one_facing_the_peer():
    made, asked = names()
    assert made.place(FAR) == made.place(FAR) == "10.0.0.1:5060"
    assert asked == ["203.0.113.9"]


def test_the_advertised_address_is_for_those_beyond_the_nat():
    made, _ = names(advertised_address="198.51.100.1", local_networks=["10.0.0.0/8"])
    assert made.place(FAR) == "198.51.100.1:5060"
    assert made.place(NEAR) == "10.0.0.1:5060"
    assert made.media_address(FAR) == "198.51.100.1"
    assert made.media_address(NEAR) == "10.0.0.1"


def test_the_loopback_is_on_our_side_of_any_nat():
    made, _ = names(advertised_address="198.51.100.1")
    assert made.place(Flow("udp", "127.0.0.1", 5060, 0)) == "10.0.0.1:5060"


def test_contacts_name_the_transport_of_the_listener():
    made, _ = names()
    flow = Flow("tls", "203.0.113.9", 40_000, 1)
    assert made.contact(flow, "warmline") == "<sip:warmline@192.0.2.10:5061;transport=tls>"
    assert made.via(flow, "b") == "SIP/2.0/TLS 192.0.2.10:5061;rport;branch=b"


def test_inside_is_the_loopback():
    made, _ = names(advertised_address="198.51.100.1")
    assert made.contact(Flow("udp", "127.0.0.1", 7101, INSIDE), "peer") == (
        "<sip:peer@127.0.0.1:7000>"
    )


def test_a_listener_is_chosen_by_transport_and_address_family():
    made, _ = names()
    assert made.listener_for("tls", "203.0.113.9") == 1
    assert made.listener_for("udp", "2001:db8::1") == 2
    assert made.listener_for("tcp", "203.0.113.9") == 0


def test_remembered_faces_are_bounded():
    made, asked = names()
    for number in range(FACES_MAX + 10):
        made.place(FAR._replace(host=f"10.{number // 65536}.{number // 256 % 256}.{number % 256}"))
    made.place(FAR)
    assert len(asked) == FACES_MAX + 11
    assert len(made._faces) < FACES_MAX


@pytest.mark.parametrize("spoiled", ["", "z9hG4bKabc", "z9hG4bKwe" + "0" * 32])
def test_only_our_own_branches_are_ours(spoiled):
    post, other = (Post(names=names()[0], secret=bytes([n]) * 32) for n in (1, 2))
    branch = post.branch("call", 1)
    assert branch == post.branch("call", 1) != post.branch("call", 2)
    assert post.is_ours(branch)
    assert not other.is_ours(branch)
    assert not post.is_ours(spoiled)
