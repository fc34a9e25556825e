"""Bodies of all services, at random."""

from __future__ import annotations

from hypothesis import strategies as st

from tlm_cmd.packets.pus import service_11_schedule as schedule
from tlm_cmd.packets.pus.body import PusBody
from tlm_cmd.packets.pus.catalogue import REPORTS, REQUESTS
from tlm_cmd.packets.pus.formats import PusFormats
from tlm_cmd.packets.pus.request_id import PusRequestId
from tlm_cmd.packets.pus.service_1_verification import FailureReport, ProgressFailure, ProgressSuccess, SuccessReport
from tlm_cmd.packets.pus.service_3_housekeeping import (
    CreateStructure,
    HousekeepingReport,
    ModifyIntervals,
    SampledArray,
    StructureInterval,
    StructureList,
)
from tlm_cmd.packets.pus.service_5_events import EventList, EventReport
from tlm_cmd.packets.pus.service_8_functions import PerformFunction
from tlm_cmd.packets.pus.service_9_time import SetTimeRate, TimeReport
from tlm_cmd.packets.pus.service_17_connection import OnboardConnection
from tlm_cmd.packets.pus.service_20_parameters import ReportParameters, Values
from tlm_cmd.packets.pus.telecommand import PusTelecommand
from tlm_cmd.packets.spacepacket import PacketType, SequenceFlags

REQUEST_IDS = st.builds(
    PusRequestId,
    st.integers(0, 0x7FF),
    st.integers(0, 0x3FFF),
    st.sampled_from(SequenceFlags),
    st.sampled_from(PacketType),
    st.booleans(),
    st.integers(0, 7),
)
DATA = st.binary(max_size=40)
FORMATS = st.builds(
    PusFormats,
    time_octets=st.integers(1, 12),
    failure_code_octets=st.integers(1, 4),
    step_octets=st.integers(1, 2),
    structure_octets=st.integers(1, 4),
    interval_octets=st.integers(1, 8),
    parameter_octets=st.integers(1, 4),
    event_octets=st.integers(1, 4),
    function_octets=st.integers(1, 8),
    time_rate_octets=st.integers(0, 1),
    time_status_octets=st.integers(0, 1),
    subschedule_octets=st.integers(0, 2),
    group_octets=st.integers(0, 2),
    offset_octets=st.integers(1, 8),
    count_octets=st.integers(1, 2),
)


def unsigned(octets: int) -> st.SearchStrategy[int]:
    """Numbers that fit so many octets."""
    return st.integers(0, (1 << 8 * octets) - 1)


def several(items: st.SearchStrategy[object]) -> st.SearchStrategy[tuple[object, ...]]:
    """A few of them."""
    return st.lists(items, max_size=5).map(tuple)


def bodies_of(body: type[PusBody], formats: PusFormats) -> st.SearchStrategy[PusBody]:
    """Bodies of one class that fit the lengths."""
    code, step = unsigned(formats.failure_code_octets), unsigned(formats.step_octets)
    structure, interval = unsigned(formats.structure_octets), unsigned(formats.interval_octets)
    parameters, times = (
        several(unsigned(formats.parameter_octets)),
        st.binary(min_size=formats.time_octets, max_size=formats.time_octets),
    )
    requests = several(st.builds(schedule.ScheduledRequest, unsigned(2), unsigned(2), unsigned(2)))
    telecommand = st.builds(
        PusTelecommand, st.integers(0, 0x7FE), st.integers(0, 0x3FFF), unsigned(1), unsigned(1), DATA
    )
    activity = st.builds(schedule.Activity, times, telecommand.map(PusTelecommand.pack), unsigned(formats.group_octets))
    limit = 1 << 8 * formats.offset_octets - 1
    shapes: list[tuple[type[PusBody], tuple[st.SearchStrategy[object], ...]]] = [
        (SuccessReport, (REQUEST_IDS,)),
        (FailureReport, (REQUEST_IDS, code, DATA)),
        (ProgressSuccess, (REQUEST_IDS, step)),
        (ProgressFailure, (REQUEST_IDS, step, code, DATA)),
        (StructureList, (several(structure),)),
        (
            CreateStructure,
            (
                structure,
                interval,
                parameters,
                several(st.builds(SampledArray, unsigned(formats.count_octets), parameters)),
            ),
        ),
        (HousekeepingReport, (structure, DATA)),
        (ModifyIntervals, (several(st.builds(StructureInterval, structure, interval)),)),
        (EventReport, (unsigned(formats.event_octets), DATA)),
        (EventList, (several(unsigned(formats.event_octets)),)),
        (PerformFunction, (unsigned(formats.function_octets), DATA)),
        (SetTimeRate, (st.integers(0, 8),)),
        (TimeReport, (times, unsigned(formats.time_rate_octets), unsigned(formats.time_status_octets))),
        (schedule.InsertActivities, (several(activity), unsigned(formats.subschedule_octets))),
        (schedule.DeleteActivities, (requests,)),
        (schedule.ShiftActivities, (st.integers(-limit, limit - 1), requests)),
        (OnboardConnection, (unsigned(2),)),
        (ReportParameters, (parameters,)),
        (Values, (unsigned(formats.count_octets), DATA)),
    ]
    fields = next((fields for shape, fields in shapes if issubclass(body, shape)), ())
    return st.builds(body, *fields)


MESSAGES = [*REQUESTS.values(), *REPORTS.values()]
"""All classes of bodies."""
