"""All tables: whoever makes or compares a whole schema imports `METADATA` from here."""

from store import conversation_schema, schema, ticket_schema
from store.columns import METADATA

__all__ = ["METADATA", "conversation_schema", "schema", "ticket_schema"]
