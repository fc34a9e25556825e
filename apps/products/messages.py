"""Interface of the products app: results on their way to the ground, the valuable first."""

from __future__ import annotations

from typing import Annotated

from tlm_cmd.definition.fields import F32, U16, U32, U64, Linear, Tail, UpTo
from tlm_cmd.definition.message import Command, Event, Quality, Severity, Telemetry

SEGMENT_OCTETS = 900


class ResendProduct(Command, code=2):
    """Send a product that was sent, and is still kept, once more."""

    product: Annotated[int, U32, "number of the product"]


class DeleteProduct(Command, code=3):
    """Delete a product that was sent from the mass memory."""

    product: Annotated[int, U32, "number of the product"]


class ProductsStatus(Telemetry, period_s=10):
    """What waits and what has gone."""

    waiting: Annotated[int, U16, "products not yet sent"]
    sent: Annotated[int, U32, "products sent since launch"]
    alerts: Annotated[int, U32, "raised since launch"]
    octets_sent: Annotated[int, U64, "of product files, since launch"]
    raw_octets: Annotated[int, U64, "of the images that were taken instead of sent"]
    errors: Annotated[int, U32, "transactions with the mass memory that failed"]
    dropped: Annotated[int, U32, "products given up since launch: too many waited, or unreadable"] = 0


class Alert(Telemetry):
    """Something that people want to know at once: green cover or water changed."""

    scene: Annotated[int, U32, "number of the image"]
    target: Annotated[int, U16, "number in the target table"]
    green_fraction: Annotated[float, U16, Linear(0.0001), "of the clear part of the image"]
    water_fraction: Annotated[float, U16, Linear(0.0001), "of the clear part of the image"]
    change: Annotated[float, F32, "of green cover or water, against the last clear image of the target"]
    finding: Annotated[str, UpTo(64), "what has changed, in words"]


class ProductSegment(Telemetry, quality=Quality.BULK):
    """Part of a product file."""

    product: Annotated[int, U32, "number of the product"]
    total_octets: Annotated[int, U32, "of the whole file"]
    checksum: Annotated[int, U32, "CRC-32 of the whole file"]
    offset: Annotated[int, U32, "where the part begins in the file"]
    data: Annotated[bytes, Tail(SEGMENT_OCTETS)]


class ProductSent(Event, code=32, text="product {product} sent, {octets} octets"):
    """All segments of a product were handed to the downlink."""

    product: Annotated[int, U32]
    octets: Annotated[int, U32]


class AlertRaised(Event, code=33, text="alert for target {target}: {finding}"):
    """An alert was sent."""

    target: Annotated[int, U16]
    finding: Annotated[str, UpTo(64)]


class ProductDropped(Event, code=34, severity=Severity.ERROR, text="product {product} given up: {reason}"):
    """A product will not be sent."""

    product: Annotated[int, U32]
    reason: Annotated[str, UpTo(80)]
