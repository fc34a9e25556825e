"""Files and buffers of mixed telemetry packets to columns, one set for each kind of packet of a dictionary."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum, unique
from typing import Annotated

import msgspec
import numpy as np
from numpy.typing import NDArray

from tlm_cmd.bulk.columns import Array, HeaderColumns, PacketColumns, keep_rows
from tlm_cmd.bulk.fixed_fields import Octets, behind, fixed_layout, read_fixed, selected
from tlm_cmd.bulk.packet_index import PacketIndex, PacketRun, index_packets, positions_of
from tlm_cmd.bulk.variable_fields import FieldReader
from tlm_cmd.definition.codec import codec_of
from tlm_cmd.definition.dictionary import SHORT_FORM, Dictionary, DictionaryError
from tlm_cmd.definition.entries import EventEntry, TelemetryEntry
from tlm_cmd.definition.fields import U16, U32, Length
from tlm_cmd.definition.layout import RecordLayout, layout_of
from tlm_cmd.definition.message import Record
from tlm_cmd.errors import ProtocolError
from tlm_cmd.packets.cfs_header import TELEMETRY_PAYLOAD_OFFSET
from tlm_cmd.packets.crc import CRC_OCTETS

MAX_REPORTED_REFUSALS = 1000
"""Refused packets that are listed; all are counted."""

_EVENT_HEADER_OCTETS = 2

Positions = NDArray[np.int64]


@unique
class Check(StrEnum):
    """What was verified of each packet."""

    HEADER = "header"
    PACKET_ERROR_CONTROL = "packet_error_control"
    CONTENT = "content"


@unique
class PacketRefusal(StrEnum):
    """Why a whole packet gave no row."""

    UNKNOWN = "unknown"
    """No packet of the dictionary has this APID, or no event this code and severity."""
    BAD_CONTENT = "bad_content"
    """Its length, or a value in it, does not fit its definition."""


class RefusedPacket(msgspec.Struct, frozen=True, gc=False):
    """A packet that gave no row: where it begins, how long it is, why, and in words."""

    position: int
    octets: int
    refusal: PacketRefusal
    detail: str


class Decoded(msgspec.Struct):
    """What a buffer holds: ``index.packets = sum of the rows of all columns + sum of all refused``.

    Attributes:
        index: which octets are packets, and which are not.
        packets: by name; events too, those in the short form under ``NAME (short)``, without fields.
        refused: packets that gave no row, by reason.
        refusals: the first ``MAX_REPORTED_REFUSALS`` of them.
        checks: what was verified.
    """

    index: PacketIndex
    checks: tuple[Check, ...]
    packets: dict[str, PacketColumns] = msgspec.field(default_factory=dict)
    refused: dict[PacketRefusal, int] = msgspec.field(default_factory=lambda: dict.fromkeys(PacketRefusal, 0))
    refusals: list[RefusedPacket] = msgspec.field(default_factory=list)


def decode_packets(dictionary: Dictionary, buffer: bytes, *, check_crc: bool = True) -> Decoded:
    """Decode all telemetry packets of a buffer; it raises for no content of the buffer.

    What the scalar decoder accepts becomes a row with the same values, what it refuses is passed over and reported.

    Args:
        dictionary: the mission's.
        buffer: packets one behind the other, and maybe octets between them that are none.
        check_crc: whether the packet error control is verified, which takes most of the time; without it, packets of
            APIDs that the dictionary does not have are not found.
    """
    index = index_packets(buffer, frozenset(dictionary.known_apids()), check_crc=check_crc)
    crc = (Check.PACKET_ERROR_CONTROL,) if check_crc else ()
    decoded = Decoded(index, (Check.HEADER, *crc, Check.CONTENT))
    _Decoding(dictionary, buffer, decoded).run()
    return decoded


class _Decoding:
    """Decodes the packets of an index, kind by kind."""

    def __init__(self, dictionary: Dictionary, buffer: bytes, decoded: Decoded) -> None:
        self._dictionary, self._octets = dictionary, buffer
        self._buffer: Octets = np.frombuffer(buffer, np.uint8)
        self._decoded = decoded

    def run(self) -> None:
        for apid, runs in self._decoded.index.runs.items():
            entry = self._dictionary.telemetry_by_apid(apid)
            if entry is not None:
                self._telemetry(entry, runs)
            else:
                self._events(apid, *positions_of(runs))

    # ---------------------------------------------------------------- kinds

    def _telemetry(self, entry: TelemetryEntry, runs: list[PacketRun]) -> None:
        layout = entry.codec.layout
        octets = layout.fixed_octets
        regular = [run for run in runs if octets is not None and run.packet_octets == _packet_octets(octets)]
        if len(runs) == len(regular) == 1 and not _checks_itself(layout):
            self._one_run(entry, layout, regular[0])
        else:
            positions, lengths = positions_of(runs)
            self._columns(entry.name, layout, positions, lengths, 0)

    def _one_run(self, entry: TelemetryEntry, layout: RecordLayout, run: PacketRun) -> None:
        """The common case, without a copy: packets of fixed size, all in one row."""
        rows = self._buffer[run.offset : run.offset + run.count * run.packet_octets].reshape(run.count, -1)
        positions = run.offset + np.arange(run.count) * run.packet_octets
        payload = fixed_layout(layout.fields)
        packet = behind(_HEADER, payload)
        columns = read_fixed(packet, rows[:, : packet.dtype.itemsize])
        reader = FieldReader(self._buffer, positions, positions)
        reader.keep_all(payload, columns)
        self._add(entry.name, positions, np.full(run.count, run.packet_octets), _header(columns), reader)

    def _events(self, apid: int, positions: Positions, lengths: Positions) -> None:
        app = self._dictionary.app_of(apid)
        if app is None or self._dictionary.apid_of(app) != apid:
            self._refuse(positions, lengths, PacketRefusal.UNKNOWN)
            return
        too_short = lengths < _packet_octets(_EVENT_HEADER_OCTETS)
        self._refuse(positions[too_short], lengths[too_short], PacketRefusal.BAD_CONTENT)
        positions, lengths = positions[~too_short], lengths[~too_short]
        codes = self._buffer[positions + TELEMETRY_PAYLOAD_OFFSET]
        severities = self._buffer[positions + TELEMETRY_PAYLOAD_OFFSET + 1]
        for code in np.unique(codes):
            event = self._dictionary.event_by_id(apid, int(code))
            chosen = codes == code
            severity = -1 if event is None else int(event.record.severity)
            is_long, is_short = (chosen & (severities == wanted) for wanted in (severity, severity | SHORT_FORM))
            if event is not None:
                self._event(event, positions, lengths, is_long, is_short)
                chosen &= ~is_long & ~is_short
            self._refuse(positions[chosen], lengths[chosen], PacketRefusal.UNKNOWN)

    def _event(
        self,
        event: EventEntry,
        positions: Positions,
        lengths: Positions,
        is_long: NDArray[np.bool_],
        is_short: NDArray[np.bool_],
    ) -> None:
        layout = codec_of(event.record).layout
        if is_long.any():
            self._columns(event.name, layout, positions[is_long], lengths[is_long], _EVENT_HEADER_OCTETS)
        if is_short.any():
            nothing = RecordLayout(layout.python_class, ())
            shorts = positions[is_short], lengths[is_short]
            self._columns(f"{event.name} (short)", nothing, *shorts, _EVENT_HEADER_OCTETS)

    def _columns(self, name: str, layout: RecordLayout, positions: Positions, lengths: Positions, skip: int) -> None:
        """Decode packets wherever they are; ``skip`` octets of their payload stand in front of the fields."""
        ends = positions + lengths - CRC_OCTETS
        reader = FieldReader(self._buffer, positions + TELEMETRY_PAYLOAD_OFFSET + skip, ends)
        reader.read(layout.fields)
        reader.require_end()
        if _checks_itself(layout):
            reader.refused |= self._refused_by_class(layout, positions + TELEMETRY_PAYLOAD_OFFSET + skip, ends)
        headers = self._buffer[positions[:, np.newaxis] + np.arange(TELEMETRY_PAYLOAD_OFFSET)]
        self._add(name, positions, lengths, _header(read_fixed(_HEADER, headers)), reader)

    def _refused_by_class(self, layout: RecordLayout, begins: Positions, ends: Positions) -> NDArray[np.bool_]:
        """Ask the scalar decoder, packet by packet, for classes with checks of their own."""
        decode = codec_of(layout.python_class).decode

        def refuses(begin: int, end: int) -> bool:
            try:
                decode(self._octets, begin, end)
            except ProtocolError:
                return True
            return False

        places = zip(begins.tolist(), ends.tolist(), strict=True)
        return np.fromiter((refuses(begin, end) for begin, end in places), np.bool_, len(begins))

    # ---------------------------------------------------------------- results

    def _add(
        self, name: str, positions: Positions, lengths: Positions, header: HeaderColumns, reader: FieldReader
    ) -> None:
        kept = ~reader.refused
        columns = reader.columns
        if not kept.all():
            self._refuse(positions[reader.refused], lengths[reader.refused], PacketRefusal.BAD_CONTENT)
            columns = {path: (field, keep_rows(column, kept)) for path, (field, column) in columns.items()}
            positions = positions[kept]
            header = HeaderColumns(header.sequence_control[kept], header.seconds[kept], header.subseconds[kept])
        raw = {path: column for path, (_, column) in columns.items()}
        fields = {path: field for path, (field, _) in columns.items()}
        self._decoded.packets[name] = PacketColumns(name, positions, header, raw, fields)

    def _refuse(self, positions: Positions, lengths: Positions, refusal: PacketRefusal) -> None:
        decoded = self._decoded
        decoded.refused[refusal] += len(positions)
        room = MAX_REPORTED_REFUSALS - len(decoded.refusals)
        for position, octets in zip(positions[:room].tolist(), lengths[:room].tolist(), strict=True):
            decoded.refusals.append(RefusedPacket(position, octets, refusal, self._detail(position, octets)))

    def _detail(self, position: int, octets: int) -> str:
        """What the scalar decoder says to a packet."""
        apid = int.from_bytes(self._octets[position : position + 2], "big") & 0x7FF
        payload = self._octets[position + TELEMETRY_PAYLOAD_OFFSET : position + octets - CRC_OCTETS]
        try:
            self._dictionary.decode_downlink(apid, payload)
        except (ProtocolError, DictionaryError) as error:
            return str(error)
        return ""


class _TelemetryHeader(Record):
    """The headers of `tlm_cmd.packets.cfs_header`."""

    identification: Annotated[int, U16]
    sequence_control: Annotated[int, U16]
    length: Annotated[int, U16]
    seconds: Annotated[int, U32]
    subseconds: Annotated[int, U16]
    spare: Annotated[bytes, Length(4)]


_HEADER_PATHS = tuple(f"<header>.{name}" for name in HeaderColumns.__struct_fields__)  # no field has such a name
_HEADER = selected(fixed_layout(layout_of(_TelemetryHeader).fields, "<header>."), *_HEADER_PATHS)


def _header(columns: Mapping[str, Array]) -> HeaderColumns:
    return HeaderColumns(*(columns[path] for path in _HEADER_PATHS))


def _packet_octets(payload_octets: int) -> int:
    return TELEMETRY_PAYLOAD_OFFSET + payload_octets + CRC_OCTETS


def _checks_itself(layout: RecordLayout) -> bool:
    """Whether a class of the message has checks beyond the definitions of its fields."""
    if hasattr(layout.python_class, "__post_init__"):
        return True
    below: Iterator[RecordLayout] = (
        nested
        for field in layout.fields
        for nested in (field.record, field.item.record if field.item else None)
        if nested is not None
    )
    return any(_checks_itself(nested) for nested in below)
