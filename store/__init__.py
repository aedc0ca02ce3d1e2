"""Records that outlive the process: contacts, events, registrations, secrets.

`open_store` in `opening.py` gives all of it. SQL is SQLAlchemy Core and the same for
SQLite and PostgreSQL; writes go through one writer (`writer.py`) which commits many at
once, and whoever writes is answered after the commit.
"""
