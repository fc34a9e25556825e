import subprocess
import sys

import msgspec
import numpy as np
import pytest

from apps.payload.errors import UnsuitableModelError, UnusableOutputError
from apps.payload.inference import InferenceEngine
from apps.payload.model_store import ModelManifest
from apps.payload.onnx_network import OnnxNetwork, free_height_and_width


def field(number: int, content: bytes | int) -> bytes:
    """One field of a protobuf message."""
    if isinstance(content, int):
        return bytes([number << 3]) + (
            bytes([content]) if content < 128 else bytes([content & 127 | 128, content >> 7])
        )
    return bytes([number << 3 | 2, len(content)]) + content


def node(name: bytes, dimensions: list[bytes | int]) -> bytes:
    """The declaration of a float tensor (ValueInfoProto)."""
    shape = b"".join(field(1, field(1 if isinstance(size, int) else 2, size)) for size in dimensions)
    return field(1, name) + field(2, field(1, field(1, 1) + field(2, shape)))


def identity(input_shape: list[bytes | int], output_shape: list[bytes | int]) -> bytes:
    """An ONNX model that passes its input on."""
    operation = field(1, b"x") + field(2, b"y") + field(4, b"Identity")
    graph = (
        field(1, operation) + field(2, b"g") + field(11, node(b"x", input_shape)) + field(12, node(b"y", output_shape))
    )
    return field(1, 8) + field(8, field(2, 13)) + field(7, graph)


def test_flight_does_not_load_the_runtime() -> None:
    """Importing messages and engine loads no ONNX Runtime, and the messages load no numpy either."""
    program = (
        "import sys, apps.payload.inference_messages, apps.payload.model_store, apps.payload.errors;"
        "assert 'numpy' not in sys.modules;"
        "import apps.payload.inference;"
        "assert 'onnxruntime' not in sys.modules"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_height_and_width_are_opened(manifest: ModelManifest) -> None:
    """Declared sides of 256 become names, in as many octets; nothing else changes."""
    fixed = identity([b"n", 4, 256, 256], [b"n", 4, 256, 256])
    free = free_height_and_width(manifest, fixed)
    assert free == identity([b"n", 4, b"h", b"w"], [b"n", 4, b"h", b"w"])
    assert free_height_and_width(manifest, free) == free


@pytest.mark.parametrize("side", [96, 16_384])
def test_a_side_of_another_length_is_refused(manifest: ModelManifest, side: int) -> None:
    """A side that does not take two octets cannot be replaced by a name of the same length."""
    wide = msgspec.structs.replace(manifest, input=msgspec.structs.replace(manifest.input, width=side))
    with pytest.raises(UnsuitableModelError, match=f"a side of the input is {side}"):
        free_height_and_width(wide, b"")


def test_octets_that_are_no_network_are_refused(manifest: ModelManifest) -> None:
    """A file that ONNX Runtime cannot load is refused with its reason."""
    with pytest.raises(UnsuitableModelError, match=r"cloud-mask-4b: .*protobuf"):
        OnnxNetwork(manifest, b"no network")


@pytest.mark.parametrize(
    ("given", "side"),
    [
        (identity([b"n", 3, 256, 256], [b"n", 3, 256, 256]), "input"),
        (identity([b"n", 4, 256, 256], [b"n", 4, 256, 256]), "output"),
        (identity([b"n", 4], [b"n", 4]), "input"),
    ],
    ids=["three bands", "four classes", "no image"],
)
def test_a_network_of_another_shape_is_refused(manifest: ModelManifest, given: bytes, side: str) -> None:
    """Bands in and classes out must be those of the manifest."""
    with pytest.raises(UnsuitableModelError, match=f"{side} shapes are "):
        OnnxNetwork(manifest, given)


@pytest.mark.parametrize("side", [256, 128])
def test_the_answer_is_probabilities_of_the_same_size(engine: InferenceEngine, side: int) -> None:
    """The real network takes the whole and the halved image and answers with probabilities, twice the same."""
    tile = np.random.default_rng(1).standard_normal((4, side, side), np.float32)
    answer = engine._network.predict(tile)
    assert answer.shape == (3, side, side)
    assert answer.sum(axis=0) == pytest.approx(np.ones((side, side)), abs=1e-5)
    assert np.array_equal(engine._network.predict(tile), answer)


def test_an_answer_that_is_not_finite_is_refused(engine: InferenceEngine) -> None:
    """Values that are no numbers never become a mask."""
    with pytest.raises(UnusableOutputError, match="output values are not finite") as refusal:
        engine._network.predict(np.full((4, 128, 128), np.nan, np.float32))
    assert refusal.value.values > 0


def test_a_c_library_that_cannot_trim_is_no_obstacle(
    manifest: ModelManifest, model_octets: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where freed memory cannot be returned to the system the network runs all the same."""
    monkeypatch.setattr("ctypes.CDLL", lambda _: object())
    tile = np.zeros((4, 64, 64), np.float32)
    assert OnnxNetwork(manifest, model_octets).predict(tile).shape == (3, 64, 64)
