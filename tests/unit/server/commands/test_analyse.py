import csv
import json

import numpy as np
import pytest
import typer
from typer.testing import CliRunner

from models.emotion import LABELS
from server.analyse import run as job
from server.analyse.follow import Node
from server.commands import analyse
from tests.config_support import RIGHT, TOKEN
from tests.unit.media.recordings_rig import words, write
from tests.unit.media.sounds_rig import silence

RUNNER = CliRunner()
ENV = {
    "TOKEN": TOKEN,
    "WARMLINE_CONFIG": "",
    "WARMLINE_TOKEN": "",
    "NO_COLOR": "1",
    "COLUMNS": "200",
}


@pytest.fixture
def app():
    application = typer.Typer()
    analyse.register(application)
    return application


@pytest.fixture
def call(tmp_path, monkeypatch):
    """A recording of 6 s; pictures go into the same folder."""
    monkeypatch.chdir(tmp_path)
    return write(tmp_path / "call.wav", words(12))


def run(app, *given):
    return RUNNER.invoke(app, [str(word) for word in given], env=ENV)


def read(path):
    with path.open(newline="") as lines:
        return list(csv.DictReader(lines))


def test_a_recording_as_a_table(app, call):
    result = run(app, call)
    assert result.exit_code == 0, result.output
    head, first, *_ = result.stdout.splitlines()
    assert head.split()[:3] == ["time", "mood", "intensity"]
    assert first.startswith("0:0")
    assert f"{call}: 6.0 s" in result.stdout
    assert "prosody-open@" in result.stdout
    assert "A business may use it." in result.stdout
    assert "not of real calls" in result.stdout
    assert result.stderr == ""


def test_a_recording_as_json(app, call):
    result = run(app, call, "--json", "--model", "prosody-research")
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    assert lines[0]["type"] == "window"
    assert set(lines[0]["score"]["probabilities"]) == set(LABELS)
    assert lines[-1]["model"].startswith("prosody-research@")
    assert lines[-1]["business_use"] is False


def test_pictures(app, call):
    assert run(app, "--plot", call).exit_code == 0
    assert (call.parent / "call.png").read_bytes().startswith(b"\x89PNG")
    result = run(app, call, "--plot", "other.png")
    assert "picture: other.png" in result.stdout
    assert (call.parent / "other.png").exists()


def test_pictures_that_would_overwrite_one_another(app, call):
    result = run(app, "--plot", call, call)
    assert result.exit_code == 2
    assert "recordings: 2, different names of pictures: 1" in result.stderr
    assert run(app, "--plot", call, "a.png", "b.png").exit_code == 2
    assert run(app, "--plot", "a.png").exit_code == 2


def test_one_bad_recording_does_not_stop_the_rest(app, call):
    (call.parent / "text.wav").write_text("no sound")
    result = run(app, call.parent / "text.wav", call.parent / "none.wav", call)
    assert result.exit_code == 1
    assert "text.wav: no sound that can be read" in result.stderr
    assert "none.wav: there is no such file" in result.stderr
    assert f"{call}: 6.0 s" in result.stdout


def test_channels_that_may_be_an_agents_are_not_mixed_in_silence(app, call):
    both = np.column_stack([words(8), np.zeros(8 * 4_000)])
    path = write(call.parent / "both.wav", both)
    assert "2 channels were mixed" in run(app, path).stderr
    assert run(app, path, "--channel", 1).stderr == ""
    assert "too little speech to judge" in run(app, path, "--channel", 2).stdout


def test_a_configuration_gives_rules_windows_and_weights(app, call):
    rule = (
        "{id: any, label: angry, level: 0.001, clear_level: 0, confidence_min: 0,"
        " windows: {at_least: 1, of: 1}}"
    )
    site = call.parent / "site.yaml"
    site.write_text(RIGHT + f"emotion:\n  weights: prosody-research\n  rules: [{rule}]\n")
    result = run(app, call, "--config", site)
    assert result.exit_code == 0, result.output
    assert "alert any rises" in result.stdout
    assert "prosody-research@" in result.stdout
    assert "prosody-open@" in run(app, call, "--config", site, "--model", "prosody-open").stdout
    site.write_text(RIGHT + "emotion:\n  windows: {hop_s: 100}\n")
    result = run(app, call, "--config", site)
    assert result.exit_code == 2
    assert "emotion.windows.hop_s" in result.stderr


def test_a_manifest(app, call):
    folder = call.parent
    write(folder / "quiet.wav", silence(1.0))
    write(folder / "two.wav", np.array([0.1, -0.1]))
    write(folder / "nan.wav", np.full(8_000, np.nan), 8_000, "FLOAT")
    write(folder / "wide.flac", np.column_stack([words(4)] * 2), 96_000)
    names = ["call.wav", "none.wav", "quiet.wav", "two.wav", "nan.wav", "wide.flac"]
    (folder / "in.csv").write_text("id,file\n" + "".join(f"7,{name}\n" for name in names))
    result = run(app, "--manifest", folder / "in.csv", "--out", folder / "out.csv")
    assert result.exit_code == 1
    assert "none.wav: there is no such file" in result.stderr
    assert "nan.wav: holds samples that are no numbers" in result.stderr
    assert "quiet.wav: there is no speech in it" in result.stderr
    rows = read(folder / "out.csv")
    assert [row["file"] for row in rows] == names
    found = {row["file"]: row for row in rows}
    for name in ("call.wav", "two.wav", "wide.flac"):
        assert 0 <= float(found[name]["p_angry"]) <= 1
        assert -1 <= float(found[name]["arousal"]) <= 1
        assert found[name]["p_happy"] == found[name]["valence"] == ""
        assert float(found[name]["latency_ms"]) > 0
    assert float(found["call.wav"]["speech_s"]) == pytest.approx(4.8, abs=0.4)
    for name in ("none.wav", "nan.wav"):
        assert {value for key, value in found[name].items() if key != "file"} == {""}
    assert (found["quiet.wav"]["p_angry"], found["quiet.wav"]["speech_s"]) == ("", "0.00")
    assert "6 files, 2 could not be read, 1 without speech" in result.stdout


def test_all_that_the_research_weights_claim_is_in_the_table(app, call):
    (call.parent / "in.csv").write_text("file\ncall.wav\n")
    out = call.parent / "out.csv"
    result = run(
        app, "--manifest", call.parent / "in.csv", "--out", out, "--model", "prosody-research"
    )
    assert result.exit_code == 0
    (row,) = read(out)
    chance = {name: float(row[f"p_{name}"]) for name in LABELS}
    assert sum(chance.values()) == pytest.approx(1, abs=1e-4)
    assert row["label"] == max(chance, key=chance.__getitem__)
    assert -1 <= float(row["valence"]) <= 1


def test_scores_beside_the_truth(app, call):
    write(call.parent / "soft.wav", words(4, dbov=-40.0))
    (call.parent / "in.csv").write_text(
        "file,emotion,speaker,corpus\ncall.wav,angry,a,emodb\nsoft.wav,calm,b,emodb\n"
    )
    given = ("--manifest", call.parent / "in.csv", "--out", call.parent / "out.csv", "--truth")
    result = run(app, *given, "emotion")
    assert result.exit_code == 0
    assert "anger AUC" in result.stdout
    assert "2 clips, 2 speakers" in result.stdout
    assert "was trained on emodb" in result.stderr
    result = run(app, *given, "mood")
    assert result.exit_code == 1
    assert "no column 'mood' in the header; found file, emotion, speaker, corpus" in result.stderr


@pytest.mark.parametrize(
    ("text", "said"),
    [(None, "in.csv: cannot be read"), ("path\nx\n", "no column 'file' in the header; found path")],
)
def test_a_manifest_that_is_none(app, tmp_path, text, said):
    if text is not None:
        (tmp_path / "in.csv").write_text(text)
    result = run(app, "--manifest", tmp_path / "in.csv", "--out", tmp_path / "out.csv")
    assert result.exit_code == 1
    assert said in result.stderr
    assert not (tmp_path / "out.csv").exists()


def test_the_manifest_is_not_overwritten(app, call):
    path = call.parent / "in.csv"
    path.write_text("file\ncall.wav\n")
    assert run(app, "--manifest", path, "--out", path).exit_code == 2
    assert path.read_text() == "file\ncall.wav\n"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ([], "name recordings, or --manifest CSV --out CSV, or --follow CONTACT"),
        (["a.wav", "--manifest", "b.csv"], "name recordings, or"),
        (["--manifest", "b.csv"], "--manifest needs --out CSV"),
        (["a.wav", "--out", "b.csv"], "--out and --truth belong to --manifest"),
        (["--manifest", "a.csv", "--out", "b.csv", "--plot"], "--plot needs a recording"),
        (["a.wav", "--model", "prosody-closed"], "no weights 'prosody-closed'"),
        (["--follow", "x"], "--follow needs --token, WARMLINE_TOKEN or --config"),
    ],
)
def test_what_does_not_go_together(app, given, said):
    result = run(app, *given)
    assert result.exit_code == 2
    assert said in result.stderr


def test_a_call_is_followed_where_the_configuration_says(app, tmp_path, monkeypatch):
    site = tmp_path / "site.yaml"
    site.write_text(RIGHT + "  address: 0.0.0.0\n  port: 8123\n")
    asked = []

    async def follow_call(node: Node, contact_id: str, *, as_json: bool) -> None:
        asked.append((node._where.geturl(), node._headers["Authorization"], contact_id, as_json))

    monkeypatch.setattr(job, "follow_call", follow_call)
    assert run(app, "--follow", "c1", "--config", site).exit_code == 0
    assert (
        run(app, "--follow", "c1", "--token", "t", "--url", "https://host", "--json").exit_code == 0
    )
    assert asked == [
        ("http://127.0.0.1:8123", f"Bearer {TOKEN}", "c1", False),
        ("https://host", "Bearer t", "c1", True),
    ]


def test_a_node_that_is_not_there(app):
    result = run(app, "--follow", "c1", "--token", "t", "--url", "http://127.0.0.1:1")
    assert result.exit_code == 1
    assert "http://127.0.0.1:1: no answer of the API" in result.stderr
