"""Which product goes down next, and when a place has changed. Pure."""

from __future__ import annotations

from typing import Annotated

import msgspec

from apps.products.messages import product_name
from tlm_cmd.definition.fields import F32, U8, U16, Range, Unit
from tlm_cmd.definition.message import Record


class ProductRules(Record):
    """How products are sent and kept."""

    unconfirmed: Annotated[int, U8, Range(1, 100), "products sent at most before the ground has confirmed them"]
    patience_s: Annotated[
        int, U16, Range(10, 10_000), Unit("s"), "of contact, without a word of a product, is a failure"
    ]
    kept: Annotated[int, U16, Range(1, 2000), "products kept in the mass memory after they were sent"]
    waiting: Annotated[int, U16, Range(1, 2000), "products that may wait, the least valuable is dropped"]
    alert_change: Annotated[float, F32, Range(0.001, 1), "change of green cover or water that raises an alert"]
    alert_cloud_limit: Annotated[float, F32, Range(0, 1), "cloud fraction above which changes are not believed"]
    attempts: Annotated[int, U8, Range(1, 10), "to send a product, before it is given up"]


class Product(msgspec.Struct):
    """A product of the mass memory.

    Attributes:
        number: counted since launch.
        file: number of its file.
        octets: its size.
        value: what it is worth; the most valuable goes first.
        asked: whether the file transfer was asked to send it.
        sent_once: whether all of it was sent since then; the ground may ask for parts again.
        quiet_s: seconds of contact without a word of it, since it was asked for.
        failures: times that it could not be sent.
    """

    number: int
    file: int
    octets: int
    value: float
    asked: bool = False
    sent_once: bool = False
    quiet_s: int = 0
    failures: int = 0

    @property
    def name(self) -> str:
        """Name of its file for the file transfer, on board and on ground."""
        return product_name(self.number)


class Seen(msgspec.Struct, frozen=True):
    """What was last measured of a target."""

    green_fraction: float
    water_fraction: float


def most_valuable(waiting: list[Product]) -> Product | None:
    """The product to send next: of those not asked for the most valuable, the older of equals."""
    left = [product for product in waiting if not product.asked]
    return min(left, key=lambda product: (-product.value, product.number), default=None)


def may_ask(waiting: list[Product], unconfirmed: int) -> bool:
    """Whether one more may be asked for: one is sent after the other, and so many may wait to be confirmed."""
    asked = [product for product in waiting if product.asked]
    return all(product.sent_once for product in asked) and len(asked) < unconfirmed


def least_valuable(waiting: list[Product]) -> Product:
    """The product to give up when too many wait: one not begun if there is any, the least valuable, the older.

    Raises:
        ValueError: none waits.
    """
    return min(waiting, key=lambda product: (product.asked, product.value, product.number))


class Change(msgspec.Struct, frozen=True):
    """How a place differs from what was last seen of it: by how much, and in words."""

    size: float
    finding: str


def change(before: Seen | None, now: Seen) -> Change:
    """The larger of the changes in green cover and water; none for a place not seen before."""
    if before is None:
        return Change(0.0, "not seen before")
    green = Change(abs(now.green_fraction - before.green_fraction), "green cover")
    water = Change(abs(now.water_fraction - before.water_fraction), "water")
    if green.size >= water.size:
        return Change(green.size, f"{green.finding} from {before.green_fraction:.0%} to {now.green_fraction:.0%}")
    return Change(water.size, f"{water.finding} from {before.water_fraction:.0%} to {now.water_fraction:.0%}")
