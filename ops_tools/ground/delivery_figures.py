"""What was counted about files on ground, by kind."""

from __future__ import annotations

import msgspec

from ops_tools.ground.file_delivery import FileDelivery
from ops_tools.ground.files import FileCounters


class DeliveryFigures(msgspec.Struct, frozen=True, kw_only=True):
    """What became of files, PDUs and requests.

    ``pdus_down = accepted + late + malformed + refused``. What the entity has counted goes on over a restart
    of a ground that keeps its memory.

    Attributes:
        files: what became of files.
        pdus_down: PDUs that came down.
        pdus_up: PDUs that went up.
        accepted: PDUs of transactions that go on.
        late: of transactions that are over.
        malformed: with contents that cannot be.
        refused: for another entity, or transactions that are not known or too many.
        frames_refused: frames with PDUs that the link did not take.
        messages_refused: requests of the spacecraft that are not allowed, or not known.
        responses_failed: answers to its requests that could not be sent.
        dropped: acknowledgements and notices for which there was no room.
        transfers_forgotten: transfers that made room for newer ones.
        memory_errors: times that what is remembered could not be written or read.
    """

    files: FileCounters
    pdus_down: int
    pdus_up: int
    accepted: int
    late: int
    malformed: int
    refused: int
    frames_refused: int
    messages_refused: int
    responses_failed: int
    dropped: int
    transfers_forgotten: int
    memory_errors: int


def figures_of(delivery: FileDelivery, files: FileCounters) -> DeliveryFigures:
    """The figures of a ground's file delivery."""
    counters = delivery.state.counters
    return DeliveryFigures(
        files=files,
        pdus_down=counters.pdus,
        pdus_up=delivery.counters.up.pdus.pdus,
        accepted=counters.accepted,
        late=counters.late,
        malformed=counters.malformed,
        refused=counters.refused - counters.malformed,
        frames_refused=delivery.counters.up.frames_refused,
        messages_refused=counters.messages_refused + counters.messages_unknown,
        responses_failed=counters.failed_responses,
        dropped=counters.dropped,
        transfers_forgotten=delivery.transfers.forgotten,
        memory_errors=delivery.memory_errors,
    )
