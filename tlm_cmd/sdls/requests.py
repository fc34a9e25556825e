"""Requests for extended procedures, as the managing end makes them (CCSDS 355.1-B-1): each returns a whole unit.

A new session key takes this way: ``transport_keys``, ``verify_keys`` and the answers read, ``activate_keys``, then
``rekey`` and ``start`` of an association that is not in use, and the same done to the own end with
`SecurityManagement.apply`. Frames then go through that association, and through it the old one is stopped and expired,
and its key deactivated and destroyed.
"""

from collections.abc import Sequence

from tlm_cmd.sdls.association import AssociationParameters
from tlm_cmd.sdls.association_procedures import StartRequest, pack_counter, pack_rekey, pack_spi, pack_window
from tlm_cmd.sdls.channel import GlobalChannel
from tlm_cmd.sdls.key_lists import pack_key_ids, pack_key_range
from tlm_cmd.sdls.key_ring import KeyKind, KeyRing, KeyState
from tlm_cmd.sdls.key_transport import KeyTransport
from tlm_cmd.sdls.key_verification import KeyChallenge
from tlm_cmd.sdls.procedures import Procedure, ProcedureUnit


def transport_keys(ring: KeyRing, master_key_id: int, key_ids: Sequence[int], iv: bytes) -> bytes:
    """Send preactive or active session keys of the own ring, encrypted under a master key (OTAR).

    Args:
        ring: the keys of this end.
        master_key_id: a key that both ends have.
        key_ids: 1 to 32 keys.
        iv: 12 octets that were never used with this master key: random ones from the operating system.

    Raises:
        KeyRefusedError: a key is not there, or not what it must be.
        FieldRangeError: there are none or too many keys.
        WrongValueError: the initialisation vector has not 12 octets, or the keys are not of one length.
    """
    master = ring.secret(master_key_id, KeyKind.MASTER, KeyState.ACTIVE)
    states = KeyState.PREACTIVE, KeyState.ACTIVE
    keys = [(key_id, ring.secret(key_id, KeyKind.SESSION, *states)) for key_id in key_ids]
    return _request(Procedure.OTAR, KeyTransport.seal(master_key_id, master, iv, keys).pack())


def activate_keys(key_ids: Sequence[int]) -> bytes:
    """Let keys be used.

    Raises:
        FieldRangeError: a key id does not fit 16 bits, or there are none or too many.
    """
    return _request(Procedure.ACTIVATE_KEYS, pack_key_ids(key_ids))


def deactivate_keys(key_ids: Sequence[int]) -> bytes:
    """Let keys be used no more.

    Raises:
        FieldRangeError: a key id does not fit 16 bits, or there are none or too many.
    """
    return _request(Procedure.DEACTIVATE_KEYS, pack_key_ids(key_ids))


def destroy_keys(key_ids: Sequence[int]) -> bytes:
    """Forget keys.

    Raises:
        FieldRangeError: a key id does not fit 16 bits, or there are none or too many.
    """
    return _request(Procedure.DESTROY_KEYS, pack_key_ids(key_ids))


def verify_keys(challenges: Sequence[KeyChallenge]) -> bytes:
    """Ask for proofs that keys are held; each challenge must be new and hard to guess.

    Raises:
        FieldRangeError: there are no challenges, or too many.
    """
    pack_key_ids([challenge.key_id for challenge in challenges])  # refuses none, and too many
    return _request(Procedure.VERIFY_KEYS, b"".join(challenge.pack() for challenge in challenges))


def key_inventory(first: int, last: int) -> bytes:
    """Ask for the states of all keys from one id to another.

    Raises:
        FieldRangeError: a key id does not fit 16 bits, or the last is before the first.
    """
    return _request(Procedure.KEY_INVENTORY, pack_key_range(first, last))


def start(spi: int, channels: Sequence[GlobalChannel] = ()) -> bytes:
    """Use an association, for some channels or for all it may serve.

    Raises:
        FieldRangeError: the SPI does not fit 16 bits, or there are more than 64 channels.
    """
    return _request(Procedure.START_ASSOCIATION, StartRequest(spi, tuple(channels)).pack())


def stop(spi: int) -> bytes:
    """Use an association no more.

    Raises:
        FieldRangeError: the SPI does not fit 16 bits.
    """
    return _request(Procedure.STOP_ASSOCIATION, pack_spi(spi))


def expire(spi: int) -> bytes:
    """Take the key from an association that is stopped.

    Raises:
        FieldRangeError: the SPI does not fit 16 bits.
    """
    return _request(Procedure.EXPIRE_ASSOCIATION, pack_spi(spi))


def rekey(parameters: AssociationParameters, key_id: int, counter: int = 0) -> bytes:
    """Give an association that has no key another, and let it go on behind a sequence number.

    Raises:
        FieldRangeError: the key id does not fit 16 bits, or the number is higher than the association's last.
    """
    return _request(Procedure.REKEY_ASSOCIATION, pack_rekey(parameters, key_id, counter))


def set_counter(parameters: AssociationParameters, counter: int) -> bytes:
    """Let an association go on behind a sequence number (Set ARSN).

    Raises:
        FieldRangeError: the number is higher than the association's last.
    """
    return _request(Procedure.SET_ARSN, pack_spi(parameters.spi) + pack_counter(parameters, counter))


def set_window(spi: int, window: int) -> bytes:
    """Say how far behind the newest frame the next may be, in frames (Set ARSN Window).

    Raises:
        FieldRangeError: the SPI does not fit 16 bits, or the window no 32.
    """
    return _request(Procedure.SET_WINDOW, pack_window(spi, window))


def read_counter(spi: int) -> bytes:
    """Ask for the newest sequence number (Read ARSN).

    Raises:
        FieldRangeError: the SPI does not fit 16 bits.
    """
    return _request(Procedure.READ_ARSN, pack_spi(spi))


def association_status(spi: int) -> bytes:
    """Ask which procedure changed an association's state last.

    Raises:
        FieldRangeError: the SPI does not fit 16 bits.
    """
    return _request(Procedure.ASSOCIATION_STATUS, pack_spi(spi))


def ping() -> bytes:
    """Ask whether there is somebody."""
    return _request(Procedure.PING)


def log_status() -> bytes:
    """Ask how full the security log is."""
    return _request(Procedure.LOG_STATUS)


def dump_log() -> bytes:
    """Ask for the security log."""
    return _request(Procedure.DUMP_LOG)


def erase_log() -> bytes:
    """Erase the security log."""
    return _request(Procedure.ERASE_LOG)


def self_test() -> bytes:
    """Let the ciphers be tested."""
    return _request(Procedure.SELF_TEST)


def reset_alarm() -> bytes:
    """Put the alarm of the frame security report out."""
    return _request(Procedure.RESET_ALARM)


def _request(procedure: Procedure, data: bytes = b"") -> bytes:
    return ProcedureUnit(procedure, data).pack()
