"""How the PJSIP library is set up in a cell."""

from typing import Any, Final

from pjsua2 import pjsua2 as pj

from pbx.cell.wire import CellSpec

CLOCK_RATE_HZ: Final = 8_000
FRAME_MS: Final = 20
JITTER_BUFFER_MS_MAX: Final = 200
MEDIA_PORTS_MAX: Final = 128
"""Ports of the conference: the taps that are never destroyed, and players not yet buried."""
CODEC_PRIORITIES: Final = {"*": 0, "PCMU/8000": 250, "PCMA/8000": 240, "G722/16000": 120}
"""In this order. G.722 is for telephones that have nothing else: the conference runs at 8 kHz."""


def library(spec: CellSpec) -> Any:
    """Return pjsua2's EpConfig."""
    chosen = pj.EpConfig()
    chosen.logConfig.level = chosen.logConfig.consoleLevel = 0
    agent = chosen.uaConfig
    agent.threadCnt = 0
    agent.maxCalls = spec.legs_max
    agent.userAgent = "Warmline"
    agent.natTypeInSdp = 0
    media = chosen.medConfig
    # RTP is read by a thread of the library, which never waits for the interpreter:
    # a quarter less of a core a call than reading it with the SIP on this thread.
    media.hasIoqueue = True
    media.threadCnt = 1
    media.clockRate = media.sndClockRate = CLOCK_RATE_HZ
    media.audioFramePtime = FRAME_MS
    media.quality = 4
    media.ecTailLen = 0
    media.noVad = True  # else no RTP is sent while the sound is silent
    media.maxMediaPorts = MEDIA_PORTS_MAX
    media.sndAutoCloseTime = 0
    media.jbMax = JITTER_BUFFER_MS_MAX
    return chosen


def account(spec: CellSpec) -> Any:
    """Return pjsua2's AccountConfig: who we are, through whom we call, where RTP comes in."""
    chosen = pj.AccountConfig()
    chosen.idUri = f"<sip:warmline@{spec.sip_domain}>"
    if spec.outbound_proxy is not None:
        chosen.sipConfig.proxies.append(spec.outbound_proxy)
    chosen.callConfig.timerUse = pj.PJSUA_SIP_TIMER_OPTIONAL  # RFC 4028
    rtp = chosen.mediaConfig.transportConfig
    rtp.port = spec.rtp_port
    # PJSUA takes `port + portRange` for the last RTP port; its RTCP is one above.
    rtp.portRange = spec.rtp_ports - 2
    rtp.boundAddress = spec.rtp_bind
    rtp.publicAddress = spec.rtp_address
    return chosen
