"""Synthetic clouds and their shadows, for imagery that is honestly marked as such.

A fractal field gives the optical thickness, a two-stream approximation gives what the cloud reflects and lets through,
and the same field moved along the sun's azimuth gives the shadow. Every step is an elementwise sum, product or quotient
of doubles, which IEEE 754 rounds alike everywhere: the same stream gives the same bits on every machine.

The constants are of the published order, and were chosen among about twenty settings so that a network trained on real
clouds finds these. How well it does here therefore says nothing of its skill on real clouds.
"""

import random
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from tlm_cmd.products.mask_file import MaskClass

CELLS = 4
"""Cells of the coarsest octave along one side: the largest structures of a scene are about 900 m wide."""
AMPLITUDES = (1.0, 0.79, 0.62, 0.49, 0.25, 0.12)
"""Octaves from 900 m to 28 m. Power falls as k**(-5/3), a factor of 2**(-1/3) per octave, down to about 100 m, and as
k**-3 below, where photons diffuse sideways. Nature breaks at 200 m to 500 m (the Landsat scale break: Davis et al., J.
Atmos. Sci. 54, 1997, p. 241); a scene is too small for that to leave structure to see."""
EDGE_THICKNESS = 2.0
"""Optical thickness from which a pixel counts as cloud; thinner cloud is haze around it."""
THICKNESS_PER_FIELD = 40.0
"""Growth of the optical thickness inwards from the edge; typical clouds reach 10 to 30."""
ONE_MINUS_ASYMMETRY = 0.15
"""1 - g of water droplets in visible light, g = 0.85."""
SHADOW_DEPTH = 0.5
"""Share of the ground's light that a thick cloud takes away; the sky lights the rest."""
SHADOW_NEAREST, SHADOW_FARTHEST = 15, 48
"""Distance between a cloud and its shadow [pixels]: clouds 200 m to 700 m high under a sun 55 degrees high."""


class Sky(msgspec.Struct, frozen=True, eq=False):
    """What lies between the camera and the ground; all arrays are height x width."""

    albedo: NDArray[np.float64]
    """Reflectance of the cloud alone, 0 to 1."""
    shade: NDArray[np.float64]
    """Share of the ground's light that shadows take, 0 to `SHADOW_DEPTH`."""
    classes: NDArray[np.uint8]
    """The truth, one `MaskClass` per pixel."""

    @property
    def cover(self) -> float:
        """Share of the pixels that are cloud, 0 to 1."""
        return int(np.count_nonzero(self.classes == MaskClass.CLOUD)) / self.classes.size


def grow_clouds(stream: random.Random, side: int, cover: float) -> Sky:
    """A sky over `side` x `side` pixels of which the share `cover`, 0 to 1, is cloud to the nearest pixel."""
    pixels = side * side
    cloudy = round(cover * pixels)
    if not cloudy:
        clear = np.zeros((side, side))
        return Sky(clear, clear, np.full((side, side), MaskClass.CLEAR, np.uint8))
    margin = SHADOW_FARTHEST
    field = fractal_field(stream, side + 2 * margin)
    over = (slice(margin, margin + side),) * 2
    edge = np.partition(field[over], pixels - cloudy, axis=None)[pixels - cloudy]
    # Compared, not computed, so that the cover is exact.
    cloud = field >= edge
    thickness = np.maximum(0.0, EDGE_THICKNESS + THICKNESS_PER_FIELD * (field - edge))
    down, right = _shadow_offset(stream)
    sunwards = (slice(margin - down, margin - down + side), slice(margin - right, margin - right + side))
    classes = np.full((side, side), MaskClass.CLEAR, np.uint8)
    classes[cloud[sunwards]] = MaskClass.SHADOW
    classes[cloud[over]] = MaskClass.CLOUD
    return Sky(
        albedo=_albedo(thickness[over]),
        shade=SHADOW_DEPTH * _smooth(thickness[sunwards] / (2 * EDGE_THICKNESS)),
        classes=classes,
    )


def look_through(sky: Sky, ground: NDArray[np.uint16], scale: int) -> NDArray[np.uint16]:
    """What a camera above the clouds sees of the ground.

    Light passes the cloud twice, down and up, and each time loses what the cloud reflects; the cloud is white, equal in
    all bands.

    Args:
        sky: clouds and shadows.
        ground: bands x height x width, samples of reflectance.
        scale: samples per unit of reflectance.
    """
    passed = 1.0 - sky.albedo
    seen = ground * (1.0 - sky.shade) * passed * passed + scale * sky.albedo
    return np.floor(seen + 0.5).astype(np.uint16)


def fractal_field(stream: random.Random, side: int) -> NDArray[np.float64]:
    """Value noise of all octaves, `side` x `side`, around 0, mostly within 0.5 of it."""
    field = np.zeros((side, side))
    for octave, amplitude in enumerate(AMPLITUDES):
        field += amplitude * (_value_noise(stream, CELLS << octave, side) - 0.5)
    return field


def _value_noise(stream: random.Random, cells: int, side: int) -> NDArray[np.float64]:
    """Random values on a grid, 0 to 1, smoothly interpolated to `side` x `side`."""
    points = cells + 1
    grid = np.frombuffer(stream.randbytes(4 * points * points), "<u4").reshape(points, points) / 2.0**32
    position = np.arange(side) * (cells / side)
    cell = position.astype(np.intp)
    weight = _smooth(position - cell)
    rows = grid[cell] * (1.0 - weight)[:, None] + grid[cell + 1] * weight[:, None]
    return rows[:, cell] * (1.0 - weight) + rows[:, cell + 1] * weight


def _albedo(thickness: NDArray[np.float64]) -> NDArray[np.float64]:
    """Reflectance of a cloud that absorbs nothing (two-stream; Bohren, Am. J. Phys. 55, 1987, p. 524)."""
    scaled = ONE_MINUS_ASYMMETRY * thickness
    albedo: NDArray[np.float64] = scaled / (2.0 + scaled)
    return albedo


def _smooth(value: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    """0 below 0, 1 above 1, and a cubic without corners between."""
    share = np.clip(value, 0.0, 1.0)
    smooth: NDArray[np.float64] = share * share * (3.0 - 2.0 * share)
    return smooth


def _shadow_offset(stream: random.Random) -> tuple[int, int]:
    """Where shadows fall, rows down and columns right: to one side, as the orientation of the scene has it."""
    along = stream.randint(SHADOW_NEAREST, SHADOW_FARTHEST)
    across = stream.randint(-(along // 2), along // 2)
    along = along if stream.getrandbits(1) else -along
    return (along, across) if stream.getrandbits(1) else (across, along)
