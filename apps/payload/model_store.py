"""Which models there are, and proof that a model's file is the one that was tested.

A manifest is a TOML file beside the mission's tables. The store finds the file that it names and hands out its octets
only after size and SHA-256 agree: in trials a network with flipped weight bits loaded without complaint and answered
without NaN, so nothing but a hash tells.
"""

import hashlib
import importlib.util
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from apps.payload.errors import CorruptModelError, ManifestError, MissingModelError, UnknownModelError

MAX_MODEL_OCTETS = 256 * 1024 * 1024
"""Largest model file that a manifest may describe."""

Name = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}\Z")]
Positive = Annotated[float, msgspec.Meta(gt=0)]


class ModelFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where the network is and what identifies it."""

    package: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_]{1,64}\Z")]
    """The Python package whose folder holds the file; it is never imported."""
    name: Name
    sha256: Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}\Z")]
    size: Annotated[int, msgspec.Meta(ge=1, le=MAX_MODEL_OCTETS)]
    """Octets."""


class ModelInput(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The image that the network takes, and how its samples become numbers."""

    bands: tuple[Literal["blue", "green", "red", "nir"], ...]
    """In the order of the image file."""
    height: Annotated[int, msgspec.Meta(ge=32, le=4096, multiple_of=32)]
    width: Annotated[int, msgspec.Meta(ge=32, le=4096, multiple_of=32)]
    sample_type: Literal["uint8", "uint16"]
    scale: Annotated[int, msgspec.Meta(ge=1, le=65535)]
    """Samples per unit of reflectance."""
    mean: tuple[float, ...]
    """Reflectance taken off each band before the network sees it."""
    std: tuple[Positive, ...]
    """Reflectance that each band is then divided by."""

    @property
    def shape(self) -> tuple[int, int, int]:
        """Bands, height and width."""
        return len(self.bands), self.height, self.width


class ModelVariant(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One way to run a network, dearer and better or cheaper and worse."""

    name: Name
    passes: Literal[1, 2, 4]
    """Runs over the image, each with the image mirrored another way, whose answers are averaged."""
    downsample: Literal[1, 2]
    """Side of the square of pixels averaged into one before the network sees them."""
    accuracy: Annotated[float, msgspec.Meta(gt=0, le=1)]
    """Agreement with the truth relative to the best variant."""
    work_s: Positive
    """Seconds on the compute board at full speed, one image."""
    peak_memory_mb: Positive
    """Most resident memory of the worker while it runs [MB]."""


class ModelManifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Everything that is known about a model before it is loaded."""

    id: Name
    version: Name
    licence: str
    origin: str
    file: ModelFile
    input: ModelInput
    classes: tuple[Literal["clear", "cloud", "shadow"], ...]
    """What the output planes of the network stand for, in order."""
    variants: Annotated[tuple[ModelVariant, ...], msgspec.Meta(min_length=1, max_length=8)]

    def __post_init__(self) -> None:
        """Raise ValueError unless the parts fit each other."""
        bands = self.input.bands
        if set(bands) != {"blue", "green", "red", "nir"} or len(bands) != 4:
            raise ValueError(f"input bands are {', '.join(bands)}, expected blue, green, red and nir, each once")
        for field, values in (("mean", self.input.mean), ("std", self.input.std)):
            if len(values) != len(bands):
                raise ValueError(f"input {field} has {len(values)} values for {len(bands)} bands")
        for field, names in (("classes", self.classes), ("variants", tuple(v.name for v in self.variants))):
            if len(set(names)) != len(names):
                raise ValueError(f"{field} repeat a name: {', '.join(names)}")

    def variant(self, name: str) -> ModelVariant:
        """The variant of that name; raises UnknownModelError if there is none."""
        for variant in self.variants:
            if variant.name == name:
                return variant
        raise UnknownModelError(f"variant of {self.id}", name, tuple(variant.name for variant in self.variants))

    def verify(self, octets: bytes) -> None:
        """Raise CorruptModelError unless `octets` are the model's file."""
        if len(octets) != self.file.size:
            raise CorruptModelError(self.id, "size in octets", self.file.size, len(octets))
        digest = hashlib.sha256(octets).hexdigest()
        if digest != self.file.sha256:
            raise CorruptModelError(self.id, "SHA-256", self.file.sha256, digest)


def load_manifest(path: Path) -> ModelManifest:
    """The manifest in a TOML file; raises ManifestError if it is missing or not valid."""
    try:
        return msgspec.toml.decode(path.read_bytes(), type=ModelManifest)
    except (OSError, UnicodeDecodeError, msgspec.DecodeError) as error:
        raise ManifestError(str(path), str(error)) from error


class ModelStore:
    """The model files of one vehicle.

    Args:
        folders: searched for a model's file by its name, before the package that the manifest names.
    """

    def __init__(self, folders: Sequence[Path] = ()) -> None:
        self._folders = tuple(folders)

    def locate(self, manifest: ModelManifest) -> Path:
        """Where the model's file is; raises MissingModelError if it is nowhere."""
        package = importlib.util.find_spec(manifest.file.package)
        places = [*self._folders]
        if package is not None:
            places += [Path(place) for place in package.submodule_search_locations or ()]
        for place in places:
            if (path := place / manifest.file.name).is_file():
                return path
        raise MissingModelError(manifest.id, f"{manifest.file.name} of package {manifest.file.package}")

    def open(self, manifest: ModelManifest) -> bytes:
        """The verified octets of the model: what was hashed is what will run.

        Raises:
            MissingModelError: there is no such file.
            CorruptModelError: size or SHA-256 are not those of the manifest.
        """
        path = self.locate(manifest)
        try:
            with path.open("rb") as file:
                octets = file.read(manifest.file.size + 1)
        except OSError as error:
            raise MissingModelError(manifest.id, f"{path} ({error.strerror})") from error
        if len(octets) > manifest.file.size:
            raise CorruptModelError(manifest.id, "size in octets", manifest.file.size, path.stat().st_size)
        manifest.verify(octets)
        return octets
