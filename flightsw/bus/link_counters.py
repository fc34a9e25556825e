"""What the links of one process have met that is neither delivered nor in the ledger."""

from __future__ import annotations

import msgspec


class LinkCounters(msgspec.Struct):
    """Counters of one process, over all its links.

    Attributes:
        foreign: messages that were no batch of this vehicle, or whose counts cannot be true.
        different: batches of processes that declare the mission's messages differently, by name of the process.
        out_of_order: commands dropped because one before them was missing; their sender sends them again.
        duplicates: commands dropped because they were taken before.
        resent: commands sent again.
        unconfirmed: commands on their way, accepted and not dealt with yet.
        unkept: commands, and the news that some were dealt with, that could not be written to the outbox.
        refused_connections: of other computers, for want of a key on the list.
        last_refused: address and reason of the last one.
    """

    foreign: int = 0
    different: dict[str, int] = {}
    out_of_order: int = 0
    duplicates: int = 0
    resent: int = 0
    unconfirmed: int = 0
    unkept: int = 0
    refused_connections: int = 0
    last_refused: str = ""
