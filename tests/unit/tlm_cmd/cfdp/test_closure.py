"""Transactions over links that lose, repeat and reorder: every one closes at both ends with the file intact.

``FLIGHTSW_SOAK=N`` multiplies the seeds; ``make soak`` does.
"""

from __future__ import annotations

import os
import random

import pytest

from ops_tools.bench.lossy_link import LinkQuality, LossyLink
from tests.file_delivery.ends import Ends, heard
from tlm_cmd.cfdp.codes import ConditionCode, DeliveryCode, Mode
from tlm_cmd.cfdp.indications import TransactionFinished
from tlm_cmd.cfdp.requests import PutRequest

SOAK = int(os.environ.get("FLIGHTSW_SOAK", "1"))
HOUR_NS = 3600 * 1_000_000_000
BAD = LinkQuality(loss=0.2, repeats=0.05, reorders=0.1)
IDEAL_PDUS = 196 + 5
"""Of 200 kB in segments of 1024 octets: the segments, metadata, EOF, Finished, and two acknowledgements."""


def carried(
    seed: int, quality: LinkQuality, remote: dict[str, object], octets: int = 200_000
) -> tuple[Ends, LossyLink]:
    """Send a file over a link."""
    chance = random.Random(seed)
    ends = Ends(remote, content=chance.randbytes(octets))
    ends.sender.put(PutRequest(2, "there", "here"))
    link = LossyLink((ends.sender, ends.receiver), quality, chance)
    link.run(HOUR_NS)
    return ends, link


def conditions(ends: Ends) -> list[ConditionCode]:
    """How both ends say that it went."""
    ended = heard(ends.sender, TransactionFinished) + heard(ends.receiver, TransactionFinished)
    return [finished.condition for finished in ended]


@pytest.mark.soak
@pytest.mark.untraced
def test_every_transaction_closes_with_the_file_intact() -> None:
    """200 kB, a fifth lost each way, with repeats and disorder, in less than twice the ideal number of PDUs each."""
    for seed in range(300 * SOAK):
        ends, link = carried(seed, BAD, {})
        assert link.over, seed
        assert ends.delivered == ends.files[0].get("there"), seed
        assert conditions(ends) == [ConditionCode.NO_ERROR] * 2, seed
        assert sum(link.sent) < 2 * IDEAL_PDUS, seed


@pytest.mark.soak
@pytest.mark.untraced
@pytest.mark.parametrize(
    "remote",
    [
        {"immediate_nak": True},
        {"checksum_type": 3, "crc": True},
        {"max_pdu_octets": 64},
        {"keep_alive_interval_ns": 50_000_000, "keep_alive_limit_octets": 1 << 20},
    ],
    ids=str,
)
def test_with_other_parameters(remote: dict[str, object]) -> None:
    """Gaps asked for when they show, a CRC, short PDUs, and reports of progress."""
    for seed in range(10 * SOAK):
        ends, link = carried(seed, BAD, remote, 50_000)
        assert link.over, seed
        assert ends.delivered == ends.files[0].get("there"), seed
        assert conditions(ends) == [ConditionCode.NO_ERROR] * 2, seed


@pytest.mark.soak
@pytest.mark.untraced
@pytest.mark.parametrize("loss", [0.5, 0.8])
def test_over_hardly_any_link(loss: float) -> None:
    """Every transaction closes, one way or the other, and the ends never take a broken file for a good one."""
    for seed in range(10 * SOAK):
        ends, link = carried(seed, LinkQuality(loss=loss, repeats=0.2, reorders=0.5), {"ack_limit": 8}, 20_000)
        assert link.over, seed
        if ends.delivered is not None:
            assert ends.delivered == ends.files[0].get("there"), seed
        assert list(ends.files[1].files) in ([], ["here"]), seed


@pytest.mark.soak
@pytest.mark.untraced
def test_unacknowledged_transactions_close_as_well() -> None:
    """With the whole file if nothing was lost of it, and without one otherwise."""
    delivered = 0
    for seed in range(30 * SOAK):
        quality = LinkQuality(loss=0.05, repeats=0.05, reorders=0.1)
        ends, link = carried(seed, quality, {"mode": Mode.UNACKNOWLEDGED}, 10_000)
        assert link.over, seed
        assert ends.delivered in (None, ends.files[0].get("there")), seed
        delivered += ends.delivered is not None
        for finished in heard(ends.receiver, TransactionFinished):
            assert (finished.delivery is DeliveryCode.COMPLETE) == (ends.delivered is not None), seed
    assert 0 < delivered < 30 * SOAK


@pytest.mark.soak
@pytest.mark.untraced
def test_passes_restarts_and_losses_together() -> None:
    """A file sent over many short passes, between which either end restarts, arrives all the same."""
    for seed in range(10 * SOAK):
        chance = random.Random(seed)
        ends = Ends(content=chance.randbytes(60_000))
        ends.sender.put(PutRequest(2, "there", "here"))
        for _ in range(100):
            link = LossyLink((ends.sender, ends.receiver), BAD, chance)
            link.now_ns = ends.now_ns
            link.run(ends.now_ns + chance.randrange(1, 15) * 1_000_000_000)
            if ends.over:
                break
            ends.now_ns = link.now_ns
            ends.sender.freeze(2)
            ends.receiver.freeze(1)
            ends.now_ns += chance.randrange(HOUR_NS)
            if chance.random() < 0.5:
                ends.restart(chance.randrange(2))
            ends.sender.thaw(2, ends.now_ns)
            ends.receiver.thaw(1, ends.now_ns)
        assert ends.over, seed
        assert ends.delivered == ends.files[0].get("there"), seed
        assert conditions(ends) == [ConditionCode.NO_ERROR] * 2, seed
