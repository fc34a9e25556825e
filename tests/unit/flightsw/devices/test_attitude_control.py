from __future__ import annotations

from collections.abc import Callable
from math import inf, nan
from typing import Any

import msgspec
import pytest

from flightsw.devices.attitude_control import (
    GET_ATTITUDE,
    GET_GPS,
    GET_GYRO,
    GET_STAR_TRACKER,
    GET_SUN_SENSOR,
    SET_TORQUE,
    AttitudeControl,
    AttitudeReading,
    GpsFix,
    GyroReading,
    StarTrackerReading,
    SunSensorReading,
    TorqueCommand,
)
from flightsw.devices.errors import CorruptReplyError
from flightsw.devices.framing import NOTHING, Operation, Status, pack_reply
from tlm_cmd.definition.compiler import compile_encoder
from tlm_cmd.definition.layout import FieldLayout, RecordLayout, layout_of
from tlm_cmd.definition.message import Record
from tlm_cmd.errors import ProtocolError

MakeResponder = Callable[[dict[Operation[Any, Any], object]], Any]

STARS = StarTrackerReading(valid=True, quaternion=(1.0, 0.0, 0.0, 0.0))
RATES = GyroReading(valid=True, rates_rad_s=(0.0, 0.0, 0.0))
SUN = SunSensorReading(valid=True, direction=(0.0, 0.0, 1.0))
ZERO = (0.0, 0.0, 0.0)
FIX = GpsFix(
    valid=True,
    time_tai_ns=1,
    position_earth_fixed_km=ZERO,
    velocity_earth_fixed_km_s=ZERO,
    position_km=ZERO,
    velocity_km_s=ZERO,
)


def octets(record: Record) -> bytes:
    """A reply's payload, whatever its values."""

    def free(layout: RecordLayout) -> RecordLayout:
        return RecordLayout(layout.python_class, tuple(loose(field) for field in layout.fields))

    def loose(field: FieldLayout) -> FieldLayout:
        record_, item = field.record, field.item
        return msgspec.structs.replace(
            field,
            allowed=None,
            item=None if item is None else loose(item),
            record=None if record_ is None else free(record_),
        )

    return compile_encoder(free(layout_of(type(record))))(record)


def reading(responder: MakeResponder, operation: Operation[Any, Any], record: Record) -> AttitudeControl:
    """A driver whose device answers with a record, impossible values included."""
    probe = responder({operation: NOTHING})
    payload = octets(record)
    probe.receive = lambda data: pack_reply(data[0], data[1], Status.DONE, payload)
    return AttitudeControl(probe.uart())


def test_each_sensor_is_read(responder: MakeResponder) -> None:
    """Every reading comes back as the unit gave it, alone and together."""
    unit = AttitudeControl(
        responder(
            {
                GET_ATTITUDE: AttitudeReading(STARS, RATES, SUN),
                GET_STAR_TRACKER: STARS,
                GET_GYRO: RATES,
                GET_SUN_SENSOR: SUN,
                GET_GPS: FIX,
            }
        ).uart()
    )
    assert unit.attitude() == AttitudeReading(STARS, RATES, SUN)
    assert unit.star_tracker() == STARS
    assert unit.gyro() == RATES
    assert unit.sun_sensor() == SUN
    assert unit.gps() == FIX


def test_torque_is_commanded(responder: MakeResponder) -> None:
    """The torque reaches the unit axis by axis."""
    probe = responder({SET_TORQUE: NOTHING})
    AttitudeControl(probe.uart()).command_torque(0.001, -0.002, 0.003)
    assert probe.requests == [TorqueCommand((0.001, -0.002, 0.003))]


@pytest.mark.parametrize("bad", [nan, inf, -inf, 10.1, -10.1])
def test_impossible_torques_are_not_sent(responder: MakeResponder, bad: float) -> None:
    """A torque that is no number, or beyond the unit, stays here."""
    probe = responder({SET_TORQUE: NOTHING})
    unit = AttitudeControl(probe.uart())
    for torque in ((bad, 0.0, 0.0), (0.0, bad, 0.0), (0.0, 0.0, bad)):
        with pytest.raises(ProtocolError):
            unit.command_torque(*torque)
    assert probe.raw == []


@pytest.mark.parametrize("bad", [nan, inf, -inf, 25.0])
def test_impossible_rates_never_enter_control(responder: MakeResponder, bad: float) -> None:
    """A rate that is no number, or faster than any body, is refused on each axis."""
    for rates in ((bad, 0.0, 0.0), (0.0, bad, 0.0), (0.0, 0.0, bad)):
        with pytest.raises(CorruptReplyError):
            reading(responder, GET_GYRO, GyroReading(valid=True, rates_rad_s=rates)).gyro()


@pytest.mark.parametrize(
    "quaternion", [(nan, 0.0, 0.0, 0.0), (1.0, inf, 0.0, 0.0), (0.0, 0.0, 0.0, 0.0), (1.0, 0.1, 0.0, 0.0), (0.9,) * 4]
)
def test_impossible_attitudes_never_enter_control(responder: MakeResponder, quaternion: tuple[float, ...]) -> None:
    """A quaternion that is none is refused, read alone or with the other sensors."""
    stars = StarTrackerReading(valid=True, quaternion=quaternion)
    with pytest.raises(CorruptReplyError):
        reading(responder, GET_STAR_TRACKER, stars).star_tracker()
    with pytest.raises(CorruptReplyError):
        reading(responder, GET_ATTITUDE, AttitudeReading(stars, RATES, SUN)).attitude()


@pytest.mark.parametrize("direction", [(nan, 0.0, 1.0), (0.0, 0.0, 0.0), (0.0, 0.0, 0.99), (1.0, 1.0, 0.0)])
def test_impossible_sun_directions_never_enter_control(responder: MakeResponder, direction: tuple[float, ...]) -> None:
    """A direction that is no unit vector is refused, read alone or with the other sensors."""
    sun = SunSensorReading(valid=True, direction=direction)
    with pytest.raises(CorruptReplyError):
        reading(responder, GET_SUN_SENSOR, sun).sun_sensor()
    with pytest.raises(CorruptReplyError):
        reading(responder, GET_ATTITUDE, AttitudeReading(STARS, RATES, sun)).attitude()


def test_invalid_readings_may_be_anything_finite(responder: MakeResponder) -> None:
    """What a sensor declares invalid need not be a unit vector, but must be numbers."""
    stars = StarTrackerReading(valid=False, quaternion=(0.0, 0.0, 0.0, 0.0))
    sun = SunSensorReading(valid=False, direction=ZERO)
    assert reading(responder, GET_ATTITUDE, AttitudeReading(stars, RATES, sun)).attitude().star_tracker == stars
    stars = StarTrackerReading(valid=False, quaternion=(nan, 0.0, 0.0, 0.0))
    with pytest.raises(CorruptReplyError):
        reading(responder, GET_STAR_TRACKER, stars).star_tracker()


@pytest.mark.parametrize(
    "field", ["position_earth_fixed_km", "velocity_earth_fixed_km_s", "position_km", "velocity_km_s"]
)
@pytest.mark.parametrize("bad", [nan, inf, 1e6])
def test_impossible_fixes_never_enter_control(responder: MakeResponder, field: str, bad: float) -> None:
    """A position or velocity that cannot be is refused."""
    fix = msgspec.structs.replace(FIX, **{field: (0.0, bad, 0.0)})
    with pytest.raises(CorruptReplyError):
        reading(responder, GET_GPS, fix).gps()
