import datetime as dt
import wave

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.config_support import RIGHT, mistakes, told, warned


def listening(*listeners: str) -> str:
    return RIGHT.replace("    - transport: udp\n", "".join(f"    - {each}\n" for each in listeners))


def write_certificate(folder, name, encryption=None):
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(dt.datetime(2020, 1, 1, tzinfo=dt.UTC))
        .not_valid_after(dt.datetime(2099, 1, 1, tzinfo=dt.UTC))
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    (folder / f"{name}.crt").write_bytes(certificate.public_bytes(pem))
    (folder / f"{name}.key").write_bytes(
        key.private_bytes(
            pem,
            serialization.PrivateFormat.PKCS8,
            encryption or serialization.NoEncryption(),
        )
    )


def tls(certificate, key):
    return listening(f"{{transport: tls, certificate: {certificate}, private_key: {key}}}")


def test_a_certificate_with_its_key(tmp_path):
    write_certificate(tmp_path, "one")
    assert mistakes(tls("one.crt", "one.key"), tmp_path) == []


def test_a_certificate_with_another_key(tmp_path):
    write_certificate(tmp_path, "one")
    write_certificate(tmp_path, "two")
    (mistake,) = mistakes(tls("one.crt", "two.key"), tmp_path)
    assert mistake.path == "sip.listen[0].certificate"
    assert "key values mismatch" in mistake.found


def test_an_encrypted_key_does_not_ask_at_the_terminal(tmp_path):
    write_certificate(tmp_path, "one", serialization.BestAvailableEncryption(b"x"))
    (mistake,) = mistakes(tls("one.crt", "one.key"), tmp_path)
    assert mistake.path == "sip.listen[0].certificate"
    assert "unencrypted" in mistake.allowed


def test_tls_without_files(tmp_path):
    assert told(listening("{transport: tls}"), tmp_path) == [
        (4, "sip.listen[0].certificate"),
        (4, "sip.listen[0].private_key"),
    ]
    write_certificate(tmp_path, "one")
    assert told(tls("one.crt", "none.key"), tmp_path) == [(4, "sip.listen[0].private_key")]


def test_a_certificate_without_tls_is_odd():
    assert warned(listening("{transport: tcp, certificate: x.crt}")) == [
        (4, "sip.listen[0].certificate")
    ]


def test_one_socket_is_asked_for_once():
    assert told(listening("{transport: udp}", "{transport: udp, port: 5060}")) == [
        (5, "sip.listen[1]")
    ]
    assert told(listening("{transport: tcp}", "{transport: udp}")) == []
    assert told(listening("{port: 0}", "{port: 0}")) == []
    assert told(listening("{}", "{address: 127.0.0.1}")) == []


def test_tls_and_tcp_cannot_share_a_port(tmp_path):
    write_certificate(tmp_path, "one")
    files = "certificate: one.crt, private_key: one.key"
    text = listening("{transport: tcp}", f"{{transport: tls, {files}}}")
    assert told(text, tmp_path) == [(5, "sip.listen[1]")]


@pytest.mark.parametrize(
    ("rtp", "found"),
    [
        ("{port_min: 30000, port_max: 20000}", "20000"),
        ("{port_min: 20000, port_max: 20000}", "20000"),
        ("{port_min: 20000, port_max: 31998}", "a range of 11999 ports"),
    ],
)
def test_a_media_range_that_does_not_hold_every_call(rtp, found):
    (mistake,) = mistakes(RIGHT + f"rtp: {rtp}\n")
    assert (mistake.path, mistake.found) == ("rtp.port_max", found)


def test_a_media_range_of_exactly_the_right_size():
    assert mistakes(RIGHT + "rtp: {port_min: 20000, port_max: 31999}\n") == []
    assert (
        mistakes(RIGHT + "rtp: {port_min: 20000, port_max: 20039}\ncells: {max: 1, warm: 1}\n")
        == []
    )


def test_the_remedy_for_a_small_range_fits_below_the_last_port():
    (mistake,) = mistakes(RIGHT + "rtp: {port_min: 20000, port_max: 20100}\n")
    assert mistake.hint == "port_max 31999"
    (mistake,) = mistakes(RIGHT + "rtp: {port_min: 65000, port_max: 65099}\n")
    assert mistake.hint == "or cells.max 2"


def test_media_in_the_way_of_sip():
    assert told(listening("{port: 20001}")) == [(4, "sip.listen[0].port")]
    assert told(listening("{port: 20001, transport: tcp}")) == []


def test_a_reserve_larger_than_the_whole():
    assert told(RIGHT + "cells: {warm: 9, max: 8}\n") == [(19, "cells.warm")]


def test_a_range_with_a_bad_end_is_told_once():
    assert told(RIGHT + "rtp: {port_min: x, port_max: 20100}\n") == [(19, "rtp.port_min")]


@pytest.mark.parametrize(
    ("secret", "path", "found"),
    [
        ("{}", "http.token", "neither env nor file"),
        ("{env: TOKEN, file: x}", "http.token", "both env and file"),
        ("{env: NONE}", "http.token.env", "environment variable NONE is not set"),
        ("{env: ''}", "http.token.env", "''"),
    ],
)
def test_a_secret_has_one_place(secret, path, found):
    (mistake,) = mistakes(RIGHT.replace("{env: TOKEN}", secret))
    assert (mistake.path, mistake.found) == (path, found)


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"", "is empty"),
        (b" \n", "is empty"),
        (b"\xff\xfe", "is not UTF-8 text"),
        (b"x" * 70_000, "has over 65536 bytes"),
        (b"short", "a token of 5 characters"),
        ("ключ-ключ-ключ-ключ".encode(), "a token with other characters than visible ASCII ones"),
        (b"two words and more of them", "a token with other characters than visible ASCII ones"),
    ],
)
def test_a_secret_file_that_will_not_do(tmp_path, content, found):
    (tmp_path / "token").write_bytes(content)
    (tmp_path / "token").chmod(0o600)
    (mistake,) = mistakes(RIGHT.replace("{env: TOKEN}", "{file: token}"), tmp_path)
    assert mistake.found.endswith(found)


def test_a_secret_file_that_is_not_there(tmp_path):
    (mistake,) = mistakes(RIGHT.replace("{env: TOKEN}", "{file: token}"), tmp_path)
    assert mistake.path == "http.token.file"
    assert mistake.found == f"file {tmp_path}/token: No such file or directory"


def test_a_secret_file_open_to_everybody_is_odd(tmp_path):
    (tmp_path / "token").write_text("0123456789abcdef\n")
    (tmp_path / "token").chmod(0o644)
    text = RIGHT.replace("{env: TOKEN}", "{file: token}")
    assert warned(text, tmp_path) == [(18, "http.token.file")]
    (tmp_path / "token").chmod(0o640)
    assert warned(text, tmp_path) == []


def test_the_metrics_token_is_held_to_the_same_length():
    text = RIGHT + "  metrics_token: {env: SHORT}\n"
    assert told(text) == [(19, "http.metrics_token.env")]


def test_a_trunks_password_is_looked_up():
    text = RIGHT.replace(
        "[192.0.2.10]", "[192.0.2.10]\n    digest: {username: x, password: {env: NONE}}"
    )
    assert told(text) == [(8, "trunks[0].digest.password.env")]


def test_a_password_in_the_stores_url():
    assert told(RIGHT + "store: {url: 'postgresql+asyncpg://a:b@db/x'}\n") == [(19, "store.url")]
    assert told(RIGHT + "store: {url: 'postgresql+asyncpg://a@db/x'}\n") == []
    assert told(RIGHT + "store: {url: 'postgresql+asyncpg://[x/y'}\n") == [(19, "store.url")]


def write_wav(path, rate=8_000):
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(b"\0\0" * 80)


def queue_prompts(prompts):
    return RIGHT.replace("    name: Service\n", f"    name: Service\n    prompts: {prompts}\n")


def test_a_prompt_that_nobody_has():
    (mistake,) = mistakes(queue_prompts("{greeting: greting}"))
    assert mistake.path == "queues[0].prompts.greeting"
    assert mistake.hint == "did you mean greeting?"


def test_a_prompt_may_be_silent():
    assert mistakes(queue_prompts("{greeting: ~, music: }")) == []


def test_a_prompt_of_the_operator(tmp_path):
    write_wav(tmp_path / "own" / "en" / "hello.wav")
    text = queue_prompts("{greeting: hello}")
    assert told(text, tmp_path) == [(16, "queues[0].prompts.greeting")]
    assert told(text + "prompts: {folder: own}\n", tmp_path) == []


def test_a_prompt_that_cannot_be_played(tmp_path):
    write_wav(tmp_path / "own" / "en" / "greeting.wav", rate=44_100)
    (mistake,) = mistakes(RIGHT + "prompts: {folder: own}\n", tmp_path)
    assert mistake.path == "prompts.folder"
    assert "44100 samples a second" in mistake.found


def test_a_prompt_folder_that_is_not_there(tmp_path):
    assert told(RIGHT + "prompts: {folder: own}\n", tmp_path) == [(19, "prompts.folder")]
