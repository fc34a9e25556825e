"""Messages to octets and back, compiled once per class from its layout."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Generic, Protocol, TypeVar

from tlm_cmd.definition.compiler import compile_decoder, compile_encoder
from tlm_cmd.definition.layout import layout_of
from tlm_cmd.definition.message import Record

RecordType = TypeVar("RecordType", bound=Record)
Decoded_co = TypeVar("Decoded_co", bound=Record, covariant=True)


class Decode(Protocol[Decoded_co]):
    """A compiled decoder of one message class."""

    def __call__(self, data: bytes | bytearray | memoryview, start: int = 0, end: int | None = None) -> Decoded_co:
        """The message in ``data[start:end]``; see `Codec`."""
        ...


class Codec(Generic[RecordType]):
    """Encodes and decodes one message class.

    Attributes:
        layout: the description it was compiled from.
        encode: the message's octets. Raises ProtocolError when a field does not fit its definition; the error names
            field, value and what is allowed.
        decode: the message in ``data[start:end]``, which it must fill exactly, with 0 <= start and, unless given, the
            end of the data as the end. Raises ProtocolError when it is too short, too long, or holds a value that the
            definition does not allow.
    """

    encode: Callable[[RecordType], bytes]
    decode: Decode[RecordType]

    def __init__(self, record: type[RecordType]) -> None:
        self.layout = layout_of(record)
        self.encode = compile_encoder(self.layout)
        self.decode = compile_decoder(self.layout)


@cache
def codec_of(record: type[RecordType]) -> Codec[RecordType]:
    """The codec of a message class; compiled at the first call.

    Raises:
        DefinitionError: the class cannot be laid out.
    """
    return Codec(record)
