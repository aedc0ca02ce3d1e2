"""A mapping in the file: what every section of the schema has in common."""

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """A mapping in the file."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, use_attribute_docstrings=True, allow_inf_nan=False
    )
