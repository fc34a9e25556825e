"""Geometry of the orbit map: where the track runs, what light it is in, what a station sees.

Points are (longitude, latitude) in degrees, east and north positive.
"""

import math
from enum import IntEnum, unique
from itertools import pairwise

from msgspec import Struct

from ops_tools.sil.report.model import Series, Station

EARTH_RADIUS_KM = 6371.0
"""Mean radius (IUGG)."""

_LIT = 0.999
_DARK = 0.001

Point = tuple[float, float]


@unique
class Light(IntEnum):
    """Light on the spacecraft."""

    SUNLIT = 0
    PENUMBRA = 1
    UMBRA = 2


class LightSpan(Struct, frozen=True):
    """An interval of one light."""

    light: Light
    start_s: int
    end_s: int


def light_of(sunlit: float | None) -> Light:
    """The light that a visible part of the solar disc [0..1] means; an unknown one counts as sunlight."""
    if sunlit is None or sunlit >= _LIT:
        return Light.SUNLIT
    return Light.UMBRA if sunlit <= _DARK else Light.PENUMBRA


def light_spans(track: Series) -> list[LightSpan]:
    """The flight cut where the light changes; the spans join without a gap."""
    spans: list[LightSpan] = []
    for at_s, sunlit in zip(track.time_s, track.columns["sunlit"], strict=True):
        light = light_of(sunlit)
        if not spans:
            spans.append(LightSpan(light, at_s, at_s))
            continue
        last = spans[-1]
        spans[-1] = LightSpan(last.light, last.start_s, at_s)
        if light is not last.light:
            spans.append(LightSpan(light, at_s, at_s))
    return spans


def crossing(before: Point, after: Point) -> tuple[Point, Point] | None:
    """Where a step of the track leaves the map at one edge and enters at the other; None if it does not."""
    step = after[0] - before[0]
    if abs(step) <= 180:
        return None
    edge = 180.0 if step < 0 else -180.0
    unwrapped = step + math.copysign(360.0, edge)
    share = (edge - before[0]) / unwrapped if unwrapped else 0.0
    latitude = before[1] + share * (after[1] - before[1])
    return (edge, latitude), (-edge, latitude)


def polylines(points: list[Point]) -> list[list[Point]]:
    """The track as lines that do not run across the map where it passes the date line."""
    lines = [points[:1]] if points else []
    for before, after in pairwise(points):
        cut = crossing(before, after)
        if cut is not None:
            lines[-1].append(cut[0])
            lines.append([cut[1]])
        lines[-1].append(after)
    return [line for line in lines if len(line) > 1]


def visibility_radius_deg(altitude_km: float, mask_deg: float) -> float:
    """Earth-central angle at which a spacecraft rises above the elevation mask of a station.

    Spherical Earth: ``acos(R cos(e) / (R + h)) - e`` (Wertz and Larson, Space Mission Analysis and Design,
    Earth geometry viewed from space).
    """
    mask = math.radians(mask_deg)
    ratio = EARTH_RADIUS_KM * math.cos(mask) / (EARTH_RADIUS_KM + max(altitude_km, 0.0))
    return math.degrees(math.acos(min(ratio, 1.0))) - mask_deg


def visibility_circle(station: Station, altitude_km: float, corners: int = 90) -> list[Point]:
    """The outline of what a station sees, as a closed polygon on the map.

    Longitudes run on beyond +-180 rather than jump, so the outline may be drawn shifted by 360 degrees too.
    A circle that holds a pole is closed along the edge of the map.
    """
    radius = math.radians(max(visibility_radius_deg(altitude_km, station.mask_deg), 0.0))
    latitude = math.radians(station.latitude_deg)
    outline: list[Point] = []
    for corner in range(corners):
        bearing = 2 * math.pi * corner / corners
        sine = math.sin(latitude) * math.cos(radius) + math.cos(latitude) * math.sin(radius) * math.cos(bearing)
        north = math.asin(max(-1.0, min(1.0, sine)))
        east = math.atan2(
            math.sin(bearing) * math.sin(radius) * math.cos(latitude),
            math.cos(radius) - math.sin(latitude) * math.sin(north),
        )
        outline.append((station.longitude_deg + math.degrees(east), math.degrees(north)))
    if abs(latitude) + radius < math.pi / 2:
        return outline
    outline.sort()
    pole = math.copysign(90.0, latitude)
    west, east_end = station.longitude_deg - 180.0, station.longitude_deg + 180.0
    rim = (outline[0][1] + outline[-1][1]) / 2
    return [(west, pole), (west, rim), *outline, (east_end, rim), (east_end, pole)]
