"""Whether another system is asked: its answers are kept a while, and its failures heeded."""

import ssl
from collections import OrderedDict
from typing import Final, Self

import structlog

from channels.lookup.asker import Asker
from channels.lookup.breaker import Breaker
from channels.lookup.figures import LookupFigures
from config.customers import Lookup as LookupSettings
from config.webhooks import signing_key
from domain.customer import CustomerChange, Identifier
from domain.customer_ports import LookupQuestion
from domain.errors import ConfigurationError
from domain.ports import Clock

_log = structlog.get_logger(__name__)


class Lookup:
    """Implements `domain.customer_ports.CustomerLookup`; async context manager."""

    def __init__(
        self,
        settings: LookupSettings,
        *,
        clock: Clock,
        version: str,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        """Prepare; nothing is asked yet.

        Args:
            settings: The section `customers.lookup` of the configuration.
            clock: The node's.
            version: Of Warmline.
            tls: Whose certificates are believed; None: those that the system trusts.

        Raises:
            ConfigurationError: The secret is not there or is no key.
        """
        try:
            key = signing_key(settings.secret.read())
        except ConfigurationError as error:
            raise ConfigurationError(f"customers.lookup: secret: {error}") from None
        self._settings = settings
        self._clock = clock
        self._asker = Asker(
            settings.url,
            key=key,
            timeout_s=settings.timeout_s,
            at_once_max=settings.at_once_max,
            clock=clock,
            tls=tls or ssl.create_default_context(),
            user_agent=f"Warmline/{version}",
        )
        self._breaker = Breaker(failures_max=settings.failures_max, retry_s=settings.retry_s)
        self._answered: OrderedDict[Identifier, float] = OrderedDict()
        self._under_way = 0
        self.figures: Final = LookupFigures()

    async def __aenter__(self) -> Self:
        await self._asker.__aenter__()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._asker.__aexit__(*exc)

    async def ask(self, question: LookupQuestion) -> CustomerChange | None:
        """Return what the other system tells of the customer; None: nothing, whatever the reason.

        Takes `timeout_s` at most. What it has told is written down, so that within `cache_s` it
        has nothing new to tell.
        """
        now_s = self._clock.monotonic_s()
        if self._answered.get(question.identifier, 0.0) > now_s:
            self.figures.asked["cached"] += 1
            return None
        if self._under_way >= self._settings.at_once_max:
            self.figures.asked["busy"] += 1
            return None
        if not self._breaker.begin(now_s):
            self.figures.asked["resting"] += 1
            return None
        self._under_way += 1
        try:
            reply = await self._asker.ask(question)
        except BaseException:
            self._breaker.abandoned()
            raise
        finally:
            self._under_way -= 1
        if reply.cause:
            self._fail(reply.cause)
            return None
        if self._breaker.is_open:
            _log.info("customer lookup answers again")
        self._breaker.succeeded()
        self.figures.resting = False
        self.figures.asked["unknown" if reply.change is None else "found"] += 1
        self._remember(question.identifier)
        return reply.change

    def _fail(self, cause: str) -> None:
        was_open = self._breaker.is_open
        self._breaker.failed(self._clock.monotonic_s())
        self.figures.asked["failed"] += 1
        self.figures.resting = self._breaker.is_open
        _log.warning("customer lookup failed", cause=cause)
        if self._breaker.is_open and not was_open:
            _log.error("customer lookup is left alone for a while", seconds=self._settings.retry_s)

    def _remember(self, identifier: Identifier) -> None:
        if not self._settings.cache_s:
            return
        self._answered[identifier] = self._clock.monotonic_s() + self._settings.cache_s
        self._answered.move_to_end(identifier)
        if len(self._answered) > self._settings.cache_max:
            self._answered.popitem(last=False)
