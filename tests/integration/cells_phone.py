"""A telephone made of two UDP sockets: it can do what a well-behaved user agent never would."""

import asyncio
import re
import socket
import struct
from types import TracebackType
from typing import Self

from pbx.cells import Cell

WAIT_S = 20.0
ULAW_SILENCE = bytes([0xFF]) * 160
ULAW_LOUD = bytes([0x00, 0x80]) * 80
"""A square wave at full scale, 4 kHz."""


class RawPhone:
    """Calls a cell; every request is written by hand."""

    def __init__(self, cell: Cell, call_id: str = "raw-1") -> None:
        self.cell = cell
        self.call_id = call_id
        self.remote_tag = ""
        self.cseq = 0
        self.remote_rtp: tuple[str, int] = ("", 0)
        self._sip = self._bound()
        self.rtp = self._bound()
        self._rtp_sequence = 0

    @staticmethod
    def _bound() -> socket.socket:
        bound = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        bound.setblocking(False)
        bound.bind(("127.0.0.1", 0))
        return bound

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, _: BaseException | None, __: TracebackType | None
    ) -> None:
        self._sip.close()
        self.rtp.close()

    @property
    def rtp_port(self) -> int:
        port: int = self.rtp.getsockname()[1]
        return port

    def sdp(self, direction: str = "sendrecv") -> str:
        return (
            "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
            f"m=audio {self.rtp_port} RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\na={direction}\r\n"
        )

    def send(
        self,
        method: str,
        *,
        body: str = "",
        content_type: str | None = "application/sdp",
        cseq: int | None = None,
        branch: str = "",
    ) -> None:
        """Send a request of this call; CSeq is one more than the last unless given."""
        if cseq is None:
            self.cseq += 1
            cseq = self.cseq
        host, port = self._sip.getsockname()
        branch = f"z9hG4bK-{self.call_id}-{cseq}-{branch or method}"
        to_tag = f";tag={self.remote_tag}" if self.remote_tag else ""
        lines = [
            f"{method} sip:cell@{self.cell.address[0]}:{self.cell.address[1]} SIP/2.0",
            f"Via: SIP/2.0/UDP {host}:{port};branch={branch}",
            f"From: <sip:raw@127.0.0.1>;tag=raw-{self.call_id}",
            f"To: <sip:cell@127.0.0.1>{to_tag}",
            f"Call-ID: {self.call_id}",
            f"CSeq: {cseq} {method}",
            f"Contact: <sip:raw@{host}:{port}>",
            "Max-Forwards: 70",
        ]
        if body and content_type is not None:
            lines.append(f"Content-Type: {content_type}")
        lines.append(f"Content-Length: {len(body)}")
        message = "\r\n".join([*lines, "", body]).encode()
        self._sip.sendto(message, self.cell.address)

    def cancel(self) -> None:
        """Send CANCEL: the branch and CSeq number of the INVITE (RFC 3261 section 9.1)."""
        self.send("CANCEL", cseq=self.cseq, branch="INVITE")

    async def message(self, pattern: str) -> str:
        """Return the next message whose first line matches; others are passed over."""
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(WAIT_S):
            while True:
                text = (await loop.sock_recv(self._sip, 65_536)).decode()
                if re.match(pattern, text):
                    return text

    async def final(self) -> str:
        """Return the final response of the running INVITE, having sent its ACK."""
        text = await self.message(r"SIP/2\.0 [2-6]\d\d .*")
        tag = re.search(r"^To:.*;tag=(\S+)", text, re.MULTILINE | re.IGNORECASE)
        assert tag
        self.remote_tag = tag[1].rstrip()
        self.send("ACK", cseq=self.cseq)
        media = re.search(r"^m=audio (\d+)", text, re.MULTILINE)
        if media:
            self.remote_rtp = ("127.0.0.1", int(media[1]))
        return text

    def speak(
        self, payload: bytes = ULAW_SILENCE, *, source: socket.socket | None = None, ssrc: int = 1
    ) -> None:
        """Send one RTP packet of 20 ms."""
        self._rtp_sequence += 1
        header = struct.pack(
            "!BBHII", 0x80, 0, self._rtp_sequence & 0xFFFF, self._rtp_sequence * 160, ssrc
        )
        (source or self.rtp).sendto(header + payload, self.remote_rtp)
