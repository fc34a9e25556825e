"""From what was seen to what is sent home: the mask file in the mass memory, and the announcement of it."""

from __future__ import annotations

from apps.payload.image_store import FIRST_PRODUCT_FILE, ImageStore
from apps.payload.inference_messages import InferenceResult
from apps.payload.jobs import Job
from apps.payload.messages import ProductReady
from tlm_cmd.products.flags import ProductFlag
from tlm_cmd.products.mask_file import MaskProduct, pack_mask


def store_product(
    store: ImageStore, number: int, job: Job, seen: InferenceResult, raw_octets: int, value: float
) -> ProductReady:
    """Write the mask file of a job, and say what others are to be told of product ``number``.

    A fraction that could not be measured is announced as 0.

    Raises:
        ProtocolError: the result cannot be a mask.
        DeviceError: the memory is full or cannot be reached now.
    """
    data = mask_file(job, seen)
    file = FIRST_PRODUCT_FILE + number
    store.write(file, data)
    return ProductReady(
        product=number,
        job=job.id,
        scene=job.scene,
        target=job.target,
        file=file,
        octets=len(data),
        raw_octets=raw_octets,
        value=value,
        cloud_fraction=seen.cloud_fraction,
        green_fraction=seen.green_fraction or 0.0,
        water_fraction=seen.water_fraction or 0.0,
    )


def mask_file(job: Job, seen: InferenceResult) -> bytes:
    """The octets of the mask file.

    Raises:
        ProtocolError: the result cannot be a mask.
    """
    return pack_mask(
        MaskProduct(
            target_id=seen.target_id,
            scene_id=job.scene,
            model_version=seen.model_version,
            height=seen.height,
            width=seen.width,
            classes=seen.classes,
            green_fraction=seen.green_fraction,
            water_fraction=seen.water_fraction,
            flags=ProductFlag.SYNTHETIC_CLOUDS if seen.synthetic_clouds else ProductFlag(0),
        )
    )
