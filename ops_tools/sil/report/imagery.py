"""Pictures for the gallery: true colour from four bands, and the classes of a mask."""

from collections.abc import Sequence
from enum import IntEnum, unique

from ops_tools.sil.report import png
from ops_tools.sil.report.errors import RasterSizeError
from ops_tools.sil.report.records import GalleryItem

MAX_SIDE_PX = 224
"""Longest side of a picture in the report. Larger scenes are averaged, masks are sampled."""

_DARK_SHARE, _BRIGHT_SHARE = 0.01, 0.985
_BRIGHTEST = 3000
"""Reflectance x 10000 shown as white at the latest, so that clouds do not darken the ground beside them."""

_GAMMA = 1 / 1.6
_LEVELS = 64
"""Grey levels per channel: fewer than 256 halve the file, and 64 still show no steps in natural scenes."""


@unique
class MaskClass(IntEnum):
    """Classes of a mask, as they come down."""

    CLEAR = 0
    CLOUD = 1
    SHADOW = 2
    NO_DATA = 3


MASK_COLOURS: dict[MaskClass, tuple[int, int, int]] = {
    MaskClass.CLEAR: (0x2F, 0x6F, 0x73),
    MaskClass.CLOUD: (0xF1, 0xEE, 0xE6),
    MaskClass.SHADOW: (0x3B, 0x2A, 0x4F),
    MaskClass.NO_DATA: (0x8C, 0x8C, 0x8C),
}
"""Colours of the classes. They differ in lightness too, so that they survive grey print and colour blindness."""


def _shown(width: int, height: int) -> tuple[int, int]:
    """Columns and rows in the report."""
    shrink = min(1.0, MAX_SIDE_PX / max(width, height))
    return max(1, round(width * shrink)), max(1, round(height * shrink))


def _cells(pixels: int, shown: int) -> list[slice]:
    """The run of pixels that each shown pixel covers; neighbours may share one."""
    return [slice(i * pixels // shown, -(-(i + 1) * pixels // shown)) for i in range(shown)]


def _averaged(band: Sequence[int], width: int, height: int) -> list[int]:
    """The band on the grid of the report, each shown pixel the mean of those it covers."""
    columns, rows = _shown(width, height)
    if (columns, rows) == (width, height):
        return list(band)
    cells = _cells(width, columns)
    coarse = []
    for covered in _cells(height, rows):
        lines = [band[row * width : (row + 1) * width] for row in range(covered.start, covered.stop)]
        totals = [sum(values) for values in zip(*lines, strict=True)]
        coarse += [sum(totals[cell]) // ((cell.stop - cell.start) * len(lines)) for cell in cells]
    return coarse


def _stretch(band: list[int]) -> bytes:
    """Octets between the band's dark and bright percentiles, with a gamma that opens the shadows."""
    ordered = sorted(band)
    low = ordered[int(_DARK_SHARE * (len(ordered) - 1))]
    high = min(ordered[int(_BRIGHT_SHARE * (len(ordered) - 1))], _BRIGHTEST)
    scale = 1 / max(high - low, 1)
    top = _LEVELS - 1
    table = {
        value: round(round(min(max((value - low) * scale, 0.0), 1.0) ** _GAMMA * top) * 255 / top)
        for value in set(band)
    }
    return bytes(table[value] for value in band)


def scene_png(bands: Sequence[Sequence[int]], width: int, height: int) -> bytes:
    """A true-colour picture.

    Args:
        bands: Blue, green, red and near infrared (which is not shown), each ``width * height`` samples of
            reflectance x 10000, row by row. Any sequence of integers does, such as a flat uint16 array.
        width: Columns of the scene.
        height: Rows of the scene.

    Raises:
        RasterSizeError: A band does not fill the scene.
    """
    blue, green, red, *_ = bands
    for name, band in (("blue", blue), ("green", green), ("red", red)):
        if len(band) != width * height:
            raise RasterSizeError(name, width * height, len(band))
    channels = [_stretch(_averaged([int(v) for v in band], width, height)) for band in (red, green, blue)]
    rgb = bytes(octet for pixel in zip(*channels, strict=True) for octet in pixel)
    return png.true_colour(*_shown(width, height), rgb)


def mask_png(classes: bytes, width: int, height: int) -> bytes:
    """A picture of a mask, one octet of ``MaskClass`` per pixel, row by row.

    Raises:
        RasterSizeError: The classes do not fill the mask.
        ValueError: An octet is no class.
    """
    if len(classes) != width * height:
        raise RasterSizeError("mask", width * height, len(classes))
    columns, rows = _shown(width, height)
    cells = _cells(width, columns)
    sampled = bytes(classes[row.start * width + cell.start] for row in _cells(height, rows) for cell in cells)
    return png.indexed(columns, rows, sampled, [MASK_COLOURS[member] for member in MaskClass])


def mask_shares(classes: bytes) -> dict[MaskClass, float]:
    """Share of each class [0..1]; all zero for an empty mask."""
    pixels = max(len(classes), 1)
    return {member: classes.count(member.value) / pixels for member in MaskClass}


def gallery_item(
    *,
    image: int,
    target: str,
    taken_s: float,
    bands: Sequence[Sequence[int]],
    mask: bytes,
    width: int,
    height: int,
    received_s: float | None = None,
    clouds_synthetic: bool = False,
    ground: str = "",
    caption: str = "",
) -> GalleryItem:
    """A scene beside its mask, from the pixels of both (see ``scene_png`` and ``mask_png``)."""
    shares = mask_shares(mask)
    return GalleryItem(
        image=image,
        target=target,
        taken_s=taken_s,
        scene_png=scene_png(bands, width, height),
        mask_png=mask_png(mask, width, height),
        clear=shares[MaskClass.CLEAR],
        cloud=shares[MaskClass.CLOUD],
        shadow=shares[MaskClass.SHADOW],
        no_data=shares[MaskClass.NO_DATA],
        received_s=received_s,
        clouds_synthetic=clouds_synthetic,
        ground=ground,
        caption=caption,
    )
