import json

import pytest
import typer
from typer.testing import CliRunner

from server.commands import check, users
from tests.config_support import RIGHT, TOKEN

RUNNER = CliRunner()
ENV = {"TOKEN": TOKEN, "WARMLINE_CONFIG": "", "NO_COLOR": "1"}


@pytest.fixture
def app():
    application = typer.Typer()
    check.register(application)
    users.register(application)
    return application


@pytest.fixture
def site(tmp_path):
    path = tmp_path / "site.yaml"
    path.write_text(RIGHT)
    return path


def run(app, *words, env=ENV, **options):
    return RUNNER.invoke(app, [str(word) for word in words], env=env, **options)


def test_a_right_file(app, site):
    run(app, "users", "generate", "anna", "--config", site)
    result = run(app, "check", "--config", site)
    assert result.exit_code == 0
    assert result.stdout == f"{site}: ok, 1 trunk, 1 agent, 1 queue\n"
    assert result.stderr == ""


def test_a_softphone_without_password_is_odd(app, site):
    result = run(app, "check", "--config", site)
    assert result.exit_code == 0
    assert "warning: agent anna: no password is set" in result.stderr


def test_every_mistake_is_one_line(app, site):
    site.write_text(RIGHT.replace("billing: 4", "billing: 9").replace("TOKEN", "NONE"))
    result = run(app, "check", "--config", site)
    assert result.exit_code == 2
    assert result.stderr.splitlines() == [
        f"{site}:12:23: error: agents[0].skills.billing: found '9';"
        " allowed: a whole number from 1 to 5",
        f"{site}:18:16: error: http.token.env: found environment variable NONE is not set;"
        " allowed: a secret that is there",
        "2 mistakes",
    ]
    assert result.stdout == ""


def test_warnings_do_not_fail(app, site):
    site.write_text(RIGHT.replace("numbers:", "language: zh\n    numbers:"))
    result = run(app, "check", "--config", site)
    assert result.exit_code == 0
    assert f"{site}:16:15: warning: queues[0].language: found zh" in result.stderr


def test_without_secrets(app, site):
    result = run(app, "check", "--no-secrets", "--config", site, env={**ENV, "TOKEN": None})
    assert result.exit_code == 0


def test_the_file_may_stand_in_the_environment(app, site):
    assert run(app, "check", env={**ENV, "WARMLINE_CONFIG": str(site)}).exit_code == 0


def test_no_file(app):
    result = run(app, "check")
    assert result.exit_code == 2
    assert "--config FILE" in result.stderr


def test_a_missing_file(app, tmp_path):
    result = run(app, "check", "--config", tmp_path / "none.yaml")
    assert result.exit_code == 2
    assert "no such file" in result.stderr


def test_the_schema(app):
    result = run(app, "check", "--schema")
    assert result.exit_code == 0
    schema = json.loads(result.stdout)
    assert schema["$schema"].startswith("https://json-schema.org/")
    assert "queues" in schema["required"]


def test_a_broken_credential_file_is_told(app, site):
    (site.parent / "data").mkdir()
    (site.parent / "data" / "softphones.json").write_text("{")
    result = run(app, "check", "--config", site)
    assert result.exit_code == 0
    assert "not a credential file" in result.stderr


def test_it_says_which_weights_are_at_work_and_what_they_allow(app, site):
    site.write_text(RIGHT + "emotion: {enabled: true, weights: prosody-research}\n")
    result = run(app, "check", "--config", site)
    assert result.exit_code == 0
    assert "by prosody-research@" in result.stdout
    assert "a business must not use it" in result.stdout
    assert "warning: emotion.weights: found prosody-research" in result.stderr


def test_weights_that_are_spoiled_are_found(app, site, monkeypatch, tmp_path):
    monkeypatch.setattr("server.emotion.WEIGHTS", tmp_path)
    site.write_text(RIGHT + "emotion: {enabled: true}\n")
    result = run(app, "check", "--config", site)
    assert result.exit_code == 2
    assert "emotion.weights: card prosody-open.json cannot be read" in result.stderr
