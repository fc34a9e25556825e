"""Protected frames of ours and of Yamcs are the same, octet for octet: its frame factory and decoder run in Java."""

from __future__ import annotations

import random
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from tlm_cmd.frames.error_control import append_error_control
from tlm_cmd.frames.tc import UNLOCK, SegmentFlags, SegmentHeader, TcFrame, TcFrameType
from tlm_cmd.frames.tm import TmFrame
from tlm_cmd.link.downlink_sender import DownlinkSender
from tlm_cmd.link.parameters import LinkParameters, VirtualChannel
from tlm_cmd.link.refusals import FrameRefusal
from tlm_cmd.link.security_parameters import ChannelSecurity
from tlm_cmd.link.uplink_receiver import UplinkReceiver
from tlm_cmd.packets.cfs_header import build_command
from tlm_cmd.packets.crc import CRC_OCTETS
from tlm_cmd.sdls.frame_security import FrameSecurity
from tlm_cmd.sdls.key_ring import KeyEntry, KeyKind, KeyRing, KeyState
from tlm_cmd.sdls.secret_key import SecretKey

bundle = pytest.importorskip("fprime_yamcs_bundle")
java = shutil.which("java")
pytestmark = pytest.mark.skipif(java is None, reason="there is no Java")

SPACECRAFT_ID, VIRTUAL_CHANNEL, MAP_ID, SPI, TM_OCTETS, WINDOW = 0x1A7, 1, 5, 0x2A17, 256, 50
KEY = bytes(range(32))
PEER = """
import java.lang.reflect.Field;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Scanner;
import org.yamcs.YConfiguration;
import org.yamcs.security.sdls.SecurityAssociationAes256Gcm128;
import org.yamcs.tctm.ccsds.*;
import org.yamcs.utils.TimeEncoding;

/** Makes TC frames and reads TM frames as the server does, without its data base of sequence numbers. */
public class Peer {
    static Field field(Class<?> type, String name) throws Exception {
        Field field = type.getDeclaredField(name);
        field.setAccessible(true);
        return field;
    }

    @SuppressWarnings("unchecked")
    static void secure(Class<?> type, Object parameters, short spi, byte[] key, int window) throws Exception {
        var association = new SecurityAssociationAes256Gcm128(key, spi, window, true);
        var constructor = Class.forName(type.getName() + "$SdlsInfo").getDeclaredConstructors()[0];
        constructor.setAccessible(true);
        var associations = (Map<Short, Object>) field(type, "sdlsSecurityAssociations").get(parameters);
        associations.put(spi, constructor.newInstance(association, null));
    }

    static TcFrameFactory factory(short spi, byte[] key, int scid, int vcid, int map) throws Exception {
        var channel = new HashMap<String, Object>(Map.of("vcId", vcid, "service", "PACKET", "stream", "x"));
        if (map >= 0) {
            channel.put("mapId", map);
        }
        var parameters = new TcManagedParameters(YConfiguration.wrap(Map.of("spacecraftId", scid, "maxFrameLength",
            1024, "errorDetection", "CRC16", "virtualChannels", List.of(channel))), null, null);
        secure(UplinkManagedParameters.class, parameters, spi, key, 1);
        var first = ((List<?>) field(TcManagedParameters.class, "vcParams").get(parameters)).get(0);
        field(VcUplinkManagedParameters.class, "encryptionSpi").setShort(first, spi);
        return ((TcManagedParameters.TcVcManagedParameters) first).getFrameFactory();
    }

    static TmFrameDecoder decoder(short spi, byte[] key, int scid, int vcid, int octets, int window) throws Exception {
        Map<String, Object> channel = Map.of("vcId", vcid, "service", "PACKET", "stream", "x", "maxPacketLength", 9999,
            "packetPreprocessorClassName", "org.yamcs.tctm.CfsPacketPreprocessor");
        var parameters = new TmManagedParameters(YConfiguration.wrap(Map.of("spacecraftId", scid, "frameLength",
            octets, "errorDetection", "CRC16", "virtualChannels", List.of(channel))), null, null);
        secure(DownlinkManagedParameters.class, parameters, spi, key, window);
        var first = parameters.getVcParams(vcid);
        field(VcDownlinkManagedParameters.class, "encryptionSpis").set(first, new short[] {spi});
        return new TmFrameDecoder(parameters);
    }

    public static void main(String[] arguments) throws Exception {
        TimeEncoding.setUp();
        var hex = HexFormat.of();
        short spi = (short) Integer.parseInt(arguments[0]);
        byte[] key = hex.parseHex(arguments[1]);
        int scid = Integer.parseInt(arguments[2]), vcid = Integer.parseInt(arguments[3]);
        int octets = Integer.parseInt(arguments[4]), window = Integer.parseInt(arguments[5]);
        TcFrameFactory factory = null;
        TmFrameDecoder decoder = null;
        TcTransferFrame frame = null;
        var lines = new Scanner(System.in);
        while (lines.hasNext()) {
            switch (lines.next()) {
                case "anew" -> {
                    factory = factory(spi, key, scid, vcid, lines.nextInt());
                    decoder = decoder(spi, key, scid, vcid, octets, window);
                    System.out.println("ready");
                }
                case "tc" -> {
                    byte[] data = hex.parseHex(lines.next());
                    frame = factory.makeDataFrame(data.length, 0);
                    System.arraycopy(data, 0, frame.getData(), frame.getDataStart(), data.length);
                    System.out.println(hex.formatHex(factory.encodeFrame(frame)));
                }
                case "again" -> System.out.println(hex.formatHex(factory.encodeFrame(frame)));
                case "control" -> {
                    byte[] data = hex.parseHex(lines.next());
                    var control = factory.makeCtrlFrame(data.length);
                    control.setBypass(true);
                    System.arraycopy(data, 0, control.getData(), control.getDataStart(), data.length);
                    System.out.println(hex.formatHex(factory.encodeFrame(control)));
                }
                case "tm" -> {
                    byte[] received = hex.parseHex(lines.next());
                    try {
                        var found = decoder.decode(received, 0, received.length);
                        System.out.println(hex.formatHex(found.getData(), found.getDataStart(), found.getDataEnd()));
                    } catch (Exception error) {
                        System.out.println(error.getMessage().replaceAll(".*: ", ""));
                    }
                }
            }
        }
    }
}
"""


class Yamcs:
    """Yamcs's frame factory and decoder, in a process of their own; it must be ended."""

    def __init__(self, folder: Path) -> None:
        assert java is not None
        source = folder / "Peer.java"
        source.write_text(PEER)
        known = [SPI, KEY.hex(), SPACECRAFT_ID, VIRTUAL_CHANNEL, TM_OCTETS, WINDOW]
        command = [java, "-Xmx256m", "-cp", str(bundle.LIB_DIR / "*"), str(source), *map(str, known)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def answers(self, requests: list[str], map_id: int = -1) -> list[str]:
        """A frame, the data of a frame, or why there is none, for each request; numbers begin with 0 each time."""
        incoming, outgoing = self._process.stdin, self._process.stdout
        assert incoming is not None
        assert outgoing is not None
        found: list[str] = []
        for request in (f"anew {map_id}", *requests):
            print(request, file=incoming, flush=True)
            found.append(outgoing.readline().strip())
            assert found[-1], f"no answer to {request}"
        return found[1:]

    def end(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.communicate()


@pytest.fixture(scope="module")
def yamcs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Yamcs]:
    """One process for all tests: Java starts slowly."""
    peer = Yamcs(tmp_path_factory.mktemp("peer"))
    yield peer
    peer.end()


LINK = LinkParameters(
    spacecraft_id=SPACECRAFT_ID,
    virtual_channels=(VirtualChannel(VIRTUAL_CHANNEL, "realtime"),),
    tm_frame_octets=TM_OCTETS,
    tc_virtual_channel=VIRTUAL_CHANNEL,
)
ASSOCIATION = ChannelSecurity(spi=SPI, key_id=9)
COMMANDS = msgspec.structs.replace(LINK, telecommand_security=ASSOCIATION)
SEGMENTED_COMMANDS = msgspec.structs.replace(COMMANDS, segment_header=True, map_id=MAP_ID)
TELEMETRY = msgspec.structs.replace(LINK, telemetry_security=ASSOCIATION)


def security(parameters: LinkParameters, *, flight: bool) -> FrameSecurity:
    """One end of the link, with the key, and numbers to use."""
    ring = KeyRing([KeyEntry(9, KeyKind.SESSION, KeyState.ACTIVE, SecretKey(KEY))])
    frames = FrameSecurity(ring, parameters.associations(flight=flight))
    if frames.reserve():
        frames.saved()
    return frames


@pytest.mark.parametrize("parameters", [COMMANDS, SEGMENTED_COMMANDS], ids=["no segment header", "segment header"])
def test_same_telecommand_frames(yamcs: Yamcs, parameters: LinkParameters) -> None:
    """Header, mask, number, ciphertext, MAC and error control of frames of many lengths; control frames are open."""
    chance = random.Random(355)
    units = [chance.randbytes(octets) for octets in (*range(1, 40), 255, 256, 985, 986)]
    requests = [f"tc {unit.hex()}" for unit in units] + [f"control {UNLOCK.hex()}"]
    *theirs, control = yamcs.answers(requests, MAP_ID if parameters.segment_header else -1)
    sender = security(parameters, flight=False)
    segment = SegmentHeader(SegmentFlags.WHOLE, MAP_ID) if parameters.segment_header else None
    ours = [
        TcFrame(TcFrameType.AD, SPACECRAFT_ID, VIRTUAL_CHANNEL, unit, 0, segment).pack(
            lambda header, data: sender.protect(parameters.telecommand_channel, header, data),
            security_octets=parameters.telecommand_security_octets,
        )
        for unit in units
    ]
    assert theirs == [frame.hex() for frame in ours]
    assert control == TcFrame(TcFrameType.BC, SPACECRAFT_ID, VIRTUAL_CHANNEL, UNLOCK).pack().hex()


def test_what_yamcs_sends_again_is_encrypted_twice(yamcs: Yamcs) -> None:
    """Why it must not repeat what it protects: the frame is genuine, and its data are the ciphertext of the first."""
    packet = build_command(0x030, 0, 0)
    first, again = (bytes.fromhex(each) for each in yamcs.answers([f"tc {packet.hex()}", "again"]))
    parameters = COMMANDS
    receiver = security(parameters, flight=True)
    channel, header_octets, overhead = parameters.telecommand_channel, 5, parameters.telecommand_security_octets
    found = [
        receiver.process(channel, frame[:header_octets], frame[header_octets:-CRC_OCTETS]) for frame in (first, again)
    ]
    assert [result.refusal for result in found] == [None, None]
    assert found[0].data == packet
    start = header_octets + overhead - 16
    assert found[1].data == first[start : start + len(packet)]


def test_frames_of_yamcs_are_executed_once_and_altered_ones_never(yamcs: Yamcs) -> None:
    """Every single bit of a frame, mended error control or not, makes it another; a genuine one comes through once."""
    packet = build_command(0x030, 0, 0)
    frame = bytes.fromhex(yamcs.answers([f"tc {packet.hex()}"])[0])
    bypass = append_error_control(bytes([frame[0] | 0x20]) + frame[1:-CRC_OCTETS])  # as without sequence control
    parameters = COMMANDS
    spacecraft = UplinkReceiver(parameters, security(parameters, flight=True))
    for bit in range(8 * (len(bypass) - CRC_OCTETS)):
        altered = bytearray(bypass)
        altered[bit // 8] ^= 0x80 >> bit % 8
        assert spacecraft.receive(bytes(altered)).packets == ()
        assert spacecraft.receive(append_error_control(bytes(altered[:-CRC_OCTETS]))).packets == ()
    assert spacecraft.receive(bypass).packets == (packet,)
    assert spacecraft.receive(bypass).refusal is FrameRefusal.NOT_GENUINE


def test_yamcs_reads_our_telemetry_frames_and_refuses_others(yamcs: Yamcs) -> None:
    """Data and order as they were; replayed, altered and far too late ones are refused for what they are."""
    parameters = TELEMETRY
    downlink = DownlinkSender(parameters, security(parameters, flight=True))
    chance = random.Random(132)
    frames = []
    for _ in range(2 * WINDOW + 4):
        downlink.enqueue(VIRTUAL_CHANNEL, b"\x08\x30\xc0\x00" + (299).to_bytes(2, "big") + chance.randbytes(300))
        frames.append(downlink.next_frame(bytes(4)))
    receiver = security(parameters, flight=False)

    def plain(frame: bytes) -> str:
        channel = parameters.telemetry_channel(VIRTUAL_CHANNEL)
        return TmFrame.unpack(
            frame, TM_OCTETS, process=lambda header, data: receiver.process(channel, header, data).data
        ).data.hex()

    altered = append_error_control(frames[3][:100] + bytes([frames[3][100] ^ 1]) + frames[3][101:-CRC_OCTETS])
    late = 3 + WINDOW
    sent = [*frames[:3], frames[2], altered, frames[3], frames[late + 1], frames[late], *frames[late + 1 : late + 3]]
    answers = yamcs.answers([f"tm {frame.hex()}" for frame in sent])
    assert answers == [
        *map(plain, frames[:3]),
        "AntiReplaySequenceNumberFailure",
        "MacVerificationFailure",
        plain(frames[3]),
        "AntiReplaySequenceNumberFailure",
        *map(plain, frames[late : late + 3]),
    ]
