"""Messages to octets and back, compiled once per class from its layout."""

from __future__ import annotations

import struct
from functools import cache
from typing import Any, Generic, TypeVar, cast

from tlm_cmd.definition.compiler import compile_decoder, compile_encoder
from tlm_cmd.definition.fields import Number
from tlm_cmd.definition.layout import FieldLayout, RecordLayout, layout_of
from tlm_cmd.definition.message import Record
from tlm_cmd.definition.wire_values import LengthError
from tlm_cmd.errors import FieldRangeError, ProtocolError

RecordType = TypeVar("RecordType", bound=Record)


class FieldTypeError(ProtocolError):
    """A field holds a value of another type than its definition says."""

    def __init__(self, field: str, value: object, expected: str) -> None:
        super().__init__(f"{field} is {value!r} of type {type(value).__name__}, expected {expected}")
        self.field, self.value, self.expected = field, value, expected


class Codec(Generic[RecordType]):
    """Encodes and decodes one message class.

    Attributes:
        layout: the description it was compiled from.
    """

    def __init__(self, record: type[RecordType]) -> None:
        self.layout = layout_of(record)
        self._encode = compile_encoder(self.layout)
        self._decode = compile_decoder(self.layout)

    def encode(self, message: RecordType) -> bytes:
        """The message's octets.

        Raises:
            ProtocolError: a field does not fit its definition; the error names field, value and allowed values.
        """
        try:
            return self._encode(message)
        except ProtocolError:
            raise
        except (struct.error, TypeError, ValueError, OverflowError, AttributeError) as error:
            _find_culprit(self.layout, message, self.layout.name)
            raise ProtocolError(f"{self.layout.name}: {error}") from error

    def decode(self, data: bytes | bytearray | memoryview, start: int = 0, end: int | None = None) -> RecordType:
        """The message in ``data[start:end]``, which it must fill exactly.

        Raises:
            ProtocolError: too short, too long, or a value that the definition does not allow.
        """
        if end is None:
            end = len(data)
        message, position = self._decode(data, start, end)
        if position != end:
            fewest, most = self.layout.octet_bounds
            raise LengthError(self.layout.name, end - start, fewest, most)
        return cast("RecordType", message)


@cache
def codec_of(record: type[RecordType]) -> Codec[RecordType]:
    """The codec of a message class; compiled at the first call.

    Raises:
        DefinitionError: the class cannot be laid out.
    """
    return Codec(record)


def _find_culprit(layout: RecordLayout, value: Any, path: str) -> None:  # noqa: ANN401 - anything a caller put there
    """Raise the error that explains which field could not be encoded."""
    for field in layout.fields:
        _check_value(field, getattr(value, field.name, None), f"{path}.{field.name}")


def _check_value(field: FieldLayout, value: Any, path: str) -> None:  # noqa: ANN401 - anything a caller put there
    if field.record is not None:
        if not isinstance(value, field.record.python_class):
            raise FieldTypeError(path, value, field.record.name)
        _find_culprit(field.record, value, path)
    elif field.item is not None:
        if not isinstance(value, tuple):
            raise FieldTypeError(path, value, "tuple")
        for index, item in enumerate(value):
            _check_value(field.item, item, f"{path}[{index}]")
    elif not isinstance(value, _PYTHON_TYPES[field.kind.value]):
        raise FieldTypeError(path, value, field.kind.value)
    elif isinstance(field.wire, Number) and not field.wire.lowest <= float(value) <= field.wire.highest:
        raise FieldRangeError(path, value, field.wire.lowest, field.wire.highest)


_PYTHON_TYPES: dict[str, tuple[type[Any], ...]] = {
    "integer": (int,),
    "float": (float, int),
    "boolean": (bool,),
    "enumeration": (int,),
    "text": (str,),
    "octets": (bytes, bytearray, memoryview),
}
