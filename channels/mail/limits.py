"""The limits on a mail, beyond which it is not read."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class MailLimits:
    """How large and how intricate a mail may be.

    Attributes:
        bytes_max: Of the whole mail. Large providers take 25 MB and what base64 adds to it.
        header_bytes_max: Of its header. Postfix cuts at 100 KiB (`header_size_limit`); what comes
            through a dozen relays with signatures and ARC seals has 30 KiB.
        header_fields_max: Of its header; a busy one has 80.
        line_bytes_max: Of one line. RFC 5322 section 2.1.1 allows 998; senders put a whole page
            of HTML or base64 into one.
        lines_max: Of the whole mail; the largest in base64 has 500,000.
        parts_max: Parts of all levels; a mail with 20 files in a digest of 20 has 400.
        depth_max: Multiparts within one another; a signed, forwarded reply with pictures has 6.
        unpacked_bytes_max: What an archive in it may unpack to, by its own directory.
        archive_depth_max: Archives within one another.
        cpu_s_max: Processor seconds to read it; the largest with two signatures takes six.
        wall_s_max: Seconds to read it, on a busy machine.
        memory_bytes_max: Address space of the process that reads it.
    """

    bytes_max: int = 36 << 20
    header_bytes_max: int = 256 << 10
    header_fields_max: int = 1_000
    line_bytes_max: int = 2 << 20
    lines_max: int = 800_000
    parts_max: int = 500
    depth_max: int = 25
    unpacked_bytes_max: int = 1 << 30
    archive_depth_max: int = 2
    cpu_s_max: int = 10
    wall_s_max: float = 60.0
    memory_bytes_max: int = 1 << 30


DEFAULT_LIMITS = MailLimits()
