"""Security associations of a Yamcs instance, and the files with their keys.

Yamcs 5.12 has one kind: AES-256-GCM whose initialisation vector counts frames, as the missions here have it
(CCSDS 355.0-B-2, annex E). Its layout, mask and MAC are those of `tlm_cmd.sdls`.
"""

from __future__ import annotations

import os
from enum import StrEnum, unique
from pathlib import Path

import msgspec

from flightsw.hal.files import HOST_FILES, write_all
from flightsw.mission_links import MissionLinks
from ops_tools.gateway.errors import GatewayError
from ops_tools.link_keys import link_key
from tlm_cmd.errors import check_range
from tlm_cmd.link.security_parameters import ChannelSecurity
from tlm_cmd.sdls.algorithms import GCM_IV_OCTETS, Algorithm
from tlm_cmd.sdls.association import COUNTER_OCTETS, MAX_COUNTER
from tlm_cmd.sdls.key_ring import KeyRing

KEYS_FOLDER = "keys"
_KEY_FILE = "spi_{spi}.key"
_FACTORY = "org.yamcs.security.sdls.SecurityAssociationAes256Gcm128Factory"
_MAX_WINDOW = 2**31 - 1
"""Yamcs keeps the window in an int."""
_SECRET_MODE, _SECRET_FOLDER_MODE = 0o600, 0o700


@unique
class CommandProtection(StrEnum):
    """Who protects the frames that Yamcs sends."""

    NONE = "none"
    """Nobody: the mission's command link is open."""
    GATEWAY = "gateway"
    """The gateway: Yamcs holds no key of it."""
    YAMCS = "yamcs"
    """Yamcs, which holds the key."""


class Associations(msgspec.Struct, frozen=True):
    """Writes associations in Yamcs's words.

    Attributes:
        folder: where the key files are.
        first_number: the number of the first command frame, if Yamcs remembers none; 0 for a key never used.

    Raises:
        FieldRangeError: ``first_number`` is not in 0 to 2^64 - 2.
    """

    folder: Path
    first_number: int = 0

    def __post_init__(self) -> None:
        check_range("first number", self.first_number, 0, MAX_COUNTER - 1)

    def sender(self, security: ChannelSecurity) -> dict[str, object]:
        """The association of commands, which goes on behind the last number that Yamcs has stored.

        Raises:
            GatewayError: Yamcs does not know the algorithm.
        """
        vector = security.iv_prefix << 8 * COUNTER_OCTETS | self.first_number
        return self._section(security, {"initialSeqNum": vector.to_bytes(GCM_IV_OCTETS, "big").hex()})

    def receiver(self, security: ChannelSecurity) -> dict[str, object]:
        """The association of telemetry; if Yamcs remembers no number, it begins with the first frame that is genuine.

        Raises:
            GatewayError: Yamcs does not know the algorithm.
        """
        window = min(security.window, _MAX_WINDOW)
        return self._section(security, {"verifySeqNum": True, "seqNumWindow": window})

    def _section(self, security: ChannelSecurity, arguments: dict[str, object]) -> dict[str, object]:
        if security.algorithm is not Algorithm.AES_256_GCM or security.sequence_octets:
            raise GatewayError(
                f"association {security.spi}: Yamcs knows only {Algorithm.AES_256_GCM.value} without a sequence number "
                f"field; the mission has {security.algorithm.value} with {security.sequence_octets} octets of it"
            )
        key_file = str(self.folder / _key_file(security))
        return {"class": _FACTORY, "spi": security.spi, "args": {"keyFile": key_file, **arguments}}


def key_files(links: MissionLinks, ring: KeyRing | None, protection: CommandProtection) -> dict[str, bytes]:
    """The keys that Yamcs needs, by file name; they are secret.

    Args:
        links: of the mission.
        ring: has the keys; None if none is needed.
        protection: who protects commands; only if it is Yamcs, their key is given away.

    Raises:
        LinkKeyMissingError: a key is missing, or not active.
    """
    found: dict[str, bytes] = {}
    for link in (links.s_band, links.x_band):
        if link is None:
            continue
        commands = link.telecommand_security if protection is CommandProtection.YAMCS else None
        for security in (link.telemetry_security, commands):
            if security is None:
                continue
            found[_key_file(security)] = link_key(security, ring).reveal()
    return found


def write_key_files(folder: Path, files: dict[str, bytes]) -> None:
    """Write keys as Yamcs reads them, each in a file that only its owner can read, from its first moment on.

    Keys that an earlier configuration has left there are removed.

    Raises:
        GatewayError: a file cannot be written.
    """
    try:
        folder.mkdir(mode=_SECRET_FOLDER_MODE, parents=True, exist_ok=True)
        for earlier in folder.glob(_KEY_FILE.format(spi="*")):
            earlier.unlink()
        for name, octets in files.items():
            path = folder / name
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, _SECRET_MODE)
            try:
                write_all(HOST_FILES, descriptor, octets)
            finally:
                os.close(descriptor)
    except OSError as error:
        raise GatewayError(f"keys for Yamcs in {folder}: {error.strerror}") from None


def _key_file(security: ChannelSecurity) -> str:
    return _KEY_FILE.format(spi=security.spi)
