"""Asking for what is missing, in PDUs of limited length (CCSDS 727.0-B-5, 4.6.4.3)."""

from tlm_cmd.cfdp.pdu.directives import Nak
from tlm_cmd.cfdp.pdu.header import PduHeader
from tlm_cmd.cfdp.receiver_state import ReceiverState
from tlm_cmd.packets.crc import CRC_OCTETS


def max_requests(header: PduHeader, max_pdu_octets: int) -> int:
    """Return how many requests fit into a NAK, at least one."""
    pair = 16 if header.large_file else 8
    crc = CRC_OCTETS if header.crc else 0
    return max(1, (max_pdu_octets - header.octets - 1 - pair - crc) // pair)


def next_nak(state: ReceiverState, max_pdu_octets: int) -> Nak | None:
    """Return the next NAK of the sequence that is due, None if nothing is missing any more.

    The scopes of the NAKs of a sequence follow on each other, and each ends where its last request does. What has
    come since the sequence began is not asked for. Behind the last one nothing is due.
    """
    start, end, forced = state.nak_from, state.nak_to, state.nak_prompted
    room = max_requests(state.header, max_pdu_octets)
    requests: list[tuple[int, int]] = []
    if state.metadata_missing:
        requests.append((0, 0))
        state.metadata_missing = False
    gaps = state.received.gaps(start, end, room - len(requests) + 1)
    more = len(gaps) > room - len(requests)
    requests += gaps[: room - len(requests)]
    state.nak_prompted = False
    if more:
        end = max(requests[-1][1], start)
        state.nak_from = end
    else:
        state.nak_to = -1
    if not requests and not forced:
        return None
    state.counters.naks += 1
    state.counters.requests += len(requests)
    return Nak(start, end, tuple(requests))
