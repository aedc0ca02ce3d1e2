import pytest

from config.numbers import canonical
from tests.config_support import RIGHT, mistakes, told, warned

AGENTS = """\
  - id: bob
    name: Bob Klein
    extension: "22"
"""
QUEUE = """\
  - id: sales
    name: Sales
    numbers: ["801"]
"""


def with_agents(*texts: str) -> str:
    return RIGHT.replace("queues:\n", "".join(texts) + "queues:\n")


def with_queues(*texts: str) -> str:
    return RIGHT.replace("http:\n", "".join(texts) + "http:\n")


def with_trunks(*texts: str) -> str:
    return RIGHT.replace("agents:\n", "".join(texts) + "agents:\n")


def test_what_the_other_tests_begin_with_is_right():
    assert mistakes(RIGHT) == []
    assert warned(RIGHT) == []
    assert mistakes(with_agents(AGENTS)) == []
    assert mistakes(with_queues(QUEUE)) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (with_agents(AGENTS.replace("bob", "anna")), [(13, "agents[1].id")]),
        (with_agents(AGENTS.replace("22", "21")), [(15, "agents[1].extension")]),
        (with_queues(QUEUE.replace("sales", "service")), [(17, "queues[1].id")]),
        (with_queues(QUEUE.replace("801", "800")), [(19, "queues[1].numbers[0]")]),
        (with_queues(QUEUE.replace('"801"', "801, 801")), [(19, "queues[1].numbers[1]")]),
        (with_queues(QUEUE.replace("801", "21")), [(19, "queues[1].numbers[0]")]),
        (with_queues(QUEUE.replace("801", "anna")), [(19, "queues[1].numbers[0]")]),
        (with_queues(QUEUE.replace("801", "*61")), [(19, "queues[1].numbers[0]")]),
        (
            with_trunks("  - {id: carrier, addresses: [198.51.100.1]}\n"),
            [(8, "trunks[1].id")],
        ),
    ],
)
def test_a_name_or_number_leads_to_one_place(text, expected):
    assert told(text) == expected


@pytest.mark.parametrize("same", ["+800", "8-0-0", "8.00"])
def test_one_number_in_two_forms_is_one_number(same):
    text = with_queues(QUEUE.replace("801", same))
    (mistake,) = mistakes(text)
    assert mistake.hint == "the first is on line 16"


def test_canonical_numbers():
    assert canonical("+49-(30).12 34") == "49301234"
    assert canonical("*60") == "*60"


def test_an_extension_that_is_another_agents_id():
    twenty_one = AGENTS.replace("id: bob", "id: '21'")
    assert told(with_agents(twenty_one)) == [(11, "agents[0].extension")]


def test_an_agents_own_id_may_be_his_extension():
    assert mistakes(with_agents(AGENTS.replace("id: bob", "id: '22'"))) == []


def test_mistakes_are_found_beside_those_of_the_schema():
    text = with_agents(AGENTS.replace("bob", "anna").replace('"22"', "x"))
    assert told(text) == [(13, "agents[1].id"), (15, "agents[1].extension")]


def test_a_trunks_number_that_no_queue_has():
    text = RIGHT.replace("[192.0.2.10]", '[192.0.2.10]\n    numbers: ["8000", "+800"]')
    (mistake,) = mistakes(text)
    assert mistake.path == "trunks[0].numbers[0]"
    assert mistake.hint == "did you mean 800?"


def test_a_queue_that_no_trunk_brings_is_odd():
    text = with_queues(QUEUE).replace("[192.0.2.10]", '[192.0.2.10]\n    numbers: ["800"]')
    assert warned(text) == [(20, "queues[1].numbers")]


def test_a_trunk_without_numbers_brings_every_queue():
    text = with_queues(QUEUE).replace("agents:", "  - {id: b, addresses: [198.51.100.1]}\nagents:")
    text = text.replace("[192.0.2.10]", '[192.0.2.10]\n    numbers: ["800"]')
    assert warned(text) == []


def test_a_trunk_that_nothing_tells_from_a_stranger():
    assert told(RIGHT.replace("    addresses: [192.0.2.10]\n", "")) == [(6, "trunks[0]")]
    assert told(RIGHT.replace("[192.0.2.10]", "[]")) == [(6, "trunks[0]")]


def test_the_whole_internet_is_no_carrier():
    assert told(RIGHT.replace("192.0.2.10", "0.0.0.0/0")) == [(7, "trunks[0].addresses[0]")]
    assert told(RIGHT.replace("192.0.2.10", '"::/0"')) == [(7, "trunks[0].addresses[0]")]


def test_a_wide_network_is_odd():
    assert warned(RIGHT.replace("192.0.2.10", "64.0.0.0/7")) == [(7, "trunks[0].addresses[0]")]
    digest = "[0.0.0.0/0]\n    digest: {username: c, password: {env: CARRIER}}"
    assert warned(RIGHT.replace("[192.0.2.10]", digest)) == [(7, "trunks[0].addresses[0]")]


DIGEST = "digest: {username: NAME, password: {env: CARRIER}}"


def test_two_trunks_on_the_same_addresses():
    text = with_trunks("  - {id: other, addresses: [192.0.2.0/24]}\n")
    (mistake,) = mistakes(text)
    assert mistake.path == "trunks[1].addresses[0]"
    assert mistake.hint == "the other is on line 7"


def test_digest_tells_two_trunks_on_the_same_addresses_apart():
    text = with_trunks(
        f"    {DIGEST.replace('NAME', 'a')}\n"
        f"  - {{id: other, addresses: [192.0.2.0/24], {DIGEST.replace('NAME', 'b')}}}\n"
    )
    assert mistakes(text) == []


def test_overlap_within_one_trunk_is_harmless():
    assert mistakes(RIGHT.replace("192.0.2.10", "192.0.2.10, 192.0.2.0/24")) == []


def test_networks_of_two_versions_do_not_overlap():
    assert mistakes(with_trunks("  - {id: other, addresses: ['2001:db8::/32']}\n")) == []


@pytest.mark.parametrize("name", ["anna", '"21"', "one"])
def test_a_digest_name_is_one_trunks_alone(name):
    text = with_trunks(
        f"    {DIGEST.replace('NAME', 'one')}\n  - {{id: other, {DIGEST.replace('NAME', name)}}}\n"
    )
    assert told(text) == [(9, "trunks[1].digest.username")]


@pytest.mark.parametrize(
    ("registrar", "expected"),
    [
        ("{expires_min_s: 400}", "sip.registrar.expires_default_s"),
        ("{expires_max_s: 200}", "sip.registrar.expires_default_s"),
        ("{expires_min_s: 4000}", "sip.registrar.expires_min_s"),
    ],
)
def test_registration_times_in_order(registrar, expected):
    text = RIGHT.replace("  listen:", f"  registrar: {registrar}\n  listen:")
    assert [path for _, path in told(text)] == [expected]


def test_a_fixed_contact_never_registers():
    text = with_agents(AGENTS + "    contact: sip:22@10.0.0.5\n    ready_on_register: yes\n")
    assert warned(text) == [(17, "agents[1].ready_on_register")]


def test_a_queue_that_no_agent_can_serve():
    text = with_queues(QUEUE + "    skills: {biling: 1}\n")
    assert warned(text) == [(12, "agents[0].skills.billing"), (20, "queues[1].skills.biling")]
    assert warned(with_queues(QUEUE + "    skills: {billing: 5}\n")) == [
        (20, "queues[1].skills.billing")
    ]
    assert warned(with_queues(QUEUE + "    language: zh\n")) == [(20, "queues[1].language")]


def test_a_queue_whose_skills_no_single_agent_has():
    text = with_agents(AGENTS + "    skills: {sales: 5}\n")
    text = text.replace("http:\n", QUEUE + "    skills: {sales: 1, billing: 1}\nhttp:\n")
    assert warned(text) == [(21, "queues[1]")]


def test_no_agents_at_all_is_odd():
    text = RIGHT[: RIGHT.index("agents:")] + RIGHT[RIGHT.index("queues:") :]
    assert warned(text) == [(9, "queues[0]")]


def test_a_skill_that_looks_like_one_that_is_asked_for():
    text = with_queues("    skills: {billing: 1}\n")
    text = text.replace("queues:\n", AGENTS + "    skills: {biling: 3, juggling: 5}\nqueues:\n")
    assert warned(text) == [(16, "agents[1].skills.biling")]
