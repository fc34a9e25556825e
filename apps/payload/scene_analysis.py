"""From samples to classes and fractions: everything around the network, as pure functions over arrays."""

from collections.abc import Callable

import msgspec
import numpy as np
from numpy.typing import NDArray

from apps.payload.model_store import ModelInput, ModelVariant

Plane = NDArray[np.bool_]
Tile = NDArray[np.float32]
"""Bands x height x width, normalised; or classes x height x width, probabilities."""

GREEN_INDEX = 0.4
"""NDVI above which a pixel counts as green; dense vegetation begins between 0.4 and 0.5 (Weier and Herring, 2000)."""
WATER_INDEX = 0.0
"""NDWI above which a pixel counts as open water (McFeeters, Int. J. Remote Sens. 17, 1996, p. 1425)."""

_UNTURNED = slice(None)
_MIRRORED = slice(None, None, -1)
_MIRRORINGS = (
    (_UNTURNED, _UNTURNED, _UNTURNED),
    (_UNTURNED, _UNTURNED, _MIRRORED),
    (_UNTURNED, _MIRRORED, _UNTURNED),
    (_UNTURNED, _MIRRORED, _MIRRORED),
)
"""The identity and the three mirrorings of band, row, column; each undoes itself."""


class GroundCover(msgspec.Struct, frozen=True):
    """What the clear pixels show, each as their share, 0 to 1; None without a clear pixel."""

    green: float | None
    water: float | None


def normalise(samples: NDArray[np.unsignedinteger], model: ModelInput) -> Tile:
    """Reflectance less the mean, over the standard deviation.

    Rounded to single precision after each step, as the network's authors do it (`ukis_csmask.mask.CSmask.normalize`).
    """
    mean, std = (np.array(values)[:, None, None] for values in (model.mean, model.std))
    reflectance = samples.astype(np.float32) / np.float32(model.scale)
    centred = (reflectance - mean).astype(np.float32)
    normal: Tile = (centred / std).astype(np.float32)
    return normal


def probabilities(predict: Callable[[Tile], Tile], tile: Tile, variant: ModelVariant) -> Tile:
    """The probability of each class at each pixel, classes x height x width, as the variant computes it.

    Args:
        predict: the network, from a normalised tile to probabilities of the same height and width.
        tile: the whole image, normalised.
        variant: how many mirrorings to average, and how much to shrink.
    """
    small = _shrink(tile, variant.downsample)
    total: Tile = np.zeros(1, np.float32)
    for mirroring in _MIRRORINGS[: variant.passes]:
        total = total + predict(np.ascontiguousarray(small[mirroring]))[mirroring]
    return _enlarge(total / np.float32(variant.passes), variant.downsample)


def softmax(scores: Tile) -> Tile:
    """Scores of the classes, along the first axis, as probabilities that add up to 1."""
    powers = np.exp(scores - scores.max(axis=0))
    share: Tile = powers / powers.sum(axis=0)
    return share


def measure_ground(samples: NDArray[np.unsignedinteger], bands: tuple[str, ...], clear: Plane) -> GroundCover:
    """Vegetation and open water among the clear pixels, by their spectral indices.

    NDVI = (nir - red) / (nir + red), NDWI = (green - nir) / (green + nir); a pixel without any light is neither.
    """
    seen = int(np.count_nonzero(clear))
    if not seen:
        return GroundCover(green=None, water=None)
    green, red, nir = (samples[bands.index(band)].astype(np.int64) for band in ("green", "red", "nir"))
    vegetation = (nir - red) > GREEN_INDEX * (nir + red)
    water = (green - nir) > WATER_INDEX * (green + nir)
    return GroundCover(
        green=int(np.count_nonzero(vegetation & clear)) / seen,
        water=int(np.count_nonzero(water & clear)) / seen,
    )


def _shrink(tile: Tile, side: int) -> Tile:
    """The mean of each square of `side` x `side` pixels."""
    if side == 1:
        return tile
    bands, height, width = tile.shape
    squares = tile.reshape(bands, height // side, side, width // side, side)
    means: Tile = squares.mean(axis=(2, 4), dtype=np.float32)
    return means


def _enlarge(tile: Tile, side: int) -> Tile:
    """Each pixel as a square of `side` x `side`."""
    return tile if side == 1 else tile.repeat(side, axis=1).repeat(side, axis=2)
