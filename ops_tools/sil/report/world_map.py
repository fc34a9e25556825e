"""The orbit map as shapes: SVG path data and points, in the units of the map's view box."""

from bisect import bisect_left, bisect_right
from enum import StrEnum, unique
from functools import cache
from importlib import resources

import msgspec

from ops_tools.sil.report.ground_track import (
    Light,
    Point,
    light_spans,
    polylines,
    visibility_circle,
)
from ops_tools.sil.report.labels import Anchor, Label, place
from ops_tools.sil.report.model import MissionReport, Orbit, Series, Station
from ops_tools.sil.report.records import ImageOutcome, ImageRecord, LinkPass
from ops_tools.sil.report.wording import met

WIDTH, HEIGHT = 1080, 540
"""Plate carree, three units per degree."""

LABEL_SIZE = 12.5
MAX_TRACK_POINTS = 3000
MAX_MARKERS = 300
"""Targets shown; the first of the list are kept."""

MAX_OPEN_LINES = 12
"""Lines of the sunlit track, about three per orbit, beyond which the map is dense."""

_SCALE = WIDTH / 360


class _Coastline(msgspec.Struct, frozen=True):
    origin: str
    unit_deg: float
    order: str
    rings: list[list[int]]


@unique
class Marker(StrEnum):
    """What became of a target, best first. Shape and colour both tell it."""

    PROCESSED = "processed"
    WAITING = "waiting"
    DISCARDED = "discarded"
    FAILED = "failed"
    NOT_IMAGED = "not-imaged"


_MARKER_OF = {
    ImageOutcome.PROCESSED: Marker.PROCESSED,
    ImageOutcome.WAITING: Marker.WAITING,
    ImageOutcome.DISCARDED: Marker.DISCARDED,
    ImageOutcome.FAILED: Marker.FAILED,
}


class TargetShape(msgspec.Struct, frozen=True):
    """A target on the map."""

    x: float
    y: float
    marker: Marker
    title: str


class StationShape(msgspec.Struct, frozen=True):
    """A station on the map and the outline of what it sees."""

    x: float
    y: float
    title: str
    outline: str
    shifts: list[int]
    """Offsets at which the outline is drawn so that it continues across the date line."""


class WorldMap(msgspec.Struct, frozen=True):
    """Everything drawn on the map. The strings are path data."""

    width: int
    height: int
    land: str
    graticule: str
    sunlit: str
    penumbra: str
    umbra: str
    contact: str
    """The track within passes."""
    stations: list[StationShape]
    targets: list[TargetShape]
    labels: list[Label]
    start: Point | None
    end: Point | None
    markers: dict[Marker, int]
    """Targets by marker, for the legend."""
    targets_left_out: int
    dense: bool
    """True when so many orbits overlie that lines are drawn thinner."""


def project(point: Point) -> Point:
    """Longitude and latitude [deg] to the units of the map."""
    return (point[0] + 180) * _SCALE, (90 - point[1]) * _SCALE


def _path(points: list[Point], *, closed: bool = False) -> str:
    text = "L".join(f"{x:.1f},{y:.1f}" for x, y in map(project, points))
    return f"M{text}{'Z' if closed else ''}"


@cache
def land() -> str:
    """Path data of the continents."""
    source = resources.files("ops_tools.sil.report") / "static" / "coastline.json"
    coastline = msgspec.json.decode(source.read_bytes(), type=_Coastline)
    unit = coastline.unit_deg
    return "".join(
        _path([(ring[i] * unit, ring[i + 1] * unit) for i in range(0, len(ring), 2)], closed=True)
        for ring in coastline.rings
    )


def _graticule() -> str:
    meridians = [_path([(float(lon), 90.0), (float(lon), -90.0)]) for lon in range(-150, 180, 30)]
    parallels = [_path([(-180.0, float(lat)), (180.0, float(lat))]) for lat in range(-60, 90, 30)]
    return "".join(meridians + parallels)


def _track_points(track: Series) -> tuple[list[int], list[Point]]:
    columns = track.columns
    placed = [
        (at_s, (longitude, latitude))
        for at_s, latitude, longitude in zip(
            track.time_s, columns["latitude_deg"], columns["longitude_deg"], strict=True
        )
        if latitude is not None and longitude is not None
    ]
    return [at_s for at_s, _ in placed], [point for _, point in placed]


def _line(points: list[Point], stride: int) -> str:
    """Path data of a part of the track; inner points thinned, both ends kept."""
    thinned = points[::stride]
    if points and thinned[-1] != points[-1]:
        thinned.append(points[-1])
    return "".join(_path(line) for line in polylines(thinned))


def _contacts(passes: list[LinkPass]) -> list[tuple[float, float]]:
    """When any station was in contact: the passes in order, those that overlap as one."""
    contacts: list[tuple[float, float]] = []
    for aos_s, los_s in sorted((each.aos_s, each.los_s) for each in passes):
        if contacts and aos_s <= contacts[-1][1]:
            contacts[-1] = (contacts[-1][0], max(contacts[-1][1], los_s))
        else:
            contacts.append((aos_s, los_s))
    return contacts


def _targets(orbit: Orbit, images: list[ImageRecord]) -> list[TargetShape]:
    taken: dict[str, list[ImageRecord]] = {}
    for image in images:
        taken.setdefault(image.target, []).append(image)
    best_first = list(Marker)
    shapes = []
    for target in orbit.targets:
        mine = taken.get(target.name, [])
        marker = min((_MARKER_OF[image.outcome] for image in mine), key=best_first.index, default=Marker.NOT_IMAGED)
        told = "; ".join(f"image {image.image} at {met(image.taken_s)}, {image.outcome}" for image in mine[:8])
        x, y = project((target.longitude_deg, target.latitude_deg))
        shapes.append(TargetShape(round(x, 1), round(y, 1), marker, f"{target.name}: {told or 'not imaged'}"))
    return shapes


def _station(station: Station, altitude_km: float) -> StationShape:
    outline = visibility_circle(station, altitude_km)
    west, east = min(lon for lon, _ in outline), max(lon for lon, _ in outline)
    shifts = [0] + ([WIDTH] if west < -180 else []) + ([-WIDTH] if east > 180 else [])
    x, y = project((station.longitude_deg, station.latitude_deg))
    title = f"{station.name}: sees the spacecraft above {station.mask_deg:g}\u00b0 elevation inside the circle"
    return StationShape(round(x, 1), round(y, 1), title, _path(outline, closed=True), shifts)


def world_map(report: MissionReport, orbit: Orbit) -> WorldMap:
    """The map of a flight."""
    times_s, points = _track_points(orbit.track)
    stride = max(1, -(-len(points) // MAX_TRACK_POINTS))

    def part(start_s: float, end_s: float) -> list[Point]:
        return points[bisect_left(times_s, start_s) : bisect_right(times_s, end_s)]

    by_light = dict.fromkeys(Light, "")
    for span in light_spans(orbit.track):
        by_light[span.light] += _line(part(span.start_s, span.end_s), stride)
    contact = "".join(_line(part(aos_s, los_s), stride) for aos_s, los_s in _contacts(report.passes))
    targets = _targets(orbit, report.images)
    shown = targets[:MAX_MARKERS]
    stations = [_station(station, orbit.altitude_km) for station in orbit.stations]
    anchors = [
        Anchor(shape.x, shape.y, station.name, 9.0) for shape, station in zip(stations, orbit.stations, strict=True)
    ] + [
        Anchor(shape.x, shape.y, target.name) for shape, target in zip(shown, orbit.targets[:MAX_MARKERS], strict=True)
    ]
    return WorldMap(
        width=WIDTH,
        height=HEIGHT,
        land=land(),
        graticule=_graticule(),
        sunlit=by_light[Light.SUNLIT],
        penumbra=by_light[Light.PENUMBRA],
        umbra=by_light[Light.UMBRA],
        contact=contact,
        stations=stations,
        targets=shown,
        labels=place(anchors, LABEL_SIZE, WIDTH, HEIGHT),
        start=project(points[0]) if points else None,
        end=project(points[-1]) if points else None,
        markers={marker: sum(shape.marker is marker for shape in targets) for marker in Marker},
        targets_left_out=len(targets) - len(shown),
        dense=by_light[Light.SUNLIT].count("M") > MAX_OPEN_LINES,
    )
