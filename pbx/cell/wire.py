"""The messages between the node, the zygote and its cells; `framing` reads and writes them.

Commands are imperative and answered once; events are in the past tense. A change of a
message is a change of `framing.WIRE_VERSION`.
"""

from typing import Final

import msgspec

from domain.leg import RtpFigures

PLAY_FILES_MAX: Final = 32
"""A position announcement needs ten; pjmedia's playlist takes 64."""
DIGITS_MAX: Final = 64
HEADERS_MAX: Final = 16
HEADER_BYTES_MAX: Final = 1_024


class Message(msgspec.Struct, frozen=True, tag_field="t", forbid_unknown_fields=True):
    """What every message has in common."""


class CellSpec(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a cell must know before it can take a call.

    Attributes:
        rtp_bind: Local address on which RTP is received.
        rtp_address: Address for the SDP that a cell writes; the edge puts the advertised
            one in its place for peers outside the local networks.
        rtp_port: First port of the cell's own range, even (RFC 3550 section 11).
        rtp_ports: Width of that range.
        outbound_proxy: SIP URI with `lr` through which every request goes; None: each
            goes straight to its request-URI.
        sip_domain: Host part of our own From.
        nice: Wanted nice level; below 0 needs the right to.
        realtime: Whether the clock of a call shall be a real-time thread.
        heartbeat_s: Time between two Heartbeat events.
        rtp_silence_s: Without RTP for so long a leg is reported as silent.
        linger_s: A cell whose contact is over waits so long after its last leg: one
            retransmission of either side (RFC 3261 section 17.1.1.1, T1).
        legs_max: Four is compiled into the wheel (PJSUA_MAX_CALLS).
    """

    cell_id: str
    rtp_bind: str
    rtp_address: str
    rtp_port: int
    rtp_ports: int
    outbound_proxy: str | None
    sip_domain: str
    nice: int
    realtime: bool
    heartbeat_s: float
    rtp_silence_s: float
    linger_s: float
    legs_max: int = 4


# ---- node to zygote, zygote to node


class ForkCell(Message, frozen=True):
    """Fork a cell; its control socket travels with this packet (SCM_RIGHTS)."""

    spec: CellSpec


class ZygoteReady(Message, frozen=True):
    """pjsua2 is loaded; cells can be forked."""

    pid: int


class CellForked(Message, frozen=True):
    """A process exists; the cell itself reports CellReady."""

    cell_id: str
    pid: int


class ForkFailed(Message, frozen=True):
    """The kernel refused, out of processes or memory."""

    cell_id: str
    reason: str


class CellReaped(Message, frozen=True):
    """A child has ended.

    Attributes:
        exit_code: -N for signal N, as `os.waitstatus_to_exitcode` has it.
    """

    pid: int
    exit_code: int


ZygoteRequest = ForkCell
ZygoteReport = ZygoteReady | CellForked | ForkFailed | CellReaped


# ---- node to cell


class Command(Message, frozen=True, kw_only=True):
    """Asked of a cell by the node; answered by CommandDone or CommandFailed.

    Attributes:
        id: Chosen by the node, 1 and up.
        quiet: Answered only if it fails.
    """

    id: int
    quiet: bool = False


class Serve(Command, frozen=True, kw_only=True):
    """From now on the cell holds this contact; its INVITE may be there already."""

    contact_id: str
    tap_path: str | None


class Answer(Command, frozen=True, kw_only=True):
    """Send a response to the INVITE of an incoming leg; 200 answers it."""

    leg: int
    status: int = 200


class HangUp(Command, frozen=True, kw_only=True):
    """BYE, CANCEL or a final response, whatever ends this leg now.

    Attributes:
        status: Final response of an unanswered incoming leg; 0 lets PJSIP choose 603.
    """

    leg: int
    status: int = 0


class Connect(Command, frozen=True, kw_only=True):
    """Call someone; answered with the number of the new leg.

    Attributes:
        headers: Further headers of the INVITE.
        display, caller: Display name and user part of our From.
    """

    uri: str
    headers: dict[str, str]
    display: str
    caller: str


class Play(Command, frozen=True, kw_only=True):
    """Play WAV files to a leg one after the other, in the place of what plays there now."""

    leg: int
    files: list[str]
    loop: bool = False


class StopPlay(Command, frozen=True, kw_only=True):
    """Stop what plays to a leg; no PlayFinished follows."""

    leg: int


class Bridge(Command, frozen=True, kw_only=True):
    """Let two legs hear each other; what plays to either of them stops."""

    a: int
    b: int


class Unbridge(Command, frozen=True, kw_only=True):
    """Part two legs."""

    a: int
    b: int


class TapLeg(Command, frozen=True, kw_only=True):
    """Send what this leg's telephone says to the analysis worker.

    Attributes:
        speaker: "customer" or "agent", as `domain.speech.Speaker` has it.
    """

    leg: int
    speaker: str


class Untap(Command, frozen=True, kw_only=True):
    """Stop tapping a leg."""

    leg: int


class Hold(Command, frozen=True, kw_only=True):
    """re-INVITE the telephone with sendonly (RFC 3264 section 8.4)."""

    leg: int


class Unhold(Command, frozen=True, kw_only=True):
    """re-INVITE the telephone with sendrecv."""

    leg: int


class SendDigits(Command, frozen=True, kw_only=True):
    """Send telephone-events (RFC 4733)."""

    leg: int
    digits: str


class Transfer(Command, frozen=True, kw_only=True):
    """REFER the telephone to another URI (RFC 3515)."""

    leg: int
    uri: str


class ReadFigures(Command, frozen=True, kw_only=True):
    """Ask for the RTP figures of a leg so far."""

    leg: int


class Finish(Command, frozen=True, kw_only=True):
    """The contact is over: end what legs remain; CellFree or exit code 0 follows."""


class Quit(Command, frozen=True, kw_only=True):
    """End what legs remain, then exit with code 0."""


CellCommand = (
    Serve
    | Answer
    | HangUp
    | Connect
    | Play
    | StopPlay
    | Bridge
    | Unbridge
    | TapLeg
    | Untap
    | Hold
    | Unhold
    | SendDigits
    | Transfer
    | ReadFigures
    | Finish
    | Quit
)


# ---- cell to node: what happened to the call


class IncomingCall(Message, frozen=True, kw_only=True):
    """Someone calls; 180 has been sent and the decision is the node's."""

    leg: int
    sip_call_id: str
    from_uri: str
    to_uri: str


class LegRinging(Message, frozen=True, kw_only=True):
    """A called telephone rings.

    Attributes:
        status: The provisional response, 180 to 189.
    """

    leg: int
    status: int


class LegAnswered(Message, frozen=True, kw_only=True):
    """The dialog is confirmed: 2xx and ACK have passed."""

    leg: int


class LegHeld(Message, frozen=True, kw_only=True):
    """The telephone put us on hold, or took us back."""

    leg: int
    held: bool


class LegEnded(Message, frozen=True, kw_only=True):
    """The leg is over and its number is not used again.

    Attributes:
        status: The final response, or 200 for an answered call that ended.
        by_remote: False when we ended it.
    """

    leg: int
    status: int
    reason: str
    by_remote: bool
    figures: RtpFigures


class MediaChanged(Message, frozen=True, kw_only=True):
    """An offer and answer were completed.

    Attributes:
        active: The leg has audio in the conference, on hold too.
        codec: Encoding name (RFC 3551), "" when inactive.
    """

    leg: int
    active: bool
    codec: str


class DigitPressed(Message, frozen=True, kw_only=True):
    """A key was pressed on the telephone, by RFC 4733 or SIP INFO."""

    leg: int
    digit: str


class PlayFinished(Message, frozen=True, kw_only=True):
    """The last file has been played to its end; never sent for a loop.

    Attributes:
        play: The id of the Play.
    """

    leg: int
    play: int


class PlayFailed(Message, frozen=True, kw_only=True):
    """A later file of a list could not be opened; what was playing is over.

    Attributes:
        play: The id of the Play.
    """

    leg: int
    play: int
    reason: str


class TransferAsked(Message, frozen=True, kw_only=True):
    """The telephone sent REFER and was refused with 603."""

    leg: int
    to_uri: str


class TransferProgressed(Message, frozen=True, kw_only=True):
    """The telephone that we sent REFER tells how it goes (RFC 3515 section 2.4.5)."""

    leg: int
    status: int
    final: bool


class RtpSilent(Message, frozen=True, kw_only=True):
    """Neither RTP nor RTCP came from an answered, not held telephone; sent once a silence."""

    leg: int
    silent_s: float


# ---- cell to node: what happened to the cell


class CellReady(Message, frozen=True, kw_only=True):
    """The endpoint listens.

    Attributes:
        nice: The level that was reached.
        realtime: The clock of a call will be a real-time thread.
    """

    pid: int
    sip_port: int
    nice: int
    realtime: bool


class CellFree(Message, frozen=True, kw_only=True):
    """Nothing is left of the last contact; the cell can take another."""


class Heartbeat(Message, frozen=True, kw_only=True):
    """The thread that makes every PJSIP call is alive.

    Attributes:
        private_kib: Private_Clean and Private_Dirty of /proc/self/smaps_rollup.
        taps_dropped: Tapped frames dropped since the cell began.
    """

    private_kib: int
    taps_dropped: int


class CommandDone(Message, frozen=True, kw_only=True):
    """The command was obeyed.

    Attributes:
        leg: The new leg of a Connect.
        figures: Those that ReadFigures asked for.
    """

    id: int
    leg: int | None = None
    figures: RtpFigures | None = None


class CommandFailed(Message, frozen=True, kw_only=True):
    """Nothing was done; the reason is one sentence."""

    id: int
    reason: str


class CellTrouble(Message, frozen=True, kw_only=True):
    """Something in the cell raised where nobody waits for an answer."""

    where: str
    reason: str


CellEvent = (
    IncomingCall
    | LegRinging
    | LegAnswered
    | LegHeld
    | LegEnded
    | MediaChanged
    | DigitPressed
    | PlayFinished
    | PlayFailed
    | TransferAsked
    | TransferProgressed
    | RtpSilent
)
CellReport = (
    CellEvent | CellReady | CellFree | Heartbeat | CommandDone | CommandFailed | CellTrouble
)
