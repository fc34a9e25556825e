import hashlib
from collections.abc import Callable
from itertools import count
from pathlib import Path

import msgspec
import numpy as np
import pytest
from numpy.typing import NDArray
from ukis_csmask.mask import CSmask
from ukis_csmask.utils import tile_array, untile_array

from apps.payload.errors import CorruptModelError, UnknownModelError, UnusableOutputError, WrongImageError
from apps.payload.inference import InferenceEngine, open_worker
from apps.payload.inference_messages import InferenceRequest, InferenceResult
from apps.payload.model_store import ModelManifest
from apps.payload.scene_analysis import Tile, normalise
from bus_sim.equipment.imagery import BANDS, Scene, expose, image_file
from tlm_cmd.errors import ChecksumError
from tlm_cmd.products.flags import ProductFlag
from tlm_cmd.products.image_file import ImageHeader, SampleType, pack_image
from tlm_cmd.products.mask_file import MaskClass

OCTETS = b"the octets of a network"
SIDE = 256
BRIGHT, GREEN, WATER, DARK = (6000, 6000, 6000, 6000), (300, 500, 400, 3000), (500, 600, 400, 200), (40, 30, 20, 10)
OpenEngine = Callable[..., InferenceEngine]


class Threshold:
    """A network that takes bright blue for cloud and dark blue for shadow, and is certain of it."""

    def predict(self, tile: Tile) -> Tile:
        """One at the class of each pixel."""
        cloud, shadow = tile[0] > 0.3, tile[0] < 0.01
        return np.stack([~(cloud | shadow), cloud, shadow]).astype(np.float32)


class Broken:
    """A network whose memory was upset."""

    def predict(self, tile: Tile) -> Tile:
        """Refuse every tile."""
        raise UnusableOutputError("cloud-mask-4b", tile.size)


@pytest.fixture
def simple(manifest: ModelManifest) -> ModelManifest:
    """A manifest for OCTETS that leaves reflectance as it is."""
    file = msgspec.structs.replace(manifest.file, sha256=hashlib.sha256(OCTETS).hexdigest(), size=len(OCTETS))
    model = msgspec.structs.replace(manifest.input, mean=(0.0,) * 4, std=(1.0,) * 4)
    return msgspec.structs.replace(manifest, file=file, input=model)


@pytest.fixture
def threshold(simple: ModelManifest) -> InferenceEngine:
    """An engine with the Threshold network, room for two analyses, and a clock that ticks once per reading."""
    clock = count()
    return InferenceEngine(
        simple, OCTETS, cache_entries=2, cpu_clock=lambda: next(clock), open_network=lambda *_: Threshold()
    )


def stripes(*spectra: tuple[int, int, int, int]) -> bytes:
    """An image file with stripes of equal width, one for each spectrum."""
    samples = np.repeat(np.array(spectra, ">u2").T[:, None, :], SIDE // len(spectra), axis=2)
    header = ImageHeader(
        target_id=5, exposure_index=8, bands=4, height=SIDE, width=SIDE, flags=ProductFlag.SYNTHETIC_CLOUDS
    )
    return pack_image(header, np.broadcast_to(samples, (4, SIDE, SIDE)).tobytes())


def ask(engine: InferenceEngine, image: bytes, variant: str = "single") -> InferenceResult:
    """Have one image looked at."""
    return engine.run(InferenceRequest(image, "cloud-mask-4b", variant))


def mask(result: InferenceResult) -> NDArray[np.uint8]:
    """The classes as a picture."""
    return np.frombuffer(result.classes, np.uint8).reshape(result.height, result.width)


def kappa(truth: NDArray[np.uint8], found: NDArray[np.uint8]) -> float:
    """Cohen's kappa: agreement beyond chance, 1 is perfect."""
    table = np.zeros((3, 3))
    np.add.at(table, (truth.ravel(), found.ravel()), 1)
    table /= table.sum()
    chance = float(table.sum(axis=0) @ table.sum(axis=1))
    return (float(table.trace()) - chance) / (1 - chance)


@pytest.mark.parametrize("variant", ["full", "single", "half"])
def test_an_image_is_described(threshold: InferenceEngine, simple: ModelManifest, variant: str) -> None:
    """Classes, fractions and origin of a picture with known stripes are right in every variant."""
    result = ask(threshold, stripes(BRIGHT, GREEN, WATER, DARK), variant)
    assert np.array_equal(mask(result)[0], np.repeat([MaskClass.CLOUD, 0, 0, MaskClass.SHADOW], SIDE // 4))
    assert (result.cloud_fraction, result.shadow_fraction, result.clear_fraction) == (0.25, 0.25, 0.5)
    assert (result.green_fraction, result.water_fraction) == (0.5, 0.5)
    assert (result.target_id, result.exposure_index, result.synthetic_clouds) == (5, 8, True)
    assert (result.model_id, result.model_version, result.variant) == ("cloud-mask-4b", "1.0.0-4BL1C", variant)
    assert result.model_sha256 == simple.file.sha256
    assert result.cpu_ns == 1
    assert not result.cached


def test_the_order_of_the_classes_is_the_models(simple: ModelManifest) -> None:
    """Output planes in another order are told apart by the manifest."""
    turned = msgspec.structs.replace(simple, classes=("shadow", "clear", "cloud"))
    result = ask(InferenceEngine(turned, OCTETS, open_network=lambda *_: Threshold()), stripes(BRIGHT, GREEN))
    assert np.array_equal(mask(result)[0], np.repeat([MaskClass.CLEAR, MaskClass.SHADOW], SIDE // 2))


def test_an_overcast_image_has_no_ground(threshold: InferenceEngine) -> None:
    """Without a clear pixel there is no fraction of green or water, rather than zero."""
    result = ask(threshold, stripes(BRIGHT))
    assert result.cloud_fraction == 1.0
    assert (result.green_fraction, result.water_fraction) == (None, None)


def test_messages_travel_as_msgpack(threshold: InferenceEngine) -> None:
    """Request and result come out of msgpack as they went in."""
    request = InferenceRequest(stripes(GREEN, WATER), "cloud-mask-4b", "half")
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(request), type=InferenceRequest) == request
    result = threshold.run(request)
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(result), type=InferenceResult) == result


def test_the_same_pixels_are_analysed_once(threshold: InferenceEngine) -> None:
    """A second look is answered from memory and differs in nothing but the time and the mark."""
    first, second = (ask(threshold, stripes(GREEN, BRIGHT)) for _ in range(2))
    assert second.cached
    assert msgspec.structs.replace(second, cached=False) == first
    assert (threshold.counters.runs, threshold.counters.cache_hits) == (1, 1)
    assert not ask(threshold, stripes(GREEN, BRIGHT), "half").cached


def test_the_cache_is_bounded(threshold: InferenceEngine) -> None:
    """The least recently used analysis makes room, and is counted."""
    a, b, c = stripes(GREEN), stripes(WATER), stripes(BRIGHT)
    assert [ask(threshold, image).cached for image in (a, b, a, c, a, b)] == [False, False, True, False, True, False]
    assert threshold.counters.cache_evictions == 2
    assert threshold.counters.runs == 4


def test_a_cached_analysis_keeps_its_own_origin(threshold: InferenceEngine) -> None:
    """The same pixels under another target id are answered for that target."""
    ask(threshold, stripes(GREEN))
    header = ImageHeader(target_id=6, exposure_index=1, bands=4, height=SIDE, width=SIDE)
    pixels = np.broadcast_to(np.array(GREEN, ">u2")[:, None, None], (4, SIDE, SIDE)).tobytes()
    result = ask(threshold, pack_image(header, pixels))
    assert result.cached
    assert (result.target_id, result.exposure_index, result.synthetic_clouds) == (6, 1, False)


@pytest.mark.parametrize(
    ("changes", "field", "expected", "found"),
    [
        ({"bands": 3}, "shape", (4, 256, 256), (3, 256, 256)),
        ({"height": 128}, "shape", (4, 256, 256), (4, 128, 256)),
        ({"width": 255}, "shape", (4, 256, 256), (4, 256, 255)),
        ({"sample_type": SampleType.UINT8}, "sample type", "uint16", "uint8"),
        ({"scale": 255}, "scale", 10_000, 255),
    ],
)
def test_another_kind_of_image_is_refused(
    threshold: InferenceEngine, changes: dict[str, int], field: str, expected: object, found: object
) -> None:
    """Bands, size, samples and scale must be the model's; the refusal names both and is counted."""
    header = ImageHeader(**({"target_id": 1, "exposure_index": 1, "bands": 4, "height": SIDE, "width": SIDE} | changes))
    with pytest.raises(WrongImageError, match=f"image {field}") as refusal:
        ask(threshold, pack_image(header, bytes(header.pixel_octets)))
    assert (refusal.value.expected, refusal.value.found) == (expected, found)
    assert threshold.counters.refused == 1


def test_a_damaged_image_is_refused(threshold: InferenceEngine) -> None:
    """One flipped bit in an image is noticed before the network sees it."""
    image = bytearray(stripes(GREEN))
    image[1000] ^= 1
    with pytest.raises(ChecksumError, match="image file"):
        ask(threshold, bytes(image))
    assert (threshold.counters.refused, threshold.counters.runs) == (1, 0)


def test_another_model_or_variant_is_refused(threshold: InferenceEngine) -> None:
    """A worker runs only the model it holds, in the ways its manifest has."""
    with pytest.raises(UnknownModelError, match="no model is named 'ships', allowed are cloud-mask-4b"):
        threshold.run(InferenceRequest(stripes(GREEN), "ships", "single"))
    with pytest.raises(UnknownModelError, match="allowed are full, single, half"):
        ask(threshold, stripes(GREEN), "tiny")
    assert threshold.counters.refused == 2


def test_an_unusable_answer_is_refused_and_not_kept(simple: ModelManifest) -> None:
    """A network that fails leaves nothing in the cache."""
    engine = InferenceEngine(simple, OCTETS, open_network=lambda *_: Broken())
    for _ in range(2):
        with pytest.raises(UnusableOutputError):
            ask(engine, stripes(GREEN))
    assert (engine.counters.runs, engine.counters.refused, engine.counters.cache_hits) == (2, 2, 0)


def test_a_cache_without_room_is_refused(simple: ModelManifest) -> None:
    """The bound of the cache is at least one."""
    with pytest.raises(ValueError, match="cache_entries must be >= 1, got 0"):
        InferenceEngine(simple, OCTETS, cache_entries=0)


def test_a_corrupt_model_is_never_opened(manifest: ModelManifest, model_octets: bytes, tmp_path: Path) -> None:
    """One flipped bit in the weights, or a missing octet, stops the model before it is loaded, from memory or file."""
    damaged = bytearray(model_octets)
    damaged[20_000_000] ^= 0x10
    path = tmp_path / "model.onnx"
    path.write_bytes(model_octets[:-1])
    for model, quantity in ((bytes(damaged), "SHA-256"), (path, "size in octets")):
        with pytest.raises(CorruptModelError, match=quantity):
            InferenceEngine(manifest, model, open_network=lambda *_: pytest.fail("opened"))


@pytest.fixture(scope="session")
def cloudy() -> Scene:
    """A scene of real ground with synthetic clouds over two fifths of it."""
    return expose(seed=2026, target_id=7, exposure_index=1, cloud_cover=0.4)


@pytest.mark.parametrize("cover", [0.0, 0.4])
def test_the_network_answers_as_in_its_own_package(engine: InferenceEngine, cover: float) -> None:
    """With the package's own tiles our pre-processing and network give exactly the package's mask.

    The package cuts a 256 x 256 image into four tiles that overlap beyond its edges and blends their answers; the
    variants here run the image as one tile instead, which is why their masks differ from it in up to 4 % of the pixels.
    """
    samples = expose(2026, 7, 1, cover).samples
    image = np.moveaxis(samples.astype(np.float32) / 10_000, 0, -1)
    theirs = CSmask(image, list(BANDS), product_level="l1c", intra_op_num_threads=1, inter_op_num_threads=1).csm
    tile = np.moveaxis(normalise(samples, engine.manifest.input), 0, -1)
    tiles = np.moveaxis(tile_array(tile, xsize=256, ysize=256, overlap=0.2), -1, 1)
    answers = np.stack([np.moveaxis(engine._network.predict(np.ascontiguousarray(part)), 0, -1) for part in tiles])
    blended = untile_array(answers, (256, 256, 3), overlap=0.2, smooth_blending=True)
    assert np.array_equal(blended.argmax(axis=2), theirs[:, :, 0])
    header = ImageHeader(target_id=1, exposure_index=1, bands=4, height=256, width=256)
    ours = mask(ask(engine, pack_image(header, samples.astype(">u2").tobytes())))
    assert np.mean(ours == theirs[:, :, 0]) > 0.95


@pytest.mark.parametrize(("variant", "agreement"), [("full", 0.8), ("single", 0.8), ("half", 0.7)])
def test_clouds_are_found(engine: InferenceEngine, cloudy: Scene, variant: str, agreement: float) -> None:
    """The real network finds synthetic clouds where they are, in every variant."""
    result = ask(engine, image_file(cloudy), variant)
    assert kappa(cloudy.sky.classes, mask(result)) > agreement
    assert result.cloud_fraction == pytest.approx(0.4, abs=0.05)
    assert result.cpu_ns > 0


def test_clear_ground_is_clear(engine: InferenceEngine) -> None:
    """On the real clip without clouds the network finds none, and the ground is half green and dry."""
    result = ask(engine, image_file(expose(1, 1, 1, 0.0)))
    assert result.clear_fraction > 0.995
    assert not result.synthetic_clouds
    assert result.green_fraction == pytest.approx(0.51, abs=0.1)
    assert result.water_fraction is not None
    assert result.water_fraction < 0.01


def test_a_worker_repeats_the_answer(engine: InferenceEngine, cloudy: Scene, manifest_path: Path) -> None:
    """A worker process's entry point, opened anew, gives the same result to the last pixel."""
    request_class, run = open_worker({"model_manifest": str(manifest_path), "model_folders": ["/nowhere"]})
    assert request_class is InferenceRequest
    request = InferenceRequest(image_file(cloudy), "cloud-mask-4b", "half")
    results = [
        msgspec.structs.replace(answer, cpu_ns=0, cached=False) for answer in (run(request), engine.run(request))
    ]
    assert results[0] == results[1]
