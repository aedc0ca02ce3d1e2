"""How many examples the router's properties are tried with."""

import os
from typing import Final

EXAMPLES: Final = int(os.environ.get("WARMLINE_EXAMPLES", "25"))
"""Few in every test run; `run_pbx.py bench properties` tries 2,000 of each."""
