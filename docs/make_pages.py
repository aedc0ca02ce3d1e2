"""Writes every page, and every part of one, that is made from code: `python -m docs.make_pages`.

The picture is not among them: it takes a run of the demo (`docs/make_pictures.py`).
"""

import sys

from config import reference
from docs import (
    make_chat,
    make_desk,
    make_events,
    make_limits,
    make_states,
    make_tree,
    make_workload,
)

if __name__ == "__main__":
    for made in (make_tree, make_limits, make_states, make_events, make_desk):
        made.PAGE.write_text(made.page(), encoding="utf-8")
        sys.stdout.write(f"{made.PAGE.name}\n")
    for simulator in make_workload.PAGES:
        simulator.write_text(make_workload.page(simulator), encoding="utf-8")
        sys.stdout.write(f"{simulator.name}\n")
    for document, text in {**reference.documents(), **make_chat.documents()}.items():
        document.write_text(text, encoding="utf-8")
        sys.stdout.write(f"{document.name}\n")
