from bench.material import at_level, band, noise
from media.activity import (
    ONSET_HOPS,
    ONSET_WINDOW_HOPS,
    SEGMENT_HOPS_MAX,
    Extent,
    Segmenter,
    VoiceActivity,
    louder,
)
from media.pcm import FRAME_BYTES, from_s16le, to_s16le
from tests.unit.media.sounds_rig import FRAME_S, frames_of, silence, voice


def run(segmenter: Segmenter, hops: str) -> list[Extent]:
    """Step through hops: "x" voiced, "?" voiced but not clear, "." not voiced."""
    closed = (segmenter.step(hop != ".", hop != "?") for hop in hops)
    return [extent for extent in closed if extent is not None]


def test_the_detector_tells_a_voice_from_silence() -> None:
    activity = VoiceActivity(2)
    quiet = [hop for frame in frames_of(silence(5 * FRAME_S)) for hop in activity.judge(frame.pcm)]
    loud = [
        hop for frame in frames_of(voice(120, 5 * FRAME_S)) for hop in activity.judge(frame.pcm)
    ]
    assert not any(quiet)
    assert sum(loud) >= len(loud) - 2


def test_a_faint_voice_in_noise_is_found_when_made_louder() -> None:
    sound = at_level(band(noise("white", 1.8)), -48)
    sound[4_800:9_600] += voice(120, 0.6, dbov=-38)
    frames = [frame.pcm for frame in frames_of(sound)]
    activity = VoiceActivity(2)
    hops = [hop for frame in louder(frames) for hop in activity.judge(frame)]
    assert all(hops[33:58])


def test_louder_clips() -> None:
    quiet, loud = to_s16le(silence(FRAME_S) + 0.1), to_s16le(silence(FRAME_S) - 0.9)
    raised = louder([quiet, loud])
    assert [len(frame) for frame in raised] == [FRAME_BYTES, FRAME_BYTES]
    assert abs(from_s16le(raised[0])[0] - 0.4) < 1e-3
    assert from_s16le(raised[1])[0] < -0.999


def test_a_segment_begins_at_its_first_voiced_hop_and_ends_at_its_last() -> None:
    segmenter = Segmenter(0.1)
    assert run(segmenter, "..xxxxxxxx....") == []
    assert segmenter.speaking
    assert run(segmenter, ".") == [Extent(2, 10)]
    assert not segmenter.speaking


def test_a_click_is_no_segment() -> None:
    segmenter = Segmenter(0.1)
    click = "x" * (ONSET_HOPS - 1)
    assert run(segmenter, f"...{click}.........x....x....x......") == []
    assert not segmenter.speaking


def test_a_short_silence_is_bridged() -> None:
    segmenter = Segmenter(0.5)
    assert run(segmenter, "xxxx" + "." * 24 + "xxxx" + "." * 25) == [Extent(0, 32)]


def test_a_lone_hop_does_not_keep_a_segment_open() -> None:
    segmenter = Segmenter(0.2)
    assert run(segmenter, "xxxxx.....x....") == [Extent(0, 5)]


def test_the_pause_comes_from_the_settings() -> None:
    assert run(Segmenter(0.2), "xxxxx" + "." * 10) == [Extent(0, 5)]
    assert run(Segmenter(1.0), "xxxxx" + "." * 49) == []


def test_a_segment_ends_with_its_last_clear_hop() -> None:
    assert run(Segmenter(0.2), "xxxxx?????" + "." * 10) == [Extent(0, 5)]


def test_what_is_not_clear_still_bridges() -> None:
    assert run(Segmenter(0.2), "xxxxx?????.........xx" + "." * 10) == [Extent(0, 21)]


def test_speech_without_end_is_cut() -> None:
    segmenter = Segmenter(0.5)
    hops = "x" * (SEGMENT_HOPS_MAX + 100) + "." * 25
    assert run(segmenter, hops) == [
        Extent(0, SEGMENT_HOPS_MAX),
        Extent(SEGMENT_HOPS_MAX, SEGMENT_HOPS_MAX + 100),
    ]


def test_a_cut_just_before_the_end_leaves_nothing_behind() -> None:
    segmenter = Segmenter(0.5)
    assert len(run(segmenter, "x" * SEGMENT_HOPS_MAX + "." * 30)) == 1
    assert not segmenter.speaking


def test_silence_may_be_skipped() -> None:
    stepped, skipped = Segmenter(0.5), Segmenter(0.5)
    assert run(stepped, "xxxxx" + "." * 30) == [Extent(0, 5)]
    assert run(skipped, "xxxxx") == []
    assert skipped.skip(10) is None
    assert skipped.skip(0) is None
    assert skipped.skip(20) == Extent(0, 5)
    assert skipped.hops == stepped.hops
    assert run(skipped, "xxxxx") == []
    assert skipped.close() == Extent(35, 40)


def test_a_voiced_hop_before_a_skip_counts_only_if_near() -> None:
    segmenter = Segmenter(0.5)
    run(segmenter, "xx")
    segmenter.skip(ONSET_WINDOW_HOPS)
    run(segmenter, "x")
    assert not segmenter.speaking


def test_nothing_is_closed_when_nothing_is_open() -> None:
    assert Segmenter(0.5).close() is None


def test_unsettled_is_what_may_still_become_a_segment() -> None:
    segmenter = Segmenter(0.5)
    run(segmenter, "......")
    assert segmenter.unsettled_from == 6
    run(segmenter, "xx")
    assert segmenter.unsettled_from == 6
    run(segmenter, "xx......")
    assert segmenter.unsettled_from == 6
    segmenter.skip(30)
    assert segmenter.unsettled_from == 46
