"""A leg: one SIP dialog with its media, and the account through which legs come and go.

No exception may leave a callback into C, and a callback may not free the object that it
runs on: what must be done outside is posted to the PJSIP thread.
"""

import functools
import time
from collections.abc import Callable
from typing import Any, Protocol, TypeVar

from pjsua2 import pjsua2 as pj

from domain.leg import RtpFigures
from pbx.cell import wire
from pbx.cell.codecs import narrowed
from pbx.cell.keys import KeyEcho
from pbx.cell.rtp import RtpLedger, SilenceWatch, StreamCount
from pbx.cell.source import SourceLatch, hold, host_of, let_go

YOUNG_LOOKS = 6
"""Ticks after the answer at each of which a leg is looked at: until its source is known."""
OLD_LOOK_EVERY = 3
"""Later every third tick is enough: only silence of half a minute is looked for."""

F = TypeVar("F", bound=Callable[..., None])


class LegOwner(Protocol):
    """What a leg needs of the endpoint."""

    def report(self, message: wire.CellReport) -> None:
        """Send an event to the node."""
        ...

    def media_changed(self, leg: "Leg") -> None:
        """Connect the leg's new audio to all that it was connected to."""
        ...

    def leg_ended(self, leg: "Leg") -> None:
        """Let go of the leg, outside of its callback."""
        ...

    def adopt(self, call_id: int) -> None:
        """Take an incoming call."""
        ...


def reason_of(error: Exception) -> str:
    """Return one line that says what went wrong."""
    if isinstance(error, pj.Error):
        return f"{error.title}: {error.reason} ({error.status})"
    return str(error) or repr(error)


def guarded(callback: F) -> F:
    """Report an exception of a callback in the place of letting it reach C."""

    @functools.wraps(callback)
    def call(self: Any, *arguments: Any) -> None:
        try:
            callback(self, *arguments)
        except Exception as error:
            self.owner.report(wire.CellTrouble(where=callback.__name__, reason=reason_of(error)))

    return call  # type: ignore[return-value]  # the same signature, seen through wraps


class Leg(pj.Call):  # type: ignore[misc]  # pjsua2 is untyped
    """One call of PJSUA.

    Attributes:
        number: 1 and up, never used again in this cell.
        audio: Its port of the conference; None while no audio flows.
        gone: Over: no method of the library may be called on it.
        ending: We have asked for its end.
        refused: An incoming call that the node never hears of.
    """

    def __init__(
        self,
        owner: LegOwner,
        account: "Account",
        number: int,
        silence_s: float,
        call_id: int = pj.PJSUA_INVALID_ID,
    ) -> None:
        """Wrap an incoming call, or prepare an outgoing one."""
        super().__init__(account, call_id)
        self.owner = owner
        self.number = number
        self.incoming = call_id != pj.PJSUA_INVALID_ID
        self.audio: Any | None = None
        self.gone = False
        self.ending = False
        self.refused = False
        self.answered = False
        self.held = False
        self._ringing = 0
        self._rtp = RtpLedger()
        self._silence = SilenceWatch(silence_s)
        self._keys = KeyEcho()
        self._source = SourceLatch()
        self._announced = ""
        self._expects_rtp = False
        self._looks = 0

    @property
    def heard(self) -> bool:
        """The far end has responded, so that a CANCEL goes out at once."""
        return self.answered or self._ringing > 0

    def end(self, status: int = 0) -> None:
        """BYE, CANCEL or a final response; harmless when it is already ending."""
        if self.gone or self.ending:
            return
        self._count()
        self.ending = True
        operation = pj.CallOpParam()
        operation.statusCode = status
        self.hangup(operation)

    def figures(self) -> RtpFigures:
        """Return the RTP figures so far."""
        self._count()
        return self._rtp.figures

    def watch(self, now_s: float) -> None:
        """Count the streams and report a far end that has fallen silent."""
        if not self.answered or self.gone:
            return
        self._looks += 1
        if self._looks > YOUNG_LOOKS and self._looks % OLD_LOOK_EVERY:
            return
        self._count()
        self._hold_source()
        expected = self._expects_rtp and not self.held
        silent_s = self._silence.look(self._rtp.signs_of_life, now_s, expected=expected)
        if silent_s is not None:
            self.owner.report(wire.RtpSilent(leg=self.number, silent_s=round(silent_s, 1)))

    def _count(self) -> None:
        if self.gone:
            return
        try:
            stream = self.getStreamStat(0)
        except pj.Error:
            return  # there is no stream now
        rtcp = stream.rtcp
        received, sent = rtcp.rxStat, rtcp.txStat
        self._rtp.observe(
            StreamCount(
                received=received.pkt,
                lost=received.loss,
                sent=sent.pkt,
                reports=sent.updateCount,
                jitter_ms=received.jitterUsec.mean / 1_000,
                round_trip_ms=rtcp.rttUsec.last / 1_000,
            )
        )

    def _hold_source(self) -> None:
        if self._source.held_to is not None or self.audio is None:
            return
        transport = self.getMedTransportInfo(0)
        host = self._source.look(host_of(transport.srcRtpName), self._announced)
        if host is not None:
            hold(_port_of(transport.localRtpName), host)

    def _let_go_of_source(self) -> None:
        if self._source.media_changed(self._announced):
            let_go(_port_of(self.getMedTransportInfo(0).localRtpName))

    def _report(self, event: wire.CellEvent) -> None:
        if not self.refused:
            self.owner.report(event)

    @guarded
    def onCallState(self, _: Any) -> None:  # noqa: N802  # pjsua2's name
        """Follow the INVITE session (RFC 3261 section 13)."""
        call = self.getInfo()
        if call.state == pj.PJSIP_INV_STATE_EARLY:
            if not self.incoming and call.lastStatusCode != self._ringing:
                self._ringing = call.lastStatusCode
                self._report(wire.LegRinging(leg=self.number, status=self._ringing))
        elif call.state == pj.PJSIP_INV_STATE_CONFIRMED:
            self.answered = True
            self._report(wire.LegAnswered(leg=self.number))
        elif call.state == pj.PJSIP_INV_STATE_DISCONNECTED:
            self._end(call.lastStatusCode, call.lastReason)

    def _end(self, status: int, reason: str) -> None:
        self._count()
        self.audio = None
        self.gone = True
        self._report(
            wire.LegEnded(
                leg=self.number,
                status=status,
                reason=reason,
                by_remote=not self.ending,
                figures=self._rtp.figures,
            )
        )
        self.owner.leg_ended(self)

    @guarded
    def onStreamDestroyed(self, _: Any) -> None:  # noqa: N802  # pjsua2's name
        """Keep the figures of a stream that a re-INVITE or the end takes away."""
        self._count()
        self._rtp.end_stream()
        self._keys.stream_changed(time.monotonic())

    @guarded
    def onCallMediaState(self, _: Any) -> None:  # noqa: N802  # pjsua2's name
        """Find the audio again: its port changes with every offer and answer."""
        # `getInfo().media` of a temporary is silently empty: members do not keep their
        # parent alive.
        call = self.getInfo()
        audio, codec, held, announced, expects = None, "", False, "", False
        for media in call.media:
            if media.type != pj.PJMEDIA_TYPE_AUDIO or audio is not None:
                continue
            held = media.status == pj.PJSUA_CALL_MEDIA_REMOTE_HOLD
            if media.status in _FLOWING and media.audioConfSlot != pj.PJSUA_INVALID_ID:
                audio = self.getAudioMedia(media.index)
                stream = self.getStreamInfo(media.index)
                codec, announced = stream.codecName, host_of(stream.remoteRtpAddress)
                expects = bool(media.dir & pj.PJMEDIA_DIR_DECODING)
        self.audio = audio
        self._expects_rtp = expects
        self.owner.media_changed(self)
        if audio is not None:
            self._announced = announced
            self._let_go_of_source()
        self._report(wire.MediaChanged(leg=self.number, active=audio is not None, codec=codec))
        if held != self.held:
            self.held = held
            self._report(wire.LegHeld(leg=self.number, held=held))

    @guarded
    def onCallSdpCreated(self, made: Any) -> None:  # noqa: N802  # pjsua2's name
        """Answer with G.711 to whoever has it."""
        narrow = narrowed(made.sdp.wholeSdp, made.remSdp.wholeSdp)
        if narrow is not None:
            made.sdp.wholeSdp = narrow

    @guarded
    def onDtmfDigit(self, key: Any) -> None:  # noqa: N802  # pjsua2's name
        """Report a key (RFC 4733, or SIP INFO with application/dtmf-relay)."""
        if not self._keys.is_echo(key.digit, time.monotonic()):
            self._report(wire.DigitPressed(leg=self.number, digit=key.digit))

    @guarded
    def onCallTransferRequest(self, request: Any) -> None:  # noqa: N802  # pjsua2's name
        """Refuse REFER: where a contact goes is decided by the node, not by a telephone."""
        request.statusCode = pj.PJSIP_SC_DECLINE
        self._report(wire.TransferAsked(leg=self.number, to_uri=request.dstUri))

    @guarded
    def onCallReplaceRequest(self, request: Any) -> None:  # noqa: N802  # pjsua2's name
        """Refuse INVITE with Replaces (RFC 3891): nobody takes a call over from outside."""
        request.statusCode = pj.PJSIP_SC_DECLINE

    @guarded
    def onCallTransferStatus(self, progress: Any) -> None:  # noqa: N802  # pjsua2's name
        """Report a NOTIFY about the REFER that we sent."""
        self._report(
            wire.TransferProgressed(
                leg=self.number, status=progress.statusCode, final=progress.finalNotify
            )
        )


def _port_of(name: str) -> int:
    return int(name.rpartition(":")[2])


_FLOWING = (
    pj.PJSUA_CALL_MEDIA_ACTIVE,
    pj.PJSUA_CALL_MEDIA_REMOTE_HOLD,
    pj.PJSUA_CALL_MEDIA_LOCAL_HOLD,
)


class Account(pj.Account):  # type: ignore[misc]  # pjsua2 is untyped
    """The one account of a cell."""

    def __init__(self, owner: LegOwner) -> None:
        """Take the endpoint."""
        super().__init__()
        self.owner = owner

    @guarded
    def onIncomingCall(self, incoming: Any) -> None:  # noqa: N802  # pjsua2's name
        """Take the call; an INVITE that is rejected in here can abort the process."""
        self.owner.adopt(incoming.callId)
