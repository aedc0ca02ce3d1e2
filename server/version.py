"""The version of Warmline, as the package says it; kept in step with `setup.cfg` by a test."""

from typing import Final

VERSION: Final = "0.1.0"
