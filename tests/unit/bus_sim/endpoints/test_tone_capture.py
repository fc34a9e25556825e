from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conftest import Bench


def test_the_driver_reads_what_was_captured(bench: Bench) -> None:
    """With GPS the unit tells the newest tones, and only those behind the one asked for."""
    assert bench.tone_capture.tones().tones == ()
    bench.fly(60)
    unit = bench.spacecraft.tone_unit
    captured = bench.tone_capture.tones()
    assert captured.newest == unit.state.number > 8
    assert [each.number for each in captured.tones] == [each.number for each in unit.state.tones]
    newest = bench.tone_capture.tones(captured.newest - 1).tones
    assert [(each.tone_monotonic_ns, each.tai_s) for each in newest] == [
        (unit.state.tones[-1].tone_ns, unit.state.tones[-1].tai_s)
    ]


def test_the_tone_ends_with_the_receivers_power(bench: Bench) -> None:
    """The unit itself is the on-board computer's and answers on; it has nothing new to tell."""
    bench.fly(60)
    before = bench.tone_capture.tones().newest
    bench.power("gps", on=False)
    bench.fly(10)
    assert bench.tone_capture.tones().newest <= before + 1
