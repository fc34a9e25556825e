"""Source text of a generated function, and the names that it refers to."""

from __future__ import annotations

import struct
from math import inf
from typing import Any

from tlm_cmd.definition import wire_values
from tlm_cmd.errors import FieldRangeError, ProtocolError, TooShortError


class GeneratedSource:
    """A function under construction.

    Attributes:
        name: what it encodes or decodes, for tracebacks.
        lines: statements of its body.
        names: what the statements refer to.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.lines: list[str] = []
        self.names: dict[str, Any] = {
            "inf": inf,
            "pack_items": struct.pack,
            "unpack_items": struct.unpack_from,
            "FieldRangeError": FieldRangeError,
            "LengthError": wire_values.LengthError,
            "ProtocolError": ProtocolError,
            "TooShortError": TooShortError,
            "fixed_octets": wire_values.fixed_octets,
            "fixed_utf8": wire_values.fixed_utf8,
            "items": wire_values.items,
            "misfit": wire_values.misfit,
            "octets": wire_values.octets,
            "saturated": wire_values.saturated,
            "text": wire_values.text,
            "utf8": wire_values.utf8,
        }
        self._locals = 0

    def bind(self, prefix: str, value: object) -> str:
        """Give ``value`` a fresh name."""
        name = f"{prefix}{len(self.names)}"
        self.names[name] = value
        return name

    def local(self) -> str:
        """A fresh name of a local variable."""
        self._locals += 1
        return f"v{self._locals}"

    def line(self, line: str) -> None:
        """Add a statement."""
        self.lines.append(line)

    def function(self, signature: str, body: list[str]) -> Any:  # noqa: ANN401 - the function just made
        """Compile the function whose body is given, and return it."""
        text = "\n".join([f"def {signature}:", *(f"    {line}" for line in body)])
        exec(compile(text, f"<codec of {self.name}>", "exec"), self.names)  # noqa: S102 - own source
        return self.names[signature.partition("(")[0]]


def literal(value: float) -> str:
    """A number as source text; the name ``inf`` is known to every generated function."""
    return repr(int(value)) if isinstance(value, int) else repr(float(value))


def outside(name: str, lowest: float, highest: float) -> str:
    """The condition that a value is outside a range, or not a number."""
    return f"not {literal(lowest)} <= {name} <= {literal(highest)}"
