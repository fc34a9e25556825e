"""A campaign of forged, replayed, reordered, truncated and re-tagged frames, and genuine ones among them.

``FLIGHTSW_SOAK=N`` multiplies the frames; ``make soak`` does.
"""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import Callable

import pytest

from tests.security.ends import (
    CMAC_SPI,
    SECOND_TC_SPI,
    TC_CHANNEL,
    TC_HEADER,
    TC_KEY,
    TM_SPI,
    flipped,
    ready,
    tc_association,
    two_ends,
)
from tlm_cmd.sdls.algorithms import Algorithm
from tlm_cmd.sdls.association import AssociationParameters
from tlm_cmd.sdls.refusals import ProtectionRefusedError

SOAK = int(os.environ.get("FLIGHTSW_SOAK", "1"))
ATTACKS_PER_ALGORITHM = 102_000
ATTACKS_PER_GENUINE = 40
KEPT = 2000
"""Old frames that the attacker has recorded."""


class Campaign:
    """An attacker between two ends, who knows everything but the keys.

    Args:
        parameters: the association that is attacked.
        seed: of the attacker.
    """

    def __init__(self, parameters: AssociationParameters, seed: int) -> None:
        self.chance = random.Random(seed)
        others = (
            tc_association(spi=SECOND_TC_SPI, key_id=None),
            tc_association(Algorithm.AES_256_CMAC, spi=CMAC_SPI, key_id=TC_KEY + 3, header_mask=b"\xff" * 5),
            tc_association(spi=TM_SPI, key_id=TC_KEY + 2).mirrored(),
        )
        self.near, self.far = two_ends(parameters, *others)
        for end in (self.near, self.far):
            end.table.stop(CMAC_SPI)
        self.stranger, _ = two_ends(parameters, seed=seed + 1000)
        self.recorded: list[bytes] = []
        self.next = b""
        self.attacks: tuple[Callable[[], bytes], ...] = (
            self.replayed,
            self.overtaken,
            self.bit_flipped,
            self.octets_changed,
            self.truncated,
            self.extended,
            self.spliced,
            self.of_wrong_key,
            self.of_wrong_spi,
            self.renumbered,
            self.made_up,
        )

    def genuine(self) -> bytes:
        """The next frame of the near end; now and then some before it are lost, and recorded by the attacker."""
        for _ in range(self.chance.choice((1, 1, 1, 3))):
            data = self.chance.randbytes(self.chance.randint(1, 60))
            octets = self.protected(self.near, data)
            self.recorded.append(octets)
            self.next = data
        del self.recorded[:-KEPT]
        return octets

    def protected(self, end: object, data: bytes) -> bytes:
        """A frame of an end, which reserves numbers when it must."""
        assert isinstance(end, type(self.near))
        try:
            return end.protect(TC_CHANNEL, TC_HEADER, data)
        except ProtectionRefusedError:
            return ready(end).protect(TC_CHANNEL, TC_HEADER, data)

    def replayed(self) -> bytes:
        """The newest frame once more."""
        return self.recorded[-1]

    def overtaken(self) -> bytes:
        """Any earlier frame, taken or lost before."""
        return self.chance.choice(self.recorded)

    def bit_flipped(self) -> bytes:
        """A recorded frame with one bit changed."""
        octets = self.chance.choice(self.recorded)
        return flipped(octets, self.chance.randrange(8 * len(octets)))

    def octets_changed(self) -> bytes:
        """The newest frame with some octets changed, its MAC among them or not."""
        octets = bytearray(self.recorded[-1])
        for _ in range(self.chance.randint(1, 20)):
            octets[self.chance.randrange(len(octets))] ^= self.chance.randint(1, 255)
        return bytes(octets)

    def truncated(self) -> bytes:
        """A frame cut short at either end."""
        octets = self.chance.choice(self.recorded)
        cut = self.chance.randint(1, len(octets))
        return octets[:-cut] if self.chance.random() < 0.7 else octets[cut:]

    def extended(self) -> bytes:
        """A frame with something behind it."""
        return self.chance.choice(self.recorded) + self.chance.randbytes(self.chance.randint(1, 20))

    def spliced(self) -> bytes:
        """The start of one frame and the end of another."""
        one, other = self.chance.choice(self.recorded), self.chance.choice(self.recorded)
        return one[: self.chance.randrange(len(one))] + other[self.chance.randrange(len(other)) :]

    def of_wrong_key(self) -> bytes:
        """A frame that somebody with another key has made."""
        return self.protected(self.stranger, b"open sesame")

    def of_wrong_spi(self) -> bytes:
        """A frame under the SPI of another association, or of none."""
        spi = self.chance.choice((0, SECOND_TC_SPI, TM_SPI, CMAC_SPI, 5, 0xFFFF, self.chance.randrange(2, 0x10000)))
        return spi.to_bytes(2, "big") + self.recorded[-1][2:]

    def renumbered(self) -> bytes:
        """A recorded frame with a sequence number just ahead, as a receiver would take it next."""
        octets, newest = bytearray(self.chance.choice(self.recorded)), self.recorded[-1]
        at = 14 if newest[1:2] == b"\1" and self.near.table.parameters[1].algorithm.iv_octets else 6
        number = int.from_bytes(newest[2:at], "big") + self.chance.randint(1, 16)
        octets[2:at] = number.to_bytes(at - 2, "big")
        return bytes(octets)

    def made_up(self) -> bytes:
        """Random octets under the right SPI."""
        return b"\0\1" + self.chance.randbytes(self.chance.randint(0, 80))

    def run(self, attacks: int) -> Counter[str]:
        """Attack so often, with genuine frames between; returns how many frames of each kind were taken."""
        taken: Counter[str] = Counter()
        for number in range(attacks):
            if number % ATTACKS_PER_GENUINE == 0:
                result = self.far.process(TC_CHANNEL, TC_HEADER, self.genuine())
                taken["genuine"] += result.refusal is None and result.data == self.next
            attack = self.attacks[number % len(self.attacks)]
            result = self.far.process(TC_CHANNEL, TC_HEADER, attack())
            if result.refusal is None or result.data:
                taken[attack.__name__] += 1
        return taken


@pytest.mark.untraced
@pytest.mark.soak
@pytest.mark.parametrize("algorithm", [Algorithm.AES_256_GCM, Algorithm.AES_256_GMAC, Algorithm.AES_256_CMAC])
@pytest.mark.parametrize("seed", range(SOAK))
def test_nothing_forged_is_taken(algorithm: Algorithm, seed: int) -> None:
    """Of 306,000 attacks of eleven kinds none is taken; every genuine frame is, once; and all are counted."""
    campaign = Campaign(tc_association(algorithm), seed)
    taken = campaign.run(ATTACKS_PER_ALGORITHM)
    genuine = ATTACKS_PER_ALGORITHM // ATTACKS_PER_GENUINE
    assert taken == {"genuine": genuine}
    counters = campaign.far.state.counters
    assert counters.received == ATTACKS_PER_ALGORITHM + genuine
    assert (counters.accepted, counters.refused.total) == (genuine, ATTACKS_PER_ALGORITHM)
    refused = counters.refused
    reasons = (refused.too_short, refused.unknown_spi, refused.not_operational, refused.wrong_role, refused.replayed)
    assert min(*reasons, refused.bad_mac) > 500
