from enum import StrEnum

import msgspec
import pytest

from tlm_cmd.cop1.fop_variables import AlertCounters
from tlm_cmd.cop1.fop_vocabulary import AlertCode
from tlm_cmd.link.refusals import FrameRefusal, RefusalCounters
from tlm_cmd.reason_counters import ReasonCounters
from tlm_cmd.sdls.procedure_refusals import ProcedureRefusal, ProcedureRefusalCounters
from tlm_cmd.sdls.refusals import ProcessRefusal, ProcessRefusalCounters, ProtectRefusal, ProtectRefusalCounters

PAIRS: list[tuple[type[StrEnum], type[ReasonCounters[StrEnum]]]] = [
    (AlertCode, AlertCounters),
    (FrameRefusal, RefusalCounters),
    (ProcedureRefusal, ProcedureRefusalCounters),
    (ProcessRefusal, ProcessRefusalCounters),
    (ProtectRefusal, ProtectRefusalCounters),
]


@pytest.mark.parametrize(("reasons", "kind"), PAIRS, ids=[reasons.__name__ for reasons, _ in PAIRS])
def test_every_reason_has_its_counter_and_no_counter_is_without_reason(
    reasons: type[StrEnum], kind: type[ReasonCounters[StrEnum]]
) -> None:
    """Counting each reason a different number of times leaves those numbers, and their sum."""
    counters = kind()
    for times, reason in enumerate(reasons, start=1):
        for _ in range(times):
            counters.count(reason)
    assert [counters.of(reason) for reason in reasons] == list(range(1, len(reasons) + 1))
    assert {field.name for field in msgspec.structs.fields(kind)} == {reason.value for reason in reasons}
    assert counters.total == len(reasons) * (len(reasons) + 1) // 2
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(counters), type=kind) == counters
