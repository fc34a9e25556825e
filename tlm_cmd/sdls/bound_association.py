"""An association with its key, and why there may be none (CCSDS 355.0-B-2, 4.2.2; 355.1-B-1, 3.3)."""

from enum import IntEnum, unique

from tlm_cmd.errors import ProtocolError
from tlm_cmd.sdls.algorithms import make_cipher
from tlm_cmd.sdls.association import AssociationParameters, AssociationRecord
from tlm_cmd.sdls.key_ring import KeyEntry
from tlm_cmd.sdls.key_use import RESERVATION, KeyUse
from tlm_cmd.sdls.protection import FrameProtection


@unique
class AssociationProblem(IntEnum):
    """Why something cannot be done with an association."""

    UNKNOWN_SPI = 0
    WRONG_STATE = 1
    BAD_CHANNEL = 2
    """It may not serve this channel."""
    UNKNOWN_KEY = 3
    """There is no such session key, or it is destroyed."""
    KEY_NOT_ACTIVE = 4
    WRONG_KEY_SIZE = 5
    KEY_OF_ANOTHER = 6
    """The key has served another association."""
    TOO_MANY_KEYS = 7
    NOT_FORWARD = 8
    """A sequence number that may have been used before, or none that there can be."""


class AssociationRefusedError(ProtocolError):
    """Something that cannot be done with an association; it was left as it was."""

    def __init__(self, spi: int, problem: AssociationProblem) -> None:
        super().__init__(f"association {spi}: {problem.name.lower().replace('_', ' ')}")
        self.spi, self.problem = spi, problem


class BoundAssociation:
    """An association that has its key: what protecting or processing a frame needs, at hand."""

    __slots__ = ("channels", "entry", "last_counter", "parameters", "protection", "record", "usable_until", "use")

    def __init__(
        self, parameters: AssociationParameters, record: AssociationRecord, entry: KeyEntry, use: KeyUse
    ) -> None:
        if entry.secret is None:
            raise AssociationRefusedError(parameters.spi, AssociationProblem.UNKNOWN_KEY)
        if len(entry.secret) != parameters.algorithm.key_octets:
            raise AssociationRefusedError(parameters.spi, AssociationProblem.WRONG_KEY_SIZE)
        self.parameters, self.record, self.entry, self.use = parameters, record, entry, use
        self.protection = FrameProtection(parameters, make_cipher(parameters.algorithm, entry.secret))
        self.last_counter = parameters.last_counter
        self.channels = frozenset(record.channels)
        self.usable_until = 0
        """Sender: numbers below it are known to be saved as reserved. No part of the state: a restart forgets it."""

    @property
    def is_low(self) -> bool:
        """Sender: whether fewer than a quarter of a reservation can be used, though there are more numbers."""
        left = self.usable_until - self.use.next_counter
        return left < RESERVATION // 4 and self.usable_until <= self.last_counter
