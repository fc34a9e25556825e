"""Compiles the decoder of one XTCE ``SequenceContainer``, with all that it inherits, to straight-line code."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from enum import Enum, unique

from tlm_cmd.definition.decoder import DecodeFunction
from tlm_cmd.definition.generated import GeneratedSource
from tlm_cmd.xtce.budget import Budget
from tlm_cmd.xtce.errors import XtceError
from tlm_cmd.xtce.packet_model import Container
from tlm_cmd.xtce.packet_reader import PacketReader
from tlm_cmd.xtce.structures import entries_of


@unique
class Rest(Enum):
    """What becomes of octets behind the last entry of a packet."""

    REFUSE = "refuse"
    ALLOW = "allow"


FAULTS = (struct.error, TypeError, ValueError, OverflowError, ArithmeticError, LookupError)
"""What generated code may meet in values that nobody foresaw; it becomes a ProtocolError."""


def compile_packet(
    container: Container, containers: Mapping[str, Container], budget: Budget, *, raw: bool, rest: Rest
) -> tuple[DecodeFunction, tuple[str, ...]]:
    """The decoder of a container, and the names of its fields as the file has them.

    Args:
        container: which one.
        containers: all by path.
        budget: what is left of the values that the file may have.
        raw: whether it gives raw values instead of engineering values.
        rest: what becomes of octets behind the last entry.

    Raises:
        XtceError: something stands where it cannot be read, or refers to what is not there.
    """
    name = container.path.rpartition("/")[2]
    source = GeneratedSource(name)
    reader = PacketReader(source, name, containers, raw=raw, budget=budget)
    reader.entries(entries_of(container.path, containers, container.line))
    end = reader.end()
    if rest is Rest.REFUSE:
        fit = f"{end} - start"
        source.line(f"if {end} != end: raise LengthError({name!r}, end - start, {fit}, {fit})")
    result = reader.message(name)
    return guarded(source, name, result), tuple(reader.fields)


def guarded(source: GeneratedSource, name: str, result: str) -> DecodeFunction:
    """The function whose statements stand in a source; it raises nothing but ProtocolErrors.

    Raises:
        XtceError: it is too large to be compiled.
    """
    source.names["FAULTS"] = FAULTS
    try:
        return _compiled(source, name, result)
    except (SyntaxError, RecursionError, MemoryError) as error:
        raise XtceError("SequenceContainer", name, 0, f"is too large to be compiled: {error}") from None


def _compiled(source: GeneratedSource, name: str, result: str) -> DecodeFunction:
    decode: DecodeFunction = source.function(
        "decode(data, start=0, end=None)",
        [
            "if type(data) is not bytes: data = bytes(data)",
            "if end is None or end > len(data): end = len(data)",
            "try:",
            *(f"    {line}" for line in source.lines),
            f"    return {result}",
            "except ProtocolError:",
            "    raise",
            "except FAULTS as error:",
            f"    raise ProtocolError({name!r} + f': {{error}}') from error",
        ],
    )
    return decode
