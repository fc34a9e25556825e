"""The worker's entry: whose fault it is, and when the model is loaded again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from apps.payload.errors import (
    CorruptModelError,
    PayloadError,
    UnknownModelError,
    UnusableOutputError,
    WrongImageError,
)
from apps.payload.inference_messages import InferenceResult
from apps.payload.worker import ModelWorker, open_engine
from apps.payload.worker_messages import WorkRequest, WorkResult, WorkStatus
from tlm_cmd.errors import ProtocolError
from tlm_cmd.products.image_file import ImageHeader, pack_image

SEEN = InferenceResult(
    target_id=3,
    exposure_index=4,
    synthetic_clouds=False,
    model_id="m",
    model_version="1",
    model_sha256="00",
    variant="full",
    height=1,
    width=1,
    classes=b"\x00",
    cloud_fraction=0.0,
    shadow_fraction=0.0,
    clear_fraction=1.0,
    green_fraction=0.5,
    water_fraction=None,
    cpu_ns=1,
    cached=False,
)


class FakeEngine:
    """An engine that sees SEEN, or raises."""

    def __init__(self, error: Exception | None = None) -> None:
        self._error = error

    def look_at(self, image: bytes, variant: str) -> InferenceResult:
        """See, or raise."""
        assert (image, variant) == (b"image", "full")
        if self._error is not None:
            raise self._error
        return SEEN


class Shelf:
    """Opens fake models, and counts how often."""

    def __init__(self, *results: FakeEngine | Exception) -> None:
        self._results = list(results)
        self.opened = 0

    def __call__(self) -> FakeEngine:
        """The next model, the last one for ever."""
        self.opened += 1
        result = self._results.pop(0) if len(self._results) > 1 else self._results[0]
        if isinstance(result, Exception):
            raise result
        return result


LOOK = WorkRequest(7, "full", b"image")
VERIFY = WorkRequest(8)
CORRUPT = CorruptModelError("m", "size", 1, 2)


def test_an_image_is_looked_at_with_one_loading() -> None:
    """The model is loaded at the first request and kept."""
    shelf = Shelf(FakeEngine())
    worker = ModelWorker(shelf)
    assert worker.answer(LOOK) == WorkResult(7, WorkStatus.ANALYSED, "", SEEN)
    worker.answer(LOOK)
    assert shelf.opened == 1


def test_a_verification_loads_the_model_again() -> None:
    """What was verified is what is on the shelf now, not what was loaded long ago."""
    shelf = Shelf(FakeEngine(), CORRUPT, FakeEngine())
    worker = ModelWorker(shelf)
    assert worker.answer(VERIFY) == WorkResult(8, WorkStatus.MODEL_VERIFIED)
    assert worker.answer(VERIFY).status is WorkStatus.MODEL_UNUSABLE
    assert worker.answer(LOOK).status is WorkStatus.ANALYSED
    assert shelf.opened == 3


@pytest.mark.parametrize("error", [CORRUPT, KeyError("model_manifest"), OSError("gone")])
def test_a_model_that_cannot_be_opened_is_the_models_fault(error: Exception) -> None:
    """Missing, corrupt or not even named: the status says so, with the reason."""
    result = ModelWorker(Shelf(error)).answer(LOOK)
    assert result.status is WorkStatus.MODEL_UNUSABLE
    assert type(error).__name__ in result.reason


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (UnknownModelError("variant", "full", ("half",)), WorkStatus.MODEL_UNUSABLE),
        (WrongImageError("shape", (4, 256, 256), (3, 9, 9)), WorkStatus.IMAGE_REFUSED),
        (ProtocolError("damaged"), WorkStatus.IMAGE_REFUSED),
    ],
)
def test_an_error_is_put_where_it_belongs(error: Exception, status: WorkStatus) -> None:
    """A variant that there is not is the model's fault, a wrong image the image's."""
    result = ModelWorker(Shelf(FakeEngine(error))).answer(LOOK)
    assert (result.number, result.status, result.reason) == (7, status, str(error))


def test_an_upset_model_is_loaded_afresh() -> None:
    """Output that is no probability fails the work, and the next request finds a fresh model."""
    shelf = Shelf(FakeEngine(UnusableOutputError("m", 3)), FakeEngine())
    worker = ModelWorker(shelf)
    with pytest.raises(UnusableOutputError):
        worker.answer(LOOK)
    assert worker.answer(LOOK).status is WorkStatus.ANALYSED
    assert shelf.opened == 2


def test_what_is_nobodys_fault_is_raised() -> None:
    """Anything unforeseen reaches the runtime, which reports failed work."""
    with pytest.raises(MemoryError):
        ModelWorker(Shelf(FakeEngine(MemoryError()))).answer(LOOK)


def test_the_entry_finds_the_model_of_the_settings(manifest_path: Path) -> None:
    """The reference mission's real model is loaded and verified, by a path relative to the mission's folder."""
    settings = {"mission_folder": str(manifest_path.parent.parent), "model_manifest": f"models/{manifest_path.name}"}
    request_class, answer = open_engine(settings)
    assert request_class is WorkRequest
    assert answer(VERIFY) == WorkResult(8, WorkStatus.MODEL_VERIFIED)
    refused = answer(WorkRequest(9, "half", b"no image"))
    assert refused.status is WorkStatus.IMAGE_REFUSED
    header = ImageHeader(target_id=3, exposure_index=4, bands=4, height=256, width=256)
    image = pack_image(header, bytes(header.pixel_octets))
    first, second = answer(WorkRequest(10, "half", image)), answer(WorkRequest(10, "half", image))
    assert first.status is WorkStatus.ANALYSED
    assert first == second  # processor time and cache do not show


@pytest.mark.parametrize("folders", [[], ["/nowhere"]])
def test_the_entry_itself_never_raises(folders: list[str], rewrite: Callable[[str, str], Path]) -> None:
    """A model that is not the manifest's is reported by every request, also by one for an image."""
    path = rewrite("size = 39_601_686", "size = 39_601_685")
    _, answer = open_engine({"model_manifest": str(path), "model_folders": folders})
    assert answer(VERIFY).status is WorkStatus.MODEL_UNUSABLE
    result = answer(LOOK)
    assert result.status is WorkStatus.MODEL_UNUSABLE
    assert "39601685" in result.reason
    assert issubclass(CorruptModelError, PayloadError)
