import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from ukis_csmask.mask import CSmask

from apps.payload.model_store import ModelManifest, ModelVariant
from apps.payload.scene_analysis import Tile, measure_ground, normalise, probabilities, softmax

BANDS = ("blue", "green", "red", "nir")


def variant(passes: int, downsample: int) -> ModelVariant:
    """A variant of which only the way of running matters."""
    return ModelVariant("v", passes, downsample, 1.0, 1.0, 1.0)


def numbered(height: int, width: int) -> Tile:
    """A tile in which every sample is different."""
    return np.arange(3 * height * width, dtype=np.float32).reshape(3, height, width)


def test_normalisation_is_that_of_the_authors(manifest: ModelManifest) -> None:
    """Every 16-bit sample becomes exactly the number that the network's own package computes."""
    samples = np.arange(4 * 65536, dtype=np.uint32).astype(np.uint16).reshape(4, 256, 256)
    image = np.moveaxis(samples.astype(np.float32) / 10_000, 0, -1)
    theirs = CSmask.normalize(image, list(manifest.input.mean), list(manifest.input.std))
    ours = normalise(samples, manifest.input)
    assert ours.dtype == np.float32
    assert np.array_equal(ours, np.moveaxis(theirs, -1, 0))


def test_byte_order_does_not_matter(manifest: ModelManifest) -> None:
    """Samples as they stand in the file give the same numbers as native ones."""
    samples = np.arange(64, dtype=np.uint16).reshape(4, 4, 4) * 1000
    assert np.array_equal(normalise(samples.astype(">u2"), manifest.input), normalise(samples, manifest.input))


@pytest.mark.parametrize("passes", [1, 2, 4])
def test_mirrorings_are_undone(passes: int) -> None:
    """A network that answers pixel by pixel gives the same answer however often it is asked."""
    calls: list[Tile] = []

    def predict(tile: Tile) -> Tile:
        calls.append(tile)
        return tile * 2

    tile = numbered(4, 6)
    assert np.array_equal(probabilities(predict, tile, variant(passes, 1)), tile * 2)
    assert len({call.tobytes() for call in calls}) == passes
    assert all(call.flags.c_contiguous for call in calls)


def test_passes_are_averaged() -> None:
    """What depends on the position in the picture is evened out between the mirrorings."""
    ramp = np.broadcast_to(np.arange(6, dtype=np.float32), (1, 4, 6))
    assert np.all(probabilities(lambda _: ramp, ramp, variant(2, 1)) == 2.5)


def test_downsampling_averages_squares() -> None:
    """The network sees the mean of each square, and its answer fills the square."""
    tile = numbered(4, 6)
    seen: list[Tile] = []

    def predict(small: Tile) -> Tile:
        seen.append(small)
        return small

    answer = probabilities(predict, tile, variant(1, 2))
    assert seen[0].shape == (3, 2, 3)
    assert seen[0][0, 0, 0] == np.mean([0, 1, 6, 7])
    assert answer.shape == tile.shape
    assert np.all(answer[0, :2, :2] == seen[0][0, 0, 0])


@given(st.lists(st.floats(-80, 80, width=32), min_size=3, max_size=3))
def test_softmax_adds_up_to_one(scores: list[float]) -> None:
    """Probabilities are within 0 to 1, add up to 1 and keep the order of the scores."""
    share = softmax(np.array(scores, np.float32).reshape(3, 1, 1)).ravel()
    assert np.all((share >= 0) & (share <= 1))
    assert share.sum() == pytest.approx(1.0, abs=1e-6)
    assert share[int(np.argmax(scores))] == share.max()


@given(st.lists(st.tuples(*[st.integers(0, 65535)] * 4, st.booleans()), min_size=1, max_size=20))
def test_ground_cover_is_by_the_indices(pixels: list[tuple[int, int, int, int, bool]]) -> None:
    """Green and water are counted among clear pixels as NDVI > 0.4 and NDWI > 0, computed pixel by pixel."""
    samples: NDArray[np.uint16] = np.array([pixel[:4] for pixel in pixels], np.uint16).T.reshape(4, 1, -1)
    clear = np.array([[pixel[4] for pixel in pixels]])
    cover = measure_ground(samples, BANDS, clear)
    seen = [pixel for pixel in pixels if pixel[4]]
    if not seen:
        assert (cover.green, cover.water) == (None, None)
        return
    green = [p for p in seen if p[3] + p[2] > 0 and (p[3] - p[2]) - 0.4 * (p[3] + p[2]) > 0]
    water = [p for p in seen if p[1] + p[3] > 0 and (p[1] - p[3]) / (p[1] + p[3]) > 0]
    assert cover.green == len(green) / len(seen)
    assert cover.water == len(water) / len(seen)


def test_bands_are_taken_by_name() -> None:
    """A camera with its bands in another order is measured alike."""
    samples = np.array([400, 700, 500, 3000], np.uint16).reshape(4, 1, 1)
    clear = np.ones((1, 1), np.bool_)
    assert measure_ground(samples, BANDS, clear).green == 1.0
    assert measure_ground(samples[::-1], BANDS[::-1], clear).green == 1.0
    assert measure_ground(samples[::-1], BANDS, clear).green == 0.0
