"""Images and products of a flight for the mission report, and those that came down as pictures."""

from __future__ import annotations

from collections.abc import Iterator

from apps.camera.messages import ImageTaken
from apps.payload.messages import JobOutcome, JobReport, ProductReady
from apps.products.messages import Alert
from ops_tools.sil.flight_record import FlightRecord
from ops_tools.sil.report import imagery
from ops_tools.sil.report.records import GalleryItem, ImageOutcome, ImageRecord, ProductRecord
from ops_tools.sil.runner import NANOSECONDS, Flight
from tlm_cmd.errors import ProtocolError
from tlm_cmd.products.flags import ProductFlag
from tlm_cmd.products.image_file import parse_image
from tlm_cmd.products.mask_file import parse_mask

STAND_IN = "stand-in: the Sentinel-2 scene S2_10m of the Python package spyndex, the same under every target"
"""What the ground in the pictures really is, see `bus_sim.equipment.imagery`."""
_IMAGE_OUTCOMES = {
    JobOutcome.COMPLETED: ImageOutcome.PROCESSED,
    JobOutcome.DISCARDED_CLOUDY: ImageOutcome.DISCARDED,
}


def reported_images(record: FlightRecord) -> Iterator[ImageRecord]:
    """All images, each with what became of it on board."""
    outcomes = {timed.message.scene: timed.message for timed in record.jobs if isinstance(timed.message, JobReport)}
    for timed in record.images:
        image = timed.message
        if isinstance(image, ImageTaken):
            job = outcomes.get(image.scene)
            yield ImageRecord(
                image=image.scene,
                target=image.name,
                taken_s=timed.time_s,
                outcome=_IMAGE_OUTCOMES.get(job.outcome, ImageOutcome.FAILED) if job else ImageOutcome.WAITING,
                cloud_fraction=job.cloud_fraction if job else None,
            )


def reported_products(flight: Flight) -> Iterator[ProductRecord]:
    """All masks and alerts that were made, with the times at which they were there on ground."""
    files = flight.vehicle.ground.files.files
    for timed in flight.record.products:
        product = timed.message
        if isinstance(product, ProductReady):
            received = files.get(product.product)
            yield ProductRecord(
                name=f"mask {product.product}",
                kind="mask",
                size_bytes=product.octets,
                created_s=timed.time_s,
                image=product.scene,
                received_s=received.completed_ns / NANOSECONDS if received else None,
            )
    for number, timed in enumerate(flight.record.alerts, 1):
        if isinstance(timed.message, Alert):
            yield ProductRecord(
                name=f"alert {number}",
                kind="alert",
                size_bytes=0,
                created_s=timed.time_s,
                image=timed.message.scene,
            )


def gallery(flight: Flight) -> Iterator[GalleryItem]:
    """The masks that came down, each beside the scene that stayed on board."""
    taken = {timed.message.scene: timed for timed in flight.record.images if isinstance(timed.message, ImageTaken)}
    made = {timed.message.product: timed for timed in flight.record.products if isinstance(timed.message, ProductReady)}
    for number, file in flight.vehicle.ground.files.files.items():
        product = made[number].message if number in made else None
        if not isinstance(product, ProductReady) or product.scene not in taken:
            continue
        image = taken[product.scene].message
        assert isinstance(image, ImageTaken)  # noqa: S101 - gathered above
        try:
            mask = parse_mask(flight.vehicle.ground.files.content(number) or b"")
            header, pixels = parse_image(flight.vehicle.images[image.file])
        except (ProtocolError, KeyError):
            continue
        samples = _samples(pixels)
        size = header.height * header.width
        yield imagery.gallery_item(
            image=image.scene,
            target=image.name,
            taken_s=taken[product.scene].time_s,
            bands=[samples[band * size : (band + 1) * size] for band in range(header.bands)],
            mask=mask.classes,
            width=header.width,
            height=header.height,
            received_s=file.completed_ns / NANOSECONDS,
            clouds_synthetic=bool(mask.flags & ProductFlag.SYNTHETIC_CLOUDS),
            ground=STAND_IN,
            caption=f"{mask.cloud_fraction:.0%} cloud",
        )


def _samples(pixels: memoryview) -> list[int]:
    octets = bytes(pixels)
    return [octets[at] << 8 | octets[at + 1] for at in range(0, len(octets), 2)]
