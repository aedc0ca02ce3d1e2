"""Writes docs/protocols/desk.schema.json from the code: `python -m docs.make_desk`."""

import json
import sys
from pathlib import Path
from typing import Final

from channels.desk.protocol import schema

PAGE: Final = Path(__file__).parent / "protocols" / "desk.schema.json"


def page() -> str:
    """Return the JSON Schema as it should stand there."""
    return json.dumps(schema(), indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    sys.stdout.write(f"{PAGE.name}\n")
