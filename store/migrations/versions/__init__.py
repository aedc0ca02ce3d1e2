"""The steps of the schema, each knowing the one before it."""
