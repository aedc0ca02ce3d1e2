"""Programs that some tests need: missing ones fail in CI, and elsewhere skip with the remedy."""

import os
import shutil

import pytest

INSTALL = {
    "sipp": "sudo apt-get install sip-tester",
    "baresip": "sudo apt-get install baresip-core",
    "chromium": "sudo apt-get install chromium",
    "nginx": "sudo apt-get install nginx-light",
    "clamd": "sudo apt-get install clamav-daemon",
}


def require_program(name: str) -> str:
    """Return the path of a program; end the test where it is not installed."""
    path = shutil.which(name)
    if path is not None:
        return path
    words = f"{name} is not installed: {INSTALL[name]}"
    if os.environ.get("CI"):
        pytest.fail(words)
    pytest.skip(words)
