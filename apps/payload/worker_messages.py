"""What the payload asks its worker, and what comes back: one image, or only whether the model can be used."""

from __future__ import annotations

from enum import IntEnum, unique

import msgspec

from apps.payload.inference_messages import InferenceResult


@unique
class WorkStatus(IntEnum):
    """What became of a request."""

    ANALYSED = 0
    MODEL_VERIFIED = 1
    MODEL_UNUSABLE = 2
    IMAGE_REFUSED = 3


class WorkRequest(msgspec.Struct, frozen=True):
    """One piece of work.

    Attributes:
        number: given back with the result, so that a late one is known for what it is.
        variant: of the model.
        image: an image file; empty to load and verify the model only.
    """

    number: int
    variant: str = ""
    image: bytes = b""


class WorkResult(msgspec.Struct, frozen=True):
    """What came of it.

    Attributes:
        number: of the request.
        status: what became of it.
        reason: why it was not done, empty when it was.
        analysis: what was seen, when the image was analysed.
    """

    number: int
    status: WorkStatus
    reason: str = ""
    analysis: InferenceResult | None = None
