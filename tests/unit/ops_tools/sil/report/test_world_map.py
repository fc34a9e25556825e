import re
from itertools import pairwise

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from ops_tools.sil.report.labels import CHARACTER_WIDTH, Anchor, Label, place
from ops_tools.sil.report.model import MissionReport, Station, Target
from ops_tools.sil.report.records import ImageOutcome, ImageRecord
from ops_tools.sil.report.world_map import HEIGHT, MAX_MARKERS, WIDTH, Marker, land, world_map


def _box(label: Label, size: float) -> tuple[float, float, float, float]:
    width = CHARACTER_WIDTH * size * len(label.text)
    left = label.x - {"start": 0.0, "middle": width / 2, "end": width}[label.align]
    return left, label.y - 0.8 * size, left + width, label.y + 0.25 * size


@given(
    st.lists(
        st.builds(Anchor, st.floats(0, 300), st.floats(0, 200), st.text("abcdefgh", min_size=1, max_size=9)),
        max_size=20,
    )
)
def test_names_never_cover_each_other(anchors: list[Anchor]) -> None:
    """However crowded, the names that are shown stand apart and inside the map."""
    boxes = [_box(label, 12) for label in place(anchors, 12, 300, 200)]
    for index, (left, top, right, bottom) in enumerate(boxes):
        assert left >= 0
        assert top >= 0
        assert right <= 300
        assert bottom <= 200
        for other in boxes[:index]:
            assert right <= other[0] or other[2] <= left or bottom <= other[1] or other[3] <= top


def test_the_first_name_wins() -> None:
    """Of two points in one place only the first is named when there is room for one."""
    labels = place([Anchor(5, 6, "alpha"), Anchor(5, 6, "beta")], 12, 100, 22)
    assert [label.text for label in labels] == ["alpha"]


def test_a_name_is_said_once_in_one_place() -> None:
    """A target in the city of a station needs no second label; the same name elsewhere does."""
    anchors = [Anchor(100, 100, "Beijing"), Anchor(112, 100, "Beijing"), Anchor(400, 100, "Beijing")]
    labels = place(anchors, 12, 1000, 500)
    assert len(labels) == 2
    assert [label.x > 300 for label in labels] == [False, True]


def test_the_coastline_stays_on_the_map() -> None:
    """Every point of every continent lies inside the view box, and none jumps across it."""
    rings = land().split("Z")[:-1]
    assert len(rings) > 100
    for ring in rings:
        points = [tuple(map(float, pair.split(","))) for pair in ring.removeprefix("M").split("L")]
        assert all(0 <= x <= WIDTH and 0 <= y <= HEIGHT for x, y in points)
        inland = [x for x, y in points if y < HEIGHT]
        assert all(abs(a - b) < WIDTH / 2 for a, b in pairwise(inland))


def test_tracks_keep_both_lights(orbit_report: MissionReport) -> None:
    """One orbit has sunlit and dark parts, contacts, and no number that is none."""
    assert orbit_report.orbit is not None
    drawn = world_map(orbit_report, orbit_report.orbit)
    for path in (drawn.sunlit, drawn.umbra, drawn.penumbra, drawn.contact):
        assert re.fullmatch(r"(M-?[\d.]+,-?[\d.]+(L-?[\d.]+,-?[\d.]+)+)+", path)


def test_a_target_shows_its_best_image(orbit_report: MissionReport) -> None:
    """A processed image outweighs a discarded one; a target without images says so."""
    assert orbit_report.orbit is not None
    images = [
        ImageRecord(image=i, target="A", taken_s=i, outcome=outcome)
        for i, outcome in enumerate([ImageOutcome.DISCARDED, ImageOutcome.PROCESSED, ImageOutcome.FAILED])
    ]
    targets = [Target(name=name, latitude_deg=0, longitude_deg=10) for name in "AB"]
    orbit = msgspec.structs.replace(orbit_report.orbit, targets=targets)
    drawn = world_map(msgspec.structs.replace(orbit_report, images=images), orbit)
    assert [shape.marker for shape in drawn.targets] == [Marker.PROCESSED, Marker.NOT_IMAGED]


def test_targets_are_bounded(orbit_report: MissionReport) -> None:
    """Beyond the bound targets are left out and counted."""
    assert orbit_report.orbit is not None
    targets = [Target(name=str(i), latitude_deg=0, longitude_deg=0) for i in range(MAX_MARKERS + 7)]
    drawn = world_map(orbit_report, msgspec.structs.replace(orbit_report.orbit, targets=targets))
    assert (len(drawn.targets), drawn.targets_left_out) == (MAX_MARKERS, 7)


def test_a_circle_over_the_date_line_is_drawn_on_both_sides(orbit_report: MissionReport) -> None:
    """What a station near 180 degrees sees continues at the other edge."""
    assert orbit_report.orbit is not None
    stations = [Station(name="Fiji", latitude_deg=-18, longitude_deg=178)]
    drawn = world_map(orbit_report, msgspec.structs.replace(orbit_report.orbit, stations=stations))
    assert drawn.stations[0].shifts == [0, -WIDTH]
