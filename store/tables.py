"""All tables: whoever makes or compares a whole schema imports `METADATA` from here."""

from store import conversation_schema, schema, ticket_schema
from store.columns import METADATA
from store.conversation_schema import MESSAGE_SEARCH, MESSAGE_WORDS_INDEX

__all__ = ["METADATA", "conversation_schema", "is_described", "schema", "ticket_schema"]


def is_described(_thing: object, name: str | None, kind: str, *_more: object) -> bool:
    """Whether a thing of a database should be in `METADATA`: Alembic's `include_object`.

    The full-text index is of another kind in each database: in SQLite it is in tables of its own.
    """
    if kind == "index":
        return name != MESSAGE_WORDS_INDEX
    return kind != "table" or not (name or "").startswith(MESSAGE_SEARCH)
