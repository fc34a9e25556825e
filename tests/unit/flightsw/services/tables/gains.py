"""A table for the tests of tables."""

from __future__ import annotations

from typing import Annotated

from flightsw.services.tables.content import TableRules
from tlm_cmd.definition.codec import codec_of
from tlm_cmd.definition.fields import U8, Range, UpTo
from tlm_cmd.definition.message import Record


class Gains(Record):
    """A table of at most 6 octets."""

    first: Annotated[int, U8, Range(0, 100)]
    rest: Annotated[tuple[Annotated[int, U8], ...], UpTo(4)]


def check(gains: Gains) -> str | None:
    """The app's rule."""
    if gains.first == 99:
        raise ZeroDivisionError("rule")
    return "7 is unlucky" if gains.first == 7 else None


def image(first: int, *rest: int) -> bytes:
    """A binary image."""
    return codec_of(Gains).encode(Gains(first, rest))


RULES = TableRules("power", "gains", Gains, check)
