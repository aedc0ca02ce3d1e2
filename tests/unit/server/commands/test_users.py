import hashlib
import stat

import pytest
import typer
from typer.testing import CliRunner

from server.commands import users
from server.commands.softphones import GENERATED_CHARACTERS
from store.credentials import read_softphones
from tests.config_support import RIGHT

RUNNER = CliRunner()
ENV = {"WARMLINE_CONFIG": "", "NO_COLOR": "1", "COLUMNS": "100"}
GOOD = "correct horse battery"
FIXED = """\
  - {id: branch, name: Branch, extension: "30", contact: "sip:30@10.0.0.5"}
"""


@pytest.fixture
def app():
    application = typer.Typer()
    users.register(application)
    return application


@pytest.fixture
def site(tmp_path):
    path = tmp_path / "site.yaml"
    path.write_text(RIGHT.replace("queues:\n", FIXED + "queues:\n"))
    return path


@pytest.fixture
def file(site):
    return site.parent / "data" / "softphones.json"


def run(app, site, *words, **options):
    return RUNNER.invoke(app, ["users", *words, "--config", str(site)], env=ENV, **options)


def md5(text):
    return hashlib.md5(text.encode()).hexdigest()


def sha256(text):
    return hashlib.sha256(text.encode()).hexdigest()


def test_a_password_is_stored_as_ha1_of_both_names_and_algorithms(app, site, file):
    result = run(app, site, "set", "anna", "--password-stdin", input=GOOD + "\n")
    assert result.exit_code == 0, result.stderr
    assert result.stdout == ""
    stored = read_softphones(file)["anna"]
    assert stored.realm == "pbx.example.org"
    assert stored.ha1 == {
        name: {
            "MD5": md5(f"{name}:pbx.example.org:{GOOD}"),
            "SHA-256": sha256(f"{name}:pbx.example.org:{GOOD}"),
        }
        for name in ("anna", "21")
    }
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_the_password_itself_is_nowhere(app, site, file):
    result = run(app, site, "set", "anna", "--password-stdin", input=GOOD + "\n")
    assert GOOD not in result.output
    assert GOOD not in file.read_text()


def test_a_password_typed_twice(app, site, file):
    result = run(app, site, "set", "anna", input=f"{GOOD}\n{GOOD}\n")
    assert result.exit_code == 0, result.stderr
    assert GOOD not in result.output
    assert "anna" in read_softphones(file)


def test_secrets_are_not_needed(app, site):
    assert "TOKEN" not in ENV
    assert run(app, site, "list").exit_code == 0


@pytest.mark.parametrize(
    ("password", "reason"),
    [
        ("", "0 characters; at least 12"),
        ("short", "5 characters; at least 12"),
        ("x" * 129, "129 characters; at most 128"),
        ("Пароль-пароль", "printable ASCII"),
        ("with\ttabs\tinside", "printable ASCII"),
        ("aaaaaabbbbbb", "2 different characters"),
        ("xAnna-kT8w+qP", "the agent's id, extension or name"),
        ("xBERG-kT8w+qPz", "the agent's id, extension or name"),
        ("kT8w+qPz-21-xy", "the agent's id, extension or name"),
        ("Password-kT8w", "everybody tries first"),
        ("kT8w+123456xy", "everybody tries first"),
    ],
)
def test_weak_passwords(app, site, file, password, reason):
    result = run(app, site, "set", "anna", "--password-stdin", input=password + "\n")
    assert result.exit_code == 2
    assert reason in result.stderr
    assert not file.exists()


def test_a_generated_password_is_printed_once_alone(app, site, file):
    result = run(app, site, "generate", "anna")
    assert result.exit_code == 0
    password = result.stdout.strip()
    assert len(password) == GENERATED_CHARACTERS
    assert not set(password) & set("0O1lI")
    assert read_softphones(file)["anna"].ha1["anna"]["MD5"] == md5(
        f"anna:pbx.example.org:{password}"
    )
    assert run(app, site, "generate", "anna").stdout.strip() != password


def test_an_agent_that_there_is_not(app, site):
    result = run(app, site, "generate", "ana")
    assert result.exit_code == 2
    assert "did you mean anna?" in result.stderr
    assert "agents: anna, branch" in run(app, site, "generate", "zzz").stderr


def test_an_agent_with_a_fixed_contact(app, site):
    result = run(app, site, "generate", "branch")
    assert result.exit_code == 1
    assert "fixed contact" in result.stderr


def rows(result):
    lines = [line for line in result.stdout.splitlines() if "│" in line]
    return [[cell.strip() for cell in line.strip("│").split("│")] for line in lines]


def test_the_list_shows_who_can_register(app, site):
    assert [row[:3] for row in rows(run(app, site, "list"))] == [
        ["anna", "21", "missing"],
        ["branch", "30", "fixed contact"],
    ]
    run(app, site, "generate", "anna")
    assert rows(run(app, site, "list"))[0][:3] == ["anna", "21", "set"]
    site.write_text(RIGHT.replace('"21"', '"23"'))
    assert rows(run(app, site, "list"))[0][:3] == ["anna", "23", "other extension"]
    site.write_text(RIGHT.replace("pbx.example.org", "other.example.org"))
    assert rows(run(app, site, "list"))[0][:3] == ["anna", "21", "other domain"]
    site.write_text(RIGHT.replace("id: anna", "id: eva"))
    assert [row[:3] for row in rows(run(app, site, "list"))] == [
        ["eva", "21", "missing"],
        ["anna", "", "no such agent"],
    ]


def test_a_password_is_removed(app, site, file):
    run(app, site, "generate", "anna")
    assert run(app, site, "remove", "anna").exit_code == 0
    assert read_softphones(file) == {}
    result = run(app, site, "remove", "anna")
    assert result.exit_code == 1
    assert "has no password" in result.stderr


def test_a_broken_credential_file_is_told_and_kept(app, site, file):
    file.parent.mkdir()
    file.write_text("{")
    for words in (("generate", "anna"), ("list",), ("remove", "anna")):
        result = run(app, site, *words)
        assert result.exit_code == 1
        assert "not a credential file" in result.stderr
    assert file.read_text() == "{"


def test_mistakes_in_the_configuration_come_first(app, site):
    site.write_text("agents: []\n")
    result = run(app, site, "list")
    assert result.exit_code == 2
    assert "3 mistakes" in result.stderr
