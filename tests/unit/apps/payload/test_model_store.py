import hashlib
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from apps.payload.errors import CorruptModelError, ManifestError, MissingModelError, UnknownModelError
from apps.payload.model_store import ModelManifest, ModelStore, load_manifest

OCTETS = b"a network, for all the store knows"
PACKAGE = "package_with_a_model"


@pytest.fixture
def small(manifest: ModelManifest) -> ModelManifest:
    """A manifest for OCTETS in a package that only a test makes."""
    file = msgspec.structs.replace(
        manifest.file, package=PACKAGE, name="net.onnx", sha256=hashlib.sha256(OCTETS).hexdigest(), size=len(OCTETS)
    )
    return msgspec.structs.replace(manifest, file=file)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of an importable package, still without the model; importing it would fail."""
    path = tmp_path / PACKAGE
    path.mkdir()
    (path / "__init__.py").write_text("raise RuntimeError('imported')")
    monkeypatch.syspath_prepend(str(tmp_path))
    return path


def test_the_reference_manifest_is_true(manifest: ModelManifest, model_octets: bytes) -> None:
    """The mission's manifest describes the file in the installed package, and its variants trade accuracy for work."""
    assert len(model_octets) == manifest.file.size
    by_work = sorted(manifest.variants, key=lambda variant: variant.work_s)
    assert [variant.name for variant in by_work] == ["half", "single", "full"]
    assert [variant.accuracy for variant in by_work] == sorted(variant.accuracy for variant in manifest.variants)
    assert by_work[-1].accuracy == 1.0


def test_a_genuine_file_is_opened(small: ModelManifest, folder: Path) -> None:
    """The octets of a file with the right size and hash are handed out, without importing its package."""
    (folder / "net.onnx").write_bytes(OCTETS)
    assert ModelStore().locate(small) == folder / "net.onnx"
    assert ModelStore().open(small) == OCTETS


def test_folders_come_before_the_package(small: ModelManifest, folder: Path, tmp_path: Path) -> None:
    """A file in one of the store's own folders is preferred; a folder without it is passed over."""
    (folder / "net.onnx").write_bytes(OCTETS)
    own = tmp_path / "own"
    own.mkdir()
    store = ModelStore([tmp_path / "absent", own])
    assert store.locate(small) == folder / "net.onnx"
    (own / "net.onnx").write_bytes(OCTETS)
    assert store.locate(small) == own / "net.onnx"


@pytest.mark.usefixtures("folder")
def test_a_missing_file_is_named(small: ModelManifest) -> None:
    """A package without the file is refused with model, file and package."""
    with pytest.raises(MissingModelError, match=f"cloud-mask-4b: net.onnx of package {PACKAGE} is missing"):
        ModelStore().open(small)


def test_a_missing_package_is_named(small: ModelManifest) -> None:
    """A package that is not installed is refused like a file that is not there."""
    with pytest.raises(MissingModelError, match=PACKAGE):
        ModelStore().open(small)


def test_a_file_that_cannot_be_read_is_missing(
    small: ModelManifest, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that vanishes or fails between being found and being read is reported with the reason."""
    monkeypatch.setattr(ModelStore, "locate", lambda *_: folder)
    with pytest.raises(MissingModelError, match="Is a directory"):
        ModelStore().open(small)


@pytest.mark.parametrize("octets", [OCTETS[:-1], b"", OCTETS + b"\0"], ids=["truncated", "empty", "longer"])
def test_a_file_of_another_size_is_corrupt(small: ModelManifest, folder: Path, octets: bytes) -> None:
    """A truncated or grown file is refused with both sizes."""
    (folder / "net.onnx").write_bytes(octets)
    with pytest.raises(CorruptModelError, match="size in octets") as refusal:
        ModelStore().open(small)
    assert (refusal.value.expected, refusal.value.found) == (len(OCTETS), len(octets))


@pytest.mark.parametrize("position", range(len(OCTETS)))
def test_one_flipped_bit_is_corrupt(small: ModelManifest, folder: Path, position: int) -> None:
    """A file with a single flipped bit anywhere is refused with both hashes."""
    damaged = bytearray(OCTETS)
    damaged[position] ^= 1 << position % 8
    (folder / "net.onnx").write_bytes(damaged)
    with pytest.raises(CorruptModelError, match="SHA-256") as refusal:
        ModelStore().open(small)
    assert refusal.value.expected == small.file.sha256
    assert refusal.value.found == hashlib.sha256(damaged).hexdigest()


def test_an_unknown_variant_is_refused(manifest: ModelManifest) -> None:
    """Asking for a variant that there is not names those that there are."""
    assert manifest.variant("half").downsample == 2
    with pytest.raises(UnknownModelError, match="'tiny', allowed are full, single, half"):
        manifest.variant("tiny")


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ('id = "cloud', 'id = "../cloud', "matching regex"),
        ('name = "model_4b_l1c.onnx"', 'name = "../model_4b_l1c.onnx"', "matching regex"),
        ('package = "ukis_csmask"', 'package = "os.path"', "matching regex"),
        ('sha256 = "8161', 'sha256 = "xyz1', "matching regex"),
        ("size = 39_601_686", "size = 0", ">= 1"),
        ("size = 39_601_686", "size = 268_435_457", "<= 268435456"),
        ("size = 39_601_686", "", "missing required field `size`"),
        ("height = 256", "height = 250", "multiple of 32"),
        ('"blue", ', "", "input bands are green, red, nir"),
        ('"blue", ', '"red", ', "each once"),
        ('"blue", ', '"swir", ', "swir"),
        ("0.27552253007888794, ", "", "input mean has 3 values for 4 bands"),
        ("0.24488002061843872, ", "", "input std has 3 values for 4 bands"),
        ("std = [0.2", "std = [-0.2", "> 0.0"),
        ('"clear", ', '"cloud", ', "classes repeat a name"),
        ('name = "single"', 'name = "full"', "variants repeat a name: full, full, half"),
        ("passes = 4", "passes = 3", "Invalid enum value 3"),
        ("accuracy = 1.0", "accuracy = 1.5", "<= 1.0"),
        ('licence = "', 'license = "', "unknown field `license`"),
        ('licence = "', "licence = ", "Invalid value"),
    ],
)
def test_a_wrong_manifest_is_refused(rewrite: Callable[[str, str], Path], old: str, new: str, reason: str) -> None:
    """Every field is checked, and the refusal says which file and what is wrong."""
    path = rewrite(old, new)
    with pytest.raises(ManifestError, match=reason) as refusal:
        load_manifest(path)
    assert refusal.value.path == str(path)


def test_a_missing_manifest_is_refused(tmp_path: Path) -> None:
    """A manifest that is not there, or is no text, is refused with its path."""
    with pytest.raises(ManifestError, match="No such file"):
        load_manifest(tmp_path / "absent.toml")
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(ManifestError, match=r"binary\.toml"):
        load_manifest(tmp_path / "binary.toml")
