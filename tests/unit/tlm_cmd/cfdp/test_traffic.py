from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.file_delivery.ends import CONTENT, FILE, Ends
from tlm_cmd.cfdp.pdu.codec import Pdu
from tlm_cmd.cfdp.traffic import PduTraffic, kind_of


def test_every_pdu_of_a_transfer_is_counted_by_its_kind() -> None:
    """What is counted by looking at the octets is what the PDUs are when they are read."""
    ends, traffic = Ends(), PduTraffic()
    named: dict[str, int] = {}
    ends.sender.put(FILE)
    for _ in range(40):
        for end, other in ((ends.sender, ends.receiver), (ends.receiver, ends.sender)):
            pdu = end.next_pdu(0)
            if pdu is not None:
                traffic.count(pdu)
                name = type(Pdu.unpack(pdu).content).__name__
                named[name] = named.get(name, 0) + 1
                other.receive(pdu, 0)
    assert ends.delivered == CONTENT
    assert (traffic.file_data, traffic.metadata, traffic.eof) == (named["FileData"], named["Metadata"], named["Eof"])
    assert (traffic.ack, traffic.finished, traffic.nak) == (named["Ack"], named["Finished"], 0)
    assert traffic.pdus == sum(named.values())


@pytest.mark.parametrize("octets", [b"", b"\x20\x00\x00", b"\x20\x00\x00\x00\x01\x00\x02", bytes(20)])
def test_what_has_no_kind_is_unknown(octets: bytes) -> None:
    """Too short, or of a kind that there is not."""
    assert kind_of(octets) == "unknown"


@given(st.lists(st.binary(max_size=40), max_size=20))
def test_the_sum_holds_for_any_octets(pdus: list[bytes]) -> None:
    """Whatever the octets are, each is counted once."""
    traffic = PduTraffic()
    for pdu in pdus:
        traffic.count(pdu)
    values = msgspec.structs.asdict(traffic)
    assert values.pop("octets") == sum(map(len, pdus))
    assert values.pop("pdus") == len(pdus) == sum(values.values())
