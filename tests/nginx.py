"""A real reverse proxy for a test: nginx, with a server block as an operator writes it."""

import os
import socket
import subprocess
import time
from pathlib import Path
from typing import Final, Self

CONFIGURATION: Final = """\
daemon off;
{user}
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 256; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
{server}
}}
"""
START_S_MAX: Final = 10.0


class Nginx:
    """The proxy, while it is entered."""

    def __init__(self, program: str, folder: Path, server: str, port: int) -> None:
        """Take the program, a folder of its own, a server block and the port that it listens on."""
        self._program = program
        self._folder = folder
        self._server = server
        self._port = port
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        path = self._folder / "nginx.conf"
        # Its workers must reach the folder; who is not root cannot choose.
        user = "user root;" if os.geteuid() == 0 else ""
        path.write_text(CONFIGURATION.format(folder=self._folder, server=self._server, user=user))
        self._process = subprocess.Popen(
            [self._program, "-c", str(path), "-p", str(self._folder), "-e", "stderr"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        ends_s = time.monotonic() + START_S_MAX
        while True:
            try:
                socket.create_connection(("127.0.0.1", self._port), timeout=1).close()
            except OSError:
                if self._process.poll() is not None or time.monotonic() > ends_s:
                    log = self._folder / "error.log"
                    raise AssertionError(log.read_text() if log.exists() else "no log") from None
                time.sleep(0.05)
            else:
                return self

    def __exit__(self, *exc: object) -> None:
        assert self._process is not None
        self._process.terminate()
        self._process.wait(10)
