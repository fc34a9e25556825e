"""On-board parameters: the fields of the packets that apps send, each with an identifier. Pure.

The identifier is the number of the packet within its app, times 256, plus the place of the field in it, from 0. A
parameter is a field that always has the same length, in whole octets; so are none the bit fields, nor what stands
behind one.
"""

from __future__ import annotations

from typing import Any

import msgspec

from apps.telemetry_output.packet_choice import ChoiceError, chosen
from flightsw.app import Ticket
from tlm_cmd.definition.codec import codec_of
from tlm_cmd.definition.dictionary import Dictionary
from tlm_cmd.definition.field_layout import FieldLayout
from tlm_cmd.definition.fields import Bits, UpTo
from tlm_cmd.definition.message import Record, Telemetry

FIELDS_PER_PACKET = 256
PATIENCE_PERIODS = 3
"""Periods of a packet after which a reading that waits for it has failed."""
_NS_PER_S = 1_000_000_000


class Reading(msgspec.Struct, frozen=True):
    """Parameters that are to be reported when their packet comes next.

    Attributes:
        ticket: who has asked.
        apid: of the packet.
        parameters: which ones.
        until_ns: vehicle time at which it has failed.
    """

    ticket: Ticket
    apid: int
    parameters: tuple[int, ...]
    until_ns: int


class Wanted(msgspec.Struct, frozen=True):
    """What is to be read.

    Attributes:
        apid: of the packet.
        patience_ns: how long it may take until it comes.
    """

    apid: int
    patience_ns: int


def wanted(dictionary: Dictionary, apid: int, parameters: tuple[int, ...]) -> Wanted:
    """The packet that has all parameters.

    Raises:
        ChoiceError: none is named, they are of several packets, of one that is not made periodically, or one of them
            is no parameter.
    """
    packets = dict.fromkeys(parameter // FIELDS_PER_PACKET for parameter in parameters)
    if len(packets) != 1:
        raise ChoiceError(f"parameters of {len(packets)} packets; name those of one")
    [packet] = chosen(dictionary, apid, tuple(packets))
    entry = dictionary.telemetry_by_apid(packet)
    if entry is None or entry.record.period_s is None:
        raise ChoiceError(f"the packet of APID 0x{packet:03x} is not made periodically")
    fields = _whole_fields(entry.record)
    for parameter in parameters:
        place = parameter % FIELDS_PER_PACKET
        if place >= len(fields) or fields[place].fixed_octets is None:
            raise ChoiceError(f"0x{parameter:04x} is no parameter: {entry.name} has no such field of fixed length")
    return Wanted(packet, round(entry.record.period_s * PATIENCE_PERIODS * _NS_PER_S))


def values_of(message: Telemetry, parameters: tuple[int, ...]) -> bytes:
    """Identifiers, two octets each, and values, in turn.

    Raises:
        ProtocolError: a field of the message does not fit its definition.
    """
    payload = codec_of(type(message)).encode(message)
    starts = [0]
    for field in _whole_fields(type(message)):
        starts.append(starts[-1] + _octets(field, getattr(message, field.name)))
    found = b""
    for parameter in parameters:
        place = parameter % FIELDS_PER_PACKET
        found += parameter.to_bytes(2, "big") + payload[starts[place] : starts[place + 1]]
    return found


def _whole_fields(record: type[Record]) -> tuple[FieldLayout, ...]:
    """The fields in front of the first bit field."""
    fields = codec_of(record).layout.fields
    count = next((place for place, field in enumerate(fields) if _has_bits(field)), len(fields))
    return fields[:count]


def _has_bits(field: FieldLayout) -> bool:
    """Whether a field is, or holds, a bit field."""
    if field.record is not None:
        return any(map(_has_bits, field.record.fields))
    return isinstance(field.wire, Bits) or (field.item is not None and _has_bits(field.item))


def _octets(field: FieldLayout, value: Any) -> int:  # noqa: ANN401 - whatever the field holds
    """The length of a field that holds a value."""
    if field.fixed_octets is not None:
        return field.fixed_octets
    if field.record is not None:
        return sum(_octets(inner, getattr(value, inner.name)) for inner in field.record.fields)
    prefix = field.extent.prefix.octets if isinstance(field.extent, UpTo) else 0
    if field.item is not None:
        return prefix + sum(_octets(field.item, item) for item in value)
    return prefix + len(value.encode() if isinstance(value, str) else value)
