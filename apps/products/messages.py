"""Interface of the products app: results on their way to the ground, the valuable first."""

from __future__ import annotations

from typing import Annotated

from tlm_cmd.definition.fields import F32, U16, U32, U64, Linear, UpTo
from tlm_cmd.definition.message import Command, Event, Severity, Telemetry


def product_name(number: int) -> str:
    """Name of a product's file, on board and on ground."""
    return f"products/{number:05d}.mask"


class ResendProduct(Command, code=2):
    """Send a product that was sent, and is still kept, once more."""

    product: Annotated[int, U32, "number of the product"]


class DeleteProduct(Command, code=3):
    """Delete a product that was sent from the mass memory."""

    product: Annotated[int, U32, "number of the product"]


class ProductsStatus(Telemetry, period_s=10):
    """What waits and what has gone."""

    waiting: Annotated[int, U16, "products not yet on ground"]
    sent: Annotated[int, U32, "products that the ground has confirmed, since launch"]
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


class ProductSent(Event, code=32, text="product {product} is on ground, {octets} octets"):
    """The ground has confirmed that it has a product."""

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
