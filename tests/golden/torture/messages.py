"""The torture messages of RFC 4475, each with what our edge shall make of it.

Every message has the properties that its section describes, in words of our own and with
a called number of ours, so that what is well formed gets as far as a cell. They come from
the address of a trunk. An outcome is the status of the answer; PLACED: call control was
asked for a cell; DROPPED: silence.
"""

from dataclasses import dataclass
from typing import Final

PLACED: Final = 1
DROPPED: Final = 0


@dataclass(frozen=True, slots=True)
class Torture:
    """One message.

    Attributes:
        name: The RFC's short name.
        section: Of RFC 4475.
        outcome: What the edge does.
        why: Where that is not the RFC's own advice for every element.
    """

    name: str
    section: str
    outcome: int
    data: bytes
    why: str = ""


SDP: Final = (
    b"v=0\r\no=mh 29739 7272939 IN IP4 192.0.2.4\r\ns=-\r\nc=IN IP4 192.0.2.4\r\nt=0 0\r\n"
    b"m=audio 49216 RTP/AVP 0 12\r\nm=video 3228 RTP/AVP 31\r\na=rtpmap:31 LPC\r\n"
)


def _message(text: str, body: bytes = b"") -> bytes:
    """Return lines with CRLF, `LENGTH` replaced, and the body."""
    lines = text.strip("\n").replace("\n", "\r\n").replace("LENGTH", str(len(body)))
    return lines.encode() + b"\r\n\r\n" + body


_LONG = "abc" * 60
_VIAS = "\n".join(
    f"Via: SIP/2.0/TCP sip{number}.example.com;branch=z9hG4bK{number:x}{'f' * 20}"
    for number in range(34, 0, -1)
)

MESSAGES: Final[tuple[Torture, ...]] = (
    Torture(
        "wsinv",
        "3.1.1.1",
        481,
        _message(
            r"""
INVITE sip:800@chair.example.com;unknownparam SIP/2.0
TO :
 sip:800@chair.example.com ;   tag    = 1918181833n
from   : "J Rosenberg \\\""       <sip:jd@example.com>
  ;
  tag = 98asjd8
MaX-fOrWaRdS: 0068
Call-ID: wsinv.torture@192.0.2.1
Content-Length   : LENGTH
cseq: 0009
  INVITE
Via  : SIP  /   2.0
 /UDP
    192.0.2.2;branch=390skdjuw
s :
NewFangledHeader:   newfangled value
 continued newfangled value
UnknownHeaderWithUnusualValue: ;;,,;;,;
Content-Type: application/sdp
Route:
 <sip:services.example.com;lr;unknownwith=value;unknown-no-value>
v:  SIP  / 2.0  / TCP     spindle.example.com   ;
  branch  =   z9hG4bK9ikj8  ,
 SIP  /    2.0   / UDP  192.168.255.111   ; branch=
 z9hG4bK30239
m:"Quoted string \"\"" <sip:jd@example.com> ; newparam =
      newvalue ;
  secondparam ; q = 0.33
""",
            SDP,
        ),
        "Well formed; its To has a tag and names no dialog of ours.",
    ),
    Torture(
        "intmeth",
        "3.1.1.2",
        405,
        _message(
            "!odd-Method0123456789_*+`.%indeed'~ "
            "sip:1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*:&it+has=1,weird!*pas$wo~d"
            "@example.com SIP/2.0\n"
            "Via: SIP/2.0/UDP host1.example.com;branch=z9hG4bK-.!%66*_+`'~\n"
            'To: "BEL:\\\x07 NUL:\\\x00 DEL:\\\x7f" <sip:1_unusual~(to)@example.com>\n'
            "From: token1~` token2'+_ token3*%!.- <sip:mundane@example.com>"
            ";fromParam''~+*_!.-%=\"работающий\";tag=_token~1'+`*%!-.\n"
            "Call-ID: intmeth.word%ZK-!.*_+'@word`~)(><:\\/\"][?}{\n"
            "CSeq: 139122385 !odd-Method0123456789_*+`.%indeed'~\n"
            "Max-Forwards: 255\n"
            "extensionHeader-!.%*+_`'~:\ufeff大停電\n"
            "Content-Length: 0\n"
        ),
        "A method that no dialog of ours knows; the RFC expects 501 or 405 with Allow.",
    ),
    Torture(
        "esc01",
        "3.1.1.3",
        404,
        _message(
            """
INVITE sip:sips%3Auser%40example.com@example.net SIP/2.0
To: sip:%75se%72@example.com
From: <sip:I%20have%20spaces@example.net>;tag=938
Max-Forwards: 87
i: esc01.torture
CSeq: 234234 INVITE
Via: SIP/2.0/UDP host5.example.net;branch=z9hG4bKkdjuw
C: application/sdp
Contact:
  <sip:cal%6Cer@host5.example.net;%6C%72;n%61me=v%61lue%25%34%31>
Content-Length: LENGTH
""",
            SDP,
        ),
        "Well formed; the number sips:user@example.com is nobody's.",
    ),
    Torture(
        "escnull",
        "3.1.1.4",
        401,
        _message(
            """
REGISTER sip:example.com SIP/2.0
To: sip:null-%00-null@example.com
From: sip:null-%00-null@example.com;tag=839923423
Max-Forwards: 70
Call-ID: escnull.torture
CSeq: 14398234 REGISTER
Via: SIP/2.0/UDP host5.example.com;branch=z9hG4bKkdjux
Contact: <sip:%00@host5.example.com>
Contact: <sip:%00%00@host5.example.com>
L:0
"""
        ),
        "Well formed; whoever registers is challenged.",
    ),
    Torture(
        "esc02",
        "3.1.1.5",
        405,
        _message(
            """
RE%47IST%45R sip:registrar.example.com SIP/2.0
To: "%Z%45" <sip:resource@example.com>
From: "%Z%45" <sip:resource@example.com>;tag=f232jadfj23
Call-ID: esc02.torture
Via: SIP/2.0/UDP host.example.com;branch=z9hG4bK209%fzsnel234
CSeq: 29344 RE%47IST%45R
Max-Forwards: 70
Contact: <sip:alias1@host1.example.com>
C%6Fntact: <sip:alias2@host2.example.com>
Contact: <sip:alias3@host3.example.com>
l: 0
"""
        ),
        "% escapes nothing in a method.",
    ),
    Torture(
        "lwsdisp",
        "3.1.1.6",
        200,
        _message(
            """
OPTIONS sip:user@example.com SIP/2.0
To: sip:user@example.com
From: caller<sip:caller@example.com>;tag=323
Max-Forwards: 70
Call-ID: lwsdisp.torture
CSeq: 60 OPTIONS
Via: SIP/2.0/UDP funky.example.com;branch=z9hG4bKkdjuw
l: 0
"""
        ),
    ),
    Torture(
        "longreq",
        "3.1.1.7",
        400,
        _message(
            f"""
INVITE sip:800@example.com SIP/2.0
To: "I have a user name of extreme proportion {_LONG}"
 <sip:user@example.com:6000;unknownparam1=very{"long" * 8}value;
 longparam{"name" * 6}=short;very{"long" * 8}ParameterNameWithNoValue>
F: sip:
 {"amazingly" * 10}callername@example.net
 ;tag=12{"982" * 50}424
 ;unknownheaderparam{"name" * 20}=unknowheaderparam{"value" * 15}
 ;unknownValueless{"paramname" * 10}
Call-ID: longreq.one{"really" * 20}longcallid
CSeq: 3882340 INVITE
Unknown-{"Long" * 20}-Name: unknown-{"long" * 20}-value; unknown-{"long" * 20}-parameter-name
Via: SIP/2.0/UDP sip33.example.com
v: SIP/2.0/TCP sip32.example.com;branch=z9hG4bKzz
{_VIAS}
Max-Forwards: 70
Contact: <sip:
 {"amazingly" * 10}callername@host5.example.net>
Content-Type: application/sdp
l: LENGTH
""",
            SDP,
        ),
        "Well formed, and longer than a cell can hold: From and To have a named limit.",
    ),
    Torture(
        "dblreq",
        "3.1.1.8",
        401,
        _message(
            """
REGISTER sip:example.com SIP/2.0
To: sip:j.user@example.com
From: sip:j.user@example.com;tag=43251j3j324
Max-Forwards: 8
I: dblreq.torture
Contact: sip:j.user@host.example.com
CSeq: 8 REGISTER
Via: SIP/2.0/UDP 192.0.2.125;branch=z9hG4bKkdjuw23492
Content-Length: 0
""",
            b"INVITE sip:joe@example.com SIP/2.0\r\nt: sip:joe@x.example\r\nVia: SIP/2.0/UDP x\r\n",
        ),
        "The bytes behind Content-Length are no message.",
    ),
    Torture(
        "semiuri",
        "3.1.1.9",
        200,
        _message(
            """
OPTIONS sip:user;par=u%40example.net@example.com SIP/2.0
To: sip:j_user@example.com
From: sip:caller@example.org;tag=33242
Max-Forwards: 3
Call-ID: semiuri.torture
CSeq: 8 OPTIONS
Accept: application/sdp, application/pkcs7-mime,
        multipart/mixed, multipart/signed,
        message/sip, message/sipfrag
Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKkdjuw
l: 0
"""
        ),
    ),
    Torture(
        "transports",
        "3.1.1.10",
        200,
        _message(
            """
OPTIONS sip:user@example.com SIP/2.0
To: sip:user@example.com
From: <sip:caller@example.com>;tag=323
Max-Forwards: 70
Call-ID: transports.torture
Accept: application/sdp
CSeq: 60 OPTIONS
Via: SIP/2.0/UDP t1.example.com;branch=z9hG4bKkdjuw
Via: SIP/2.0/SCTP t2.example.com;branch=z9hG4bKklasjdhf
Via: SIP/2.0/TLS t3.example.com;branch=z9hG4bK2980unddj
Via: SIP/2.0/UNKNOWN t4.example.com;branch=z9hG4bKasd0f3en
Via: SIP/2.0/TCP t5.example.com;branch=z9hG4bK0a9idfnee
l: 0
"""
        ),
    ),
    Torture(
        "mpart01",
        "3.1.1.11",
        405,
        _message(
            """
MESSAGE sip:kumiko@example.org SIP/2.0
Via: SIP/2.0/UDP 127.0.0.1:5070;branch=z9hG4bK-d87543-4dade06d0bdb11ee-1--d87543-;rport
Max-Forwards: 70
Route: <sip:127.0.0.1:5080>
Identity: r5mwreLuyDRYBi/0TiPwEsY3rEVsk/G2WxhgTV1PF7hHuLIK0YWVKZhKv9Mj8UeX
From: "kumiko" <sip:kumiko@example.org>;tag=2e4a2a74
To: "kumiko" <sip:kumiko@example.org>
Call-ID: mpart01.torture
CSeq: 1 MESSAGE
Contact: <sip:kumiko@192.0.2.5:5070>
Content-Type: multipart/mixed;boundary=7a9cbec02ceef655
Content-Length: LENGTH
""",
            b"--7a9cbec02ceef655\r\nContent-Type: text/plain\r\n\r\nHello\r\n"
            b"--7a9cbec02ceef655\r\nContent-Type: application/octet-stream\r\n\r\n"
            + bytes(range(256))
            + b"\r\n--7a9cbec02ceef655--",
        ),
        "A telephone switch takes no instant messages.",
    ),
    Torture(
        "unreason",
        "3.1.1.12",
        DROPPED,
        _message(
            """
SIP/2.0 200 = 2**3 * 5**2 но сто девяносто девять - простое
Via: SIP/2.0/UDP 192.0.2.198;branch=z9hG4bK1324923
Call-ID: unreason.torture
CSeq: 35 INVITE
From: sip:user@example.com;tag=11141343
To: sip:user@example.edu;tag=2229
Content-Length: LENGTH
Content-Type: application/sdp
Contact: <sip:user@host198.example.com>
""",
            SDP,
        ),
        "Well formed; no request of ours has that branch.",
    ),
    Torture(
        "noreason",
        "3.1.1.13",
        DROPPED,
        _message(
            "SIP/2.0 100 \n"
            "Via: SIP/2.0/UDP 192.0.2.105;branch=z9hG4bK2398ndaoe\n"
            "Call-ID: noreason.torture\n"
            "CSeq: 35 INVITE\n"
            "From: <sip:user@example.com>;tag=39ansfi3\n"
            "To: <sip:user@example.edu>;tag=902jndnke3\n"
            "Content-Length: 0\n"
            "Contact: <sip:user@host105.example.com>\n"
        ),
        "Well formed; no request of ours has that branch.",
    ),
    Torture(
        "badinv01",
        "3.1.2.1",
        400,
        _message(
            """
INVITE sip:800@example.com SIP/2.0
To: sip:j.user@example.com
From: sip:caller@example.net;tag=134161461246
Max-Forwards: 7
Call-ID: badinv01.torture
CSeq: 8 INVITE
Via: SIP/2.0/UDP 192.0.2.15;;,;,,
Contact: "Joe" <sip:joe@example.org>;;;;
Content-Length: LENGTH
Content-Type: application/sdp
""",
            SDP,
        ),
    ),
    Torture(
        "clerr",
        "3.1.2.2",
        400,
        _message(
            """
INVITE sip:800@example.com SIP/2.0
Max-Forwards: 80
To: sip:j.user@example.com
From: sip:caller@example.net;tag=93942939o2
Contact: <sip:caller@hungry.example.net>
Call-ID: clerr.torture
CSeq: 8 INVITE
Via: SIP/2.0/UDP host5.example.com;branch=z9hG4bK-39234-23523
Content-Type: application/sdp
Content-Length: 9999
""",
            SDP,
        ),
    ),
    Torture(
        "ncl",
        "3.1.2.3",
        400,
        _message(
            """
INVITE sip:800@example.com SIP/2.0
Max-Forwards: 254
To: sip:j.user@example.com
From: sip:caller@example.net;tag=32394234
Call-ID: ncl.torture
CSeq: 8 INVITE
Via: SIP/2.0/UDP 192.0.2.53;branch=z9hG4bKkdjuw
Contact: <sip:caller@host53.example.net>
Content-Type: application/sdp
Content-Length: -999
""",
            SDP,
        ),
    ),
    Torture(
        "scalar02",
        "3.1.2.4",
        400,
        _message(
            """
REGISTER sip:example.com SIP/2.0
Via: SIP/2.0/UDP host129.example.com;branch=z9hG4bK342sdfoi3
To: <sip:user@example.com>
From: <sip:user@example.com>;tag=239232jh3
CSeq: 36893488147419103232 REGISTER
Call-ID: scalar02.torture
Max-Forwards: 300
Expires: 10000000000000000000000000000000000000000000000
Contact: <sip:user@host129.example.com>
  ;expires=280297596632815
Content-Length: 0
"""
        ),
    ),
    Torture(
        "scalarlg",
        "3.1.2.5",
        DROPPED,
        _message(
            """
SIP/2.0 503 Service Unavailable
Via: SIP/2.0/UDP host129.example.com;branch=z9hG4bKzzxdiwo34sw;received=192.0.2.129
To: <sip:user@example.com>
From: <sip:other@example.net>;tag=2easdjfejw
CSeq: 9292394834772304023312 OPTIONS
Call-ID: scalarlg.torture
Retry-After: 949302838503028349304023988
Warning: 1812 overture "In Progress"
Content-Length: 0
"""
        ),
    ),
    Torture(
        "quotbal",
        "3.1.2.6",
        400,
        _message(
            """
INVITE sip:800@example.com SIP/2.0
To: "Mr. J. User <sip:j.user@example.com>
From: sip:caller@example.net;tag=93334
Max-Forwards: 10
Call-ID: quotbal.torture
Content-Length: LENGTH
CSeq: 8 INVITE
Via: SIP/2.0/UDP 192.0.2.59:5050;branch=z9hG4bKkdjuw39234
Contact: "Joe" <sip:joe@example.org>
Content-Type: application/sdp
""",
            SDP,
        ),
    ),
    Torture(
        "ltgtruri",
        "3.1.2.7",
        400,
        _message(
            """
INVITE <sip:800@example.com> SIP/2.0
To: sip:user@example.com
From: sip:caller@example.net;tag=39291
Max-Forwards: 23
Call-ID: ltgtruri.torture
CSeq: 1 INVITE
Via: SIP/2.0/UDP 192.0.2.5;branch=z9hG4bKkdjuv
Contact: <sip:caller@host5.example.net>
Content-Length: LENGTH
Content-Type: application/sdp
""",
            SDP,
        ),
    ),
    Torture(
        "lwsruri",
        "3.1.2.8",
        400,
        _message(
            """
INVITE sip:800@example.com; lr SIP/2.0
To: sip:user@example.com;tag=3xfe-9921883-z9f
From: sip:caller@example.net;tag=231413434
Max-Forwards: 5
Call-ID: lwsruri.torture
CSeq: 2130706432 INVITE
Via: SIP/2.0/UDP 192.0.2.1:8080;branch=z9hG4bKkdjuw5
Contact: <sip:caller@host1.example.net>
Content-Length: LENGTH
Content-Type: application/sdp
""",
            SDP,
        ),
    ),
    Torture(
        "lwsstart",
        "3.1.2.9",
        400,
        _message(
            """
INVITE  sip:800@example.com  SIP/2.0
Max-Forwards: 8
To: sip:user@example.com
From: sip:caller@example.net;tag=8814
Call-ID: lwsstart.torture
CSeq: 1893884 INVITE
Via: SIP/2.0/UDP host1.example.com;branch=z9hG4bKkdjuw3
Contact: <sip:caller@host1.example.net>
Content-Length: LENGTH
Content-Type: application/sdp
""",
            SDP,
        ),
        "An element may mend it; we do not guess what a caller meant.",
    ),
    Torture(
        "trws",
        "3.1.2.10",
        400,
        _message(
            "OPTIONS sip:remote-target@example.com SIP/2.0  \n"
            "Via: SIP/2.0/UDP host1.example.com;branch=z9hG4bK299342093\n"
            "To: <sip:remote-target@example.com>\n"
            "From: <sip:local-resource@example.com>;tag=329429089\n"
            "Call-ID: trws.torture\n"
            "Accept: application/sdp\n"
            "CSeq: 238923 OPTIONS\n"
            "Max-Forwards: 70\n"
            "Content-Length: 0\n"
        ),
        "An element may mend it; we do not guess.",
    ),
    Torture(
        "escruri",
        "3.1.2.11",
        400,
        _message(
            """
INVITE sip:800@example.com?Route=%3Csip:example.com%3E SIP/2.0
To: sip:user@example.com
From: sip:caller@example.net;tag=341518
Max-Forwards: 7
Contact: <sip:caller@host39923.example.net>
Call-ID: escruri.torture
CSeq: 149209342 INVITE
Via: SIP/2.0/UDP host-of-the-hour.example.com;branch=z9hG4bKkdjuw
Content-Type: application/sdp
Content-Length: LENGTH
""",
            SDP,
        ),
    ),
    Torture(
        "baddate",
        "3.1.2.12",
        PLACED,
        _message(
            """
INVITE sip:800@example.com SIP/2.0
To: sip:user@example.com
From: sip:caller@example.net;tag=2234923
Max-Forwards: 70
Call-ID: baddate.torture
CSeq: 1392934 INVITE
Via: SIP/2.0/UDP host.example.com;branch=z9hG4bKkdjuw
Date: Fri, 01 Jan 2010 16:00:00 EST
Contact: <sip:caller@host5.example.net>
Content-Type: application/sdp
Content-Length: LENGTH
""",
            SDP,
        ),
        "Date means nothing to us and no cell sees it.",
    ),
    Torture(
        "regbadct",
        "3.1.2.13",
        401,
        _message(
            """
REGISTER sip:example.com SIP/2.0
To: sip:user@example.com
From: sip:user@example.com;tag=998332
Max-Forwards: 70
Call-ID: regbadct.torture
CSeq: 1 REGISTER
Via: SIP/2.0/UDP 135.180.130.133:5060;branch=z9hG4bKkdjuw
Contact: sip:user@example.com?Route=%3Csip:sip.example.com%3E
l: 0
"""
        ),
        "A stranger is challenged before his contacts are read; then it is 400.",
    ),
    Torture(
        "badaspec",
        "3.1.2.14",
        400,
        _message(
            """
OPTIONS sip:user@example.org SIP/2.0
Via: SIP/2.0/UDP host4.example.com:5060;branch=z9hG4bKkdju43234
Max-Forwards: 70
From: "Bell, Alexander" <sip:a.g.bell@example.com>;tag=433423
To: "Watson, Thomas" < sip:t.watson@example.org >
Call-ID: badaspec.torture
Accept: application/sdp
CSeq: 3923239 OPTIONS
l: 0
"""
        ),
        "An element may mend it; we do not guess.",
    ),
    Torture(
        "baddn",
        "3.1.2.15",
        400,
        _message(
            """
OPTIONS sip:t.watson@example.org SIP/2.0
Via:     SIP/2.0/UDP c.example.com:5060;branch=z9hG4bKkdjuw
Max-Forwards:      70
From:    Bell, Alexander <sip:a.g.bell@example.com>;tag=43
To:      Watson, Thomas <sip:t.watson@example.org>
Call-ID: baddn.torture
Accept:  application/sdp
CSeq:    3923239 OPTIONS
l: 0
"""
        ),
    ),
    Torture(
        "badvers",
        "3.1.2.16",
        505,
        _message(
            """
OPTIONS sip:t.watson@example.org SIP/7.0
Via:     SIP/7.0/UDP c.example.com;branch=z9hG4bKkdjuw
Max-Forwards:     70
From:    A. Bell <sip:a.g.bell@example.com>;tag=qweoiqpe
To:      T. Watson <sip:t.watson@example.org>
Call-ID: badvers.torture
CSeq:    1 OPTIONS
l: 0
"""
        ),
    ),
    Torture(
        "mismatch01",
        "3.1.2.17",
        400,
        _message(
            """
OPTIONS sip:user@example.com SIP/2.0
To: sip:j.user@example.com
From: sip:caller@example.net;tag=34525
Max-Forwards: 6
Call-ID: mismatch01.torture
CSeq: 8 INVITE
Via: SIP/2.0/UDP host.example.com;branch=z9hG4bKkdjuw
l: 0
"""
        ),
    ),
    Torture(
        "mismatch02",
        "3.1.2.18",
        400,
        _message(
            """
NEWMETHOD sip:user@example.com SIP/2.0
To: sip:j.user@example.com
From: sip:caller@example.net;tag=34525
Max-Forwards: 6
Call-ID: mismatch02.torture
CSeq: 8 INVITE
Contact: <sip:caller@host.example.net>
Via: SIP/2.0/UDP host.example.net;branch=z9hG4bKkdjuw
Content-Type: application/sdp
l: LENGTH
""",
            SDP,
        ),
        "400 or 501; the contradiction is seen first.",
    ),
    Torture(
        "bigcode",
        "3.1.2.19",
        DROPPED,
        _message(
            """
SIP/2.0 4294967301 better not break the receiver
Via: SIP/2.0/UDP 192.0.2.105;branch=z9hG4bK2398ndaoe
Call-ID: bigcode.torture
CSeq: 353494 INVITE
From: <sip:user@example.com>;tag=39ansfi3
To: <sip:user@example.edu>;tag=902jndnke3
Content-Length: 0
Contact: <sip:user@host105.example.com>
"""
        ),
    ),
    Torture(
        "badbranch",
        "3.2.1",
        200,
        _message(
            """
OPTIONS sip:user@example.com SIP/2.0
To: sip:user@example.com
From: sip:caller@example.org;tag=33242
Max-Forwards: 3
Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK
Accept: application/sdp
Call-ID: badbranch.torture
CSeq: 8 OPTIONS
l: 0
"""
        ),
        "Treated as RFC 2543 would, without trusting the branch.",
    ),
    Torture(
        "insuf",
        "3.3.1",
        400,
        _message(
            """
INVITE sip:800@example.com SIP/2.0
CSeq: 193942 INVITE
Via: SIP/2.0/UDP 192.0.2.95;branch=z9hG4bKkdj.insuf
Content-Type: application/sdp
l: LENGTH
""",
            SDP,
        ),
    ),
    Torture(
        "unkscm",
        "3.3.2",
        416,
        _message(
            """
OPTIONS nobodyKnowsThisScheme:totallyopaquecontent SIP/2.0
To: sip:user@example.com
From: sip:caller@example.net;tag=384
Max-Forwards: 3
Call-ID: unkscm.torture
CSeq: 3923423 OPTIONS
Via: SIP/2.0/UDP host9.example.com;branch=z9hG4bKkdjuw
Content-Length: 0
"""
        ),
    ),
    Torture(
        "novelsc",
        "3.3.3",
        416,
        _message(
            """
OPTIONS soap.beep://192.0.2.103:3002 SIP/2.0
To: sip:user@example.com
From: sip:caller@example.net;tag=384
Max-Forwards: 3
Call-ID: novelsc.torture
CSeq: 3923423 OPTIONS
Via: SIP/2.0/UDP host9.example.com;branch=z9hG4bKkdjuw
Content-Length: 0
"""
        ),
    ),
    Torture(
        "unksm2",
        "3.3.4",
        401,
        _message(
            """
REGISTER sip:example.com SIP/2.0
To: isbn:2983792873
From: <http://www.example.com>;tag=3234233
Call-ID: unksm2.torture
CSeq: 234902 REGISTER
Max-Forwards: 70
Via: SIP/2.0/UDP 192.0.2.21:5060;branch=z9hG4bKkdjuw
Contact: <name:John_Smith>
l: 0
"""
        ),
        "Challenged; with a password it is 403, for To is nobody's address.",
    ),
    Torture(
        "bext01",
        "3.3.5",
        420,
        _message(
            """
OPTIONS sip:user@example.com SIP/2.0
To: sip:j_user@example.com
From: sip:caller@example.net;tag=242etr
Max-Forwards: 6
Call-ID: bext01.torture
Require: nothingSupportsThis, nothingSupportsThisEither
Proxy-Require: noProxiesSupportThis, norDoAnyProxiesSupportThis
CSeq: 8 OPTIONS
Via: SIP/2.0/UDP fold-and-staple.example.com;branch=z9hG4bKkdjuw
Content-Length: 0
"""
        ),
    ),
    Torture(
        "invut",
        "3.3.6",
        415,
        _message(
            """
INVITE sip:800@example.com SIP/2.0
Contact: <sip:caller@host5.example.net>
To: sip:j.user@example.com
From: sip:caller@example.net;tag=8392034
Max-Forwards: 70
Call-ID: invut.torture
CSeq: 235448 INVITE
Via: SIP/2.0/UDP somehost.example.com;branch=z9hG4bKkdjuw
Content-Type: application/unknownformat
Content-Length: LENGTH
""",
            b"<audio><pcmu port='443'/></audio>\r\n",
        ),
    ),
    Torture(
        "regaut01",
        "3.3.7",
        401,
        _message(
            """
REGISTER sip:example.com SIP/2.0
To: sip:j.user@example.com
From: sip:j.user@example.com;tag=87321hj23128
Max-Forwards: 8
Call-ID: regaut01.torture
CSeq: 9338 REGISTER
Via: SIP/2.0/TCP 192.0.2.253;branch=z9hG4bKkdjuw
Authorization: NoOneKnowsThisScheme opaque-data=here
Content-Length: 0
"""
        ),
    ),
    Torture(
        "multi01",
        "3.3.8",
        400,
        _message(
            """
INVITE sip:800@company.com SIP/2.0
Contact: <sip:caller@host25.example.net>
Via: SIP/2.0/UDP 192.0.2.25;branch=z9hG4bKkdjuw
Max-Forwards: 70
CSeq: 5 INVITE
Call-ID: multi01.torture
CSeq: 59 INVITE
Call-ID: multi01.torture.again
From: sip:caller@example.com;tag=3413415
To: sip:user@example.com
To: sip:other@example.net
From: sip:caller@example.net;tag=2923420123
Content-Type: application/sdp
l: LENGTH
Contact: <sip:caller@host36.example.net>
Max-Forwards: 5
""",
            SDP,
        ),
    ),
    Torture(
        "mcl01",
        "3.3.9",
        400,
        _message(
            """
OPTIONS sip:user@example.com SIP/2.0
Via: SIP/2.0/UDP host5.example.net;branch=z9hG4bK293423
To: sip:user@example.com
From: sip:other@example.net;tag=3923942
Call-ID: mcl01.torture
CSeq: 15932 OPTIONS
Content-Length: 13
Max-Forwards: 60
Content-Length: 5
Content-Type: text/plain
""",
            b"There's no way to know how many octets are supposed to be here.\r\n",
        ),
    ),
    Torture(
        "bcast",
        "3.3.10",
        DROPPED,
        _message(
            """
SIP/2.0 200 OK
Via: SIP/2.0/UDP 192.0.2.198;branch=z9hG4bK1324923
Via: SIP/2.0/UDP 255.255.255.255;branch=z9hG4bK1saber23
Call-ID: bcast.torture
CSeq: 35 INVITE
From: sip:user@example.com;tag=11141343
To: sip:user@example.edu;tag=2229
Content-Length: LENGTH
Content-Type: application/sdp
Contact: <sip:user@host28.example.com>
""",
            SDP,
        ),
        "Nothing is ever sent to an address out of a response's Via.",
    ),
    Torture(
        "zeromf",
        "3.3.11",
        200,
        _message(
            """
OPTIONS sip:user@example.com SIP/2.0
To: sip:user@example.com
From: sip:caller@example.net;tag=3ghsd41
Call-ID: zeromf.torture
CSeq: 39234321 OPTIONS
Via: SIP/2.0/UDP host1.example.com;branch=z9hG4bKkdjuw2349i
Max-Forwards: 0
Content-Length: 0
"""
        ),
        "The edge itself is the end of OPTIONS, so nothing is forwarded (RFC 3261 section 16.3).",
    ),
    Torture(
        "cparam01",
        "3.3.12",
        401,
        _message(
            """
REGISTER sip:example.com SIP/2.0
Via: SIP/2.0/UDP saturn.example.com:5060;branch=z9hG4bKkdjuw
Max-Forwards: 70
From: sip:watson@example.com;tag=DkfVgjkrtMwaerKKpe
To: sip:watson@example.com
Call-ID: cparam01.torture
CSeq: 2 REGISTER
Contact: sip:+19725552222@gw1.example.net;unknownparam
l: 0
"""
        ),
    ),
    Torture(
        "cparam02",
        "3.3.13",
        401,
        _message(
            """
REGISTER sip:example.com SIP/2.0
Via: SIP/2.0/UDP saturn.example.com:5060;branch=z9hG4bKkdjuw
Max-Forwards: 70
From: sip:watson@example.com;tag=838293
To: sip:watson@example.com
Call-ID: cparam02.torture
CSeq: 3 REGISTER
Contact: <sip:+19725552222@gw1.example.net;unknownparam>
l: 0
"""
        ),
    ),
    Torture(
        "regescrt",
        "3.3.14",
        401,
        _message(
            """
REGISTER sip:example.com SIP/2.0
To: sip:user@example.com
From: sip:user@example.com;tag=8
Max-Forwards: 70
Call-ID: regescrt.torture
CSeq: 14398234 REGISTER
Via: SIP/2.0/UDP host5.example.com;branch=z9hG4bKkdjuw
M: <sip:user@example.com?Route=%3Csip:sip.example.com%3E>
L:0
"""
        ),
    ),
    Torture(
        "sdp01",
        "3.3.15",
        406,
        _message(
            """
INVITE sip:800@example.com SIP/2.0
To: sip:j_user@example.com
Contact: <sip:caller@host15.example.net>
From: sip:caller@example.net;tag=234
Max-Forwards: 5
Call-ID: sdp01.torture
Accept: text/nobodyKnowsThis
CSeq: 8 INVITE
Via: SIP/2.0/UDP 192.0.2.15;branch=z9hG4bKkdjuw
Content-Length: LENGTH
Content-Type: application/sdp
""",
            SDP,
        ),
    ),
    Torture(
        "inv2543",
        "3.4.1",
        PLACED,
        _message(
            """
INVITE sip:800@example.com SIP/2.0
Via: SIP/2.0/UDP iftgw.example.com
From: <sip:+13035551111@ift.client.example.net;user=phone>
Record-Route: <sip:UserB@example.com;maddr=ss1.example.com>
To: sip:+16505552222@ss1.example.net;user=phone
Call-ID: inv2543.torture
CSeq: 56 INVITE
Content-Type: application/sdp
""",
            SDP,
        ),
    ),
)
