"""The end that has its keys managed: what each key procedure does to its ring (CCSDS 355.1-B-1, 3.2)."""

from tlm_cmd.errors import check_range
from tlm_cmd.sdls.algorithms import GCM_IV_OCTETS
from tlm_cmd.sdls.association import COUNTER_OCTETS, MAX_COUNTER, VERIFICATION_IV_PREFIX
from tlm_cmd.sdls.association_table import AssociationTable
from tlm_cmd.sdls.key_lists import pack_inventory, unpack_key_ids, unpack_key_range
from tlm_cmd.sdls.key_ring import KeyKind, KeyState, check_all_different
from tlm_cmd.sdls.key_transport import KeyTransport
from tlm_cmd.sdls.key_verification import KeyAnswer, KeyChallenge
from tlm_cmd.sdls.keys_elsewhere import KeysElsewhere, NoKeysElsewhere
from tlm_cmd.sdls.procedure_refusals import ProcedureRefusal, ProcedureRefusedError
from tlm_cmd.sdls.secret_key import KEY_OCTETS


class KeyManager:
    """Executes key procedures; each method takes the data of a request and returns that of the reply, if there is one.

    Args:
        table: the associations, which know their ring and how far each key was used.
        key_octets: length of the session keys that come over the link, 16 or 32.
        elsewhere: knows of associations that are not in the table.

    Raises:
        FieldRangeError: keys have another length.
    """

    def __init__(
        self, table: AssociationTable, key_octets: int = KEY_OCTETS[1], elsewhere: KeysElsewhere | None = None
    ) -> None:
        check_range("session key octets", key_octets, KEY_OCTETS[0], KEY_OCTETS[1])
        self._table, self._ring, self._key_octets = table, table.ring, key_octets
        self._elsewhere = elsewhere or NoKeysElsewhere()

    def take_keys(self, data: bytes) -> None:
        """Take transported session keys in, all or none.

        Raises:
            ProcedureRefusedError: the MAC over the keys is wrong.
            ProtocolError: the request is malformed, there is no such active master key, or the ring cannot take a key.
        """
        transport = KeyTransport.unpack(data)
        master = self._ring.secret(transport.master_key_id, KeyKind.MASTER, KeyState.ACTIVE)
        keys = transport.open(master, self._key_octets)
        if keys is None:
            raise ProcedureRefusedError(ProcedureRefusal.BAD_MAC, f"keys under master key {transport.master_key_id}")
        self._ring.store(keys)

    def activate(self, data: bytes) -> None:
        """Let keys be used.

        Raises:
            ProtocolError: it cannot be done.
        """
        self._ring.activate(unpack_key_ids(data))

    def deactivate(self, data: bytes) -> None:
        """Let keys be used no more, none of which an operational association may have.

        Raises:
            ProtocolError: it cannot be done.
        """
        key_ids = unpack_key_ids(data)
        self._check_unused(key_ids)
        self._ring.deactivate(key_ids)

    def destroy(self, data: bytes) -> None:
        """Forget keys, none of which an operational association may have.

        Raises:
            ProtocolError: it cannot be done.
        """
        key_ids = unpack_key_ids(data)
        self._check_unused(key_ids)
        self._ring.destroy(key_ids)
        self._table.drop_keys(key_ids)

    def verify(self, data: bytes, carrier_spi: int | None) -> bytes:
        """Prove that keys are held: answer challenges under preactive or active session keys.

        Only the managed end answers, since both would use the same initialisation vectors.

        The number in each answer's initialisation vector is used up: the state must be saved before the answer leaves.

        Raises:
            ProcedureRefusedError: the request did not come over the link, or a key has no number left to answer with.
            ProtocolError: the request is malformed, or there is no such key in a state to be verified.
        """
        challenges = KeyChallenge.unpack_all(data)
        if carrier_spi is None:
            raise ProcedureRefusedError(ProcedureRefusal.NOT_SUPPORTED, "keys are verified over the link only")
        check_all_different([challenge.key_id for challenge in challenges])
        states = KeyState.PREACTIVE, KeyState.ACTIVE
        secrets = [self._ring.secret(each.key_id, KeyKind.SESSION, *states) for each in challenges]
        uses = [self._table.verification_use(secret) for secret in secrets]
        answers = []
        for challenge, secret, use in zip(challenges, secrets, uses, strict=True):
            if use.next_verification >= MAX_COUNTER:
                raise ProcedureRefusedError(ProcedureRefusal.TOO_MANY_KEYS, f"answers under key {challenge.key_id}")
            number = VERIFICATION_IV_PREFIX << 8 * COUNTER_OCTETS | use.next_verification
            use.next_verification += 1
            answers.append(KeyAnswer.to(challenge, secret, number.to_bytes(GCM_IV_OCTETS, "big")).pack())
        return b"".join(answers)

    def inventory(self, data: bytes) -> bytes:
        """Tell the state of the keys in a range of ids; never a key.

        Raises:
            ProtocolError: it cannot be done.
        """
        first, last = unpack_key_range(data)
        return pack_inventory([(e.key_id, e.state) for e in self._ring.entries if first <= e.key_id <= last])

    def _check_unused(self, key_ids: list[int]) -> None:
        for key_id in key_ids:
            if self._table.is_used(key_id) or self._elsewhere.is_held(key_id):
                raise ProcedureRefusedError(ProcedureRefusal.KEY_IN_USE, f"key {key_id}")
