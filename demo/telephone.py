"""A telephone: one pjsua2 user agent in a process of its own, told what to do over a socket.

    python -m demo.telephone SOCKET ADDRESS

It connects to the Unix socket and speaks one JSON object a line. It is told `register`,
`call`, `answer`, `play`, `hang_up` and `quit`, and tells `ready`, `registered`, `incoming`,
`answered`, `played`, `ended` and `failed`. One thread does everything but the audio clock.
"""

import json
import os
import socket
import sys
import time
from collections import deque
from collections.abc import Callable
from typing import Any, Final

import pjsua2 as pj

POLL_MS: Final = 10
"""How long PJSIP may wait for a packet before our socket is looked at again."""
GRAVE_S: Final = 0.5
"""A call or player is freed this long after its last callback has returned."""


class Player(pj.AudioMediaPlayer):  # type: ignore[misc]
    """Plays a file once to one call."""

    def __init__(self, telephone: "Telephone", leg: int) -> None:
        super().__init__()
        self.telephone = telephone
        self.leg = leg

    def onEof2(self) -> None:  # noqa: N802
        """The file has been played; told by the clock thread."""
        self.telephone.later(lambda: self.telephone.played(self))


class Call(pj.Call):  # type: ignore[misc]
    """One call."""

    def __init__(self, telephone: "Telephone", leg: int, call_id: int) -> None:
        super().__init__(telephone.account, call_id)
        self.telephone = telephone
        self.leg = leg
        self.audio: Any = None
        self.began_s = time.monotonic()
        self.received = 0
        self.lost = 0
        self.gone = False

    def onCallState(self, _param: Any) -> None:  # noqa: N802
        """A dialog has gone a step further."""
        info = self.getInfo()
        if info.state == pj.PJSIP_INV_STATE_CONFIRMED:
            took_ms = 1_000 * (time.monotonic() - self.began_s)
            self.telephone.tell("answered", leg=self.leg, answered_ms=round(took_ms, 1))
        elif info.state == pj.PJSIP_INV_STATE_DISCONNECTED:
            self.gone, self.audio = True, None
            self.telephone.tell(
                "ended",
                leg=self.leg,
                status=int(info.lastStatusCode),
                received=self.received,
                lost=self.lost,
            )
            self.telephone.later(lambda: self.telephone.bury(self))

    def onStreamDestroyed(self, _param: Any) -> None:  # noqa: N802
        """The last moment at which the stream still has its figures."""
        try:
            received = self.getStreamStat(0).rtcp.rxStat
        except pj.Error:
            return
        self.received, self.lost = int(received.pkt), int(received.loss)

    def onCallMediaState(self, _param: Any) -> None:  # noqa: N802
        """Audio has begun, changed or stopped."""
        self.audio = None
        info = self.getInfo()  # must outlive the loop: SWIG members do not keep their parent
        for media in info.media:
            if media.type == pj.PJMEDIA_TYPE_AUDIO and media.status in {
                pj.PJSUA_CALL_MEDIA_ACTIVE,
                pj.PJSUA_CALL_MEDIA_REMOTE_HOLD,
            }:
                self.audio = self.getAudioMedia(media.index)
        self.telephone.later(lambda: self.telephone.connect_player(self))


class Account(pj.Account):  # type: ignore[misc]
    """The telephone's one line."""

    def __init__(self, telephone: "Telephone") -> None:
        super().__init__()
        self.telephone = telephone

    def onRegState(self, param: Any) -> None:  # noqa: N802
        """The registrar has answered."""
        self.telephone.tell("registered", status=int(param.code))

    def onIncomingCall(self, param: Any) -> None:  # noqa: N802
        """Someone calls: ring."""
        call = self.telephone.add(param.callId)
        ringing = pj.CallOpParam()
        ringing.statusCode = 180
        call.answer(ringing)
        self.telephone.tell("incoming", leg=call.leg)


class Telephone:
    """The user agent and its calls."""

    def __init__(self, path: str, address: str) -> None:
        """Connect to whoever tells us what to do."""
        self.address = address
        self.account: Any = None
        self.calls: dict[int, Call] = {}
        self.players: dict[int, Player] = {}
        self._link = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._link.connect(path)
        self._received = b""
        self._todo: deque[Callable[[], None]] = deque()
        self._grave: deque[tuple[float, object]] = deque()
        self._legs = 0
        self._quit = False

    def tell(self, what: str, **fields: object) -> None:
        """Tell what has happened."""
        self._link.sendall((json.dumps({"told": what, **fields}) + "\n").encode())

    def later(self, act: Callable[[], None]) -> None:
        """Do it outside of the callback that asks for it."""
        self._todo.append(act)

    def add(self, call_id: int = pj.PJSUA_INVALID_ID) -> Call:
        """Return a new call."""
        self._legs += 1
        call = self.calls[self._legs] = Call(self, self._legs, call_id)
        return call

    def bury(self, call: Call) -> None:
        """Free a call that is over, after its callbacks have returned."""
        self.calls.pop(call.leg, None)
        player = self.players.pop(call.leg, None)
        due_s = time.monotonic() + GRAVE_S
        self._grave.append((due_s, (call, player)))

    def connect_player(self, call: Call) -> None:
        """Let a call hear its player again after its media changed."""
        player = self.players.get(call.leg)
        if player is not None and call.audio is not None:
            player.startTransmit(call.audio)

    def played(self, player: Player) -> None:
        """A file has come to its end."""
        call = self.calls.get(player.leg)
        if self.players.get(player.leg) is not player:
            return
        del self.players[player.leg]
        if call is not None and call.audio is not None:
            player.stopTransmit(call.audio)
        self._grave.append((time.monotonic() + GRAVE_S, player))
        self.tell("played", leg=player.leg)

    def run(self) -> None:
        """Serve until told to quit or the socket closes."""
        endpoint = self._endpoint()
        self._link.setblocking(False)
        self.tell("ready")
        while not self._quit:
            endpoint.libHandleEvents(POLL_MS)
            while self._todo:
                self._todo.popleft()()
            while self._grave and self._grave[0][0] < time.monotonic():
                self._grave.popleft()
            self._read()
        sys.stdout.flush()
        os._exit(0)  # libDestroy beside living Python objects is a source of aborts

    def _endpoint(self) -> Any:
        self._pj = endpoint = pj.Endpoint()
        endpoint.libCreate()
        settings = pj.EpConfig()
        settings.logConfig.level = settings.logConfig.consoleLevel = 0
        settings.uaConfig.threadCnt = 0
        settings.uaConfig.userAgent = "Warmline demo telephone"
        media = settings.medConfig
        media.hasIoqueue = True
        media.clockRate = media.sndClockRate = 8000
        media.quality, media.ecTailLen, media.noVad = 4, 0, True
        endpoint.libInit(settings)
        transport = pj.TransportConfig()
        transport.boundAddress = transport.publicAddress = self.address
        self._transport = endpoint.transportCreate(pj.PJSIP_TRANSPORT_UDP, transport)
        endpoint.libStart()
        endpoint.audDevManager().setNullDev()
        for codec in endpoint.codecEnum2():
            name = codec.codecId.split("/")[0]
            endpoint.codecSetPriority(codec.codecId, {"PCMU": 255, "PCMA": 254}.get(name, 0))
        return endpoint

    def _line(self, uri: str) -> Any:
        line = pj.AccountConfig()
        line.idUri = uri
        line.sipConfig.transportId = self._transport
        transport = line.mediaConfig.transportConfig
        transport.boundAddress = transport.publicAddress = self.address
        return line

    def _read(self) -> None:
        try:
            chunk = self._link.recv(65_536)
        except BlockingIOError:
            return
        if not chunk:
            self._quit = True
        *lines, self._received = (self._received + chunk).split(b"\n")
        for line in lines:
            wish = json.loads(line)
            try:
                getattr(self, f"_do_{wish.pop('do')}")(**wish)
            except pj.Error as error:
                self.tell("failed", reason=error.info(), **wish)
            except KeyError as error:
                self.tell("failed", reason=f"no leg {error}", **wish)

    def _do_register(self, uri: str, registrar: str, username: str, password: str) -> None:
        line = self._line(uri)
        line.regConfig.registrarUri = registrar
        line.regConfig.timeoutSec = 300
        line.sipConfig.authCreds.append(pj.AuthCredInfo("digest", "*", username, 0, password))
        self.account = Account(self)
        self.account.create(line)

    def _do_line(self, uri: str) -> None:
        self.account = Account(self)
        self.account.create(self._line(uri))

    def _do_call(self, uri: str) -> None:
        call = self.add()
        call.makeCall(uri, pj.CallOpParam(True))
        self.tell("calling", leg=call.leg, sip_call_id=call.getInfo().callIdString)

    def _do_answer(self, leg: int, status: int = 200) -> None:
        answer = pj.CallOpParam()
        answer.statusCode = status
        self.calls[leg].answer(answer)

    def _do_play(self, leg: int, file: str) -> None:
        call = self.calls[leg]
        player = Player(self, leg)
        player.createPlayer(file, pj.PJMEDIA_FILE_NO_LOOP)
        old = self.players.pop(leg, None)
        if old is not None:
            self._grave.append((time.monotonic() + GRAVE_S, old))
        self.players[leg] = player
        self.connect_player(call)

    def _do_hang_up(self, leg: int) -> None:
        call = self.calls.get(leg)
        if call is not None and not call.gone:
            call.hangup(pj.CallOpParam())

    def _do_quit(self) -> None:
        self._quit = True


if __name__ == "__main__":
    Telephone(sys.argv[1], sys.argv[2]).run()
