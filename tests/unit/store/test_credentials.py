import json
import os
import stat
from datetime import UTC, datetime

import pytest

from domain.errors import StoreError
from store import credentials
from store.credentials import (
    BYTES_MAX,
    STAT_EVERY_S,
    CredentialFile,
    Softphone,
    put_softphone,
    read_softphones,
    remove_softphone,
)

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)


class HandClock:
    def __init__(self):
        self.now_s = 100.0

    def monotonic_s(self):
        return self.now_s

    def utc(self):
        return NOON


def softphone(*names, realm="pbx.example.org", mark="a"):
    return Softphone(
        realm=realm,
        set_at=NOON,
        ha1={
            name: {"MD5": f"{mark}-md5-{name}", "SHA-256": f"{mark}-sha-{name}"} for name in names
        },
    )


@pytest.fixture
def path(tmp_path):
    return tmp_path / "data" / "softphones.json"


@pytest.fixture
def clock():
    return HandClock()


def test_what_was_put_is_read(path, clock):
    put_softphone(path, "anna", softphone("anna", "21"))
    source = CredentialFile(path, clock)
    assert source.ha1("anna", "MD5") == "a-md5-anna"
    assert source.ha1("21", "SHA-256") == "a-sha-21"
    assert source.agent_id("21") == "anna"
    assert source.ha1("anna", "SHA-512") is None
    assert source.ha1("bob", "MD5") is None
    assert source.agent_id("bob") is None


def test_the_file_is_the_owners_alone(path):
    put_softphone(path, "anna", softphone("anna"))
    for file in path.parent.iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_what_root_writes_is_the_folder_owners(path, monkeypatch):
    owners = []
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(os, "fchown", lambda _descriptor, *owner: owners.append(owner))
    put_softphone(path, "anna", softphone("anna"))
    folder = path.parent.stat()
    assert owners == [(folder.st_uid, folder.st_gid)] * 2


def test_no_file_is_no_softphones(path, clock):
    assert read_softphones(path) == {}
    assert CredentialFile(path, clock).ha1("anna", "MD5") is None


def test_the_form_of_the_file(path):
    put_softphone(path, "anna", softphone("anna"))
    assert json.loads(path.read_text()) == {
        "version": 1,
        "softphones": {
            "anna": {
                "realm": "pbx.example.org",
                "set_at": "2026-01-31T12:00:00Z",
                "ha1": {"anna": {"MD5": "a-md5-anna", "SHA-256": "a-sha-anna"}},
            }
        },
    }


def test_a_new_password_takes_the_place_of_the_old(path):
    put_softphone(path, "anna", softphone("anna", "21"))
    put_softphone(path, "anna", softphone("anna", "22", mark="b"))
    assert set(read_softphones(path)["anna"].ha1) == {"anna", "22"}


def test_an_extension_that_is_given_on_leads_to_one_agent(path, clock):
    put_softphone(path, "anna", softphone("anna", "21"))
    put_softphone(path, "bob", softphone("bob", "21", mark="b"))
    source = CredentialFile(path, clock)
    assert source.agent_id("21") == "bob"
    assert source.ha1("21", "MD5") == "b-md5-21"
    assert set(read_softphones(path)["anna"].ha1) == {"anna"}


def test_a_softphone_is_removed(path, clock):
    put_softphone(path, "anna", softphone("anna"))
    put_softphone(path, "bob", softphone("bob"))
    assert remove_softphone(path, "anna")
    assert not remove_softphone(path, "anna")
    assert list(read_softphones(path)) == ["bob"]


def test_credentials_of_another_realm_are_left_out(path, clock):
    put_softphone(path, "anna", softphone("anna", realm="old.example.org"))
    put_softphone(path, "bob", softphone("bob"))
    source = CredentialFile(path, clock, realm="pbx.example.org")
    assert source.ha1("anna", "MD5") is None
    assert source.agent_id("anna") is None
    assert source.agent_id("bob") == "bob"


def test_a_change_is_seen_after_a_second_and_costs_one_look_a_second(path, clock, monkeypatch):
    put_softphone(path, "anna", softphone("anna"))
    source = CredentialFile(path, clock)
    assert source.agent_id("bob") is None
    put_softphone(path, "bob", softphone("bob"))
    reads = []

    def read(path):
        reads.append(path)
        return read_softphones(path)

    monkeypatch.setattr(credentials, "read_softphones", read)
    clock.now_s += STAT_EVERY_S - 0.01
    assert source.agent_id("bob") is None
    clock.now_s += 0.01
    assert source.agent_id("bob") == "bob"
    clock.now_s += 60.0
    assert source.agent_id("bob") == "bob"
    assert len(reads) == 1


def test_a_removed_file_takes_every_password_away(path, clock):
    put_softphone(path, "anna", softphone("anna"))
    source = CredentialFile(path, clock)
    assert source.agent_id("anna") == "anna"
    path.unlink()
    clock.now_s += STAT_EVERY_S
    assert source.agent_id("anna") is None


BROKEN = [
    b"",
    b"{",
    b"[]",
    b'{"softphones": {"anna": {}}}',
    b'{"version": 2, "softphones": {}}',
    b'{"softphones": {"anna": {"realm": "x", "set_at": "2026-01-31T12:00:00Z", "ha1": [1]}}}',
    b"\xff\xfe",
    b"[" * 100_000,
]


@pytest.mark.parametrize("content", BROKEN, ids=range(len(BROKEN)))
def test_a_broken_file_leaves_the_last_good_content_in_force(path, clock, content):
    put_softphone(path, "anna", softphone("anna"))
    source = CredentialFile(path, clock)
    assert source.agent_id("anna") == "anna"
    path.write_bytes(content)
    clock.now_s += STAT_EVERY_S
    assert source.agent_id("anna") == "anna"
    clock.now_s += STAT_EVERY_S
    assert source.agent_id("anna") == "anna"
    assert source.refusals == 1


@pytest.mark.parametrize("content", BROKEN, ids=range(len(BROKEN)))
def test_a_broken_file_is_not_written_over(path, content):
    path.parent.mkdir()
    path.write_bytes(content)
    with pytest.raises(StoreError, match=r"softphones\.json"):
        put_softphone(path, "anna", softphone("anna"))
    with pytest.raises(StoreError):
        remove_softphone(path, "anna")
    assert path.read_bytes() == content


def test_a_file_that_is_too_large(path):
    path.parent.mkdir()
    with path.open("wb") as file:
        file.truncate(BYTES_MAX + 1)
    with pytest.raises(StoreError, match="over 16777216 bytes"):
        read_softphones(path)


def test_a_folder_in_the_place_of_the_file(path, clock):
    path.mkdir(parents=True)
    with pytest.raises(StoreError):
        put_softphone(path, "anna", softphone("anna"))
    source = CredentialFile(path, clock)
    assert source.ha1("anna", "MD5") is None
    assert source.refusals == 1


def test_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "data").write_text("a file")
    with pytest.raises(StoreError, match="data"):
        put_softphone(tmp_path / "data" / "softphones.json", "anna", softphone("anna"))


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(path, monkeypatch):
    put_softphone(path, "anna", softphone("anna"))
    before = path.read_bytes()

    def full(_descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StoreError, match="No space left"):
        put_softphone(path, "bob", softphone("bob"))
    assert path.read_bytes() == before
    assert {file.name for file in path.parent.iterdir()} == {
        "softphones.json",
        "softphones.json.lock",
    }
