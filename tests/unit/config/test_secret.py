import pytest

from config.secret import SECRET_BYTES_MAX, Secret
from domain.errors import ConfigurationError


def test_a_secret_is_read_where_it_stands(tmp_path, monkeypatch):
    monkeypatch.setenv("OURS", " value \n")
    assert Secret(env="OURS").read() == "value"
    assert Secret(env="OURS").read({"OURS": "other"}) == "other"
    (tmp_path / "secret").write_text("from the file\n")
    assert Secret(file=tmp_path / "secret").read() == "from the file"


def test_a_secret_without_one_place_cannot_be_read():
    with pytest.raises(ConfigurationError, match="exactly one"):
        Secret().read()


def test_the_repr_of_a_configuration_holds_no_secret(monkeypatch):
    monkeypatch.setenv("OURS", "hidden")
    assert "hidden" not in repr(Secret(env="OURS"))


def test_a_file_too_long_for_a_secret_is_not_read_to_its_end(tmp_path):
    (tmp_path / "secret").write_text("x" * (SECRET_BYTES_MAX + 1))
    with pytest.raises(ConfigurationError, match="over 65536 bytes"):
        Secret(file=tmp_path / "secret").read()
