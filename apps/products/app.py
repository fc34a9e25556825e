"""The products app: raises alerts at once, and sends product files in contact, the valuable first."""

from __future__ import annotations

import zlib

import msgspec

from apps.camera.messages import ImageTaken
from apps.mode_manager.messages import ModeStatus, SpacecraftMode
from apps.payload.messages import ProductReady
from apps.products.messages import (
    SEGMENT_OCTETS,
    Alert,
    AlertRaised,
    DeleteProduct,
    ProductDropped,
    ProductSegment,
    ProductSent,
    ProductsStatus,
    ResendProduct,
)
from apps.products.queue import Product, ProductRules, Seen, change, least_valuable, most_valuable
from apps.telemetry_output.messages import DownlinkStatus
from flightsw.app import App, Refused, Table, every, handles
from flightsw.devices.errors import DeviceError, RefusedError
from flightsw.devices.mass_memory import MAX_CHUNK_OCTETS, MassMemory
from tlm_cmd.packets.verification import FailureCode


class ProductsState(msgspec.Struct):
    """What the app remembers.

    Attributes:
        waiting: products not yet sent.
        sent: products sent and still kept, oldest first.
        seen: what was last measured of each target without much cloud.
        in_contact: a station listens.
        transmitting: the transmitter for products is on.
        sent_count: products sent since launch.
        octets_sent: of product files.
        raw_octets: of all images taken.
        alerts: alerts raised.
        dropped: products given up.
        errors: failed transactions.
    """

    waiting: list[Product] = []
    sent: list[Product] = []
    seen: dict[int, Seen] = {}
    in_contact: bool = False
    transmitting: bool = False
    sent_count: int = 0
    octets_sent: int = 0
    raw_octets: int = 0
    alerts: int = 0
    dropped: int = 0
    errors: int = 0


class Products(App):
    """Reads products from the mass memory and hands them to the downlink in segments."""

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

    @handles(ModeStatus)
    def take_mode(self, status: ModeStatus) -> None:
        """Follow the contacts."""
        self.state.in_contact = status.in_contact and status.mode is SpacecraftMode.DOWNLINK

    @handles(DownlinkStatus)
    def take_downlink(self, status: DownlinkStatus) -> None:
        """Follow the transmitter: what is sent while it is off is lost."""
        self.state.transmitting = status.x_band_on

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
        product.offset = product.failures = 0
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
    def transmit(self) -> None:
        """Send this second's segments."""
        budget = self.rules.segments_per_s if self.state.in_contact and self.state.transmitting else 0
        while budget > 0 and (product := most_valuable(self.state.waiting)) is not None:
            try:
                budget -= self._send_part(product, budget)
            except DeviceError as error:
                self.state.errors += 1
                if isinstance(error, RefusedError):  # not the memory as a whole, but this file
                    self._count_failure(product, error.status.name.replace("_", " ").lower())
                return

    def _send_part(self, product: Product, budget: int) -> int:
        """Send at most ``budget`` segments of a product; returns what that took of the budget."""
        if product.offset == 0:
            product.checksum = zlib.crc32(self._read(product, 0, product.octets))
        data = self._read(product, product.offset, budget * SEGMENT_OCTETS)
        if not data and product.offset < product.octets:
            self._count_failure(product, f"file ends at octet {product.offset} of {product.octets}")
            return budget
        segments = 0
        for start in range(0, len(data), SEGMENT_OCTETS):
            part = data[start : start + SEGMENT_OCTETS]
            self.send(ProductSegment(product.number, product.octets, product.checksum, product.offset, part))
            product.offset += len(part)
            segments += 1
        product.failures = 0
        if product.offset >= product.octets:
            self._finish(product)
        return max(segments, 1)

    def _read(self, product: Product, offset: int, octets: int) -> bytes:
        """A part of a product's file; less than asked for at its end."""
        data, end = b"", min(offset + octets, product.octets)
        while offset + len(data) < end:
            part = self._memory.read(product.file, offset + len(data), min(end - offset - len(data), MAX_CHUNK_OCTETS))
            if not part:
                break
            data += part
        return data

    def _finish(self, product: Product) -> None:
        state = self.state
        state.waiting.remove(product)
        state.sent.append(product)
        state.sent_count += 1
        state.octets_sent += product.octets
        self.event(ProductSent(product.number, product.octets))
        while len(state.sent) > self.rules.kept:
            self._delete(state.sent.pop(0))
        self.checkpoint()

    def _count_failure(self, product: Product, reason: str) -> None:
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
