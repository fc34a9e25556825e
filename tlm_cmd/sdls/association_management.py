"""The end that has its associations managed: what each procedure does to them (CCSDS 355.1-B-1, 3.3)."""

from tlm_cmd.sdls.association import AssociationState
from tlm_cmd.sdls.association_procedures import (
    StartRequest,
    pack_counter,
    pack_spi,
    split_spi,
    unpack_counter,
    unpack_rekey,
    unpack_spi,
    unpack_window,
)
from tlm_cmd.sdls.association_table import AssociationTable
from tlm_cmd.sdls.keys_elsewhere import KeysElsewhere, NoKeysElsewhere
from tlm_cmd.sdls.procedure_refusals import ProcedureRefusal, ProcedureRefusedError
from tlm_cmd.sdls.procedures import Procedure


class AssociationManager:
    """Executes association procedures; each method takes a request's data and returns the reply's, if there is one.

    Args:
        table: the associations.
        elsewhere: knows of associations that are not in the table.
    """

    def __init__(self, table: AssociationTable, elsewhere: KeysElsewhere | None = None) -> None:
        self._table = table
        self._elsewhere = elsewhere or NoKeysElsewhere()

    def start(self, data: bytes) -> None:
        """Use a keyed association.

        Raises:
            ProtocolError: it cannot be done.
        """
        request = StartRequest.unpack(data)
        self._table.start(request.spi, request.channels)
        self._note(request.spi, Procedure.START_ASSOCIATION)

    def stop(self, data: bytes, carrier_spi: int | None) -> None:
        """Use an association no more, unless it is the one that the request came through.

        Raises:
            ProcedureRefusedError: the request came through it.
            ProtocolError: the request is malformed, or the association cannot be stopped.
        """
        spi = unpack_spi(data)
        if spi == carrier_spi:
            raise ProcedureRefusedError(ProcedureRefusal.OWN_CARRIER, f"association {spi} carries this request")
        self._table.stop(spi)
        self._note(spi, Procedure.STOP_ASSOCIATION)

    def expire(self, data: bytes) -> None:
        """Take the key from an association.

        Raises:
            ProtocolError: it cannot be done.
        """
        spi = unpack_spi(data)
        self._table.expire(spi)
        self._note(spi, Procedure.EXPIRE_ASSOCIATION)

    def rekey(self, data: bytes) -> None:
        """Give an association another key.

        Raises:
            ProcedureRefusedError: the key has served an association elsewhere.
            ProtocolError: the request is malformed, or it cannot be done with this association or key.
        """
        spi, rest = split_spi(data)
        parameters, _ = self._table.find(spi, *AssociationState)
        key_id, counter = unpack_rekey(parameters, rest)
        entry = self._table.ring.entry(key_id)
        if entry is not None and entry.secret is not None and self._elsewhere.has_served(entry.secret.check_value):
            raise ProcedureRefusedError(ProcedureRefusal.KEY_IN_USE, f"key {key_id} serves an association elsewhere")
        self._table.rekey(spi, key_id, counter)
        self._note(spi, Procedure.REKEY_ASSOCIATION)

    def set_counter(self, data: bytes) -> None:
        """Go on behind a sequence number.

        Raises:
            ProtocolError: it cannot be done.
        """
        spi, rest = split_spi(data)
        parameters, _ = self._table.find(spi, *AssociationState)
        self._table.set_counter(spi, unpack_counter(parameters, rest))

    def set_window(self, data: bytes) -> None:
        """Say how many frames may be lost in a row, less one.

        Raises:
            ProtocolError: it cannot be done.
        """
        self._table.set_window(*unpack_window(data))

    def read_counter(self, data: bytes) -> bytes:
        """Tell the number of the newest frame; 0 if there was none.

        Raises:
            ProtocolError: it cannot be done.
        """
        spi = unpack_spi(data)
        parameters, _ = self._table.find(spi, AssociationState.KEYED, AssociationState.OPERATIONAL)
        bound = self._table.bound(spi)
        newest = 0 if bound is None else max(bound.use.next_counter - 1, 0)
        return pack_spi(spi) + pack_counter(parameters, newest)

    def status(self, data: bytes) -> bytes:
        """Tell the tag of the procedure that changed an association's state last; 0 if none has.

        Raises:
            ProtocolError: it cannot be done.
        """
        spi = unpack_spi(data)
        _, record = self._table.find(spi, *AssociationState)
        return pack_spi(spi) + bytes([record.last_procedure])

    def _note(self, spi: int, procedure: Procedure) -> None:
        self._table.state.records[spi].last_procedure = procedure
