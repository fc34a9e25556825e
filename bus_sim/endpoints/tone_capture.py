"""The capture unit's end of its wire; it is part of the on-board computer and always has power."""

from __future__ import annotations

from bus_sim.endpoints.device_endpoint import DeviceEndpoint
from bus_sim.equipment.tone_unit import ToneUnit
from flightsw.devices.tone_capture import GET_TONES, CapturedTone, CapturedTones, TonesAfter


class ToneCaptureEndpoint(DeviceEndpoint):
    """Answers with the tones that were captured."""

    def __init__(self, unit: ToneUnit) -> None:
        super().__init__()
        self._unit = unit
        self.answer(GET_TONES, self._tones)

    def _tones(self, request: TonesAfter) -> CapturedTones:
        tones = self._unit.tones_after(request.number)
        return CapturedTones(
            self._unit.state.number,
            tuple([CapturedTone(each.number, each.tone_ns, each.message_ns, each.tai_s, each.valid) for each in tones]),
        )
