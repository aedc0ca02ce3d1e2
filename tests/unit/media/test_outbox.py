import socket

from media.outbox import Outbox
from media.report import Finished, Lost, Opened, Report, decode


def received(stream: socket.socket) -> list[Report]:
    stream.setblocking(False)
    text = b""
    try:
        while piece := stream.recv(65_536):
            text += piece
    except BlockingIOError:
        pass
    return [decode(line) for line in text.splitlines()]


def pair() -> tuple[socket.socket, socket.socket]:
    node, worker = socket.socketpair()
    worker.setblocking(False)
    return node, worker


def test_reports_arrive_in_order() -> None:
    node, worker = pair()
    with node, worker:
        outbox = Outbox(worker)
        sent: list[Report] = [Opened(contact_id="c1"), Lost(contact_id="c1", frames=1)]
        for report in sent:
            outbox.put(report)
        assert outbox.flush()
        assert received(node) == sent


def test_a_slow_node_loses_the_oldest_but_no_beginning_and_no_end() -> None:
    node, worker = pair()
    with node, worker:
        worker.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4_096)
        outbox = Outbox(worker, bytes_max=10_000)
        outbox.put(Opened(contact_id="c1"))
        for number in range(2_000):
            outbox.put(Lost(contact_id="c1", frames=number))
            outbox.flush()
        outbox.put(Finished(contact_id="c1"))
        reports: list[Report] = []
        for _ in range(100):
            done = outbox.flush()
            reports += received(node)
            if done:
                break
        assert done
        frames = [report.frames for report in reports if isinstance(report, Lost)]
        assert outbox.dropped == 2_000 - len(frames) > 0
        assert frames == sorted(frames)
        assert frames[-1] == 1_999
        assert isinstance(reports[0], Opened)
        assert isinstance(reports[-1], Finished)


def test_a_node_that_is_gone_breaks_it() -> None:
    node, worker = pair()
    node.close()
    with worker:
        outbox = Outbox(worker)
        outbox.put(Opened(contact_id="c1"))
        outbox.flush()
        assert outbox.broken
        outbox.put(Finished(contact_id="c1"))
        outbox.flush()
        assert outbox.dropped >= 1
