"""An attacker who hears every frame, radiates what he likes, and knows everything but the keys."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from tests.security.forger import Forger
from tests.security.uplink import SECOND, Uplink
from tlm_cmd.frames.tc import HEADER_OCTETS, SET_VR, UNLOCK, TcFrame, TcFrameType
from tlm_cmd.packets.cfs_header import build_command
from tlm_cmd.packets.crc import CRC_OCTETS

MAC_OCTETS = 16
Attack = Callable[[], list[bytes]]


class Attacker(Forger):
    """Each attack returns one frame to radiate, or several in order."""

    def __init__(self, link: Uplink, seed: int) -> None:
        super().__init__(link, seed)
        self.attacks: tuple[Attack, ...] = (
            self.replayed,
            self.overtaken,
            self.replayed_with_next_number,
            self.replayed_as_bypassing,
            self.rolled_back,
            self.reordered,
            self.data_flipped,
            self.header_flipped,
            self.vector_flipped,
            self.mac_flipped,
            self.octets_changed,
            self.truncated,
            self.extended,
            self.spliced,
            self.retagged,
            self.renumbered,
            self.of_wrong_key,
            self.of_wrong_spi,
            self.on_wrong_channel,
            self.on_wrong_map,
            self.for_other_spacecraft,
            self.unprotected,
            self.made_up,
            self.control_forged,
        )

    # ---------------------------------------------------------------- old frames

    def replayed(self) -> list[bytes]:
        """The newest frame once more."""
        return [self.link.radiated[-1]]

    def overtaken(self) -> list[bytes]:
        """Any frame of this session or an earlier one."""
        return [self.recorded()]

    def replayed_with_next_number(self) -> list[bytes]:
        """An old frame with the sequence number that is expected next: no MAC covers it."""
        body = self.recorded_data()[:-CRC_OCTETS]
        return [self.sealed(bytes([body[0] & 0x0F]) + body[1:4] + bytes([self.next_number]) + body[5:])]

    def replayed_as_bypassing(self) -> list[bytes]:
        """An old frame as one that needs no sequence number: no MAC covers the flag."""
        body = self.recorded_data()[:-CRC_OCTETS]
        return [self.sealed(bytes([body[0] | 0x20]) + body[1:4] + b"\0" + body[5:])]

    def rolled_back(self) -> list[bytes]:
        """Control frames that open the receiver at the number of an old frame, and that frame."""
        old = self.recorded_data()
        unlock = TcFrame(TcFrameType.BC, self.spacecraft, self.channel, UNLOCK).pack()
        back = TcFrame(TcFrameType.BC, self.spacecraft, self.channel, SET_VR + old[4:5]).pack()
        return [unlock, back, old]

    def reordered(self) -> list[bytes]:
        """Frames that come next, but for the first one, before it.

        Those aside that a forged control frame has let the spacecraft expect: see `test_uplink_campaign`.
        """
        early = [frame for frame in self.fresh[1:] if frame[0] & 0x30 == 0 and frame[4] != self.next_number]
        return early[::-1] or [self.recorded()]

    # ---------------------------------------------------------------- changed frames

    def data_flipped(self) -> list[bytes]:
        """Bits of the data behind the security header, encrypted or not."""
        body = self.genuine()[:-CRC_OCTETS]
        start = min(self.security_at + self.association.header_octets, len(body) - 1)
        return [self.sealed(self.flipped(body, start, len(body) - MAC_OCTETS))]

    def header_flipped(self) -> list[bytes]:
        """Bits of an old frame's header; of one to come only those that name spacecraft, channel and MAP.

        The bypass flag and the sequence number of a frame to come are not protected: see `test_uplink_campaign`.
        """
        frame = self.recorded_data()
        start, end = 0, self.security_at
        if self.fresh and self.chance.random() < 0.5:
            frame, start, end = self.genuine(), 1, 3
            if self.has_segment and self.chance.random() < 0.5:
                start, end = HEADER_OCTETS, HEADER_OCTETS + 1
        return [self.sealed(self._flipped_again(frame[:-CRC_OCTETS], start, end))]

    def _flipped_again(self, body: bytes, start: int, end: int) -> bytes:
        """Bits inverted so that something is left of the change when the length field has been put right."""
        while True:
            changed = self.flipped(body, start, end)
            if self.sealed(changed)[:-CRC_OCTETS] != body:
                return changed

    def vector_flipped(self) -> list[bytes]:
        """Bits of the security header: SPI, initialisation vector, sequence number."""
        body = self.genuine()[:-CRC_OCTETS]
        end = min(self.security_at + self.association.header_octets, len(body))
        return [self.sealed(self.flipped(body, self.security_at, end))]

    def mac_flipped(self) -> list[bytes]:
        """Bits of the MAC."""
        body = self.genuine()[:-CRC_OCTETS]
        return [self.sealed(self.flipped(body, max(len(body) - MAC_OCTETS, 0), len(body)))]

    def octets_changed(self) -> list[bytes]:
        """Some octets behind the header."""
        body = bytearray(self.genuine()[:-CRC_OCTETS])
        for _ in range(self.chance.randint(1, 20)):
            body[self.chance.randrange(self.security_at, len(body))] ^= self.chance.randint(1, 255)
        return [self.sealed(bytes(body))] if bytes(body) != self.genuine()[:-CRC_OCTETS] else self.mac_flipped()

    def truncated(self) -> list[bytes]:
        """A frame cut short, with its length put right or not."""
        frame = self.genuine()
        cut = self.chance.randint(1, len(frame) - 1)
        return [frame[:-cut] if self.chance.random() < 0.2 else self.sealed(frame[:-CRC_OCTETS][:-cut])]

    def extended(self) -> list[bytes]:
        """A frame with something behind it."""
        return [self.sealed(self.genuine()[:-CRC_OCTETS] + self.chance.randbytes(self.chance.randint(1, 20)))]

    def spliced(self) -> list[bytes]:
        """The start of one frame and the end of another one."""
        one, other = self.genuine()[:-CRC_OCTETS], self.recorded_data()[:-CRC_OCTETS]
        at = self.chance.randrange(self.security_at + 1, len(one))
        spliced = one[:at] + other[at:]
        return [self.sealed(spliced)] if spliced != one else self.retagged()

    def retagged(self) -> list[bytes]:
        """The MAC of one frame on another one."""
        one, other = self.genuine()[:-CRC_OCTETS], self.recorded_data()[:-CRC_OCTETS]
        if one[-MAC_OCTETS:] == other[-MAC_OCTETS:]:
            return self.mac_flipped()
        return [self.sealed(one[:-MAC_OCTETS] + other[-MAC_OCTETS:])]

    def renumbered(self) -> list[bytes]:
        """A frame with another number in its security header, one that the receiver would take next."""
        body, newest = self.recorded_data()[:-CRC_OCTETS], self.link.radiated[-1]
        at = self.security_at + 2
        end = at + (self.association.algorithm.iv_octets or self.association.sequence_octets)
        number = int.from_bytes(newest[at:end], "big") + self.chance.randint(1, 20)
        changed = body[:4] + bytes([self.next_number]) + body[5:at] + number.to_bytes(end - at + 1, "big")[1:]
        return [self.sealed(changed + body[end:])]

    # ---------------------------------------------------------------- frames of his own

    def of_wrong_key(self) -> list[bytes]:
        """A command protected with another key, under the right SPI and with the right numbers."""
        if self.stranger.reservation_due:
            self.stranger.reserve()
            self.stranger.saved()
        frames = self.pretender.send_bypass([build_command(0x30, 1, 1, b"open sesame")], 0)
        if self.chance.random() < 0.5:
            return frames
        return [self.sealed(self.header(TcFrameType.AD, self.next_number) + frames[0][self.security_at : -CRC_OCTETS])]

    def of_wrong_spi(self) -> list[bytes]:
        """A genuine frame under another SPI."""
        body, at = self.genuine()[:-CRC_OCTETS], self.security_at
        spi = self.chance.choice((0, 2, 3, 0xFFFF, self.chance.randrange(2, 0x10000)))
        return [self.sealed(body[:at] + spi.to_bytes(2, "big") + body[at + 2 :])]

    def on_wrong_channel(self) -> list[bytes]:
        """A genuine frame that was made for another virtual channel, or is sent on another one."""
        body = self.genuine()[:-CRC_OCTETS]
        channel = self.chance.choice([number for number in range(64) if number != self.channel])
        return [self.sealed(body[:2] + bytes([channel << 2 | body[2] & 3]) + body[3:])]

    def on_wrong_map(self) -> list[bytes]:
        """A genuine frame for another MAP, or under other segment flags."""
        if not self.has_segment:
            return self.on_wrong_channel()
        body = self.genuine()[:-CRC_OCTETS]
        segment = body[HEADER_OCTETS] ^ self.chance.randint(1, 255)
        return [self.sealed(body[:HEADER_OCTETS] + bytes([segment]) + body[HEADER_OCTETS + 1 :])]

    def for_other_spacecraft(self) -> list[bytes]:
        """A genuine frame with another spacecraft's name."""
        frame = TcFrame.unpack(self.genuine(), segment_header=self.has_segment)
        other = self.chance.choice((self.spacecraft ^ 1, self.spacecraft + 1, 0, 0x3FF))
        return [msgspec.structs.replace(frame, spacecraft_id=other).pack()]

    def unprotected(self) -> list[bytes]:
        """A command as it would be sent on a link without security."""
        command = build_command(0x30, self.chance.randrange(16_384), 1, b"open sesame" + bytes(30))
        frame_type, number = self.chance.choice(((TcFrameType.BD, 0), (TcFrameType.AD, self.next_number)))
        return [self.sealed(self.header(frame_type, number) + command)]

    def made_up(self) -> list[bytes]:
        """Random octets under the right SPI, with a number just ahead."""
        spi = self.association.spi.to_bytes(2, "big")
        data = self.chance.randbytes(self.chance.randint(1, 80))
        return [self.sealed(self.header(TcFrameType.AD, self.next_number) + spi + data)]

    def control_forged(self) -> list[bytes]:
        """A control frame, which no security protects, or a command that pretends to be one."""
        data = self.chance.choice((UNLOCK, SET_VR + self.chance.randbytes(1), b"\0\0", build_command(0x30, 1, 1)))
        if self.chance.random() < 0.2:
            data = self.recorded_data()[HEADER_OCTETS:-CRC_OCTETS]
        return [TcFrame(TcFrameType.BC, self.spacecraft, self.channel, data).pack()]

    # ---------------------------------------------------------------- on their way

    def on_air(self, frame: bytes) -> bytes:
        """The bits of a frame, a few of which may be struck: the code puts one in a block right."""
        bits = self.link.bits(frame)
        if self.chance.random() < 0.1:
            bits = self.flipped(bits, 2, len(bits))
        return bits

    def strike(self, attack: Attack) -> tuple[int, list[bytes]]:
        """Radiate an attack; returns how many frames that were, and what was executed."""
        frames = attack()
        executed: list[bytes] = []
        for frame in frames:
            self.link.now_ns += SECOND // 100
            executed += self.link.spacecraft.hear(self.on_air(frame), self.link.now_ns)
        return len(frames), executed
