"""Entry of the payload's worker process: holds one model, and says whose fault it is when a request cannot be done.

The model is loaded and verified at the first request and again whenever it is asked for, so that a repaired file is
found without a restart. What is nobody's fault by name is raised, and reaches the app as failed work.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import msgspec

from apps.payload.errors import PayloadError, UnknownModelError, UnusableOutputError
from apps.payload.inference import InferenceEngine
from apps.payload.inference_messages import InferenceRequest, InferenceResult
from apps.payload.model_store import ModelStore, load_manifest
from apps.payload.worker_messages import WorkRequest, WorkResult, WorkStatus
from tlm_cmd.errors import ProtocolError


class Engine(Protocol):
    """A verified model that looks at images."""

    def look_at(self, image: bytes, variant: str) -> InferenceResult:
        """What an image file shows."""
        ...


class StoredModel:
    """The engine of the model that the settings name.

    Args:
        settings: ``model_manifest``, path of the manifest; ``model_folders``, paths searched before the package
            (optional); both relative to ``mission_folder`` when that is given.

    Raises:
        PayloadError: the model is missing, corrupt or unsuitable.
        KeyError: the settings name no manifest.
    """

    def __init__(self, settings: dict[str, Any]) -> None:
        folder = Path(settings.get("mission_folder", ""))
        manifest = load_manifest(folder / settings["model_manifest"])
        store = ModelStore([folder / path for path in settings.get("model_folders", ())])
        self._engine = InferenceEngine(manifest, store.open(manifest))

    def look_at(self, image: bytes, variant: str) -> InferenceResult:
        """What an image file shows, less what differs from run to run; raises what `InferenceEngine.run` does."""
        seen = self._engine.run(InferenceRequest(image, self._engine.manifest.id, variant))
        return msgspec.structs.replace(seen, cpu_ns=0, cached=False)


class ModelWorker:
    """Answers request after request.

    Args:
        open_model: loads and verifies the model.
    """

    def __init__(self, open_model: Callable[[], Engine]) -> None:
        self._open_model = open_model
        self._engine: Engine | None = None

    def answer(self, request: WorkRequest) -> WorkResult:
        """Verify the model, or look at an image.

        Raises:
            Exception: whatever is neither the model's fault nor the image's.
        """
        try:
            engine = self._load() if self._engine is None or not request.image else self._engine
        except (PayloadError, KeyError, OSError) as error:
            return WorkResult(request.number, WorkStatus.MODEL_UNUSABLE, f"{type(error).__name__}: {error}")
        if not request.image:
            return WorkResult(request.number, WorkStatus.MODEL_VERIFIED)
        try:
            return WorkResult(request.number, WorkStatus.ANALYSED, "", engine.look_at(request.image, request.variant))
        except UnknownModelError as error:
            return WorkResult(request.number, WorkStatus.MODEL_UNUSABLE, str(error))
        except UnusableOutputError:
            self._engine = None
            raise
        except (PayloadError, ProtocolError) as error:
            return WorkResult(request.number, WorkStatus.IMAGE_REFUSED, str(error))

    def _load(self) -> Engine:
        self._engine = None
        self._engine = self._open_model()
        return self._engine


def open_engine(settings: dict[str, Any]) -> tuple[type[WorkRequest], Callable[[WorkRequest], WorkResult]]:
    """The class of the requests, and the function that answers them."""
    return WorkRequest, ModelWorker(lambda: StoredModel(settings)).answer
