from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flightsw.devices.framing import Operation
from flightsw.devices.tone_capture import GET_TONES, CapturedTone, CapturedTones, ToneCapture, TonesAfter

MakeResponder = Callable[[dict[Operation[Any, Any], object]], Any]


def test_the_tones_behind_one_are_asked_for(responder: MakeResponder) -> None:
    """The number of the last tone known goes out, the newer ones come back."""
    reply = CapturedTones(9, (CapturedTone(9, 10**15 + 1, 10**15 + 2, 2**31, valid=True),))
    probe = responder({GET_TONES: reply})
    assert ToneCapture(probe.uart()).tones(8) == reply
    assert ToneCapture(probe.uart()).tones() == reply
    assert probe.requests == [TonesAfter(8), TonesAfter(0)]


def test_asking_again_loses_no_tone() -> None:
    """Reading takes nothing away, so that a lost reply may be asked for again."""
    assert GET_TONES.idempotent
