"""The schema's history, one step a file in `versions/`; applied at every start.

A change to `store/schema.py` needs a next step, written by hand: `r0002_subject.py` with
`revision = "0002"` and `down_revision = "0001"`. A test holds that all steps together make
the tables of the schema.
"""
