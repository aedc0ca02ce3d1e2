"""Typed settings from YAML: the schema, the loader whose errors name the place, hot reload."""
