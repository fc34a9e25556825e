"""What became of images and products."""

from __future__ import annotations

from apps.camera.messages import ImageTaken
from apps.payload.messages import JobOutcome, JobReport, ProductReady
from ops_tools.sil.flight_record import Contact, Timed
from ops_tools.sil.product_account import DUE_S, product_account
from tests.unit.ops_tools.conftest import filled


def image(scene: int) -> Timed:
    """An image of a thousand octets."""
    return Timed(0.0, "camera", filled(ImageTaken, scene=scene, octets=1000))


def job(scene: int, outcome: JobOutcome) -> Timed:
    """How its job ended."""
    return Timed(0.0, "payload", filled(JobReport, scene=scene, outcome=outcome))


def product(number: int, scene: int, ready_s: float) -> Timed:
    """A mask of ten octets."""
    return Timed(ready_s, "payload", filled(ProductReady, product=number, scene=scene, octets=10))


def test_an_image_is_settled_when_nothing_more_of_it_has_to_come_down() -> None:
    """Discarded ones and those of which the product is there count; waiting and failed ones do not."""
    account = product_account(
        [image(1), image(2), image(3), image(4)],
        [job(1, JobOutcome.DISCARDED_CLOUDY), job(4, JobOutcome.FAILED)],
        [product(1, 2, 10.0), product(2, 3, 20.0)],
        [],
        {1},
        100.0,
    )
    assert (account.settled, account.settled_octets) == (2, 2000)
    assert (account.made, account.waiting, account.waiting_octets) == (2, 1, 10)
    assert (account.due, account.overdue) == (0, 0)


def test_a_product_is_due_when_it_had_contact_enough() -> None:
    """To the second, over a handover, and up to the end of a flight that ends in contact; else it is overdue."""
    contacts = [Contact("A", 100, 200), Contact("B", 200, 400), Contact("C", 900)]
    ready = [400.0 - DUE_S, 400.0 - DUE_S + 1, 950.0]
    products = [product(number, number, at_s) for number, at_s in enumerate(ready, 1)]

    def due(end_s: float, received: set[int]) -> tuple[int, int]:
        account = product_account([], [], products, contacts, received, end_s)
        return account.due, account.overdue

    assert due(1000.0, {1}) == (1, 0)
    assert due(1000.0, set()) == (1, 1)
    assert due(950.0 + DUE_S, {1}) == (3, 2)
    assert due(950.0 + DUE_S, {1, 2, 3}) == (3, 0)
