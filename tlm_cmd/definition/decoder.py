"""Compiles the decoder of a record: straight-line code around ``struct``, the inverse of the encoder."""

from __future__ import annotations

import struct
from typing import Any, Protocol

from tlm_cmd.definition.generated import GeneratedSource
from tlm_cmd.definition.layout import RecordLayout
from tlm_cmd.definition.reader import Reader
from tlm_cmd.definition.scalars import is_plain


class DecodeFunction(Protocol):
    """Decodes the message in ``data[start:end]``, which it must fill exactly; ``end`` None is the end of the data."""

    def __call__(self, data: bytes | bytearray | memoryview, start: int = 0, end: int | None = None) -> Any:  # noqa: ANN401, D102
        ...


def compile_decoder(layout: RecordLayout) -> DecodeFunction:
    """The decoder for one layout; it raises nothing but ProtocolError, which names the field."""
    source = GeneratedSource(layout.name)
    fewest, most = layout.octet_bounds
    misfit = f"raise misfit({layout.name!r}, end - start, {fewest}, {most})"
    reader = Reader(source, layout.name, "start")
    result = reader.plain_record(layout) if is_plain(layout) else reader.record(layout)
    reader.close_run()
    statements = ["if end is None or end > len(data): end = len(data)"]
    if layout.fixed_octets is not None:
        statements.append(f"if end - start != {fewest}: {misfit}")
    else:
        statements.append(f"if end - start < {fewest}: {misfit}")
        statements.append("if type(data) is not bytes: data, start, end = bytes(data[start:end]), 0, end - start")
        source.line(f"if {reader.position} != end: {misfit}")
    decode: DecodeFunction = source.function(
        "decode(data, start=0, end=None)", [*statements, *guarded(source, layout, f"return {result}")]
    )
    return decode


def guarded(source: GeneratedSource, layout: RecordLayout, use: str) -> list[str]:
    """The statements gathered so far and a last one, so that they raise nothing but ProtocolError."""
    source.names["FAULTS"] = (struct.error, TypeError, ValueError, OverflowError)
    return [
        "try:",
        *(f"    {line}" for line in source.lines),
        f"    {use}",
        "except ProtocolError:",
        "    raise",
        "except FAULTS as error:",  # what a class of its own checks refuses
        f"    raise ProtocolError({layout.name!r} + f': {{error}}') from error",
    ]
