"""The products app: raises alerts at once, and has product files sent in contact, the valuable first."""

from __future__ import annotations

import msgspec

from apps.camera.messages import ImageTaken
from apps.file_transfer.messages import FileEnded, FileSent, FileTransferStatus, SendFile
from apps.payload.messages import ProductReady
from apps.products.messages import (
    Alert,
    AlertRaised,
    DeleteProduct,
    ProductDropped,
    ProductSent,
    ProductsStatus,
    ResendProduct,
)
from apps.products.queue import Product, ProductRules, Seen, change, least_valuable, may_ask, most_valuable
from flightsw.app import App, Refused, Table, every, handles
from flightsw.devices.errors import DeviceError
from flightsw.devices.mass_memory import MassMemory
from tlm_cmd.cfdp.codes import ConditionCode
from tlm_cmd.packets.verification import FailureCode


class ProductsState(msgspec.Struct):
    """What the app remembers.

    Attributes:
        waiting: products not yet on ground.
        sent: products on ground and still kept, oldest first.
        seen: what was last measured of each target without much cloud.
        link_open: files go down now.
        sent_count: products that the ground has confirmed, since launch.
        octets_sent: of product files.
        raw_octets: of all images taken.
        alerts: alerts raised.
        dropped: products given up.
        errors: failed transactions.
    """

    waiting: list[Product] = []
    sent: list[Product] = []
    seen: dict[int, Seen] = {}
    link_open: bool = False
    sent_count: int = 0
    octets_sent: int = 0
    raw_octets: int = 0
    alerts: int = 0
    dropped: int = 0
    errors: int = 0


class Products(App):
    """Has the file transfer send one product after the other, and keeps each until the ground has it."""

    rules = Table(ProductRules, file="rules.toml")

    state: ProductsState

    def start(self) -> None:
        """Open the mass memory."""
        self._memory = self.device(MassMemory)

    # ---------------------------------------------------------------- news

    @handles(ImageTaken)
    def count_image(self, image: ImageTaken) -> None:
        """Count what the images would have cost to send."""
        self.state.raw_octets += image.octets

    @handles(FileTransferStatus)
    def take_link(self, status: FileTransferStatus) -> None:
        """Follow the link: which product is the most valuable is decided when it can be sent."""
        self.state.link_open = status.link_open

    @handles(FileSent)
    def take_sent(self, sent: FileSent) -> None:
        """Let the next product follow one that was sent."""
        product = self._waiting(sent.source)
        if product is not None and product.asked:
            product.sent_once, product.quiet_s = True, 0
            self._ask()

    @handles(FileEnded)
    def take_ended(self, ended: FileEnded) -> None:
        """Learn what became of a product."""
        product = self._waiting(ended.source) if ended.sent and ended.source == ended.destination else None
        if product is None:
            return
        if ended.arrived:
            self._finish(product)
            self._ask()
        elif ended.may_pass:
            self.state.errors += 1
            product.asked = False  # the next second comes soon enough
        elif ended.condition is ConditionCode.CANCEL_REQUEST:
            self._put_aside(product)
        else:
            self._count_failure(product, ended.condition.name.replace("_", " ").lower())

    @handles(ProductReady)
    def queue_product(self, ready: ProductReady) -> None:
        """Queue a product, and raise an alert when its place has changed."""
        state = self.state
        state.waiting.append(Product(ready.product, ready.file, ready.octets, ready.value))
        while len(state.waiting) > self.rules.waiting:
            self._drop(least_valuable(state.waiting), "too many wait")
        if ready.cloud_fraction <= self.rules.alert_cloud_limit:
            self._compare(ready)
        self.checkpoint()

    def _compare(self, ready: ProductReady) -> None:
        now = Seen(ready.green_fraction, ready.water_fraction)
        found = change(self.state.seen.get(ready.target), now)
        self.state.seen[ready.target] = now
        if found.size < self.rules.alert_change:
            return
        self.state.alerts += 1
        self.send(Alert(ready.scene, ready.target, now.green_fraction, now.water_fraction, found.size, found.finding))
        self.event(AlertRaised(ready.target, found.finding))

    # ---------------------------------------------------------------- commands

    @handles(ResendProduct)
    def resend(self, command: ResendProduct) -> None:
        """Queue a sent product once more."""
        product = self._sent(command.product)
        if len(self.state.waiting) >= self.rules.waiting:
            raise Refused(f"{len(self.state.waiting)} products wait already")
        self.state.sent.remove(product)
        product.asked = product.sent_once = False
        product.failures = 0
        self.state.waiting.append(product)

    @handles(DeleteProduct)
    def delete(self, command: DeleteProduct) -> None:
        """Delete a sent product."""
        product = self._sent(command.product)
        self.state.sent.remove(product)
        self._delete(product)

    def _sent(self, number: int) -> Product:
        for product in self.state.sent:
            if product.number == number:
                return product
        raise Refused(f"product {number} is not among the sent ones still kept", FailureCode.BAD_ARGUMENT)

    # ---------------------------------------------------------------- sending

    @every(seconds=1, offset=0.6)
    def follow(self) -> None:
        """Have the next product sent, and do not wait for ever for a word of those asked for."""
        if not self.state.link_open:
            return
        for product in [product for product in self.state.waiting if product.asked]:
            product.quiet_s += 1
            if product.quiet_s > self.rules.patience_s:
                self._count_failure(product, "no word of it")
        self._ask()

    def _ask(self) -> None:
        """Ask for the most valuable product, if it is its turn."""
        state = self.state
        product = most_valuable(state.waiting)
        if product is None or not state.link_open or not may_ask(state.waiting, self.rules.unconfirmed):
            return
        product.asked, product.sent_once, product.quiet_s = True, False, 0
        self.command("file_transfer", SendFile(product.name, product.name))
        self.checkpoint()

    def _waiting(self, name: str) -> Product | None:
        return next((product for product in self.state.waiting if product.name == name), None)

    def _finish(self, product: Product) -> None:
        state = self.state
        state.waiting.remove(product)
        state.sent.append(product)
        state.sent_count += 1
        state.octets_sent += product.octets
        self.event(ProductSent(product.number, product.octets))
        self._forget_oldest()

    def _put_aside(self, product: Product) -> None:
        """Somebody does not want it now: it stays with those sent, from where it can be called for again."""
        self.state.waiting.remove(product)
        self.state.sent.append(product)
        self.state.dropped += 1
        self.event(ProductDropped(product.number, "cancelled; it is kept, and can be sent again"))
        self._forget_oldest()

    def _forget_oldest(self) -> None:
        while len(self.state.sent) > self.rules.kept:
            self._delete(self.state.sent.pop(0))
        self.checkpoint()

    def _count_failure(self, product: Product, reason: str) -> None:
        product.asked, product.quiet_s = False, 0
        product.failures += 1
        if product.failures >= self.rules.attempts:
            self._drop(product, reason)

    def _drop(self, product: Product, reason: str) -> None:
        self.state.waiting.remove(product)
        self.state.dropped += 1
        self._delete(product)
        self.event(ProductDropped(product.number, reason[:80]))

    def _delete(self, product: Product) -> None:
        try:
            self._memory.delete(product.file)
        except DeviceError:
            self.state.errors += 1

    @every(seconds=10, offset=7, group="reports")
    def report(self) -> None:
        """Publish what waits and what has gone."""
        state = self.state
        self.send(
            ProductsStatus(
                waiting=len(state.waiting),
                sent=state.sent_count,
                alerts=state.alerts,
                octets_sent=state.octets_sent,
                raw_octets=state.raw_octets,
                errors=state.errors,
                dropped=state.dropped,
            )
        )
