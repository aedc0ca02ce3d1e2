import io

import pytest

from domain.emotion import EmotionLabel
from domain.errors import ManifestError
from server.analyse.clips import Clip, Score
from server.analyse.manifest import COLUMNS, Manifest, ScoreTable, row_of

HEADER = (
    "file,label,p_angry,p_happy,p_neutral,p_sad,p_fear,p_surprise,p_disgust,arousal,valence,"
    "speech_s,latency_ms"
)


@pytest.fixture
def table(tmp_path):
    def write(text: str, encoding: str = "utf-8"):
        path = tmp_path / "in.csv"
        path.write_text(text, encoding=encoding)
        return path

    return write


def test_files_lie_beside_the_manifest_or_in_the_working_folder(table, tmp_path, monkeypatch):
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    (tmp_path / "a.wav").touch()
    (work / "a.wav").touch()
    (work / "b.wav").touch()
    path = table(f"label,file\nx,a.wav\ny,b.wav\nz,{tmp_path}/a.wav\n")
    found = list(Manifest(path).files())
    assert [each.file for each in found] == ["a.wav", "b.wav", f"{tmp_path}/a.wav"]
    assert [each.path.resolve() for each in found] == [
        tmp_path / "a.wav",
        work / "b.wav",
        tmp_path / "a.wav",
    ]
    assert [each.row["label"] for each in found] == ["x", "y", "z"]


def test_a_mark_of_the_byte_order_is_no_part_of_a_name(table):
    assert Manifest(table("file\na.wav\n", "utf-8-sig")).columns == ("file",)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no column 'file' in the header; found nothing"),
        ("path,label\na.wav,x\n", "no column 'file' in the header; found path, label"),
        ("file,label\na.wav,x\n,y\n", "in.csv:3: names no file"),
        ('file\n"a.wav\n', "is no CSV in UTF-8"),
    ],
)
def test_what_is_wrong_is_named(table, text, said):
    with pytest.raises(ManifestError, match=said):
        list(Manifest(table(text)).files())


def test_other_encodings_and_missing_manifests(table, tmp_path):
    with pytest.raises(ManifestError, match="is no CSV in UTF-8"):
        list(Manifest(table("file\nb\u00f6se.wav\n", "latin-1")).files())
    with pytest.raises(ManifestError, match="No such file"):
        Manifest(tmp_path / "none.csv")


def test_a_column_that_is_needed(table):
    manifest = Manifest(table("file,emotion\na.wav,x\n"))
    manifest.need("emotion")
    with pytest.raises(ManifestError, match="no column 'mood'"):
        manifest.need("mood")


def test_a_row_that_is_too_short_has_empty_fields(table):
    (named,) = Manifest(table("file,emotion\na.wav\n")).files()
    assert named.row["emotion"] == ""


def test_the_columns_are_those_that_are_promised():
    stream = io.StringIO()
    table = ScoreTable(stream)
    chance = dict.fromkeys(EmotionLabel, 0.1) | {EmotionLabel.ANGRY: 0.4}
    table.put(Clip("a b.wav", {}, Score(EmotionLabel.ANGRY, chance, 0.25, -0.5), 1.234, 0.0123))
    assert stream.getvalue().splitlines() == [
        HEADER,
        "a b.wav,angry,0.400000,0.100000,0.100000,0.100000,0.100000,0.100000,0.100000,"
        "0.250000,-0.500000,1.23,12.30",
    ]


def test_what_is_not_claimed_or_not_known_is_empty():
    anger = Score(None, {EmotionLabel.ANGRY: 0.25}, 0.5, None)
    assert row_of(Clip("a.wav", {}, anger, 2.0, 0.01)) == [
        "a.wav", "", "0.250000", *[""] * 6, "0.500000", "", "2.00", "10.00",
    ]  # fmt: skip
    silent = row_of(Clip("a.wav", {}, None, 0.0, 0.01))
    assert silent == ["a.wav", *[""] * 10, "0.00", "10.00"]
    assert row_of(Clip("a.wav", {}, fault="no")) == ["a.wav", *[""] * 12]
    assert len(COLUMNS) == 13
