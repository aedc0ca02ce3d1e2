"""baresip as an agent's softphone: a process, told what to do over its control socket."""

import asyncio
import contextlib
import json
from asyncio.subprocess import DEVNULL, STDOUT, Process
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from tests.node_events import EVENT_S_MAX
from tests.node_rig import free_port
from tests.programs import require_program

MODULES = (Path("/usr/lib/baresip/modules"), Path("/usr/local/lib/baresip/modules"))
STOP_S_MAX = 10.0

CONFIG = """\
sip_listen {host}:0
sip_cafile {certificate}
net_interface {host}
call_max_calls 4
audio_source aufile,{voice}
audio_player aubridge,nobody
audio_alert aubridge,nobody
ausrc_srate 8000
auplay_srate 8000
ausrc_channels 1
auplay_channels 1
rtp_ports {rtp_port}-{rtp_port_last}
module_path {modules}
module g711.so
module aufile.so
module aubridge.so
module_tmp account.so
module_app menu.so
module_app ctrl_tcp.so
ctrl_tcp_listen {host}:{control_port}
"""


class Baresip:
    """One softphone with one account. Entering starts it and lets it register."""

    def __init__(
        self,
        folder: Path,
        *,
        host: str,
        account: str,
        voice: Path,
        certificate: Path | None = None,
    ) -> None:
        """Prepare.

        Args:
            folder: For its configuration and log; made here.
            host: Its address.
            account: The line of its file `accounts`.
            voice: WAV file that it speaks with.
            certificate: The only one it believes over TLS.
        """
        self.log = folder / "baresip.log"
        self._program = require_program("baresip")
        self._folder = folder
        self._host = host
        self._control_port = free_port(host)
        self._process: Process | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._reading: asyncio.Task[None] | None = None
        self._past: list[dict[str, Any]] = []
        self._news = asyncio.Condition()
        rtp_port = free_port(host)
        folder.mkdir()
        text = CONFIG.format(
            host=host,
            certificate=certificate or "",
            voice=voice,
            rtp_port=rtp_port,
            rtp_port_last=rtp_port + 100,
            control_port=self._control_port,
            modules=next(path for path in MODULES if path.is_dir()),
        )
        if certificate is None:
            text = text.replace("sip_cafile \n", "")
        (folder / "config").write_text(text)
        (folder / "accounts").write_text(account + "\n")
        (folder / "contacts").write_text("")

    async def __aenter__(self) -> Self:
        with self.log.open("wb") as log:
            self._process = await asyncio.create_subprocess_exec(
                *(self._program, "-f", str(self._folder), "-s"),
                stdin=DEVNULL,
                stdout=log,
                stderr=STDOUT,
            )
        reader, self._writer = await self._connected()
        self._reading = asyncio.create_task(self._read(reader), name="baresip")
        return self

    async def __aexit__(self, *exc: object) -> None:
        process, self._process = self._process, None
        if process is not None and process.returncode is None:
            process.terminate()  # It unregisters first.
            try:
                await asyncio.wait_for(process.wait(), STOP_S_MAX)
            except TimeoutError:
                process.kill()
                await process.wait()
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.gather(self._reading, return_exceptions=True)
        if self._writer is not None:
            self._writer.close()

    async def _connected(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        async with asyncio.timeout(EVENT_S_MAX):
            while True:
                assert self._process is not None
                assert self._process.returncode is None, self.log.read_text(errors="replace")
                with contextlib.suppress(OSError):
                    return await asyncio.open_connection(self._host, self._control_port)
                await asyncio.sleep(0.05)

    async def _read(self, reader: asyncio.StreamReader) -> None:
        # Each message is a netstring, "LENGTH:JSON,".
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                length = int((await reader.readuntil(b":"))[:-1])
                told = json.loads((await reader.readexactly(length + 1))[:-1])
                async with self._news:
                    self._past.append(told)
                    self._news.notify_all()

    def tell(self, command: str, params: str = "") -> None:
        """Give a command of baresip's menu."""
        text = json.dumps({"command": command, "params": params, "token": command}).encode()
        assert self._writer is not None
        self._writer.write(b"%d:%s," % (len(text), text))

    async def told(self, kind: str, *, nth: int = 1, **fields: str) -> Mapping[str, Any]:
        """Return the nth event of a type, as soon as it has happened."""

        def found() -> list[dict[str, Any]]:
            return [
                one
                for one in self._past
                if one.get("type") == kind
                and all(one.get(name) == value for name, value in fields.items())
            ]

        try:
            async with asyncio.timeout(EVENT_S_MAX), self._news:
                await self._news.wait_for(lambda: len(found()) >= nth)
        except TimeoutError:
            said = self.log.read_text(errors="replace")
            raise AssertionError(f"baresip: no {kind} {fields}: {self._past}\n{said}") from None
        return found()[nth - 1]
