"""Logs: constant text plus fields, as lines for people or as JSON for machines.

The text of a line never changes, so lines can be counted; what differs stands in fields.
Personal data is not logged. Should it be by mistake, `drop_personal` takes it out here, as
the last defence and not as the rule.
"""

import logging
import re
import sys
from collections.abc import Mapping, MutableMapping
from typing import Any, Final, Literal, TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

PERSONAL_FIELDS: Final = frozenset(
    {
        "address_of_record",
        "authorization",
        "body",
        "callee",
        "caller",
        "caller_id",
        "card",
        "contact_header",
        "content",
        "customer",
        "display",
        "display_name",
        "email",
        "from_header",
        "from_uri",
        "ha1",
        "message_text",
        "p_asserted_identity",
        "password",
        "phone",
        "remote_uri",
        "sdp",
        "secret",
        "subject",
        "text",
        "to_header",
        "to_uri",
        "token",
        "transcript",
        "utterance",
    }
)
"""Names of fields that hold, or may hold, what a customer is or says, or a secret."""

_USER_OF_URI: Final = re.compile(r"\b(sips?|tel):([^@\s<>;,\"']+)(@?)", re.IGNORECASE)

LEVELS: Final = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warning": logging.WARNING,
    "error": logging.ERROR,
}

CHATTY: Final = (
    "aiosqlite",
    "alembic",
    "asyncio",
    "httpcore",
    "httpx",
    "sqlalchemy",
    "uvicorn",
    "websockets",
)
"""Libraries whose lines below a warning hold statements, headers or whole messages."""


def drop_personal(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Take out of a line what must not be in it, and say which fields it was.

    Also hides the user part of every SIP or telephone URI, for libraries write those into
    their texts. A host as the whole of a URI, `sip:example.org`, stays.
    """
    dropped = sorted(name for name in event if name.lower() in PERSONAL_FIELDS)
    for name in dropped:
        del event[name]
    for name, value in event.items():
        event[name] = _clean(value)
    if dropped:
        event["dropped"] = dropped
    return event


def _clean(value: Any) -> Any:
    """Return a field's value without what must not be in a line."""
    if isinstance(value, str):
        return _clean_text(value) if ":" in value else value
    if isinstance(value, Mapping):
        return {
            key: "dropped" if str(key).lower() in PERSONAL_FIELDS else _clean(inner)
            for key, inner in value.items()
        }
    if isinstance(value, list | tuple):
        return [_clean(inner) for inner in value]
    return value


def _clean_text(text: str) -> str:
    def hide(found: re.Match[str]) -> str:
        scheme, _, at = found.groups()
        # Without an @ a sip URI is only a host (RFC 3261 section 19.1.1); a tel URI never is.
        return found[0] if not at and scheme.lower() != "tel" else f"{scheme}:…{at}"

    return _USER_OF_URI.sub(hide, text)


def _drop_uvicorn_colours(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    event.pop("color_message", None)
    return event


def _in_order(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Put what every line has before what only this one has, for those who read JSON."""
    first = ("timestamp", "level", "event", "logger", "node")
    ordered = {name: event.pop(name) for name in first if name in event}
    return {**ordered, **event}


def configure_logs(
    form: Literal["console", "json"] = "console",
    level: Literal["debug", "info", "warning", "error"] = "info",
    *,
    stream: TextIO | None = None,
    node: str = "",
    cache: bool = True,
) -> None:
    """Set up structlog and the standard library's logging; the last call counts.

    Args:
        form: Lines for people, or one JSON object a line.
        level: Lines below it are not written.
        stream: Where to; None: standard error.
        node: Name of the node, a field of every JSON line.
        cache: Whether loggers remember this set-up, which makes a line cheaper and a later
            call without effect on loggers already used; tests say False.
    """
    target = stream or sys.stderr
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    ]
    last: list[Processor]
    if form == "json":
        last = [
            structlog.processors.ExceptionRenderer(
                # Local variables of a call hold the caller's number.
                structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
            ),
            drop_personal,
            *([_name_node(node)] if node else []),
            _in_order,
            structlog.processors.JSONRenderer(ensure_ascii=False, default=str),
        ]
    else:
        last = [
            structlog.processors.format_exc_info,
            drop_personal,
            structlog.dev.ConsoleRenderer(
                colors=target.isatty(),
                # Rich's would show local variables and take seconds for a deep stack.
                exception_formatter=structlog.dev.plain_traceback,
            ),
        ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.PositionalArgumentsFormatter(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=cache,
    )
    writer = logging.StreamHandler(target)
    writer.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[
                *shared,
                structlog.stdlib.ExtraAdder(),
                structlog.stdlib.PositionalArgumentsFormatter(),
            ],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                _drop_uvicorn_colours,
                *last,
            ],
        )
    )
    root = logging.getLogger()
    for old in [*root.handlers]:
        if getattr(old, "warmline", False):
            root.removeHandler(old)
    writer.warmline = True  # type: ignore[attr-defined]
    root.addHandler(writer)
    root.setLevel(LEVELS[level])
    for name in CHATTY:
        logging.getLogger(name).setLevel(max(LEVELS[level], logging.WARNING))
    logging.captureWarnings(True)


def _name_node(node: str) -> Processor:
    def name(_logger: WrappedLogger, _method: str, event: EventDict) -> MutableMapping[str, Any]:
        event["node"] = node
        return event

    return name
