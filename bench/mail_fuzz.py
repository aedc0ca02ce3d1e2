"""Fuzzes the reading of mail by coverage: `python -m bench.mail_fuzz --seconds 600`.

It begins with the golden mails and mutates them. Whatever raises, holds half a character or a
NUL, or takes longer than the limit is a finding: the input is kept in the folder and the program
ends with an error.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

import atheris

with atheris.instrument_imports(
    include=["channels.mail", "email", "quopri", "dkim", "zipfile"], enable_loader_override=False
):
    from channels.mail import signatures
    from channels.mail.limits import MailLimits
    from channels.mail.parse import read
    from channels.mail.parsed import ParsedMail

GOLDEN: Final = Path(__file__).resolve().parent.parent / "tests" / "golden" / "mail"
LIMITS: Final = MailLimits(bytes_max=1 << 20, parts_max=100, depth_max=10)
"""Smaller than in use, so that mutations reach them."""
SECONDS_MAX: Final = 5.0
"""For one input of `INPUT_BYTES_MAX`: a hundred times what it takes as a rule."""
INPUT_BYTES_MAX: Final = 16_384


def one(data: bytes) -> None:
    """Read one input and look at what came out.

    Raises:
        AssertionError: A finding.
    """
    began_s = time.process_time()
    result = read(data, limits=LIMITS, envelope_sender="")
    keys = dict.fromkeys(signatures.key_names(data, LIMITS.header_bytes_max), "v=DKIM1; p=AAAA")
    signatures.verify(data, keys, LIMITS.header_bytes_max)
    took_s = time.process_time() - began_s
    assert took_s < SECONDS_MAX, f"it took {took_s:.1f} s"
    if isinstance(result, ParsedMail):
        _look(result)


def _look(mail: ParsedMail) -> None:
    texts = [mail.text, mail.html, mail.quoted, mail.subject, mail.message_id]
    texts += [address.address + address.name for address in (*mail.senders, *mail.to, *mail.cc)]
    texts += [file.name + file.content_id for file in mail.files]
    texts += mail.headers.values()
    for text in texts:
        text.encode()
        assert "\0" not in text, "a NUL has come through"
    assert "<script" not in mail.html.lower(), "a script has come through"
    for file in mail.files:
        assert file.name, "a file without a name"
        assert "/" not in file.name, "a folder in a file's name"
    for reference in (*mail.references, *mail.in_reply_to):
        assert reference.startswith("<"), "a reference without brackets"
        assert "\n" not in reference, "a line break in a reference"


def main() -> None:
    """Fuzz for so long; libFuzzer ends the process and says what it found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=600)
    parser.add_argument("--corpus", type=Path, help="a folder that keeps what is found of interest")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="warmline-fuzz-") as name:
        folder = asked.corpus or Path(name)
        folder.mkdir(parents=True, exist_ok=True)
        atheris.Setup(
            [
                sys.argv[0],
                str(folder),
                str(GOLDEN),
                f"-max_total_time={asked.seconds}",
                f"-max_len={INPUT_BYTES_MAX}",
                "-timeout=30",
                "-rss_limit_mb=4096",
                "-print_final_stats=1",
                f"-artifact_prefix={folder}/",
            ],
            one,
        )
        atheris.Fuzz()


if __name__ == "__main__":
    main()
