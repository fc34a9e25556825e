"""What became of images and products: which of them are settled, which wait on board, and which should be down."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import msgspec

from apps.camera.messages import ImageTaken
from apps.payload.messages import JobOutcome, JobReport, ProductReady
from ops_tools.sil.flight_record import Contact, Timed

DUE_S = 180
"""A product that has so much contact before it, or more, must be down at its end: camera work included, which holds the
downlink up for less than two minutes at a time."""


class ProductAccount(msgspec.Struct, frozen=True):
    """Images and products at the end of a flight.

    An image is settled when it needs no more downlink: it was discarded on board, or its product is on the ground.

    Attributes:
        settled: images settled.
        settled_octets: what they would have weighed, had they been sent.
        made: products made on board.
        waiting: products made, but not on the ground.
        waiting_octets: of those.
        due: products that had at least DUE_S of contact.
        overdue: products of those that are not on the ground.
    """

    settled: int
    settled_octets: int
    made: int
    waiting: int
    waiting_octets: int
    due: int
    overdue: int


def product_account(
    images: Sequence[Timed],
    jobs: Sequence[Timed],
    products: Sequence[Timed],
    contacts: Sequence[Contact],
    received: Collection[int],
    end_s: float,
) -> ProductAccount:
    """Settle the account of a flight.

    Args:
        images: ImageTaken as sent on board.
        jobs: JobReport likewise.
        products: ProductReady likewise.
        contacts: when stations saw the spacecraft.
        received: numbers of the products that are on the ground whole.
        end_s: end of the flight.
    """
    made = [(timed.time_s, timed.message) for timed in products if isinstance(timed.message, ProductReady)]
    waiting = [product for _, product in made if product.product not in received]
    due = [product for ready_s, product in made if _contact_after(ready_s, contacts, end_s) >= DUE_S]
    settled = {product.scene for _, product in made if product.product in received}
    settled |= {
        timed.message.scene
        for timed in jobs
        if isinstance(timed.message, JobReport) and timed.message.outcome is JobOutcome.DISCARDED_CLOUDY
    }
    octets: Mapping[int, int] = {
        timed.message.scene: timed.message.octets for timed in images if isinstance(timed.message, ImageTaken)
    }
    return ProductAccount(
        settled=len(settled),
        settled_octets=sum(octets.get(scene, 0) for scene in sorted(settled)),
        made=len(made),
        waiting=len(waiting),
        waiting_octets=sum(product.octets for product in waiting),
        due=len(due),
        overdue=sum(product.product not in received for product in due),
    )


def _contact_after(ready_s: float, contacts: Sequence[Contact], end_s: float) -> float:
    """Longest time of contact that a product had before it in one go; stations that take over go on with it."""
    longest = current = 0.0
    before_s = -1.0
    for contact in contacts:
        until_s = end_s if contact.end_s is None else contact.end_s
        if contact.begin_s != before_s:
            current = 0.0
        current += max(0.0, until_s - max(ready_s, contact.begin_s))
        longest, before_s = max(longest, current), until_s
    return longest
