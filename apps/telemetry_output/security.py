"""Extended procedures on the associations of the telemetry: which key protects which radio's frames.

Keys come up to the command ingest, which alone changes them. Here they are read anew when it says that they have
changed, and before each procedure. A request for a procedure is a secret command: the command ingest has taken it from
a protected frame, there and then, and from no schedule.
"""

from __future__ import annotations

from collections.abc import Sequence

from flightsw.app import Refused
from flightsw.errors import FlightSoftwareError
from flightsw.services.link_security import LinkSecurity
from tlm_cmd.errors import ProtocolError
from tlm_cmd.packets.verification import FailureCode
from tlm_cmd.sdls.association import AssociationState
from tlm_cmd.sdls.association_procedures import split_spi
from tlm_cmd.sdls.procedures import Procedure, ProcedureUnit

PROCEDURES = frozenset(
    {
        Procedure.START_ASSOCIATION,
        Procedure.STOP_ASSOCIATION,
        Procedure.EXPIRE_ASSOCIATION,
        Procedure.REKEY_ASSOCIATION,
        Procedure.ASSOCIATION_STATUS,
        Procedure.READ_ARSN,
        Procedure.SET_ARSN,
        Procedure.SET_WINDOW,
    }
)
"""What can be done here; the data of each begin with an SPI."""


class TelemetryAssociations:
    """The associations of all radios.

    Args:
        securities: of the radios whose frames are protected.
        commands_protected: whether commands are authenticated; what nobody vouches for changes no association.
    """

    def __init__(self, securities: Sequence[LinkSecurity], *, commands_protected: bool) -> None:
        self._securities = tuple(securities)
        self._by_spi = {spi: each for each in securities for spi in each.frames.table.parameters}
        self._commands_protected = commands_protected
        self._key_changes: int | None = None

    @property
    def note_problem(self) -> str:
        """Why a note of used keys could not be written, empty if all could."""
        return next((each.note.problem for each in self._securities if each.note.problem), "")

    def follow_keys(self, key_changes: int) -> None:
        """Read the keys anew if they have changed as often as was not seen yet.

        Raises:
            FlightSoftwareError: they cannot be read; that is tried again when this is called next.
        """
        if key_changes == self._key_changes:
            return
        for security in self._securities:
            security.follow_keys()
        self._key_changes = key_changes

    def execute(self, unit: bytes, now_ns: int) -> bytes:
        """Execute a request, store what it changes, and return the reply; empty if there is none.

        Raises:
            Refused: it was not executed, or not stored.
        """
        security = self._security_for(unit)
        try:
            security.follow_keys()
            outcome = security.apply(unit, now_ns)
        except FlightSoftwareError as error:
            raise Refused(f"keys not read, or executed and not stored: {error}", FailureCode.DEVICE_FAILED) from error
        if outcome.refusal is not None:
            raise Refused(outcome.reason, FailureCode.BAD_ARGUMENT)
        return outcome.reply

    def _security_for(self, unit: bytes) -> LinkSecurity:
        if not self._commands_protected:
            raise Refused("commands are not authenticated: nobody vouches for this one", FailureCode.NOT_POSSIBLE_NOW)
        try:
            request = ProcedureUnit.unpack(unit, is_reply=False)
            spi, _ = split_spi(request.data)
        except ProtocolError as error:
            raise Refused(str(error), FailureCode.BAD_ARGUMENT) from error
        if request.procedure not in PROCEDURES:
            raise Refused(f"{request.procedure.name} is for the command ingest", FailureCode.BAD_ARGUMENT)
        security = self._by_spi.get(spi)
        if security is None:
            known = ", ".join(map(str, self._by_spi)) or "none"
            raise Refused(f"no telemetry association has SPI {spi}, there are {known}", FailureCode.BAD_ARGUMENT)
        if request.procedure is Procedure.STOP_ASSOCIATION and _is_alone(security, spi):
            raise Refused(f"no other association is in use beside {spi}: telemetry would end", FailureCode.BAD_ARGUMENT)
        return security


def _is_alone(security: LinkSecurity, spi: int) -> bool:
    """Whether some channel has no other association in use that could go on for this one."""
    records = security.frames.state.table.records
    in_use = [number for number, record in records.items() if record.state is AssociationState.OPERATIONAL]
    others = {channel for number in in_use if number != spi for channel in records[number].channels}
    return spi in in_use and not set(records[spi].channels) <= others
