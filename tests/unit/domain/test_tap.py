from domain.tap import (
    TAP_FRAME_MS,
    TAP_FRAME_SAMPLES,
    TAP_HEADER,
    TAP_PACKET_BYTES_MAX,
    TAP_RATE_HZ,
    TAP_VERSION,
    TapKind,
)


def test_the_header_is_laid_out_as_drawn() -> None:
    packed = TAP_HEADER.pack(TAP_VERSION, TapKind.AUDIO, 0x0203, 0x04050607, 0x08090A0B0C0D0E0F)
    assert packed == bytes([1, 2, *range(2, 16)])
    assert TAP_HEADER.size == 16


def test_a_frame_is_a_whole_number_of_samples_and_fits_a_packet() -> None:
    assert TAP_FRAME_SAMPLES * 1_000 == TAP_RATE_HZ * TAP_FRAME_MS
    assert TAP_FRAME_SAMPLES == 1_440
    assert TAP_PACKET_BYTES_MAX == 16 + 2_880


def test_the_kinds_are_numbers_of_one_byte_and_stay_as_they_are() -> None:
    assert [(kind.name, kind.value) for kind in TapKind] == [
        ("OPEN", 1),
        ("AUDIO", 2),
        ("CLOSE", 3),
    ]


def test_a_sequence_and_a_time_of_years_fit() -> None:
    years_us = 50 * 365 * 86_400 * 1_000_000
    packed = TAP_HEADER.pack(TAP_VERSION, TapKind.CLOSE, 4, 2**32 - 1, years_us)
    assert TAP_HEADER.unpack(packed) == (TAP_VERSION, TapKind.CLOSE, 4, 2**32 - 1, years_us)
