"""Names on a map, placed so that none covers another."""

import math

from msgspec import Struct

PADDING = 1.0
"""Free space around a name, in units of the map."""
SAME_PLACE = 25.0
"""Distance within which a name that stands already need not be said once more: a station in a city that is a target."""

CHARACTER_WIDTH = 0.58
"""Width of an average character, in units of the type size; on the wide side of usual sans-serif faces."""


class Anchor(Struct, frozen=True):
    """A point that wants a name."""

    x: float
    y: float
    text: str
    clearance: float = 7.0
    """Distance from the point at which the name starts."""


class Label(Struct, frozen=True):
    """A name and where it stands: ``y`` is the baseline, ``align`` an SVG text-anchor."""

    x: float
    y: float
    text: str
    align: str


class _Box(Struct, frozen=True):
    left: float
    top: float
    right: float
    bottom: float

    def inside(self, width: float, height: float) -> bool:
        """Whether the name, without the space around it, stands on the map."""
        across = self.left + PADDING >= 0 and self.right - PADDING <= width
        return across and self.top + PADDING >= 0 and self.bottom - PADDING <= height

    def meets(self, other: "_Box") -> bool:
        return (
            self.left < other.right and other.left < self.right and self.top < other.bottom and other.top < self.bottom
        )


def _candidates(anchor: Anchor, size: float) -> list[tuple[Label, _Box]]:
    """Places for a name in order of preference: right, left, above, below, then the corners."""
    width = CHARACTER_WIDTH * size * len(anchor.text)
    gap = anchor.clearance
    middle, above, below = anchor.y + 0.35 * size, anchor.y - gap, anchor.y + gap + 0.75 * size
    slant = 0.7 * gap
    places = [
        (anchor.x + gap, middle, "start"),
        (anchor.x - gap, middle, "end"),
        (anchor.x, above, "middle"),
        (anchor.x, below, "middle"),
        (anchor.x + slant, above, "start"),
        (anchor.x + slant, below, "start"),
        (anchor.x - slant, above, "end"),
        (anchor.x - slant, below, "end"),
    ]
    shift = {"start": 0.0, "middle": -width / 2, "end": -width}
    return [
        (
            Label(x, y, anchor.text, align),
            _Box(
                x + shift[align] - PADDING,
                y - 0.8 * size - PADDING,
                x + shift[align] + width + PADDING,
                y + 0.25 * size + PADDING,
            ),
        )
        for x, y, align in places
    ]


def _distance(one: Anchor, other: Anchor) -> float:
    return math.hypot(one.x - other.x, one.y - other.y)


def place(anchors: list[Anchor], size: float, width: float, height: float) -> list[Label]:
    """Places for the names of the anchors, the first anchors first.

    A name that finds no free place inside ``width`` x ``height``, or that stands beside a neighbour already, is left
    out; its point keeps its tooltip.

    Args:
        anchors: Points to be named; a name avoids all of them, its own included.
        size: Type size, in the units of the map.
        width: Width of the map.
        height: Height of the map.
    """
    taken = [_Box(a.x - 4, a.y - 4, a.x + 4, a.y + 4) for a in anchors]
    labels: list[Label] = []
    named: list[Anchor] = []
    for anchor in anchors:
        if any(anchor.text == other.text and _distance(anchor, other) < SAME_PLACE for other in named):
            continue
        for label, box in _candidates(anchor, size):
            inside = box.inside(width, height)
            if inside and not any(box.meets(other) for other in taken):
                labels.append(label)
                named.append(anchor)
                taken.append(box)
                break
    return labels
