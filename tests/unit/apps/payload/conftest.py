from collections.abc import Callable
from pathlib import Path

import pytest

import apps
from apps.payload.inference import InferenceEngine
from apps.payload.model_store import ModelManifest, ModelStore, load_manifest

MANIFEST = Path(apps.__file__).parent / "missions/urbanwatch/models/cloud_mask_4b.toml"


@pytest.fixture(scope="session")
def manifest_path() -> Path:
    """The manifest of the reference mission's model."""
    return MANIFEST


@pytest.fixture(scope="session")
def manifest() -> ModelManifest:
    """The reference mission's model, described."""
    return load_manifest(MANIFEST)


@pytest.fixture(scope="session")
def model_octets(manifest: ModelManifest) -> bytes:
    """The reference mission's model, verified."""
    return ModelStore().open(manifest)


@pytest.fixture(scope="session")
def engine(manifest: ModelManifest, model_octets: bytes) -> InferenceEngine:
    """The reference mission's model, ready to run; it must not be changed by a test."""
    return InferenceEngine(manifest, model_octets)


@pytest.fixture
def rewrite(manifest_path: Path, tmp_path: Path) -> Callable[[str, str], Path]:
    """Write a manifest in which one piece of text is replaced by another."""

    def write(old: str, new: str) -> Path:
        text = manifest_path.read_text()
        assert old in text
        path = tmp_path / "manifest.toml"
        path.write_text(text.replace(old, new, 1))
        return path

    return write
