"""What travels between processes: batches of messages behind a header that makes every loss and every mix-up visible.

A batch is ``header | item | item | ...``; an item is ``message id, octets of the payload, payload``, in front of a
command's payload who asked and its number on the link. A batch without items only says how much was offered, and which
commands of both directions have been dealt with. A CRC-32 covers all of it.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from functools import partial
from typing import Any

import msgspec

from flightsw.bus.requests import Passage, Request
from tlm_cmd.definition.codec import codec_of
from tlm_cmd.definition.dictionary import COMMAND_MESSAGE_ID, Dictionary
from tlm_cmd.definition.message import Command, Event, Telemetry
from tlm_cmd.errors import ProtocolError
from tlm_cmd.packets.verification import RequestId

MAGIC = 0xF55D
APID_BITS = 0x7FF
WANTS_ID = 0
"""In the place of a message id: which messages the sender wants. No message of the bus has this id."""

_HEADER = struct.Struct(">HHIHIQQQIQI")
_CRC = struct.Struct(">I")
_ITEMS_OFFSET = _HEADER.size + _CRC.size
_ITEM = struct.Struct(">HH")
_COMMAND = struct.Struct(">HHBI")


class BatchError(ProtocolError):
    """Octets that are no batch of this vehicle."""


class DifferentDictionaryError(BatchError):
    """The sender declares the mission's messages differently; give both ends the same software and mission file."""

    def __init__(self, source: int, ours: int, theirs: int) -> None:
        super().__init__(f"process {source} has dictionary {theirs:08x}, ours is {ours:08x}")
        self.source, self.ours, self.theirs = source, ours, theirs


class BatchHeader(msgspec.Struct, frozen=True):
    """What every batch says about itself.

    Attributes:
        source: number of the sending process.
        epoch: which incarnation of that process.
        count: messages in the batch.
        dictionary: begin of the content hash of the sender's dictionary.
        before: messages that this incarnation offered to this link before, the ones it dropped included.
        dropped: those of them that it dropped itself, because the link was full.
        series: identity of the numbers of the sender's commands.
        settled: number of the last command of the sender that the receiver has confirmed.
        confirmed_series: identity of the numbers of the receiver's commands that the next field is about.
        confirmed: number of the last command of the receiver that has been dealt with here; 0 when none has.
    """

    source: int
    epoch: int
    count: int
    dictionary: int
    before: int
    dropped: int
    series: int = 0
    settled: int = 0
    confirmed_series: int = 0
    confirmed: int = 0


def pack_batch(header: BatchHeader, items: list[bytes]) -> bytes:
    """Header and items in one message."""
    head = _HEADER.pack(MAGIC, *msgspec.structs.astuple(header))
    body = b"".join(items)
    return b"".join((head, _CRC.pack(zlib.crc32(body, zlib.crc32(head))), body))


def unpack_header(data: bytes, dictionary_mark: int) -> BatchHeader:
    """The header of a batch that came whole.

    Raises:
        BatchError: too short, another kind of message, or damaged.
        DifferentDictionaryError: the sender's dictionary has another mark.
    """
    if len(data) < _ITEMS_OFFSET:
        raise BatchError(f"batch of {len(data)} octets, at least {_ITEMS_OFFSET} are needed")
    magic, *fields = _HEADER.unpack_from(data)
    if magic != MAGIC:
        raise BatchError(f"batch begins with 0x{magic:04x}, 0x{MAGIC:04x} is needed")
    found = zlib.crc32(memoryview(data)[_ITEMS_OFFSET:], zlib.crc32(data[: _HEADER.size]))
    (announced,) = _CRC.unpack_from(data, _HEADER.size)
    if found != announced:
        raise BatchError(f"batch has CRC-32 0x{found:08x}, 0x{announced:08x} was announced")
    header = BatchHeader(*fields)
    if header.dictionary != dictionary_mark:
        raise DifferentDictionaryError(header.source, dictionary_mark, header.dictionary)
    return header


class Wants(msgspec.Struct, frozen=True):
    """Which messages a process on another computer wants; it says so itself, for no supervisor knows both.

    Attributes:
        message_ids: all of them.
    """

    message_ids: list[int]


class Unpacked(msgspec.Struct, frozen=True):
    """The content of a batch: (message id, message) pairs, and how many items could not be read."""

    messages: list[tuple[int, object]]
    malformed: int


Decode = Callable[[bytes, int, int], object]


class MessagePacker:
    """Messages of the bus to items of a batch, and back.

    Args:
        dictionary: the mission's dictionary.

    Attributes:
        dictionary_mark: begin of the content hash of the dictionary, which both ends must share.
    """

    def __init__(self, dictionary: Dictionary) -> None:
        self.dictionary_mark = int(dictionary.content_hash[:8], 16)
        self._dictionary = dictionary
        self._encoded: tuple[object, bytes] = (None, b"")
        self._encoders: dict[type, Callable[[Any], bytes]] = {}
        self._decoders: dict[int, Decode] = {}

    def payload(self, message: object) -> bytes:
        """A message's octets; asked for the same object again, as each link of a message does, they are at hand.

        Raises:
            ProtocolError: a field does not fit its definition, or it is no message.
        """
        known, payload = self._encoded
        if message is not known:
            encode = self._encoders.get(type(message)) or self._encoder(type(message))
            payload = encode(message)
            self._encoded = (message, payload)
        return payload

    def _encoder(self, kind: type) -> Callable[[Any], bytes]:
        """What makes the octets of one class of messages."""
        encode: Callable[[Any], bytes]
        if issubclass(kind, Request):
            encode = self._encode_request
        elif issubclass(kind, Event):
            encode = self._dictionary.encode_payload
        elif issubclass(kind, Telemetry | Command):
            encode = codec_of(kind).encode
        else:
            raise BatchError(f"{kind.__name__} is no message")
        self._encoders[kind] = encode
        return encode

    def _encode_request(self, request: Request) -> bytes:
        return self._dictionary.encode_payload(request.command)

    def pack(self, message_id: int, message: object) -> bytes:
        """One item with a report.

        Args:
            message_id: its id on the bus.
            message: telemetry or an event.

        Raises:
            ProtocolError: a field does not fit its definition, or it is no message.
        """
        payload = self.payload(message)
        return _ITEM.pack(message_id, len(payload)) + payload

    @staticmethod
    def pack_wants(wants: Wants) -> bytes:
        """One item that says which messages this process wants."""
        payload = msgspec.msgpack.encode(wants.message_ids)
        return _ITEM.pack(WANTS_ID, len(payload)) + payload

    def pack_command(self, request: Request, number: int) -> bytes:
        """One item with a command.

        Args:
            request: the command.
            number: of the command on its link.

        Raises:
            ProtocolError: a field does not fit its definition.
        """
        identity = request.id
        head = _COMMAND.pack(identity.source, identity.sequence, identity.function, number)
        content = head + self.payload(request)
        return _ITEM.pack(COMMAND_MESSAGE_ID | identity.apid, len(content)) + content

    def unpack_command(self, item: bytes) -> Request:
        """The command of one item that this process has packed; without its passage."""
        message_id, _ = _ITEM.unpack_from(item)
        return self._command(item, message_id & APID_BITS, _ITEM.size, len(item), None)

    def unpack(self, data: bytes, header: BatchHeader) -> Unpacked:
        """The messages of a batch; what cannot be read is counted and left out.

        Items are told apart by their own length; from one that ends beyond the batch on, the rest cannot be read.
        """
        messages: list[tuple[int, object]] = []
        decoders, end, size = self._decoders, _ITEMS_OFFSET, len(data)
        for _ in range(header.count):
            start = end + _ITEM.size
            if start > size:
                break
            message_id, octets = _ITEM.unpack_from(data, end)
            end = start + octets
            if end > size:
                break
            try:
                if message_id & COMMAND_MESSAGE_ID == COMMAND_MESSAGE_ID:
                    messages.append((message_id, self._command(data, message_id & APID_BITS, start, end, header)))
                else:
                    decode = decoders.get(message_id) or self._decoder(message_id)
                    messages.append((message_id, decode(data, start, end)))
            except ProtocolError:
                pass  # counted below, with what was not even reached
        return Unpacked(messages, header.count - len(messages))

    def _decoder(self, message_id: int) -> Decode:
        """What reads the payload of a report."""
        apid = message_id & APID_BITS
        entry = self._dictionary.telemetry_by_apid(apid)
        decode: Decode = entry.codec.decode if entry else partial(self._event, apid)
        if message_id == WANTS_ID:
            decode = _read_wants
        self._decoders[message_id] = decode
        return decode

    def _event(self, apid: int, data: bytes, start: int, end: int) -> Telemetry | Event:
        return self._dictionary.decode_telemetry(apid, data[start:end])[1]

    def _command(self, data: bytes, apid: int, start: int, end: int, header: BatchHeader | None) -> Request:
        if end - start < _COMMAND.size:
            raise BatchError("a command ends before its payload")
        source, sequence, function, number = _COMMAND.unpack_from(data, start)
        entry = self._dictionary.command_by_id(apid, function)
        if entry is None:
            raise BatchError(f"no function {function} at APID 0x{apid:03x}")
        command = entry.codec.decode(data, start + _COMMAND.size, end)
        passage = Passage(header.source, header.series, number) if header else None
        return Request(RequestId(source, apid, sequence, function), command, passage)


def _read_wants(data: bytes, start: int, end: int) -> Wants:
    try:
        return Wants(msgspec.msgpack.decode(data[start:end], type=list[int]))
    except msgspec.MsgspecError as error:
        raise BatchError(f"what a process wants cannot be read: {error}") from error
