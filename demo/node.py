"""A node as a process of its own, for the demo, the tests and the benches."""

import asyncio
import json
import os
import signal
import sys
from asyncio.subprocess import Process
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

START_S_MAX: Final = 60.0
"""A cold start on a busy machine: imports, migrations, the first cells."""
STOP_S_MAX: Final = 60.0
LOOK_EVERY_S: Final = 0.05
REPOSITORY: Final = Path(__file__).parent.parent


class NodeFailed(Exception):
    """The node did not start; the message ends with what it wrote last."""


@dataclass(frozen=True, slots=True)
class Listening:
    """Where the node is heard."""

    transport: str
    host: str
    port: int


class NodeProcess:
    """`run_pbx.py serve` in a folder of its own. Entering returns when it takes calls."""

    def __init__(
        self,
        folder: Path,
        yaml: str,
        *,
        environ: Mapping[str, str] | None = None,
        passwords: Mapping[str, str] | None = None,
    ) -> None:
        """Prepare a node.

        Args:
            folder: For its configuration, data and log.
            yaml: The configuration; relative paths in it begin at `folder`.
            environ: Added to the environment, such as secrets.
            passwords: Softphone passwords by agent, set with the command `users`.
        """
        self.folder = folder
        self.config = folder / "warmline.yaml"
        self.log = folder / "node.log"
        self.sip: list[Listening] = []
        self.http = ""
        self.chat = ""
        self.smtp: tuple[str, int] | None = None
        self.pid = 0
        self._yaml = yaml
        self._environ = {**os.environ, **(environ or {})}
        self._passwords = passwords or {}
        self._ready = folder / "ready.json"
        self._process: Process | None = None

    async def __aenter__(self) -> Self:
        self.config.write_text(self._yaml)
        for agent, password in self._passwords.items():
            await self.run("users", "set", agent, "--password-stdin", stdin=password)
        await self.start()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.stop()

    async def start(self) -> None:
        """Start it, again after a kill too.

        Raises:
            NodeFailed: It ended, or was not ready in time.
        """
        self._ready.unlink(missing_ok=True)
        with self.log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                str(REPOSITORY / "run_pbx.py"),
                "serve",
                "--config",
                str(self.config),
                "--ready-file",
                str(self._ready),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self._environ,
                cwd=REPOSITORY,
            )
        try:
            async with asyncio.timeout(START_S_MAX):
                while not self._ready.exists():
                    if self._process.returncode is not None:
                        raise NodeFailed(self._last_words())
                    await asyncio.sleep(LOOK_EVERY_S)
        except TimeoutError:
            self._process.kill()
            raise NodeFailed(self._last_words()) from None
        ready: dict[str, Any] = json.loads(self._ready.read_text())
        self.sip = [Listening(*where) for where in ready["sip"]]
        self.http = ready["http"]
        self.chat = ready["chat"] or ""
        self.smtp = (*ready["smtp"],) if ready["smtp"] else None
        self.pid = ready["pid"]

    async def stop(self) -> int | None:
        """Ask it to drain and stop; return its exit code, None if it was not running."""
        process, self._process = self._process, None
        if process is None:
            return None
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
            try:
                await asyncio.wait_for(process.wait(), STOP_S_MAX)
            except TimeoutError:
                process.kill()
        return await process.wait()

    async def kill(self) -> None:
        """Kill it without a word."""
        process, self._process = self._process, None
        if process is not None and process.returncode is None:
            process.kill()
            await process.wait()

    async def wait(self) -> int:
        """Wait until it ends by itself."""
        assert self._process is not None
        return await self._process.wait()

    async def run(self, *words: str, stdin: str = "") -> str:
        """Run another command of `run_pbx.py` with this node's configuration.

        Raises:
            NodeFailed: It ended with another exit code than 0.
        """
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            str(REPOSITORY / "run_pbx.py"),
            *words,
            "--config",
            str(self.config),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env=self._environ,
            cwd=REPOSITORY,
        )
        said, _ = await process.communicate(stdin.encode())
        if process.returncode:
            raise NodeFailed(f"{' '.join(words)}: {said.decode(errors='replace')}")
        return said.decode()

    def _last_words(self) -> str:
        said = self.log.read_text(errors="replace").splitlines()[-20:]
        return "the node did not start:\n" + "\n".join(said)
