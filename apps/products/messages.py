"""Interface of the products app: results on their way to the ground, the valuable first."""

from __future__ import annotations

from typing import Annotated

from tlm_cmd.definition.fields import F32, U16, U32, U64, Linear, Tail, UpTo
from tlm_cmd.definition.message import Command, Event, Quality, Telemetry

SEGMENT_OCTETS = 900


class ResendProduct(Command, code=2):
    """Send a product that is still in the mass memory once more."""

    product: Annotated[int, U32]


class DeleteProduct(Command, code=3):
    """Delete a product from the mass memory."""

    product: Annotated[int, U32]


class ProductsStatus(Telemetry, period_s=10):
    """What waits and what has gone."""

    waiting: Annotated[int, U16, "products not yet sent"]
    sent: Annotated[int, U32]
    alerts: Annotated[int, U32]
    octets_sent: Annotated[int, U64]
    raw_octets: Annotated[int, U64, "of the images that were taken instead of sent"]
    errors: Annotated[int, U32, "transactions with the mass memory that failed"]


class Alert(Telemetry):
    """Something that people want to know at once: green cover or water changed."""

    scene: Annotated[int, U32]
    target: Annotated[int, U16]
    green_fraction: Annotated[float, U16, Linear(0.0001)]
    water_fraction: Annotated[float, U16, Linear(0.0001)]
    change: Annotated[float, F32, "against the last clear image of the target"]
    finding: Annotated[str, UpTo(64)]


class ProductSegment(Telemetry, quality=Quality.BULK):
    """Part of a product file."""

    product: Annotated[int, U32]
    total_octets: Annotated[int, U32, "of the whole file"]
    checksum: Annotated[int, U32, "CRC-32 of the whole file"]
    offset: Annotated[int, U32]
    data: Annotated[bytes, Tail(SEGMENT_OCTETS)]


class ProductSent(Event, code=32, text="product {product} sent, {octets} octets"):
    """All segments of a product were handed to the downlink."""

    product: Annotated[int, U32]
    octets: Annotated[int, U32]


class AlertRaised(Event, code=33, text="alert for target {target}: {finding}"):
    """An alert was sent."""

    target: Annotated[int, U16]
    finding: Annotated[str, UpTo(64)]
