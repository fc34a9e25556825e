"""What really is: one record per step for reports and judges. Nothing on board can read it."""

import msgspec

from bus_sim.equipment.camera import CameraState
from bus_sim.equipment.compute_board import ComputeState
from flightsw.geometry.quaternion import Quaternion
from flightsw.geometry.vectors import Vector


class Truth(msgspec.Struct, frozen=True, gc=False):
    """The spacecraft at the end of a step; powers are means over that step.

    Attributes:
        time_ns: since scenario start.
        latitude_deg: geodetic, of the sub-satellite point.
        longitude_deg: the same, -180 to 180, east positive.
        altitude_km: above the WGS-84 ellipsoid.
        illumination: visible fraction of the Sun, 0 to 1.
        station: name of the station that sees the spacecraft highest, None if none does.
        elevation_deg: at that station, 0 if there is none.
        array_available_w: what the solar array could have given.
        array_power_w: what was drawn from it.
        load_power_w: what the devices received, without the losses of the distribution.
        battery_soc: state of charge, 0 to 1.
        battery_voltage_v: at the terminals.
        battery_current_a: positive when discharging.
        line_power_w: per line, in the order of ``Distribution.line_names``.
        line_closed: the same order.
        node_temperatures_c: in the order of ``ThermalNetwork.names``.
        quaternion: attitude, body to TEME, scalar first.
        rate_rad_s: angular velocity, body axes.
        nadir_error_deg: angle between the camera's boresight and the Earth's centre.
        sun_body: unit vector to the Sun, body axes.
        compute_state: what the compute board does.
        compute_throttled: it holds itself back.
        compute_power_w: on its line.
        camera_state: what the camera does.
    """

    time_ns: int
    latitude_deg: float
    longitude_deg: float
    altitude_km: float
    illumination: float
    station: str | None
    elevation_deg: float
    array_available_w: float
    array_power_w: float
    load_power_w: float
    battery_soc: float
    battery_voltage_v: float
    battery_current_a: float
    line_power_w: tuple[float, ...]
    line_closed: tuple[bool, ...]
    node_temperatures_c: tuple[float, ...]
    quaternion: Quaternion
    rate_rad_s: Vector
    nadir_error_deg: float
    sun_body: Vector
    compute_state: ComputeState
    compute_throttled: bool
    compute_power_w: float
    camera_state: CameraState
