from pathlib import Path

import pytest

from config.load import FOUND_CHARACTERS_MAX, load, load_bytes
from config.mistake import ConfigurationMistakes
from domain.errors import ConfigurationError
from tests.config_support import ENVIRON, RIGHT, loaded, mistakes, told

EXAMPLES = Path(__file__).parents[3] / "config" / "examples"
EXAMPLE_ENVIRON = {
    "WARMLINE_TOKEN": "0123456789abcdef0123",
    "WARMLINE_CARRIER_TWO_PASSWORD": "a password",
    "WARMLINE_SITE_KEY": "of a site, 0123456789abcdef0123456789abcdef",
}

TEN_MISTAKES = """\
node:
  log_level: loud
sip:
  domain: pbx.example.org
  listen:
    - transport: tls
      certificate: nowhere.pem
      private_key: nowhere.pem
      port: 70000
rtp:
  port_min: 20000
  port_max: 20100
trunks:
  - id: carrier
agents:
  - id: anna
    name: Anna
    extension: 21
    skills: {billing: 9}
  - id: bob
    name: Bob
    extension: 021
    contact: tel:+4930123456
  - id: anna
    name: Anna Two
    extension: 23
queues:
  - id: service
    name: Service
    numbers: [0800, "*60"]
    ring_time: 20
    skills: {billing: 1}
http:
  token: {env: NOT_SET}
"""


def test_ten_mistakes_are_ten_lines_with_places():
    told_ = told(TEN_MISTAKES)
    assert told_ == [
        (2, "node.log_level"),
        (7, "sip.listen[0].certificate"),
        (8, "sip.listen[0].private_key"),
        (9, "sip.listen[0].port"),
        (12, "rtp.port_max"),
        (14, "trunks[0]"),
        (19, "agents[0].skills.billing"),
        (23, "agents[1].contact"),
        (24, "agents[2].id"),
        (30, "queues[0].numbers[1]"),
        (31, "queues[0].ring_time"),
        (34, "http.token.env"),
    ]


def test_each_mistake_says_what_was_found_and_what_is_allowed():
    by_path = {mistake.path: mistake for mistake in mistakes(TEN_MISTAKES)}
    level = by_path["node.log_level"]
    assert (level.found, level.allowed) == ("'loud'", "one of debug, info, warning, error")
    port = by_path["sip.listen[0].port"]
    assert (port.found, port.allowed) == ("'70000'", "a whole number from 0 to 65535")
    billing = by_path["agents[0].skills.billing"]
    assert (billing.found, billing.allowed) == ("'9'", "a whole number from 1 to 5")
    ring_time = by_path["queues[0].ring_time"]
    assert (ring_time.found, ring_time.hint) == ("unknown key", "did you mean ring_s?")
    assert by_path["http.token.env"].found == "environment variable NOT_SET is not set"
    assert by_path["agents[2].id"].hint == "the first is on line 16"


def test_the_error_is_one_text_with_every_mistake():
    with pytest.raises(ConfigurationMistakes) as caught:
        load_bytes(TEN_MISTAKES.encode(), Path("site.yaml"), environ={})
    assert isinstance(caught.value, ConfigurationError)
    lines = str(caught.value).splitlines()
    assert lines[0] == "site.yaml: 12 mistakes"
    assert lines[1] == (
        "site.yaml:2:14: node.log_level: found 'loud'; allowed: one of debug, info, warning, error"
    )
    assert len(lines) == 13


@pytest.mark.parametrize("name", ["minimal", "small-office", "demo"])
def test_the_examples_are_right_and_nothing_in_them_is_odd(name):
    example = load(EXAMPLES / f"{name}.yaml", environ=EXAMPLE_ENVIRON)
    # Nobody answers the demo's mail, so none goes out; that is meant.
    meant = ["mail.enabled"] if name == "demo" else []
    assert [warning.path for warning in example.warnings] == meant
    assert example.source == (EXAMPLES / f"{name}.yaml").read_bytes()


def test_no_example_is_left_out():
    names = {"minimal", "small-office", "demo", "mail", "contact-centre"}
    assert {path.stem for path in EXAMPLES.glob("*.yaml")} == names


def test_the_example_of_mail_is_right_where_its_key_is(tmp_path):
    site = tmp_path / "site.yaml"
    site.write_bytes((EXAMPLES / "mail.yaml").read_bytes())
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "dkim.pem").write_text("-----BEGIN RSA PRIVATE KEY-----\n")
    secrets = {"RELAY_PASSWORD": "r", "OLD_BOX_PASSWORD": "o"}
    assert load(site, environ={**EXAMPLE_ENVIRON, **secrets}).warnings == ()


def test_the_example_of_all_channels_is_right_where_its_key_is(tmp_path):
    site = tmp_path / "site.yaml"
    site.write_bytes((EXAMPLES / "contact-centre.yaml").read_bytes())
    (tmp_path / "dkim.pem").write_text("-----BEGIN RSA PRIVATE KEY-----\n")
    signing = "whsec_" + "Q" * 44
    secrets = {
        "CHAT_KEY": "k" * 40,
        "RELAY_PASSWORD": "r",
        **dict.fromkeys(("PUSH_KEY", "MESSENGER_KEY", "CRM_KEY", "ALARM_KEY"), signing),
    }
    example = load(site, environ={**EXAMPLE_ENVIRON, **secrets})
    assert example.warnings == ()
    configuration = example.configuration
    assert configuration.chat.enabled
    assert configuration.mail.enabled
    assert configuration.messengers
    assert configuration.http.desk


def test_a_right_file_has_its_values_and_defaults():
    configuration = loaded(RIGHT).configuration
    assert configuration.agents[0].skills == {"billing": 4}
    assert configuration.queues[0].ring_s == 20.0
    assert configuration.sip.listen[0].port == 5060


def test_numbers_are_read_as_written():
    text = RIGHT.replace('["800"]', "[0800, +4930123, 800]").replace('"21"', "021")
    configuration = loaded(text).configuration
    assert configuration.queues[0].numbers == ["0800", "+4930123", "800"]
    assert configuration.agents[0].extension == "021"


def test_relative_paths_begin_at_the_file(tmp_path):
    (tmp_path / "prompts").mkdir()
    text = RIGHT + "prompts: {folder: prompts}\nnode: {name: one}\n"
    configuration = loaded(text, tmp_path).configuration
    assert configuration.prompts.folder == tmp_path / "prompts"
    assert configuration.node.data_folder == tmp_path / "data"


def test_an_absolute_path_stays(tmp_path):
    text = RIGHT + "node: {data_folder: /var/lib/warmline}\n"
    assert loaded(text, tmp_path).configuration.node.data_folder == Path("/var/lib/warmline")


def test_a_section_without_keys_has_its_defaults():
    configuration = loaded(RIGHT + "rtp:\nnode:\ncells: ~\n").configuration
    assert configuration.rtp.port_min == 20_000
    assert configuration.cells.max == 300


def test_a_missing_section_is_a_mistake_of_the_file():
    assert told("agents: []\n") == [(1, "sip"), (1, "queues"), (1, "http")]


def test_a_missing_key_is_placed_at_its_mapping():
    text = RIGHT.replace("    name: Anna Berg\n", "")
    (mistake,) = mistakes(text)
    assert (mistake.line, mistake.path, mistake.found) == (9, "agents[0].name", "no such key")


def test_something_else_than_a_mapping():
    (mistake,) = mistakes("- a\n- b\n")
    assert mistake.path == ""
    assert mistake.found == "a list"
    assert mistake.allowed.startswith("a mapping with the keys node, sip")


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        ("    addresses: [192.0.2.10]", "    addresses: 192.0.2.10", "'192.0.2.10'"),
        ("skills: {billing: 4}", "skills: []", "an empty list"),
        ("skills: {billing: 4}", "skills: [a]", "a list"),
        ('extension: "21"', "extension: {}", "an empty mapping"),
        ('extension: "21"', "extension:", "nothing"),
        ('extension: "21"', "extension: " + "9" * 99, repr("9" * 59 + "…")),
    ],
)
def test_what_was_found_is_said_shortly(old, new, found):
    (mistake,) = mistakes(RIGHT.replace(old, new))
    assert mistake.found == found
    assert len(mistake.found) <= FOUND_CHARACTERS_MAX + 2


def test_a_bad_name_in_a_mapping_is_placed_at_the_key():
    (mistake,) = mistakes(RIGHT.replace("{billing: 4}", "{Bad Name: 4}"))
    assert (mistake.line, mistake.column) == (12, 14)
    assert mistake.path == 'agents[0].skills["Bad Name"]'
    assert mistake.found == "the name 'Bad Name'"
    assert "a-z" in mistake.allowed


def test_our_own_validators_say_why():
    (mistake,) = mistakes(RIGHT.replace("192.0.2.10", "192.0.2.10/24"))
    assert mistake.hint == "192.0.2.10/24 has host bits set"


def test_a_secret_in_the_file_is_refused_and_not_repeated():
    text = RIGHT.replace("token: {env: TOKEN}", "token: my-very-secret-token")
    (mistake,) = mistakes(text)
    assert "my-very" not in str(mistake)
    assert mistake.allowed == "a mapping with the keys env, file"


def test_a_password_in_a_url_is_not_repeated():
    (mistake,) = mistakes(RIGHT + "store: {url: 'mysql://warmline:hidden@db/x'}\n")
    assert "hidden" not in str(mistake)


def test_a_mistake_of_the_schema_is_not_told_a_second_time():
    text = RIGHT.replace('numbers: ["800"]', "numbers: ['*60', ' ', '*60']")
    assert [path for _, path in told(text)] == [
        "queues[0].numbers[0]",
        "queues[0].numbers[1]",
        "queues[0].numbers[2]",
    ]


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(ConfigurationMistakes, match="no such file") as caught:
        load(tmp_path / "missing.yaml")
    assert caught.value.mistakes[0].line == 1


def test_a_folder_is_no_file(tmp_path):
    with pytest.raises(ConfigurationMistakes, match="is a directory"):
        load(tmp_path)


def test_secrets_come_from_the_process_when_none_are_given(tmp_path, monkeypatch):
    path = tmp_path / "site.yaml"
    path.write_text(RIGHT)
    monkeypatch.delenv("TOKEN", raising=False)
    with pytest.raises(ConfigurationMistakes, match="TOKEN is not set"):
        load(path)
    assert load(path, look_up_secrets=False).configuration.http.token.env == "TOKEN"
    monkeypatch.setenv("TOKEN", ENVIRON["TOKEN"])
    assert load(path).file == path
