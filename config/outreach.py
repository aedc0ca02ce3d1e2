"""The section `outreach` of the schema: what customers may be written of our own accord."""

from string import Formatter
from typing import Annotated, Final, Literal, Self

from pydantic import Field, model_validator

from config.section import Section
from config.values import Identifier, Language

TEMPLATES_MAX: Final = 500
Text = Annotated[str, Field(min_length=1, max_length=20_000)]
Subject = Annotated[str, Field(min_length=1, max_length=200)]


def names_in(text: str) -> set[str]:
    """Return the names that stand in braces in a text.

    Raises:
        ValueError: A brace is open, or holds more than a name.
    """
    found = set()
    for _, name, form, conversion in Formatter().parse(text):
        if name is None:
            continue
        if not name.isidentifier() or form or conversion:
            shown = name + (f"!{conversion}" if conversion else "") + (f":{form}" if form else "")
            raise ValueError(f"{{{shown}}} is no plain name in braces")
        found.add(name)
    return found


class Template(Section):
    """A message that can be sent to customers, in every language that they are served in."""

    id: Identifier
    """Name of the template, by which it is sent."""
    purpose: Literal["service", "offers"] = "service"
    """`offers` goes only to customers who have agreed to offers; `service` is about a matter of
    theirs, such as a parcel that comes later."""
    channels: Annotated[list[Literal["message", "chat", "mail"]], Field(min_length=1)] = [
        "message",
        "chat",
        "mail",
    ]
    """Where it may be sent, the best first, unless the customer prefers another of them."""
    queue_id: Identifier
    """The queue where an answer to it waits."""
    variables: list[Identifier] = []
    """What whoever sends it fills in. In texts each stands in braces: `{order}`. `name` is filled
    in by itself."""
    subject: dict[Language, Subject] = {}
    """Of a mail, by language; needed where `channels` has `mail`."""
    text: Annotated[dict[Language, Text], Field(min_length=1)]
    """What is written, by language. Every language has the same variables."""

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        declared = {*self.variables}
        used: set[str] = set()
        for part, texts in (("subject", self.subject), ("text", self.text)):
            for language, text in texts.items():
                try:
                    names = names_in(text)
                except ValueError as error:
                    raise ValueError(f"{part}.{language}: {error}") from None
                unknown = sorted(names - declared - {"name"})
                if unknown:
                    raise ValueError(
                        f"{part}.{language}: {{{unknown[0]}}} is none of the variables "
                        f"{', '.join(self.variables) or '(there are none)'}"
                    )
                used |= names
                missing = sorted(declared - names) if part == "text" else []
                if missing:
                    raise ValueError(f"text.{language}: {{{missing[0]}}} does not stand in it")
        lacking = sorted({"en", "zh"} - {*self.text})
        if lacking:
            raise ValueError(f"text: the language {lacking[0]} is missing")
        if "mail" in self.channels and (short := sorted({*self.text} - {*self.subject})):
            raise ValueError(f"subject: the language {short[0]} is missing, which a mail needs")
        return self


class Outreach(Section):
    """What customers may be written of our own accord."""

    templates: Annotated[list[Template], Field(max_length=TEMPLATES_MAX)] = []
    """Messages that can be sent over the API or by rules."""
