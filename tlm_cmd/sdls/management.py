"""The machine that executes extended procedures, at the end that is managed (CCSDS 355.1-B-1)."""

from collections.abc import Callable
from typing import NamedTuple

import msgspec

from tlm_cmd.errors import ProtocolError
from tlm_cmd.sdls.association_management import AssociationManager
from tlm_cmd.sdls.frame_security import FrameSecurity
from tlm_cmd.sdls.key_management import KeyManager
from tlm_cmd.sdls.keys_elsewhere import KeysElsewhere
from tlm_cmd.sdls.monitoring import SecurityMonitor
from tlm_cmd.sdls.procedure_refusals import (
    ProcedureRefusal,
    ProcedureRefusalCounters,
    ProcedureRefusedError,
    procedure_refusal_of,
)
from tlm_cmd.sdls.procedures import Procedure, ProcedureUnit
from tlm_cmd.sdls.secret_key import KEY_OCTETS
from tlm_cmd.sdls.security_log import EventCode

KEY_CHANGES = frozenset(
    {Procedure.OTAR, Procedure.ACTIVATE_KEYS, Procedure.DEACTIVATE_KEYS, Procedure.DESTROY_KEYS},
)
"""Procedures behind which the key file must be written anew."""


class ManagementCounters(msgspec.Struct):
    """What became of each request: ``requests = executed + refused.total``."""

    requests: int = 0
    executed: int = 0
    refused: ProcedureRefusalCounters = msgspec.field(default_factory=ProcedureRefusalCounters)


class ManagementState(msgspec.Struct):
    """The memory of a `SecurityManagement`, besides that of its frame security and its ring."""

    counters: ManagementCounters = msgspec.field(default_factory=ManagementCounters)


class _Request(NamedTuple):
    data: bytes
    carrier_spi: int | None
    """None if it came from the own operator."""
    now_ns: int


_Execute = Callable[[_Request], bytes | None]
"""Executes a request; returns the data of the reply, None if there is no reply. Raises a ProtocolError."""


class Outcome(msgspec.Struct, frozen=True, gc=False):
    """What a request did."""

    procedure: Procedure | None = None
    """None if it could not be read."""
    reply: bytes = b""
    """The unit to send back; empty if there is none. Save the state first."""
    refusal: ProcedureRefusal | None = None
    reason: str = ""
    """In words, why it was refused; there is no key in it."""
    keys_changed: bool = False
    """Whether the key file must be written, before the request counts as done."""


class SecurityManagement:
    """Executes requests for keys, associations and monitoring. It never raises.

    Requests that come over the link are taken by `receive`, which wants to know the association that protected them.
    `apply` is for the other end's operator: the same request does to the ground what it did to the spacecraft; and for
    a part of the spacecraft that gets requests from another part, which has seen to that. Behind
    every executed request the state of the frame security must be saved, and the key file written if keys changed,
    before the reply is sent.

    Args:
        security: the frames of this end.
        key_octets: length of the session keys that come over the link, 16 or 32.
        elsewhere: knows of associations of this end that are not in the table of ``security``; None if there are none.
    """

    def __init__(
        self, security: FrameSecurity, key_octets: int = KEY_OCTETS[1], elsewhere: KeysElsewhere | None = None
    ) -> None:
        self.security = security
        self.state = ManagementState()
        self._executors = _executors(
            KeyManager(security.table, key_octets, elsewhere),
            AssociationManager(security.table, elsewhere),
            SecurityMonitor(security),
        )

    def receive(self, octets: bytes, carrier_spi: int, now_ns: int = 0) -> Outcome:
        """Execute a request from the link.

        Args:
            octets: the unit, and nothing else.
            carrier_spi: the association whose MAC the frame had, see `ProcessResult.spi`.
            now_ns: for the log.
        """
        return self._execute(octets, carrier_spi, now_ns)

    def apply(self, octets: bytes, now_ns: int = 0) -> Outcome:
        """Execute a request that nobody need vouch for any more; never give it anything straight from the link."""
        return self._execute(octets, None, now_ns)

    def _execute(self, octets: bytes, carrier_spi: int | None, now_ns: int) -> Outcome:
        counters = self.state.counters
        counters.requests += 1
        procedure = None
        try:
            unit = ProcedureUnit.unpack(octets, is_reply=False)
            procedure = unit.procedure
            self._check_carrier(carrier_spi)
            reply = self._executors[procedure](_Request(unit.data, carrier_spi, now_ns))
        except ProtocolError as error:
            refusal = procedure_refusal_of(error)
            counters.refused.count(refusal)
            tag = octets[0] if octets else 0
            self.security.state.log.add(EventCode.PROCEDURE_REFUSED, carrier_spi or 0, tag, now_ns)
            return Outcome(procedure, refusal=refusal, reason=str(error))
        counters.executed += 1
        packed = b"" if reply is None else ProcedureUnit(procedure, reply, is_reply=True).pack()
        return Outcome(procedure, packed, keys_changed=procedure in KEY_CHANGES)

    def _check_carrier(self, carrier_spi: int | None) -> None:
        """Refuse what came over the link, but through no association that receives.

        Raises:
            ProcedureRefusedError: it came through none.
        """
        if carrier_spi is not None and carrier_spi not in self.security.table.receivers:
            raise ProcedureRefusedError(ProcedureRefusal.UNPROTECTED, f"SPI {carrier_spi}")


def _executors(
    keys: KeyManager, associations: AssociationManager, monitor: SecurityMonitor
) -> dict[Procedure, _Execute]:
    """Return what executes each procedure."""
    return {
        Procedure.OTAR: lambda request: keys.take_keys(request.data),
        Procedure.ACTIVATE_KEYS: lambda request: keys.activate(request.data),
        Procedure.DEACTIVATE_KEYS: lambda request: keys.deactivate(request.data),
        Procedure.VERIFY_KEYS: lambda request: keys.verify(request.data, request.carrier_spi),
        Procedure.DESTROY_KEYS: lambda request: keys.destroy(request.data),
        Procedure.KEY_INVENTORY: lambda request: keys.inventory(request.data),
        Procedure.READ_ARSN: lambda request: associations.read_counter(request.data),
        Procedure.CREATE_ASSOCIATION: _not_supported,
        Procedure.DELETE_ASSOCIATION: _not_supported,
        Procedure.SET_WINDOW: lambda request: associations.set_window(request.data),
        Procedure.REKEY_ASSOCIATION: lambda request: associations.rekey(request.data),
        Procedure.EXPIRE_ASSOCIATION: lambda request: associations.expire(request.data),
        Procedure.SET_ARSN: lambda request: associations.set_counter(request.data),
        Procedure.START_ASSOCIATION: lambda request: associations.start(request.data),
        Procedure.STOP_ASSOCIATION: lambda request: associations.stop(request.data, request.carrier_spi),
        Procedure.ASSOCIATION_STATUS: lambda request: associations.status(request.data),
        Procedure.PING: lambda request: monitor.ping(request.data),
        Procedure.LOG_STATUS: lambda request: monitor.log_status(request.data),
        Procedure.DUMP_LOG: lambda request: monitor.dump_log(request.data),
        Procedure.ERASE_LOG: lambda request: monitor.erase_log(request.data),
        Procedure.SELF_TEST: lambda request: monitor.self_test(request.data, request.now_ns),
        Procedure.RESET_ALARM: lambda request: monitor.reset_alarm(request.data),
    }


def _not_supported(request: _Request) -> bytes | None:
    del request
    raise ProcedureRefusedError(ProcedureRefusal.NOT_SUPPORTED, "associations are managed parameters")
