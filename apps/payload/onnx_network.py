"""A network in ONNX Runtime: one thread, the same answer every time, and little memory.

The only module that loads ONNX Runtime, and only when a network is opened: the flight process never pays for it.
What the options cost and save is in `OnnxNetwork`.
"""

import ctypes
from typing import Any

import numpy as np

from apps.payload.errors import UnsuitableModelError, UnusableOutputError
from apps.payload.model_store import ModelManifest
from apps.payload.scene_analysis import Tile, softmax

_SHRINK_ARENA = ("memory.enable_memory_arena_shrinkage", "cpu:0")


class OnnxNetwork:
    """A loaded network.

    Measured with the cloud mask of 39.6 MB, whose weights are stored in half and unfolded to single precision: memory
    freed while loading is returned to the system (254 MB resident become 153 MB), and the arena after each run (175 MB
    at rest and 200 MB at the peak, for about 15 % more time than keeping it). Without an arena a run peaks at 240 MB;
    a lower level of graph optimisation takes 1.7 times the time. Loading itself peaks at 360 MB for half a second.

    Args:
        manifest: what the network is.
        octets: its verified file.

    Raises:
        UnsuitableModelError: the file holds no network that takes the manifest's input.
    """

    def __init__(self, manifest: ModelManifest, octets: bytes) -> None:
        import onnxruntime  # noqa: PLC0415 - see the module's description

        self._id = manifest.id
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.use_deterministic_compute = True
        octets = free_height_and_width(manifest, octets)
        try:
            self._session = onnxruntime.InferenceSession(octets, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # ONNX Runtime's errors share no base below Exception
            raise UnsuitableModelError(manifest.id, str(error)) from error
        self._check(manifest)
        self._run_options = onnxruntime.RunOptions()
        self._run_options.add_run_config_entry(*_SHRINK_ARENA)
        self._input = self._session.get_inputs()[0].name
        # The session keeps the file for a fallback to another provider; there is none.
        self._session._model_bytes = None  # noqa: SLF001
        _return_free_memory()

    def predict(self, tile: Tile) -> Tile:
        """Probabilities of the classes, classes x height x width, for a normalised tile, bands x height x width.

        Raises:
            UnusableOutputError: the network's answer is not finite.
        """
        scores = self._session.run(None, {self._input: tile[None]}, self._run_options)[0][0]
        strange = scores.size - int(np.count_nonzero(np.isfinite(scores)))
        if strange:
            raise UnusableOutputError(self._id, strange)
        return softmax(scores)

    def _check(self, manifest: ModelManifest) -> None:
        """Raise UnsuitableModelError unless bands in and classes out are the manifest's."""
        for side, nodes, planes in (
            ("input", self._session.get_inputs(), len(manifest.input.bands)),
            ("output", self._session.get_outputs(), len(manifest.classes)),
        ):
            shapes: list[list[Any]] = [node.shape for node in nodes]
            if len(shapes) != 1 or len(shapes[0]) != 4 or shapes[0][1] != planes:
                raise UnsuitableModelError(
                    manifest.id, f"{side} shapes are {shapes}, expected one of batch, {planes}, rows, columns"
                )


def free_height_and_width(manifest: ModelManifest, octets: bytes) -> bytes:
    """The model with the height and width of its input open, so that it takes a smaller image as well.

    The network is convolutional throughout and works at any multiple of 32 pixels, but its exporter wrote the size of
    its sample into the declared input. Each such dimension (protobuf: dim_value, a varint of two octets) is replaced by
    a name of the same length (dim_param), so that nothing else in the file moves; a file that declares no such shape is
    left as it is. At the declared size the answer stays the same to the last bit.

    Raises:
        UnsuitableModelError: the sides are not within 128 to 16383, where a dimension takes two octets.
    """
    bands, height, width = manifest.input.shape
    for side in (height, width):
        if not 128 <= side <= 16_383:
            raise UnsuitableModelError(manifest.id, f"a side of the input is {side}, allowed are 128 to 16383")
    fixed = _dimension(bands) + _dimension(height) + _dimension(width)
    return octets.replace(fixed, _dimension(bands) + _named_dimension(b"h") + _named_dimension(b"w"))


def _dimension(size: int) -> bytes:
    """``dim { dim_value: size }`` as a field of TensorShapeProto (onnx.proto3)."""
    varint = bytes([size]) if size < 128 else bytes([size & 0x7F | 0x80, size >> 7])
    return bytes([0x0A, 1 + len(varint), 0x08]) + varint


def _named_dimension(name: bytes) -> bytes:
    """``dim { dim_param: name }`` as a field of TensorShapeProto (onnx.proto3)."""
    return bytes([0x0A, 2 + len(name), 0x12, len(name)]) + name


def _return_free_memory() -> None:
    """Give the pages that loading has freed back to the system, where the C library can."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
