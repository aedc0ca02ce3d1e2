"""A real IMAP server for a test: dovecot, from a configuration of its own."""

import base64
import imaplib
import os
import shutil
import signal
import socket
import subprocess
from contextlib import suppress
from pathlib import Path

from tests.certificates import write_certificate

INSTALL = "needs dovecot as root: apt-get install dovecot-imapd"
USER, PASSWORD = "support", 'se"cr\\et'
TOKEN_KEY = b"the key by which access tokens are signed"

CONFIGURATION = """\
base_dir = {folder}/run
state_dir = {folder}/run
log_path = {folder}/dovecot.log
protocols = imap
listen = 127.0.0.1
ssl = yes
ssl_cert = <{certificate}
ssl_key = <{key}
disable_plaintext_auth = no
auth_mechanisms = plain login xoauth2
default_internal_user = {user}
default_login_user = {user}
default_internal_group = {group}
mail_uid = {user}
mail_gid = {group}
first_valid_uid = 0
mail_location = maildir:{folder}/mail
service anvil {{
  chroot =
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
passdb {{
  driver = oauth2
  mechanisms = xoauth2
  args = {folder}/oauth2.conf
}}
passdb {{
  driver = passwd-file
  args = scheme=PLAIN {folder}/users
}}
userdb {{
  driver = static
  args = uid={user} gid={group} home={folder}/home
}}
namespace inbox {{
  inbox = yes
  separator = /
}}
"""


def is_there() -> bool:
    """Tell whether the server can be run here."""
    return shutil.which("dovecot") is not None and os.geteuid() == 0


class Dovecot:
    """The server, while it is entered."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> "Dovecot":
        # Its processes run as a user without rights, who has to reach the folder.
        self.folder.chmod(0o755)
        for name in ("run", "mail", "home"):
            path = self.folder / name
            path.mkdir(exist_ok=True)
            if name != "run":
                shutil.chown(path, "dovecot", "dovecot")
        (self.folder / "users").write_text(f"{USER}:{{PLAIN}}{PASSWORD}\n")
        self._accept_tokens()
        self.certificate, key = write_certificate(self.folder, "127.0.0.1")
        configuration = self.folder / "dovecot.conf"
        configuration.write_text(
            CONFIGURATION.format(
                folder=self.folder,
                port=self.port,
                user="dovecot",
                group="dovecot",
                certificate=self.certificate,
                key=key,
            )
        )
        self.start()
        return self

    def _accept_tokens(self) -> None:
        """Have it check tokens by itself: JSON Web Tokens with one key."""
        keys = self.folder / "keys" / "default" / "HS256"
        keys.mkdir(parents=True, exist_ok=True)
        (keys / "default").write_bytes(base64.b64encode(TOKEN_KEY))
        (self.folder / "oauth2.conf").write_text(
            "introspection_mode = local\nusername_attribute = sub\n"
            f"local_validation_key_dict = fs:posix:prefix={self.folder}/keys/\n"
        )

    def __exit__(self, *exc: object) -> None:
        self.stop()

    def start(self) -> None:
        self._process = subprocess.Popen(
            ["dovecot", "-F", "-c", str(self.folder / "dovecot.conf")],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        for _ in range(200):
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
            except OSError:
                if self._process.poll() is not None:
                    break
                self._process_wait()
            else:
                return
        raise AssertionError((self.folder / "dovecot.log").read_text())

    def _process_wait(self) -> None:
        assert self._process is not None
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(0.05)

    def stop(self) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGTERM)
            self._process.wait(10)
            # Processes that serve a client outlive the master for a while.
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process = None

    def client(self) -> imaplib.IMAP4:
        """Return a client that is logged in and has the folder open."""
        client = imaplib.IMAP4("127.0.0.1", self.port)
        client.login(USER, PASSWORD)
        client.select()
        return client

    def put(self, raw: bytes, *, flags: str = "", folder: str = "INBOX") -> None:
        """Put a mail into a folder."""
        client = self.client()
        client.append(folder, flags, imaplib.Time2Internaldate(1_772_442_000), raw)
        client.logout()

    def uids(self) -> list[int]:
        """Return the UID of every mail in the inbox, rising."""
        client = self.client()
        _, (there,) = client.uid("search", "ALL")
        client.logout()
        return sorted(map(int, there.split()))

    def flags(self, folder: str = "INBOX") -> list[str]:
        """Return the flags of every mail."""
        client = self.client()
        chosen = client.select(folder)
        assert chosen[0] == "OK", chosen
        _, (there,) = client.search(None, "ALL")
        found = client.fetch("1:*", "(FLAGS)")[1] if there else []
        client.logout()
        return [bytes(one).decode() for one in found if one is not None]  # type: ignore[arg-type]
