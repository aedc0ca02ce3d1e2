"""Bring a database to the newest schema that this version knows."""

from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from domain.errors import StoreError

FOLDER: Final = Path(__file__).parent


def alembic_config() -> Config:
    """Return Alembic's configuration; there is no alembic.ini, the code is its only reader."""
    config = Config()
    # Alembic reads this through configparser, to which a percent sign means something.
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def upgrade(connection: Connection, database: str) -> None:
    """Run the steps that the database lacks, each in a transaction.

    Raises:
        StoreError: The database is of a newer version than this one.
    """
    config = alembic_config()
    scripts = ScriptDirectory.from_config(config)
    known = {script.revision for script in scripts.walk_revisions()}
    present = MigrationContext.configure(connection).get_current_heads()
    unknown = sorted(set(present) - known)
    if unknown:
        raise StoreError(
            f"database {database} has schema {unknown[0]}, made by a newer Warmline; this one"
            f" knows schemas up to {scripts.get_current_head()}: install the newer one again,"
            " or restore a backup from before"
        )
    if connection.in_transaction():
        connection.commit()
    if set(present) == set(scripts.get_heads()):
        return
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
    if connection.in_transaction():
        connection.commit()
