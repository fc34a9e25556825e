import random
import struct

import pytest

from tlm_cmd.errors import ProtocolError
from tlm_cmd.packets.pus.acknowledgement import Acknowledge
from tlm_cmd.packets.pus.catalogue import unpack_report
from tlm_cmd.packets.pus.formats import PusFormats
from tlm_cmd.packets.pus.request_id import PusRequestId
from tlm_cmd.packets.pus.service_1_verification import (
    AcceptanceFailure,
    AcceptanceSuccess,
    CompletionFailure,
    CompletionSuccess,
    FailureReport,
    ProgressFailure,
    ProgressSuccess,
    StartFailure,
    StartSuccess,
    SuccessReport,
)
from tlm_cmd.packets.pus.service_17_connection import ConnectionReport, ConnectionTest
from tlm_cmd.packets.pus.telecommand import PusTelecommand
from tlm_cmd.packets.pus.telemetry import PusTelemetry
from tlm_cmd.packets.spacepacket import PacketType, SequenceFlags

pytest.importorskip("spacepackets")

from spacepackets.ccsds import CdsShortTimestamp
from spacepackets.ccsds.spacepacket import PacketId, PacketSeqCtrl
from spacepackets.ccsds.spacepacket import PacketType as PeerType
from spacepackets.ccsds.spacepacket import SequenceFlags as PeerFlags
from spacepackets.ecss import check_pus_crc
from spacepackets.ecss.fields import PacketFieldEnum
from spacepackets.ecss.pus_1_verification import (
    FailureNotice,
    ManagedParamsVerification,
    MessageSubtype,
    Service1Tm,
    VerificationParams,
)
from spacepackets.ecss.pus_17_test import Service17Tm
from spacepackets.ecss.req_id import RequestId
from spacepackets.ecss.tc import PusTc
from spacepackets.ecss.tm import ManagedParams, MiscParams, PusTm

COUNT = 200
CDS = PusFormats(time_octets=7)
ONE_OCTET_CODES = PusFormats(time_octets=7, failure_code_octets=1)
SUCCESSES: dict[int, type[SuccessReport]] = {1: AcceptanceSuccess, 3: StartSuccess, 7: CompletionSuccess}
FAILURES: dict[int, type[FailureReport]] = {2: AcceptanceFailure, 4: StartFailure, 8: CompletionFailure}


def telecommands() -> list[PusTelecommand]:
    """Telecommands of all kinds."""
    source = random.Random(17)
    return [
        PusTelecommand(
            source.randrange(0x7FF),
            source.randrange(0x4000),
            source.randrange(256),
            source.randrange(256),
            source.randbytes(source.randrange(80)),
            Acknowledge(source.randrange(16)),
            source.randrange(65_536),
        )
        for _ in range(COUNT)
    ]


def test_telecommands() -> None:
    """The peer makes and reads the same octets, for any service, flags, source and data."""
    for ours in telecommands():
        theirs = PusTc(
            service=ours.service,
            message_subtype=ours.subtype,
            apid=ours.apid,
            seq_count=ours.sequence_count,
            source_id=ours.source,
            ack_flags=int(ours.acknowledge),
            app_data=ours.data,
        )
        packet = ours.pack()
        assert bytes(theirs.pack()) == packet
        assert check_pus_crc(packet)
        read = PusTc.unpack(packet)
        assert (read.service, read.message_subtype, read.apid) == (ours.service, ours.subtype, ours.apid)
        assert (read.source_id, bytes(read.app_data)) == (ours.source, ours.data)
        assert PusTelecommand.unpack(bytes(theirs.pack())) == ours


def test_request_ids() -> None:
    """Both make the same request id of a telecommand, and read any four octets alike."""
    for ours in telecommands():
        theirs = RequestId.from_pus_tc(PusTc.unpack(ours.pack()))
        assert theirs.pack() == ours.request_id.pack()
        assert theirs.as_u32() == struct.unpack(">I", ours.request_id.pack())[0]
    source = random.Random(4)
    for _ in range(COUNT):
        octets = source.randbytes(4)
        ours_read, theirs = PusRequestId.unpack(octets), RequestId.unpack(octets)
        assert theirs == RequestId(
            PacketId(PeerType(ours_read.packet_type), ours_read.secondary_header, ours_read.apid),
            PacketSeqCtrl(PeerFlags(ours_read.sequence_flags), ours_read.sequence_count),
            ours_read.packet_version,
        )
        assert theirs.pack() == ours_read.pack() == octets


def test_telemetry() -> None:
    """The peer makes and reads the same octets, for any service, counter, destination, time and data."""
    source = random.Random(25)
    for _ in range(COUNT):
        time = CdsShortTimestamp(source.randrange(65_536), source.randrange(86_400_000)).pack()
        ours = PusTelemetry(
            source.randrange(0x7FF),
            source.randrange(0x4000),
            source.randrange(256),
            source.randrange(256),
            bytes(time),
            source.randbytes(source.randrange(80)),
            source.randrange(65_536),
            source.randrange(65_536),
            source.randrange(16),
        )
        theirs = PusTm(
            service=ours.service,
            message_subtype=ours.subtype,
            timestamp=ours.time,
            source_data=ours.data,
            apid=ours.apid,
            seq_count=ours.sequence_count,
            message_counter=ours.counter,
            destination_id=ours.destination,
            misc_params=MiscParams(spacecraft_time_ref=ours.time_status),
        )
        packet = ours.pack(CDS)
        assert bytes(theirs.pack()) == packet
        read = PusTm.unpack(packet, timestamp_len=7)
        assert (read.service, read.message_subtype, read.timestamp) == (ours.service, ours.subtype, ours.time)
        assert (read.pus_tm_sec_header.message_counter, read.pus_tm_sec_header.dest_id) == (
            ours.counter,
            ours.destination,
        )
        assert bytes(read.source_data) == ours.data
        assert PusTelemetry.unpack(bytes(theirs.pack()), CDS) == ours


def peer_report(subtype: int, parameters: VerificationParams) -> bytes:
    """The packet of a service 1 report by the peer."""
    report = Service1Tm(
        apid=0x64,
        message_subtype=MessageSubtype(subtype),
        timestamp=bytes(7),
        verif_params=parameters,
        seq_count=3,
    )
    return bytes(report.pack())


def our_report(body: SuccessReport | FailureReport | ProgressSuccess | ProgressFailure, formats: PusFormats) -> bytes:
    """The packet of a service 1 report by us."""
    return PusTelemetry(0x64, 3, 1, body.subtype, bytes(7), body.pack(formats)).pack(formats)


@pytest.mark.parametrize("subtype", [1, 3, 7])
def test_successes(subtype: int) -> None:
    """Reports of success are the same octets, and read by both."""
    for telecommand in telecommands()[:20]:
        body = SUCCESSES[subtype](telecommand.request_id)
        theirs = peer_report(subtype, VerificationParams(RequestId.unpack(telecommand.pack())))
        assert our_report(body, CDS) == theirs
        assert unpack_report(1, subtype, PusTelemetry.unpack(theirs, CDS).data) == body


@pytest.mark.parametrize("octets", [1, 2, 4])
@pytest.mark.parametrize("subtype", [2, 4, 8])
def test_failures(subtype: int, octets: int) -> None:
    """Reports of failure are the same octets for codes of any length, and read by both."""
    formats = PusFormats(time_octets=7, failure_code_octets=octets)
    request = PusRequestId(0x2A, 5)
    body = FAILURES[subtype](request, 77, b"no such line")
    notice = FailureNotice(PacketFieldEnum.with_byte_size(octets, 77), b"no such line")
    theirs = peer_report(subtype, VerificationParams(RequestId.unpack(request.pack()), failure_notice=notice))
    assert our_report(body, formats) == theirs
    assert unpack_report(1, subtype, PusTelemetry.unpack(theirs, formats).data, formats) == body
    read = Service1Tm.unpack(theirs, ManagedParams(timestamp_len=7), ManagedParamsVerification(1, octets))
    assert read.error_code is not None
    assert read.error_code.val == 77
    assert read.tc_req_id == RequestId.unpack(request.pack())


def test_progress() -> None:
    """Reports of progress, good and bad, are the same octets."""
    request = PusRequestId(0x2A, 5, SequenceFlags.UNSEGMENTED, PacketType.TELECOMMAND)
    peer_request = RequestId.unpack(request.pack())
    step = PacketFieldEnum.with_byte_size(1, 40)
    theirs = peer_report(5, VerificationParams(peer_request, step_id=step))
    assert our_report(ProgressSuccess(request, 40), ONE_OCTET_CODES) == theirs
    notice = FailureNotice(PacketFieldEnum.with_byte_size(1, 9), b"?")
    theirs = peer_report(6, VerificationParams(peer_request, step_id=step, failure_notice=notice))
    assert our_report(ProgressFailure(request, 40, 9, b"?"), ONE_OCTET_CODES) == theirs


def test_the_connection_test() -> None:
    """The peer's ping is our TC[17,1], and its reply our TM[17,2]."""
    ping = PusTelecommand(100, 0, ConnectionTest.service, ConnectionTest.subtype, ConnectionTest().pack()).pack()
    assert bytes(PusTc(service=17, message_subtype=1, apid=100).pack()) == ping
    reply = bytes(Service17Tm(apid=100, message_subtype=2, timestamp=bytes(7)).pack())
    ours = PusTelemetry.unpack(reply, CDS)
    assert unpack_report(ours.service, ours.subtype, ours.data, CDS) == ConnectionReport()
    assert ours.pack(CDS) == reply


def test_one_wrong_octet_is_refused_by_both() -> None:
    """A telecommand with any one octet wrong passes neither CRC."""
    for telecommand in telecommands()[:20]:
        packet = bytearray(telecommand.pack())
        packet[random.Random(telecommand.sequence_count).randrange(len(packet))] ^= 0x41
        assert not check_pus_crc(bytes(packet))
        with pytest.raises(ProtocolError):
            PusTelecommand.unpack(bytes(packet))
