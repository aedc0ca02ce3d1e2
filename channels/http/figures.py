"""What the API counts of itself, for `/metrics`."""

from dataclasses import dataclass, field


@dataclass(slots=True, kw_only=True)
class HttpFigures:
    """Counters since the start, and what stands at this moment.

    Attributes:
        requests: Answers by (method, route template, status).
        seconds: Seconds spent on requests by (method, route template).
        auth_failures: Requests without a valid token.
        auth_refused: Requests not heard because their source had too many failures.
        auth_sources_forgotten: Sources dropped from the full table of failures.
        bodies_refused: Requests over `http.request_bytes_max`.
        requests_timed_out: Requests over `http.request_s_max`.
        connections_refused: Connections over `http.connections_max`.
        event_readers: WebSockets that follow the events now.
        event_readers_refused: Over `http.event_readers_max`.
        event_readers_slow: Closed because they were too slow.
        events_sent: Events written to WebSockets.
        uploads_refused: Over `attachments.uploads_max`.
        desks: WebSockets of agents now.
        desks_refused: Over `http.desks_max`.
        desks_slow: Closed because they were too slow.
    """

    requests: dict[tuple[str, str, int], int] = field(default_factory=dict)
    seconds: dict[tuple[str, str], float] = field(default_factory=dict)
    auth_failures: int = 0
    auth_refused: int = 0
    auth_sources_forgotten: int = 0
    bodies_refused: int = 0
    requests_timed_out: int = 0
    connections_refused: int = 0
    event_readers: int = 0
    event_readers_refused: int = 0
    event_readers_slow: int = 0
    events_sent: int = 0
    uploads_refused: int = 0
    desks: int = 0
    desks_refused: int = 0
    desks_slow: int = 0

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one answer.

        Args:
            method: One of the known methods, "OTHER" for any other, so that a client cannot
                make new time series.
            route: The route's template, "" where none matched.
            status: HTTP status code.
            seconds: Time that it took.
        """
        self.requests[method, route, status] = self.requests.get((method, route, status), 0) + 1
        self.seconds[method, route] = self.seconds.get((method, route), 0.0) + seconds
