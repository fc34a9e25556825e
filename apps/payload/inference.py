"""Runs a model on images, in a worker process of its own: the flight process imports `inference_messages` only."""

import hashlib
import time
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import msgspec
import numpy as np
from numpy.typing import NDArray

from apps.payload.errors import UnknownModelError, WrongImageError
from apps.payload.inference_messages import InferenceRequest, InferenceResult
from apps.payload.model_store import ModelManifest, ModelStore, ModelVariant, load_manifest
from apps.payload.onnx_network import OnnxNetwork
from apps.payload.scene_analysis import GroundCover, Tile, measure_ground, normalise, probabilities
from tlm_cmd.products.flags import ProductFlag
from tlm_cmd.products.image_file import ImageHeader, parse_image
from tlm_cmd.products.mask_file import MaskClass

CACHE_ENTRIES = 16
"""Analyses kept, about 64 KiB each; the least recently used goes first."""


class Network(Protocol):
    """Whatever turns a normalised tile into probabilities of the same height and width."""

    def predict(self, tile: Tile) -> Tile:
        """Probabilities, classes x height x width, of a tile, bands x height x width."""
        ...


class InferenceCounters(msgspec.Struct):
    """What a worker has done since it started."""

    runs: int = 0
    cache_hits: int = 0
    cache_evictions: int = 0
    refused: int = 0
    """Requests that ended in an error."""


class Analysis(msgspec.Struct, frozen=True):
    """What is kept of one image and one variant."""

    classes: bytes
    ground: GroundCover


class InferenceEngine:
    """One model, ready to run.

    Args:
        manifest: what the model is.
        model: its file, as octets or as a path; run only if size and SHA-256 are the manifest's.
        cache_entries: analyses kept, at least 1.
        cpu_clock: processor time of this process [ns].
        open_network: opens the verified octets.

    Raises:
        CorruptModelError: the file is not the one in the manifest.
        UnsuitableModelError: the file holds no network that takes the manifest's input.
        OSError: the path cannot be read.
    """

    def __init__(
        self,
        manifest: ModelManifest,
        model: bytes | Path,
        *,
        cache_entries: int = CACHE_ENTRIES,
        cpu_clock: Callable[[], int] = time.process_time_ns,
        open_network: Callable[[ModelManifest, bytes], Network] = OnnxNetwork,
    ) -> None:
        if cache_entries < 1:
            raise ValueError(f"cache_entries must be >= 1, got {cache_entries}")
        octets = model.read_bytes() if isinstance(model, Path) else model
        manifest.verify(octets)
        self.manifest = manifest
        self.counters = InferenceCounters()
        self._network = open_network(manifest, octets)
        self._cpu_clock = cpu_clock
        self._cache_entries = cache_entries
        self._cache: OrderedDict[tuple[str, str, bytes], Analysis] = OrderedDict()
        self._class_codes = np.array([MaskClass[name.upper()] for name in manifest.classes], np.uint8)

    def run(self, request: InferenceRequest) -> InferenceResult:
        """Look at one image; the same request gives the same result, but for `cpu_ns` and `cached`.

        Raises:
            UnknownModelError: the request asks for another model, or for a variant that there is not.
            ProtocolError: the image file is damaged or of another format.
            WrongImageError: the image is not of the kind that the model takes.
            UnusableOutputError: the network's answer is not finite.
        """
        started = self._cpu_clock()
        try:
            return self._run(request, started)
        except Exception:
            self.counters.refused += 1
            raise

    def _run(self, request: InferenceRequest, started: int) -> InferenceResult:
        manifest = self.manifest
        if request.model_id != manifest.id:
            raise UnknownModelError("model", request.model_id, (manifest.id,))
        variant = manifest.variant(request.variant)
        header, pixels = parse_image(request.image)
        self._check(header)
        key = (manifest.file.sha256, variant.name, hashlib.sha256(pixels).digest())
        analysis = self._cache.get(key)
        cached = analysis is not None
        if analysis is None:
            analysis = self._analyse(header, pixels, variant)
        self._remember(key, analysis, cached=cached)
        cloud, shadow, clear = (
            analysis.classes.count(kind) / len(analysis.classes)
            for kind in (MaskClass.CLOUD, MaskClass.SHADOW, MaskClass.CLEAR)
        )
        return InferenceResult(
            target_id=header.target_id,
            exposure_index=header.exposure_index,
            synthetic_clouds=ProductFlag.SYNTHETIC_CLOUDS in header.flags,
            model_id=manifest.id,
            model_version=manifest.version,
            model_sha256=manifest.file.sha256,
            variant=variant.name,
            height=header.height,
            width=header.width,
            classes=analysis.classes,
            cloud_fraction=cloud,
            shadow_fraction=shadow,
            clear_fraction=clear,
            green_fraction=analysis.ground.green,
            water_fraction=analysis.ground.water,
            cpu_ns=self._cpu_clock() - started,
            cached=cached,
        )

    def _check(self, header: ImageHeader) -> None:
        """Raise WrongImageError unless the image is what the model takes."""
        expected = self.manifest.input
        for field, wanted, found in (
            ("shape (bands, height, width)", expected.shape, header.shape),
            ("sample type", expected.sample_type, header.sample_type.name.lower()),
            ("scale", expected.scale, header.scale),
        ):
            if found != wanted:
                raise WrongImageError(field, wanted, found)

    def _analyse(self, header: ImageHeader, pixels: memoryview, variant: ModelVariant) -> Analysis:
        """Run the network and measure the ground between the clouds."""
        self.counters.runs += 1
        model = self.manifest.input
        samples: NDArray[np.unsignedinteger[Any]] = np.frombuffer(pixels, f">u{header.sample_type.octets}").reshape(
            header.shape
        )
        chances = probabilities(self._network.predict, normalise(samples, model), variant)
        classes = self._class_codes[chances.argmax(axis=0)]
        return Analysis(classes.tobytes(), measure_ground(samples, model.bands, classes == MaskClass.CLEAR))

    def _remember(self, key: tuple[str, str, bytes], analysis: Analysis, *, cached: bool) -> None:
        """Make this analysis the most recently used."""
        if cached:
            self.counters.cache_hits += 1
        self._cache[key] = analysis
        self._cache.move_to_end(key)
        if len(self._cache) > self._cache_entries:
            self._cache.popitem(last=False)
            self.counters.cache_evictions += 1


def open_worker(
    settings: dict[str, Any],
) -> tuple[type[InferenceRequest], Callable[[InferenceRequest], InferenceResult]]:
    """Entry point of the worker process: loads and verifies the model once, then answers request after request.

    Args:
        settings: ``model_manifest``, the path of the manifest; ``model_folders``, paths searched before the package
            (optional).

    Raises:
        ManifestError: the manifest is missing or not valid.
        MissingModelError: there is no file of that name.
        CorruptModelError: the file is not the one in the manifest.
        UnsuitableModelError: the file holds no network that takes the manifest's input.
    """
    manifest = load_manifest(Path(settings["model_manifest"]))
    store = ModelStore([Path(folder) for folder in settings.get("model_folders", ())])
    return InferenceRequest, InferenceEngine(manifest, store.open(manifest)).run
