"""A secret: where it stands, and how it is read."""

import os
from collections.abc import Mapping
from typing import Annotated, Final

from pydantic import Field

from config.section import Section
from config.values import FilePath
from domain.errors import ConfigurationError

SECRET_BYTES_MAX: Final = 65_536


class Secret(Section):
    """A secret that stands in an environment variable or a file, never in the YAML."""

    env: Annotated[str, Field(min_length=1)] | None = None
    """Name of the environment variable."""
    file: FilePath | None = None
    """File with the secret alone; spaces and line ends around it are dropped."""

    def read(self, environ: Mapping[str, str] | None = None) -> str:
        """Return the secret as it stands there now.

        Args:
            environ: Environment variables; None: those of this process.

        Raises:
            ConfigurationError: It names no or both places, or is missing, unreadable or empty.
        """
        if (self.env is None) == (self.file is None):
            raise ConfigurationError("secret: exactly one of env and file must be named")
        if self.env is not None:
            value = (os.environ if environ is None else environ).get(self.env)
            if value is None:
                raise ConfigurationError(f"environment variable {self.env} is not set")
            place = f"environment variable {self.env}"
        else:
            assert self.file is not None
            place = f"file {self.file}"
            try:
                with self.file.open("rb") as file:
                    raw = file.read(SECRET_BYTES_MAX + 1)
                value = raw.decode("utf-8")
            except OSError as error:
                raise ConfigurationError(f"{place}: {error.strerror or error}") from error
            except UnicodeDecodeError as error:
                raise ConfigurationError(f"{place} is not UTF-8 text") from error
            if len(raw) > SECRET_BYTES_MAX:
                raise ConfigurationError(f"{place} has over {SECRET_BYTES_MAX} bytes")
        value = value.strip()
        if not value:
            raise ConfigurationError(f"{place} is empty")
        return value
