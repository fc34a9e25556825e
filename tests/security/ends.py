"""Two ends of a protected link, for tests: a ground that sends TC and receives TM, and its spacecraft."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from tlm_cmd.sdls.algorithms import Algorithm
from tlm_cmd.sdls.association import AssociationParameters, Role
from tlm_cmd.sdls.authentication_mask import tc_mask, tm_mask
from tlm_cmd.sdls.channel import GlobalChannel
from tlm_cmd.sdls.frame_security import FrameSecurity, FrameSecurityState
from tlm_cmd.sdls.key_ring import KeyRing
from tlm_cmd.sdls.simulation_keys import derive_simulation_keys

SEED = 11
MASTER = 1
TC_KEY, SECOND_TC_KEY, TM_KEY, CMAC_KEY, SPARE_KEY = 128, 129, 130, 131, 140
TC_SPI, SECOND_TC_SPI, TM_SPI, CMAC_SPI = 1, 2, 3, 4
TC_CHANNEL = GlobalChannel(0x123, 1)
TM_CHANNEL = GlobalChannel(0x123, 2)
TC_HEADER = bytes.fromhex("2123040a00")
TM_HEADER = bytes.fromhex("123507091800")


def ring(seed: int = SEED) -> KeyRing:
    """The keys of either end."""
    return derive_simulation_keys(seed, [MASTER], [TC_KEY, SECOND_TC_KEY, TM_KEY, CMAC_KEY], [SPARE_KEY])


def tc_association(algorithm: Algorithm = Algorithm.AES_256_GCM, **changes: object) -> AssociationParameters:
    """The association that protects TC, as the ground has it."""
    parameters = AssociationParameters(
        spi=TC_SPI,
        role=Role.SENDER,
        algorithm=algorithm,
        channels=(TC_CHANNEL,),
        header_mask=tc_mask(),
        key_id=TC_KEY,
        sequence_octets=0 if algorithm.iv_octets else 4,
        window=16,
    )
    return msgspec.structs.replace(parameters, **changes)


def ground_associations() -> list[AssociationParameters]:
    """All associations, as the ground has them: TC by GCM, another without key yet, TC by CMAC, TM by GCM."""
    return [
        tc_association(),
        tc_association(spi=SECOND_TC_SPI, key_id=None),
        tc_association(Algorithm.AES_256_CMAC, spi=CMAC_SPI, key_id=CMAC_KEY),
        tc_association(
            spi=TM_SPI, role=Role.RECEIVER, channels=(TM_CHANNEL,), header_mask=tm_mask(), key_id=TM_KEY, window=1000
        ),
    ]


def ready(security: FrameSecurity) -> FrameSecurity:
    """An end whose reservation is saved."""
    security.reserve()
    security.saved()
    return security


def two_ends(*parameters: AssociationParameters, seed: int = SEED) -> tuple[FrameSecurity, FrameSecurity]:
    """Both ends of some associations, which are given as the first end has them."""
    near: Sequence[AssociationParameters] = parameters or ground_associations()
    far = [each.mirrored() for each in near]
    return ready(FrameSecurity(ring(seed), near)), ready(FrameSecurity(ring(seed), far))


def stored(security: FrameSecurity) -> bytes:
    """The state as a store keeps it."""
    return msgspec.msgpack.encode(security.state)


def restarted(octets: bytes, parameters: Sequence[AssociationParameters], keys: KeyRing | None = None) -> FrameSecurity:
    """An end that has come back with a state that was stored; nothing is reserved yet."""
    security = FrameSecurity(keys or ring(), parameters)
    security.state = msgspec.msgpack.decode(octets, type=FrameSecurityState)
    return security


def flipped(octets: bytes, bit: int) -> bytes:
    """Octets with one bit inverted."""
    changed = bytearray(octets)
    changed[bit // 8] ^= 0x80 >> bit % 8
    return bytes(changed)
