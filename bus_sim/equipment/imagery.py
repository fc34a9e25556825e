"""What the four-band camera sees: real ground, and clouds that are synthetic and say so.

The ground is the clear Sentinel-2 clip inside the `spyndex` package: 300 x 300 pixels of 10 m, bands B02 B03 B04 B08,
reflectance x 10000. A target is a place in it: a crop of 256 x 256 pixels in one of eight orientations, the same at
every visit. The sky changes with every exposure. A scene is a pure function of seed, target, exposure and cloud cover.
"""

import functools
import importlib.util
import random
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from bus_sim.equipment.clouds import Sky, grow_clouds, look_through
from bus_sim.errors import BusSimError
from bus_sim.random_streams import stream_seed
from tlm_cmd.products.flags import ProductFlag
from tlm_cmd.products.image_file import ImageHeader, pack_image

BANDS = ("blue", "green", "red", "nir")
SIDE = 256
"""Height and width of a scene [pixels]."""
SCALE = 10_000
"""Samples per unit of reflectance."""
CLIP_SHAPE = (4, 300, 300)
CLEAR_SHARE = 0.2
"""Share of the exposures without a cloud, when the cover is drawn."""
OVERCAST_SHARE = 0.3
"""Share of the exposures at least nine tenths covered. With the rest evenly between, the mean is 0.52; over land it is
about 0.55 (King et al., IEEE Trans. Geosci. Remote Sens. 51, 2013, p. 3826)."""

_PACKAGE, _FILE = "spyndex", "data/S2_10m.json"


class MissingImageryError(BusSimError):
    """The clip of real imagery cannot be read; install the extra ``sim``.

    Attributes:
        source: the file, or the package that should hold it.
        reason: what is wrong with it.
    """

    def __init__(self, source: str, reason: str) -> None:
        super().__init__(f"real imagery in {source}: {reason}; pip install 'flightsw[sim]' brings it")
        self.source, self.reason = source, reason


class CloudCoverError(BusSimError):
    """A cloud cover outside 0 to 1 was asked for."""

    def __init__(self, cloud_cover: float) -> None:
        super().__init__(f"cloud cover is {cloud_cover}, allowed are 0 to 1")
        self.cloud_cover = cloud_cover


class Scene(msgspec.Struct, frozen=True, eq=False):
    """One exposure, with the truth that flight never sees."""

    target_id: int
    exposure_index: int
    samples: NDArray[np.uint16]
    """Bands (`BANDS`) x height x width, reflectance x `SCALE`."""
    sky: Sky

    @property
    def flags(self) -> ProductFlag:
        """Whether clouds were added."""
        return ProductFlag.SYNTHETIC_CLOUDS if self.sky.cover > 0.0 else ProductFlag(0)


def expose(seed: int, target_id: int, exposure_index: int, cloud_cover: float | None = None) -> Scene:
    """What the camera sees over a target.

    Args:
        seed: the spacecraft's master seed.
        target_id: number of the place, which chooses crop and orientation.
        exposure_index: running number of the exposure, which chooses the sky.
        cloud_cover: share of the pixels under cloud, 0 to 1; drawn if None.

    Raises:
        CloudCoverError: the cover lies outside 0 to 1.
        MissingImageryError: the clip of real imagery is not there.
    """
    stream = random.Random(stream_seed(seed, f"camera/sky/{target_id}/{exposure_index}"))
    drawn = _draw_cover(stream)
    cover = drawn if cloud_cover is None else cloud_cover
    if not 0.0 <= cover <= 1.0:
        raise CloudCoverError(cover)
    sky = grow_clouds(stream, SIDE, cover)
    return Scene(target_id, exposure_index, look_through(sky, ground(seed, target_id), SCALE), sky)


def image_file(scene: Scene) -> bytes:
    """The exposure as the camera delivers it; the truth stays behind."""
    bands, height, width = scene.samples.shape
    header = ImageHeader(
        target_id=scene.target_id,
        exposure_index=scene.exposure_index,
        bands=bands,
        height=height,
        width=width,
        scale=SCALE,
        flags=scene.flags,
    )
    return pack_image(header, scene.samples.astype(">u2").tobytes())


def ground(seed: int, target_id: int) -> NDArray[np.uint16]:
    """A target under a clear sky, bands x height x width; the same at every visit."""
    stream = random.Random(stream_seed(seed, f"camera/ground/{target_id}"))
    _, height, width = CLIP_SHAPE
    top, left = stream.randint(0, height - SIDE), stream.randint(0, width - SIDE)
    quarter_turns, mirrored = stream.randrange(4), stream.getrandbits(1)
    crop = np.rot90(clip()[:, top : top + SIDE, left : left + SIDE], quarter_turns, axes=(1, 2))
    return crop[:, :, ::-1] if mirrored else crop


@functools.cache
def clip() -> NDArray[np.uint16]:
    """The whole clip of real imagery, `CLIP_SHAPE`, read-only; read once per process.

    Raises:
        MissingImageryError: package or file are missing, or the file is not the clip.
    """
    # Importing the package would load an HTTP client: only its folder is looked up.
    package = importlib.util.find_spec(_PACKAGE)
    if package is None or not package.submodule_search_locations:
        raise MissingImageryError(_PACKAGE, "the package is not installed")
    return read_clip(Path(package.submodule_search_locations[0]) / _FILE)


def read_clip(path: Path) -> NDArray[np.uint16]:
    """Read a clip of `CLIP_SHAPE` from nested lists in JSON; read-only.

    Raises:
        MissingImageryError: the file is missing or is not such a clip.
    """
    try:
        rows = msgspec.json.decode(path.read_bytes(), type=list[list[list[int]]])
        samples = np.array(rows, np.uint16)
    except (OSError, msgspec.DecodeError, ValueError, OverflowError) as error:
        raise MissingImageryError(str(path), str(error)) from error
    if samples.shape != CLIP_SHAPE:
        raise MissingImageryError(str(path), f"shape {samples.shape}, expected {CLIP_SHAPE}")
    samples.setflags(write=False)
    return samples


def _draw_cover(stream: random.Random) -> float:
    """A cloud cover as nature deals them: often none, often all, anything between."""
    kind, share = stream.random(), stream.random()
    if kind < CLEAR_SHARE:
        return 0.0
    if kind < CLEAR_SHARE + OVERCAST_SHARE:
        return 0.9 + 0.1 * share
    return 0.05 + 0.85 * share
